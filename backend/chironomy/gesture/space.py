# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the character's arms hold wrists at ease, and which way a hand then faces by nature."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import (
    ball_radii,
    balls_of_wrists,
    hand_balls,
    hands_close,
    hands_depth,
    pushed_out,
    signed_depth,
)
from chironomy.body.hand_anatomy import neutral_wrist
from chironomy.body.ik import elbow_position
from chironomy.body.rig import load_rig
from chironomy.body.sitting import is_seated
from chironomy.motion import filters
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]


# Part of the arm's length that a talking hand uses: never quite straight, never folded onto the shoulder.
_REACH = (0.42, 0.965)
_EASE_SECONDS = 0.04  # standard deviation over which displacements are eased in time
_AROUND_SECONDS = 0.6  # before and after a touch, in which the hands go round it
_MARGIN = 0.008  # metres, as `push_out` keeps; half as much between the hands
_TOUCH = 3e-4


def shoulders() -> Array:
    """(2, 3) metres, the heads of the upper arms."""
    rig = load_rig()
    return np.stack([rig.joint_position[rig.arm_joints(hand)[1]] for hand in range(2)])


def within_reach(wrist_position: Array) -> Array:
    """Bring wrists (..., 2, 3) to where the arms hold them at ease, along the line from the shoulder."""
    line = wrist_position - shoulders()
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    length = load_rig().arm_lengths.sum(axis=-1, keepdims=True)
    allowed = np.clip(distance, _REACH[0] * length, _REACH[1] * length)
    return shoulders() + line * (allowed / np.maximum(distance, 1e-6))


def clear_of_body(motion: HandMotion) -> HandMotion:
    """Move wrists so that hands and forearms stay out of the body and of each other, without a jolt.

    Only stretches around frames in which something touches are worked on; without any, the motion itself is returned.
    """
    hands = hand_balls(load_rig(), motion.rotation)
    for _ in range(2):
        touching = _touching(motion, hands)
        if not touching.any():
            break
        around = filters.maximum(touching, 2 * max(round(_AROUND_SECONDS * motion.fps), 1) + 1) > 0
        edges = np.flatnonzero(np.diff(np.concatenate([[False], around, [False]]).astype(int))).reshape(-1, 2).tolist()
        position = motion.wrist_position.copy()
        parts = [motion.sliced(first, last) for first, last in edges]
        cleared = pushed_out(load_rig(), parts, _MARGIN)
        for (first, last), part, clear in zip(edges, parts, cleared, strict=True):
            shift = clear - part.wrist_position
            position[first:last] += _clearing(shift, motion.fps, first == 0, last == len(touching))
        motion = motion.replaced(wrist_position=position)
    return motion


def _clearing(shift: Array, fps: float, begins: bool, ends: bool) -> Array:
    """(T, 2, 3) metres, eased, that clear a stretch; they fade at its ends unless the motion begins or ends there."""
    shift = filters.gaussian(shift, _EASE_SECONDS * fps)
    fade = max(round(0.4 * _AROUND_SECONDS * fps), 1)
    count = np.arange(len(shift))
    weight = np.ones(len(shift))
    for given, distance in ((begins, count), (ends, count[::-1])):
        if not given:
            part = np.clip(distance / fade, 0, 1)
            weight *= part**3 * (10 + part * (6 * part - 15))
    return weight[:, None, None] * shift


def _touching(motion: HandMotion, hands: Array) -> NDArray[np.bool_]:
    """(T,) whether an arm is within `push_out`'s margin of the body, or the hands within theirs of each other.

    Args:
        motion: both hands.
        hands: their `hand_balls`.
    """
    rig, radius = load_rig(), ball_radii()
    middle = balls_of_wrists(rig, motion.wrist_position, motion.rotation[:, :, 0], hands)
    depth, _ = signed_depth(rig, middle, float(radius.max()) + _MARGIN, is_seated(motion))
    touching = (depth + radius).max(axis=(1, 2)) + _MARGIN > _TOUCH
    close = hands_close(middle, 0.5 * _MARGIN) & ~touching
    if close.any():
        touching[close] = hands_depth(middle[close]) + 0.5 * _MARGIN > _TOUCH
    return touching


def neutral_of(wrist_position: Array, wrist_rotation: Array) -> Array:
    """Neutral wrist orientations (T, 2, 4) for the arms that the character has with these wrists."""
    elbow = elbow_position(load_rig(), wrist_position, wrist_rotation)
    return neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, wrist_position)
