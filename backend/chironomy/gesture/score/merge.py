# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of performances that are put together or edited: parts of others, phrases moved in time, hands exchanged.

A hand does one phrase at a time: where two would lie over each other, one gives way to the other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from chironomy.gesture.score.phrases import FARTHEST, REST, Phrase, Score, Stroke
from chironomy.motion.hand_motion import HANDS

SHORTEST = 0.2
"""Seconds below which nothing is left of a phrase that gives way."""


class _Own(NamedTuple):
    """What one hand does of a phrase: the phrase as that hand's, and the number of the one that it is from."""

    phrase: Phrase
    number: int


def merged(score: Score, other: Score, start: float, end: float, hands: Sequence[str] = HANDS) -> Score:
    """The score of a performance of which a part is another one's.

    Of each hand the part has the phrases whose middle lies inside; where one of them and one that stays lie over each
    other, they meet at the part's border.

    Args:
        score: of the performance.
        other: of the one that the part is from.
        start: seconds.
        end: seconds.
        hands: whose part it is.
    """
    made: dict[str, list[_Own]] = {}
    for hand in HANDS:
        old, new = _of_hand(score, hand), _of_hand(other, hand, len(score.phrases))
        if hand not in hands:
            made[hand] = old
            continue
        kept = [own for own in old if not start <= _middle(own.phrase) <= end]
        part = [own for own in new if start <= _middle(own.phrase) <= end and own.phrase.start <= score.seconds]
        made[hand] = _met(kept, part, start, end)
    return _together(score, made, other.phrases)


def giving_way(score: Score, firm: Iterable[Phrase]) -> Score:
    """The score with every other phrase shortened or gone where it would lie over a firm one of the same hand.

    Args:
        score: whose phrases may lie over each other.
        firm: phrases of it; of two firm ones that which is named later gives way.
    """
    wanted = list(firm)
    numbers = {number: wanted.index(phrase) for number, phrase in enumerate(score.phrases) if phrase in wanted}
    made: dict[str, list[_Own]] = {}
    for hand in HANDS:
        own = _of_hand(score, hand)
        done: list[_Own] = []
        for each in sorted(own, key=lambda each: numbers.get(each.number, len(wanted))):
            left: Phrase | None = each.phrase
            for other in done:
                if left is not None and other.number in numbers:
                    left = _beside(left, other.phrase.start, other.phrase.end)
            if left is not None:
                done.append(_Own(left, each.number))
        made[hand] = done
    return _together(score, made)


def in_other_hand(score: Score, start: float, end: float, hands: Sequence[str] = HANDS) -> Score:
    """The score of a performance in a part of which hands do, mirrored, what the other one did.

    Args:
        score: of the performance before.
        start: seconds.
        end: seconds.
        hands: which do what the other did; both exchange what they do.
    """
    exchanged = replace(score, phrases=tuple(map(_mirrored, score.phrases)))
    return merged(score, exchanged, start, end, hands)


def at_other_times(score: Score, later: Callable[[float], float], hands: Sequence[str] = HANDS) -> Score:
    """The score with what hands do at other times.

    Args:
        score: of the performance before.
        later: gives for a second the one at which it is seen now; it grows.
        hands: whose times change.
    """

    def at(time: float) -> float:
        return min(max(later(time), 0.0), score.seconds)

    made: dict[str, list[_Own]] = {}
    for hand in HANDS:
        made[hand] = []
        for own in _of_hand(score, hand):
            phrase = own.phrase
            if hand in hands:
                start, end = at(phrase.start), max(at(phrase.end), at(phrase.start))
                strokes = tuple(
                    Stroke(
                        min(max(at(stroke.apex), start), end),
                        max(at(stroke.apex + stroke.hold) - at(stroke.apex), 0.0),
                    )
                    for stroke in phrase.strokes
                )
                phrase = replace(phrase, start=start, end=end, strokes=strokes)
            made[hand].append(_Own(phrase, own.number))
    return _together(score, made)


def of_other_size(score: Score, factor: float, start: float, end: float, hands: Sequence[str] = HANDS) -> Score:
    """The score with the sizes of phrases whose middle lies in a part multiplied, where hands do them."""

    def sized(phrase: Phrase) -> Phrase:
        if phrase.size is None or not start <= _middle(phrase) <= end:
            return phrase
        return replace(phrase, size=min(factor * phrase.size, FARTHEST))

    other = replace(score, phrases=tuple(map(sized, score.phrases)))
    return merged(score, other, start, end, hands)


