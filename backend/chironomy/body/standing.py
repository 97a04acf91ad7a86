# SPDX-License-Identifier: GPL-3.0-or-later
"""A body that stands: trunk and head by their turns, legs by inverse kinematics, the feet where they are.

One that sits has the same trunk, and the legs of `chironomy.body.sitting`.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.rig import LEG_JOINTS, SIDES, Rig
from chironomy.body.sitting import seat_legs, seated_leg
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

SPINE, NECK = ("spine", "chest", "upper_chest"), ("neck", "head")
"""Joints that share the torso's and the head's turn evenly, from below."""

_STRAIGHTEST = 0.9995
"""Part of a leg's length that it is stretched to at most; at 1 the knee would have no direction."""


def middle(rig: Rig, accompaniment: Accompaniment) -> tuple[Array, Array]:
    """Return world rotations (T, J, 4) from the bind pose and heads (T, J, 3) of all joints, in metres.

    Hips, torso, head and collars are turned, the legs stand or sit; arms hang on the collars as in the bind pose.
    """
    turns = _turns(rig, accompaniment)
    frames = accompaniment.frame_count
    rotation = np.empty((frames, rig.joint_count, 4))
    position = np.empty((frames, rig.joint_count, 3))
    offset = rig.joint_position - rig.joint_position[np.maximum(rig.parents, 0)]
    turned = set(turns)
    for joint, parent in enumerate(rig.parents):
        if parent < 0:
            rotation[:, joint] = turns.get(joint, quaternion.IDENTITY)
            position[:, joint] = rig.joint_position[joint] + accompaniment.hips_shift
            continue
        rotation[:, joint] = rotation[:, parent]
        position[:, joint] = position[:, parent] + _carried(rotation[:, parent], offset[joint])
        if joint in turned:
            rotation[:, joint] = quaternion.multiply(rotation[:, joint], turns[joint])
    if accompaniment.seated:
        seat_legs(rig, rotation, position)
        return rotation, position
    hips = rig.index("hips")
    for side in SIDES:
        joints = [rig.index(f"{name}.{side}") for name in LEG_JOINTS]
        turn, place = _leg(rig, side, rotation[:, hips], position[:, hips])
        rotation[:, joints], position[:, joints] = turn, place
        toes = rig.index(f"toes.{side}")
        rotation[:, toes], position[:, toes] = quaternion.IDENTITY, rig.joint_position[toes]
    return rotation, position


def shoulders(rig: Rig, accompaniment: Accompaniment) -> Array:
    """Return (T, 2, 3) where the heads of the upper arms are, in metres: those of `middle`, for less work."""
    turns = _turns(rig, accompaniment)
    found = []
    for hand in range(2):
        chain = [rig.arm_joints(hand)[1]]
        while rig.parents[chain[-1]] >= 0:
            chain.append(int(rig.parents[chain[-1]]))
        chain.reverse()
        rotation: Array | None = None
        position = rig.joint_position[chain[0]] + accompaniment.hips_shift
        for parent, joint in zip([-1, *chain], chain, strict=False):
            if parent >= 0 and rotation is not None:
                position = position + _carried(rotation, rig.joint_position[joint] - rig.joint_position[parent])
            if joint in turns:
                rotation = turns[joint] if rotation is None else quaternion.multiply(rotation, turns[joint])
        found.append(position)
    return np.stack(found, axis=1)


def legs(rig: Rig, accompaniment: Accompaniment) -> dict[str, Array]:
    """Return by joint of both legs the (T, 4) turns relative to their parents that let the body stand, or sit.

    The feet of one that stands stay where they are.
    """
    made: dict[str, Array] = {}
    rest = rig.joint_position[rig.index("hips")]
    for side in SIDES:
        if accompaniment.seated:
            turned = seated_leg(rig, side).rotation[: len(LEG_JOINTS)]
            world = np.tile(turned, (accompaniment.frame_count, 1, 1))
        else:
            world, _ = _leg(rig, side, accompaniment.hips, rest + accompaniment.hips_shift)
        above = accompaniment.hips
        for index, name in enumerate(LEG_JOINTS):
            made[f"{name}.{side}"] = quaternion.multiply(quaternion.inverse(above), world[:, index])
            above = world[:, index]
    return made


