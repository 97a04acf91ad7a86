# SPDX-License-Identifier: GPL-3.0-or-later
"""A body that sits upright: the thighs lie level before the hips, the shins stand, the feet are flat on the floor.

In the frame of the body hips and trunk are where they are when the person stands; it is the floor that is nearer.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import LEG_JOINTS, SIDES, Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

_APART = 9.0  # degrees by which each thigh is turned out: knees somewhat wider than the hips
_DOWN = 2.0  # degrees by which the knees are lower than the hips
_FORWARD = 4.0  # degrees by which the feet are before the knees


SEATED = "seated"
"""What the source of a motion says of a person who sits: True."""


def is_seated(motion: HandMotion) -> bool:
    """Whether whoever moves so sits."""
    return motion.source.get(SEATED) is True


class SeatedLeg(NamedTuple):
    """One leg of a body that sits.

    Attributes:
        rotation: (4, 4) world rotations of thigh, shin, foot and toes from the bind pose.
        position: (4, 3) metres, their heads.
    """

    rotation: Array
    position: Array


@lru_cache(maxsize=8)
def seated_leg(rig: Rig, side: str) -> SeatedLeg:
    """Return the leg of a side, "L" or "R", below hips that are in the bind pose."""
    out = np.radians(_APART) * (1.0 if side == SIDES[0] else -1.0)
    thigh, knee, ankle = (rig.joint_position[rig.index(f"{name}.{side}")] for name in LEG_JOINTS)
    toes = rig.joint_position[rig.index(f"toes.{side}")]
    away = np.array([np.sin(out), 0.0, np.cos(out)])
    down = np.array([0.0, -1.0, 0.0])
    along = np.cos(np.radians(_DOWN)) * away + np.sin(np.radians(_DOWN)) * down
    below = np.cos(np.radians(_FORWARD)) * down + np.sin(np.radians(_FORWARD)) * away
    bend = thigh + np.linalg.norm(knee - thigh) * along
    end = bend + np.linalg.norm(ankle - knee) * below
    hinge, rest = _unit(np.cross(along, below)), _unit(np.cross(knee - thigh, ankle - knee))
    turns = [
        quaternion.from_matrix(_frame(new, hinge) @ _frame(_unit(old), rest).T)
        for new, old in ((along, knee - thigh), (below, ankle - knee))
    ]
    foot = quaternion.from_rotation_vector([0.0, out, 0.0])
    position = np.stack([thigh, bend, end, end + quaternion.apply(foot, toes - ankle)])
    return SeatedLeg(np.stack([*turns, foot, foot]), position)


def seat_legs(rig: Rig, rotation: Array, position: Array) -> None:
    """Put both legs of bodies that sit in place: rotations (T, J, 4) and heads (T, J, 3), below the hips' heads."""
    hips = rig.index("hips")
    for side in SIDES:
        joints, leg = [rig.index(f"{name}.{side}") for name in (*LEG_JOINTS, "toes")], seated_leg(rig, side)
        rotation[:, joints] = leg.rotation
        position[:, joints] = leg.position + (position[:, hips] - rig.joint_position[hips])[:, None]


@lru_cache(maxsize=4)
def seat_drop(rig: Rig) -> float:
    """Return how many metres lower the body is when it sits with its feet on the floor than when it stands."""
    return float(min(seated_leg(rig, side).position[2, 1] - _ankle(rig, side)[1] for side in SIDES))


def _ankle(rig: Rig, side: str) -> Array:
    return rig.joint_position[rig.index(f"{LEG_JOINTS[-1]}.{side}")]


def _frame(bone: Array, hinge: Array) -> Array:
    return np.stack([bone, hinge, np.cross(bone, hinge)], axis=-1)


def _unit(v: Array) -> Array:
    return v / np.linalg.norm(v)
