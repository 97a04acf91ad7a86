# SPDX-License-Identifier: GPL-3.0-or-later
"""Stroke-to-accent lag: how long after an accent a stroke arrives, in seconds. Small and a little early is best.

    lag_i = m_i - s_n(i),   n(i) the accent nearest to the apex m_i,

negative where the hand is early. Speakers' strokes come on or slightly before the stressed syllable and not after it
(Kendon 1980; McNeill 1992, the phonological synchrony rule). The absolute lag depends on how dense the accents are, so
it is judged against the same motion's lag to another recording's accents (`chironomy.evaluation.alignment`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.beats import librosa_onsets
from chironomy.speech.accents import accent_onsets, onsets, pitch_accents
from chironomy.speech.decode import Speech

SPEECH_BEATS: dict[str, Callable[[Speech], NDArray[np.float64]]] = {
    "accent onsets": accent_onsets,
    "pitch accents": lambda speech: pitch_accents(speech)[0],
    "onsets": onsets,
    "librosa onsets": librosa_onsets,
}
"""Kinds of speech beats, each (N,) seconds of a recording: where accented syllables begin and are loudest, where any
syllable begins, and what librosa's detector finds, which shares nothing with what the model hears."""


@dataclass(frozen=True)
class StrokeLag:
    """Lag of the strokes of one motion, or of several together; NaN where there is none.

    Attributes:
        signed: median, seconds; negative is early.
        absolute: median of the absolute lags, seconds.
        early: share of strokes that arrive before the accent or on it (within 20 ms), 0..1.
        count: strokes.
    """

    signed: float
    absolute: float
    early: float
    count: int


def lags(apexes: NDArray[np.float64], beats: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) seconds from the nearest beat to each apex; none where there are no beats."""
    if len(apexes) == 0 or len(beats) == 0:
        return np.zeros(0)
    difference = apexes[:, None] - beats[None]
    return difference[np.arange(len(apexes)), np.abs(difference).argmin(axis=1)]


def stroke_lag(apexes: NDArray[np.float64], beats: NDArray[np.float64]) -> StrokeLag:
    """Lag of apexes (N,) to speech beats (M,), both in seconds."""
    found = lags(apexes, beats)
    if len(found) == 0:
        return StrokeLag(float("nan"), float("nan"), float("nan"), 0)
    return StrokeLag(
        float(np.median(found)), float(np.median(np.abs(found))), float(np.mean(found <= 0.02)), len(found)
    )
