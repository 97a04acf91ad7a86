# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose: a person is found by middle and size, then 33 points in a square that holds the body upright.

BlazePose (Bazarevsky et al., arXiv 2006.10204). Its points come by regression and are refined by heat maps.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.video.portrait.networks.crops import Crop, Floats, direction, turned
from chironomy.video.portrait.networks.detector import PEOPLE, Detector
from chironomy.video.portrait.networks.network import Network

_SIDE = 256
_POINTS = 33
_FOUND = 0.5
_PRESENT = 0.5
_REACH = 4
"""Places of a heat map that count to each side of a point; measured on mediapipe 0.10.21, whose graph says 3."""

_SURE = 0.5
"""What a heat map must reach near a point to move it."""


class PoseNetworks:
    """Detector of people and pose model, loaded once."""

    def __init__(self, person: Path, pose: Path):
        self._people = Detector(person, PEOPLE)
        self._pose = Network(pose)

    def __call__(self, picture: NDArray[np.uint8], before: Crop | None = None) -> tuple[Floats, Floats, Crop] | None:
        """The pose of the person who is found most surely.

        Args:
            picture: (height, width, 3) uint8 RGB.
            before: where the person of the frame before is looked for; people are looked for when None.

        Returns:
            (33, 3) x and y in pixels and visibility, (33, 3) metres, and where to look in the next frame; None where
            there is nobody.
        """
        if before is None:
            people = self._people(picture, _FOUND)
            if not people:
                return None
            before = _about(*people[0].points[:2])
        shown = before.cut(picture, _SIDE, _SIDE) / 255
        told, present, _, heat, metres = self._pose(shown[None])
        if present.item() < _PRESENT:
            return None
        told = told.reshape(-1, 5).astype(np.float64)
        pixels = before.points(refined(told[:, :2] / _SIDE, heat[0]))
        visible = 1 / (1 + np.exp(-told[:_POINTS, 3:4]))
        world = turned(metres.reshape(-1, 3)[:_POINTS], before.turn)
        # Beyond the body's points are two that tell where it is, as the detector's do.
        following = _about(pixels[_POINTS], pixels[_POINTS + 1])
        return np.concatenate([pixels[:_POINTS], visible], axis=1), world, following


def _about(middle: Floats, above: Floats) -> Crop:
    """The square about a body by the middle of its hips and a point on the circle about it, over its head."""
    side = 2 * float(np.hypot(*(above - middle)))
    return Crop(float(middle[0]), float(middle[1]), side, side, direction(middle, above, np.pi / 2)).larger(1.25)


def refined(points: Floats, heat: NDArray[np.float32]) -> Floats:
    """Points moved to the middle of the heat that is near them.

    Args:
        points: (n, 2) parts of the map's width and height.
        heat: (rows, columns, n) logits.
    """
    result = points.copy()
    rows, columns, _ = heat.shape
    for index, (x, y) in enumerate(points):
        column, row = int(x * columns), int(y * rows)
        if not (0 <= column < columns and 0 <= row < rows):
            continue
        top, left = max(0, row - _REACH), max(0, column - _REACH)
        logits = heat[top : row + _REACH + 1, left : column + _REACH + 1, index].astype(np.float64)
        warm = 1 / (1 + np.exp(-logits))
        if warm.max() < _SURE:
            continue
        total = warm.sum()
        result[index, 0] = (left + warm.sum(axis=0) @ np.arange(warm.shape[1]) / total) / columns
        result[index, 1] = (top + warm.sum(axis=1) @ np.arange(warm.shape[0]) / total) / rows
    return result
