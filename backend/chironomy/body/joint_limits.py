# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion kept within what a hand's joints can do; axes and ranges are those of `chironomy.body.hand_anatomy`."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.hand_anatomy import (
    HAND_LIMITS,
    WRIST_LIMITS,
    angles_of_wrist,
    checked_rotation,
    joint_angles,
    rotation_of_angles,
    wrist_of_angles,
)

Array = NDArray[np.float64]

# The part of a range, at each end, in which a clamped angle is eased towards the limit.
_EASE = 0.1


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
    given = checked_rotation(rotation, hand)
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


def clamp_wrist(neutral: Array, wrist: Array) -> Array:
    """Bring wrist orientations (..., 2, 4) within `WRIST_LIMITS`; those within stay as they are.

    Args:
        neutral: (..., 2, 4) from `chironomy.body.hand_anatomy.neutral_wrist`.
        wrist: (..., 2, 4) unit quaternions in the frame of the body.
    """
    angles = angles_of_wrist(neutral, wrist)
    limit = np.radians(WRIST_LIMITS)
    clamped = np.clip(angles, -limit, limit)
    within = np.all(np.abs(angles) <= limit, axis=-1, keepdims=True)
    return np.where(within, wrist, wrist_of_angles(neutral, clamped))
