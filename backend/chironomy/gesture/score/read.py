# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a score from motion, whoever made it: numpy alone.

A small network hears nothing and sees one hand for a second and a half, as if it were a left one, and says of the
moment in the middle how likely each kind of gesture is, none of them, and the apex of a stroke. The likeliest course of
kinds through the whole motion (Viterbi 1967) gives the phrases, and the peaks of the other curve their strokes; phrases
of the left and right hand that go together are one. `python -m chironomy.gesture.training.reader` trains the network on
clips that come with their scores.
"""

import functools
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import ABDUCTION, FLEXION, joint_angles
from chironomy.gesture.errors import GestureError
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.score.phrases import Phrase, Score, Stroke, with_rests
from chironomy.motion import rotation as quaternion
from chironomy.motion.filters import gaussian
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.reading import About
from chironomy.schema import Schema

Array = NDArray[np.float64]

READER_FILE = Schema(
    "chironomy.score_reader",
    "a reader of scores",
    GestureError,
    "train it: python -m chironomy.gesture.training.reader",
)

FPS = 24.0
"""Frames a second at which motion is read."""

OFFSETS: tuple[int, ...] = (-18, -12, -8, -4, -2, 0, 2, 4, 8, 12, 18)
"""Frames about a moment that the network sees."""

_SMOOTHED = 0.8  # frames, standard deviation
_MIRROR = np.array([1.0, 1.0, -1.0, -1.0])
_CHANGE = 12.0  # natural logarithms that another kind must be likelier, over all its frames, to be taken up
_SHORTEST = 0.5  # seconds of a phrase
_APEX = 0.3  # likelihood from which a peak is an apex
_APART = 0.22  # seconds between two apexes of a hand
_TOGETHER = 0.45  # part of two phrases' time, taken together, in which they overlap if they are one
_STILL = 0.12  # metres a second: slower, a hand is held
_ARRIVING = 0.6  # seconds before an apex within which its stroke begins

# Where the angles of a hand shape stand among those of MANO's joints: see `gesture.repertoire.hand_shapes`.
_SHAPE_JOINTS = [1, 2, 3, 1, 4, 5, 6, 4, 7, 8, 9, 7, 10, 11, 12, 10, 13, 13, 14, 15]
_SHAPE_ANGLES = [*([FLEXION] * 3 + [ABDUCTION]) * 4, FLEXION, ABDUCTION, FLEXION, FLEXION]


@dataclass(frozen=True, eq=False)
class Reader:
    """The network.

    Attributes:
        kinds: that it tells apart; its first output is none of them, its last the apex of a stroke.
        mean: (numbers,) of the features.
        scale: (numbers,) their spread.
        layers: weights (inputs, outputs) and biases (outputs,), one after the other.
    """

    kinds: tuple[str, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    def __call__(self, features: NDArray[np.float32]) -> tuple[Array, Array]:
        """Of every frame (T, numbers): logarithms of how likely none and each kind are, and the apex's likelihood."""
        x = ((features - self.mean) / self.scale)[rows_about(len(features))].reshape(len(features), -1)
        for weight, bias in self.layers[:-1]:
            x = np.maximum(x @ weight + bias, 0)
        made = (x @ self.layers[-1][0] + self.layers[-1][1]).astype(np.float64)
        kinds = made[:, :-1] - made[:, :-1].max(axis=1, keepdims=True)
        return kinds - np.log(np.exp(kinds).sum(axis=1, keepdims=True)), 1 / (1 + np.exp(-made[:, -1]))

    @classmethod
    def load(cls, path: Path) -> "Reader":
        """Read the file that `save` writes.

        Raises:
            GestureError: it is missing or damaged.
        """
        fields = READER_FILE.read_arrays(path)
        about = About(str(path), GestureError, READER_FILE.advice)
        count = int(fields.number("layers"))
        layers = [tuple(fields.numbers(f"{part}{n}").astype(np.float32) for part in "wb") for n in range(count)]
        kinds = bytes(fields.numbers("kinds").astype(np.uint8)).decode().split()
        mean, scale = (fields.numbers(name).astype(np.float32) for name in ("mean", "scale"))
        sizes = [len(mean) * len(OFFSETS), *(weight.shape[-1] for weight, _ in layers)]
        pairs = list(pairwise(sizes))
        fits = [w.shape == pair and b.shape == pair[1:] for (w, b), pair in zip(layers, pairs, strict=True)]
        if not all(fits) or not layers or sizes[-1] != len(kinds) + 2 or scale.shape != mean.shape:
            about.fail("holds layers that do not fit each other")
        return cls(tuple(kinds), mean, scale, tuple((weight, bias) for weight, bias in layers))

    def save(self, path: Path) -> None:
        """Write it, layers as float16."""
        from chironomy.files import atomic_path

        named = {
            f"{part}{n}": each.astype(np.float16)
            for n, pair in enumerate(self.layers)
            for part, each in zip("wb", pair, strict=True)
        }
        kinds = np.frombuffer(" ".join(self.kinds).encode(), np.uint8)
        with atomic_path(path) as temporary:
            np.savez_compressed(
                temporary,
                format=READER_FILE.format,
                layers=len(self.layers),
                kinds=kinds,
                mean=self.mean,
                scale=self.scale,
                **named,
            )


