# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose that is followed through a video is made smooth, as mediapipe does it: slow points more than fast ones."""

from __future__ import annotations

import numpy as np

from chironomy.video.portrait.networks.crops import Crop, Floats
from chironomy.video.portrait.networks.pose import FoundPose, about_body

_FRAME = 0.033333
"""Seconds that mediapipe takes from each frame to the next, whatever the video."""

_SPEED_CUTOFF = 1.0
"""Hertz, of the speed's own low pass."""

_VISIBILITY = 0.1
"""The part of a new visibility in the smooth one."""


class OneEuroFilter:
    """The 1 € filter (Casiez, Roussel and Vogel, CHI 2012) of an array's every number.

    Args:
        cutoff: hertz, of what stands still.
        beta: how much it rises with the speed.
    """

    def __init__(self, cutoff: float, beta: float):
        self._cutoff, self._beta = cutoff, beta
        self._last = self._smooth = self._speed = np.zeros(0)

    def __call__(self, values: Floats, size: float = 1.0) -> Floats:
        """The smooth values of the next frame; speeds are told in a size a second."""
        if not len(self._last):
            self._smooth, self._speed = values, np.zeros_like(values)
        else:
            speed = (values - self._last) / (size * _FRAME)
            self._speed = self._speed + _weight(_SPEED_CUTOFF) * (speed - self._speed)
            weight = _weight(self._cutoff + self._beta * np.abs(self._speed))
            self._smooth = self._smooth + weight * (values - self._smooth)
        self._last = values
        return self._smooth


def _weight(cutoff: Floats | float) -> Floats:
    """The part of a new value in the smooth one, of a low pass of the first order."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * np.asarray(cutoff) * _FRAME)))


class PoseFollower:
    """One person's pose from frame to frame; the numbers are those of mediapipe's pose graph."""

    def __init__(self) -> None:
        self._points = OneEuroFilter(0.05, 80.0)
        self._circle = OneEuroFilter(0.01, 10.0)
        self._metres = OneEuroFilter(0.1, 40.0)
        self._visible = np.zeros(0)

    def __call__(self, found: FoundPose) -> tuple[FoundPose, Crop]:
        """The next frame's pose made smooth, and where to look for it in the one after."""
        size = 2 * float(np.hypot(*(found.circle[1] - found.circle[0])))
        before = self._visible if len(self._visible) else found.visible
        self._visible = before + _VISIBILITY * (found.visible - before)
        smooth = FoundPose(
            self._points(found.points, size),
            self._visible,
            self._metres(found.metres),
            self._circle(found.circle, size),
        )
        return smooth, about_body(*smooth.circle)
