# SPDX-License-Identifier: GPL-3.0-or-later
"""The bind pose: flat hands, legs closer together, and how it is turned to the rest pose of SMPL-X and MANO."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.build_source import FINGERS, Source
from chironomy.body.hand_anatomy import BONE_DIRECTIONS
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

# anny stands with its feet 0.36 m apart; turned in at the hips by this many degrees, it stands as a speaker does.
_LEGS_CLOSER = 4.0


def hand_axes(source: Source, side: str) -> Array:
    """Return (3, 3) unit rows: the hand's forward direction, the palm's outward normal, and the thumb's side.

    Forward goes from the wrist to the middle knuckle, the palm's plane holds it and the line between the index and the
    little knuckle.
    """
    wrist, index, middle, little = (
        source.joint_position[source.index(f"{joint}.{side}")] for joint in ("wrist", "index1", "middle1", "pinky1")
    )
    forward = _unit(middle - wrist)
    thumb_side = index - little
    thumb_side = _unit(thumb_side - forward * (thumb_side @ forward))
    palm = np.cross(forward, thumb_side)
    # Looked at from the palm with the fingers up, a left hand's thumb is on the left, a right hand's on the right.
    return np.stack([forward, palm if side == "L" else -palm, thumb_side])


def rest_axes(side: str) -> Array:
    """Return the (3, 3) rows of `hand_axes` in the rest pose: fingers away from the body, palm down, thumb forward."""
    return np.array([[1.0 if side == "L" else -1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])


def flatten_hands(source: Source) -> Source:
    """Straighten the fingers into the palm's plane and lay the thumb out, by skinning the base mesh."""
    world = np.tile(np.eye(3), (len(source.joint_names), 1, 1))
    for side in ("L", "R"):
        axes = hand_axes(source, side)
        for finger in FINGERS:
            turn = np.eye(3)
            for joint, (outwards, palmar) in enumerate(BONE_DIRECTIONS[finger], start=1):
                here = source.index(f"{finger}{joint}.{side}")
                if joint < 3:
                    bone = source.joint_position[source.index(f"{finger}{joint + 1}.{side}")]
                    bone = bone - source.joint_position[here]
                else:
                    bone = finger_tip(source, finger, side) - source.joint_position[here]
                a, b = np.radians(outwards), np.radians(palmar)
                target = np.array([np.cos(b) * np.cos(a), np.sin(b), np.cos(b) * np.sin(a)]) @ axes
                turn = quaternion.to_matrix(quaternion.between(turn @ bone, target)) @ turn
                world[here] = turn
    return _posed(source, world)


def close_legs(source: Source) -> Source:
    """Turn the legs in at the hips and keep the feet flat on the floor."""
    world = np.tile(np.eye(3), (len(source.joint_names), 1, 1))
    for side, sign in (("L", -1.0), ("R", 1.0)):
        turn = quaternion.to_matrix(quaternion.from_rotation_vector([0.0, 0.0, sign * np.radians(_LEGS_CLOSER)]))
        for joint in ("upper_leg", "lower_leg"):
            world[source.index(f"{joint}.{side}")] = turn
    return _posed(source, world)


def finger_tip(source: Source, finger: str, side: str) -> Array:
    """Return (3,) where a finger ends."""
    return source.vertices[source.tips[f"{finger}.{side}"]].mean(axis=0)


def straighten_forearm_twist(source: Source) -> Source:
    """Put the joint that shares the wrist's twist halfway along the line from elbow to wrist."""
    position = source.joint_position.copy()
    for side in ("L", "R"):
        ends = [source.index(f"{joint}.{side}") for joint in ("forearm", "wrist")]
        position[source.index(f"forearm_twist.{side}")] = position[ends].mean(axis=0)
    return replace(source, joint_position=position)


def make_symmetric(source: Source) -> Source:
    """Mirror the joints of the left side to the right and put the middle ones on the plane x = 0."""
    position = source.joint_position.copy()
    for index, name in enumerate(source.joint_names):
        if name.endswith(".L"):
            left, right = position[index], position[source.index(name[:-1] + "R")]
            mean = 0.5 * (left + right * [-1.0, 1.0, 1.0])
            position[index] = mean
            position[source.index(name[:-1] + "R")] = mean * [-1.0, 1.0, 1.0]
        elif not name.endswith(".R"):
            position[index, 0] = 0.0
    return replace(source, joint_position=position)


def rest_rotations(source: Source) -> Array:
    """Return (J, 4) the world rotations that take each joint from the bind pose to the rest pose.

    Upper arm and forearm come to lie along x, the elbow's hinge vertical (bending swings the forearm forwards); the
    hand's axes go to `rest_axes`; the joint of the forearm's twist takes half of what the hand is twisted by.
    """
    rest = np.tile(quaternion.IDENTITY, (len(source.joint_names), 1))
    for side, sign in (("L", 1.0), ("R", -1.0)):
        upper, fore, wrist = (
            source.joint_position[source.index(f"{j}.{side}")] for j in ("upper_arm", "forearm", "wrist")
        )
        hinge = _unit(np.cross(fore - upper, wrist - fore))
        target = _frame(np.array([sign, 0.0, 0.0]), np.array([0.0, -sign, 0.0]))
        for joint, bone in (("upper_arm", fore - upper), ("forearm", wrist - fore)):
            rest[source.index(f"{joint}.{side}")] = quaternion.from_matrix(target @ _frame(_unit(bone), hinge).T)
        hand = quaternion.from_matrix(rest_axes(side).T @ hand_axes(source, side))
        for joint in ("wrist", *(f"{finger}{k}" for finger in FINGERS for k in (1, 2, 3))):
            rest[source.index(f"{joint}.{side}")] = hand
        forearm = rest[source.index(f"forearm.{side}")]
        rest[source.index(f"forearm_twist.{side}")] = quaternion.multiply(
            forearm, half_twist(quaternion.multiply(quaternion.inverse(forearm), hand), wrist - fore)
        )
    return rest


def half_twist(local: Array, axis: Array) -> Array:
    """Return the rotation about `axis` by half of the twist of `local` (..., 4); see `chironomy.body.pose`."""
    _, twist = quaternion.swing_twist(local, axis)
    return quaternion.from_rotation_vector(0.5 * quaternion.to_rotation_vector(twist))


def _posed(source: Source, world: Array) -> Source:
    """Return the source with each joint turned about its head by `world` (J, 3, 3), children carried along."""
    position = source.joint_position.copy()
    # A joint that is not turned itself goes with its parent only where the parent's own children are turned: here, the
    # foot and toes are carried but not turned.
    for joint, parent in enumerate(source.parents):
        if parent >= 0:
            position[joint] = position[parent] + world[parent] @ (
                source.joint_position[joint] - source.joint_position[parent]
            )
    shift = position - np.einsum("jab,jb->ja", world, source.joint_position)
    blended = np.einsum("nj,jab->nab", source.weights, world)
    vertices = np.einsum("nab,nb->na", blended, source.vertices) + source.weights @ shift
    actions = np.einsum("nab,knb->kna", blended, source.actions)
    return replace(source, joint_position=position, vertices=vertices, actions=actions)


def _frame(along: Array, hinge: Array) -> Array:
    """Return the rotation matrix whose columns are `along`, `hinge` and their cross product."""
    return np.stack([along, hinge, np.cross(along, hinge)], axis=1)


def _unit(v: Array) -> Array:
    return v / np.linalg.norm(v)
