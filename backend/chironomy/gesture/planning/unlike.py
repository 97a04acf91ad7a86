# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that is unlike what was there: who makes a range anew with another seed wants to see something else."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.score.phrases import REST, Phrase, Score
from chironomy.motion.hand_motion import HANDS, HandMotion

_OTHERS = 3  # plans that are drawn beside the seed's own
_RESTS_AT = np.array([[0.12, -0.42, 0.2], [-0.12, -0.42, 0.2]])  # metres, about where wrists rest
_RESTING_STEP = 0.25  # seconds


def other_seeds(seed: int) -> Iterator[int]:
    """Seeds of plans that are drawn beside the one of a seed, the same for the same seed."""
    return (int(np.random.default_rng([seed % 2**63, 0x0D1F, number]).integers(2**62)) for number in range(_OTHERS))


@dataclass(frozen=True, eq=False)
class Before:
    """What was there before a range was made anew.

    Attributes:
        motion: the performance.
        first: the first frame of the range.
        last: the frame after its last.
    """

    motion: HandMotion
    first: int
    last: int

    def made_with(self, seed: int) -> bool:
        """Whether this seed made the performance, or a part of it: then something alike is wanted."""
        source = self.motion.source
        return seed in [source.get("seed"), *(entry.get("seed") for entry in source.get("regenerated", ()))]

    def differs(self, plan: Score) -> float:
        """Metres, on average, between where wrists were and where a plan has them, at its strokes and in its rests."""
        apart = [distance for phrase in plan.phrases for distance in self._apart(phrase)]
        return float(np.mean(apart)) if apart else 0.0

    def _apart(self, phrase: Phrase) -> Iterator[float]:
        if phrase.kind == REST:
            for time in np.arange(phrase.start, phrase.end, _RESTING_STEP):
                for hand in range(2):
                    yield from self._from(float(time), hand, _RESTS_AT[hand])
        elif phrase.place is not None:
            for hand, name in enumerate(HANDS):
                if phrase.hands in (name, "both"):
                    # Of both hands it is the right one's, and the left one mirrors it.
                    mirrored = phrase.hands == "both" and name == "left"
                    place = np.array(phrase.place) * ([-1.0, 1.0, 1.0] if mirrored else 1.0)
                    for stroke in phrase.strokes:
                        yield from self._from(stroke.apex, hand, place)

    def _from(self, time: float, hand: int, place: NDArray[np.float64]) -> Iterator[float]:
        frame = round(time * self.motion.fps)
        if self.first <= frame < self.last:
            yield float(np.linalg.norm(self.motion.wrist_position[frame, hand] - place))
