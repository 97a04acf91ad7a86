# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary: kinds of gesture, and what a hand at one moment is.

A pose is where a hand is and how it is held: position as metres out from the body's midline, up from the shoulders and
forward (for arms of 0.5 m); pronation (palm down positive, palm up negative), flexion and deviation of the wrist in
degrees; a hand shape. The same pose serves either hand, mirrored. Forms and uses of the kinds: Kendon 2004, chapters
12 and 13; Mueller 2004 on the open palm; Calbris 2011 on refusal and counting.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.repertoire.hand_shapes import SHAPES

POSE_SIZE = 26  # position 3, wrist angles 3, shape 20


@dataclass(frozen=True)
class Pose:
    """One hand at one moment; `vector` is what the timeline interpolates."""

    out: float
    up: float
    forward: float
    pronation: float
    flexion: float
    deviation: float
    shape: str

    def vector(self, random: np.random.Generator | None = None, spread: float = 1.0) -> NDArray[np.float64]:
        """(26,) metres and degrees, with individual variation where `random` is given."""
        angles = [self.pronation, self.flexion, self.deviation]
        vector = np.array([self.out, self.up, self.forward, *angles, *SHAPES[self.shape]])
        if random is not None:
            vector[:3] += random.normal(0, 0.014 * spread, 3)
            vector[3:6] += random.normal(0, [6.0, 4.0, 3.0]) * spread
            vector[6:] += random.normal(0, 1.5 * spread, POSE_SIZE - 6)
            vector[6:22:4] += random.normal(0, 2.0 * spread)  # the whole hand a little more open or closed
        return vector


class Repeat(Enum):
    """What the further strokes of one gesture phrase do."""

    AGAIN = "the same stroke in the same place"
    ONWARD = "the same stroke, each a little farther out"
    ACROSS = "back and forth between where the stroke began and where it ended"
    COUNT = "the same stroke with one more finger"


@dataclass(frozen=True)
class Kind:
    """A gesture: where its stroke starts and ends.

    Attributes:
        prepared: the hand before the stroke, its shape already taken.
        apex: the hand when the stroke arrives.
        stroke_seconds: how long the stroke takes.
        two_handed: how much more or less likely both hands do it; 0 is never, 1 is always.
        repeat: how it goes on over several beats.
        own_shape: whether the hand shape belongs to the kind; else it is the style's.
    """

    prepared: Pose
    apex: Pose
    stroke_seconds: float = 0.24
    two_handed: float = 0.5
    repeat: Repeat = Repeat.AGAIN
    own_shape: bool = True


HOME = np.array([0.17, -0.25, 0.25])
"""The middle of the space in which hands gesture, about which larger gestures spread."""

REST_SIDE = Pose(0.25, -0.465, 0.075, 12.0, 8.0, 2.0, "soft")
"""A hanging arm; the hand is out of a half-body picture."""

COUNT_SHAPES = ("point", "two", "three")

_BEAT = Pose(0.19, -0.235, 0.285, 22.0, -6.0, -3.0, "relaxed")
_OPEN = Pose(0.205, -0.245, 0.285, -30.0, -8.0, -3.0, "open")

KINDS: dict[str, Kind] = {
    "beat": Kind(replace(_BEAT, up=-0.165, forward=0.25, flexion=12.0), _BEAT, 0.2, 0.4, own_shape=False),
    "open_beat": Kind(replace(_OPEN, up=-0.17, out=0.17, pronation=-4.0, flexion=8.0), _OPEN, 0.22, 0.5),
    "present": Kind(
        Pose(0.13, -0.18, 0.235, -12.0, 12.0, 4.0, "open"),
        Pose(0.24, -0.24, 0.32, -68.0, -8.0, -2.0, "open"),
        *(0.28, 0.5, Repeat.ONWARD),
    ),
    "container": Kind(
        Pose(0.2, -0.155, 0.245, 2.0, 4.0, 8.0, "cupped"),
        Pose(0.155, -0.24, 0.295, -6.0, 2.0, 0.0, "cupped"),
        *(0.24, 1.0, Repeat.AGAIN),
    ),
    "ring": Kind(
        Pose(0.195, -0.09, 0.25, 34.0, -8.0, 4.0, "ring"),
        Pose(0.2, -0.165, 0.32, 27.0, -30.0, -4.0, "ring"),
        *(0.2, 0.12, Repeat.AGAIN),
    ),
    "bunch": Kind(
        Pose(0.165, -0.12, 0.245, -40.0, 10.0, 4.0, "bunch"),
        Pose(0.17, -0.195, 0.285, -52.0, -6.0, 0.0, "bunch"),
        *(0.22, 0.2, Repeat.AGAIN),
    ),
    "sweep": Kind(
        Pose(0.09, -0.2, 0.27, 58.0, 8.0, -10.0, "flat"),
        Pose(0.3, -0.21, 0.27, 52.0, -8.0, 12.0, "flat"),
        *(0.32, 0.35, Repeat.ACROSS),
    ),
    "chop": Kind(
        Pose(0.17, -0.1, 0.23, 4.0, 2.0, 12.0, "flat"),
        Pose(0.17, -0.24, 0.305, 2.0, 0.0, -14.0, "flat"),
        *(0.2, 0.25, Repeat.ONWARD),
    ),
    "fist": Kind(
        Pose(0.18, -0.11, 0.235, 30.0, 6.0, 8.0, "fist"),
        Pose(0.175, -0.22, 0.3, 26.0, -2.0, -12.0, "fist"),
        *(0.19, 0.25, Repeat.AGAIN),
    ),
    "point_out": Kind(
        Pose(0.24, -0.13, 0.25, 34.0, 8.0, 4.0, "point"),
        Pose(0.37, -0.1, 0.27, 40.0, 2.0, -16.0, "point"),
        *(0.25, 0.0, Repeat.AGAIN),
    ),
    "point_you": Kind(
        Pose(0.2, -0.11, 0.25, 34.0, 8.0, 6.0, "point"),
        Pose(0.165, -0.12, 0.385, 32.0, 2.0, -14.0, "point"),
        *(0.24, 0.0, Repeat.AGAIN),
    ),
    "self": Kind(
        Pose(0.12, -0.155, 0.25, -22.0, 34.0, 0.0, "flat"),
        Pose(0.065, -0.15, 0.172, -27.0, 76.0, -8.0, "flat"),
        *(0.28, 0.0, Repeat.AGAIN),
    ),
    "count": Kind(
        Pose(0.22, -0.03, 0.245, 50.0, -26.0, -4.0, "point"),
        Pose(0.22, -0.075, 0.285, 54.0, -46.0, -12.0, "point"),
        *(0.22, 0.0, Repeat.COUNT),
    ),
    "refuse": Kind(
        Pose(0.15, -0.1, 0.26, 60.0, -14.0, 0.0, "spread"),
        Pose(0.2, -0.1, 0.345, 70.0, -42.0, -4.0, "spread"),
        *(0.26, 0.6, Repeat.AGAIN),
    ),
    "wag": Kind(
        Pose(0.145, -0.06, 0.28, 62.0, -12.0, 16.0, "flat"),
        Pose(0.255, -0.06, 0.28, 66.0, -18.0, -16.0, "flat"),
        *(0.24, 0.35, Repeat.ACROSS),
    ),
}
