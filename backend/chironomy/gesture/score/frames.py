# SPDX-License-Identifier: GPL-3.0-or-later
"""A score as a network takes it: numbers of every frame and hand, 0 wherever nothing is said.

Of each hand, left then right, a frame has the kind (one number for each that the network knows), whether the hand is in
a gesture phrase, and then every other field with a number before it that says whether it is given: hands, shape, place,
size and strokes. A network that takes a sketch has its numbers after these (`gesture.score.sketch`).
"""

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.repertoire.hand_shapes import SHAPE_SIZE, SHAPES
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score.phrases import FIELDS, REST, Phrase
from chironomy.gesture.score.sketch import SKETCH_SIZE, sketch_frames

SCORE_KINDS: tuple[str, ...] = (*KINDS, REST)
"""The kinds that a network learns today; it keeps its own list with its weights, so that this one may grow."""

Told = tuple[Phrase, Collection[str]]
"""A phrase, and which of its `FIELDS` are told."""

_IN_PHRASE = 0  # after the kinds
_HANDS = 1
_SHAPE = slice(2, 3 + SHAPE_SIZE)
_PLACE = slice(_SHAPE.stop, _SHAPE.stop + 4)
_SIZE = slice(_PLACE.stop, _PLACE.stop + 2)
_STROKES = slice(_SIZE.stop, _SIZE.stop + 5)
_BESIDE_KINDS = _STROKES.stop

_ANGLE = 90.0  # degrees, metres and seconds that are 1 to the network
_DISTANCE = 0.25
_ORIGIN = np.array([0.0, -0.22, 0.26])  # metres: the middle of the space before the body
_FADE = 0.25
_NEAR_APEX, _STROKE_MIDDLE, _STROKE_SPREAD, _AROUND_APEX = 0.05, 0.2, 0.15, 0.2


def score_dim(kinds: Sequence[str], sketch: bool = False) -> int:
    """Numbers a frame for a network that knows these kinds, and takes a sketch or not."""
    return 2 * (len(kinds) + _BESIDE_KINDS + SKETCH_SIZE * sketch)


def told(phrases: Iterable[Phrase]) -> list[Told]:
    """The phrases, each with its fields that are not free."""
    return [(phrase, [name for name in FIELDS if phrase.state(name) != "free"]) for phrase in phrases]


def score_frames(
    phrases: Iterable[Told], kinds: Sequence[str], fps: float, first: int, count: int, sketch: bool = False
) -> NDArray[np.float32]:
    """What a network is told of some frames.

    Args:
        phrases: of two that lie over each other in one hand, the later one is told.
        kinds: that the network knows; another is as if it were not given.
        fps: frames a second.
        first: the first frame, counted from the recording's beginning; it may lie before it.
        count: how many frames.
        sketch: whether the network takes one.

    Returns:
        (count, score_dim) numbers.
    """
    phrases = list(phrases)
    frames = np.zeros((count, 2, len(kinds) + _BESIDE_KINDS), np.float32)
    times = (first + np.arange(count)) / fps
    for phrase, fields in phrases:
        rows = slice(max(math.ceil(phrase.start * fps) - first, 0), max(math.floor(phrase.end * fps) + 1 - first, 0))
        # A rest whose kind is not told is nothing at all.
        if rows.start >= min(rows.stop, count) or (phrase.kind == REST and "kind" not in fields):
            continue
        sided = "hands" in fields and phrase.hands is not None
        chosen = [phrase.hands == "right"] if sided and phrase.hands != "both" else [0, 1]
        values = _numbers(phrase, fields, kinds, times[rows])
        for hand in map(int, chosen):
            frames[rows, hand] = values
            if sided and phrase.hands == "both" and hand == 0:
                frames[rows, hand, len(kinds) :][:, _PLACE] = 0  # the place is the right hand's
        if sided:
            frames[rows, :, len(kinds) + _HANDS] = 1  # of the other hand, too: it is not in this phrase
    if sketch:
        frames = np.concatenate([frames, sketch_frames(phrases, fps, first, count)], axis=-1)
    return frames.reshape(count, -1)


def near_phrases(phrases: Iterable[Phrase], times: NDArray[np.float64]) -> NDArray[np.float32]:
    """(T, 1) 1 within phrases, fading to 0 in a quarter of a second around them, at moments (T,) in seconds."""
    near = np.zeros((len(times), 1), np.float32)
    for phrase in phrases:
        away = np.maximum(np.maximum(phrase.start - times, times - phrase.end), 0.0)
        near[:, 0] = np.maximum(near[:, 0], 1 - away / _FADE)
    return near


def _numbers(
    phrase: Phrase, fields: Collection[str], kinds: Sequence[str], times: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(T, kinds + others) of a hand that is in the phrase."""
    frames = np.zeros((len(times), len(kinds) + _BESIDE_KINDS), np.float32)
    if "kind" in fields and phrase.kind in kinds:
        frames[:, kinds.index(phrase.kind)] = 1
    rest = frames[:, len(kinds) :]
    rest[:, _IN_PHRASE] = phrase.kind != REST
    if "shape" in fields and phrase.shape is not None:
        rest[:, _SHAPE] = [1, *(SHAPES[phrase.shape] / _ANGLE)]
    if "place" in fields and phrase.place is not None:
        rest[:, _PLACE] = [1, *((np.array(phrase.place) - _ORIGIN) / _DISTANCE)]
    if "size" in fields and phrase.size is not None:
        rest[:, _SIZE] = [1, phrase.size / _DISTANCE]
    if "strokes" in fields and phrase.strokes:
        rest[:, _STROKES] = _stroke_numbers(phrase, times)
    return frames


def _stroke_numbers(phrase: Phrase, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 5): given; a bump at each apex; seconds from the nearest one, soft; a bump over each stroke; held."""
    since = times[:, None] - np.array([stroke.apex for stroke in phrase.strokes])
    hold = np.array([stroke.hold for stroke in phrase.strokes])
    nearest = np.take_along_axis(since, np.abs(since).argmin(axis=1)[:, None], axis=1)[:, 0]
    return np.stack(
        [
            np.ones(len(times)),
            np.exp(-0.5 * (since / _NEAR_APEX) ** 2).max(axis=1),
            np.tanh(nearest / _AROUND_APEX),
            np.exp(-0.5 * ((since + _STROKE_MIDDLE) / _STROKE_SPREAD) ** 2).max(axis=1),
            ((since >= 0) & (since <= hold) & (hold > 0)).any(axis=1),
        ],
        axis=1,
    )
