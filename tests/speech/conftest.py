# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny synthesised signals: a voice of glottal pulses through formants, noise and silence."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 16000

Signal = NDArray[np.float64]
Voice = Callable[..., Signal]


def resonate(signal: Signal, hertz: float, bandwidth: float) -> Signal:
    from scipy.signal import lfilter

    radius = np.exp(-np.pi * bandwidth / RATE)
    poles = [1, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2]
    return lfilter([sum(poles)], poles, signal)


FORMANTS = {"a": (750, 1200, 2500), "i": (290, 2250, 3000), "u": (310, 850, 2300), "m": (250, 1100, 2100)}
LEVELS = {"a": 0.25, "i": 0.16, "u": 0.16, "m": 0.03}


def make_voice(vowel: str, seconds: float, hertz: float = 120.0, level: float | None = None) -> Signal:
    count = round(seconds * RATE)
    phase = np.cumsum(np.full(count, hertz / RATE))
    pulses = np.diff(np.floor(phase), prepend=0.0)
    signal = resonate(pulses, 100, 200)
    for formant, bandwidth in zip(FORMANTS[vowel], (80, 110, 160), strict=True):
        signal = resonate(signal, formant, bandwidth)
    signal *= (LEVELS[vowel] if level is None else level) / max(signal.std(), 1e-9)
    fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.012 * RATE))
    return signal * fade


@pytest.fixture
def voice() -> Voice:
    """`voice("a", seconds, hertz, level)`: a vowel (or "m") of that length, pitch and root-mean-square level."""
    return make_voice


@pytest.fixture
def silence() -> Callable[[float], Signal]:
    return lambda seconds: np.zeros(round(seconds * RATE))


@pytest.fixture
def babble() -> Callable[[float, int], Signal]:
    """`babble(seconds, seed)`: syllables of changing vowel, pitch and length, with pauses."""

    def make(seconds: float, seed: int = 0) -> Signal:
        rng = np.random.default_rng(seed)
        parts: list[Signal] = [np.zeros(int(0.3 * RATE))]
        while sum(map(len, parts)) < seconds * RATE:
            stress = rng.random() < 0.3
            vowel = "aiu"[rng.integers(3)]
            level = (0.25 if stress else 0.1) * rng.uniform(0.8, 1.2)
            parts.append(
                make_voice(vowel, 0.22 if stress else 0.12, rng.uniform(100, 125) * (1.25 if stress else 1), level)
            )
            parts.append(make_voice("m", 0.05, 110) if rng.random() < 0.8 else np.zeros(int(0.5 * RATE)))
        return np.concatenate(parts)[: round(seconds * RATE)]

    return make
