# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary: kinds of gesture, how a style chooses among them, where hands rest.

A pose is where a hand is and how it is held: position as metres out from the body's midline, up from the shoulders and
forward (for arms of 0.5 m); pronation (palm down positive, palm up negative), flexion and deviation of the wrist in
degrees; a hand shape. The same pose serves either hand, mirrored.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.corpus.shapes import SHAPES

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
            vector[:3] += random.normal(0, 0.016 * spread, 3)
            vector[3:6] += random.normal(0, [7.0, 4.0, 3.0]) * spread
            vector[6:] += random.normal(0, 2.5 * spread, POSE_SIZE - 6)
            vector[6:22:4] += random.normal(0, 3.0 * spread)  # the whole hand a little more open or closed
        return vector


@dataclass(frozen=True)
class Kind:
    """A gesture: where its stroke starts and ends. `beat` kinds start from wherever the hand is."""

    prepared: Pose
    apex: Pose
    stroke_seconds: float = 0.24
    two_handed: float = 0.5  # how much more or less likely both hands do it
    small: bool = False  # can follow closely on another stroke


REST_FRONT = Pose(0.15, -0.305, 0.225, 30.0, 12.0, -4.0, "relaxed")
REST_SIDE = Pose(0.25, -0.465, 0.075, 12.0, 8.0, 2.0, "soft")

_CENTRE = Pose(0.2, -0.235, 0.285, 16.0, -4.0, -3.0, "relaxed")

KINDS: dict[str, Kind] = {
    "beat": Kind(
        replace(_CENTRE, up=-0.175, forward=0.255, flexion=12.0),
        replace(_CENTRE, up=-0.25, forward=0.285, flexion=-8.0),
        0.2,
        0.45,
        small=True,
    ),
    "open_beat": Kind(
        replace(_CENTRE, up=-0.17, out=0.17, pronation=0.0, flexion=8.0, shape="open"),
        replace(_CENTRE, up=-0.245, out=0.205, pronation=-28.0, flexion=-8.0, shape="open"),
        0.22,
        0.5,
        small=True,
    ),
    "present": Kind(
        Pose(0.13, -0.185, 0.235, 5.0, 12.0, 4.0, "relaxed"),
        Pose(0.235, -0.235, 0.315, -62.0, -10.0, -4.0, "open"),
        0.3,
        0.5,
    ),
    "container": Kind(
        Pose(0.2, -0.165, 0.245, 6.0, 6.0, 8.0, "cupped"),
        Pose(0.155, -0.24, 0.29, -2.0, 2.0, 2.0, "cupped"),
        0.24,
        0.97,
    ),
    "precision": Kind(
        Pose(0.185, -0.12, 0.26, 10.0, 14.0, 0.0, "ring"),
        Pose(0.19, -0.195, 0.31, 2.0, -6.0, -4.0, "ring"),
        0.2,
        0.15,
        small=True,
    ),
    "bunch": Kind(
        Pose(0.165, -0.135, 0.245, -20.0, 12.0, 4.0, "bunch"),
        Pose(0.17, -0.205, 0.285, -30.0, -8.0, 0.0, "bunch"),
        0.22,
        0.2,
        small=True,
    ),
    "sweep": Kind(
        Pose(0.075, -0.2, 0.265, 52.0, 8.0, -8.0, "flat"),
        Pose(0.3, -0.215, 0.265, 46.0, -8.0, 12.0, "flat"),
        0.32,
        0.4,
    ),
    "chop": Kind(
        Pose(0.17, -0.11, 0.23, 2.0, 4.0, 10.0, "flat"),
        Pose(0.17, -0.245, 0.3, 0.0, 0.0, -12.0, "flat"),
        0.22,
        0.25,
    ),
    "point": Kind(
        Pose(0.235, -0.135, 0.23, 18.0, 12.0, 0.0, "point"),
        Pose(0.225, -0.13, 0.365, 32.0, 0.0, -14.0, "point"),
        0.24,
        0.02,
    ),
    "self": Kind(
        Pose(0.19, -0.17, 0.25, 0.0, 4.0, 4.0, "open"),
        Pose(0.115, -0.155, 0.205, 20.0, 26.0, 6.0, "soft"),
        0.28,
        0.15,
    ),
    "refuse": Kind(
        Pose(0.15, -0.15, 0.24, 56.0, -28.0, 0.0, "flat"),
        Pose(0.235, -0.155, 0.315, 62.0, -48.0, -6.0, "open"),
        0.28,
        0.7,
    ),
}


@dataclass(frozen=True)
class Manner:
    """How a style gestures."""

    kinds: dict[str, float]
    strokes: float  # probability that an accent of middling strength gets a stroke
    amplitude: float
    tempo: float
    both_hands: float
    height: float  # metres added to every gesture
    idle: float


MANNERS: dict[str, Manner] = {
    "neutral": Manner(
        {"beat": 4, "open_beat": 3, "present": 2.5, "container": 1.5, "precision": 0.8, "bunch": 0.4, "sweep": 0.8}
        | {"chop": 0.5, "point": 0.3, "self": 0.4, "refuse": 0.3},
        *(0.8, 1.0, 1.0, 0.5, 0.0, 1.0),
    ),
    "calm": Manner(
        {"beat": 5, "open_beat": 3, "present": 2, "container": 1.5, "precision": 0.4, "self": 0.3, "sweep": 0.3},
        *(0.6, 0.7, 0.85, 0.45, -0.03, 0.8),
    ),
    "lively": Manner(
        {"beat": 2.5, "open_beat": 3.5, "present": 3.5, "container": 1.5, "sweep": 1.8, "precision": 0.5, "point": 0.6}
        | {"self": 0.7, "refuse": 0.7, "bunch": 0.5, "chop": 0.4},
        *(0.9, 1.3, 1.15, 0.6, 0.025, 1.2),
    ),
    "emphatic": Manner(
        {"beat": 3, "chop": 3, "precision": 2, "bunch": 1, "point": 1.5, "container": 1.5, "refuse": 0.8, "sweep": 0.6},
        *(0.9, 1.2, 1.1, 0.4, 0.015, 0.9),
    ),
}
