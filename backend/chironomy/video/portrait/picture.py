# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a person's picture: whatever a camera or a paint program wrote becomes upright 8-bit RGB, or one sentence."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.reading import DAMAGE, MOST_PACKED
from chironomy.shot.errors import VideoError

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

SMALLEST_SIDE = 64
"""Pixels below which no face or hand can be told."""

LARGEST_SIDE = 8192
"""Pixels; the longest side that a camera of a shot may have, too."""

LARGEST_AREA = 40_000_000
"""Pixels in all: 120 MB as RGB, and 160 MB more while it is read."""

LARGEST_SPARSE = 16_000_000
"""Pixels that any picture may have; more, only one whose file is large for its pixels (`MOST_PACKED`)."""

LARGEST_PICTURE_FILE = 256 << 20
"""Bytes of a picture's file."""

_PAPER = (255, 255, 255)
_STRIP_PIXELS = 1 << 20

_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)
_TURNED_BACK: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""An upright picture as the camera's of an EXIF orientation lies in its file, a view of the same pixels."""

_BRANDS = {
    "a HEIC picture, as iPhones take them": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"),
    "an AVIF picture, which this installation has no decoder for": (b"avif", b"avis"),
    "a camera's raw picture (CR3)": (b"crx ",),
    "a film": (b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"M4V "),
}
"""What files of boxes (ISO 14496-12) say that they are, at byte 8, and what a person calls them."""

_BEGINNINGS = {
    "a JPEG XL picture": (b"\xff\x0a", b"\x00\x00\x00\x0cJXL "),
    "a PDF document": (b"%PDF",),
    "an SVG drawing": (b"<svg", b"<?xml"),
    "a film": (b"\x1aE\xdf\xa3", b"RIFF"),
}


def read_picture(source: str | Path | bytes, name: str = "") -> NDArray[np.uint8]:
    """A picture as it is meant to be seen.

    The size is looked at before anything is decoded. EXIF orientation is applied; an embedded colour profile is
    converted to sRGB; CMYK, 16-bit, greyscale and palette pictures become RGB; what is transparent is laid on white;
    of an animation the first frame is taken.

    Args:
        source: a file, or its bytes.
        name: what to call it in errors; the file's name by default.

    Returns:
        (height, width, 3) uint8 RGB, new and contiguous.

    Raises:
        VideoError: it is missing, no picture, cut short, smaller than `SMALLEST_SIDE` or larger than `LARGEST_SIDE` a
            side or `LARGEST_AREA` in all.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), name or "the picture"
    else:
        data, name = _bytes_of(Path(source)), name or Path(source).name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:
        said = _what_else(data)
        said = f"{said}, which is not read" if said else "not a picture that can be read"
        raise VideoError(f"{name} is {said}; export it as PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise VideoError(f"{name} has too many pixels; make it {LARGEST_SIDE} pixels a side at most") from error
    except DAMAGE as error:
        raise VideoError(f"{name} is damaged{_told(error)}; export it anew") from error
    with picture:
        _check_size(name, *picture.size)
        _check_packed(name, *picture.size, len(data))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return _upright_rgb(picture)
        except DAMAGE as error:
            raise VideoError(f"{name} is cut short or damaged{_told(error)}; export it anew") from error


def write_upright(source: str | Path, target: Path, longest: int = LARGEST_SIDE, name: str = "") -> None:
    """Write a picture as `read_picture` has it as PNG, so that programs that know less show the same pixels.

    Args:
        source: the picture's file.
        target: the file to write.
        longest: pixels of its longer side, at most.
        name: as of `read_picture`.

    Raises:
        VideoError: as of `read_picture`.
    """
    pixels = read_picture(source, name)
    height, width, _ = pixels.shape
    scale = min(1.0, longest / max(width, height))
    resized(pixels, max(1, round(width * scale)), max(1, round(height * scale))).save(target, "PNG")


def resized(pixels: NDArray[np.uint8], width: int, height: int) -> Opened:
    """A picture of another size: first less wide, some rows at a time, which takes little memory and is the same."""
    from PIL import Image

    rows = max(1, _STRIP_PIXELS // pixels.shape[1])
    tall = Image.new("RGB", (width, len(pixels)))
    for top in range(0, len(pixels), rows):
        strip = Image.fromarray(pixels[top : top + rows])
        tall.paste(strip.resize((width, strip.height), Image.Resampling.LANCZOS), (0, top))
    return tall.resize((width, height), Image.Resampling.LANCZOS)


def _told(error: BaseException) -> str:
    """What a decoder says of a fault, in brackets; "" where that is not for people."""
    said = " ".join(str(error).split())
    return "" if not said or re.search(r"\bb['\"]|<|0x", said) else f" ({said})"


def _what_else(data: bytes) -> str:
    """What a file is that is no picture to Pillow, in a person's words; "" where nothing tells."""
    if data[4:8] == b"ftyp":
        return next((what for what, brands in _BRANDS.items() if data[8:12] in brands), "")
    return next((what for what, starts in _BEGINNINGS.items() if data.startswith(starts)), "")


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_PICTURE_FILE:
            raise VideoError(
                f"{path.name} has {size / 2**20:.0f} MB, more than the {LARGEST_PICTURE_FILE >> 20} MB that a picture "
                "may have; make it smaller"
            )
        return path.read_bytes()
    except OSError as error:
        raise VideoError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_size(name: str, width: int, height: int) -> None:
    if min(width, height) < SMALLEST_SIDE:
        raise VideoError(
            f"{name} is {width} × {height} pixels; give one of at least {SMALLEST_SIDE} a side, better 512 and more"
        )
    if max(width, height) > LARGEST_SIDE or width * height > LARGEST_AREA:
        raise VideoError(
            f"{name} is {width} × {height} pixels; give one of at most {LARGEST_SIDE} a side and "
            f"{LARGEST_AREA // 10**6} million in all"
        )


