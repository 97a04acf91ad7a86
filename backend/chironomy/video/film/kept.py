# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of a film that was not finished, kept so that the same render goes on after them.

They are lossless, each is written whole, and one that cannot be read is drawn again with all that follow.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ABOUT = "about.json"


class KeptFrames:
    """The frames of one film, in a folder of their own.

    Args:
        folder: made when missing; what it holds of another film goes.
        about: what is rendered, as JSON values.
    """

    def __init__(self, folder: Path, about: dict[str, Any]):
        self._folder = folder
        self._keeping = True
        told = json.dumps(about, sort_keys=True)
        try:
            if self._about() != told:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / _ABOUT).write_text(told, encoding="utf-8")
        except OSError:
            self._give_up()

    def _about(self) -> str:
        try:
            return (self._folder / _ABOUT).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def count(self, frames: range) -> int:
        """How many of some frames are there, without a gap from the first on."""
        first_missing = next((frame for frame in frames if not self._path(frame).is_file()), frames.stop)
        return first_missing - frames.start

    def load(self, frames: range) -> Iterator[NDArray[np.uint8]]:
        """The kept frames, (height, width, 3 or 4) uint8, up to one that cannot be read."""
        from PIL import Image

        for frame in frames:
            try:
                with Image.open(self._path(frame)) as picture:
                    loaded = np.asarray(picture)
            except (OSError, ValueError, SyntaxError):
                return
            yield loaded

    def passing(self, pictures: Iterable[NDArray[np.uint8]], first: int) -> Iterator[NDArray[np.uint8]]:
        """The same pictures, from the frame `first` on, each kept before it is passed on."""
        for frame, picture in enumerate(pictures, first):
            if self._keeping:
                try:
                    self._save(frame, picture)
                except OSError:
                    # The film itself may fit, and is what is wanted.
                    self._give_up()
            yield picture

    def remove(self) -> None:
        """Remove them: the film is finished."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _save(self, frame: int, picture: NDArray[np.uint8]) -> None:
        from PIL import Image

        path = self._path(frame)
        partial = path.with_suffix(".part")
        with partial.open("wb") as stream:
            Image.fromarray(picture).save(stream, "PNG", compress_level=1)
        partial.replace(path)

    def _give_up(self) -> None:
        self._keeping = False
        self.remove()

    def _path(self, frame: int) -> Path:
        return self._folder / f"{frame:06d}.png"