def lowering(rig: Rig, hips: Array, shift: Array) -> Array:
    """Return (T,) metres by which the hips must come down so that no leg is overstretched.

    Args:
        rig: the character.
        hips: (T, 4) turns of the hips.
        shift: (T, 3) metres by which they are moved.
    """
    needed = np.zeros(len(hips))
    root = rig.joint_position[rig.index("hips")]
    for side in SIDES:
        thigh, knee, ankle = (rig.joint_position[rig.index(f"{name}.{side}")] for name in LEG_JOINTS)
        length = _STRAIGHTEST * (np.linalg.norm(knee - thigh) + np.linalg.norm(ankle - knee))
        away = root + shift + _carried(hips, thigh - root) - ankle
        level = np.maximum(length**2 - away[:, 0] ** 2 - away[:, 2] ** 2, 0.0)
        needed = np.maximum(needed, away[:, 1] - np.sqrt(level))
    return needed


def _turns(rig: Rig, accompaniment: Accompaniment) -> dict[int, Array]:
    turns = {rig.index("hips"): accompaniment.hips}
    for names, turn in ((SPINE, accompaniment.torso), (NECK, accompaniment.head)):
        part = quaternion.slerp(quaternion.IDENTITY, turn, np.full(len(turn), 1.0 / len(names)))
        turns |= {rig.index(name): part for name in names}
    return turns | {rig.arm_joints(hand)[0]: accompaniment.shoulder[:, hand] for hand in range(2)}


def _leg(rig: Rig, side: str, hips: Array, place: Array) -> tuple[Array, Array]:
    """World rotations (T, 3, 4) and heads (T, 3, 3) of thigh, shin and foot below hips turned and placed so."""
    root = rig.joint_position[rig.index("hips")]
    thigh, knee, ankle = (rig.joint_position[rig.index(f"{name}.{side}")] for name in LEG_JOINTS)
    top = place + _carried(hips, thigh - root)
    upper, lower = np.linalg.norm(knee - thigh), np.linalg.norm(ankle - knee)
    line = ankle - top
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    line = line / distance
    distance = np.clip(distance, None, _STRAIGHTEST * (upper + lower))
    # The knee bends forward in the plane that it bends in at rest, turned with the hips by half.
    rest = np.cross(knee - thigh, ankle - knee)
    half = quaternion.slerp(quaternion.IDENTITY, hips, np.full(len(hips), 0.5))
    hinge = _carried(half, rest / np.linalg.norm(rest))
    hinge = hinge - line * np.sum(hinge * line, axis=-1, keepdims=True)
    hinge /= np.linalg.norm(hinge, axis=-1, keepdims=True)
    across = np.cross(line, hinge)
    along = 0.5 * (distance + (upper**2 - lower**2) / distance)
    bend = top + line * along + across * np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    foot = top + line * distance
    turns = []
    for start, end, first, last in ((top, bend, thigh, knee), (bend, foot, knee, ankle)):
        bone = (end - start) / np.linalg.norm(end - start, axis=-1, keepdims=True)
        frame = np.stack([bone, hinge, np.cross(bone, hinge)], axis=-1)
        own = (last - first) / np.linalg.norm(last - first)
        axis = rest / np.linalg.norm(rest)
        bind = np.stack([own, axis, np.cross(own, axis)], axis=-1)
        turns.append(quaternion.from_matrix(frame @ bind.T))
    turns.append(np.tile(quaternion.IDENTITY, (len(hips), 1)))
    return np.stack(turns, axis=1), np.stack([top, bend, foot], axis=1)


def _carried(turns: Array, offset: Array) -> Array:
    """One offset (3,) turned by many rotations (T, 4): (T, 3)."""
    return quaternion.to_matrix(turns) @ offset
