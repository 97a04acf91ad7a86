# SPDX-License-Identifier: GPL-3.0-or-later
"""How well scores are read and done.

A phrase counts as found where a read one of the same kind and of one of its hands lies over it for at least half of the
time that the two take together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.score.phrases import REST, Phrase, Score
from chironomy.gesture.score.read import Reader, read_score
from chironomy.motion.hand_motion import HANDS, HandMotion

_STROKE_SPEED = 0.5  # metres a second, above which a peak of a wrist's speed is a stroke


@dataclass(frozen=True)
class ReadBack:
    """How the phrases of scores were found again.

    Attributes:
        wanted: phrases there were.
        read: phrases that were read.
        found: phrases that were found, kind and all.
        found_any_kind: phrases that were found but for their kind.
        apex_errors: (N,) seconds from each stroke of a phrase that was found to the nearest stroke read.
    """

    wanted: int
    read: int
    found: int
    found_any_kind: int
    apex_errors: NDArray[np.float64]

    @property
    def f1(self) -> float:
        """Of phrases with their kinds."""
        return 2 * self.found / max(self.wanted + self.read, 1)

    @property
    def f1_any_kind(self) -> float:
        """Of phrases whatever their kind."""
        return 2 * self.found_any_kind / max(self.wanted + self.read, 1)

    def told(self) -> str:
        """One line."""
        errors = 1000 * np.abs(self.apex_errors) if len(self.apex_errors) else np.array([np.nan])
        return (
            f"read-back of {self.wanted} phrases: F1 {self.f1:.3f} ({self.f1_any_kind:.3f} whatever the kind), apexes "
            f"{np.median(errors):.0f} ms apart in the median and {np.percentile(errors, 95):.0f} ms at 95 %"
        )


def read_back(pairs: Iterable[tuple[HandMotion, Score]], reader: Reader | None = None) -> ReadBack:
    """Read motions whose scores are known."""
    wanted = read = found = any_kind = 0
    errors: list[float] = []
    for motion, score in pairs:
        there, here = gestures(score), gestures(read_score(motion, reader))
        wanted, read = wanted + len(there), read + len(here)
        any_kind += len(matched(there, here, kind=False))
        for asked, got in matched(there, here):
            found += 1
            errors += apex_errors(asked, got)
    return ReadBack(wanted, read, found, any_kind, np.array(errors))


def gestures(score: Score) -> list[Phrase]:
    """The phrases in which something is gestured, each until the next one of the same hand begins."""
    phrases = [phrase for phrase in score.phrases if phrase.kind != REST]
    made = []
    for number, phrase in enumerate(phrases):
        later = [
            other.start for other in phrases[number + 1 :] if _share_hand(phrase, other) and other.start > phrase.start
        ]
        end = min([phrase.end, *later])
        strokes = tuple(stroke for stroke in phrase.strokes if stroke.apex <= end)
        made.append(replace(phrase, end=end, strokes=strokes))
    return made


def matched(there: Sequence[Phrase], here: Sequence[Phrase], *, kind: bool = True) -> list[tuple[Phrase, Phrase]]:
    """Pairs of a phrase and the read one that it was found as, those that fit best first; each is in one pair."""
    fits = [
        (overlap(asked, got), one, two)
        for one, asked in enumerate(there)
        for two, got in enumerate(here)
        if _share_hand(asked, got) and (not kind or asked.kind == got.kind)
    ]
    used_there: set[int] = set()
    used_here: set[int] = set()
    pairs = []
    for fit, one, two in sorted(fits, reverse=True):
        if fit >= 0.5 and one not in used_there and two not in used_here:
            used_there.add(one)
            used_here.add(two)
            pairs.append((there[one], here[two]))
    return pairs


def overlap(one: Phrase, other: Phrase) -> float:
    """The part of the time of two phrases, taken together, in which both are."""
    both = min(one.end, other.end) - max(one.start, other.start)
    return both / max(max(one.end, other.end) - min(one.start, other.start), 1e-9)


def apex_errors(asked: Phrase, got: Phrase) -> list[float]:
    """Seconds by which the nearest stroke of `got` is later than each of `asked`."""
    if not got.strokes:
        return []
    apexes = np.array([stroke.apex for stroke in got.strokes])
    return [float(apexes[np.abs(apexes - stroke.apex).argmin()] - stroke.apex) for stroke in asked.strokes]


def explained_strokes(motion: HandMotion, score: Score) -> tuple[int, int]:
    """How many of a motion's strokes lie in a gesture phrase of their hand, and how many there are.

    A stroke is a peak of a wrist's speed above 0.5 m/s; it belongs to a phrase from the hand's setting out to its
    letting go.
    """
    phrases = gestures(score)
    inside = total = 0
    for hand in range(2):
        speed = np.linalg.norm(np.gradient(motion.wrist_position[:, hand], 1 / motion.fps, axis=0), axis=-1)
        peaks = (
            np.flatnonzero((speed[1:-1] > _STROKE_SPEED) & (speed[1:-1] >= speed[:-2]) & (speed[1:-1] > speed[2:])) + 1
        )
        for peak in peaks / motion.fps:
            own = [phrase for phrase in phrases if phrase.hands in (HANDS[hand], "both")]
            total += 1
            inside += any(phrase.start - 0.05 <= peak <= phrase.end + 0.05 for phrase in own)
    return inside, total


def _share_hand(one: Phrase, other: Phrase) -> bool:
    return "both" in (one.hands, other.hands) or None in (one.hands, other.hands) or one.hands == other.hands
