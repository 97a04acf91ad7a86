# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of performances that are put together from parts of others, and phrases that are moved in time."""

from collections.abc import Sequence
from dataclasses import replace

from chironomy.gesture.score.phrases import Phrase, Score, Stroke
from chironomy.motion.hand_motion import HANDS


def merged(score: Score, other: Score, start: float, end: float, hands: Sequence[str] = HANDS) -> Score:
    """The score of a performance of which a part is another one's.

    A phrase belongs to the part if the middle of it lies inside, and one of its hands is among these.

    Args:
        score: of the performance.
        other: of the one that the part is from.
        start: seconds.
        end: seconds.
        hands: whose part it is.
    """
    kept = [phrase for phrase in score.phrases if not _within(phrase, start, end, hands)]
    new = [phrase for phrase in other.phrases if _within(phrase, start, end, hands) and phrase.start <= score.seconds]
    return replace(score, phrases=tuple(sorted([*kept, *new], key=lambda phrase: phrase.start)))


def retimed(phrase: Phrase, start: float, end: float) -> Phrase:
    """The phrase from another second to another, its strokes in proportion.

    Raises:
        GestureError: it would end before it starts.
    """
    length = phrase.end - phrase.start
    pace = (end - start) / length if length > 0.0 else 1.0
    strokes = tuple(
        Stroke(
            min(max(start + (stroke.apex - phrase.start) * pace, start), max(end, start)), stroke.hold * max(pace, 0.0)
        )
        for stroke in phrase.strokes
    )
    return replace(phrase, start=start, end=end, strokes=strokes)


def _within(phrase: Phrase, start: float, end: float, hands: Sequence[str]) -> bool:
    middle = 0.5 * (phrase.start + phrase.end)
    own = HANDS if phrase.hands in ("both", None) else (phrase.hands,)
    return start <= middle <= end and any(hand in hands for hand in own)
