# SPDX-License-Identifier: GPL-3.0-or-later
"""Loudness, pitch, spectrum and phrases of a recording, a hundred times a second.

Everything else in this room (accents, features, lips) is derived from these curves. They are computed in stretches of a
minute or two, so that memory is bounded and cost grows linearly with the length of the recording.
"""

import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.filters import gaussian
from chironomy.speech.decode import Speech

RATE = 100  # curves: values a second
MEL_BANDS = 16
MEL_RANGE_HZ = (80.0, 6000.0)

_FFT = 512
_WINDOW_SECONDS = 0.025
_CHUNK_FRAMES = 60 * RATE
_PITCH_CHUNK_SECONDS = 120
_PITCH_MARGIN_SECONDS = 0.5
_PITCH_FLOOR_HZ = 65.0
_PITCH_CEILING_HZ = 500.0
# A recording whose loudest moments lie below this is silence (dither and the noise of an open input are louder than
# digital silence, but far below the quietest usable voice).
_SILENCE_DB = -75.0
_FLUX_FLOOR_DB = 45.0
_DYNAMIC_FLOOR_DB = 60.0  # below the loud speech of the file; nothing quieter is told apart


@dataclass(frozen=True, eq=False)
class Contours:
    """Curves of one recording; value i belongs to time i / 100 s. M = values.

    Attributes:
        loudness_db: (M,) level of the band 80 to 6000 Hz in dB, at least 60 dB below the loud speech.
        mel_db: (M, 16) level of mel bands in dB, floored alike.
        flux: (M,) rise of the spectrum over 20 ms, mean over bands, dB.
        pitch: (M,) semitones above the speaker's median; bridged between voiced stretches; 0 outside phrases.
        pitch_spread: the speaker's range: half the distance of the 16th and 84th percentile, semitones, at least 1.5.
        voiced: (M,) bool.
        phrases: (P, 2) begin and end of stretches of speech between pauses, seconds.
        speaking: (M,) bool, inside a phrase.
        low_share: (M,) share of the energy that lies below 1 kHz, 0..1.
    """

    loudness_db: NDArray[np.float32]
    mel_db: NDArray[np.float32]
    flux: NDArray[np.float32]
    pitch: NDArray[np.float32]
    pitch_spread: float
    voiced: NDArray[np.bool_]
    phrases: NDArray[np.float64]
    speaking: NDArray[np.bool_]
    low_share: NDArray[np.float32]

    @property
    def times(self) -> NDArray[np.float64]:
        """(M,) seconds."""
        return np.arange(len(self.loudness_db)) / RATE


_Of = TypeVar("_Of")
_Found = TypeVar("_Found")


def once(compute: Callable[[_Of], _Found]) -> Callable[[_Of], _Found]:
    """A function of one object that computes what it finds once, for as long as the object is held.

    Who asks in another thread meanwhile waits for it.
    """
    known: weakref.WeakKeyDictionary[_Of, _Found] = weakref.WeakKeyDictionary()
    lock = threading.RLock()

    @functools.wraps(compute)
    def found(of: _Of) -> _Found:
        with lock:
            result = known.get(of)
            if result is None:
                result = known[of] = compute(of)
            return result

    return found


def smooth(curve: NDArray[Any], sigma_seconds: float) -> NDArray[np.float64]:
    """Gaussian smoothing along the first axis; the ends are held."""
    return gaussian(curve, sigma_seconds * RATE)


