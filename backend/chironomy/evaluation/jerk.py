# SPDX-License-Identifier: GPL-3.0-or-later
"""Jerk: how smoothly points move, in m/s³. Nearest to the data's is best: lower is smoother, not better.

    j_t = |x_{t+3} - 3 x_{t+2} + 3 x_{t+1} - x_t| * fps³

is the third finite difference of a point's position. Minimum jerk is what unhurried arm movements have (Flash and Hogan
1985, "The coordination of arm movements"), and noise raises it by the cube of the frame rate, so only values of motions
at the same frame rate are compared; here that is 24 frames a second, and others are resampled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.keypoints import FINGERTIPS, keypoints
from chironomy.motion.hand_motion import HandMotion

FPS = 24.0
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Jerk:
    """m/s³ of one kind of point, both hands together."""

    mean: float
    median: float
    percentile_95: float
    percentile_99: float


def jerk_of_points(position: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """(T - 3, ...) m/s³ of positions (T, ..., 3); empty below four frames."""
    return np.linalg.norm(np.diff(position, n=3, axis=0), axis=-1) * fps**3


def motion_jerk(motion: HandMotion) -> tuple[Jerk, Jerk]:
    """Jerk of the wrists and of the fingertips; NaN below four frames."""
    motion = motion if motion.fps == FPS else motion.resampled(FPS)
    return _summary(motion.wrist_position), _summary(keypoints(motion)[:, :, FINGERTIPS])


def _summary(position: NDArray[np.float64]) -> Jerk:
    jerk = jerk_of_points(position, FPS)
    if jerk.size == 0:
        return Jerk(*[float("nan")] * 4)
    return Jerk(float(jerk.mean()), *(float(value) for value in np.percentile(jerk, PERCENTILES)))
