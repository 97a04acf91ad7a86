# SPDX-License-Identifier: GPL-3.0-or-later
"""Size and tempo of the hands that change over a performance, as an emotion does."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.body.emotion import EmotionTrack
from chironomy.gesture.settings import AMPLITUDE, SPEED

Array = NDArray[np.float64]

_ALIKE, _SHORTEST = 0.08, 2.0  # of the logarithm of a factor within a piece, and seconds of one that changes
_LOOKS = 16  # how often a stretch is looked at for its mean


class Piece(NamedTuple):
    """A piece of a recording from `start` on, in seconds, with its factors of size and tempo."""

    start: float
    amplitude: float
    speed: float


@dataclass(frozen=True, eq=False)
class Course:
    """Factors of size and tempo over time, with even change between, and as at the ends beyond them.

    Attributes:
        times: (K,) seconds, rising.
        amplitude: (K,) factors of the size of the hands' gestures.
        speed: (K,) factors of their tempo.
    """

    times: Array
    amplitude: Array
    speed: Array

    def at(self, time: float) -> tuple[float, float]:
        """Return the factors of size and tempo at some seconds."""
        return float(np.interp(time, self.times, self.amplitude)), float(np.interp(time, self.times, self.speed))

    def between(self, start: float, end: float) -> tuple[float, float]:
        """Return their means from one moment to another, in seconds."""
        now = np.linspace(start, end, _LOOKS)
        amplitude, speed = (np.interp(now, self.times, each).mean() for each in (self.amplitude, self.speed))
        return float(amplitude), float(speed)

    def pieces(self, seconds: float) -> list[Piece]:
        """Return pieces of a recording that each have one size and tempo, in order: the finer, the more they change."""
        ends = np.clip(np.unique([0.0, *self.times, seconds]), 0.0, seconds)
        borders = [0.0]
        for start, end in pairwise(np.unique(ends).tolist()):
            change = max(abs(math.log(one / other)) for one, other in zip(self.at(start), self.at(end), strict=True))
            count = max(min(math.ceil(change / _ALIKE), int((end - start) / _SHORTEST)), 1)
            borders += np.linspace(start, end, count + 1)[1:].tolist()
        pieces: list[Piece] = []
        since = 0.0
        for start, end in pairwise(borders):
            if end - start < _SHORTEST and end < seconds:
                continue  # what is too short for a gesture of its own is as what comes after it
            piece = Piece(since, *self.between(start, end))
            if not pieces or pieces[-1][1:] != piece[1:]:
                pieces.append(piece)
            since = end
        return pieces


def course_of(felt: EmotionTrack) -> Course | None:
    """Return what an emotion that changes does to the hands over time; None where it does not change."""
    if len(felt.times) < 2 or (felt.weights == felt.weights[0]).all():
        return None
    return Course(felt.times, felt.mixed("amplitude", felt.times), felt.mixed("speed", felt.times))


def moved_by(felt: EmotionTrack, amplitude: float, speed: float) -> dict[str, float]:
    """Return the size and the tempo of hands that are to be so large and fast otherwise, and feel the same throughout.

    What is out of range by itself stays as it is.
    """
    moved = {}
    for name, usual, allowed in (("amplitude", amplitude, AMPLITUDE), ("speed", speed, SPEED)):
        factor = float(felt.mixed(name, [0.0])[0])
        moved[name] = allowed.clamped(usual * factor) if allowed.clamped(usual) == usual else usual
    return moved
