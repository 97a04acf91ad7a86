# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse Bezier keys, and their evaluation as Blender evaluates F-curves."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.errors import MotionError

Array = NDArray[np.float64]

# Halvings of a Bezier's parameter: 2^-60 is below double precision.
_HALVINGS = 60


@dataclass(frozen=True, eq=False)
class SparseKeys:
    """Bezier keys of some channels that share their key frames, like a bone's location or rotation.

    Handles are points (frame, value) as in Blender's F-curves, of type FREE or ALIGNED.

    Attributes:
        frames: (K,) int, increasing; counted from the motion's first frame, 0.
        values: (K, C).
        left: (K, C, 2) handles before the keys.
        right: (K, C, 2) handles after the keys.

    Raises:
        MotionError: the shapes do not agree or the frames do not increase.
    """

    frames: NDArray[np.int64]
    values: Array
    left: Array
    right: Array

    def __post_init__(self) -> None:
        frames = np.asarray(self.frames)
        values = np.asarray(self.values, dtype=np.float64)
        left, right = np.asarray(self.left, dtype=np.float64), np.asarray(self.right, dtype=np.float64)
        if frames.ndim != 1 or len(frames) == 0 or np.any(frames != np.round(frames)) or np.any(np.diff(frames) <= 0):
            raise MotionError("frames of keys must be whole numbers that increase, at least one")
        if values.ndim != 2 or len(values) != len(frames):
            raise MotionError(f"values has shape {values.shape}; it must be ({len(frames)}, channels), one row a key")
        for name, handles in (("left", left), ("right", right)):
            if handles.shape != (*values.shape, 2):
                raise MotionError(f"{name} has shape {handles.shape}; it must be {(*values.shape, 2)}: (frame, value)")
        object.__setattr__(self, "frames", frames.astype(np.int64))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "left", left)
        object.__setattr__(self, "right", right)

    @classmethod
    def from_slopes(cls, frames: ArrayLike, values: ArrayLike, slopes: ArrayLike) -> Self:
        """Make keys with handles at one third of the way to their neighbours, along the slopes.

        Handles at thirds make a Bezier's frame linear in its parameter: the curve is then a cubic Hermite spline.

        Args:
            frames: (K,) int.
            values: (K, C).
            slopes: (K, C) change of value a frame.
        """
        frames = np.asarray(frames, dtype=np.int64)
        values, slopes = np.asarray(values, dtype=np.float64), np.asarray(slopes, dtype=np.float64)
        third = np.diff(frames) / 3.0 if len(frames) > 1 else np.array([1.0 / 3.0])
        before = np.concatenate([third[:1], third])[: len(frames), None]
        after = np.concatenate([third, third[-1:]])[-len(frames) :, None]
        at = frames[:, None] + np.zeros_like(values)
        left = np.stack([at - before, values - before * slopes], axis=-1)
        right = np.stack([at + after, values + after * slopes], axis=-1)
        return cls(frames=frames, values=values, left=left, right=right)

    def mapped(self, matrix: ArrayLike, offset: ArrayLike = 0.0) -> Self:
        """Return the keys of the curves `matrix @ channels + offset`, exactly.

        A change of frame is such a map: of a location by a rotation and an origin, of a quaternion by a product with
        fixed quaternions on either side. The channels of a key must have their handles at the same frames, as keys
        that this package makes have.

        Args:
            matrix: (D, C).
            offset: (D,).

        Raises:
            MotionError: the channels' handles lie at different frames.
        """
        matrix, offset = np.asarray(matrix, dtype=np.float64), np.asarray(offset, dtype=np.float64)
        if any(np.ptp(handles[..., 0], axis=1).max() > 1e-9 for handles in (self.left, self.right)):
            raise MotionError("these keys' channels have handles at different frames, so they cannot be mixed")

        def handles(old: Array) -> Array:
            value = old[..., 1] @ matrix.T + offset
            return np.stack([np.broadcast_to(old[:, :1, 0], value.shape), value], axis=-1)

        values = self.values @ matrix.T + offset
        return type(self)(frames=self.frames, values=values, left=handles(self.left), right=handles(self.right))

    def shifted(self, frames: int) -> Self:
        """Return the same keys that many frames later."""
        shift = np.array([frames, 0.0])
        return type(self)(self.frames + frames, self.values, self.left + shift, self.right + shift)


def evaluate(keys: SparseKeys, frames: ArrayLike) -> Array:
    """Evaluate the curves of `keys` as Blender does F-curves with Bezier interpolation and constant extrapolation.

    Between two keys the curve is the cubic Bezier of the keys and the two handles that face each other. A handle that
    is longer in time than the distance of the keys is first shortened to that distance, keeping its direction; so the
    frame never runs backwards where handles point the right way. Measured against Blender 5.0, whose handles are single
    precision: equal to 1e-5 of the values' range.

    Args:
        keys: K keys of C channels.
        frames: (N,) frames, whole or not.

    Returns:
        (N, C) values.
    """
    frames = np.atleast_1d(np.asarray(frames, dtype=np.float64))
    if len(keys.frames) == 1:
        return np.repeat(keys.values, len(frames), axis=0)
    start = np.clip(np.searchsorted(keys.frames, frames, side="right") - 1, 0, len(keys.frames) - 2)
    stop = start + 1
    inside = np.clip(frames, keys.frames[0], keys.frames[-1])[:, None]

    def point(which: NDArray[np.int64]) -> Array:
        at = np.zeros_like(keys.values[which]) + keys.frames[which, None]
        return np.stack([at, keys.values[which]], axis=-1)

    first, last = point(start), point(stop)
    span = last[..., :1] - first[..., :1]
    second = first + shortened(keys.right[start] - first, span)
    third = last + shortened(keys.left[stop] - last, span)
    # Frames as parts of the interval, so that one tolerance fits all.
    x1, x2 = ((handle - first)[..., 0] / span[..., 0] for handle in (second, third))
    t = _parameter(x1, x2, (inside - first[..., 0]) / span[..., 0])
    return _bezier(first[..., 1], second[..., 1], third[..., 1], last[..., 1], t)


def shortened(handle: Array, span: Array) -> Array:
    """Scale handles, given from their keys, (..., 2), to be no longer in time than `span` (..., 1), as Blender does."""
    length = np.abs(handle[..., :1])
    return handle * np.where(length > span, span / np.where(length > 0.0, length, 1.0), 1.0)


def _parameter(x1: Array, x2: Array, x: Array) -> Array:
    """Return the parameters at which the Beziers 0, `x1`, `x2`, 1 have the value `x`, by halving."""
    thirds = np.maximum(np.abs(x1 - 1.0 / 3.0), np.abs(x2 - 2.0 / 3.0)) < 1e-12
    if thirds.all():
        return x
    low, high = np.zeros_like(x), np.ones_like(x)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        before = _bezier(0.0, x1, x2, 1.0, middle) < x
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return np.where(thirds, x, 0.5 * (low + high))


def _bezier(p0: Array | float, p1: Array, p2: Array, p3: Array | float, t: Array) -> Array:
    s = 1.0 - t
    return s * s * s * p0 + 3.0 * s * s * t * p1 + 3.0 * s * t * t * p2 + t * t * t * p3
