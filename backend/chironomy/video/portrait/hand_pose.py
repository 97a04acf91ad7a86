# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand's rotations from its 21 points in space, as mediapipe gives them for a picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.joint_limits import clamp_hand_rotation
from chironomy.body.pose import hand_local_keypoints
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS

Array = NDArray[np.float64]

MANO_ORDER = (0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20)
"""Where MANO's 16 joints, then thumb, index, middle, ring and little tip, are among mediapipe's 21 points."""

_SIZES = 0.7, 1.6
"""A person's hand against the one that mediapipe's points in space are of."""

_PALM = [0, 1, 4, 7, 10]
"""Wrist and the knuckles of index, middle, little and ring finger: they move as one."""

_TIP = {"index": 17, "middle": 18, "pinky": 20, "ring": 19, "thumb": 16}


def hand_rotation(rig: Rig, hand: int, points: ArrayLike) -> Array:
    """The MANO rotations of a hand whose points are known.

    The wrist turns the palm of the character onto the palm of the points in the least-squares sense (Kabsch, Acta
    Crystallographica A32, 1976); each finger bone then turns the shortest way onto its direction, within the limits of
    its joint. Size does not count.

    Args:
        rig: the character.
        hand: 0 left, 1 right.
        points: (21, 3) in mediapipe's order and the body's axes, any unit.

    Returns:
        (16, 4) unit quaternions, as of one hand and frame of `HandMotion.rotation`.
    """
    seen = np.asarray(points, dtype=np.float64)[list(MANO_ORDER)]
    flat = np.tile(quaternion.IDENTITY, (len(MANO_JOINTS), 1))
    rest = hand_local_keypoints(rig, hand, flat)
    flat[0] = quaternion.from_matrix(aligning_rotation(rest[_PALM], seen[_PALM]))
    for finger, tip in _TIP.items():
        first = MANO_JOINTS.index(f"{finger}1")
        chain = [first, first + 1, first + 2, tip]
        turned = flat[0]
        for joint, end in pairwise(chain):
            wanted = quaternion.apply(quaternion.inverse(turned), seen[end] - seen[joint])
            flat[joint] = quaternion.between(rest[end] - rest[joint], wanted)
            # At once, so that the next joint makes up for what this one may not do.
            flat = clamp_hand_rotation(flat, hand)
            turned = quaternion.multiply(turned, flat[joint])
    return flat


def pictured_points(points: ArrayLike, pixels: ArrayLike, scale: float) -> Array:
    """A hand's points in space, from those in the picture and from mediapipe's depths.

    mediapipe's own points in space at times have the places of a hand of the other side, a left one from before being
    much like a right one from behind, and no hand of the right side fits them. Their depths are right even then
    (correlation 0.93 and more on pictures of the character), and the places in the picture always are.

    Args:
        points: (21, 3) mediapipe's points in space, metres in its axes.
        pixels: (21, 2) the same points in the picture.
        scale: pixels that a metre takes at the hand, as far as is known.

    Returns:
        (21, 3) metres about the hand's middle: right in the picture, up, towards the lens, as the camera has it.
    """
    space, plane = np.asarray(points, np.float64), np.asarray(pixels, np.float64) / scale
    space, plane = space - space.mean(axis=0), plane - plane.mean(axis=0)
    size = float((plane * space[:, :2]).sum() / np.square(space[:, :2]).sum())
    depth = min(max(size, _SIZES[0]), _SIZES[1]) * space[:, 2:]
    # A person who faces the lens has their left on the picture's right: x stays, y and z turn round.
    body_axes: Array = np.concatenate([plane[:, :1], -plane[:, 1:], -depth], axis=1)
    return body_axes


def aligning_rotation(source: ArrayLike, target: ArrayLike) -> Array:
    """The rotation matrix (3, 3) that takes points (n, 3) onto others best, after both are centred."""
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    u, _, vt = np.linalg.svd((a - a.mean(axis=0)).T @ (b - b.mean(axis=0)))
    turn = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(u @ vt)))])
    return vt.T @ turn @ u.T