def _check_packed(name: str, width: int, height: int, size: int) -> None:
    """Refuse a picture of a few bytes that fills memory; a photograph packs to a twentieth, a plain drawing to less."""
    if width * height > LARGEST_SPARSE and 3 * width * height > MOST_PACKED * size:
        raise VideoError(
            f"{name} is {width} × {height} pixels in {size / 1024:.0f} KB, as one that is made to fill memory; make it "
            "smaller"
        )


def _upright_rgb(picture: Opened) -> NDArray[np.uint8]:
    picture.seek(0)
    picture.load()
    orientation = 1
    # Where what the camera wrote beside the picture cannot be read, it is shown as it lies, as by other programs.
    with contextlib.suppress(*DAMAGE):
        orientation = picture.getexif().get(_ORIENTATION, 1)
    turned_back = _TURNED_BACK.get(orientation, _TURNED_BACK[1])
    width, height = picture.size
    upright = np.empty((width, height, 3) if orientation in _ON_ITS_SIDE else (height, width, 3), np.uint8)
    as_it_lies = turned_back(upright)
    flat = _flatness(picture)
    for top, strip in _strips(picture):
        as_it_lies[top : top + strip.height] = np.asarray(flat(strip))
    return upright


def _strips(picture: Opened) -> Iterator[tuple[int, Opened]]:
    """A picture in stretches of rows, each with its first row: what is made of each takes little memory."""
    width, height = picture.size
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield top, picture.crop((0, top, width, min(top + rows, height)))


def _flatness(picture: Opened) -> Callable[[Opened], Opened]:
    """What makes plain RGB of a strip of a picture."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        scale = _scale(picture)
        return lambda strip: Image.fromarray(np.clip(_values(strip) * scale + 0.5, 0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    profile = picture.info.get("icc_profile")

    def flat(strip: Opened) -> Opened:
        if strip.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in strip.info:
            strip = strip.convert("RGBA")
        strip = _in_srgb(strip, profile)
        if strip.mode == "RGBA":
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, (*_PAPER, 255)), strip)
        return strip.convert("RGB")

    return flat


def _values(strip: Opened) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(strip, np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _scale(picture: Opened) -> float:
    """What greyscale of 16 or 32 bits is multiplied by to be of 8 bits.

    Whole numbers up to 65535 are what 16-bit pictures hold; floats are taken to reach from 0 to 1 unless they go
    beyond, as scanners' and renderers' do.
    """
    most = max(float(_values(strip).max(initial=0.0)) for _, strip in _strips(picture))
    if picture.mode == "F":
        full = 1.0 if most <= 1.0 else 255.0 if most <= 255.0 else 65535.0
    else:
        full = 65535.0 if most > 255.0 or picture.mode != "I" else 255.0
    return 255.0 / full


def _in_srgb(picture: Opened, profile: Any) -> Opened:
    """The picture's colours by its embedded profile, where it has one that fits."""
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return picture
    from PIL import ImageCms

    target = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode=target)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A profile that is broken or of another kind of colour says nothing; the plain numbers are the better guess.
        return picture
    return picture if converted is None else converted
