# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rest of the face does while the mouth speaks: brows rise on strong accents, eyes blink."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.face import FACE_ACTIONS
from chironomy.speech.accents import accents_of
from chironomy.speech.contours import Contours

_BROW_HEIGHT = {"browInnerUp": 0.32, "browOuterUpLeft": 0.24, "browOuterUpRight": 0.24}
_BROW_APART_SECONDS = 0.9
_BROW_LEAD_SECONDS = 0.04  # brows rise to their top just before the loudest moment of the syllable
_BROW_RISE_SECONDS, _BROW_FALL_SECONDS = 0.12, 0.22
_BROW_STRENGTH = 0.55

_BLINK_APART_SECONDS = (2.0, 6.0)
_BLINK_CLOSING_SECONDS, _BLINK_SHUT_SECONDS, _BLINK_OPENING_SECONDS = 0.06, 0.03, 0.1
_PAUSE_WITHIN_SECONDS = 0.8


def add_brows(values: NDArray[np.float64], fps: float, contours: Contours) -> None:
    """Raise the brows in (T, 52) face values on the strongest accents, at most 0.35, in place."""
    now = np.arange(len(values)) / fps
    raised = np.zeros(len(now))
    last = -_BROW_APART_SECONDS
    for time, strength in zip(*accents_of(contours), strict=True):
        if strength < _BROW_STRENGTH or time - last < _BROW_APART_SECONDS:
            continue
        last = time
        first, end = np.searchsorted(now, [time - 0.8, time + 0.8])
        away = now[first:end] - (time - _BROW_LEAD_SECONDS)
        width = np.where(away < 0, _BROW_RISE_SECONDS, _BROW_FALL_SECONDS)
        raised[first:end] = np.maximum(raised[first:end], strength * np.exp(-0.5 * (away / width) ** 2))
    for action, height in _BROW_HEIGHT.items():
        values[:, FACE_ACTIONS.index(action)] = height * raised


def add_blinks(values: NDArray[np.float64], fps: float, contours: Contours, seed: str) -> None:
    """Blink in (T, 52) face values, every 2 to 6 s, in place.

    Args:
        values: face values.
        fps: frames a second; a blink's shut moment falls on a frame.
        contours: of the recording; a pause near the moment of a blink draws it there.
        seed: hexadecimal; the same seed blinks at the same times.
    """
    blink(values, fps, contours.phrases[:, 1], np.random.default_rng(int(seed[:16], 16)))


def blink(
    values: NDArray[np.float64],
    fps: float,
    ends: ArrayLike,
    rng: np.random.Generator,
    rate: Callable[[float], float] = lambda time: 1.0,
) -> None:
    """Shut the eyes in (T, 52) face values now and then, in place, instead of what the values say of blinks.

    Usual is one every 2 to 6 s, 16 a minute: people who look ahead blink 8 to 21 times a minute and people in
    conversation 10 to 32 times (Doughty 2001, "Consideration of three types of spontaneous eyeblink activity"; 17 and
    26 on average in Bentivoglio et al. 1997, "Analysis of blink rate patterns in normal subjects"). The lids take some
    0.15 to 0.25 s, down faster than up.

    Args:
        values: face values.
        fps: frames a second; a blink's shut moment falls on a frame.
        ends: seconds at which phrases end; a pause near the moment of a blink draws it there.
        rng: another one blinks at other moments.
        rate: how often at some seconds, 1 being usual.
    """
    now = np.arange(len(values)) / fps
    lids = np.zeros(len(now))
    times = blink_times(len(values) / fps, ends, rng, rate)
    for time, slowness in zip(times, rng.uniform(0.85, 1.3, len(times)), strict=True):
        centre = round(time * fps) / fps
        away = np.abs(now - centre) - _BLINK_SHUT_SECONDS / 2
        slope = slowness * np.where(now < centre, _BLINK_CLOSING_SECONDS, _BLINK_OPENING_SECONDS)
        lids = np.maximum(lids, 0.5 + 0.5 * np.cos(np.pi * np.clip(away / slope, 0, 1)))
    for side in ("Left", "Right"):
        values[:, FACE_ACTIONS.index(f"eyeBlink{side}")] = lids
        values[:, FACE_ACTIONS.index(f"eyeSquint{side}")] = 0.15 * lids


def blink_times(
    duration: float, ends: ArrayLike, rng: np.random.Generator, rate: Callable[[float], float]
) -> list[float]:
    """Seconds at which the eyes are shut, 2 to 6 s apart at a rate of 1; see `blink`."""
    pauses = np.asarray(ends, np.float64).reshape(-1) + 0.12  # people blink as they stop speaking
    times: list[float] = []
    last, time = 0.0, float(rng.uniform(0.6, 0.6 * _BLINK_APART_SECONDS[1])) / rate(0.0)
    while time < duration - 0.1:
        shortest, longest = (seconds / rate(last) for seconds in _BLINK_APART_SECONDS)
        earliest = last + shortest if times else 0.3
        near = pauses[
            (np.abs(pauses - time) < _PAUSE_WITHIN_SECONDS) & (pauses >= earliest) & (pauses < duration - 0.1)
        ]
        near = near[near <= last + longest] if times else near
        if len(near):
            time = float(near[np.abs(near - time).argmin()])
        times.append(time)
        last = time
        shortest, longest = (seconds / rate(last) for seconds in _BLINK_APART_SECONDS)
        time += float(shortest + (longest - shortest) * rng.beta(2.0, 2.5))
    return times
