# SPDX-License-Identifier: GPL-3.0-or-later
"""The one anatomy of the hand: the axes about which its joints turn, how far they go, and angles with their names.

Everything that knows a finger's axis or range takes it from here: the limits on motion, hand shapes, the fit to a
picture, evaluation, and the building of the rig.

**Fingers.** A MANO rotation of a finger's joint is taken apart into three angles: *flexion* (towards the palm),
*abduction* (towards the thumb's side; of the thumb itself: away from the palm, to the palm's side) and *twist* about
the bone. Swing and twist are split first, then the swing's rotation vector is read along the two other axes. Axes are
those of MANO's rest pose (arms straight out sideways, palms down, fingers flat). For the left hand fingers point along
+x, the thumb's side is +z and the palm faces -y; the right hand is its mirror image. A finger bends in the plane that
stands on its nail, so an axis of flexion is square to the bone and to the nail's normal; the thumb's is measured on the
character's mesh so, and a test holds the two together.

Ranges, in degrees, after: American Academy of Orthopaedic Surgeons, "Joint Motion: Method of Measuring and Recording"
(1965), for flexion and extension of the fingers and of the thumb's two outer joints; Lin, Wu and Huang, "Modeling the
Constraints of Human Hand Motion" (2000), for abduction at the knuckles; Cooney, Lucca, Chao and Linscheid, "The
Kinesiology of the Thumb Trapeziometacarpal Joint" (1981), for the thumb's saddle joint: 53 flexion and extension, 42
abduction and adduction, 17 twist, split about MANO's rest. Some degrees beyond a hinge's plane are allowed everywhere,
as skin and cartilage give.

**Wrist.** Its angles are counted from a straight wrist midway between palm up and palm down, which depends on the arm:
*pronation* (palm down positive, palm up negative), *flexion* (towards the palm) and *deviation* (towards the thumb).
Ranges are the Academy's, kept to what talking hands use.
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

BONE_DIRECTIONS: dict[str, tuple[tuple[float, float], ...]] = {
    "index": ((6.0, 0.0),) * 3,
    "middle": ((0.0, 0.0),) * 3,
    "pinky": ((-15.0, 0.0),) * 3,
    "ring": ((-7.0, 0.0),) * 3,
    "thumb": ((48.0, 25.0), (36.0, 17.0), (31.0, 14.0)),
}
"""Where the bones of a flat hand point, in degrees: towards the thumb's side from the line wrist to middle knuckle, and
out of the palm's plane to the palm's side. Fingers are straight and slightly fanned, as in MANO's template; the thumb
lies out beside the palm and a little before it."""

# The left thumb's axis of flexion: square to its end bone and to the thumbnail's normal, it is nearly the palm's.
_THUMB_FLEXION = (0.413, 0.892, -0.186)

THUMB_PRONATION = 17.0 / 53.0
"""Twist of the thumb's saddle joint for each degree of its flexion: the one comes with the other (Cooney et al.)."""

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

WRIST_LIMITS: Array = np.array([80.0, 60.0, 25.0])
"""(3,) degrees: the greatest pronation, flexion and deviation of a wrist, either way."""
WRIST_LIMITS.setflags(write=False)

_MIRROR_X = np.array([-1.0, 1.0, 1.0])
_MIRROR_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])
_WRIST_SIGN = np.array([1.0, -1.0])


def _joint_axes() -> Array:
    axes = np.empty((len(MANO_JOINTS), 3, 3))
    for joint, name in enumerate(MANO_JOINTS):
        finger = name.rstrip("123")
        outwards, palmar = BONE_DIRECTIONS[finger][int(name[-1]) - 1] if finger in BONE_DIRECTIONS else (0.0, 0.0)
        a, b = np.radians([outwards, palmar])
        bone = np.array([np.cos(b) * np.cos(a), -np.sin(b), np.cos(b) * np.sin(a)])
        flexion = np.array(_THUMB_FLEXION if finger == "thumb" else (0.0, 0.0, -1.0))
        flexion = flexion - bone * (flexion @ bone)
        flexion = flexion / np.linalg.norm(flexion)
        axes[joint] = flexion, np.cross(flexion, bone), bone
    return axes


JOINT_AXES: Array = _joint_axes()
"""(16, 3, 3) unit axes of flexion, abduction and twist of a left hand's joints, in MANO's rest pose."""
JOINT_AXES.setflags(write=False)


