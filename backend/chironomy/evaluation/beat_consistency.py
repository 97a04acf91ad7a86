# SPDX-License-Identifier: GPL-3.0-or-later
"""BC, beat consistency, as BEAT2's code has it. Nearest to the truth's value is best, not highest.

    BC = mean over joints of 1/N * sum_j exp(-min_i (m_i - s_j)^2 / (2 sigma^2)),   sigma = 0.3 s,

from the N audio onsets s_j to the nearest motion beat m_i of the joint: the other direction and three times the width
of `chironomy.evaluation.beats.beat_alignment`, so the two are never compared. Motion beats are minima of a joint's
speed within 7 frames at 30 frames a second (0.23 s) to either side, at which the speed is still above 0.3 times the
joint's mean speed over the dataset; a joint without a beat counts 0 (class `alignment` of EMAGE's published code, Liu
et al. 2024, arXiv 2401.00374). BEAT2 takes the upper body's joints of SMPL-X and librosa's onsets; the hands have two
of those joints, the wrists.

A table that gives the truth 0.70 for one speaker and 0.48 for all speakers of BEAT2 wants to be met, not exceeded.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.hand_motion import HandMotion

SIGMA_SECONDS = 0.3
ORDER = 7
THRESHOLD = 0.3
FPS = 30.0


def beat_consistency(
    motion: HandMotion,
    onsets: NDArray[np.float64],
    mean_speed: ArrayLike | None = None,
    sigma: float = SIGMA_SECONDS,
) -> float:
    """BC of the two wrists, 0..1; NaN where there is no onset.

    Args:
        motion: any frame rate; it is resampled to 30.
        onsets: (N,) seconds, `chironomy.evaluation.beats.librosa_onsets`.
        mean_speed: (2,) m/s, the wrists' mean speed over the dataset that is compared with; by default the motion's
            own, which makes the threshold independent of the amplitude.
        sigma: seconds.
    """
    if len(onsets) == 0:
        return float("nan")
    motion = motion if motion.fps == FPS else motion.resampled(FPS)
    scores = []
    for beats in motion_beats(joint_speeds(motion.wrist_position, FPS), mean_speed):
        if len(beats) == 0:
            scores.append(0.0)
            continue
        distance = np.abs(onsets[:, None] - beats[None] / FPS).min(axis=1)
        scores.append(float(np.mean(np.exp(-(distance**2) / (2 * sigma**2)))))
    return float(np.mean(scores))


def joint_speeds(position: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """(T, J) m/s of positions (T, J, 3): central differences, one-sided at the ends."""
    if len(position) < 2:
        return np.zeros(position.shape[:2])
    return np.linalg.norm(np.gradient(position, axis=0), axis=-1) * fps


def motion_beats(
    speed: NDArray[np.float64], mean_speed: ArrayLike | None = None, order: int = ORDER, threshold: float = THRESHOLD
) -> list[NDArray[np.int64]]:
    """Frames of each joint's beats: strict minima of its speed (T, J) among `order` frames to either side."""
    from scipy.signal import argrelextrema

    mean = speed.mean(axis=0) if mean_speed is None else np.asarray(mean_speed, dtype=np.float64)
    beats = []
    for joint in range(speed.shape[1]):
        (minima,) = argrelextrema(speed[:, joint], np.less, order=order)
        beats.append(minima[speed[minima, joint] > threshold * mean[joint]])
    return beats
