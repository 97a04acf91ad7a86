# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose: a person is found by middle and size, then 33 points in a square that holds the body upright.

BlazePose (Bazarevsky et al., arXiv 2006.10204). Its points come by regression and are refined by heat maps.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class FoundPose:
    """A person's pose in a picture.

    Attributes:
        points: (33, 2) pixels.
        visible: (33,) 0 to 1.
        metres: (33, 3) about the middle of the hips.
        circle: (2, 2) pixels: the middle of the hips, and a point above the head on the circle about the body.
    """

    points: Floats
    visible: Floats
    metres: Floats
    circle: Floats


class PoseNetworks:
    """Detector of people and pose model, loaded once."""

    def __init__(self, person: Path, pose: Path):
        self._people = Detector(person, PEOPLE)
        self._pose = Network(pose)

    def __call__(self, picture: NDArray[np.uint8], before: Crop | None = None) -> FoundPose | None:
        """The pose of the person who is found most surely; None where there is nobody.

        Args:
            picture: (height, width, 3) uint8 RGB.
            before: where the person is looked for; people are looked for when None.
        """
        if before is None:
            people = self._people(picture, _FOUND)
            if not people:
                return None
            before = about_body(*people[0].points[:2])
        shown = before.cut(picture, _SIDE, _SIDE) / 255
        told, present, _, heat, metres = self._pose(shown[None])
        if present.item() < _PRESENT:
            return None
        told = told.reshape(-1, 5).astype(np.float64)
        pixels = before.points(refined(told[:, :2] / _SIDE, heat[0]))
        visible = 1 / (1 + np.exp(-told[:_POINTS, 3]))
        world = turned(metres.reshape(-1, 3)[:_POINTS], before.turn)
        return FoundPose(pixels[:_POINTS], visible, world, pixels[_POINTS : _POINTS + 2])


def about_body(middle: Floats, above: Floats) -> Crop:
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
