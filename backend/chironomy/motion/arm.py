# SPDX-License-Identifier: GPL-3.0-or-later
"""A nominal pair of arms in SMPL-X's rest pose, to go between joint rotations in files and wrists in space.

A file of SMPL-X joint rotations says where a wrist is only together with bone lengths, and those come from the
licensed model and a person's `betas`. `ArmBones` stands in for them: a medium adult, rounded to half a centimetre.
Motions written and read with the same bones keep their wrists; those of other people are placed as if they had these
arms.

The frame of the body hangs on the upper chest (SMPL-X `spine3`), so that neither walking nor a turning torso moves the
hands; its origin lies midway between the shoulder joints when the collars are at rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

_MIRROR_X = np.array([-1.0, 1.0, 1.0])
# An arm straighter than this part of its length, or folded tighter, has no well-defined elbow: targets stop here.
_STRAIGHTEST, _TIGHTEST = 0.9999, 1.05


@dataclass(frozen=True)
class ArmBones:
    """Bones of the left arm at rest (T-pose), metres, in the frame of the body; the right arm mirrors them.

    Attributes:
        collar: the collar joint, from the origin.
        shoulder: the shoulder joint, from the collar joint. With the default, the shoulders lie on the x axis.
        elbow: the elbow, from the shoulder joint.
        wrist: the wrist, from the elbow.
    """

    collar: tuple[float, float, float] = (0.050, -0.055, 0.015)
    shoulder: tuple[float, float, float] = (0.120, 0.055, -0.015)
    elbow: tuple[float, float, float] = (0.260, 0.0, 0.0)
    wrist: tuple[float, float, float] = (0.250, 0.0, 0.0)

    def both(self, name: str) -> Array:
        """Return one of the bones for the left and the right arm, (2, 3)."""
        bone = np.asarray(getattr(self, name), dtype=np.float64)
        return np.stack([bone, bone * _MIRROR_X])


NOMINAL_ARM = ArmBones()


def wrists_of_arms(joints: ArrayLike, bones: ArmBones = NOMINAL_ARM) -> tuple[Array, Array]:
    """Forward kinematics of both arms.

    Args:
        joints: (T, 2, 4, 4) rotations of collar, shoulder, elbow and wrist, each relative to its parent.
        bones: the arm's bones.

    Returns:
        Wrist positions (T, 2, 3) and orientations (T, 2, 4), in the frame of the body.
    """
    joints = np.asarray(joints, dtype=np.float64)
    collar = joints[:, :, 0]
    shoulder = quaternion.multiply(collar, joints[:, :, 1])
    elbow = quaternion.multiply(shoulder, joints[:, :, 2])
    position = (
        bones.both("collar")
        + quaternion.apply(collar, bones.both("shoulder"))
        + quaternion.apply(shoulder, bones.both("elbow"))
        + quaternion.apply(elbow, bones.both("wrist"))
    )
    return position, quaternion.multiply(elbow, joints[:, :, 3])


def arms_of_wrists(position: ArrayLike, orientation: ArrayLike, bones: ArmBones = NOMINAL_ARM) -> Array:
    """Two-bone inverse kinematics of both arms, in closed form; the inverse of `wrists_of_arms`.

    Collars stay at rest. The elbow points down, outward and a little back. Half of the wrist's turn about the forearm
    is given to the elbow joint, as a real forearm's pronation is. A target beyond the arm's reach is moved along the
    line from the shoulder to just within it (99.99 % of the arm's length; 5 % more than the difference of the bones
    where it is too near the shoulder).

    Args:
        position: (T, 2, 3) metres, wrists in the frame of the body.
        orientation: (T, 2, 4) wrist orientations in the frame of the body.
        bones: the arm's bones.

    Returns:
        (T, 2, 4, 4) rotations of collar, shoulder, elbow and wrist, each relative to its parent.
    """
    position, orientation = np.asarray(position, dtype=np.float64), np.asarray(orientation, dtype=np.float64)
    upper, fore = bones.both("elbow"), bones.both("wrist")
    a, b = float(np.linalg.norm(upper[0])), float(np.linalg.norm(fore[0]))
    reach = position - bones.both("collar") - bones.both("shoulder")
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    # A wrist on the shoulder joint has no direction: it is taken to lie ahead.
    line = np.where(distance > 0.0, reach / np.where(distance > 0.0, distance, 1.0), [0.0, 0.0, 1.0])
    distance = np.clip(distance, abs(a - b) + 0.05 * min(a, b), _STRAIGHTEST * (a + b))

    down_and_out = np.array([[0.45, -1.0, -0.35], [-0.45, -1.0, -0.35]])
    aside = _across(down_and_out, line, fallback=np.array([0.0, 0.0, -1.0]))
    along = (a * a + distance**2 - b * b) / (2.0 * distance)
    elbow = along * line + np.sqrt(np.maximum(a * a - along**2, 0.0)) * aside
    forearm = distance * line - elbow

    # The elbow is a hinge: at rest (palms down) the forearm bends forward, about the vertical.
    rest_hinge = np.cross(upper, [0.0, 0.0, 1.0])
    shoulder_q = quaternion.multiply(
        quaternion.from_matrix(_frame(elbow, np.cross(line, -aside))),
        quaternion.inverse(quaternion.from_matrix(_frame(upper, rest_hinge))),
    )
    elbow_q = quaternion.between(fore, quaternion.apply(quaternion.inverse(shoulder_q), forearm))
    hand = quaternion.multiply(quaternion.inverse(quaternion.multiply(shoulder_q, elbow_q)), orientation)
    twist = quaternion.swing_twist(hand, fore)[1]
    half = quaternion.slerp(quaternion.IDENTITY, quaternion.make_continuous(twist), 0.5 * np.ones(twist.shape[:-1]))
    elbow_q = quaternion.multiply(elbow_q, half)
    hand = quaternion.multiply(quaternion.inverse(half), hand)
    collar = np.broadcast_to(quaternion.IDENTITY, hand.shape)
    return np.stack([collar, shoulder_q, elbow_q, hand], axis=2)


def _across(direction: Array, line: Array, fallback: Array) -> Array:
    """Return the unit part of `direction` across the unit `line`, or that of `fallback` where the two are parallel."""
    across = direction - np.sum(direction * line, axis=-1, keepdims=True) * line
    other = fallback - np.sum(fallback * line, axis=-1, keepdims=True) * line
    length = np.linalg.norm(across, axis=-1, keepdims=True)
    across = np.where(length > 1e-6, across, other)
    return across / np.linalg.norm(across, axis=-1, keepdims=True)


def _frame(x: Array, y: Array) -> Array:
    """Return rotation matrices whose first axis is along `x` and whose second lies as near `y` as may be."""
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    y = y - np.sum(x * y, axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)