@functools.cache
def shipped_reader() -> Reader:
    """The reader that comes with the product."""
    return Reader.load(Path(__file__).parents[1] / "weights" / "score_reader.npz")


def hand_features(motion: HandMotion) -> NDArray[np.float32]:
    """(T, 2, numbers) of a motion at `FPS`: each hand as if it were a left one, and where the other is.

    Wrist in metres and its orientation, the 20 angles of the hand shape in radians, velocity and speed in metres a
    second; the other wrist seen from this one, its speed, and their orientations' difference is left out.
    """
    position = motion.wrist_position * np.array([[[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]]])
    position = gaussian(position, _SMOOTHED)
    wrist = motion.rotation[:, :, 0] * np.stack([np.ones(4), _MIRROR])
    velocity = np.gradient(position, 1 / motion.fps, axis=0) if len(position) > 1 else np.zeros_like(position)
    speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
    other = position[:, ::-1] * np.array([-1.0, 1.0, 1.0]) - position
    parts = [position, quaternion.to_6d(wrist), np.radians(shape_angles(motion)), velocity, speed]
    return np.concatenate([*parts, other, speed[:, ::-1]], axis=-1).astype(np.float32)


def shape_angles(motion: HandMotion) -> Array:
    """(T, 2, 20) degrees, as hand shapes have them."""
    return joint_angles(motion.rotation)[..., _SHAPE_JOINTS, _SHAPE_ANGLES]


def rows_about(frames: int) -> NDArray[np.int64]:
    """(T, offsets) the frames that the network sees of each; ends are held."""
    rows = np.arange(frames, dtype=np.int64)[:, None] + np.array(OFFSETS)
    return np.clip(rows, 0, frames - 1)


def read_score(motion: HandMotion, reader: Reader | None = None) -> Score:
    """The score of a motion: phrases with kind, hands, shape, place, size and strokes, and rests between them.

    Args:
        motion: made, edited or captured.
        reader: by default the product's.
    """
    reader = reader or shipped_reader()
    seconds, source = motion.duration, {key: motion.source[key] for key in ("speech",) if key in motion.source}
    motion = motion.resampled(FPS)
    features, angles = hand_features(motion), shape_angles(motion)
    found = [_phrases(reader, features[:, hand], hand) for hand in range(2)]
    phrases = [_described(motion, angles, *phrase) for phrase in _joined(*found)]
    phrases = [phrase for phrase in sorted(phrases, key=lambda phrase: phrase.start) if phrase.start <= seconds]
    return with_rests(Score(tuple(phrases), seconds, {"read": True, **source}))


_Read = tuple[str, str, int, int, list[int]]
"""Kind, hands, first frame, frame after the last, and frames of the apexes."""


