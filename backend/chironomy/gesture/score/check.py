# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether hands can do what a score says, and a model take it."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from chironomy.gesture.score.phrases import REST, Phrase, Score

SOONEST_STROKE = 0.25
"""Seconds from one apex of a hand to the next, and from the start of a phrase to its first, that a hand needs."""

FASTEST = 1.5
"""Metres a second, on average, from one stroke's place to the next one's; at its peak a hand is then twice as fast."""

SHORTEST_PHRASE = 0.25
"""Seconds that a phrase lasts at least: below, a hand cannot even set out for it."""

HELD_AFTER = 0.1
"""Seconds by which a hold may outlast its phrase: what is read and rounded does."""

FARTHEST_ACROSS = 0.15
"""Metres beyond the body's middle at which the place of one hand alone is taken for the other's; only hands that
point across go there."""

BEHIND = -0.1
"""Metres forward of the shoulders below which a place is behind the body, whose back is 7 to 10 cm behind them."""

FARTHEST_OFF = 0.03
"""Metres that a place may lie outside of what arms reach."""


_DONE_ACROSS = ("point_across", "sweep", REST)


def remarks(score: Score, config: Mapping[str, Any]) -> list[str]:
    """Sentences about what will not be done as the score says; none where all will.

    Args:
        score: to be done.
        config: of the gesture model that is to do it.
    """
    said = _about_model(score, config)
    for phrase in score.phrases:
        said += _about_phrase(phrase, score.seconds)
    for hand in ("left", "right"):
        own = [phrase for phrase in score.phrases if phrase.hands in (hand, "both")]
        for before, after in pairwise(own):
            if after.start < before.end - 1e-6:
                said.append(
                    f"the phrases at {before.start:g} and {after.start:g} s lie over each other in the {hand} hand, "
                    f"which does the second from {after.start:g} s on"
                )
            if _apart(before, after) < SOONEST_STROKE - 1e-6:
                said.append(
                    f"the {hand} hand has less than {SOONEST_STROKE:g} s from the stroke at "
                    f"{before.strokes[-1].apex:g} s to that at {after.strokes[0].apex:g} s"
                )
            elif too_far(before, after):
                said.append(
                    f"the {hand} hand has {_way(before, after) * 100:.0f} cm to go from the stroke at "
                    f"{before.strokes[-1].apex:g} s to that at {after.strokes[0].apex:g} s, and would have to be "
                    "as fast as a throw"
                )
    return said


def _apart(before: Phrase, after: Phrase) -> float:
    """Seconds from the last stroke of a phrase to the first one of another; endless where one has none."""
    return after.strokes[0].apex - before.strokes[-1].apex if before.strokes and after.strokes else float("inf")


def _way(before: Phrase, after: Phrase) -> float:
    """Metres between the places of two phrases of the same hands; 0 where they are not said."""
    if not (before.strokes and after.strokes and before.place and after.place and before.hands == after.hands):
        return 0.0
    return float(np.linalg.norm(np.subtract(after.place, before.place)))


def too_far(before: Phrase, after: Phrase) -> bool:
    """Whether a hand cannot be at the second place in the time that it has."""
    way = _way(before, after)
    return way > 0 and way > FASTEST * (after.strokes[0].apex - before.strokes[-1].apex)


def across(phrase: Phrase) -> float:
    """Metres by which the place of one hand lies beyond the body's middle; 0 of kinds that are done there."""
    if phrase.place is None or phrase.hands not in ("left", "right") or phrase.kind in _DONE_ACROSS:
        return 0.0
    return max(-phrase.place[0] if phrase.hands == "left" else phrase.place[0], 0.0)


def _about_model(score: Score, config: Mapping[str, Any]) -> list[str]:
    known = config.get("score_kinds")
    if not known:
        return ["this model has not learned to take a score, and refuses it; use weights that were trained with scores"]
    unknown = sorted({phrase.kind for phrase in score.phrases if phrase.kind} - set(known))
    return [f"this model does not know the kind {kind}, and does what it likes in its place" for kind in unknown]


def _about_phrase(phrase: Phrase, seconds: float) -> list[str]:
    from chironomy.gesture.space import within_reach

    said, name = [], f"the phrase at {phrase.start:g} s"
    if phrase.end > seconds + 1e-3:  # moments are written in milliseconds
        said.append(f"{name} ends at {phrase.end:g} s, after the score's end at {seconds:g} s")
    if phrase.end - phrase.start < SHORTEST_PHRASE - 1e-6:
        said.append(
            f"{name} lasts {phrase.end - phrase.start:.2g} s, too short to be seen; give it {SHORTEST_PHRASE:g} s or "
            "more"
        )
        return said
    for stroke in phrase.strokes:
        if stroke.apex + stroke.hold > phrase.end + HELD_AFTER and stroke is phrase.strokes[-1]:
            said.append(
                f"{name} holds its stroke at {stroke.apex:g} s for {stroke.hold:g} s, beyond its end at "
                f"{phrase.end:g} s, where it is let go"
            )
    apexes = [stroke.apex for stroke in phrase.strokes]
    if apexes and apexes[0] - phrase.start < SOONEST_STROKE - 1e-6:
        said.append(f"{name} has less than {SOONEST_STROKE:g} s to prepare its first stroke, at {apexes[0]:g} s")
    for before, after in zip(phrase.strokes, phrase.strokes[1:], strict=False):
        if after.apex - before.apex < max(before.hold, SOONEST_STROKE) - 1e-6:
            said.append(
                f"{name} has {after.apex - before.apex:.2g} s from the stroke at {before.apex:g} s to the next one, "
                f"and needs {max(before.hold, SOONEST_STROKE):.2g}"
            )
    if phrase.place is not None and phrase.kind != REST:
        hand = 0 if phrase.hands == "left" else 1
        wrists = np.tile(np.array(phrase.place), (2, 1))
        off = float(np.linalg.norm(within_reach(wrists) - wrists, axis=-1)[hand])
        if across(phrase) > FARTHEST_ACROSS:
            said.append(
                f"{name} has the {phrase.hands} hand's place {across(phrase) * 100:.0f} cm on the other side of the "
                "body; where hands was changed, change the sign of the place's first number, too"
            )
        elif phrase.place[2] < BEHIND:
            said.append(
                f"{name} has its place {-phrase.place[2] * 100:.0f} cm behind the shoulders, where the body hides the "
                "hand; make the place's third number greater"
            )
        elif phrase.hands is not None and off > FARTHEST_OFF:
            said.append(f"{name} has its place {off * 100:.0f} cm outside of what the arm reaches at ease")
    return said
