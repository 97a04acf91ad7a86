# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: the palm is found in the picture, then 21 points in a square that holds the hand upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.video.portrait.models import Hand
from chironomy.video.portrait.networks.crops import Crop, Floats, direction, separate, turned
from chironomy.video.portrait.networks.detector import PALMS, Detection, Detector
from chironomy.video.portrait.networks.network import Network

_SIDE = 224
_PRESENT = 0.5
_WRIST, _MIDDLE_ROOT = 0, 2
"""Of the palm's points."""

_PALM_AND_ROOTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""Of the hand's points: those that move little when the fingers bend."""


class HandNetworks:
    """Palm detector and hand model, loaded once."""

    def __init__(self, palm: Path, hand: Path):
        self._palms = Detector(palm, PALMS)
        self._hand = Network(hand)

    def __call__(
        self, picture: NDArray[np.uint8], most: int, least: float, before: list[Crop] | None = None
    ) -> tuple[list[Hand], list[Crop]]:
        """The hands in a picture.

        Args:
            picture: (height, width, 3) uint8 RGB.
            most: hands to look for.
            least: the score that a palm must have.
            before: where hands of the frame before are looked for; palms are looked for where they are fewer.

        Returns:
            points in pixels (21, 2), in metres (21, 3), score; and where to look for each in the next frame.
        """
        before = before or []
        found = []
        if len(before) < most:
            found = [_about_palm(palm) for palm in self._palms(picture, least)[:most]]
        height, width = picture.shape[:2]
        crops = separate([*found, *before], (width, height))
        hands, following = [], []
        for crop in crops:
            hand = self._points(picture, crop)
            if hand is not None:
                hands.append(hand)
                following.append(_about_hand(hand[0]))
        return hands, following

    def _points(self, picture: NDArray[np.uint8], crop: Crop) -> Hand | None:
        shown = crop.cut(picture, _SIDE, _SIDE) / 255
        points, present, right, metres = self._hand(shown[None])
        if present.item() < _PRESENT:
            return None
        side = right.item()
        pixels = crop.points(points.reshape(21, 3)[:, :2].astype(np.float64) / _SIDE)
        return pixels, turned(metres.reshape(21, 3), crop.turn), max(side, 1 - side)


def _about_palm(palm: Detection) -> Crop:
    left, top, right, bottom = palm.box
    turn = direction(palm.points[_WRIST], palm.points[_MIDDLE_ROOT], np.pi / 2)
    box = Crop((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, turn)
    return box.larger(2.6, -0.5)


def _about_hand(points: Floats) -> Crop:
    """The square about a hand's palm and lowest finger bones, with the fingers up."""
    lower = points[list(_PALM_AND_ROOTS)]
    # The middle of three fingers' roots, with the middle finger counted twice.
    fingers = 0.25 * (points[5] + points[13]) + 0.5 * points[9]
    turn = direction(points[0], fingers, np.pi / 2)
    upright = turned(lower, -turn)
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = turned((low + high) / 2, turn)
    width, height = high - low
    return Crop(float(x), float(y), float(width), float(height), turn).larger(2.0, -0.1)