@once
def speech_contours(speech: Speech) -> Contours:
    """The curves of this recording, computed once for as long as the recording is held."""
    mel, low_share = _mel_energy(speech)
    loudness = 10 * np.log10(mel.sum(axis=1) + 1e-20)
    loud = _loud_level(loudness)
    mel_db = 10 * np.log10(mel + 1e-20)
    floor = loud - _DYNAMIC_FLOOR_DB
    loudness = np.maximum(loudness, floor)
    mel_db = np.maximum(mel_db, floor - 15)  # one band of many holds less than their sum
    flux = np.zeros(len(mel_db))
    audible = np.maximum(mel_db, loud - _FLUX_FLOOR_DB)  # what a sound that is cut off splatters over is not heard
    flux[1:-1] = np.maximum(audible[2:] - audible[:-2], 0).mean(axis=1)

    hertz = _pitch(speech, len(loudness))
    voiced = (hertz > 0) & (loudness > loud - 40)
    phrases = _phrases(loudness, voiced)
    speaking = np.zeros(len(loudness), bool)
    for begin, end in phrases:
        speaking[begin:end] = True
    voiced &= speaking
    pitch, spread = _relative_pitch(hertz, voiced, speaking)
    return Contours(
        loudness.astype(np.float32),
        mel_db.astype(np.float32),
        flux.astype(np.float32),
        pitch.astype(np.float32),
        spread,
        voiced,
        phrases.astype(np.float64) / RATE,
        speaking,
        low_share,
    )


def _loud_level(loudness: NDArray[np.float64]) -> float:
    """Level of the loud syllables, dB, however little of the recording is speech."""
    active = loudness[loudness > max(float(np.percentile(loudness, 3)) + 10, _SILENCE_DB)]
    return float(np.percentile(active if len(active) >= 0.1 * RATE else loudness, 95))


def power_spectra(speech: Speech) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Stretches of the power spectrogram: index of the first value, and (m, bins) power re. full scale.

    Windows (Hann, 25 ms) are centred on i / 100 s; the recording is taken as silent before its begin and after its end.
    """
    rate = speech.sample_rate
    size = 2 ** int(np.ceil(np.log2(_FFT * rate / 16000)))
    width = round(_WINDOW_SECONDS * rate)
    window = np.hanning(width + 2)[1:-1].astype(np.float32)
    window *= np.sqrt(2 / (width * (window**2).sum()))  # a full-scale noise has a total power of about 1
    count = round(speech.duration * RATE) + 1
    for first in range(0, count, _CHUNK_FRAMES):
        last = min(first + _CHUNK_FRAMES, count)
        centres = np.round(np.arange(first, last) * (rate / RATE)).astype(np.intp)
        begin = centres[0] - width // 2
        end = centres[-1] - width // 2 + width
        stretch = speech.samples[max(begin, 0) : max(min(end, len(speech.samples)), 0)]
        stretch = np.pad(stretch, (max(-begin, 0), end - max(begin, 0) - len(stretch)))
        frames = np.lib.stride_tricks.sliding_window_view(stretch, width)[centres - centres[0]] * window
        # As 64-bit numbers in every version of numpy.
        spectrum = np.fft.rfft(frames.astype(np.float64), n=size, axis=1)
        yield first, (spectrum.real**2 + spectrum.imag**2).astype(np.float32)


def _mel_energy(speech: Speech) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(M, 16) power in mel bands (triangles of unit height), and (M,) share of it below 1 kHz."""
    bands: list[NDArray[np.float32]] = []
    shares: list[NDArray[np.float32]] = []
    filters = low = audible = None
    for _, power in power_spectra(speech):
        if filters is None or low is None or audible is None:
            hertz = np.linspace(0, speech.sample_rate / 2, power.shape[1])
            filters = _mel_filters(hertz)
            audible = ((hertz >= MEL_RANGE_HZ[0]) & (hertz <= MEL_RANGE_HZ[1])).astype(np.float32)
            low = audible * (hertz < 1000)
        shares.append(power @ low / (power @ audible + np.float32(1e-20)))
        bands.append(power @ filters)
    return np.concatenate(bands), np.concatenate(shares)


def _mel_filters(hertz: NDArray[np.float64]) -> NDArray[np.float32]:
    """(bins, 16) triangles of unit height, equally spaced on the mel scale 2595 log10(1 + f / 700)."""
    mel = 2595 * np.log10(1 + hertz / 700)
    low, high = (2595 * np.log10(1 + np.array(MEL_RANGE_HZ) / 700)).tolist()
    centres = np.linspace(low, high, MEL_BANDS + 2)
    step = centres[1] - centres[0]
    return np.maximum(1 - np.abs(mel[:, None] - centres[1:-1]) / step, 0).astype(np.float32)


