# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of a performance that nobody has written: what a speaker of a style would do, from the speech alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chironomy.gesture.course import Course, Piece
from chironomy.gesture.planning.manners import MANNERS, PERFORMED, manner_of
from chironomy.gesture.planning.places import soft_least
from chironomy.gesture.planning.planner import ANTICIPATION, HIGH, Planner
from chironomy.gesture.planning.resting import rested
from chironomy.gesture.planning.spoken import spoken_phrases, within
from chironomy.gesture.repertoire.kinds import COUNT_SHAPES, KINDS
from chironomy.gesture.score.merge import cut, merged
from chironomy.gesture.score.phrases import FARTHEST, FIELDS, REST, Phrase, Score, Stroke, with_rests
from chironomy.gesture.settings import AMPLITUDE, SPEED
from chironomy.gesture.shaping import shape_of
from chironomy.motion.hand_motion import HANDS
from chironomy.speech.accents import accent_onsets, pitch_accents
from chironomy.speech.decode import Speech

# Kinds that say nothing by themselves: beside words, whatever is said, none of them says the opposite.
_PLAIN = ("beat", "open_beat", "present", "container", "ring", "bunch", "chop", "sweep", "fist")
# Kinds that say one thing, which nobody said where a plan is performed: they come seldom and are let go soon.
_NAMING = ("point_out", "point_across", "point_you", "point_up", "point_down", "count", "thumb_up", "wave")
_SELDOM, _NAMED = 0.1, 0.4  # of the style's share; seconds after the last apex
_HELD_UP = 0.55  # seconds for which a hand is held up after a stroke
_NAMED_AGAIN = 1.2  # seconds between two of their strokes
# Size of strokes, the space they find their places in, and metres by which it lies higher: as hands then come out that
# let go of a part of it, and rest in between.
_LARGER, _ROOM, _HIGHER = 1.25, 1.5, 0.02
# Metres: strokes that arrive lower are not seen; two hands that arrive as high as one surrender.
_LOWEST, _BOTH_LOWER, _BOTH_AT_MOST, _SOFT = -0.3, 0.07, 0.0, 0.03
_FOR_RESTS = 0.22  # seconds more between two strokes than the style has
_PLANNED = "planned"  # what a plan says that it is
_RIGHT_HANDED, _ONE_HANDED = 0.75, 0.5
_EARLIEST = (0.55, 1.2)  # seconds: hands are at rest when the recording begins
_MARGIN = 0.15  # seconds between what is given and what is planned beside it
_SHORTEST = 0.3  # seconds of a rest that is left between them
_PREPARED, _SETTLING = 0.35, 0.1  # seconds before the strokes of what is left of a planned phrase, and after them
_LET_GO = 0.7  # seconds without a gesture in which hands are let down
_SWINGING = 1.6  # seconds for which a hand goes on swinging


def planned_score(
    speech: Speech,
    *,
    style: Mapping[str, float],
    speed: float = 1.0,
    amplitude: float = 1.0,
    rate: float = 1.0,
    handedness: str | None = None,
    seed: int = 0,
    plain: bool = False,
    course: Course | None = None,
) -> Score:
    """What is gestured when, of a whole recording: phrases with every field, and the rests between them.

    Where size and tempo change, each piece of the recording is as in a plan of its own size and tempo; so nothing is
    planned otherwise before they change.

    Args:
        speech: the recording; where nobody speaks, hands rest.
        style: weights of styles by name; those that have no manner, and what is missing to 1, are neutral.
        speed: relative, 1 is the style's own.
        amplitude: likewise.
        rate: likewise, of strokes.
        handedness: "left", "right", "both" or None for whatever comes.
        seed: the same gives the same score.
        plain: whether to leave out kinds that mean something by themselves.
        course: how speed and amplitude change over time, in parts of what is said above.
    """
    if course is not None:
        manner = {"style": style, "rate": rate, "handedness": handedness, "seed": seed, "plain": plain}
        return _in_pieces(speech, course.pieces(speech.duration), speed, amplitude, manner)
    random = np.random.default_rng([seed % 2**63, 0x5C0])
    earliest = float(random.uniform(*_EARLIEST))
    planner = Planner(_known(style), speed, amplitude, random, handedness, rate, earliest, PERFORMED)
    if rate > 1.0:  # who wants more of them than there are accents gets them in between
        freedom = 1.0 - (1.0 - planner.manner.freedom) / np.sqrt(rate)
        planner.manner = replace(planner.manner, freedom=freedom)
    planner.interval += _FOR_RESTS
    planner.amplitude *= _LARGER
    planner.space *= _ROOM
    planner.home[1] += _HIGHER
    planner.kinds = {name: weight * (_SELDOM if name in _NAMING else 1.0) for name, weight in planner.kinds.items()}
    if plain:
        planner.kinds = {name: weight for name, weight in planner.kinds.items() if name in _PLAIN} or {"beat": 1.0}
    phrases = spoken_phrases(speech)
    times, strengths = accent_onsets(speech), pitch_accents(speech)[1]
    inside = within(times, phrases)
    movement = planner.plan(times[inside], strengths[inside], phrases)
    score = movement.score(speech.duration)
    highest = planner.manner.highest
    lasting = tuple(
        _not_held_up(_seen(_let_go(_lasting(phrase, speech.duration)), highest)) for phrase in score.phrases
    )
    # Who gestures more rests less.
    least, most = planner.manner.together
    together = least * rate**0.5, most * rate**0.5
    score = rested(replace(score, phrases=lasting), phrases, together, random)
    return replace(score, source={_PLANNED: True})


