# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the joints of a hand can go, and motion kept within that.

A MANO rotation of a finger's joint is taken apart into three angles: *flexion* (towards the palm), *abduction* (towards
the thumb's side; of the thumb itself: away from the palm, to the palm's side) and *twist* about the bone. Swing and
twist are split first, then the swing's rotation vector is read along the two other axes.

Ranges, in degrees, after: American Academy of Orthopaedic Surgeons, "Joint Motion: Method of Measuring and Recording"
(1965), for flexion and extension of the fingers and of the thumb's two outer joints; Lin, Wu and Huang, "Modeling the
Constraints of Human Hand Motion" (2000), for abduction at the knuckles; Cooney, Lucca, Chao and Linscheid, "The
Kinesiology of the Thumb Trapeziometacarpal Joint" (1981), for the thumb's saddle joint: 53 flexion and extension, 42
abduction and adduction, 17 twist, split about MANO's rest. Some degrees beyond a hinge's plane are allowed everywhere,
as skin and cartilage give.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rig import hand_index
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS

Array = NDArray[np.float64]

FLEXION, ABDUCTION, TWIST = 0, 1, 2
"""Where the three angles stand in the last axis of what `joint_angles` returns."""

# Of a left hand, in the rest pose: where each finger points, in degrees from straight out towards the thumb's side.
# They are those of the character's bind pose; a finger's flexion axis is level and square to it.
_FAN = {"index": 6.0, "middle": 0.0, "pinky": -15.0, "ring": -7.0}
# The thumb's bones (degrees towards the thumb's side, degrees to the palm's side), and its flexion axis: square to the
# thumbnail's normal, it is nearly the palm's.
_THUMB = ((48.0, 25.0), (36.0, 17.0), (31.0, 14.0))
_THUMB_FLEXION = (0.413, 0.892, -0.186)

_FREE = ((-180.0, 180.0),) * 3
_LIMITS: dict[str, tuple[tuple[float, float], ...]] = {
    "wrist": _FREE,
    "index1": ((-30.0, 90.0), (-20.0, 20.0), (-12.0, 12.0)),
    "middle1": ((-30.0, 90.0), (-15.0, 15.0), (-12.0, 12.0)),
    "pinky1": ((-30.0, 95.0), (-30.0, 20.0), (-15.0, 15.0)),
    "ring1": ((-30.0, 92.0), (-20.0, 15.0), (-12.0, 12.0)),
    "thumb1": ((-20.0, 40.0), (-22.0, 30.0), (-20.0, 20.0)),
    "thumb2": ((-15.0, 60.0), (-15.0, 15.0), (-12.0, 12.0)),
    "thumb3": ((-25.0, 80.0), (-8.0, 8.0), (-8.0, 8.0)),
}
for _finger in ("index", "middle", "pinky", "ring"):
    _LIMITS[f"{_finger}2"] = ((-7.0, 108.0), (-7.0, 7.0), (-7.0, 7.0))
    _LIMITS[f"{_finger}3"] = ((-12.0, 85.0), (-6.0, 6.0), (-6.0, 6.0))

HAND_LIMITS: Array = np.array([_LIMITS[joint] for joint in MANO_JOINTS])
"""(16, 3, 2) degrees: the least and greatest flexion, abduction and twist of MANO's joints; the wrist is free."""
HAND_LIMITS.setflags(write=False)

_MIRROR_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])

# The part of a range, at each end, in which a clamped angle is eased towards the limit.
_EASE = 0.1


def joint_angles(rotation: ArrayLike, hand: int | str | None = None) -> Array:
    """Return the angles of MANO rotations, in degrees: (..., 16, 3), flexion, abduction, twist.

    Args:
        rotation: (..., 2, 16, 4) unit quaternions of both hands, or (..., 16, 4) of the one that `hand` names.
        hand: 0 or "left", 1 or "right", where only one is given.
    """
    left = _as_left(_checked(rotation, hand), hand)
    axes = _left_axes()
    swing, twist = quaternion.swing_twist(left, axes[:, TWIST])
    turn = quaternion.to_rotation_vector(swing)
    about = quaternion.to_rotation_vector(twist)
    flexion, abduction = (np.sum(turn * axes[:, angle], axis=-1) for angle in (FLEXION, ABDUCTION))
    return np.degrees(np.stack([flexion, abduction, np.sum(about * axes[:, TWIST], axis=-1)], axis=-1))


