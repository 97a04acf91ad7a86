# SPDX-License-Identifier: GPL-3.0-or-later
"""What stage 1 hears: the prosody of a recording, one row of numbers a motion frame.

Every number is free of the recording's level, the speaker's register and the noise of the pauses, lies within ±3 and is
about zero for the speaker's middle, so that synthesised and recorded speech look alike to a model. Row k describes the
time k / fps through a window of two frames centred on it.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.filters import convolved
from chironomy.speech.accents import accent_onsets_of, accents_of
from chironomy.speech.contours import MEL_BANDS, RATE, Contours, smooth, speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import SpeechError

# A trained model knows the columns it learned from by their number, so columns are only ever added at the end; a change
# of what a column means raises the version.
PROSODY_VERSION = 1

PROSODY_NAMES: tuple[str, ...] = (
    "loudness",  # level against the speaker's median level, in spreads; -3 in silence
    "loudness_slope",  # its change, 80 dB/s = 1
    "loudness_slow",  # level of the phrase (0.5 s), 0..1 of full speech
    "pitch",  # semitones above the speaker's median, in spreads; bridged in phrases, 0 in silence
    "pitch_slope",  # its change, 6 spreads a second = 1
    "voicing",  # share of the window that is voiced, 0..1
    "onset",  # rise of the spectrum against the file's strong rises
    "accent",  # bumps of 0.06 s at accents, as high as these are strong, 0..1
    "accent_elapsed",  # exp(-t / 0.4 s) since the last accent, times its strength
    "accent_remaining",  # exp(-t / 0.4 s) until the next accent, times its strength
    "tempo",  # rises of the spectrum over 1.5 s against the file's mean
    "speech",  # 1 inside a phrase, 0 in a pause
    "phrase_elapsed",  # exp(-t / 0.5 s) since the phrase began; 0 in pauses
    "phrase_remaining",  # exp(-t / 0.5 s) until the phrase ends; 0 in pauses
    "pause_elapsed",  # exp(-t / 0.5 s) since the last phrase ended; 0 in phrases and before the first
    "pause_remaining",  # exp(-t / 0.5 s) until the next phrase begins; 0 in phrases and after the last
    *(
        f"mel_{band:02d}" for band in range(MEL_BANDS)
    ),  # band level against its mean in speech, in spreads; -3 in silence
    "attack",  # bumps of 0.03 s where accented syllables begin to sound, as high as the accents are strong, 0..1
    "attack_remaining",  # exp(-t / 0.25 s) until the next of these, times its strength
)

LIMIT = 3.0
_ACCENT_SECONDS = 0.4
_ATTACK_SECONDS = 0.25
_PHRASE_SECONDS = 0.5


def prosody_features(speech: Speech, fps: float, frame_count: int | None = None) -> NDArray[np.float32]:
    """Features of every motion frame: (T, F) float32 in -3..3, columns as in `PROSODY_NAMES`.

    T is `frame_count`, or else the duration in whole frames; frames past the end of the speech are silence.

    Raises:
        SpeechError: `fps` or `frame_count` is not positive.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise SpeechError(f"fps is {fps}; give a positive frame rate such as 24")
    count = speech.frame_count(fps) if frame_count is None else frame_count
    if count < 1:
        raise SpeechError(f"frame_count is {count}; give 1 or more")
    contours = speech_contours(speech)
    missing = int(np.ceil((count - 1) / fps * RATE)) + 1 - len(contours.loudness_db)
    curves = _curves(_with_silence(contours, max(missing, 0)))
    return np.clip(_at_frames(curves, fps, count), -LIMIT, LIMIT).astype(np.float32)


def _with_silence(contours: Contours, count: int) -> Contours:
    """The curves with `count` silent values after the end."""
    if count == 0:
        return contours

    def extended(curve: NDArray, value: float) -> NDArray:
        return np.concatenate([curve, np.full((count, *curve.shape[1:]), value, curve.dtype)])

    return Contours(
        extended(contours.loudness_db, float(contours.loudness_db.min())),
        extended(contours.mel_db, float(contours.mel_db.min())),
        extended(contours.flux, 0),
        extended(contours.pitch, 0),
        contours.pitch_spread,
        extended(contours.voiced, False),
        contours.phrases,
        extended(contours.speaking, False),
        extended(contours.low_share, 0),
    )