def at_rest(score: Score, start: float, end: float, hands: Sequence[str] = HANDS) -> Score:
    """The score in a part of which hands rest; a phrase that goes on into it ends where it begins."""
    end = min(end, score.seconds)
    if end - start < SHORTEST:
        return score
    rests = [Phrase(max(start, 0.0), end, kind=REST, hands="both" if len(hands) == len(HANDS) else hands[0])]
    whole = replace(score, phrases=tuple(sorted([*score.phrases, *rests], key=_order)))
    return giving_way(whole, rests)


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


def cut(phrase: Phrase, start: float, end: float) -> Phrase | None:
    """What is left of a phrase between two seconds; None where that is no gesture any more."""
    start, end = max(start, phrase.start), min(end, phrase.end)
    if (start, end) == (phrase.start, phrase.end):
        return phrase
    if end - start < SHORTEST:
        return None
    strokes = tuple(stroke for stroke in phrase.strokes if start <= stroke.apex <= end)
    if phrase.strokes and not strokes:
        return None
    return replace(phrase, start=start, end=end, strokes=strokes)


def _middle(phrase: Phrase) -> float:
    return 0.5 * (phrase.start + phrase.end)


def _mirrored(phrase: Phrase) -> Phrase:
    """The phrase in the other hand; of both hands it is the mirror image of itself."""
    hands = {HANDS[0]: HANDS[1], HANDS[1]: HANDS[0]}.get(phrase.hands or "", phrase.hands)
    place = phrase.place
    if place is not None and hands in HANDS:
        place = (-place[0], place[1], place[2])
    return replace(phrase, hands=hands, place=place)


def _of_hand(score: Score, hand: str, numbered: int = 0) -> list[_Own]:
    """What a hand does of a score; of both hands' phrases its own part, at its own side."""
    made: list[_Own] = []
    for number, phrase in enumerate(score.phrases, numbered):
        if phrase.hands in (hand, "both", None):
            place = phrase.place
            if place is not None and phrase.hands == "both" and hand == HANDS[0]:
                place = (-place[0], place[1], place[2])
            made.append(_Own(replace(phrase, hands=hand, place=place), number))
    return made


def _together(score: Score, made: dict[str, list[_Own]], others: Sequence[Phrase] = ()) -> Score:
    """The score in which each hand does its own phrases; what both do of one at the same time is one phrase.

    Args:
        score: gives everything but the phrases.
        made: by hand, numbered as the score's phrases and then the others are.
        others: see above.
    """
    known = (*score.phrases, *others)
    left, right = ({(own.number, own.phrase.start, own.phrase.end): own.phrase for own in made[hand]} for hand in HANDS)
    phrases = [
        replace(known[key[0]], start=right[key].start, end=right[key].end, strokes=right[key].strokes)
        for key in left.keys() & right.keys()
    ]
    phrases += [phrase for key, phrase in left.items() if key not in right]
    phrases += [phrase for key, phrase in right.items() if key not in left]
    return replace(score, phrases=tuple(sorted(phrases, key=_order)))


def _order(phrase: Phrase) -> tuple[float, float, str]:
    return phrase.start, phrase.end, phrase.hands or ""


def _met(kept: Sequence[_Own], part: Sequence[_Own], start: float, end: float) -> list[_Own]:
    """Phrases that stay and those of a part, which meet at its borders where they would lie over each other."""
    before = [own for own in kept if _middle(own.phrase) < start]
    after = [own for own in kept if _middle(own.phrase) > end]
    reached = max((own.phrase.end for own in before), default=start)
    begun = min((own.phrase.start for own in after), default=end)
    first = min((own.phrase.start for own in part), default=reached)
    last = max((own.phrase.end for own in part), default=begun)
    # Where both go beyond the border, it is the border; else whichever does stays as it is.
    into = max(start, min(first, reached))
    out = min(end, max(last, begun))
    made = [(own, cut(own.phrase, own.phrase.start, into)) for own in before]
    made += [(own, cut(own.phrase, min(into, reached), max(out, begun))) for own in part]
    made += [(own, cut(own.phrase, out, own.phrase.end)) for own in after]
    return [own._replace(phrase=phrase) for own, phrase in made if phrase is not None]


def _beside(phrase: Phrase, start: float, end: float) -> Phrase | None:
    """What of a phrase lies before a stretch or after it, whichever has more of its strokes, or is longer."""
    if phrase.end <= start or phrase.start >= end:
        return phrase
    parts = [part for part in (cut(phrase, phrase.start, start), cut(phrase, end, phrase.end)) if part is not None]
    return max(parts, key=lambda part: (len(part.strokes), part.end - part.start), default=None)
