# SPDX-License-Identifier: GPL-3.0-or-later
"""How a character's bones are turned from a T-pose, whatever its own rest pose is: what other programs are told."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.exchange.names import HUMANOID
from chironomy.exchange.skeleton import SkeletonMotion, posed
from chironomy.motion import rotation as quaternion
from chironomy.retarget.measure import Target
from chironomy.retarget.roles import BODY, FINGER_JOINTS, sided

Array = NDArray[np.float64]

_ARM = ("upper_arm", "forearm")


def turns_from_t_pose(target: Target, turn: Mapping[str, Array]) -> dict[str, Array]:
    """Return by role (T, 4) world rotations from the T-pose, in the frame of the body.

    Hips, spine, neck and head are told from how they rest, and shoulders too; hands and fingers by what `measured`
    found of them, and arms straight out sideways with their hinges upright.

    Args:
        target: the character.
        turn: by bone (T, 4) its rotation from its rest, in the space of the armature.
    """
    frame, back = target.frame, quaternion.inverse(target.frame)
    found: dict[str, Array] = {}

    def tell(role: str, from_t: Array) -> None:
        """Note a role by the turn that takes its T-pose to its rest pose, in the space of the armature."""
        bone = target.bone_map.bones.get(role)
        if bone is not None and bone in turn:
            world = quaternion.multiply(turn[bone], from_t)
            found[role] = quaternion.multiply(quaternion.multiply(back, world), frame)

    for role in BODY:
        tell(role, quaternion.IDENTITY)
    for hand in range(2):
        tell(sided("shoulder", hand), quaternion.IDENTITY)
        names = [target.bone_map.bones[sided(role, hand)] for role in (*_ARM, "hand")]
        rest = [target.skeleton.head(name) for name in names]
        side = 1.0 if hand == 0 else -1.0
        sideways, upright = (quaternion.apply(frame, np.array(axis)) for axis in ([side, 0, 0], [0, -side, 0]))
        for number, role in enumerate(_ARM):
            now = _axes(rest[number + 1] - rest[number], target.hinge[hand])
            tell(sided(role, hand), quaternion.from_matrix(now @ _axes(sideways, upright).T))
        for joint in range(16):
            bone = target.bone_of(hand, joint)
            if bone is not None and bone in turn:
                world = quaternion.multiply(
                    quaternion.multiply(back, turn[bone]), quaternion.inverse(target.carry[hand, joint])
                )
                found[sided("hand" if joint == 0 else FINGER_JOINTS[joint - 1], hand)] = world
    return found


def humanoid_of_turns(rig: Rig, turns: Mapping[str, Array], fps: float) -> SkeletonMotion:
    """Return a skeleton of our character's size, in the T-pose at rest, whose joints are turned so.

    Args:
        rig: ours.
        turns: by role (T, 4) world rotations from the T-pose; what has none goes with what it hangs on.
        fps: frames a second.
    """
    count = len(next(iter(turns.values())))
    rest = SkeletonMotion(
        fps,
        rig.joint_names,
        tuple(int(parent) for parent in rig.parents),
        rig.joint_position - np.array([0.0, rig.floor, 0.0]),
        rig.joint_tail - np.array([0.0, rig.floor, 0.0]),
        np.tile(quaternion.IDENTITY, (count, rig.joint_count, 1)),
        np.tile(rig.joint_position, (count, 1, 1)),
    )
    rest = rest.resting_as(rig.rest_rotation)
    world = np.tile(quaternion.IDENTITY, (count, rig.joint_count, 1))
    for joint, name in enumerate(rig.joint_names):
        role = name.replace("wrist", "hand")
        parent = rest.parents[joint]
        if role in turns and name in HUMANOID:
            world[:, joint] = turns[role]
        elif parent >= 0:
            world[:, joint] = world[:, parent]
    local = world.copy()
    for joint, parent in enumerate(rest.parents):
        if parent >= 0:
            local[:, joint] = quaternion.multiply(quaternion.inverse(world[:, parent]), world[:, joint])
    place = np.tile(rest.rest_offset, (count, 1, 1))
    return posed(fps, rest.names, rest.parents, rest.rest_position, rest.rest_tail, local, place)


def _axes(along: Array, hinge: Array) -> Array:
    """(3, 3) axes along a bone and along its hinge, as columns."""
    first = along / np.linalg.norm(along)
    second = hinge - (hinge @ first) * first
    second = second / np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], axis=-1)
