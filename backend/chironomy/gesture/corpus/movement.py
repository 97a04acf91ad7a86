# SPDX-License-Identifier: GPL-3.0-or-later
"""A movement of both hands: which hand moves where, when."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Phase(Enum):
    """Phases of gesture that differ in their speed over time; the stroke is the one of greatest effort (Kendon)."""

    PREPARATION = "gathers speed until the stroke takes over"
    STROKE = "the bell of a minimum-jerk movement"
    RELEASE = "low and even: sinking, retraction"


@dataclass(frozen=True)
class Move:
    """One movement of one hand towards a pose.

    Attributes:
        start: seconds.
        duration: seconds.
        pose: (26,) where it leads.
        arc: height of the arc as a part of the distance.
        phase: what it is in Kendon's terms, which decides how its speed rises and falls.
    """

    start: float
    duration: float
    pose: Array
    arc: float = 0.0
    phase: Phase = Phase.RELEASE


@dataclass(frozen=True)
class Movement:
    """What both hands do, left and right: the pose each starts in and its moves in order; the apexes of the strokes."""

    rest: tuple[Array, Array]
    moves: tuple[list[Move], list[Move]]
    apexes: Array


@dataclass
class Hand:
    """A hand while its movement is written."""

    rest: Array
    pose: Array
    moves: list[Move] = field(default_factory=list)
    free_from: float = -10.0

    @property
    def resting(self) -> bool:
        """Whether the last move leads to rest, or there is none."""
        return self.pose is self.rest

    def move(self, start: float, duration: float, pose: Array, arc: float = 0.0, phase: Phase = Phase.RELEASE) -> None:
        """Append a move."""
        self.moves.append(Move(start, duration, pose, arc, phase))
        self.pose = pose
        self.free_from = start + duration
