# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses of the whole body: from the motion of the hands to every joint, and back.

A MANO rotation R of a hand's joint turns it about MANO's rest axes, those of the frame of the body in the rest pose
(T-pose, palms down). So a finger's flexion (towards the palm) is a turn about z: by a *negative* angle for the left
hand, whose fingers point along +x, and by a *positive* one for the right hand, whose fingers point along -x. With G the
product of the rotations from the wrist to a joint, the joint is turned by W = G * Q from the bind pose, Q being the
rig's `rest_rotation`; all joints of one hand share one Q, so relative to its parent a joint is turned by Q^-1 * R * Q.

The *twist* of a wrist is shared: with the wrist's rotation relative to the forearm (from the bind pose) written as
swing * twist, the twist about the forearm's bind axis from elbow to wrist by an angle in (-pi, pi], the joint
`forearm_twist` turns relative to the forearm by half of it about the same axis. The wrist stays a child of the forearm.

Torso and head stay in the bind pose, and so do the legs of a body that stands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.ik import solve_arms
from chironomy.body.rig import Rig, hand_index
from chironomy.body.sitting import is_seated, seat_legs
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion

Array = NDArray[np.float64]

MANO_PARENTS = tuple(-1 if k == 0 else 0 if k % 3 == 1 else k - 1 for k in range(len(MANO_JOINTS)))
"""Parents of MANO's 16 joints."""

KEYPOINT_NAMES = (*MANO_JOINTS, "thumb_tip", "index_tip", "middle_tip", "ring_tip", "pinky_tip")
"""The 21 points of one hand: MANO's joints, then the tips in MANO's usual order."""

_LAST = [MANO_JOINTS.index(f"{finger}3") for finger in ("thumb", "index", "middle", "ring", "pinky")]


@dataclass(frozen=True, eq=False)
class BodyPose:
    """Every joint of the rig over time; frame `i` is at `i / fps` seconds.

    A point x that is bound to joint j alone goes to W_j (x - b_j) + p_j, with b_j the joint's head in the bind pose.

    Attributes:
        fps: frames a second.
        joint_rotation: (T, J, 4) W, unit quaternions: world rotations from the bind pose.
        joint_position: (T, J, 3) p, metres: where the joints' heads are.
    """

    fps: float
    joint_rotation: Array
    joint_position: Array

    def __post_init__(self) -> None:
        rotation = np.asarray(self.joint_rotation, dtype=np.float64)
        position = np.asarray(self.joint_position, dtype=np.float64)
        if rotation.ndim != 3 or rotation.shape[-1] != 4:
            raise BodyError(f"joint_rotation has shape {rotation.shape}; it must be (frames, joints, 4)")
        if position.shape != (*rotation.shape[:2], 3):
            raise BodyError(f"joint_position has shape {position.shape}; it must be {(*rotation.shape[:2], 3)}")
        object.__setattr__(self, "joint_rotation", rotation)
        object.__setattr__(self, "joint_position", position)

    @property
    def frame_count(self) -> int:
        """How many frames there are, T."""
        return len(self.joint_rotation)


def bind_pose(rig: Rig, frames: int = 1, fps: float = 24.0) -> BodyPose:
    """Return the pose in which nothing is turned."""
    return BodyPose(
        fps,
        np.tile(quaternion.IDENTITY, (frames, rig.joint_count, 1)),
        np.tile(rig.joint_position, (frames, 1, 1)),
    )


def solve_pose(rig: Rig, motion: HandMotion) -> BodyPose:
    """Return the whole body for the motion of the hands: arms by inverse kinematics, everything else at rest.

    Whoever sits by the motion's source has the legs of `chironomy.body.sitting`.

    Wrists beyond the arm's reach are brought within it (`chironomy.body.ik.clamp_reach`).
    """
    pose = bind_pose(rig, motion.frame_count, motion.fps)
    rotation, position = pose.joint_rotation, pose.joint_position
    if is_seated(motion):
        seat_legs(rig, rotation, position)
    arms = solve_arms(rig, motion.wrist_position, motion.rotation[:, :, 0])
    for hand in range(2):
        _, upper, fore, twist, wrist = rig.arm_joints(hand)
        rotation[:, upper] = arms.upper_arm[:, hand]
        rotation[:, fore] = arms.forearm[:, hand]
        rotation[:, twist] = arms.forearm_twist[:, hand]
        position[:, fore] = arms.elbow[:, hand]
        position[:, wrist] = arms.wrist_position[:, hand]
        position[:, twist] = position[:, fore] + quaternion.apply(
            rotation[:, fore], rig.joint_position[twist] - rig.joint_position[fore]
        )
        joints = rig.hand_joints(hand)
        rotation[:, joints] = hand_rotations(rig, hand, motion.rotation[:, hand])
        position[:, joints] = hand_positions(rig, hand, rotation[:, joints], position[:, wrist])
    return pose


