# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion that is given: shown to the network, and put back exactly in the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.encoding import encode
from chironomy.gesture.errors import GestureError
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion
from chironomy.reading import read_arrays

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# How far a pin's correction reaches into the free frames beside it, in seconds: this, and longer where there is more to
# correct, so that no correction moves a wrist by much more than the speed or turns a joint faster than the rate given.
_EASE_SECONDS, _EASE_AT_MOST = 0.4, 0.75
_EASE_SPEED, _EASE_RATE = 0.6, 4.0  # metres and radians a second

_SAME_FPS = 1e-4  # apart, at which two rates are one that was rounded

SAMPLED_EASE_SECONDS = 0.5
"""How far corrections reach while motion is sampled."""

EASE_SECONDS = _EASE_AT_MOST
"""Free frames farther than this from every pinned one are as they were sampled."""


_LARGEST_MASK = 1 << 28
"""Bytes: an hour of whole masks at 60 frames a second takes 7 million."""


def load_pinned_mask(path: str | Path) -> Mask:
    """Read which frames of a motion are pinned: an `.npz` whose array `mask` is of booleans.

    Returns:
        (T, 2) whole hands, or (T, 2, 16) joints of them.

    Raises:
        GestureError: the file is missing or damaged, or holds no such array; the sentence says which.
    """
    wanted = f"'mask' of (frames, 2) or (frames, 2, {len(MANO_JOINTS)}) booleans"
    fields = read_arrays(
        path, GestureError, advice=f"give an .npz file with an array {wanted}", maximum_bytes=_LARGEST_MASK
    )
    mask = fields["mask"]
    if mask.dtype.kind not in "biu" or mask.shape[1:] not in ((2,), (2, len(MANO_JOINTS))) or not len(mask):
        raise GestureError(f"{fields.about.name}: mask is {mask.dtype} of shape {mask.shape}; it must be {wanted}")
    return mask != 0


@dataclass(frozen=True)
class Pins:
    """Motion of which a part is to be kept.

    Attributes:
        motion: as long as the result and at its frame rate.
        mask: (T, 2, 16) which joints of which hands are kept in which frames; joint 0 is the wrist with its position.
    """

    motion: HandMotion
    mask: Mask

    def at(self, fps: float, first: int, last: int) -> tuple[NDArray[np.float32], Mask]:
        """What is given on another timeline: motion (n, 198) and mask (n, 2, 16) of frames `first` to `last - 1`.

        A frame that lies between two is given where both are, or where the nearer one is.
        """
        position = np.arange(first, last) / fps * self.motion.fps
        below = np.clip(np.floor(position + 1e-6).astype(int), 0, self.motion.frame_count - 1)
        above = np.clip(np.ceil(position - 1e-6).astype(int), 0, self.motion.frame_count - 1)
        part = np.clip(position - below, 0, 1)[:, None, None]
        weights = (1 - part) * self.mask[below], part * self.mask[above]
        total = weights[0] + weights[1]
        begin, end = int(below.min()), int(above.max()) + 1
        values = encode(self.motion.wrist_position[begin:end], self.motion.rotation[begin:end])
        share = numbers_of(weights[0] / np.maximum(total, 1e-9)), numbers_of(weights[1] / np.maximum(total, 1e-9))
        mixed = share[0] * values[below - begin] + share[1] * values[above - begin]
        return mixed.astype(np.float32), total > 0.5 - 1e-6

    def near(self, times: Array, seconds: float) -> Array:
        """(n, 2) how near something pinned of each hand is at moments in seconds (n,): 1 there, 0 from `seconds` on."""
        some = self.mask.any(axis=-1)
        near = np.zeros((len(times), 2))
        for hand in range(2):
            pinned = np.flatnonzero(some[:, hand]) / self.motion.fps
            if len(pinned):
                after = np.searchsorted(pinned, times)
                beside = pinned[np.stack([np.maximum(after - 1, 0), np.minimum(after, len(pinned) - 1)])]
                part = np.clip(1 - np.abs(beside - times).min(axis=0) / seconds, 0, 1)
                near[:, hand] = part * part * (3 - 2 * part)
        return near

    def sliced(self, start: int, stop: int) -> "Pins":
        """The frames `start` to `stop - 1`."""
        return Pins(self.motion.sliced(start, stop), self.mask[start:stop])


def numbers_of(joints: NDArray) -> NDArray:
    """Values of joints (T, 2, 16) for each of a frame's numbers, (T, 198), as `gesture.encoding` orders them."""
    per_hand = np.concatenate([np.repeat(joints[..., :1], 3, axis=-1), np.repeat(joints, 6, axis=-1)], axis=-1)
    return per_hand.reshape(len(joints), -1)


