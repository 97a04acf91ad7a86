# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of one hand's poses that need a body: its fingers' axes and ranges, its arm's reach, its elbow."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import ABDUCTION, FLEXION, HAND_LIMITS, joint_angles, rotation_of_angles
from chironomy.body.ik import FARTHEST, NEAREST, elbow_pole
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.edit import MIRROR_POSITION, MIRROR_ROTATION
from chironomy.motion.hand_motion import MANO_JOINTS
from chironomy.motion.hand_poses import HandPoses

Array = NDArray[np.float64]

_CURL = {"1": 1.0, "2": 1.1, "3": 0.7}
"""How much a finger's joints flex as a hand closes; the thumb's less, and least at its saddle."""

_THUMB_CURL = {"1": 0.3, "2": 0.5, "3": 0.6}

_SPREAD = {"index": 1.0, "middle": 0.2, "ring": -0.6, "pinky": -1.3}
"""How much knuckles turn to the thumb's side as a hand spreads. The thumb goes out by stretching its saddle joint."""

_THUMB_SPREAD = -1.0


def _weights() -> Array:
    weights = np.zeros((2, len(MANO_JOINTS), 3))
    for joint, name in enumerate(MANO_JOINTS[1:], 1):
        finger, link = name[:-1], name[-1]
        weights[0, joint, FLEXION] = (_THUMB_CURL if finger == "thumb" else _CURL)[link]
        if link == "1":
            weights[1, joint, ABDUCTION] = _SPREAD.get(finger, 0.0)
    weights[1, MANO_JOINTS.index("thumb1"), FLEXION] = _THUMB_SPREAD
    return weights


_CURL_WEIGHTS, _SPREAD_WEIGHTS = _weights()


def curled(poses: HandPoses, hand: int, degrees: float) -> HandPoses:
    """Flex all fingers of a hand, or stretch them where negative, within what their joints can do.

    Args:
        poses: of the hand.
        hand: 0 left, 1 right.
        degrees: at the knuckles; the other joints go along.
    """
    return _fingers_turned(poses, hand, degrees * _CURL_WEIGHTS)


def spread(poses: HandPoses, hand: int, degrees: float) -> HandPoses:
    """Spread all fingers of a hand, or bring them together where negative, within what their joints can do.

    Args:
        poses: of the hand.
        hand: 0 left, 1 right.
        degrees: at the index finger's knuckle; the others go along.
    """
    return _fingers_turned(poses, hand, degrees * _SPREAD_WEIGHTS)


def possible(rig: Rig, hand: int, poses: HandPoses, old: HandPoses) -> HandPoses:
    """Keep changed poses within the arm's reach and the fingers' ranges, or where they were already beyond, no farther.

    The elbow goes along as an arm's does. Poses that were not changed stay as they are.

    Args:
        rig: the character.
        hand: 0 left, 1 right.
        poses: as they would be.
        old: as many, as they were.
    """
    shoulder = rig.joint_position[rig.arm_joints(hand)[1]]
    reach = rig.arm_lengths[hand].sum()
    line = poses.wrist_position - shoulder
    was, now = (np.linalg.norm(each, axis=-1, keepdims=True) for each in (old.wrist_position - shoulder, line))
    allowed = np.clip(now, np.minimum(was, NEAREST * reach), np.maximum(was, FARTHEST * reach))
    place = np.where(allowed == now, poses.wrist_position, shoulder + line * (allowed / np.maximum(now, 1e-9)))
    turns = [_both(hand, each.rotation[:, 0], turn=True) for each in (old, poses)]
    moved = elbow_pole(rig, _both(hand, place), turns[1]) - elbow_pole(rig, _both(hand, old.wrist_position), turns[0])
    return HandPoses(place, _within(poses.rotation, old.rotation, hand), poses.elbow + moved[:, hand], poses.confidence)


def _fingers_turned(poses: HandPoses, hand: int, degrees: Array) -> HandPoses:
    angles = joint_angles(poses.rotation, hand)
    turned = _clipped(angles + degrees, angles)
    rotation = quaternion.facing(rotation_of_angles(turned, hand), poses.rotation)
    rotation[:, 0] = poses.rotation[:, 0]
    return HandPoses(poses.wrist_position, rotation, poses.elbow, poses.confidence)


def _within(rotation: Array, old: Array, hand: int) -> Array:
    """Return rotations (N, 16, 4) within the fingers' ranges, or no farther beyond them than they were."""
    wanted = joint_angles(rotation, hand)
    clipped = _clipped(wanted, joint_angles(old, hand))
    beyond = (np.abs(clipped - wanted) > 1e-9).any(axis=-1, keepdims=True)
    beyond[:, 0] = False
    return np.where(beyond, quaternion.facing(rotation_of_angles(clipped, hand), rotation), rotation)


def _clipped(angles: Array, old: Array) -> Array:
    low, high = HAND_LIMITS[..., 0], HAND_LIMITS[..., 1]
    return np.clip(angles, np.minimum(low, old), np.maximum(high, old))


def _both(hand: int, values: Array, turn: bool = False) -> Array:
    """Return values (N, C) of one hand as those of both, (N, 2, C), the other its mirror image."""
    other = values * (MIRROR_ROTATION if turn else MIRROR_POSITION)
    return np.stack([values, other] if hand == 0 else [other, values], axis=1)