def rotation_of_angles(angles: ArrayLike, hand: int | str | None = None) -> Array:
    """Return the MANO rotations that have the given angles, in degrees: the inverse of `joint_angles`."""
    degrees = np.asarray(angles, dtype=np.float64)
    axes = _left_axes()
    radians = np.radians(degrees)[..., None]
    swing = radians[..., FLEXION, :] * axes[:, FLEXION] + radians[..., ABDUCTION, :] * axes[:, ABDUCTION]
    twist = radians[..., TWIST, :] * axes[:, TWIST]
    left = quaternion.multiply(quaternion.from_rotation_vector(swing), quaternion.from_rotation_vector(twist))
    return _as_left(left, hand)


def clamp_hand_rotation(rotation: ArrayLike, hand: int | str | None = None) -> Array:
    """Return MANO rotations brought within `HAND_LIMITS`; wrists stay as they are.

    In the middle four fifths of every range nothing changes. Towards its ends an angle is eased to the limit, so that
    motion that runs into it slows down and does not stop dead.

    Args:
        rotation: (..., 2, 16, 4) unit quaternions of both hands, or (..., 16, 4) of the one that `hand` names.
        hand: 0 or "left", 1 or "right", where only one is given.

    Raises:
        BodyError: the shape is wrong.
    """
    given = _checked(rotation, hand)
    angles = joint_angles(given, hand)
    low, high = HAND_LIMITS[..., 0], HAND_LIMITS[..., 1]
    ease = _EASE * (high - low)
    above, below = np.maximum(angles - (high - ease), 0.0), np.maximum((low + ease) - angles, 0.0)
    eased = np.clip(angles, low + ease, high - ease) + ease * (np.tanh(above / ease) - np.tanh(below / ease))
    clamped = rotation_of_angles(eased, hand)
    clamped = np.where(np.sum(clamped * given, axis=-1, keepdims=True) < 0.0, -clamped, clamped)
    touched = ((above > 0.0) | (below > 0.0)).any(axis=-1, keepdims=True)
    touched[..., 0, :] = False
    return np.where(touched, clamped, given)


def limit_violation(rotation: ArrayLike, hand: int | str | None = None) -> Array:
    """Return (..., 16) degrees by which each joint's worst angle lies beyond `HAND_LIMITS`, 0 within them."""
    angles = joint_angles(rotation, hand)
    beyond = np.maximum(angles - HAND_LIMITS[..., 1], HAND_LIMITS[..., 0] - angles).max(axis=-1)
    return np.maximum(beyond, 0.0)


def _left_axes() -> Array:
    """Return (16, 3, 3) unit axes of flexion, abduction and twist of a left hand's joints, in the rest pose."""
    axes = np.empty((len(MANO_JOINTS), 3, 3))
    for joint, name in enumerate(MANO_JOINTS):
        finger = name.rstrip("123")
        outwards, palmar = _THUMB[int(name[-1]) - 1] if finger == "thumb" else (_FAN.get(finger, 0.0), 0.0)
        a, b = np.radians([outwards, palmar])
        bone = np.array([np.cos(b) * np.cos(a), -np.sin(b), np.cos(b) * np.sin(a)])
        flexion = np.array(_THUMB_FLEXION if finger == "thumb" else (0.0, 0.0, -1.0))
        flexion = flexion - bone * (flexion @ bone)
        flexion = flexion / np.linalg.norm(flexion)
        axes[joint] = flexion, np.cross(flexion, bone), bone
    return axes


def _as_left(rotation: Array, hand: int | str | None) -> Array:
    """Mirror the right hand's rotations; a second time, mirror them back."""
    if hand is None:
        return np.stack([rotation[..., 0, :, :], rotation[..., 1, :, :] * _MIRROR_ROTATION], axis=-3)
    return rotation * _MIRROR_ROTATION if hand_index(hand) == 1 else rotation


def _checked(rotation: ArrayLike, hand: int | str | None) -> Array:
    array = np.asarray(rotation, dtype=np.float64)
    wanted = (len(MANO_JOINTS), 4) if hand is not None else (2, len(MANO_JOINTS), 4)
    if array.shape[-len(wanted) :] != wanted:
        raise BodyError(f"rotation has shape {array.shape}; it must end with {wanted}")
    return array
