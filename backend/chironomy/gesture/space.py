# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the character's arms hold wrists at ease, and which way a hand then faces by nature."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import push_out
from chironomy.body.ik import elbow_position
from chironomy.body.rig import load_rig
from chironomy.gesture.anatomy import neutral_wrist
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]


# Part of the arm's length that a talking hand uses: never quite straight, never folded onto the shoulder.
_REACH = (0.42, 0.965)
_EASE_SECONDS = 0.04  # standard deviation over which displacements are eased in time


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
    """Move wrists so that hands and forearms stay out of the body and of each other, without a jolt."""
    from scipy.ndimage import gaussian_filter1d

    for _ in range(2):
        pushed = push_out(load_rig(), motion)
        shift = pushed.wrist_position - motion.wrist_position
        if not np.abs(shift).max() > 1e-6:
            break
        shift = gaussian_filter1d(shift, _EASE_SECONDS * motion.fps, axis=0, mode="nearest")
        motion = motion.replaced(wrist_position=motion.wrist_position + shift)
    return motion


def neutral_of(wrist_position: Array, wrist_rotation: Array) -> Array:
    """Neutral wrist orientations (T, 2, 4) for the arms that the character has with these wrists."""
    elbow = elbow_position(load_rig(), wrist_position, wrist_rotation)
    return neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, wrist_position)
