# SPDX-License-Identifier: GPL-3.0-or-later
"""`HandMotion`: the motion of two hands, the one thing that every room hands to the next."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.errors import MotionError

HANDS = ("left", "right")

MANO_JOINTS = (
    "wrist",
    *(f"{finger}{joint}" for finger in ("index", "middle", "pinky", "ring", "thumb") for joint in (1, 2, 3)),
)
"""The 16 joints of one hand in MANO's order."""

MINIMUM_FPS, MAXIMUM_FPS = 1.0, 240.0

_UNIT_TOLERANCE = 1e-3
_RANGE_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class HandMotion:
    """Two hands over time; frame `i` is at `i / fps` seconds.

    The frame of the body is in metres: +x the person's left, +y up, +z forward, the origin midway between the shoulder
    joints at rest. Hands are ordered left, right; joints as in `MANO_JOINTS`.

    The arrays are checked, copied to float64 and made read-only: edit by `replaced`. Quaternions within 0.001 of unit
    length are normalised, and their signs are chosen so that they are continuous in time.

    Attributes:
        fps: frames a second, 1 to 240.
        wrist_position: (T, 2, 3) metres, in the frame of the body.
        rotation: (T, 2, 16, 4) unit quaternions, wxyz. Joint 0 is the wrist's orientation in the frame of the body,
            joints 1 to 15 are relative to their parents about MANO's rest axes. Identity is MANO's rest: arms straight
            out sideways, palms down, fingers flat.
        confidence: (T, 2), 0 to 1, how surely a hand is seen or wanted.
        source: what the motion was made from and how; JSON values only.

    Raises:
        MotionError: a field has the wrong shape, is not finite or is out of range; the sentence names the field.
    """

    fps: float
    wrist_position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    confidence: NDArray[np.float64]
    source: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fps = checked_fps(self.fps)
        shape = np.shape(self.wrist_position)
        frames = shape[0] if shape else 0
        wrist_position = checked_array("wrist_position", self.wrist_position, (frames, 2, 3))
        rotation = checked_array("rotation", self.rotation, (frames, 2, len(MANO_JOINTS), 4))
        confidence = checked_range("confidence", self.confidence, (frames, 2))
        if not isinstance(self.source, dict):
            raise MotionError(f"source is of type {type(self.source).__name__}; it must be a dictionary")
        object.__setattr__(self, "fps", fps)
        object.__setattr__(self, "wrist_position", _read_only(wrist_position))
        object.__setattr__(self, "rotation", _read_only(quaternion.make_continuous(_checked_unit(rotation))))
        object.__setattr__(self, "confidence", _read_only(confidence))
        object.__setattr__(self, "source", dict(self.source))

    @property
    def frame_count(self) -> int:
        """How many frames there are, T."""
        return len(self.wrist_position)

    @property
    def duration(self) -> float:
        """Seconds that the frames fill: `frame_count / fps`."""
        return self.frame_count / self.fps

    @property
    def times(self) -> NDArray[np.float64]:
        """The (T,) seconds of the frames."""
        return np.arange(self.frame_count) / self.fps

    def replaced(self, **fields: Any) -> Self:
        """Return a copy with some fields replaced, and checked again."""
        return replace(self, **fields)

    def sliced(self, start: int, stop: int) -> Self:
        """Return the frames `start` to `stop - 1`.

        Raises:
            MotionError: the range holds no frame of this motion.
        """
        if not 0 <= start < stop <= self.frame_count:
            raise MotionError(
                f"frames {start} to {stop} are not a range of a motion of {self.frame_count} frames; "
                f"choose 0 <= start < stop <= {self.frame_count}"
            )
        return self.replaced(
            wrist_position=self.wrist_position[start:stop],
            rotation=self.rotation[start:stop],
            confidence=self.confidence[start:stop],
        )

    def lasting(self, frame_count: int) -> Self:
        """Return the motion with so many frames: cut at the end, or its last frame held."""
        frames = np.minimum(np.arange(frame_count), self.frame_count - 1)
        return self.replaced(
            wrist_position=self.wrist_position[frames],
            rotation=self.rotation[frames],
            confidence=self.confidence[frames],
        )

    def resampled(self, fps: float, frame_count: int | None = None) -> Self:
        """Return the same motion at another frame rate: rotations by slerp, the rest linearly, the last frame held.

        Args:
            fps: the new frame rate.
            frame_count: the new number of frames; by default as many as fill the same time, and at least one.

        Raises:
            MotionError: `fps` or `frame_count` is out of range.
        """
        fps = checked_fps(fps)
        times, new_times = self.times, resampled_times(self.duration, fps, frame_count)
        return self.replaced(
            fps=fps,
            wrist_position=linear(self.wrist_position, times, new_times),
            rotation=quaternion.resample(self.rotation, times, new_times),
            confidence=linear(self.confidence, times, new_times),
        )


