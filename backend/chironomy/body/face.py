# SPDX-License-Identifier: GPL-3.0-or-later
"""What a face says beside its words: brows on emphasis, blinks, an attitude to each phrase, how the speaker feels."""

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.attitude import attitudes
from chironomy.body.emotion import Emotion, EmotionTrack, emotion_track
from chironomy.body.errors import BodyError
from chironomy.body.manner import STYLE, manner_of
from chironomy.body.rhythm import apart, wander
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.speech.expression import blink

Array = NDArray[np.float64]

_BROWS = (
    "browInnerUp",
    *(name + side for name in ("browOuterUp", "browDown", "eyeWide") for side in ("Left", "Right")),
)

# What brows do on emphasis, and how often: both up, the inner ends up, one up, drawn together. Brows that rise with
# prominent words are the usual (Ekman 1979, "About brows"; Flecha-García 2010, "Eyebrow raises in dialogue").
_GESTURES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.62, (0.55, 0.52, 0.52, 0.0, 0.0, 0.12, 0.12)),
    (0.14, (0.60, 0.15, 0.15, 0.15, 0.15, 0.0, 0.0)),
    (0.06, (0.2, 0.75, 0.15, 0.0, 0.15, 0.08, 0.0)),
    (0.06, (0.2, 0.15, 0.75, 0.15, 0.0, 0.0, 0.08)),
    (0.12, (0.0, 0.0, 0.0, 0.55, 0.55, 0.0, 0.0)),
)
_APART_SECONDS = 0.8
_WEAKEST = 0.45
_LEAD_SECONDS = 0.04
_RISE_SECONDS, _HOLD_SECONDS, _FALL_SECONDS = (0.12, 0.2), (0.0, 0.45), (0.25, 0.45)
_OPENING_SHARE, _OPENING_SIZE = 0.35, 0.55
_DRIFT = 0.05

# How far a feeling comes and goes by itself, grows on what is stressed, and differs between the halves of a face.
_COMES_AND_GOES, _GROWS, _LOPSIDED = 0.12, 0.18, 0.07

# Lips that are rounded or pressed together are not free to smile.
_ROUNDED = ("mouthPucker", "mouthFunnel", "mouthClose")
_OPENING = ("jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthUpperUpRight")
_MOUTH = tuple(name for name in FACE_ACTIONS if name.startswith(("mouth", "jaw")))
_GIVES_WAY = 0.6

_LIDS, _WIDE = ("eyeBlinkLeft", "eyeBlinkRight"), ("eyeWideLeft", "eyeWideRight")


def express(
    face: FaceTrack,
    accents: tuple[ArrayLike, ArrayLike] = ((), ()),
    phrases: Sequence[tuple[float, float]] = (),
    seed: int = 0,
    style: str | Mapping[str, float] | None = None,
    emotion: Emotion | EmotionTrack | None = None,
) -> FaceTrack:
    """Move the brows of a face that speaks, blink, and colour all of it by a feeling, or by hints where none is felt.

    Args:
        face: the face actions; what they say of brows and blinks is replaced, the feeling is added to the rest.
        accents: seconds of the accented syllables and their strengths, 0 to 1.
        phrases: begin and end in seconds of stretches of speech.
        seed: another seed moves other brows, blinks at other moments, and looks at each phrase in another way.
        style: name or weights, as of gestures; see `chironomy.body.manner`.
        emotion: see `chironomy.body.emotion.emotion_track`.

    Raises:
        BodyError: accents are not two lists of one length, or there is no such emotion.
    """
    times, strengths = (np.asarray(part, np.float64).reshape(-1) for part in accents)
    if len(times) != len(strengths):
        raise BodyError(f"there are {len(times)} accents with {len(strengths)} strengths; give one strength each")
    felt = emotion if isinstance(emotion, EmotionTrack) else emotion_track(emotion)
    now = face.times
    rng = np.random.default_rng([seed, zlib.crc32(repr(style or STYLE).encode()), 1])
    manner = manner_of(style)
    values = face.values.copy()
    blink(
        values,
        face.fps,
        [end for _, end in phrases],
        np.random.default_rng([seed, face.frame_count, 3]),
        lambda time: manner.blinks * float(felt.mixed("blinks", [time])[0]),
    )
    lids = values[:, [FACE_ACTIONS.index(name) for name in _LIDS]]
    brows = _brows(rng, now, times, strengths, phrases)
    brows *= (manner.brows * felt.mixed("brows", now))[:, None]
    for column, name in enumerate(_BROWS):
        index = FACE_ACTIONS.index(name)
        values[:, index] = brows[:, column] + (values[:, index] if name.startswith("eye") else 0.0)
    if not felt.neutral:
        values += _beside_speech(rng, felt.face(FACE_ACTIONS, now), now, times, strengths, values)
    # Who feels something shows that instead.
    hints = np.random.default_rng([seed, zlib.crc32(repr(style or STYLE).encode()), 5])
    shown = manner.face * felt.at(now)[:, :1] * attitudes(hints, now, times, strengths, phrases)
    # What is raised already is raised by less.
    values += np.clip(1.0 - values, 0.0, 1.0) * _beside_speech(hints, shown, now, times, strengths, values)
    # Eyes that are wide shut as well as others do.
    values[:, [FACE_ACTIONS.index(name) for name in _WIDE]] *= 1.0 - lids
    return FaceTrack(face.fps, np.clip(values, 0.0, 1.0))


