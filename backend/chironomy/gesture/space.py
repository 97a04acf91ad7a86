# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the character's arms hold wrists at ease, and which way a hand then faces by nature."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import arm_balls, push_out, signed_depth
from chironomy.body.hand_anatomy import neutral_wrist
from chironomy.body.ik import elbow_position
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.motion import filters
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]


# Part of the arm's length that a talking hand uses: never quite straight, never folded onto the shoulder.
_REACH = (0.42, 0.965)
_EASE_SECONDS = 0.04  # standard deviation over which displacements are eased in time
_AROUND_SECONDS = 0.6  # before and after a touch, in which the hands go round it
_MARGIN = 0.008  # metres, as `push_out` keeps; half as much between the hands
_TOUCH = 3e-4
_WIDEST_HAND_BALL = 0.02  # metres; the balls of a forearm are larger


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
    for _ in range(2):
        touching = _touching(motion)
        if not touching.any():
            break
        around = filters.maximum(touching, 2 * max(round(_AROUND_SECONDS * motion.fps), 1) + 1) > 0
        edges = np.flatnonzero(np.diff(np.concatenate([[False], around, [False]]).astype(int)))
        position = motion.wrist_position.copy()
        for first, last in edges.reshape(-1, 2):
            position[first:last] += _clearing(motion.sliced(int(first), int(last)), first == 0, last == len(touching))
        motion = motion.replaced(wrist_position=position)
    return motion


def _clearing(motion: HandMotion, begins: bool, ends: bool) -> Array:
    """(T, 2, 3) metres that clear a stretch, fading to nothing at its ends unless the motion begins or ends there."""
    shift = push_out(load_rig(), motion, _MARGIN).wrist_position - motion.wrist_position
    shift = filters.gaussian(shift, _EASE_SECONDS * motion.fps)
    fade = max(round(0.4 * _AROUND_SECONDS * motion.fps), 1)
    count = np.arange(len(shift))
    weight = np.ones(len(shift))
    for given, distance in ((begins, count), (ends, count[::-1])):
        if not given:
            part = np.clip(distance / fade, 0, 1)
            weight *= part**3 * (10 + part * (6 * part - 15))
    return weight[:, None, None] * shift


def _touching(motion: HandMotion) -> NDArray[np.bool_]:
    """(T,) whether an arm is within `push_out`'s margin of the body, or the hands within theirs of each other."""
    rig = load_rig()
    middle, radius = arm_balls(rig, solve_pose(rig, motion))
    touching = (signed_depth(rig, middle)[0] + radius).max(axis=(1, 2)) + _MARGIN > _TOUCH
    # A cheap bound first: the balls of each hand lie within a sphere about their mean.
    own = radius < _WIDEST_HAND_BALL
    hands, size = middle[:, :, own], radius[own]
    centre = hands.mean(axis=2)
    reach = np.linalg.norm(hands - centre[:, :, None], axis=-1).max(axis=2).sum(axis=1) + 2 * float(size.max())
    close = (np.linalg.norm(centre[:, 0] - centre[:, 1], axis=-1) < reach + 0.5 * _MARGIN) & ~touching
    if close.any():
        between = np.linalg.norm(hands[close, 0][:, :, None] - hands[close, 1][:, None], axis=-1)
        touching[close] = (size[:, None] + size - between).max(axis=(1, 2)) + 0.5 * _MARGIN > _TOUCH
    return touching


def neutral_of(wrist_position: Array, wrist_rotation: Array) -> Array:
    """Neutral wrist orientations (T, 2, 4) for the arms that the character has with these wrists."""
    elbow = elbow_position(load_rig(), wrist_position, wrist_rotation)
    return neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, wrist_position)
