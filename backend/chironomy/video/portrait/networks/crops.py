# SPDX-License-Identifier: GPL-3.0-or-later
"""The turned rectangle of a picture that a network is shown, and the way back from its points to the picture's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_PARTS = 32
"""Of a pixel, that OpenCV tells apart."""


@dataclass(frozen=True)
class Crop:
    """A rectangle in a picture.

    Attributes:
        x, y: its middle, pixels.
        width, height: pixels, before it is turned.
        turn: radians, clockwise as the picture is seen.
    """

    x: float
    y: float
    width: float
    height: float
    turn: float = 0.0

    def points(self, unit: ArrayLike) -> Floats:
        """Pixels of the picture (..., 2) for places in the rectangle, 0 to 1 each way from its top left corner."""
        offset = (np.asarray(unit, np.float64) - 0.5) * [self.width, self.height]
        return turned(offset, self.turn) + np.array([self.x, self.y])

    def cut(self, picture: NDArray[np.uint8], width: int, height: int, *, blank: bool = False) -> NDArray[np.float32]:
        """The rectangle as a picture of another size.

        As mediapipe does it on the CPU, by OpenCV: the first pixel lies on the rectangle's corner; places are rounded
        to 1/32 of a pixel, and between the four pixels around each the value is weighed and rounded, halves up; a much
        larger picture is not made smooth before. With all that a hand's points in good light are within 0.05 % of its
        size from mediapipe's, without the rounding within 1 % (`tools/bench_perception.py`).

        Args:
            picture: (rows, columns, 3) uint8.
            width: pixels to make.
            height: likewise.
            blank: whether what is beyond the picture's edge is black; else the edge goes on.

        Returns:
            (height, width, 3) float32 whole numbers, 0 to 255.
        """
        rows, columns = np.mgrid[0:height, 0:width]
        place = self.points(np.stack([columns / width, rows / height], axis=-1))
        return np.floor(sampled(picture, np.round(place * _PARTS) / _PARTS, blank=blank) + 0.5)

    def larger(self, scale: float, shift: float = 0.0) -> Crop:
        """The square about this rectangle, moved along its own height by a part of it and then made larger."""
        move = turned(np.array([0.0, shift * self.height]), self.turn)
        side = scale * max(self.width, self.height)
        return replace(self, x=self.x + move[0], y=self.y + move[1], width=side, height=side)


def turned(points: ArrayLike, turn: float) -> Floats:
    """Points (..., 2) or (..., 3) turned about the origin by an angle, clockwise where y goes down; z stays."""
    result = np.array(points, np.float64)
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = result[..., 0].copy(), result[..., 1].copy()
    result[..., 0], result[..., 1] = cos * x - sin * y, sin * x + cos * y
    return result


def whole(picture: NDArray[np.uint8]) -> Crop:
    """The square about a picture: it holds all of it, and bars where the picture is not square."""
    height, width = picture.shape[:2]
    side = float(max(width, height))
    return Crop(width / 2, height / 2, side, side)


def direction(start: ArrayLike, end: ArrayLike, upright: float) -> float:
    """The turn in [-pi, pi) of a rectangle in which the way from one point to another has an angle.

    Args:
        start: pixels.
        end: pixels.
        upright: radians that the way has in the rectangle, anticlockwise from its right.
    """
    x, y = np.subtract(end, start)
    angle = upright - np.arctan2(-y, x)
    return float(angle - 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi)))


def sampled(picture: NDArray[np.uint8] | NDArray[np.float32], place: Floats, *, blank: bool) -> NDArray[np.float32]:
    """Values between the four pixels around each place.

    Args:
        picture: (rows, columns, channels).
        place: (..., 2) x and y, pixels.
        blank: whether what is beyond the edge is 0; else the edge goes on.

    Returns:
        (..., channels) float32.
    """
    rows, columns = picture.shape[:2]
    corner = np.floor(place)
    part = (place - corner).astype(np.float32)
    column, row = corner[..., 0].astype(np.int64), corner[..., 1].astype(np.int64)
    pixels = picture.reshape(rows * columns, -1)
    result = np.zeros((*place.shape[:-1], picture.shape[2]), np.float32)
    for down in (0, 1):
        for right in (0, 1):
            x, y = column + right, row + down
            weight = (part[..., 0] if right else 1 - part[..., 0]) * (part[..., 1] if down else 1 - part[..., 1])
            if blank:
                weight = weight * ((x >= 0) & (x < columns) & (y >= 0) & (y < rows))
            index = np.clip(y, 0, rows - 1) * columns + np.clip(x, 0, columns - 1)
            result += weight[..., None] * np.take(pixels, index, axis=0)
    return result


def separate(crops: list[Crop], size: tuple[int, int], most: float = 0.5) -> list[Crop]:
    """Crops without those that a later one lies over, both taken upright, by intersection over union.

    Args:
        crops: in the order of their worth, the best last.
        size: width and height of the picture, in which the parts are measured.
        most: the overlap that two may have.
    """
    kept: list[Crop] = []
    for crop in crops:
        kept = [one for one in kept if overlap(_corners(one, size), _corners(crop, size)) <= most]
        kept.append(crop)
    return kept


def _corners(crop: Crop, size: tuple[int, int]) -> Floats:
    box = np.array(
        [crop.x - crop.width / 2, crop.y - crop.height / 2, crop.x + crop.width / 2, crop.y + crop.height / 2]
    )
    return box / np.tile(np.array(size, np.float64), 2)


def overlap(one: Floats, others: Floats) -> Floats:
    """Intersection over union of a box and others (..., 4): left, top, right, bottom."""
    sides = np.minimum(one[2:], others[..., 2:]) - np.maximum(one[:2], others[..., :2])
    both = np.prod(np.maximum(sides, 0.0), axis=-1)
    areas = [np.prod(np.maximum(box[..., 2:] - box[..., :2], 0.0), axis=-1) for box in (one, others)]
    together = areas[0] + areas[1] - both
    return np.divide(both, together, out=np.zeros_like(together), where=together > 0)
