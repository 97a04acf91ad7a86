# SPDX-License-Identifier: GPL-3.0-or-later
"""How deep hands are inside the body or each other, in millimetres. Lower is better; up to 5 mm passes for skin.

    depth_t = max over the balls that fill a hand and its forearm of (their depth in torso, head or thighs),
    share   = frames with depth_t <= 5 mm / frames,

on the character, whose arms follow the wrists by inverse kinematics: `chironomy.body.collision` has the body as
outlines of its mesh and hands and forearms as balls, measured on the mesh as well. A dataset's motion is measured on
the same character, so depth there says how it would look on ours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import arm_penetration, hands_penetration
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.motion.hand_motion import HandMotion

TOLERANCE_METRES = 0.005

_CHUNK = 600  # frames at once: the pairs of two hands' balls are many


@dataclass(frozen=True)
class Penetration:
    """Hands (with forearms) in the body, and in each other.

    Attributes:
        body: largest depth in torso, head or thighs, mm.
        hands: largest depth of the hands in each other, mm.
        body_clear: share of frames within the tolerance, 0..1.
        hands_clear: likewise for the hands.
        clear: share of frames in which both are.
    """

    body: float
    hands: float
    body_clear: float
    hands_clear: float
    clear: float


def penetration(motion: HandMotion, tolerance: float = TOLERANCE_METRES) -> Penetration:
    """How deep the hands of a motion are where they cannot be, by more than `tolerance` metres or not."""
    body, hands = penetration_depths(motion)
    body_clear, hands_clear = body <= tolerance, hands <= tolerance
    return Penetration(
        body=1000 * float(body.max()),
        hands=1000 * float(hands.max()),
        body_clear=float(body_clear.mean()),
        hands_clear=float(hands_clear.mean()),
        clear=float((body_clear & hands_clear).mean()),
    )


def penetration_depths(motion: HandMotion) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(T,) metres that the deeper of the two arms is inside the body, and (T,) that the hands are inside each other."""
    rig = load_rig()
    body, hands = [], []
    for first in range(0, motion.frame_count, _CHUNK):
        pose = solve_pose(rig, motion.sliced(first, min(first + _CHUNK, motion.frame_count)))
        body.append(arm_penetration(rig, pose).max(axis=1))
        hands.append(hands_penetration(rig, pose))
    return np.concatenate(body), np.concatenate(hands)
