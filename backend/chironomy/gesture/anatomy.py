# SPDX-License-Identifier: GPL-3.0-or-later
"""What wrists and fingers can do: joint angles with their anatomical names, and the limits on them.

Angles are taken in MANO's rest pose (arms straight out sideways, palms down, fingers flat). For the left hand fingers
point along +x, the thumb's side is +z and the palm faces -y; the right hand is its mirror image.

Limits are common clinical ranges (American Academy of Orthopaedic Surgeons, "Joint Motion: Method of Measuring and
Recording", 1965), with those of the wrist kept to what talking hands use.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

PRONATION_LIMIT = np.radians(80.0)
FLEXION_LIMIT = np.radians(60.0)
DEVIATION_LIMIT = np.radians(25.0)

# Direction of each finger in the rest pose of the left hand, by its angle towards the thumb in degrees, MANO's order.
_SPLAY = {"index": 6.0, "middle": 0.0, "pinky": -15.0, "ring": -7.0}
# The thumb's three bones and the direction its nail faces, as the character's hand has them.
_THUMB_DIRECTIONS = np.array([[0.61, -0.42, 0.67], [0.77, -0.29, 0.56], [0.85, -0.30, 0.43]])
_THUMB_NAIL = np.array([0.0, 0.75, 0.66])


@dataclass(frozen=True)
class FingerAxes:
    """Axes of the 15 finger joints of both hands, (2, 15, 3) unit vectors in the rest pose.

    Turning by a positive angle about `flexion` closes the finger, about `abduction` moves it towards the thumb's side;
    `along` points to the fingertip.
    """

    along: Array
    flexion: Array
    abduction: Array


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _finger_axes() -> FingerAxes:
    along = np.empty((15, 3))
    nail = np.empty((15, 3))
    for finger, degrees in enumerate(_SPLAY.values()):
        along[3 * finger : 3 * finger + 3] = np.cos(np.radians(degrees)), 0.0, np.sin(np.radians(degrees))
        nail[3 * finger : 3 * finger + 3] = 0.0, 1.0, 0.0
    along[12:] = _unit(_THUMB_DIRECTIONS)
    nail[12:] = _unit(_THUMB_NAIL - np.sum(_THUMB_NAIL * along[12:], axis=-1, keepdims=True) * along[12:])
    flexion = np.cross(along, -nail)
    # The mirror image of a turn has its axis mirrored and reversed.
    mirror, turn = np.array([-1.0, 1.0, 1.0]), np.array([1.0, -1.0, -1.0])
    return FingerAxes(
        np.stack([along, along * mirror]), np.stack([flexion, flexion * turn]), np.stack([-nail, -nail * turn])
    )


FINGER_AXES = _finger_axes()


def fingers_of_shape(shape: Array) -> Array:
    """Joint rotations of hand shapes.

    Args:
        shape: (..., 2, 20) degrees, as `corpus.shapes` defines them.

    Returns:
        (..., 2, 15, 4) unit quaternions in MANO's order.
    """
    angles = np.radians(shape)
    fingers = angles[..., :16].reshape(*shape.shape[:-1], 4, 4)
    result = np.empty((*shape.shape[:-1], 15, 4))
    for hand in range(2):
        for finger in range(4):
            for joint in range(3):
                index = 3 * finger + joint
                flexion = fingers[..., hand, finger, joint, None] * FINGER_AXES.flexion[hand, index]
                turn = quaternion.from_rotation_vector(flexion)
                if joint == 0:
                    side = fingers[..., hand, finger, 3, None] * FINGER_AXES.abduction[hand, index]
                    turn = quaternion.multiply(quaternion.from_rotation_vector(side), turn)
                result[..., hand, index, :] = turn
        thumb = angles[..., hand, 16:]
        sign = 1.0 - 2.0 * hand
        # Opposition swings the thumb about the hand's length under the palm, adduction lays it along the index finger.
        oppose = quaternion.from_rotation_vector(thumb[..., 0:1] * np.array([1.0, 0.0, 0.0]))
        adduct = quaternion.from_rotation_vector(thumb[..., 1:2] * np.array([0.0, sign, 0.0]))
        result[..., hand, 12, :] = quaternion.multiply(oppose, adduct)
        for joint in (1, 2):
            axis = FINGER_AXES.flexion[hand, 12 + joint]
            result[..., hand, 12 + joint, :] = quaternion.from_rotation_vector(thumb[..., joint + 1, None] * axis)
    return result


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


_WRIST_SIGN = np.array([1.0, -1.0])


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


def clamp_wrist(neutral: Array, wrist: Array) -> Array:
    """Bring wrist orientations (..., 2, 4) within the limits; those within stay as they are."""
    angles = angles_of_wrist(neutral, wrist)
    limit = np.array([PRONATION_LIMIT, FLEXION_LIMIT, DEVIATION_LIMIT])
    clamped = np.clip(angles, -limit, limit)
    within = np.all(np.abs(angles) <= limit, axis=-1, keepdims=True)
    return np.where(within, wrist, wrist_of_angles(neutral, clamped))
