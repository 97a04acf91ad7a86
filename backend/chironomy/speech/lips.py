# SPDX-License-Identifier: GPL-3.0-or-later
"""The face that goes with a recording: lips from its phones, brows from its accents, blinks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.speech.contours import RATE, Contours, smooth, speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import SpeechError
from chironomy.speech.expression import add_blinks, add_brows
from chironomy.speech.phone import SILENCE, VOWELS, Phone
from chironomy.speech.phones import recognise_phones
from chironomy.speech.visemes import ACTIONS, APERTURE, BILABIALS, DIPHTHONGS, ROUNDING, VISEMES
from chironomy.work import QUIET, Work

# Shapes come before their sounds: the mouth forms a sound before it is heard, and viewers forgive pictures that lead by
# up to 0.1 s but not ones that lag.
_LEAD_SECONDS = 0.03
_CLOSURE_LEAD_SECONDS = 0.01  # a closure is heard the moment it is seen
# How fast a sound's say fades before its begin (anticipation reaches further) and after its end.
_BEFORE_SECONDS, _AFTER_SECONDS = 0.06, 0.045
_REACH_SECONDS = 0.4
_CLOSING_SECONDS, _OPENING_SECONDS = 0.05, 0.045
_CLOSED_JAW = 0.1
_SHORTEST_SILENCE = 0.08

# What each action adds to the gap between the lips in units of jawOpen, whose whole range opens 34 mm: measured on the
# middle of the lips of the project's character.
_OPENING = {
    "jawOpen": 1.0,
    "mouthClose": -1.0,
    "mouthFunnel": 0.33,
    "mouthPucker": -0.08,
    "mouthRollLower": -0.09,
    "mouthRollUpper": -0.05,
    "mouthShrugLower": -0.14,
    "mouthShrugUpper": 0.10,
    "mouthLowerDownLeft": 0.055,
    "mouthLowerDownRight": 0.055,
    "mouthUpperUpLeft": 0.075,
    "mouthUpperUpRight": 0.075,
    "mouthPressLeft": -0.035,
    "mouthPressRight": -0.035,
}


def lip_track(
    speech: Speech,
    fps: float,
    frame_count: int | None = None,
    phones: Sequence[Phone] | None = None,
    work: Work = QUIET,
) -> FaceTrack:
    """Face actions that speak the recording.

    The lips meet in every p, b and m for at least one frame, whatever the frame rate. Blinks depend on the recording's
    hash alone, so that the same recording always blinks alike; `chironomy.body.face.express` gives a face others.

    Args:
        speech: the recording.
        fps: frames a second.
        frame_count: by default the duration in whole frames.
        phones: what is spoken, if known better than by recognition.
        work: told after every stretch of speech that is recognised, and asked before each.

    Raises:
        SpeechError: `fps` or `frame_count` is not positive.
        ListeningCancelled: the work was stopped.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise SpeechError(f"fps is {fps}; give a positive frame rate such as 24")
    count = speech.frame_count(fps) if frame_count is None else frame_count
    if count < 1:
        raise SpeechError(f"frame_count is {count}; give 1 or more")
    if phones is None:
        phones = recognise_phones(speech, work=work)
    contours = speech_contours(speech)
    times = np.arange(count) / fps
    length = max(len(contours.loudness_db), int(np.ceil(times[-1] * RATE)) + 1)

    values = np.zeros((count, len(FACE_ACTIONS)))
    segments = _segments(phones, length / RATE)
    position = times * RATE
    grid = np.arange(length)
    for name, curve in _aims(segments, contours, length).items():
        framed = np.interp(position, grid, smooth(curve, 0.012))
        for action in ACTIONS[name]:
            values[:, FACE_ACTIONS.index(action)] = framed
    _close_lips(values, _closure(segments, length, 1 / fps)[np.round(position).astype(np.intp)])
    add_brows(values, fps, contours)
    add_blinks(values, fps, contours, speech.sha256)
    return FaceTrack(fps, np.clip(values, 0, 1))


def lip_opening(track: FaceTrack) -> NDArray[np.float64]:
    """(T,) gap between the lips as a share of the widest (`jawOpen` alone at 1), not below 0."""
    weights = np.array([_OPENING.get(name, 0.0) for name in FACE_ACTIONS])
    return np.maximum(track.values @ weights, 0)


def _segments(phones: Sequence[Phone], duration: float) -> list[Phone]:
    """The phones with diphthongs in two and silence wherever nothing is spoken."""
    segments: list[Phone] = []
    last = 0.0
    for phone in phones:
        if phone.start - last >= _SHORTEST_SILENCE:
            segments.append(Phone(SILENCE, last, phone.start))
        if phone.label in DIPHTHONGS:
            first, second, share = DIPHTHONGS[phone.label]
            middle = phone.start + share * (phone.end - phone.start)
            segments += [Phone(first, phone.start, middle), Phone(second, middle, phone.end)]
        else:
            segments.append(phone)
        last = phone.end
    # Past the end as well, so that the mouth is led shut.
    return [*segments, Phone(SILENCE, last, max(duration, last) + 1.0)]


