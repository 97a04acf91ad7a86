# SPDX-License-Identifier: GPL-3.0-or-later
"""When hands beat, and how well that falls on the beats of speech.

Beat alignment, with the direction and the width stated, since the field's codes differ: for motion beats m_i and speech
beats s_j,

    BA = 1/N * sum_i exp(-min_j (m_i - s_j)^2 / (2 * sigma^2)),   sigma = 0.1 s,

from motion to speech, after Li et al. 2021 (AI Choreographer, section 5.2.3), with sigma as in TalkSHOW's code. Motion
beats are apexes of strokes (see `stroke_apexes`), speech beats are pitch accents or onsets of `chironomy.speech`.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech

SIGMA_SECONDS = 0.1

_SMOOTHING_SECONDS = 0.025
_LEAST_STROKE_SPEED = 0.12  # m/s; idle sway is below it
_LEAST_EFFORT = 0.35  # part of the hands' 98th percentile of speed that a stroke exceeds
_STROKE_NEIGHBOURHOOD = 0.3  # seconds to either side in which a stroke is the fastest movement
_ARRIVED = 0.2  # part of a stroke's peak speed below which the hand has arrived


def wrist_speed(motion: HandMotion) -> NDArray[np.float64]:
    """Speed of each wrist, (T, 2) in m/s, by central differences, smoothed over 25 ms (standard deviation)."""
    from scipy.ndimage import gaussian_filter1d

    if motion.frame_count < 3:
        return np.zeros((motion.frame_count, 2))
    position = gaussian_filter1d(motion.wrist_position, _SMOOTHING_SECONDS * motion.fps, axis=0, mode="nearest")
    return np.linalg.norm(np.gradient(position, axis=0), axis=-1) * motion.fps


def stroke_apexes(motion: HandMotion) -> NDArray[np.float64]:
    """Seconds at which strokes arrive, both hands together, in order.

    A stroke is the phase of greatest effort (Kendon), so it is a peak of wrist speed that no other within 0.3 s
    exceeds, of at least 0.12 m/s and of 35 % of the 98th percentile of both hands' speed; preparations and retractions
    are slower. Its apex is the first moment after the peak at which the speed has a minimum or has fallen to a fifth of
    the peak. Apexes of both hands within 0.1 s are one.
    """
    from scipy.signal import find_peaks

    apexes: list[float] = []
    speeds = wrist_speed(motion)
    least = max(_LEAST_STROKE_SPEED, _LEAST_EFFORT * float(np.percentile(speeds.max(axis=1), 98)))
    for speed in speeds.T:
        distance = max(round(_STROKE_NEIGHBOURHOOD * motion.fps), 1)
        peaks, _ = find_peaks(speed, height=least, distance=distance, prominence=0.3 * least)
        for peak in peaks:
            after = speed[peak:]
            rising = np.flatnonzero(np.diff(after) > 0)
            still = np.flatnonzero(after <= _ARRIVED * speed[peak])
            first = min(rising[0] if len(rising) else len(after) - 1, still[0] if len(still) else len(after) - 1)
            apexes.append((peak + first) / motion.fps)
    merged: list[float] = []
    for apex in sorted(apexes):
        if not merged or apex - merged[-1] > 0.1:
            merged.append(apex)
    return np.array(merged)


def librosa_onsets(speech: Speech) -> NDArray[np.float64]:
    """Seconds of the onsets that librosa's detector finds, as TalkSHOW's and BEAT2's code take speech beats.

    They share nothing with the features that the embedded model hears, so they are an independent reference.
    """
    import librosa

    found = librosa.onset.onset_detect(y=np.array(speech.samples), sr=speech.sample_rate, units="time")
    return np.asarray(found, dtype=np.float64)


def beat_alignment(
    motion_beats: NDArray[np.float64], speech_beats: NDArray[np.float64], sigma: float = SIGMA_SECONDS
) -> float:
    """Mean closeness of motion beats to their nearest speech beats, 0..1; NaN where either has none."""
    if len(motion_beats) == 0 or len(speech_beats) == 0:
        return float("nan")
    distance = np.abs(motion_beats[:, None] - speech_beats[None]).min(axis=1)
    return float(np.mean(np.exp(-(distance**2) / (2 * sigma**2))))
