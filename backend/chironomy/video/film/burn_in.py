# SPDX-License-Identifier: GPL-3.0-or-later
"""Timecode and take burnt into the picture, for reviews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BOX, _PAPER = 0.6, 0.92
"""How dense the box under the text is, and how bright the text, as display values from 0 to 1."""


def timecode(frame: int, fps: float) -> str:
    """SMPTE non-drop timecode `HH:MM:SS:FF` of a frame, counted from frame 0.

    It counts frames by the nearest whole rate (SMPTE ST 12-1, section 5.2.3): at 23.976 frames a second it counts 24 to
    the second and so falls behind the clock by 3.6 s an hour, at 29.97 likewise. It starts again after 24 hours.

    Args:
        frame: from 0.
        fps: frames a second.
    """
    base = max(1, round(fps))
    digits = max(2, len(str(base - 1)))
    seconds, part = divmod(frame, base)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours % 24:02d}:{minute:02d}:{second:02d}:{part:0{digits}d}"


def burned_in(frames: Iterable[NDArray[Any]], first: int, fps: float, take: str = "") -> Iterator[NDArray[Any]]:
    """The frames with a line of text at the bottom: the take on the left, timecode and frame number on the right.

    Args:
        frames: (height, width, 3 or 4) uint8 display values, or float32 linear light with its colours multiplied by
            alpha; never changed.
        first: the number of the first frame in its shot.
        fps: frames a second.
        take: as `take_name` returns it.
    """
    for frame, picture in enumerate(frames, first):
        yield _written(picture, f"{timecode(frame, fps)}   {frame:05d}", take)


def _written(picture: NDArray[Any], right: str, left: str) -> NDArray[Any]:
    height, width = picture.shape[:2]
    size = max(9, round(0.028 * min(height, width * 1.4)))
    margin = max(2, size // 2)
    result = picture.copy()
    ink, box = _line(right, size, margin, width)
    _lay(result, ink, box, height - margin, width - margin - ink.shape[1])
    room = width - 3 * margin - ink.shape[1]
    while left and room > 2 * size:
        ink, box = _line(left, size, margin, width)
        if ink.shape[1] <= room:
            _lay(result, ink, box, height - margin, margin)
            break
        left = left[:-2].rstrip("… ") + "…" if len(left) > 2 else ""
    return result


def _lay(result: NDArray[Any], ink: NDArray[np.float32], box: NDArray[np.float32], bottom: int, left: int) -> None:
    """Blend a box and its text into the picture, in place, what is outside cut away."""
    left, top = max(left, 0), max(bottom - ink.shape[0], 0)
    place = result[top : top + ink.shape[0], left : left + ink.shape[1]]
    ink, box = ink[: place.shape[0], : place.shape[1], None], box[: place.shape[0], : place.shape[1], None]
    linear = result.dtype != np.uint8
    # (0.92 + 0.055) / 1.055 to the 2.4: sRGB's transfer function on the paper's brightness.
    bright = ((_PAPER + 0.055) / 1.055) ** 2.4 if linear else 255 * _PAPER
    colour = place[..., :3] * (1 - box)
    mixed = colour + (bright - colour) * ink
    if place.shape[-1] == 4:
        full = 1.0 if linear else 255.0
        before = place[..., 3:]
        alpha = full - (full - before) * (1 - box) * (1 - ink)
        if not linear:
            # Straight alpha: of the picture's own colour only the share that is still seen counts.
            seen = before * (1 - box) * (1 - ink)
            mixed = (place[..., :3] * seen + bright * full * ink) / np.maximum(alpha, 1e-6)
        place[..., 3:] = alpha if linear else np.floor(alpha + 0.5)
    place[..., :3] = mixed if linear else np.floor(mixed + 0.5)


@lru_cache(maxsize=64)
def _line(text: str, size: int, margin: int, widest: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One line of text on its box: how much ink and how much box is at each pixel, (h, w), 0 to 1."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    # Digits of one width, so that running numbers stand still.
    advance = [max(font.getlength(d) for d in "0123456789") if c.isdigit() else font.getlength(c) for c in text]
    width = min(int(sum(advance)) + 2 * margin, widest)
    height = int(1.3 * size) + margin
    picture = Image.new("L", (width, height))
    draw = ImageDraw.Draw(picture)
    x = float(margin)
    for character, step in zip(text, advance, strict=True):
        draw.text((x + 0.5 * (step - font.getlength(character)), height / 2), character, 255, font, anchor="lm")
        x += step
    ink = np.asarray(picture, np.float32) / 255
    return ink, np.full_like(ink, _BOX)
