# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the character's bones, and the way between the frame of the body and Blender's armature space.

The frame of the body has x to the person's left, y up and z forward, its origin between the shoulders. In armature
space z is up, the character faces -y, and the soles stand on z = 0.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.rig import SIDES, Rig
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

TURN: Array = np.array([np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0])
"""The rotation from the frame of the body to armature space: a quarter turn about x."""

HAND_CONTROLS = tuple(f"hand.{side}" for side in SIDES)
"""The end-effector controls, left and right, at the wrists."""

ELBOW_CONTROLS = tuple(f"elbow.{side}" for side in SIDES)
"""What the elbows point at, left and right."""

CONTROLS = (*HAND_CONTROLS, *ELBOW_CONTROLS, "torso", "head_control")
"""Every bone that does not deform."""


def to_armature(rig: Rig, points: ArrayLike) -> Array:
    """Take points (..., 3) in metres from the frame of the body to armature space."""
    return quaternion.apply(TURN, np.asarray(points, dtype=np.float64)) - np.array([0.0, 0.0, rig.floor])


def to_body(rig: Rig, points: ArrayLike) -> Array:
    """Take points (..., 3) in metres from armature space to the frame of the body."""
    return quaternion.apply(
        quaternion.inverse(TURN), np.asarray(points, dtype=np.float64) + np.array([0.0, 0.0, rig.floor])
    )


def turned(directions: ArrayLike) -> Array:
    """Take directions (..., 3) from the frame of the body to armature space."""
    return quaternion.apply(TURN, np.asarray(directions, dtype=np.float64))