def checked_fps(fps: Any) -> float:
    """Return `fps` as a float, or raise MotionError where it is not one number from 1 to 240."""
    try:
        value = float(np.asarray(fps).reshape(()).item())
    except (TypeError, ValueError):
        raise MotionError(f"fps is {fps!r:.60}; it must be one number of frames a second") from None
    if not MINIMUM_FPS <= value <= MAXIMUM_FPS:
        raise MotionError(f"fps is {value:g}; it must be from {MINIMUM_FPS:g} to {MAXIMUM_FPS:g} frames a second")
    return value


def checked_array(name: str, value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a float64 copy of `value`, whose first axis is frames, or raise MotionError naming it."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise MotionError(f"{name} is not an array of numbers; it must hold real numbers only") from None
    if array.ndim == len(shape) and len(array) == 0:
        raise MotionError(f"{name} has no frames; a motion has at least one")
    if array.shape != shape:
        wanted = ", ".join(["frames", *map(str, shape[1:])])
        raise MotionError(
            f"{name} has shape {array.shape}; it must be ({wanted})"
            + (f" with {shape[0]} frames, as the other fields have" if array.shape[1:] == shape[1:] else "")
        )
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise MotionError(f"{name} is {array[where]} at frame {where[0]}, index {where[1:]}; it must be finite")
    return array


def checked_range(name: str, value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return `value` as `checked_array` does, where it lies from 0 to 1 (rounding errors are clipped)."""
    array = checked_array(name, value, shape)
    bad = (array < -_RANGE_TOLERANCE) | (array > 1.0 + _RANGE_TOLERANCE)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise MotionError(f"{name} is {array[where]:g} at frame {where[0]}, index {where[1:]}; it must be from 0 to 1")
    return np.clip(array, 0.0, 1.0)


def resampled_times(duration: float, fps: float, frame_count: int | None) -> NDArray[np.float64]:
    """Return the seconds of `frame_count` frames at `fps`, by default as many as fill `duration` seconds."""
    if frame_count is None:
        frame_count = max(1, round(duration * fps))
    if frame_count < 1:
        raise MotionError(f"frame_count is {frame_count}; a motion has at least one frame")
    return np.arange(frame_count) / fps


def linear(
    values: NDArray[np.float64], times: NDArray[np.float64], new_times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sample `values` (T, ...), given at `times`, at `new_times` (N,), linearly; the end values hold outside."""
    flat = values.reshape(len(values), -1)
    sampled = np.stack([np.interp(new_times, times, column) for column in flat.T], axis=1)
    return sampled.reshape(len(new_times), *values.shape[1:])


def _checked_unit(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `rotation` normalised, or raise MotionError where a quaternion is far from unit length."""
    with np.errstate(over="ignore"):  # numbers too large to be squared are not of unit length either
        length = np.linalg.norm(rotation, axis=-1)
    bad = np.abs(length - 1.0) > _UNIT_TOLERANCE
    if bad.any():
        frame, hand, joint = (int(i) for i in np.argwhere(bad)[0])
        raise MotionError(
            f"rotation has a quaternion of length {length[frame, hand, joint]:.4g} at frame {frame}, {HANDS[hand]} "
            f"{MANO_JOINTS[joint]}; quaternions (w, x, y, z) must have unit length"
        )
    # What is unit to the last digit stays as it is, so that saving and loading change nothing.
    return np.where(np.abs(length - 1.0)[..., None] > 1e-15, rotation / length[..., None], rotation)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.setflags(write=False)
    return array


def hand_bones() -> tuple[str, ...]:
    """Return the names of the 32 bones that carry a hand motion: `hand.L`, `index1.L` … `thumb3.R`."""
    return tuple(f"{'hand' if name == 'wrist' else name}.{side}" for side in "LR" for name in MANO_JOINTS)