def _in_pieces(
    speech: Speech, pieces: Sequence[Piece], speed: float, amplitude: float, manner: Mapping[str, Any]
) -> Score:
    """A plan of which each piece is one of its own size and tempo."""
    made: Score | None = None
    for piece in pieces:
        faster, larger = SPEED.clamped(speed * piece.speed), AMPLITUDE.clamped(amplitude * piece.amplitude)
        plan = planned_score(speech, speed=faster, amplitude=larger, **manner)
        made = plan if made is None else merged(made, plan, piece.start, speech.duration)
    assert made is not None
    return with_rests(made, _LET_GO)


def asked_for(score: Score) -> list[Phrase]:
    """What of a score somebody wants to see: all of it; of a plan, what is locked in it."""
    if not score.source.get(_PLANNED):
        return list(score.phrases)
    return [phrase for phrase in score.phrases if any(phrase.state(name) == "locked" for name in FIELDS)]


def said_in_full(
    score: Score,
    *,
    style: Mapping[str, float],
    speed: float,
    amplitude: float,
    handedness: str | None,
    seed: int,
    course: Course | None = None,
) -> Score:
    """The score with the hands, shape and usual size of kinds that are named without: what is clear is done clearly.

    Args:
        score: to be performed.
        style: as `planned_score` takes it, likewise the others.
        speed: see above.
        amplitude: see above.
        handedness: see above.
        seed: see above.
        course: see above.
    """
    manner = manner_of(_known(style))
    hand = handedness if handedness in HANDS else _preferred(seed)

    def size(time: float) -> float:
        larger, faster = (1.0, 1.0) if course is None else course.at(time)
        return manner.size(speed * faster, amplitude * larger)

    return replace(
        score, phrases=tuple(_in_full(phrase, size(phrase.start), hand) for phrase in _counted(score.phrases))
    )


def _counted(phrases: Iterable[Phrase]) -> Iterator[Phrase]:
    """The phrases; one that counts, and does not say how many, goes on from the count before it."""
    number = 0
    for phrase in phrases:
        if phrase.kind == "count" and phrase.state("kind") != "free":
            if phrase.shape in COUNT_SHAPES:
                number = COUNT_SHAPES.index(phrase.shape)
            said = phrase if phrase.shape is not None else replace(phrase, shape=COUNT_SHAPES[number])
            number = (number + 1) % len(COUNT_SHAPES)
            yield said
        else:
            yield phrase


def _preferred(seed: int) -> str:
    """The hand with which a seed's speaker does what one hand does."""
    return HANDS[int(np.random.default_rng([seed % 2**63, 0x4A5D]).random() < _RIGHT_HANDED)]


def _in_full(phrase: Phrase, size: float, hand: str) -> Phrase:
    kind = KINDS.get(phrase.kind or "")
    if kind is None or phrase.state("kind") == "free":
        return phrase
    if phrase.hands is None:
        phrase = replace(phrase, hands="both" if kind.two_handed > _ONE_HANDED else hand)
    if kind.swings and len(phrase.strokes) == 1 and phrase.state("strokes") == "proposed":
        phrase = replace(phrase, strokes=_swinging(phrase, kind.stroke_seconds))
    if phrase.size is None:
        way = kind.apex.vector()[:3] - kind.prepared.vector()[:3]
        phrase = replace(phrase, size=min(round(ANTICIPATION * size * float(np.linalg.norm(way)), 3), FARTHEST))
    return phrase if phrase.shape is not None else replace(phrase, shape=shape_of(phrase))