def _phrases(reader: Reader, features: NDArray[np.float32], hand: int) -> list[_Read]:
    """The phrases of one hand."""
    likely, apex = reader(features)
    course = _likeliest(likely)
    edges = [0, *(np.flatnonzero(np.diff(course)) + 1).tolist(), len(course)]
    peaks = _peaks(apex, round(_APART * FPS))
    made = []
    for start, stop in pairwise(edges):
        if course[start] and stop - start >= _SHORTEST * FPS:
            inside = [peak for peak in peaks if start <= peak < stop] or [start + int(apex[start:stop].argmax())]
            made.append((reader.kinds[course[start] - 1], HANDS[hand], start, stop, inside))
    return made


def _likeliest(likely: Array) -> NDArray[np.intp]:
    """(T,) the likeliest course through the states (T, states), where every change costs."""
    score, before = likely[0], np.zeros(likely.shape, np.intp)
    states = np.arange(likely.shape[1])
    for frame in range(1, len(likely)):
        best = int(score.argmax())
        changed = score < score[best] - _CHANGE
        before[frame] = np.where(changed, best, states)
        score = np.where(changed, score[best] - _CHANGE, score) + likely[frame]
    course = np.empty(len(likely), np.intp)
    course[-1] = score.argmax()
    for frame in range(len(likely) - 1, 0, -1):
        course[frame - 1] = before[frame, course[frame]]
    return course


def _peaks(curve: Array, apart: int) -> list[int]:
    """Frames of peaks that are apexes, the higher ones first where they stand close."""
    padded = np.concatenate([[-1.0], curve, [-1.0]])
    peaks = np.flatnonzero((curve >= _APEX) & (curve >= padded[:-2]) & (curve > padded[2:]))
    chosen: list[int] = []
    for peak in peaks[np.argsort(-curve[peaks], kind="stable")].tolist():
        if all(abs(peak - other) >= apart for other in chosen):
            chosen.append(peak)
    return sorted(chosen)


def _joined(left: list[_Read], right: list[_Read]) -> list[_Read]:
    """The phrases of both hands; those of one kind that go together are one of both."""
    alone, made = list(right), []
    for phrase in left:
        kind, _, start, stop, apexes = phrase
        partner = next(
            (
                other
                for other in alone
                if other[0] == kind
                and min(stop, other[3]) - max(start, other[2])
                > _TOGETHER * (max(stop, other[3]) - min(start, other[2]))
            ),
            None,
        )
        if partner is None:
            made.append(phrase)
            continue
        alone.remove(partner)
        # The hand that arrives first leads.
        both: list[int] = []
        for apex in sorted([*apexes, *partner[4]]):
            if not both or apex - both[-1] >= _APART * FPS:
                both.append(apex)
        made.append((kind, "both", min(start, partner[2]), max(stop, partner[3]), both))
    return [*made, *alone]


def _described(
    motion: HandMotion, angles: Array, kind: str, hands: str, start: int, stop: int, apexes: list[int]
) -> Phrase:
    """A phrase with all its fields, from the motion at `FPS`."""
    hand = 0 if hands == "left" else 1
    position = gaussian(motion.wrist_position[:, hand], _SMOOTHED)
    speed = np.linalg.norm(np.gradient(position, 1 / FPS, axis=0), axis=-1)
    strokes, sizes = [], []
    for apex, following in zip(apexes, [*apexes[1:], stop], strict=True):
        moving = np.flatnonzero(speed[apex:following] > _STILL)
        later = moving[moving > _APART * FPS]
        held = (int(later[0]) if len(later) else following - apex) / FPS
        strokes.append(Stroke(round(apex / FPS, 3), round(held, 3) if held > _APART else 0.0))
        begin = max(apex - round(_ARRIVING * FPS), start)
        way = np.linalg.norm(position[begin : apex + 1] - position[apex], axis=-1)
        sizes.append(float(way.max()))
    shown = np.median(angles[apexes[0] : max(apexes[-1], apexes[0]) + 3, hand], axis=0)
    shape = min(SHAPES, key=lambda name: float(np.linalg.norm(SHAPES[name] - shown)))
    x, y, z = (round(float(value), 3) for value in position[apexes[0]])
    end = max(stop / FPS, strokes[-1].apex)
    size = round(float(np.mean(sizes)), 3)
    return Phrase(round(start / FPS, 3), round(end, 3), tuple(strokes), kind, hands, shape, (x, y, z), size)
