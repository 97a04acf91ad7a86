# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures, one a frame: PNG or OpenEXR. It appears when it is whole.

Until then the pictures lie in a folder `.NAME-unfinished` beside it, each written whole. Where a render ends early they
stay there, and the same render goes on after the last of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.files import FULL_DISK
from chironomy.packages import require
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.formats import Format
from chironomy.shot.packed import ABOUT, check_folder
from chironomy.work import Work

_REC_709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)


class Sequence:
    """The pictures of one render.

    Args:
        folder: where they are wanted; it must not be there yet, or be empty.
        chosen: a format that is a sequence.
        about: what is rendered; pictures of an earlier try that was about the same are kept.
        resumable: the same render may go on after the pictures of one that ended early: a frame is the same whatever
            frames were made before it, and the folder is still there then.

    Raises:
        VideoError: the folder is there, or cannot be made, or OpenEXR is not installed.
    """

    def __init__(self, folder: Path, chosen: Format, about: dict[str, Any], resumable: bool):
        self.folder, self.chosen = folder.absolute(), chosen
        check_folder(folder)
        if chosen.name == "exr":
            _open_exr()
        self.unfinished = self.folder.with_name(f".{self.folder.name}-unfinished")
        self._resumable = resumable
        self._about = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False)
        self._note = about
        try:
            if self.unfinished.exists() and not (resumable and self._is_ours()):
                shutil.rmtree(self.unfinished)
            self.unfinished.mkdir(parents=True, exist_ok=True)
            # What the pictures were made from and with; see `chironomy.video.film.provenance`.
            (self.unfinished / ABOUT).write_text(self._about, encoding="utf-8")
        except OSError as error:
            raise VideoError(self._explain(error)) from error

    def _is_ours(self) -> bool:
        try:
            return (self.unfinished / ABOUT).read_text(encoding="utf-8") == self._about
        except (OSError, UnicodeDecodeError):
            return False

    def path(self, frame: int) -> Path:
        """The file of a frame while the render runs."""
        return self.unfinished / f"{self.folder.name}.{frame:05d}{self.chosen.suffix}"

    def first_missing(self, frames: range) -> int:
        """The first frame that is not made yet; the end of `frames` where all are."""
        return next((frame for frame in frames if not self.path(frame).is_file()), frames.stop)

    def write(self, pictures: Iterable[NDArray[Any]], first: int, work: Work, comment: str) -> int:
        """Write pictures from the frame `first` on.

        Args:
            pictures: (height, width, 3 or 4) uint8 sRGB with straight alpha, or float32 linear with its colours
                multiplied by alpha.
            first: number of the first.
            work: asked before each.
            comment: kept in each file.

        Returns:
            how many were written.

        Raises:
            VideoError: the disk is full or a file cannot be written; what is made stays for the next try.
            RenderCancelled: `work` said so; what is made stays.
        """
        save = _save_exr if self.chosen.name == "exr" else _save_png
        count = 0
        for frame, picture in enumerate(pictures, first):
            if work.cancelled():
                raise RenderCancelled
            path = self.path(frame)
            partial = path.with_name(f".{path.name}")
            try:
                save(partial, picture, comment)
                partial.replace(path)
            except (OSError, RuntimeError) as error:
                partial.unlink(missing_ok=True)
                raise VideoError(self._explain(error)) from error
            count += 1
        return count

    def finish(self) -> None:
        """Give the folder its name."""
        try:
            if self.folder.is_dir():
                self.folder.rmdir()
            self.unfinished.replace(self.folder)
        except OSError as error:
            raise VideoError(self._explain(error)) from error

    def _explain(self, error: OSError | RuntimeError) -> str:
        made = len(list(self.unfinished.glob(f"[!.]*{self.chosen.suffix}"))) if self._resumable else 0
        kept = f"; its {made} finished frames are kept, and the same render goes on after them" if made else ""
        if (isinstance(error, OSError) and error.errno in FULL_DISK) or not _has_room(self.unfinished):
            return f"{self.folder} could not be written: the disk is full; free some space and render again{kept}"
        reason = getattr(error, "strerror", None) or error
        return f"{self.folder} could not be written ({reason}); choose a folder that you may write to{kept}"


def _has_room(folder: Path) -> bool:
    """Whether anything fits on the disk; libraries of other languages do not always say why a write failed."""
    try:
        return shutil.disk_usage(folder if folder.is_dir() else folder.parent).free > 0
    except OSError:
        return True


def _save_png(path: Path, picture: NDArray[Any], comment: str) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    if picture.dtype != np.uint8:
        picture = displayed(picture)
    info = PngInfo()
    # An sRGB chunk with the perceptual intent: viewers need not guess.
    info.add(b"sRGB", b"\0")
    info.add_itxt("Comment", comment)
    with path.open("wb") as stream:
        Image.fromarray(picture).save(stream, "PNG", compress_level=3, pnginfo=info)


def _open_exr() -> Any:
    require("OpenEXR", "a folder of OpenEXR files", VideoError)
    import OpenEXR  # pyright: ignore[reportMissingImports]

    return OpenEXR


def _save_exr(path: Path, picture: NDArray[Any], comment: str) -> None:
    exr = _open_exr()
    if picture.dtype == np.uint8:
        picture = linear(picture)
    name = "RGBA" if picture.shape[-1] == 4 else "RGB"
    header = {
        "compression": exr.ZIP_COMPRESSION,
        "type": exr.scanlineimage,
        "chromaticities": _REC_709,
        "comments": comment,
    }
    pixels = np.ascontiguousarray(np.clip(picture, 0, 65504), np.float16)
    with exr.File(header, {name: pixels}) as file:
        file.write(str(path))


def linear(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Display values with straight alpha as linear light, colours multiplied by alpha; (h, w, 3 or 4) float32."""
    encoded = picture[..., :3].astype(np.float32) / 255
    light = np.where(encoded <= 0.04045, encoded / 12.92, np.power((encoded + 0.055) / 1.055, 2.4))
    if picture.shape[-1] == 3:
        return light.astype(np.float32)
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.concatenate([light * alpha, alpha], axis=-1).astype(np.float32)


def displayed(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Linear light, colours multiplied by alpha, as sRGB display values with straight alpha."""
    colour = np.clip(picture[..., :3], 0, None)
    if picture.shape[-1] == 4:
        colour = colour / np.maximum(picture[..., 3:], 1e-6)
    colour = np.clip(colour, 0, 1)
    encoded = np.where(colour <= 0.0031308, 12.92 * colour, 1.055 * np.power(colour, 1 / 2.4) - 0.055)
    if picture.shape[-1] == 4:
        encoded = np.concatenate([encoded, np.clip(picture[..., 3:], 0, 1)], axis=-1)
    return np.floor(255 * encoded + 0.5).astype(np.uint8)