def _swinging(phrase: Phrase, seconds: float) -> tuple[Stroke, ...]:
    """The one stroke of a phrase, and as many more, back and forth, as there is time for."""
    first = phrase.strokes[0]
    more = int(max(min(phrase.end - first.apex, _SWINGING) - _SETTLING, 0.0) / seconds)
    others = tuple(Stroke(round(first.apex + number * seconds, 3)) for number in range(1, more + 1))
    return (replace(first, hold=0.0), *others) if others else (first,)


def completed(given: Score, planned: Score) -> Score:
    """A score with the phrases of a plan, or as much of them as there is room for, wherever it has none of its own."""
    taken = sorted((phrase.start - _MARGIN, phrase.end + _MARGIN) for phrase in given.phrases)
    phrases = list(given.phrases)
    for phrase in planned.phrases:
        if phrase.kind != REST:
            phrases += _parts(phrase, taken)
            continue
        begin = phrase.start
        for first, last in [*taken, (phrase.end, phrase.end)]:
            if min(first, phrase.end) - begin >= _SHORTEST:
                phrases.append(replace(phrase, start=begin, end=min(first, phrase.end)))
            begin = max(begin, last)
    in_turn = tuple(sorted(phrases, key=lambda phrase: phrase.start))
    made = replace(given, phrases=in_turn, seconds=max(given.seconds, planned.seconds))
    return with_rests(made, _LET_GO)


def _parts(phrase: Phrase, taken: Sequence[tuple[float, float]]) -> Iterator[Phrase]:
    """What is left of a phrase beside stretches that are taken, where there is time to prepare its strokes."""
    begin = phrase.start
    for first, last in [*taken, (phrase.end, phrase.end)]:
        part = cut(phrase, begin, min(first, phrase.end)) if first > begin else None
        if part is phrase:
            yield phrase
        elif part is not None:
            strokes = tuple(stroke for stroke in part.strokes if stroke.apex >= part.start + _PREPARED)
            strokes = tuple(stroke for stroke in strokes if stroke.apex <= part.end - _SETTLING)
            if strokes:
                held = min(strokes[-1].hold, round(part.end - strokes[-1].apex, 3))
                yield replace(part, strokes=(*strokes[:-1], replace(strokes[-1], hold=held)))
        begin = max(begin, last)
        if begin >= phrase.end:
            return


def _known(style: Mapping[str, float]) -> dict[str, float]:
    known = {name: weight for name, weight in style.items() if name in MANNERS and weight > 0}
    missing = 1 - sum(known.values())
    if missing > 1e-9 or not known:
        known["neutral"] = known.get("neutral", 0.0) + max(missing, 1e-9)
    return known


def _lasting(phrase: Phrase, seconds: float) -> Phrase:
    """The phrase, no longer than the recording; strokes beyond its end are left out."""
    if phrase.end <= seconds:
        return phrase
    strokes = tuple(stroke for stroke in phrase.strokes if stroke.apex <= seconds)
    return replace(phrase, end=max(seconds, phrase.start), strokes=strokes)


def _let_go(phrase: Phrase) -> Phrase:
    """The phrase; what says one thing is not held on to, nor for what comes much later."""
    if phrase.kind not in _NAMING or not phrase.strokes:
        return phrase
    apexes = np.array([stroke.apex for stroke in phrase.strokes])
    kept = 1 + int(np.argmax(np.append(np.diff(apexes) > _NAMED_AGAIN, True)))
    last = phrase.strokes[kept - 1]
    end = min(phrase.end, last.apex + _NAMED)
    held = replace(last, hold=round(min(last.hold, end - last.apex), 3))
    return replace(phrase, end=round(end, 3), strokes=(*phrase.strokes[: kept - 1], held))


def _not_held_up(phrase: Phrase) -> Phrase:
    """The phrase; a hand that is held up lingers no longer after each of its strokes than people's do."""
    if phrase.place is None or phrase.place[1] <= HIGH or not phrase.strokes:
        return phrase
    strokes = tuple(replace(stroke, hold=min(stroke.hold, _HELD_UP)) for stroke in phrase.strokes)
    return replace(phrase, end=round(min(phrase.end, strokes[-1].apex + _HELD_UP), 3), strokes=strokes)


def _seen(phrase: Phrase, highest: float) -> Phrase:
    """The phrase, not so low that its strokes look like hands that hang, nor so high that they hide the face."""
    if phrase.place is None:
        return phrase
    out, up, forward = phrase.place
    height = soft_least(np.array(up), _LOWEST, _SOFT)
    highest = min(highest - _BOTH_LOWER, _BOTH_AT_MOST) if phrase.hands == "both" else highest
    height = -soft_least(-height, -highest, _SOFT)
    return replace(phrase, place=(out, round(float(height), 3), forward))
