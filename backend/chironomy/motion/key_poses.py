# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense motion to key poses: channels that belong together get their keys on the same frames, as animators set them.

Where the key frames lie is found by dynamic programming: a key costs something, and so does every frame that the cubic
between two keys misses, by the square of how far. A key where the movement pauses costs less, so that keys lie on the
poses that are held or turned at, if they lie nearly as well there. Values and slopes are then fitted to all frames by
least squares; handles at thirds of the intervals carry the arcs (`SparseKeys.from_slopes`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys, evaluate
from chironomy.motion.errors import MotionError
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.spline import cheapest_knots, fitted, hermite, slopes_of

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

DETAIL = 0.5
"""The usual detail: about three key poses a second."""

WRIST, JOINT, ELBOW = 0.045, float(np.radians(70.0)), 0.3
"""Metres, radians and metres: where the squares of the misses of an interval's frames, as parts of these, add up to one
over all channels, another key is worth it.

Chosen so that, at the usual detail, hands of recordings in three styles have about three key poses a second and seldom
more than four, within `NEAR_ENOUGH`."""

NEAR_ENOUGH = 0.006, float(np.radians(4.0))
"""Metres of the wrist, and radians of each joint, within which 95 % of the frames are to lie at the usual detail."""

_EXACT = 0.001, float(np.radians(0.5))
"""Likewise, nearer than which nothing needs to be."""

_ROUNDS, _TIGHTER = 5, 0.75
"""How often what is farther off is keyed anew, and what its tolerance is multiplied by each time."""

_COARSER, _FINER = 1.0, 1.5
"""How many powers of ten coarser blocking is than the usual detail, and how many finer exact is."""

_KEYS_A_SECOND = 12.0
"""Keys lie no nearer than this allows, and never on neighbouring frames."""

_LONGEST = 1.5
"""Seconds after which there is another key in any case: a held pose goes on moving a little."""

_PAUSE = 0.3
"""By how much a key is cheaper, of 1, where the movement pauses."""

_LOOKS = 12
"""At how many frames at most a candidate interval is looked at; the fit looks at all of them."""

_HOPELESS, _TRIED = 6.0, 4
"""An interval that misses by so many keys' worth is not made longer, but for these lengths, of which there is always
one."""

_UNSEEN = 1e-3
"""Mean square, in prices of a key, below which a principal direction of the channels does not decide on frames."""

_NEAR, _CLOSER = 0.10, 1.5
"""Metres between wrists below which the hands may touch, and how many times more a miss counts where they do."""


class Part(NamedTuple):
    """Dense values that are keyed together with others.

    Attributes:
        values: (T, C); where `rotation`, (T, 4) unit quaternions, continuous.
        tolerance: in the unit of the values, or radians where `rotation`; as `WRIST` is meant.
        rotation: whether errors are angles.
    """

    values: Array
    tolerance: float
    rotation: bool = False

    @property
    def scaled(self) -> Array:
        """(T, C) so that 1 is a miss by the tolerance."""
        # A quaternion moves by half the angle.
        return self.values * ((2.0 if self.rotation else 1.0) / self.tolerance)


class Miss(NamedTuple):
    """How far keys are off the dense motion, over frames: 95th percentile and most.

    Attributes:
        wrist, wrist_most: metres.
        joint, joint_most: radians, of the joint that is off most.
    """

    wrist: float = 0.0
    joint: float = 0.0
    wrist_most: float = 0.0
    joint_most: float = 0.0

    def or_worse(self, other: "Miss") -> "Miss":
        """Return the larger of each number."""
        return Miss(*map(max, self, other))


def coarseness(detail: float) -> float:
    """Return what tolerances are multiplied by at a detail from 0, blocking, to 1, exact; 1 at the usual one.

    Raises:
        MotionError: the detail lies outside.
    """
    if not 0.0 <= detail <= 1.0:
        raise MotionError(f"the detail is {detail:g}; give a number from 0, blocking, to 1, exact")
    return float(10.0 ** ((_COARSER if detail < DETAIL else _FINER) * (DETAIL - detail) / DETAIL))


def key_poses(
    parts: Sequence[Part], fps: float, required: ArrayLike = (), weight: ArrayLike | None = None
) -> list[SparseKeys]:
    """Choose the frames of key poses for values that are keyed together, and fit keys to them.

    Args:
        parts: all of T frames. The first one's pauses draw the keys.
        fps: frames a second.
        required: frames at which there is a key that lies exactly on the dense values; between two that are nearer than
            keys else come, nothing is put.
        weight: (T,) how much a miss counts; 1 where None.

    Returns:
        The keys of each part, all on the same frames: the first, the last, the required, and as few others as the
        tolerances ask for. What never moves has one key, or those that are required and the ends.

    Raises:
        MotionError: the values are not finite or not of the same number of frames, or a required frame is not in them.
    """
    count, exact = _checked(parts, required)
    values = np.concatenate([part.values for part in parts], axis=1)
    scaled = np.concatenate([part.scaled for part in parts], axis=1)
    still = np.ptp(values, axis=0).max() < 1e-9
    if count == 1 or (still and not len(exact)):
        return [SparseKeys.from_slopes([0], part.values[:1], np.zeros_like(part.values[:1])) for part in parts]
    spacing = max(2, round(fps / _KEYS_A_SECOND))
    room = _room(count, exact)
    weights = np.ones(count) if weight is None else np.asarray(weight, np.float64)
    cost = _interval_costs(scaled, weights, room, max(round(_LONGEST * fps), spacing + 1))
    for length in range(1, min(spacing, cost.shape[1] + 1)):
        # Nearer to each other than that are only keys that must be there.
        cost[~_begins(count, exact) | (room != length), length - 1] = np.inf
    pausing = _PAUSE * _pauses(parts[0].scaled)
    for length in range(1, cost.shape[1] + 1):
        cost[: count - length, length - 1] -= pausing[length:]
    knots = cheapest_knots(cost)
    at_knots, along = fitted(values, knots, exact)
    channels = np.cumsum([part.values.shape[1] for part in parts])[:-1]
    split = zip(np.split(at_knots, channels, axis=1), np.split(along, channels, axis=1), strict=True)
    return [SparseKeys.from_slopes(knots, value, slope) for value, slope in split]


def hand_key_poses(
    motion: HandMotion,
    hand: int,
    detail: float = DETAIL,
    beside: Sequence[Part] = (),
    kept: NDArray[np.bool_] | None = None,
) -> tuple[list[SparseKeys], Miss]:
    """Choose the key poses of a hand, and fit keys to them within `NEAR_ENOUGH` where that can be.

    Args:
        motion: the dense motion.
        hand: 0 left, 1 right.
        detail: from 0, blocking, to 1, exact.
        beside: what else is keyed on the same frames, such as the elbow.
        kept: (T,) frames that are not to be keyed but led to: at their ends a key lies exactly on the motion.

    Returns:
        Keys of the wrist's place, of its 16 rotations, and of what is beside; and how far off they are in free frames.

    Raises:
        MotionError: as `key_poses` does.
    """
    coarse, weight = coarseness(detail), contact_weight(motion)
    limits = [max(limit * coarse, least) for limit, least in zip(NEAR_ENOUGH, _EXACT, strict=True)]
    parts, ends = hand_parts(motion, hand, detail), () if kept is None else ends_of(kept)
    keys = key_poses([*parts, *beside], motion.fps, ends, weight)
    for _ in range(_ROUNDS):
        off = [np.percentile(each, 95) if len(each) else 0.0 for each in _off(parts, keys, kept)]
        far = [error > limits[min(number, 1)] for number, error in enumerate(off)]
        if not any(far):
            break
        parts = [
            part._replace(tolerance=part.tolerance * _TIGHTER) if out else part
            for part, out in zip(parts, far, strict=True)
        ]
        keys = key_poses([*parts, *beside], motion.fps, ends, weight)
    return keys, missed(parts, keys, kept)


def ends_of(mask: NDArray[np.bool_]) -> Frames:
    """Return the frames of a mask (T,) beside which one is free."""
    beside = np.concatenate([[True], mask, [True]])
    return np.flatnonzero(mask & ~(beside[:-2] & beside[2:]))


def hand_parts(motion: HandMotion, hand: int, detail: float = DETAIL) -> list[Part]:
    """Return the parts of a hand's key poses: where its wrist is, then its 16 rotations.

    Raises:
        MotionError: the detail lies outside 0 to 1.
    """
    coarse = coarseness(detail)
    turns = [quaternion.make_continuous(motion.rotation[:, hand, joint]) for joint in range(16)]
    return [
        Part(motion.wrist_position[:, hand], coarse * WRIST),
        *(Part(turn, coarse * JOINT, rotation=True) for turn in turns),
    ]


def contact_weight(motion: HandMotion) -> Array:
    """Return (T,) how much a miss counts: more where the hands are so near to each other that they may touch."""
    apart = np.linalg.norm(motion.wrist_position[:, 0] - motion.wrist_position[:, 1], axis=-1)
    # Clasped hands' wrists are about a hand's length apart.
    return 1.0 + (_CLOSER**2 - 1.0) * np.clip(2.0 - apart / _NEAR, 0.0, 1.0)


def missed(parts: Sequence[Part], keys: Sequence[SparseKeys], mask: NDArray[np.bool_] | None = None) -> Miss:
    """Return how far the keys of `hand_parts` are off.

    Args:
        parts: of one hand.
        keys: of each part; what follows the 17 is not looked at.
        mask: (T,) frames that do not count.
    """
    wrist, *turned = _off(parts, keys, mask)
    if len(wrist) == 0:
        return Miss()
    joints = np.array(turned)
    return Miss(
        float(np.percentile(wrist, 95)),
        float(np.percentile(joints, 95, axis=1).max()),
        float(wrist.max()),
        float(joints.max()),
    )


def _off(parts: Sequence[Part], keys: Sequence[SparseKeys], mask: NDArray[np.bool_] | None) -> list[Array]:
    """Return how far each of the 17 parts of a hand is off at the frames outside of a mask."""
    free = np.flatnonzero(~mask) if mask is not None else np.arange(len(parts[0].values))
    wrist = np.linalg.norm(evaluate(keys[0], free) - parts[0].values[free], axis=-1)
    return [wrist] + [
        quaternion.angle(quaternion.normalize(evaluate(sparse, free)), part.values[free])
        for part, sparse in zip(parts[1:17], keys[1:17], strict=True)
    ]


def _checked(parts: Sequence[Part], required: ArrayLike) -> tuple[int, Frames]:
    counts = {len(part.values) for part in parts}
    if len(counts) != 1 or 0 in counts:
        raise MotionError(f"parts that are keyed together have {sorted(counts)} frames; they must have the same number")
    if not all(np.isfinite(part.values).all() for part in parts):
        raise MotionError("values to key are not all finite; repair the motion first")
    count, frames = counts.pop(), np.unique(np.asarray(required, dtype=np.int64))
    for frame in frames[(frames < 0) | (frames >= count)]:
        raise MotionError(f"required frame {frame} is not one of the motion's frames, 0 to {count - 1}")
    return count, frames


def _begins(count: int, required: Frames) -> NDArray[np.bool_]:
    """Return (T,) which frames are the first or required."""
    begins = np.zeros(count, bool)
    begins[np.append(required, 0)] = True
    return begins


def _room(count: int, required: Frames) -> Frames:
    """Return (T,) how many frames it is from each to the next that must have a key."""
    ends = np.append(required[required > 0], count - 1)
    frames = np.arange(count)
    return ends[np.searchsorted(ends, frames, side="right").clip(max=len(ends) - 1)] - frames


def _pauses(values: Array) -> Array:
    """Return (T,) 1 where the speed of values (T, C) is least among its neighbours, else 0."""
    speed = np.linalg.norm(slopes_of(values), axis=-1)
    padded = np.concatenate([[np.inf], speed, [np.inf]])
    return ((speed <= padded[:-2]) & (speed < padded[2:])).astype(np.float64)


def _interval_costs(scaled: Array, weight: Array, room: Frames, longest: int) -> Array:
    """Return (T, lengths) what an interval from a frame on costs by its length less 1; inf where it cannot be.

    It costs one for its key, and what its frames miss.
    """
    count = len(scaled)
    mean = scaled.mean(axis=0)
    _, spread, directions = np.linalg.svd(scaled - mean, full_matrices=False)
    seen = max(1, int(np.count_nonzero(spread**2 / count > _UNSEEN)))
    along = np.ascontiguousarray((scaled - mean) @ directions[:seen].T)
    slopes = slopes_of(along)
    longest = min(count - 1, longest)
    cost = np.full((count, longest), np.inf)
    starts = np.arange(count - 1)
    for length in range(1, longest + 1):
        starts = starts[length <= room[starts]]
        if len(starts) == 0:
            break
        inside = np.arange(1, length)
        if len(inside) > _LOOKS:
            inside = np.unique(np.linspace(1, length - 1, _LOOKS).round().astype(np.int64))
        missing = np.zeros(len(starts))
        if len(inside):
            ends = np.stack([along[starts], slopes[starts], along[starts + length], slopes[starts + length]])
            at = inside[:, None] + starts
            off = np.tensordot(hermite(inside / length, float(length)), ends, 1) - along[at]
            missing = (np.einsum("lnd,lnd->ln", off, off) * weight[at]).sum(axis=0) * ((length - 1) / len(inside))
        cost[starts, length - 1] = 1.0 + missing
        if length > _TRIED:
            starts = starts[missing < _HOPELESS]
    return cost
