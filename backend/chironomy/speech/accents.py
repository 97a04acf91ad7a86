# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the voice begins, stresses and stops: phrases, onsets, syllables and accents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.speech.contours import RATE, Contours, once, smooth, speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.peaks import find_peaks

# Weights of the three correlates of prominence: loudness and duration carry more of it than pitch does (Kochanski,
# Grabe, Coleman & Rosner 2005, "Loudness predicts prominence: fundamental frequency lends little").
_LOUDNESS_WEIGHT, _DURATION_WEIGHT, _PITCH_WEIGHT = 0.4, 0.3, 0.3
_DIP_DB = 1.5  # between two syllables the loudness falls by this at least
_NEIGHBOURHOOD_SECONDS = 1.2  # a syllable is prominent against those around it
_CLOSEST_SECONDS = 0.22  # two accents do not fall on neighbouring fast syllables
_ATTACK_SECONDS = 0.18  # from the attack of an accented syllable to its nucleus, at most
_USUAL_ATTACK_SECONDS = 0.06  # the middle of what real recordings have; taken where no attack stands out
_WEAKEST = 0.32  # strength below which a syllable is unaccented; gives 70 to 95 accents a minute of read speech


@dataclass(frozen=True)
class Syllables:
    """Syllable nuclei of a recording, N of them in order.

    Attributes:
        times: (N,) seconds, the moment of greatest loudness.
        prominence: (N,) standing out against the neighbourhood in loudness, duration and pitch; about -1..3.
    """

    times: NDArray[np.float64]
    prominence: NDArray[np.float64]


def speech_phrases(speech: Speech) -> list[tuple[float, float]]:
    """Begin and end in seconds of every stretch of speech between pauses of 0.2 s or more."""
    return [(float(begin), float(end)) for begin, end in speech_contours(speech).phrases]


def onsets(speech: Speech) -> NDArray[np.float64]:
    """Seconds at which the spectrum rises most steeply: the attacks of syllables, loud consonants included."""
    return _onsets(speech_contours(speech))


@once
def accent_onsets(speech: Speech) -> NDArray[np.float64]:
    """Seconds at which each accented syllable of `pitch_accents` begins to sound, (N,) in the same order.

    It is the strongest onset in the 0.18 s before the syllable's loudest moment. Strokes arrive here: on or just before
    the stressed syllable (Kendon 1980, the phonological synchrony rule of McNeill 1992).
    """
    contours = speech_contours(speech)
    return accent_onsets_of(contours, accents_of(contours)[0])


