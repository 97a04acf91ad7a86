# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary: kinds of gesture, and what a hand at one moment is.

A pose is where a hand is and how it is held: position as metres out from the body's midline, up from the shoulders and
forward (for arms of 0.5 m); pronation (palm down positive, palm up negative), flexion and deviation of the wrist in
degrees; a hand shape. The same pose serves either hand, mirrored. Forms and uses of the kinds: Kendon 2004, chapters
12 and 13; Mueller 2004 on the open palm; Calbris 2011 on refusal and counting.
"""

from dataclasses import dataclass
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

    def vector(self) -> NDArray[np.float64]:
        """(26,) metres and degrees."""
        angles = [self.pronation, self.flexion, self.deviation]
        return np.array([self.out, self.up, self.forward, *angles, *SHAPES[self.shape]])


class Repeat(Enum):
    """What the further strokes of one gesture phrase do."""

    AGAIN = "the same stroke in about the same place"
    ONWARD = "the same stroke, each somewhere a little farther on"
    ACROSS = "back and forth between where the stroke began and where it ended"
    ONCE = "nothing: the phrase has one stroke"


@dataclass(frozen=True)
class Kind:
    """A gesture: where its stroke starts and ends, and what of that is its own.

    Attributes:
        prepared: the hand before the stroke, its shape already taken.
        apex: the hand when the stroke arrives.
        stroke_seconds: how long the stroke takes.
        two_handed: how much more or less likely both hands do it; 0 is never, 1 is always.
        repeat: how it goes on over several beats.
        own_shape: whether the hand shape belongs to the kind; else it is the style's.
        roam: how freely its place is chosen in the space before the body; 0 is here alone, 1 is anywhere.
        turn: how freely the direction of its stroke is chosen; 0 is as it stands here, 1 is any.
        crossed: whether the hands begin one over the other; they then differ in height.
        swings: whether one stroke of it says nothing: it goes back and forth.
    """

    prepared: Pose
    apex: Pose
    stroke_seconds: float = 0.42
    two_handed: float = 0.5
    repeat: Repeat = Repeat.AGAIN
    own_shape: bool = True
    roam: float = 0.7
    turn: float = 0.3
    crossed: bool = False
    swings: bool = False


HOME = np.array([0.19, -0.22, 0.26])
"""The middle of the space in which hands gesture."""

COUNT_SHAPES = ("point", "two", "three", "four", "five")
"""The hand shapes of numbers from one to five."""

KINDS: dict[str, Kind] = {
    "beat": Kind(
        Pose(0.19, -0.13, 0.23, 24.0, 14.0, 4.0, "relaxed"),
        Pose(0.2, -0.25, 0.3, 18.0, -8.0, -4.0, "relaxed"),
        *(0.38, 0.4, Repeat.AGAIN, False, 1.0, 0.75),
    ),
    "open_beat": Kind(
        Pose(0.15, -0.16, 0.24, 4.0, 12.0, 4.0, "open"),
        Pose(0.24, -0.25, 0.31, -34.0, -10.0, -4.0, "open"),
        *(0.42, 0.5, Repeat.AGAIN, True, 0.95, 0.6),
    ),
    "present": Kind(
        Pose(0.1, -0.19, 0.22, -8.0, 16.0, 6.0, "cupped"),
        Pose(0.28, -0.19, 0.33, -66.0, -12.0, -4.0, "open"),
        *(0.46, 0.5, Repeat.ONWARD, True, 0.7, 0.35),
    ),
    "container": Kind(
        Pose(0.24, -0.11, 0.25, 4.0, -4.0, 8.0, "cupped"),
        Pose(0.15, -0.22, 0.3, -6.0, 8.0, 0.0, "cupped"),
        *(0.42, 1.0, Repeat.ONWARD, True, 0.7, 0.5),
    ),
    "ring": Kind(
        Pose(0.19, -0.05, 0.23, 38.0, -2.0, 8.0, "ring"),
        Pose(0.2, -0.17, 0.32, 24.0, -30.0, -6.0, "ring"),
        *(0.36, 0.12, Repeat.AGAIN, True, 0.7, 0.45),
    ),
    "bunch": Kind(
        Pose(0.16, -0.09, 0.23, -30.0, 14.0, 6.0, "bunch"),
        Pose(0.18, -0.2, 0.29, -54.0, -10.0, -2.0, "bunch"),
        *(0.38, 0.2, Repeat.AGAIN, True, 0.7, 0.45),
    ),
    "sweep": Kind(
        Pose(0.02, -0.18, 0.27, 60.0, 12.0, -10.0, "flat"),
        Pose(0.34, -0.2, 0.25, 50.0, -12.0, 12.0, "flat"),
        *(0.5, 0.35, Repeat.ACROSS, True, 0.6, 0.12),
    ),
    "chop": Kind(
        Pose(0.17, -0.04, 0.22, 6.0, 4.0, 14.0, "flat"),
        Pose(0.17, -0.24, 0.31, 2.0, 0.0, -16.0, "flat"),
        *(0.36, 0.25, Repeat.ONWARD, True, 0.6, 0.15),
    ),
    "fist": Kind(
        Pose(0.19, -0.03, 0.21, 32.0, 8.0, 10.0, "fist"),
        Pose(0.17, -0.2, 0.31, 24.0, -6.0, -14.0, "fist"),
        *(0.36, 0.25, Repeat.AGAIN, True, 0.6, 0.35),
    ),
    "point_out": Kind(
        Pose(0.2, -0.16, 0.22, 30.0, 14.0, 8.0, "point"),
        Pose(0.41, -0.1, 0.2, 42.0, -6.0, -16.0, "point"),
        *(0.42, 0.0, Repeat.ONCE, True, 0.2, 0.1),
    ),
    "point_across": Kind(
        Pose(0.22, -0.15, 0.24, 30.0, 0.0, 4.0, "point"),
        Pose(-0.06, -0.1, 0.34, 44.0, 30.0, 2.0, "point"),
        *(0.44, 0.0, Repeat.ONCE, True, 0.2, 0.1),
    ),
    "point_you": Kind(
        Pose(0.2, -0.13, 0.2, 34.0, 12.0, 8.0, "point"),
        Pose(0.15, -0.1, 0.4, 32.0, -4.0, -14.0, "point"),
        *(0.4, 0.0, Repeat.AGAIN, True, 0.2, 0.12),
    ),
    "point_up": Kind(
        Pose(0.21, -0.17, 0.25, 24.0, 2.0, 6.0, "point"),
        Pose(0.24, 0.08, 0.24, 12.0, -8.0, 4.0, "point"),
        *(0.42, 0.0, Repeat.ONCE, True, 0.25, 0.12),
    ),
    "point_down": Kind(
        Pose(0.19, -0.12, 0.26, 50.0, 10.0, 4.0, "point"),
        Pose(0.2, -0.3, 0.3, 56.0, 44.0, -6.0, "point"),
        *(0.38, 0.0, Repeat.AGAIN, True, 0.3, 0.12),
    ),
    "self": Kind(
        Pose(0.19, -0.22, 0.28, -8.0, 20.0, 0.0, "flat"),
        Pose(0.085, -0.2, 0.13, 16.0, 76.0, 5.0, "flat"),
        *(0.42, 0.0, Repeat.ONCE, True, 0.05, 0.1),
    ),
    "count": Kind(
        Pose(0.21, -0.13, 0.24, 44.0, -14.0, 4.0, "point"),
        Pose(0.24, 0.0, 0.28, 54.0, -44.0, -8.0, "point"),
        *(0.38, 0.0, Repeat.AGAIN, True, 0.35, 0.25),
    ),
    "refuse": Kind(
        Pose(0.13, -0.13, 0.21, 56.0, -6.0, 0.0, "open"),
        Pose(0.21, -0.07, 0.36, 70.0, -44.0, -4.0, "spread"),
        *(0.4, 0.6, Repeat.AGAIN, True, 0.35, 0.15),
    ),
    "wag": Kind(
        Pose(0.11, -0.05, 0.28, 62.0, -14.0, 18.0, "flat"),
        Pose(0.28, -0.04, 0.27, 66.0, -20.0, -18.0, "flat"),
        *(0.36, 0.35, Repeat.ACROSS, True, 0.35, 0.12, False, True),
    ),
    "all": Kind(
        Pose(0.11, -0.16, 0.27, 20.0, 10.0, 4.0, "open"),
        Pose(0.37, -0.13, 0.2, -40.0, -14.0, -6.0, "spread"),
        *(0.6, 1.0, Repeat.ONCE, True, 0.15, 0.1),
    ),
    "cut": Kind(
        Pose(0.0, -0.2, 0.28, 68.0, 4.0, 0.0, "flat"),
        Pose(0.32, -0.22, 0.25, 64.0, -8.0, 6.0, "flat"),
        *(0.42, 1.0, Repeat.AGAIN, True, 0.2, 0.08, True),
    ),
    "big": Kind(
        Pose(0.13, -0.16, 0.29, 2.0, 2.0, 0.0, "cupped"),
        Pose(0.36, -0.09, 0.24, -2.0, -10.0, 2.0, "spread"),
        *(0.52, 1.0, Repeat.ONCE, True, 0.25, 0.1),
    ),
    "small": Kind(
        Pose(0.22, -0.13, 0.29, 2.0, -2.0, 2.0, "cupped"),
        Pose(0.115, -0.15, 0.31, 0.0, 6.0, 0.0, "cupped"),
        *(0.42, 0.75, Repeat.ONCE, True, 0.35, 0.15),
    ),
    "welcome": Kind(
        Pose(0.14, -0.19, 0.25, -10.0, 12.0, 4.0, "open"),
        Pose(0.32, -0.16, 0.29, -60.0, -12.0, -4.0, "open"),
        *(0.56, 0.85, Repeat.ONCE, True, 0.15, 0.1),
    ),
    "shrug": Kind(
        Pose(0.2, -0.25, 0.22, -10.0, 8.0, 4.0, "open"),
        Pose(0.29, -0.17, 0.22, -76.0, -24.0, 6.0, "spread"),
        *(0.42, 0.85, Repeat.ONCE, True, 0.15, 0.1),
    ),
    "thumb_up": Kind(
        Pose(0.18, -0.2, 0.24, 10.0, 2.0, -6.0, "thumb_up"),
        Pose(0.2, -0.1, 0.33, 0.0, -4.0, 8.0, "thumb_up"),
        *(0.42, 0.15, Repeat.AGAIN, True, 0.3, 0.15),
    ),
    "wave": Kind(
        Pose(0.22, 0.03, 0.24, 62.0, -16.0, 16.0, "spread"),
        Pose(0.36, 0.06, 0.24, 66.0, -20.0, -14.0, "spread"),
        *(0.34, 0.1, Repeat.ACROSS, True, 0.2, 0.08, False, True),
    ),
    "past": Kind(
        Pose(0.2, -0.12, 0.33, 0.0, -8.0, 4.0, "open"),
        Pose(0.24, 0.03, 0.15, -14.0, -24.0, 10.0, "open"),
        *(0.48, 0.1, Repeat.ONCE, True, 0.1, 0.1),
    ),
    "future": Kind(
        Pose(0.17, -0.15, 0.2, 12.0, 14.0, 6.0, "flat"),
        Pose(0.22, -0.09, 0.4, -4.0, -12.0, -8.0, "flat"),
        *(0.48, 0.2, Repeat.ONWARD, True, 0.25, 0.12),
    ),
}
