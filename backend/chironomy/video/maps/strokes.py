# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines, discs and sticks with smooth rims, at places finer than a pixel: what every drawn skeleton is made of."""

from __future__ import annotations

import colorsys

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Canvas = NDArray[np.float32]
"""(height, width, 3) RGB, 0 to 255."""


def canvas(width: int, height: int) -> Canvas:
    """A black picture to draw on."""
    return np.zeros((height, width, 3), np.float32)


def picture(drawn: Canvas) -> NDArray[np.uint8]:
    """What was drawn, as (height, width, 3) uint8."""
    return np.floor(drawn + np.float32(0.5)).astype(np.uint8)


def hue(turn: float, value: float = 1.0) -> NDArray[np.float64]:
    """(3,) RGB 0 to 255 of a full colour; `turn` 0 is red, 1/3 green, 2/3 blue."""
    return np.multiply(colorsys.hsv_to_rgb(turn, 1.0, value), 255)


def line(drawn: Canvas, start: NDArray[np.float64], end: NDArray[np.float64], radius: float, colour: ArrayLike) -> None:
    """Draw a line with round ends, or a disc where start and end are one; nothing where a point is not finite.

    Args:
        drawn: the picture.
        start: (2,) pixels.
        end: (2,) pixels.
        radius: half the line's width, pixels.
        colour: (3,) RGB, 0 to 255; it replaces what is below.
    """
    if np.isfinite(start).all() and np.isfinite(end).all():
        _draw_capsule(drawn, start[0], start[1], end[0], end[1], radius, np.asarray(colour, np.float64))


def disc(drawn: Canvas, centre: NDArray[np.float64], radius: float, colour: ArrayLike) -> None:
    """Draw a filled circle; nothing where its centre is not finite."""
    line(drawn, centre, centre, radius, colour)


def stick(
    drawn: Canvas, start: NDArray[np.float64], end: NDArray[np.float64], radius: float, colour: ArrayLike
) -> None:
    """Draw an ellipse from one point to the other, `radius` pixels to either side in its middle.

    It is how OpenPose's limbs are drawn. Nothing is drawn where a point is not finite or both are one.
    """
    if np.isfinite(start).all() and np.isfinite(end).all():
        _draw_ellipse(drawn, start[0], start[1], end[0], end[1], radius, np.asarray(colour, np.float64))


@njit(cache=True, nogil=True)
def _draw_capsule(image, x0, y0, x1, y1, radius, colour):
    """Blend a capsule over the picture, its rim one pixel wide."""
    height, width = image.shape[:2]
    margin = radius + 1.0
    left = int(min(max(np.floor(min(x0, x1) - margin), 0.0), float(width)))
    right = int(min(max(np.ceil(max(x0, x1) + margin), 0.0), float(width)))
    top = int(min(max(np.floor(min(y0, y1) - margin), 0.0), float(height)))
    bottom = int(min(max(np.ceil(max(y0, y1) + margin), 0.0), float(height)))
    along_x, along_y = x1 - x0, y1 - y0
    length = along_x * along_x + along_y * along_y
    for row in range(top, bottom):
        for column in range(left, right):
            dx, dy = column + 0.5 - x0, row + 0.5 - y0
            t = 0.0
            if length > 0.0:
                t = min(max((dx * along_x + dy * along_y) / length, 0.0), 1.0)
            dx -= t * along_x
            dy -= t * along_y
            cover = min(max(radius + 0.5 - np.sqrt(dx * dx + dy * dy), 0.0), 1.0)
            if cover > 0.0:
                for channel in range(3):
                    image[row, column, channel] += cover * (colour[channel] - image[row, column, channel])


@njit(cache=True, nogil=True)
def _draw_ellipse(image, x0, y0, x1, y1, radius, colour):
    """Blend an ellipse over the picture, its rim about one pixel wide.

    The distance to the rim is taken to first order: the ellipse's function over the length of its gradient.
    """
    height, width = image.shape[:2]
    middle_x, middle_y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
    half = 0.5 * np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    if half == 0.0:
        return
    axis_x, axis_y = (x1 - x0) / (2 * half), (y1 - y0) / (2 * half)
    reach_x = np.sqrt((half * axis_x) ** 2 + (radius * axis_y) ** 2) + 1.0
    reach_y = np.sqrt((half * axis_y) ** 2 + (radius * axis_x) ** 2) + 1.0
    left = int(min(max(np.floor(middle_x - reach_x), 0.0), float(width)))
    right = int(min(max(np.ceil(middle_x + reach_x), 0.0), float(width)))
    top = int(min(max(np.floor(middle_y - reach_y), 0.0), float(height)))
    bottom = int(min(max(np.ceil(middle_y + reach_y), 0.0), float(height)))
    for row in range(top, bottom):
        for column in range(left, right):
            dx, dy = column + 0.5 - middle_x, row + 0.5 - middle_y
            u = (dx * axis_x + dy * axis_y) / half
            v = (dy * axis_x - dx * axis_y) / radius
            value = np.sqrt(u * u + v * v)
            if value == 0.0:
                cover = 1.0
            else:
                slope = np.sqrt((u / half) ** 2 + (v / radius) ** 2) / value
                cover = min(max(0.5 - (value - 1.0) / slope, 0.0), 1.0)
            if cover > 0.0:
                for channel in range(3):
                    image[row, column, channel] += cover * (colour[channel] - image[row, column, channel])
