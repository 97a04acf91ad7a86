# SPDX-License-Identifier: GPL-3.0-or-later
"""Joints and tips of hands from their rotations: of ours, and of a character's."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import MANO_PARENTS, hand_positions
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.retarget.measure import Target

Array = NDArray[np.float64]

_TIPS = (15, 3, 6, 12, 9)
"""The last joints of thumb, index, middle, ring and little finger."""


def hand_world(rotation: Array) -> Array:
    """Return (..., 16, 4) rotations accumulated from the wrist of MANO rotations (..., 16, 4)."""
    world = list(np.moveaxis(np.asarray(rotation, dtype=np.float64), -2, 0))
    for joint, parent in enumerate(MANO_PARENTS):
        if parent >= 0:
            world[joint] = quaternion.multiply(world[parent], world[joint])
    return np.stack(world, axis=-2)


def hand_local(world: Array) -> Array:
    """Return MANO rotations (..., 16, 4) of accumulated ones: the inverse of `hand_world`."""
    local = world.copy()
    for joint, parent in enumerate(MANO_PARENTS):
        if parent >= 0:
            local[..., joint, :] = quaternion.multiply(quaternion.inverse(world[..., parent, :]), world[..., joint, :])
    return local


def our_points(rig: Rig, hand: int, world: Array) -> Array:
    """Return (..., 21, 3) metres from our wrist: joints and tips, in the order of `body.pose.KEYPOINT_NAMES`."""
    joints = rig.hand_joints(hand)
    turned = quaternion.multiply(world, rig.rest_rotation[joints])
    places = hand_positions(rig, hand, turned, np.zeros((*turned.shape[:-2], 3)))
    last = list(_TIPS)
    out = rig.joint_tail[joints[last]] - rig.joint_position[joints[last]]
    return np.concatenate([places, places[..., last, :] + quaternion.apply(turned[..., last, :], out)], axis=-2)


def their_points(target: Target, hand: int, turned: Array) -> Array:
    """Return (..., 21, 3) of a character's hand from its wrist, in the unit and the space of its armature.

    Args:
        target: the character.
        hand: 0 left, 1 right.
        turned: (..., 16, 4) turns of its joints from their rest. A joint without a bone lies where its parent does.
    """
    skeleton, places, rest = target.skeleton, [np.zeros((*turned.shape[:-2], 3))], [np.zeros(3)]
    for joint, parent in enumerate(MANO_PARENTS):
        bone = target.bone_of(hand, joint)
        head = skeleton.head(bone) if bone is not None and bone in skeleton else rest[parent]
        if joint == 0:
            rest[0] = head
            continue
        rest.append(head)
        places.append(places[parent] + quaternion.apply(turned[..., parent, :], head - rest[parent]))
    for joint in _TIPS:
        out = target.along[hand, joint] * target.tip[hand, joint]
        places.append(places[joint] + quaternion.apply(turned[..., joint, :], out))
    return np.stack(places, axis=-2)