def _pitch(speech: Speech, count: int) -> NDArray[np.float64]:
    """(count,) fundamental frequency in Hz by Praat's autocorrelation method (Boersma 1993); 0 where unvoiced."""
    import parselmouth

    hertz = np.zeros(count)
    grid = np.arange(count) / RATE
    rate = speech.sample_rate
    if speech.duration < 3 / _PITCH_FLOOR_HZ or not speech.samples.any():
        return hertz
    for begin in np.arange(0, speech.duration, _PITCH_CHUNK_SECONDS):
        end = begin + _PITCH_CHUNK_SECONDS
        if speech.duration - end < 1.0:  # no last stretch that is too short to analyse
            end = speech.duration
        margin_begin = max(begin - _PITCH_MARGIN_SECONDS, 0.0)
        first, last = int(margin_begin * rate), int((end + _PITCH_MARGIN_SECONDS) * rate)
        sound = parselmouth.Sound(speech.samples[first:last].astype(np.float64), sampling_frequency=rate)
        track = sound.to_pitch_ac(
            time_step=1 / RATE, pitch_floor=_PITCH_FLOOR_HZ, pitch_ceiling=_PITCH_CEILING_HZ, max_number_of_candidates=8
        )
        found = track.selected_array["frequency"]
        times = track.xs() + first / rate
        here = np.flatnonzero((grid >= begin) & (grid < end + 1 / RATE))
        nearest = np.clip(np.searchsorted(times, grid[here] - 0.5 / RATE), 0, len(times) - 1)
        inside = np.abs(times[nearest] - grid[here]) < 1.5 / RATE
        hertz[here] = np.where(inside, found[nearest], 0.0)
        if end >= speech.duration:
            break
    return hertz


def _relative_pitch(
    hertz: NDArray[np.float64], voiced: NDArray[np.bool_], speaking: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float]:
    """Semitones above the speaker's median, without octave errors, bridged inside phrases; and the speaker's spread.

    Marks the values it distrusts as unvoiced in place.
    """
    if voiced.sum() < 5:
        voiced[:] = False
        return np.zeros(len(hertz)), 1.5
    # After De Looze & Hirst (2008), who set a speaker's range from the quartiles of a first pass.
    lower, median, upper = np.percentile(hertz[voiced], [25, 50, 75])
    voiced &= (hertz > 0.6 * lower) & (hertz < 2.2 * upper)
    if not voiced.any():
        return np.zeros(len(hertz)), 1.5
    semitones = 12 * np.log2(hertz[voiced] / median)
    low, high = np.percentile(semitones, [16, 84])
    spread = max(float(high - low) / 2, 1.5)
    bridged = np.interp(np.arange(len(hertz)), np.flatnonzero(voiced), semitones)
    return bridged * np.clip(smooth(speaking, 0.03), 0, 1), spread


def _phrases(loudness: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Begin and end (exclusive) of stretches of speech, as indices: (P, 2).

    Speech is what rises above a level between the noise of the pauses and the loud syllables, with hysteresis; pauses
    shorter than 0.2 s (the closures of stops last up to that) do not divide it; what has no voice in it and is short
    is a knock, not a phrase.
    """
    loud = _loud_level(loudness)
    quiet = float(np.percentile(loudness, 3))
    if loud < _SILENCE_DB or (loud - quiet < 6 and voiced.mean() < 0.02):
        return np.zeros((0, 2), np.intp)
    level = smooth(loudness, 0.015)
    # A recording without pauses has its weak syllables as the quietest moments, hence the upper bound.
    enter = np.clip(quiet + 10, loud - 30, loud - 9)
    keep = np.clip(quiet + 6, loud - 36, loud - 12)
    runs = [run for run in _runs(level > keep) if level[run[0] : run[1]].max() > enter]
    joined: list[list[int]] = []
    for begin, end in runs:
        if joined and begin - joined[-1][1] < 0.2 * RATE:
            joined[-1][1] = end
        else:
            joined.append([begin, end])
    phrases = [
        (max(begin - 3, 0), min(end + 4, len(loudness)))
        for begin, end in joined
        if voiced[begin:end].sum() >= 4 or end - begin >= 0.35 * RATE
    ]
    return np.array(phrases, np.intp).reshape(-1, 2)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]
