# SPDX-License-Identifier: GPL-3.0-or-later
"""How often, and by how much, finger joints go where fingers cannot. Lower is better; 0 is right.

    rate = share of frames x hands x 15 finger joints with v > 2°,

v being the degrees by which a joint's worst angle (flexion, abduction or twist) lies beyond its range, as
`chironomy.body.hand_anatomy` has the ranges and their sources. The wrist's orientation is free.
"""

from dataclasses import dataclass

from chironomy.body.joint_limits import limit_violation
from chironomy.motion.hand_motion import HandMotion

TOLERANCE_DEGREES = 2.0


@dataclass(frozen=True)
class LimitViolations:
    """What lies beyond the joints' limits.

    Attributes:
        rate: share of joints and frames beyond the tolerance, 0..1.
        frames: share of frames in which any joint is.
        worst: degrees of the worst one, 0 where all are within.
    """

    rate: float
    frames: float
    worst: float


def limit_violations(motion: HandMotion, tolerance: float = TOLERANCE_DEGREES) -> LimitViolations:
    """What of a motion lies beyond the joints' limits by more than `tolerance` degrees."""
    degrees = limit_violation(motion.rotation)[:, :, 1:]
    beyond = degrees > tolerance
    return LimitViolations(float(beyond.mean()), float(beyond.any(axis=(1, 2)).mean()), float(degrees.max(initial=0.0)))
