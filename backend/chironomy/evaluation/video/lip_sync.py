# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the mouth opens with the speech: correlation and lag of the lips' opening. Higher, and near 0 s, is better.

    r(d) = corr_t(o(t + d), s(t)),   over lags d of whole frames, 0.4 s at most,

with o the gap between the inner lips over the distance of the outer corners of the eyes, and s either the loudness of
the speech (dB, from 30 below its loud level up to it) or the opening that the speech asks for
(`chironomy.speech.lips.lip_opening`, from its phones). Given are r at no lag, and the lag of the largest r, positive
where the mouth is late; a parabola through the three nearest values refines it. A lag whose r is under 0.3 is chance
and not given. Pictures that lead by up to 0.1 s look right, later ones do not.

This is no SyncNet, and no paper reports it; loudness alone explains a mouth only in part, so r of recorded speakers is
well below 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.video.face_shape import LOWER_LIP, UPPER_LIP, face_size
from chironomy.speech.contours import speech_contours
from chironomy.speech.decode import Speech

MOST_LAG_SECONDS = 0.4
FEWEST_FRAMES = 24
LEAST_CORRELATION = 0.3
"""Below which the lag of the largest correlation is chance."""
_LOUDNESS_RANGE_DB = 30.0
_LOUD_PERCENTILE = 95


@dataclass(frozen=True)
class LipSync:
    """How the mouth goes with the speech; NaN where it cannot be said.

    Attributes:
        correlation: at no lag, -1..1.
        best: the largest over the lags, -1..1.
        lag: of the largest, seconds; positive is late; NaN where `best` is under `LEAST_CORRELATION`.
    """

    correlation: float
    best: float
    lag: float


def mouth_opening(faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) gap between the inner lips of faces (T, 478, 2) as a part of the face's size; NaN where not found."""
    return np.linalg.norm(faces[:, UPPER_LIP] - faces[:, LOWER_LIP], axis=-1) / face_size(faces)


def loudness(speech: Speech, fps: float, frame_count: int) -> NDArray[np.float64]:
    """(T,) dB over the quiet end of the range, 0 to 30, at each frame; 0 past the end of the speech."""
    contours = speech_contours(speech)
    level = contours.loudness_db.astype(np.float64)
    loud = np.percentile(level[contours.speaking] if contours.speaking.any() else level, _LOUD_PERCENTILE)
    above = np.clip(level - (loud - _LOUDNESS_RANGE_DB), 0, _LOUDNESS_RANGE_DB)
    return np.interp(np.arange(frame_count) / fps, contours.times, above, right=0.0)


def lip_sync(opening: NDArray[np.float64], signal: NDArray[np.float64], fps: float) -> LipSync:
    """Correlation and lag of an opening (T,) against a signal (T,) of the speech, frame by frame.

    Frames where either is NaN are left out. All NaN where fewer than a second's 24 frames remain or one of the two does
    not change.
    """
    most = round(MOST_LAG_SECONDS * fps)
    lags = np.arange(-most, most + 1)
    values = np.array([_correlation(opening, signal, lag) for lag in lags])
    if np.isnan(values[most]):
        return LipSync(float("nan"), float("nan"), float("nan"))
    best = int(np.nanargmax(values))
    lag, peak = float(lags[best]), float(values[best])
    if 0 < best < len(values) - 1:
        before, after = values[best - 1], values[best + 1]
        bend = before - 2 * peak + after
        if np.isfinite(bend) and bend < 0:
            lag += float(0.5 * (before - after) / bend)
    return LipSync(float(values[most]), peak, lag / fps if peak >= LEAST_CORRELATION else float("nan"))


def _correlation(opening: NDArray[np.float64], signal: NDArray[np.float64], lag: int) -> float:
    frames = min(len(opening), len(signal))
    first, last = max(0, -lag), min(frames, frames - lag)
    if last - first < FEWEST_FRAMES:
        return float("nan")
    given, wanted = opening[first + lag : last + lag], signal[first:last]
    known = np.isfinite(given) & np.isfinite(wanted)
    given, wanted = given[known], wanted[known]
    if len(given) < FEWEST_FRAMES or given.std() < 1e-9 or wanted.std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(given, wanted)[0, 1])