def hand_rotations(rig: Rig, hand: int | str, rotation: Array) -> Array:
    """Return (..., 16, 4) world rotations from the bind pose of a hand's joints, from MANO rotations (..., 16, 4)."""
    world = list(np.moveaxis(np.asarray(rotation, dtype=np.float64), -2, 0))
    for joint, parent in enumerate(MANO_PARENTS):
        if parent >= 0:
            world[joint] = quaternion.multiply(world[parent], world[joint])
    rest = rig.rest_rotation[rig.hand_joints(hand)]
    return quaternion.multiply(np.stack(world, axis=-2), rest)


def hand_positions(rig: Rig, hand: int | str, world: Array, wrist: Array) -> Array:
    """Return (..., 16, 3) the heads of a hand's joints, from their world rotations and the wrist's place (..., 3)."""
    bind = rig.joint_position[rig.hand_joints(hand)]
    position = [np.asarray(wrist, dtype=np.float64)]
    for joint, parent in enumerate(MANO_PARENTS[1:], start=1):
        position.append(position[parent] + quaternion.apply(world[..., parent, :], bind[joint] - bind[parent]))
    return np.stack(position, axis=-2)


def hands_of_pose(rig: Rig, pose: BodyPose) -> HandMotion:
    """Read the hands off a pose of the body: the inverse of `solve_pose`, with full confidence."""
    positions, rotations = [], []
    for hand in range(2):
        joints = rig.hand_joints(hand)
        world = quaternion.multiply(pose.joint_rotation[:, joints], quaternion.inverse(rig.rest_rotation[joints]))
        local = world.copy()
        for joint, parent in enumerate(MANO_PARENTS):
            if parent >= 0:
                local[:, joint] = quaternion.multiply(quaternion.inverse(world[:, parent]), world[:, joint])
        rotations.append(quaternion.normalize(local))
        positions.append(pose.joint_position[:, joints[0]])
    return HandMotion(
        fps=pose.fps,
        wrist_position=np.stack(positions, axis=1),
        rotation=np.stack(rotations, axis=1),
        confidence=np.ones((pose.frame_count, 2)),
    )


def hand_keypoints(rig: Rig, pose: BodyPose) -> Array:
    """Return (T, 2, 21, 3) the joints and tips of the hands, in metres, in the order of `KEYPOINT_NAMES`."""
    joints = np.stack([rig.hand_joints(hand) for hand in range(2)])
    return np.concatenate([pose.joint_position[:, joints], fingertips(rig, pose)], axis=2)


def fingertips(rig: Rig, pose: BodyPose) -> Array:
    """Return (T, 2, 5, 3) the tips of thumb, index, middle, ring and little finger, in metres."""
    tips = []
    for hand in range(2):
        joints = rig.hand_joints(hand)[_LAST]
        out = rig.joint_tail[joints] - rig.joint_position[joints]
        tips.append(pose.joint_position[:, joints] + quaternion.apply(pose.joint_rotation[:, joints], out))
    return np.stack(tips, axis=1)


def hand_local_keypoints(rig: Rig, hand: int | str, rotation: Array) -> Array:
    """Return (..., 21, 3) joints and tips of one hand relative to its wrist, from MANO rotations (..., 16, 4)."""
    hand = hand_index(hand)
    world = hand_rotations(rig, hand, rotation)
    joints = rig.hand_joints(hand)
    position = hand_positions(rig, hand, world, np.zeros((*world.shape[:-2], 3)))
    out = rig.joint_tail[joints[_LAST]] - rig.joint_position[joints[_LAST]]
    tips = position[..., _LAST, :] + quaternion.apply(world[..., _LAST, :], out)
    return np.concatenate([position, tips], axis=-2)
