# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing single phrases of a performance: only their surroundings are made anew, everything else stays as it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chironomy.gesture.carry import carried
from chironomy.gesture.ranges import frames_of_range, kept_outside
from chironomy.gesture.score.phrases import FIELDS, REST, Phrase, Score
from chironomy.motion.hand_motion import HANDS, HandMotion

if TYPE_CHECKING:
    from chironomy.gesture.maker import GestureMaker
    from chironomy.speech.decode import Speech

SURROUNDINGS = 0.4
"""Seconds before and after a changed phrase that are made anew with it, so that hands find their way there and back."""

_LEAST = 0.2  # seconds that a range has at least


class Range(NamedTuple):
    """What is to be made anew: seconds, and "left", "right" or both."""

    start: float
    end: float
    hands: tuple[str, ...]


def with_phrase(score: Score, phrase: Phrase, instead_of: int | None = None) -> Score:
    """The score with one phrase more, or with another one in the place of number `instead_of`, from 0 on."""
    others = [other for number, other in enumerate(score.phrases) if number != instead_of]
    return replace(score, phrases=tuple(sorted([*others, phrase], key=lambda each: each.start)))


def without_phrase(score: Score, number: int) -> Score:
    """The score with a rest in the place of phrase `number`: of `score.phrases`, from 0 on.

    Sentences about a score's file count its phrases from 1.
    """
    gone = score.phrases[number]
    return with_phrase(score, Phrase(gone.start, gone.end, kind=REST, hands=gone.hands), number)


def changed_ranges(before: Score, after: Score) -> list[Range]:
    """What of a motion must be made anew where another score is to be done.

    A range holds a phrase that is new, gone or different, and its surroundings, but nothing of a phrase of the same
    hand of which anything is locked and that is in both scores.
    """
    old, new = _counted(before), _counted(after)
    different = [*_phrases_of(old - new, before), *_phrases_of(new - old, after)]
    kept = [phrase for phrase in _phrases_of(old & new, after) if _locked(phrase)]
    seconds = max(before.seconds, after.seconds)
    ranges: dict[tuple[float, float], list[str]] = {}
    for hand in HANDS:
        spans = [
            (max(phrase.start - SURROUNDINGS, 0.0), min(phrase.end + SURROUNDINGS, seconds))
            for phrase in different
            if phrase.hands in (hand, "both", None)
        ]
        locked = [(phrase.start, phrase.end) for phrase in kept if phrase.hands in (hand, "both", None)]
        for span in _outside(_merged(spans), locked):
            ranges.setdefault(span, []).append(hand)
    return [Range(start, end, tuple(hands)) for (start, end), hands in sorted(ranges.items())]


def change(
    maker: "GestureMaker",
    speech: "Speech",
    motion: HandMotion,
    after: Score,
    before: Score | None = None,
    **settings: Any,
) -> HandMotion:
    """Do another score in a performance, and leave alone what both scores have.

    Args:
        maker: the pipeline or the runtime.
        speech: the recording.
        motion: the performance.
        after: what it is to be.
        before: what it is; by default the score or the plan that it was made with, or the one that is read from it,
            whichever `after` has more of.
        settings: of the new frames, as `regenerate` takes them.

    Raises:
        GestureError: as `regenerate` does.
    """
    before = before or _known(maker, speech, motion, after)
    locked = settings.pop("locked", None)
    ranges = [
        each
        for each in changed_ranges(before, after)
        if each.end - each.start >= 1 / motion.fps
        and each.start < min(motion.duration, speech.duration) - 1 / motion.fps
    ]
    inside = np.zeros((motion.frame_count, 2), bool)
    for start, end, hands in ranges:
        inside |= ~kept_outside(motion, *frames_of_range(motion, start, end), hands)
    motion, done = carried(motion, before, after, inside, locked)
    asked = _asked(before, after)
    for start, end, hands in ranges:
        first, last = frames_of_range(motion, start, end)
        if not (kept_outside(motion, first, last, hands) | done).all():
            motion = maker.regenerate(speech, motion, start, end, hands=hands, score=asked, locked=done, **settings)
    return motion.replaced(source={**motion.source, "score": after.to_dict()})


def _asked(before: Score, after: Score) -> Score:
    """The second score, what is new in it locked: of a plan, too, somebody wants to see what they changed."""
    new = _counted(after) - _counted(before)

    def sure(phrase: Phrase) -> Phrase:
        if not new[_key(phrase)] or phrase.kind == REST:
            return phrase
        return replace(phrase, states={name: "locked" for name in FIELDS if phrase.state(name) != "free"})

    return replace(after, phrases=tuple(map(sure, after.phrases)))


def _known(maker: "GestureMaker", speech: "Speech", motion: HandMotion, after: Score) -> Score:
    from chironomy.gesture.score.read import read_score

    # Where several have as much of it, it is the one that is known.
    candidates = [
        Score.from_dict(motion.source["score"], "the motion's score")
        if "score" in motion.source
        else maker.plan_of(speech, motion),
        read_score(motion),
    ]
    wanted = _counted(after)
    return max(filter(None, candidates), key=lambda score: (_counted(score) & wanted).total())


def _counted(score: Score) -> Counter[str]:
    return Counter(_key(phrase) for phrase in score.phrases)


def _key(phrase: Phrase) -> str:
    """The same for phrases that ask the same of the hands, whatever is locked or said there."""
    values = [getattr(phrase, name) if phrase.state(name) != "free" else None for name in FIELDS]
    return repr((phrase.start, phrase.end, values))


def _phrases_of(keys: Counter[str], score: Score) -> list[Phrase]:
    return [phrase for phrase in score.phrases if keys[_key(phrase)]]


def _locked(phrase: Phrase) -> bool:
    return any(phrase.state(name) == "locked" for name in FIELDS)


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    made: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return made


def _outside(spans: Sequence[tuple[float, float]], locked: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What of the spans lies in nothing that is locked."""
    made = list(spans)
    for start, end in locked:
        made = [
            part
            for begin, stop in made
            for part in ([(begin, stop)] if end <= begin or start >= stop else [(begin, start), (end, stop)])
            if part[1] - part[0] >= _LEAST
        ]
    return made
