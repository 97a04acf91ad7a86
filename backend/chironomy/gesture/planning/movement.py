# SPDX-License-Identifier: GPL-3.0-or-later
"""A movement of both hands: which hand moves where, when, and what that is as a score."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.score.phrases import REST, Phrase, Score

Array = NDArray[np.float64]

_SHORTEST_REST = 0.7  # seconds; what is shorter is a pause within gesturing


class Phase(Enum):
    """Phases of gesture that differ in their speed over time; the stroke is the one of greatest effort (Kendon)."""

    PREPARATION = "gathers speed until the stroke takes over"
    STROKE = "the bell of a minimum-jerk movement"
    RELEASE = "low and even: recoil, drifting, sinking, retraction"


@dataclass(frozen=True)
class Move:
    """One movement of one hand towards a pose.

    Attributes:
        start: seconds.
        duration: seconds.
        pose: (26,) where it leads.
        bow: (3,) metres by which the middle of its path lies aside.
        phase: what it is in Kendon's terms, which decides how its speed rises and falls.
        lags: (5,) seconds by which index, middle, little and ring finger and thumb set off after the wrist.
    """

    start: float
    duration: float
    pose: Array
    bow: Array
    phase: Phase
    lags: Array


@dataclass(frozen=True)
class Movement:
    """What both hands do.

    Attributes:
        rest: the pose in which the left and the right hand start.
        moves: their moves in order.
        apexes: (N,) seconds at which strokes arrive, of either hand.
        phrases: the same as gesture phrases, in order.
    """

    rest: tuple[Array, Array]
    moves: tuple[list[Move], list[Move]]
    apexes: Array
    phrases: tuple[Phrase, ...] = ()

    def score(self, seconds: float) -> Score:
        """The phrases as the score of a recording that lasts so long, and the rests between them."""
        phrases: list[Phrase] = []
        now = 0.0
        for phrase in sorted(self.phrases, key=lambda phrase: phrase.start):
            if phrase.start >= seconds:
                break
            if phrase.start - now > _SHORTEST_REST:
                phrases.append(Phrase(now, phrase.start, kind=REST, hands="both"))
            phrases.append(phrase)
            now = max(now, phrase.end)
        if seconds - now > _SHORTEST_REST:
            phrases.append(Phrase(now, seconds, kind=REST, hands="both"))
        return Score(tuple(phrases), seconds)


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

    def move(self, move: Move) -> None:
        """Append a move."""
        self.moves.append(move)
        self.pose = move.pose
        self.free_from = move.start + move.duration
