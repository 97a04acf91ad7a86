# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in the mode that a bone has: quaternion, Euler angles of any order, or axis and angle."""

import numpy as np
from bpy.types import PoseBone
from mathutils import Euler, Quaternion
from numpy.typing import NDArray

from chironomy.motion import rotation as quaternion

from .channels import Bone

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def as_mode(bone: PoseBone | Bone, turns: Array, kept: Array | None = None, mask: Mask | None = None) -> Array:
    """Return quaternions (T, 4) as channels of a bone's rotation mode, each near the one before.

    Args:
        bone: whose mode it is.
        turns: the quaternions.
        kept: channels (T, C) that are taken where the mask is set, and that the others go on from.
        mask: (T,).
    """
    if bone.rotation_mode == "QUATERNION":
        return quaternion.make_continuous(turns)
    near = _axis_angle if bone.rotation_mode == "AXIS_ANGLE" else _euler
    given = np.zeros(len(turns), bool) if mask is None or kept is None else mask
    start = int(np.argmax(given))
    result = np.zeros((len(turns), 4 if bone.rotation_mode == "AXIS_ANGLE" else 3))
    for frames in (range(start, len(turns)), range(start - 1, -1, -1)):
        before = result[start] if frames.step < 0 else None
        for frame in frames:
            if given[frame] and kept is not None:
                before = kept[frame]
            else:
                before = near(bone.rotation_mode, turns[frame], before)
            result[frame] = before
    return result


def as_quaternions(bone: PoseBone | Bone, values: Array) -> Array:
    """Return channels (T, C) of a bone's rotation mode as unit quaternions (T, 4)."""
    if bone.rotation_mode == "QUATERNION":
        return quaternion.normalize(values)
    if bone.rotation_mode == "AXIS_ANGLE":
        length = np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
        return quaternion.from_rotation_vector(values[:, :1] * values[:, 1:] / np.where(length > 0.0, length, 1.0))
    return np.array([Euler(value, bone.rotation_mode).to_quaternion() for value in values])


def _euler(order: str, turn: Array, before: Array | None) -> Array:
    near = () if before is None else (Euler(before, order),)
    return np.array(Quaternion(turn).to_euler(order, *near))


def _axis_angle(_: str, turn: Array, before: Array | None) -> Array:
    """Return angle and axis, (4,), the axis on the same side as before; where nothing turns, the same axis."""
    vector = quaternion.to_rotation_vector(turn)
    angle = float(np.linalg.norm(vector))
    if angle < 1e-6:
        return np.concatenate([[0.0], [0.0, 1.0, 0.0] if before is None else before[1:]])
    axis = vector / angle
    if before is not None:
        if np.dot(axis, before[1:]) < 0.0:
            axis, angle = -axis, -angle
        angle += 2.0 * np.pi * round((float(before[0]) - angle) / (2.0 * np.pi))
    return np.concatenate([[angle], axis])
