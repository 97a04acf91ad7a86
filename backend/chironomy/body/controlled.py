# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole body from what its controls are set to: what Blender's constraints make of them, as arrays.

Measured against Blender 4.2 to 5.3 by `tests/blender/test_keyed_pose.py`: joints are within 0.1 mm and 0.05 degrees.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.body.ik import FARTHEST, NEAREST, arms_of_swivel
from chironomy.body.pose import BodyPose, hand_positions, hand_rotations
from chironomy.body.rig import Rig
from chironomy.body.standing import NECK, SPINE
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Controls:
    """What the controls are set to over time, in the frame of the body.

    Attributes:
        turns: by name of joint (T, 4) how it is turned relative to its parent, from the bind pose; what is missing is
            not. Those of the arms' chains, from the upper arms on, of the spine and of the neck count for nothing.
        shift: (T, 3) metres by which the root is moved.
        torso: (T, 4) the turn that the spine's joints share.
        head: (T, 4) the turn that neck and head share.
        wrist_position: (T, 2, 3) metres.
        rotation: (T, 2, 16, 4) of the hands, as in `HandMotion`.
        elbow: (T, 2, 3) metres, what the elbows point at.
    """

    turns: Mapping[str, Array]
    shift: Array
    torso: Array
    head: Array
    wrist_position: Array
    rotation: Array
    elbow: Array


def controlled(rig: Rig, controls: Controls, fps: float) -> tuple[BodyPose, NDArray[np.bool_]]:
    """Return the body, and (T,) in which frames both hands are within the arms' reach; elsewhere the arms are not so.

    Args:
        rig: the character.
        controls: what its controls are set to.
        fps: frames a second.
    """
    frames = len(controls.torso)
    turns = {rig.index(name): turn for name, turn in controls.turns.items()}
    for names, turn in ((SPINE, controls.torso), (NECK, controls.head)):
        part = quaternion.slerp(quaternion.IDENTITY, turn, np.full(frames, 1.0 / len(names)))
        turns |= {rig.index(name): part for name in names}
    in_arms = {int(joint) for hand in range(2) for joint in (*rig.arm_joints(hand)[1:], *rig.hand_joints(hand))}
    rotation = np.tile(quaternion.IDENTITY, (frames, rig.joint_count, 1))
    position = np.empty((frames, rig.joint_count, 3))
    for joint, parent in enumerate(rig.parents):
        if parent < 0:
            rotation[:, joint] = turns.get(joint, quaternion.IDENTITY)
            position[:, joint] = rig.joint_position[joint] + controls.shift
            continue
        rotation[:, joint] = rotation[:, parent]
        offset = rig.joint_position[joint] - rig.joint_position[parent]
        position[:, joint] = position[:, parent] + quaternion.apply(rotation[:, parent], offset)
        if joint in turns and joint not in in_arms:
            rotation[:, joint] = quaternion.multiply(rotation[:, joint], turns[joint])
    reached = _put_arms(rig, controls, rotation, position)
    return BodyPose(fps, rotation, position), reached


def _put_arms(rig: Rig, controls: Controls, rotation: Array, position: Array) -> NDArray[np.bool_]:
    """Let the arms of a body, whose collars are in place, reach for the wrists; return (T,) where both do."""
    upper_arms = [rig.arm_joints(hand)[1] for hand in range(2)]
    # An arm is solved from where its shoulder is at rest.
    moved = position[:, upper_arms] - rig.joint_position[upper_arms]
    wrist = controls.wrist_position - moved
    away = np.linalg.norm(wrist - rig.joint_position[upper_arms], axis=-1) / rig.arm_lengths.sum(axis=1)
    swivel = controls.elbow - position[:, upper_arms]
    arms = arms_of_swivel(rig, wrist, controls.rotation[:, :, 0], swivel)
    for hand in range(2):
        _, upper, fore, twist, end = rig.arm_joints(hand)
        rotation[:, upper], rotation[:, fore] = arms.upper_arm[:, hand], arms.forearm[:, hand]
        rotation[:, twist] = arms.forearm_twist[:, hand]
        position[:, fore] = arms.elbow[:, hand] + moved[:, hand]
        position[:, end] = arms.wrist_position[:, hand] + moved[:, hand]
        along = rig.joint_position[twist] - rig.joint_position[fore]
        position[:, twist] = position[:, fore] + quaternion.apply(rotation[:, fore], along)
        joints = rig.hand_joints(hand)
        rotation[:, joints] = hand_rotations(rig, hand, controls.rotation[:, hand])
        position[:, joints] = hand_positions(rig, hand, rotation[:, joints], position[:, end])
    return ((away >= NEAREST) & (away <= FARTHEST)).all(axis=1)