def _curves(contours: Contours) -> NDArray[np.float64]:
    """(M, F) features a hundred times a second."""
    speaking = contours.speaking
    presence = np.clip(smooth(speaking, 0.03), 0, 1)

    loudness = _in_spreads(smooth(contours.loudness_db, 0.02), speaking, 4.0)
    pitch = smooth(contours.pitch, 0.02) / contours.pitch_spread
    slope = np.gradient(smooth(contours.loudness_db, 0.04), axis=0) * RATE / 80
    pitch_slope = np.gradient(smooth(contours.pitch, 0.04)) * RATE / contours.pitch_spread / 6
    flux = smooth(contours.flux, 0.012) * presence
    strong = float(np.percentile(flux[speaking], 90)) if speaking.any() else 1.0
    tempo = smooth(flux, 0.6)
    usual = float(tempo[speaking].mean()) if speaking.any() else 1.0

    columns = [
        _muted(loudness, presence),
        slope * presence,
        smooth(presence * np.clip(1 + loudness / LIMIT, 0, 2), 0.25),
        pitch,
        pitch_slope * presence,
        smooth(contours.voiced, 0.01),
        flux / max(strong, 1e-3),
        *_accent_columns(contours),
        (tempo / max(usual, 1e-3) - 1) * smooth(presence, 0.1),
        presence,
        *_boundary_columns(contours),
        *(_muted(_in_spreads(band, speaking, 3.0), presence) for band in contours.mel_db.T.astype(np.float64)),
        *_attack_columns(contours),
    ]
    return np.stack(columns, axis=1)


def _in_spreads(curve: NDArray[np.float64], speaking: NDArray[np.bool_], least_spread: float) -> NDArray[np.float64]:
    """Deviation from the middle of the speech in units of its spread (10th to 90th percentile = 2.56 units)."""
    if not speaking.any():
        return np.full(len(curve), -LIMIT)
    low, middle, high = np.percentile(curve[speaking], [10, 50, 90])
    return np.clip((curve - middle) / max((high - low) / 2.56, least_spread), -LIMIT, LIMIT)


def _muted(curve: NDArray[np.float64], presence: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lowest value in pauses, whatever noise the recording has there."""
    return curve * presence - LIMIT * (1 - presence)


def _accent_columns(contours: Contours) -> list[NDArray[np.float64]]:
    times, strengths = accents_of(contours)
    now = contours.times
    elapsed = _decay(now, times, _ACCENT_SECONDS, strengths, after=True)
    remaining = _decay(now, times, _ACCENT_SECONDS, strengths, after=False)
    return [_bumps(now, times, strengths, 0.06), elapsed, remaining]


def _attack_columns(contours: Contours) -> list[NDArray[np.float64]]:
    times, strengths = accents_of(contours)
    attacks = accent_onsets_of(contours, times)
    remaining = _decay(contours.times, attacks, _ATTACK_SECONDS, strengths, after=False)
    return [_bumps(contours.times, attacks, strengths, 0.03), remaining]


def _bumps(
    now: NDArray[np.float64], times: NDArray[np.float64], heights: NDArray[np.float64], seconds: float
) -> NDArray[np.float64]:
    """(M,) the highest of Gaussian bumps of this standard deviation."""
    bumps = np.zeros(len(now))
    reach = round(0.25 * RATE)
    for time, height in zip(times, heights, strict=True):
        centre = round(time * RATE)
        first, last = max(centre - reach, 0), min(centre + reach + 1, len(now))
        bumps[first:last] = np.maximum(
            bumps[first:last], height * np.exp(-0.5 * ((now[first:last] - time) / seconds) ** 2)
        )
    return bumps


def _boundary_columns(contours: Contours) -> list[NDArray[np.float64]]:
    now, inside = contours.times, contours.speaking
    begins, ends = contours.phrases[:, 0], contours.phrases[:, 1]
    ones = np.ones(len(begins))
    return [
        np.where(inside, _decay(now, begins, _PHRASE_SECONDS, ones, after=True), 0),
        np.where(inside, _decay(now, ends, _PHRASE_SECONDS, ones, after=False), 0),
        np.where(inside, 0, _decay(now, ends, _PHRASE_SECONDS, ones, after=True)),
        np.where(inside, 0, _decay(now, begins, _PHRASE_SECONDS, ones, after=False)),
    ]


def _decay(
    now: NDArray[np.float64],
    events: NDArray[np.float64],
    seconds: float,
    heights: NDArray[np.float64],
    *,
    after: bool,
) -> NDArray[np.float64]:
    """(M,) height · exp(-|t| / seconds) from the last event (`after`) or towards the next; 0 where there is none."""
    if len(events) == 0:
        return np.zeros(len(now))
    index = np.searchsorted(events, now, side="right") - 1 if after else np.searchsorted(events, now, side="left")
    known = (index >= 0) & (index < len(events))
    index = np.clip(index, 0, len(events) - 1)
    return np.where(known, heights[index] * np.exp(-np.abs(now - events[index]) / seconds), 0)


def _at_frames(curves: NDArray[np.float64], fps: float, count: int) -> NDArray[np.float64]:
    """(count, F) means through a Hann window two frames wide, so that no event falls between frames."""
    half = int(np.ceil(RATE / fps))
    if half > 1:
        kernel = np.hanning(2 * half + 1)
        curves = convolved(curves, kernel / kernel.sum())
    position = np.minimum(np.arange(count) * (RATE / fps), len(curves) - 1)
    before = np.minimum(position.astype(np.intp), max(len(curves) - 2, 0))
    after = np.minimum(before + 1, len(curves) - 1)
    share = (position - before)[:, None]
    return curves[before] * (1 - share) + curves[after] * share