def _brows(
    rng: np.random.Generator,
    now: Array,
    times: Array,
    strengths: Array,
    phrases: Sequence[tuple[float, float]],
) -> Array:
    """(T, 7) values of `_BROWS`."""
    strong = strengths >= _WEAKEST
    times, strengths = times[strong], strengths[strong]
    events = [(times[index], strengths[index], 0.0) for index in apart(times, strengths, _APART_SECONDS)]
    events += [(begin + 0.1, _OPENING_SIZE, 0.5) for begin, _ in phrases if rng.uniform() < _OPENING_SHARE]
    curve = np.zeros((len(now), len(_BROWS)))
    shares = np.array([share for share, _ in _GESTURES])
    for time, size, longer in events:
        gesture = np.array(_GESTURES[rng.choice(len(shares), p=shares / shares.sum())][1])
        rise, hold, fall = (float(rng.uniform(*pair)) for pair in (_RISE_SECONDS, _HOLD_SECONDS, _FALL_SECONDS))
        top, end = time - _LEAD_SECONDS, time - _LEAD_SECONDS + hold + longer
        first, stop = np.searchsorted(now, [top - rise, end + fall])
        away = np.maximum((top - now[first:stop]) / rise, (now[first:stop] - end) / fall)
        shape = 0.5 + 0.5 * np.cos(np.pi * np.clip(away, 0.0, 1.0))
        scaled = float(rng.uniform(0.7, 1.2)) * size * gesture
        curve[first:stop] = np.maximum(curve[first:stop], shape[:, None] * scaled)
    # Brows are never quite still.
    drift = np.maximum(_DRIFT * (0.5 + wander(rng, now, 0.5, (0.08, 0.5))), 0.0)
    curve[:, :3] += drift
    return curve


def _beside_speech(
    rng: np.random.Generator, shown: Array, now: Array, times: Array, strengths: Array, values: Array
) -> Array:
    """(T, 52) what is to be shown, `shown`, as a face that speaks shows it."""
    added = shown.copy()
    stress = np.zeros(len(now))
    for time, strength in zip(times, strengths, strict=True):
        first, stop = np.searchsorted(now, [time - 0.6, time + 0.9])
        away = now[first:stop] - time
        bump = strength * np.exp(-0.5 * (away / np.where(away < 0, 0.18, 0.3)) ** 2)
        stress[first:stop] = np.maximum(stress[first:stop], bump)
    strength = 1.0 + np.clip(wander(rng, now, _COMES_AND_GOES, (0.05, 0.35))[:, 0], -0.3, 0.3)
    added *= (strength + _GROWS * (stress - 0.4))[:, None]
    stronger, weaker = ("Left", "Right") if rng.uniform() < 0.5 else ("Right", "Left")
    for index, name in enumerate(FACE_ACTIONS):
        if name.endswith((stronger, weaker)):
            added[:, index] *= 1.0 + (_LOPSIDED if name.endswith(stronger) else -_LOPSIDED)
    rounded = np.clip(sum(values[:, FACE_ACTIONS.index(name)] for name in _ROUNDED), 0.0, 1.0)
    mouth = [FACE_ACTIONS.index(name) for name in _MOUTH]
    added[:, mouth] *= (1.0 - _GIVES_WAY * rounded)[:, None]
    # The lips meet where they are to meet, whatever is felt.
    shut, jaw = (values[:, FACE_ACTIONS.index(name)] for name in ("mouthClose", "jawOpen"))
    apart_by = np.clip(1.0 - np.where(shut > 0.0, shut / np.maximum(jaw, 1e-6), 0.0), 0.0, 1.0)
    added[:, [FACE_ACTIONS.index(name) for name in _OPENING]] *= apart_by[:, None]
    return added
