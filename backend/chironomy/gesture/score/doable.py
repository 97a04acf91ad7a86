# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read from a motion, said so that hands can do it again: nothing that `gesture.score.check` remarks on.

A reader's moments are a frame or two off, and what people do now and then is quicker than what hands are asked to do.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from chironomy.gesture.score.check import FARTHEST_ACROSS, FARTHEST_OFF, SOONEST_STROKE, across, too_far
from chironomy.gesture.score.phrases import REST, Phrase, Stroke
from chironomy.gesture.space import within_reach
from chironomy.motion.hand_motion import HANDS


def doable(phrases: Iterable[Phrase], seconds: float) -> list[Phrase]:
    """The phrases, none longer than the recording, with strokes and places that a hand has time for and reaches.

    A stroke that comes too soon after another one of its hand is left out, and a phrase of which nothing else is said
    with it.

    Args:
        phrases: with their hands, in the order in which they start.
        seconds: how long the recording is.
    """
    made: list[Phrase] = []
    for read in phrases:
        phrase = _within(read, seconds)
        before = [other for other in made if _share_hand(phrase, other)]
        reached = max((stroke.apex for other in before for stroke in other.strokes), default=-SOONEST_STROKE)
        strokes = _apart(phrase.strokes, max(reached + SOONEST_STROKE, SOONEST_STROKE), phrase.end)
        if phrase.strokes and not strokes:
            continue
        if strokes:
            # The hand sets out for it as soon as it was where the one before went.
            start = min(phrase.start, max(strokes[0].apex - SOONEST_STROKE, 0.0))
            phrase = replace(phrase, start=round(start, 3), strokes=strokes, place=_reached(phrase))
        for number, other in enumerate(made):
            if _share_hand(phrase, other) and other.end > phrase.start:
                made[number] = _until(other, phrase.start)
        if any(too_far(made[-1 - back], phrase) for back in range(min(len(made), 4))):
            phrase = replace(phrase, place=None)
        made.append(phrase)
    return sorted(made, key=lambda phrase: phrase.start)


def _share_hand(one: Phrase, other: Phrase) -> bool:
    return one.hands == other.hands or "both" in (one.hands, other.hands)


def _within(phrase: Phrase, seconds: float) -> Phrase:
    strokes = tuple(stroke for stroke in phrase.strokes if stroke.apex <= seconds)
    return replace(phrase, end=min(phrase.end, seconds), strokes=strokes)


def _apart(strokes: Iterable[Stroke], earliest: float, end: float) -> tuple[Stroke, ...]:
    """The strokes from a moment on that are not too close to each other, each held until the next one at most."""
    made: list[Stroke] = []
    for stroke in strokes:
        if stroke.apex < earliest:
            continue
        if made:
            made[-1] = replace(made[-1], hold=min(made[-1].hold, round(stroke.apex - made[-1].apex, 3)))
        made.append(replace(stroke, hold=min(stroke.hold, max(round(end - stroke.apex, 3), 0.0))))
        earliest = stroke.apex + SOONEST_STROKE + 1e-3
    return tuple(made)


def _until(phrase: Phrase, end: float) -> Phrase:
    """A phrase that ends when the hand sets out for the next one: after its last stroke."""
    end = max(end, phrase.start, phrase.strokes[-1].apex if phrase.strokes else phrase.start)
    end = min(end, phrase.end)
    strokes = tuple(
        replace(stroke, hold=min(stroke.hold, max(round(end - stroke.apex, 3), 0.0))) for stroke in phrase.strokes
    )
    return replace(phrase, end=end, strokes=strokes)


def _reached(phrase: Phrase) -> tuple[float, float, float] | None:
    """The place, where the arm reaches it at ease; none far on the other hand's side, which would be taken for it."""
    if phrase.place is None or phrase.kind == REST:
        return phrase.place
    if across(phrase) > FARTHEST_ACROSS:
        return None
    wrists = np.tile(np.array(phrase.place), (2, 1))
    inside = within_reach(wrists)[HANDS.index("left" if phrase.hands == "left" else "right")]
    if np.linalg.norm(inside - wrists[0]) <= FARTHEST_OFF:
        return phrase.place
    x, y, z = (round(float(value), 3) for value in inside)
    return x, y, z