def checked_pins(pinned: HandMotion | None, mask: Mask | None, fps: float, frames: int) -> Pins | None:
    """Pins, or None where nothing is pinned.

    Args:
        pinned: the motion that is given, from the result's beginning on; what it lacks at the end is not pinned, and
            what it has beyond the end is left out.
        mask: (T, 2) or (T, 2, 16); by default the frames of confidence above 0.
        fps: of the result.
        frames: of the result.

    Raises:
        GestureError: they do not fit the result.
    """
    if pinned is None:
        if mask is not None:
            raise GestureError("pinned_mask is given without pinned; give the motion that is to be kept")
        return None
    if abs(pinned.fps - fps) > _SAME_FPS:
        raise GestureError(
            f"pinned has {pinned.fps:g} frames a second, and the motion will have {fps:g}; resample it first"
        )
    mask = pinned.confidence > 0 if mask is None else np.asarray(mask)
    joints, given = len(MANO_JOINTS), pinned.frame_count
    if mask.shape not in ((given, 2), (given, 2, joints)):
        raise GestureError(
            f"pinned_mask has shape {mask.shape}; it must be {(given, 2)}: frames, hands, or {(given, 2, joints)}: "
            "frames, hands, joints"
        )
    mask = mask.astype(bool)
    if mask.ndim == 2:
        mask = np.repeat(mask[:, :, None], joints, axis=2)
    whole = np.zeros((frames, 2, joints), bool)
    whole[:given] = mask[:frames]
    return Pins(pinned.lasting(frames).replaced(fps=fps), whole) if whole.any() else None


def put_back(motion: HandMotion, pins: Pins) -> HandMotion:
    """Set pinned joints to exactly what was given, and ease what that changes into the frames beside them.

    Args:
        motion: what was sampled.
        pins: as many frames.
    """
    given, mask = pins.motion, pins.mask
    step = given.wrist_position - motion.wrist_position
    turn = quaternion.to_rotation_vector(quaternion.multiply(given.rotation, quaternion.inverse(motion.rotation)))
    need = np.linalg.norm(turn, axis=-1) / _EASE_RATE
    need[..., 0] = np.maximum(need[..., 0], np.linalg.norm(step, axis=-1) / _EASE_SPEED)
    reach = np.minimum(_EASE_SECONDS + need, _EASE_AT_MOST) * motion.fps
    position, rotation = motion.wrist_position.copy(), motion.rotation
    for ease in eased(mask, reach):
        position += ease.taken(lambda joints: joints[..., 0]).of(step)
        rotation = quaternion.multiply(quaternion.from_rotation_vector(ease.of(turn)), rotation)
    wrist = mask[..., 0]
    return motion.replaced(
        wrist_position=np.where(wrist[..., None], given.wrist_position, position),
        rotation=np.where(mask[..., None], given.rotation, quaternion.normalize(rotation)),
        confidence=np.where(wrist, given.confidence, motion.confidence),
    )


class Ease(NamedTuple):
    """How corrections of pinned frames reach into the free ones on one side of them.

    Attributes:
        source: (T, ...) the pinned frame that each frame's correction comes from.
        inner: (T, ...) the one beside it, farther from the frame; itself where that is not pinned.
        part: (T, ...) of the correction, 0..1; 0 where something is pinned itself.
        lead: (T, ...) frames for which it goes on to change as it does from the inner one on: what is pinned is left,
            and reached, at its own speed.
    """

    source: NDArray[np.int64]
    inner: NDArray[np.int64]
    part: Array
    lead: Array

    def of(self, lack: Array) -> Array:
        """Corrections (T, ..., n) of what each frame lacks, as many numbers of each."""
        own, beside = (np.take_along_axis(lack, rows[..., None], axis=0) for rows in (self.source, self.inner))
        return self.part[..., None] * own + self.lead[..., None] * (own - beside)

    def taken(self, take: Callable[[NDArray[Any]], NDArray[Any]]) -> "Ease":
        """The same of what `take` takes of the columns."""
        return Ease(take(self.source), take(self.inner), take(self.part), take(self.lead))


def eased(mask: Mask, reach: Array | float) -> Iterator[Ease]:
    """How corrections of pinned frames reach into the free ones: of the pinned frame before each, then of that after.

    Between two pinned frames the corrections fade into each other: each has all of its own place, nothing of the
    other's.

    Args:
        mask: (T, ...) what is pinned.
        reach: frames that a correction reaches, everywhere or (T, ...) from each pinned frame.

    Corrections go along cubics (Hermite) that begin with their value and rate of change, and end in nothing.
    """
    frames = np.arange(len(mask)).reshape(-1, *[1] * (mask.ndim - 1))
    before = np.maximum.accumulate(np.where(mask, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(mask, frames, len(mask))[::-1], axis=0)[::-1]
    gap = np.where((before >= 0) & (after < len(mask)), after - before, np.inf)
    for nearest in (before, after):
        known = (nearest >= 0) & (nearest < len(mask)) & ~mask
        source = np.where(known, nearest, 0)
        far = np.take_along_axis(reach, source, axis=0) if isinstance(reach, np.ndarray) else reach
        width = np.minimum(np.maximum(far, 1.0) + 1.0, np.maximum(gap, 1.0))
        left: Array = np.where(known, np.clip(1 - np.abs(frames - nearest) / width, 0, 1), 0.0)
        inner = np.clip(source + (1 if nearest is after else -1), 0, len(mask) - 1)
        inner = np.where(np.take_along_axis(mask, inner, axis=0), inner, source)
        yield Ease(source, inner, left**2 * (3 - 2 * left), np.abs(frames - nearest) * left**2)