def joint_angles(rotation: ArrayLike, hand: int | str | None = None) -> Array:
    """Return the angles of MANO rotations, in degrees: (..., 16, 3), flexion, abduction, twist.

    Args:
        rotation: (..., 2, 16, 4) unit quaternions of both hands, or (..., 16, 4) of the one that `hand` names.
        hand: 0 or "left", 1 or "right", where only one is given.

    Raises:
        BodyError: the shape is wrong.
    """
    left = _as_left(checked_rotation(rotation, hand), hand)
    swing, twist = quaternion.swing_twist(left, JOINT_AXES[:, TWIST])
    turn = quaternion.to_rotation_vector(swing)
    about = quaternion.to_rotation_vector(twist)
    flexion, abduction = (np.sum(turn * JOINT_AXES[:, angle], axis=-1) for angle in (FLEXION, ABDUCTION))
    return np.degrees(np.stack([flexion, abduction, np.sum(about * JOINT_AXES[:, TWIST], axis=-1)], axis=-1))


def rotation_of_angles(angles: ArrayLike, hand: int | str | None = None) -> Array:
    """Return the MANO rotations that have the given angles, in degrees: the inverse of `joint_angles`."""
    radians = np.radians(np.asarray(angles, dtype=np.float64))[..., None]
    swing = radians[..., FLEXION, :] * JOINT_AXES[:, FLEXION] + radians[..., ABDUCTION, :] * JOINT_AXES[:, ABDUCTION]
    twist = radians[..., TWIST, :] * JOINT_AXES[:, TWIST]
    left = quaternion.multiply(quaternion.from_rotation_vector(swing), quaternion.from_rotation_vector(twist))
    return _as_left(left, hand)


def bending_directions(hand: int | str) -> Array:
    """Return (16, 3) unit vectors: the way the end of each bone of a flat hand sets off when its joint flexes."""
    return JOINT_AXES[:, ABDUCTION] * (_MIRROR_X if hand_index(hand) == 1 else 1.0)


def checked_rotation(rotation: ArrayLike, hand: int | str | None) -> Array:
    """Return MANO rotations of both hands, or of the one that `hand` names, as an array.

    Raises:
        BodyError: the shape is wrong.
    """
    array = np.asarray(rotation, dtype=np.float64)
    wanted = (len(MANO_JOINTS), 4) if hand is not None else (2, len(MANO_JOINTS), 4)
    if array.shape[-len(wanted) :] != wanted:
        raise BodyError(f"rotation has shape {array.shape}; it must end with {wanted}")
    return array


def _as_left(rotation: Array, hand: int | str | None) -> Array:
    """Mirror the right hand's rotations; a second time, mirror them back."""
    if hand is None:
        return np.stack([rotation[..., 0, :, :], rotation[..., 1, :, :] * _MIRROR_ROTATION], axis=-3)
    return rotation * _MIRROR_ROTATION if hand_index(hand) == 1 else rotation


def neutral_wrist(shoulder: Array, elbow: Array, wrist: Array) -> Array:
    """Orientation of a wrist that is straight and midway between palm up and palm down.

    The thumb's side then lies in the plane of the arm, on the side to which the elbow bends.

    Args:
        shoulder: (..., 2, 3) metres, likewise `elbow` and `wrist`.
        elbow: see above.
        wrist: see above.

    Returns:
        (..., 2, 4) unit quaternions in the frame of the body.
    """
    forearm = _unit(wrist - elbow)
    upper = shoulder - elbow
    bend = _unit(upper - np.sum(upper * forearm, axis=-1, keepdims=True) * forearm)
    x = forearm * np.array([[1.0], [-1.0]])
    return quaternion.from_matrix(np.stack([x, np.cross(bend, x), bend], axis=-1))


def wrist_of_angles(neutral: Array, angles: Array) -> Array:
    """Wrist orientations of anatomical angles.

    Args:
        neutral: (..., 2, 4) from `neutral_wrist`.
        angles: (..., 2, 3) radians: pronation (palm down positive, palm up negative), flexion (towards the palm),
            deviation (towards the thumb).

    Returns:
        (..., 2, 4) unit quaternions in the frame of the body.
    """
    pronation = np.zeros((*angles.shape[:-1], 3))
    pronation[..., 0] = angles[..., 0]
    bend = np.zeros_like(pronation)
    bend[..., 1] = -angles[..., 2] * _WRIST_SIGN
    bend[..., 2] = -angles[..., 1] * _WRIST_SIGN
    turn = quaternion.multiply(quaternion.from_rotation_vector(pronation), quaternion.from_rotation_vector(bend))
    return quaternion.multiply(neutral, turn)


def angles_of_wrist(neutral: Array, wrist: Array) -> Array:
    """The inverse of `wrist_of_angles`: (..., 2, 3) radians."""
    turn = quaternion.multiply(quaternion.inverse(neutral), wrist)
    swing, twist = quaternion.swing_twist(quaternion.inverse(turn), np.array([1.0, 0.0, 0.0]))
    pronation = -quaternion.to_rotation_vector(twist)[..., 0]
    bend = -quaternion.to_rotation_vector(swing)
    return np.stack([pronation, -bend[..., 2] * _WRIST_SIGN, -bend[..., 1] * _WRIST_SIGN], axis=-1)


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