def accent_onsets_of(contours: Contours, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same from curves and accents that are at hand."""
    attacks = _onsets(contours)
    rise = smooth(contours.flux, 0.015)
    result = times - _USUAL_ATTACK_SECONDS
    for index, time in enumerate(times):
        near = attacks[(attacks <= time + 0.01) & (attacks >= time - _ATTACK_SECONDS)]
        if len(near):
            result[index] = near[np.argmax(rise[np.round(near * RATE).astype(int)])]
    return np.maximum(result, 0.0)


@once
def _onsets(contours: Contours) -> NDArray[np.float64]:
    flux = smooth(contours.flux, 0.015)
    if not contours.speaking.any():
        return np.zeros(0)
    local = smooth(flux, 0.25)
    threshold = 1.15 * local + 0.25 * float(flux[contours.speaking].mean())
    peaks = find_peaks(flux, distance=round(0.07 * RATE)).places
    peaks = peaks[(flux[peaks] > threshold[peaks]) & contours.speaking[peaks]]
    return peaks / RATE


def syllables(speech: Speech) -> Syllables:
    """Syllable nuclei: peaks of loudness in voiced stretches with a dip on either side (after de Jong & Wempe 2009)."""
    return _syllables(speech_contours(speech))


def pitch_accents(speech: Speech) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Accented syllables: (N,) seconds of their loudest moment, and (N,) strengths in 0..1.

    An accent is a syllable that stands out by loudness, length and pitch and is not outdone by one within 0.22 s.
    """
    return accents_of(speech_contours(speech))


@once
def accents_of(contours: Contours) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same from curves that are at hand."""
    nuclei = _syllables(contours)
    strengths = 1 / (1 + np.exp(-1.6 * (nuclei.prominence - 0.35)))
    keep = np.zeros(len(nuclei.times), bool)
    firsts = np.searchsorted(nuclei.times, nuclei.times - _CLOSEST_SECONDS, side="right")
    lasts = np.searchsorted(nuclei.times, nuclei.times + _CLOSEST_SECONDS, side="left")
    for index in np.argsort(-nuclei.prominence, kind="stable"):
        if strengths[index] >= _WEAKEST and not keep[firsts[index] : lasts[index]].any():
            keep[index] = True
    return nuclei.times[keep], strengths[keep]


@once
def _syllables(contours: Contours) -> Syllables:
    loudness = smooth(contours.loudness_db, 0.025)
    peaks, dips = find_peaks(loudness, distance=round(0.08 * RATE), prominence=_DIP_DB)
    chosen = contours.voiced[peaks] & contours.speaking[peaks]
    if contours.speaking.any():
        chosen &= loudness[peaks] > float(np.percentile(loudness[contours.speaking], 95)) - 22
    peaks, dips = peaks[chosen], dips[chosen]
    if len(peaks) == 0:
        return Syllables(np.zeros(0), np.zeros(0))
    divided = _divided_by_dips(loudness, peaks)
    peaks, dips = peaks[divided], dips[divided]
    times = peaks / RATE
    level = contours.loudness_db[peaks].astype(np.float64) + 0.15 * np.minimum(dips, 15)
    lengths = _voiced_lengths(contours, loudness, peaks)
    pitch = _pitch_excursions(contours, peaks)
    prominence = (
        _LOUDNESS_WEIGHT * _standing_out(level, times, 3.0)
        + _DURATION_WEIGHT * _standing_out(np.log(lengths), times, 0.35)
        + _PITCH_WEIGHT * _standing_out(pitch, times, 0.6)
    )
    return Syllables(times, prominence / 0.6)


def _divided_by_dips(loudness: NDArray[np.float64], peaks: NDArray[np.intp]) -> list[int]:
    """Which peaks to keep so that there is a dip between any two; of two without one, the louder."""
    kept = [0]
    for index in range(1, len(peaks)):
        last, peak = peaks[kept[-1]], peaks[index]
        if loudness[last:peak].min() < min(loudness[last], loudness[peak]) - _DIP_DB:
            kept.append(index)
        elif loudness[peak] > loudness[last]:
            kept[-1] = index
    return kept


def _voiced_lengths(contours: Contours, loudness: NDArray[np.float64], peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """(N,) seconds around each nucleus that are voiced and within 6 dB of it, 0.03 to 0.5."""
    lengths = np.empty(len(peaks))
    reach = round(0.25 * RATE)
    for i, peak in enumerate(peaks):
        first, last = max(peak - reach, 0), min(peak + reach + 1, len(loudness))
        inside = (loudness[first:last] > loudness[peak] - 6) & contours.voiced[first:last]
        after = np.argmin(np.append(inside[peak - first :], False))
        before = np.argmin(np.append(inside[: peak - first][::-1], False))
        lengths[i] = (after + before) / RATE
    return np.clip(lengths, 0.03, 0.5)


def _pitch_excursions(contours: Contours, peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """(N,) height and movement of the pitch about each nucleus in units of the speaker's spread.

    Heights are taken against the trend of the phrase (1 s), which removes declination.
    """
    pitch = contours.pitch.astype(np.float64) / contours.pitch_spread
    weight = contours.voiced.astype(np.float64)
    trend = smooth(pitch * weight, 0.5) / (smooth(weight, 0.5) + 1e-3)
    reach = round(0.1 * RATE)
    padded = np.pad(pitch, reach, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)[peaks]
    return around.max(axis=1) - trend[peaks] + 0.5 * (around.max(axis=1) - around.min(axis=1))


def _standing_out(values: NDArray[np.float64], times: NDArray[np.float64], least_spread: float) -> NDArray[np.float64]:
    """(N,) deviation from the neighbours' weighted mean in units of the recording's spread, clipped to -2..3."""
    spread = max(float(np.std(values)), least_spread)
    result = np.empty(len(values))
    for i, time in enumerate(times):
        first, last = np.searchsorted(times, [time - 3 * _NEIGHBOURHOOD_SECONDS, time + 3 * _NEIGHBOURHOOD_SECONDS])
        weight = np.exp(-0.5 * ((times[first:last] - time) / _NEIGHBOURHOOD_SECONDS) ** 2)
        # The recording's mean takes part with the weight of two syllables, so that a lone one is judged as well.
        mean = (weight @ values[first:last] + 2 * float(values.mean())) / (weight.sum() + 2)
        result[i] = (values[i] - mean) / spread
    return np.clip(result, -2, 3)
