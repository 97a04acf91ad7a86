# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a score from motion, whoever made it: numpy alone.

A time-delay network (Waibel et al. 1989) hears nothing and sees both hands over five seconds, each in turn as if it
were a left one. Of the moment in the middle it says how likely each kind of gesture is and none of them, whether both
hands do it together, whether one phrase ends there and another begins, and whether a stroke arrives. The likeliest
course of both hands through the whole motion (Viterbi 1967) gives the phrases, and the peaks of the last curve their
strokes. `python -m chironomy.gesture.training.reader` trains the network on clips that come with their scores.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import ABDUCTION, FLEXION, angles_of_wrist, joint_angles
from chironomy.gesture.errors import GestureError
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.score.doable import doable
from chironomy.gesture.score.phrases import Phrase, Score, Stroke, with_rests
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.filters import gaussian
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import About, Arrays
from chironomy.schema import Schema

Array = NDArray[np.float64]

FPS = 24.0
"""Frames a second at which motion is read."""

STEP = 2
"""Frames that the network takes at a time: what it says of kinds, it says once for both."""

DILATIONS: tuple[int, ...] = (1, 2, 4, 8, 16)
"""Of each layer between the first and the last: steps from the moment in the middle to those that it also sees."""

BESIDE_KINDS = 2 + STEP
"""Outputs after none and the kinds: both hands, an edge, and of each frame of a step an apex."""

_TURNED = 9  # where the angles of the wrist stand among the features


def _with_wrists(fields: Arrays) -> Arrays:
    """A reader that does not know the angles of wrists, as one that makes nothing of them."""
    at, count = [_TURNED] * 3, fields["mean"].size
    if fields["w0"].ndim != 2 or len(fields["w0"]) != 2 * STEP * count:
        return fields  # what does not fit is told by who reads it
    weight = np.insert(fields["w0"].reshape(2 * STEP, count, -1), at, 0.0, axis=1)
    return fields.replaced(
        mean=np.insert(fields["mean"], at, 0.0),
        scale=np.insert(fields["scale"], at, 1.0),
        w0=weight.reshape(2 * STEP * (count + 3), -1),
    )


READER_FILE = Schema(
    "chironomy.score_reader",
    "a reader of scores",
    GestureError,
    "train it: python -m chironomy.gesture.training.reader",
    oldest=2,
    upgrades=(_with_wrists,),
)

SMOOTHED = 0.8
"""Frames by which positions are smoothed, standard deviation."""

LEAST_SIZE = 0.03
"""Metres that the strokes of a phrase go at least: what is smaller is a hand that drifts at rest; reserved gestures are
little larger."""

# Metres that strokes go which are gestures however slow they are, and metres a second that smaller ones reach at least.
# Those of small reserved gestures of the embedded weights reach 0.26 and more, and a hand that drifts by 4 cm 0.17.
_SURE_SIZE, _STROKES_SPEED = 0.06, 0.2

_MIRROR = np.array([1.0, 1.0, -1.0, -1.0])
_CHANGE = 14.0  # natural logarithms that another course must be likelier, over all its steps, to be taken up
_EDGE = 1.0  # how much of the network's belief in an edge counts
_SPLIT = 0.7  # logarithm of the odds of an edge from which a kind that goes on does so in another phrase
_SHORTEST = 0.4  # seconds of a phrase
_SPEED = -1  # where the wrist's speed stands among the features
_APEX = 0.2  # likelihood from which a peak is an apex
_APART = 0.22  # seconds between two apexes of a hand
_STILL = 0.12  # metres a second: slower, a hand is held
_ARRIVING = 0.6  # seconds before an apex within which its stroke begins

# Where the angles of a hand shape stand among those of MANO's joints: see `gesture.repertoire.hand_shapes`.
_SHAPE_JOINTS = [1, 2, 3, 1, 4, 5, 6, 4, 7, 8, 9, 7, 10, 11, 12, 10, 13, 13, 14, 15]
_SHAPE_ANGLES = [*([FLEXION] * 3 + [ABDUCTION]) * 4, FLEXION, ABDUCTION, FLEXION, FLEXION]


