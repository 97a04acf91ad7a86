# SPDX-License-Identifier: GPL-3.0-or-later
"""From sampled numbers to motion a person could make: smoothing, limits, clearance, pins put back."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.joint_limits import clamp_hand_rotation
from chironomy.gesture.anatomy import clamp_wrist
from chironomy.gesture.space import clear_of_body, neutral_of, within_reach
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

_SMOOTHING_SECONDS = 0.03  # what is faster than a hand (standard deviation of the zero-phase filter)
_START_SECONDS = 0.4  # in which motion that is under way when the recording begins starts from standstill
_EASE_SECONDS = 0.25  # how far a pin's correction reaches into the free frames beside it
_CHUNK, _MARGIN = 2400, 48  # frames; limits act within a few frames, so long motion is finished piece by piece


def smooth(motion: Array, fps: float) -> Array:
    """Zero-phase low-pass of (T, channels); the 6D form may be averaged, decoding makes it a rotation again."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(motion, _SMOOTHING_SECONDS * fps, axis=0, mode="nearest")


def from_standstill(motion: Array, fps: float) -> Array:
    """Let (T, channels) begin without speed: the first speed v is taken out as v t (1 - t / 0.4 s)^3, then no more.

    Words may come so early that the hands would have to be on their way before the first frame.
    """
    if len(motion) < 2:
        return motion
    times = np.arange(len(motion)) / fps
    fading = times * np.clip(1 - times / _START_SECONDS, 0, 1) ** 3
    return motion - fading[:, None] * (motion[1] - motion[0]) * fps


def possible(motion: HandMotion) -> HandMotion:
    """Bring motion within the limits of joints and arms and out of the body; frames within them hardly change."""
    pieces = []
    for first in range(0, motion.frame_count, _CHUNK):
        begin, end = max(first - _MARGIN, 0), min(first + _CHUNK + _MARGIN, motion.frame_count)
        piece = _possible(motion.sliced(begin, end))
        last = min(first + _CHUNK, motion.frame_count)
        pieces.append(piece.sliced(first - begin, last - begin))
    return motion.replaced(
        wrist_position=np.concatenate([piece.wrist_position for piece in pieces]),
        rotation=np.concatenate([piece.rotation for piece in pieces]),
    )


def _possible(motion: HandMotion) -> HandMotion:
    motion = motion.replaced(
        wrist_position=within_reach(motion.wrist_position), rotation=clamp_hand_rotation(motion.rotation)
    )
    motion = clear_of_body(motion.replaced(rotation=_with_wrists(motion)))
    motion = motion.replaced(wrist_position=within_reach(motion.wrist_position))
    return motion.replaced(rotation=_with_wrists(motion))


def _with_wrists(motion: HandMotion) -> Array:
    """Rotations whose wrists are within limits; elbows follow the wrists, so a few rounds settle both."""
    rotation = motion.rotation.copy()
    for _ in range(3):
        neutral = neutral_of(motion.wrist_position, rotation[:, :, 0])
        rotation[:, :, 0] = clamp_wrist(neutral, rotation[:, :, 0])
    return rotation


def put_back(motion: HandMotion, pinned: HandMotion, mask: NDArray[np.bool_]) -> HandMotion:
    """Set pinned frames to exactly what was given, and ease what that changes into the frames beside them.

    Args:
        motion: what was sampled.
        pinned: what is given, as many frames.
        mask: (T, 2) bool, which frames of which hand are given.
    """
    position, rotation = motion.wrist_position.copy(), motion.rotation.copy()
    confidence = motion.confidence.copy()
    reach = max(round(_EASE_SECONDS * motion.fps), 1)
    turn = quaternion.multiply(pinned.rotation, quaternion.inverse(motion.rotation))
    turn = quaternion.to_rotation_vector(turn)
    step = pinned.wrist_position - motion.wrist_position
    for hand in range(2):
        given = np.flatnonzero(mask[:, hand])
        if len(given) == 0:
            continue
        free = np.flatnonzero(~mask[:, hand])
        before = np.searchsorted(given, free) - 1
        for neighbour in (before, before + 1):
            known = (neighbour >= 0) & (neighbour < len(given))
            frames, source = free[known], given[neighbour[known]]
            part = np.clip(1 - np.abs(frames - source) / (reach + 1), 0, 1)
            part = part**2 * (3 - 2 * part)
            position[frames, hand] += part[:, None] * step[source, hand]
            eased = quaternion.from_rotation_vector(part[:, None, None] * turn[source, hand])
            rotation[frames, hand] = quaternion.multiply(eased, rotation[frames, hand])
        position[given, hand] = pinned.wrist_position[given, hand]
        rotation[given, hand] = pinned.rotation[given, hand]
        confidence[given, hand] = pinned.confidence[given, hand]
    return motion.replaced(wrist_position=position, rotation=quaternion.normalize(rotation), confidence=confidence)