def _aims(segments: Sequence[Phone], contours: Contours, length: int) -> dict[str, NDArray[np.float64]]:
    """(length,) curve of every aim: the mean of all sounds' aims, each with its say at that moment."""
    names = (*APERTURE, *ROUNDING)
    total = np.zeros((len(names), length))
    say = np.full((2, length), 1e-9)
    energy = _energy(contours, length)
    reach = round(_REACH_SECONDS * RATE)
    for segment in segments:
        viseme = VISEMES.get(segment.label, VISEMES["AH"])
        begin, end = segment.start - _LEAD_SECONDS, segment.end - _LEAD_SECONDS
        first, last = max(int(begin * RATE) - reach, 0), min(int(np.ceil(end * RATE)) + reach + 1, length)
        if last <= first:
            continue
        now = np.arange(first, last) / RATE
        margin = 0.25 * (end - begin)
        before, after = np.maximum(begin + margin - now, 0), np.maximum(now - end + margin, 0)
        presence = np.exp(-before / _BEFORE_SECONDS - after / _AFTER_SECONDS)
        aims = np.array([getattr(viseme, name) for name in names])
        if segment.label in VOWELS:
            middle = slice(round(segment.start * RATE), max(round(segment.end * RATE), round(segment.start * RATE) + 1))
            aims[0] *= float(energy[middle].mean()) if len(energy[middle]) else 1.0
        for kind, (dominance, part) in enumerate(
            (
                (viseme.aperture_dominance, slice(0, len(APERTURE))),
                (viseme.rounding_dominance, slice(len(APERTURE), None)),
            )
        ):
            weight = dominance * presence
            say[kind, first:last] += weight
            total[part, first:last] += aims[part, None] * weight
    total[: len(APERTURE)] /= say[0]
    total[len(APERTURE) :] /= say[1]
    return dict(zip(names, total, strict=True))


def _energy(contours: Contours, length: int) -> NDArray[np.float64]:
    """(length,) how wide the jaw opens for a vowel against its usual: louder is wider, 0.7..1.25."""
    factor = np.ones(length)
    if contours.speaking.any():
        loudness = smooth(contours.loudness_db, 0.04)
        middle = float(np.percentile(loudness[contours.speaking], 60))
        factor[: len(loudness)] = np.clip(1 + 0.025 * (loudness - middle), 0.7, 1.25)
    return factor


def _closure(segments: Sequence[Phone], length: int, frame_seconds: float) -> NDArray[np.float64]:
    """(length,) 1 where p, b and m hold the lips together, falling off on both sides.

    Each plateau is widened to last a frame, so that one frame at least falls on it.
    """
    closure = np.zeros(length)
    for segment in segments:
        if segment.label not in BILABIALS:
            continue
        begin = segment.start - _CLOSURE_LEAD_SECONDS
        end = max(segment.end - _CLOSURE_LEAD_SECONDS - 0.01, begin + 0.02)
        missing = max(frame_seconds + 1 / RATE - (end - begin), 0) / 2
        begin, end = begin - missing, end + missing
        first = max(int((begin - _CLOSING_SECONDS) * RATE), 0)
        last = min(int(np.ceil((end + _OPENING_SECONDS) * RATE)) + 1, length)
        now = np.arange(first, last) / RATE
        outside = np.maximum((begin - now) / _CLOSING_SECONDS, (now - end) / _OPENING_SECONDS)
        shape = 0.5 + 0.5 * np.cos(np.pi * np.clip(outside, 0, 1))
        closure[first:last] = np.maximum(closure[first:last], shape)
    return closure


def _close_lips(values: NDArray[np.float64], closure: NDArray[np.float64]) -> None:
    """Bring the lips together in place: the jaw rises part of the way, the lips do the rest and press."""
    jaw = FACE_ACTIONS.index("jawOpen")
    values[:, jaw] += closure * (np.minimum(values[:, jaw], _CLOSED_JAW) - values[:, jaw])
    values[:, FACE_ACTIONS.index("mouthClose")] = closure * values[:, jaw]
    for name in ("lower_down", "upper_up", "funnel", "roll_lower", "tongue"):
        for action in ACTIONS[name]:
            values[:, FACE_ACTIONS.index(action)] *= 1 - closure
    for action in ("mouthPressLeft", "mouthPressRight"):
        values[:, FACE_ACTIONS.index(action)] = 0.3 * closure
    for action in ("mouthRollLower", "mouthRollUpper"):
        values[:, FACE_ACTIONS.index(action)] += 0.12 * closure