@dataclass(frozen=True, eq=False)
class Likelihoods:
    """What the network says of a motion of T frames, which are S steps.

    Attributes:
        kinds: (S, 2, 1 + kinds) natural logarithms of how likely none and each kind are.
        together: (S, 2) logarithms of the odds that, if there is a phrase, it is one of both hands.
        edge: (S, 2) logarithms of the odds that a phrase begins or ends.
        apex: (T, 2) how likely a stroke arrives, 0 to 1.
    """

    kinds: Array
    together: Array
    edge: Array
    apex: Array


@dataclass(frozen=True, eq=False)
class Reader:
    """The network.

    Attributes:
        kinds: that it tells apart; its first output is none of them, `BESIDE_KINDS` come after them.
        mean: (numbers,) of the features of a hand.
        scale: (numbers,) their spread.
        layers: weights (inputs, outputs) and biases (outputs,), one after the other: of a step's frames, of each of
            `DILATIONS`, and of the outputs.
    """

    kinds: tuple[str, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    def __call__(self, features: NDArray[np.float32]) -> Likelihoods:
        """What is likely in a motion whose features (T, 2, numbers) are those of `hand_features`."""
        count = len(features)
        x = seen((features - self.mean) / self.scale)
        (weight, bias), *between, (last, offset) = self.layers
        x = np.maximum(x @ weight + bias, 0)
        for dilation, (weight, bias) in zip(DILATIONS, between, strict=True):
            x = x + np.maximum(_gathered(x, dilation) @ weight + bias, 0)
        made = (x @ last + offset).astype(np.float64).transpose(1, 0, 2)
        kinds = made[..., :-BESIDE_KINDS]
        kinds = kinds - kinds.max(axis=-1, keepdims=True)
        kinds = kinds - np.log(np.exp(kinds).sum(axis=-1, keepdims=True))
        together, edge, apex = made[..., -BESIDE_KINDS], made[..., 1 - BESIDE_KINDS], made[..., -STEP:]
        apex = 1 / (1 + np.exp(-apex.transpose(0, 2, 1).reshape(-1, 2)[:count]))
        return Likelihoods(kinds, together, edge, apex)

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
        wide = layers[0][0].shape[-1] if layers else 0
        between = [(3 * wide, wide)] * len(DILATIONS)
        shapes = [(2 * STEP * len(mean), wide), *between, (wide, 1 + len(kinds) + BESIDE_KINDS)]
        fits = [w.shape for w, _ in layers] == shapes and [b.shape for _, b in layers] == [s[1:] for s in shapes]
        if not fits or scale.shape != mean.shape:
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
    """(T, 2, numbers) of a motion at `FPS`, each hand as if it were a left one: those of `hand_poses`, and velocity."""
    return with_velocity(hand_poses(motion))


def hand_poses(motion: HandMotion) -> NDArray[np.float32]:
    """(T, 2, numbers): each wrist, its orientation, how the forearm turns it, the shape of the hand.

    That is metres, six numbers, three angles (pronation, flexion, deviation) and 20 of a hand shape, in radians. Which
    way a palm faces tells kinds apart, and depends on where the forearm comes from.
    """
    position = gaussian(motion.wrist_position * np.array([[[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]]]), SMOOTHED)
    wrist = motion.rotation[:, :, 0] * np.stack([np.ones(4), _MIRROR])
    turned = angles_of_wrist(neutral_of(motion.wrist_position, motion.rotation[:, :, 0]), motion.rotation[:, :, 0])
    parts = [position, quaternion.to_6d(wrist), turned, np.radians(shape_angles(motion))]
    return np.concatenate(parts, axis=-1).astype(np.float32)


def with_velocity(poses: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same at `FPS`, and after them velocity and speed of the wrist in metres a second."""
    position = poses[..., :3]
    velocity = np.gradient(position, 1 / FPS, axis=0) if len(position) > 1 else np.zeros_like(position)
    speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
    return np.concatenate([poses, velocity, speed], axis=-1).astype(np.float32)


def seen(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, S, inputs) what the network takes of (T, 2, numbers): of a step's frames this hand and then the other."""
    steps = -(-len(features) // STEP)
    rows = np.minimum(np.arange(STEP * steps), len(features) - 1)
    both = np.concatenate([features, features[:, ::-1]], axis=-1)[rows]
    return both.transpose(1, 0, 2).reshape(2, steps, -1)


def _gathered(x: NDArray[np.float32], dilation: int) -> NDArray[np.float32]:
    """(2, S, 3 * channels): each step with the one before and the one after it; ends are held."""
    steps = np.arange(x.shape[1])
    before, after = np.maximum(steps - dilation, 0), np.minimum(steps + dilation, len(steps) - 1)
    return np.concatenate([x[:, before], x, x[:, after]], axis=-1)


def shape_angles(motion: HandMotion) -> Array:
    """(T, 2, 20) degrees, as hand shapes have them."""
    return joint_angles(motion.rotation)[..., _SHAPE_JOINTS, _SHAPE_ANGLES]


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
    found = _phrases(reader.kinds, reader(features), features[..., _SPEED])
    phrases = [_described(motion, angles, *phrase) for phrase in found]
    phrases = [phrase for phrase in phrases if phrase.start <= seconds and not _drifts(motion, phrase)]
    phrases.sort(key=lambda phrase: phrase.start)
    return with_rests(Score(tuple(doable(phrases, seconds)), seconds, {"read": True, **source}))


def _drifts(motion: HandMotion, phrase: Phrase) -> bool:
    """Whether a phrase, read from a motion at `FPS`, is so small, or so small and slow, that it is no gesture."""
    size = phrase.size or 0.0
    if size >= _SURE_SIZE or size < LEAST_SIZE:
        return size < LEAST_SIZE
    position = gaussian(motion.wrist_position[:, 0 if phrase.hands == "left" else 1], SMOOTHED)
    speed, first = np.linalg.norm(np.gradient(position, 1 / FPS, axis=0), axis=-1), round(phrase.start * FPS)
    frames = [round(stroke.apex * FPS) for stroke in phrase.strokes]
    ways = [speed[max(frame - round(_ARRIVING * FPS), first) : frame + 1] for frame in frames]
    return max(float(way.max(initial=0.0)) for way in ways) < _STROKES_SPEED


_Read = tuple[str, str, int, int, list[float]]
"""Kind, hands, first frame, frame after the last, and frames of the apexes."""


def _phrases(kinds: tuple[str, ...], likely: Likelihoods, speed: NDArray[np.float32]) -> list[_Read]:
    """The phrases of both hands; `speed` (T, 2) in metres a second."""
    made: list[_Read] = []
    course = _likeliest(likely)
    for hands, members in (("left", [0]), ("right", [1]), ("both", [0, 1])):
        own = course[hands]
        edges = [0, *(np.flatnonzero(np.diff(own)) + 1).tolist(), len(own)]
        apex, edge = likely.apex[:, members].mean(axis=1), likely.edge[:, members].mean(axis=1)
        peaks = _peaks(apex, _APEX, _APART * FPS)
        within = [round(peak) for peak in _peaks(edge, _SPLIT, _SHORTEST * FPS / STEP)]
        edges = _with_those_within(edges, within, _SHORTEST * FPS / STEP)
        for first, last in pairwise(edges):
            start, stop = STEP * first, min(STEP * last, len(apex))
            # What never moves is held, not gestured.
            moves = bool((speed[start:stop, members] > _STILL).any())
            if own[first] and moves and stop - start >= _SHORTEST * FPS:
                inside = [peak for peak in peaks if start <= peak < stop]
                inside = inside or [float(start + apex[start:stop].argmax())]
                made.append((kinds[own[first] - 1], hands, start, stop, inside))
    return made


def _likeliest(likely: Likelihoods) -> dict[str, NDArray[np.intp]]:
    """(S,) what the left hand does alone, what the right one does alone, and what both do, on the likeliest course.

    A state is a pair of kinds, or one kind of both hands; every change costs, the less the likelier an edge is.
    """
    count = likely.kinds.shape[-1]
    cost = np.maximum(_CHANGE - _EDGE * likely.edge.max(axis=1), 0)
    states = _viterbi(_states(likely), cost)
    left, right = (np.where(states < count**2, hand, 0) for hand in np.divmod(states, count))
    return {"left": left, "right": right, "both": np.maximum(states - count**2 + 1, 0)}


def _states(likely: Likelihoods) -> Iterator[Array]:
    """Of each step, how likely the states are: pairs of what left and right hand do, then what both do together."""
    apart, joined = likely.kinds.copy(), likely.kinds[..., 1:] - np.logaddexp(0, -likely.together)[..., None]
    apart[..., 1:] -= np.logaddexp(0, likely.together)[..., None]
    for (left, right), both in zip(apart, joined.sum(axis=1), strict=True):
        yield np.concatenate([np.add.outer(left, right).ravel(), both])


def _viterbi(likely: Iterable[Array], cost: Array) -> NDArray[np.intp]:
    """(S,) the likeliest course through states, likely (states,) at each step, where a change costs so much (S,)."""
    score, best, changed = np.zeros(1), [], []
    for now, change in zip(likely, cost, strict=True):
        best.append(int(score.argmax()))
        least = score[best[-1]] - change
        changed.append(score < least)
        score = np.maximum(score, least) + now
    course = np.empty(len(cost), np.intp)
    course[-1] = score.argmax()
    for step in range(len(cost) - 1, 0, -1):
        course[step - 1] = best[step] if changed[step][course[step]] else course[step]
    return course


def _with_those_within(edges: list[int], others: list[int], apart: float) -> list[int]:
    """Edges and, in order, those others that do not stand close to any of them."""
    return sorted([*edges, *(other for other in others if all(abs(other - edge) >= apart for edge in edges))])


def _peaks(curve: Array, least: float, apart: float) -> list[float]:
    """Where a curve has peaks, between values by a parabola, the higher ones first where they stand close."""
    padded = np.concatenate([[-np.inf], curve, [-np.inf]])
    peaks = np.flatnonzero((curve >= least) & (curve >= padded[:-2]) & (curve > padded[2:]))
    chosen: list[float] = []
    for peak in peaks[np.argsort(-curve[peaks], kind="stable")].tolist():
        if all(abs(peak - other) >= apart for other in chosen):
            chosen.append(peak + _aside(curve[peak - 1 : peak + 2]))
    return sorted(chosen)


def _aside(three: Array) -> float:
    """How many frames from the middle one the summit of a parabola through three values lies."""
    if len(three) < 3:
        return 0.0
    bend = three[0] - 2 * three[1] + three[2]
    return float(0.5 * (three[0] - three[2]) / bend) if bend < 0 else 0.0


def _described(
    motion: HandMotion, angles: Array, kind: str, hands: str, start: int, stop: int, apexes: list[float]
) -> Phrase:
    """A phrase with all its fields, from the motion at `FPS`."""
    hand = 0 if hands == "left" else 1
    position = gaussian(motion.wrist_position[:, hand], SMOOTHED)
    speed = np.linalg.norm(np.gradient(position, 1 / FPS, axis=0), axis=-1)
    strokes, sizes = [], []
    frames = [min(max(round(apex), start), stop - 1) for apex in apexes]
    for apex, frame, following in zip(apexes, frames, [*frames[1:], stop], strict=True):
        moving = np.flatnonzero(speed[frame:following] > _STILL)
        later = moving[moving > _APART * FPS]
        held = (int(later[0]) if len(later) else following - frame) / FPS
        strokes.append(Stroke(round(max(apex, start) / FPS, 3), round(held, 3) if held > _APART else 0.0))
        begin = max(frame - round(_ARRIVING * FPS), start)
        way = np.linalg.norm(position[begin : frame + 1] - position[frame], axis=-1)
        sizes.append(float(way.max()))
    shown = np.median(angles[frames[0] : max(frames[-1], frames[0]) + 3, hand], axis=0)
    shape = min(SHAPES, key=lambda name: float(np.linalg.norm(SHAPES[name] - shown)))
    x, y, z = (round(float(value), 3) for value in position[frames[0]])
    end = max(stop / FPS, strokes[-1].apex)
    size = round(float(np.mean(sizes)), 3)
    return Phrase(round(start / FPS, 3), round(end, 3), tuple(strokes), kind, hands, shape, (x, y, z), size)
