# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds that are not speech, over which hands rest: silence, noise, hum, music, clapping."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.corpus.voices import RATE

Array = NDArray[np.float64]


def sound(random: np.random.Generator, seconds: float) -> Array:
    """A stretch of one such sound, at 16 kHz, of about the level of speech."""
    kinds: tuple[Callable[[np.random.Generator, int], Array], ...] = (_silence, _noise, _hum, _music, _music, _claps)
    samples = kinds[random.integers(len(kinds))](random, round(seconds * RATE))
    level = float(np.sqrt(np.mean(samples**2)))
    return samples * (0.1 / level) if level > 1e-4 else samples


def _silence(random: np.random.Generator, count: int) -> Array:
    return np.full(count, 1e-5)


def _noise(random: np.random.Generator, count: int) -> Array:
    """Wind, rain, traffic: coloured noise that swells and falls."""
    spectrum = np.fft.rfft(random.normal(size=count))
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    coloured = np.fft.irfft(spectrum / np.maximum(frequency, 30.0) ** random.uniform(0, 1.2), count)
    times = np.arange(count) / RATE
    swell = 1 + random.uniform(0, 0.8) * np.sin(2 * np.pi * random.uniform(0.05, 2.0) * times + random.uniform(0, 6.3))
    return coloured / coloured.std() * swell


def _hum(random: np.random.Generator, count: int) -> Array:
    """A machine or a hummed note: harmonics of one pitch that wavers a little."""
    times = np.arange(count) / RATE
    pitch = random.uniform(50, 300) * (1 + 0.01 * np.sin(2 * np.pi * random.uniform(0.1, 5) * times))
    return _tone(2 * np.pi * np.cumsum(pitch) / RATE, random)


def _tone(phase: Array, random: np.random.Generator) -> Array:
    strengths = random.uniform(0.3, 1, 6) / np.arange(1, 7) ** random.uniform(0.6, 2)
    return np.sum([strength * np.sin((k + 1) * phase) for k, strength in enumerate(strengths)], axis=0)


def _music(random: np.random.Generator, count: int) -> Array:
    """Chords or arpeggios in time, plucked or bowed, now and then with a drum."""
    beat = 60 / random.uniform(60, 160)
    root = random.uniform(80, 260)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    decay = float(random.choice([0.15, 0.5, 3.0]))
    broken, drum = random.random() < 0.6, random.random() < 0.5
    samples = np.zeros(count)
    length = round(min(4 * decay + 0.1, 3.0) * RATE)
    times = np.arange(length) / RATE
    envelope = np.minimum(times / random.uniform(0.005, 0.08), 1) * np.exp(-times / decay)
    for step in range(int(count / RATE / beat)):
        degree = int(random.integers(6))
        notes = scale[[degree, (degree + 2) % 8, (degree + 4) % 8]]
        played = notes[[step % 3]] if broken else notes if step % 2 == 0 else notes[:0]
        first = round(step * beat * RATE)
        part = slice(first, min(first + length, count))
        width = part.stop - part.start
        for note in played:
            phase = 2 * np.pi * root * 2 ** (note / 12) * times[:width]
            samples[part] += envelope[:width] * _tone(phase, random)
        if drum:
            samples[part] += random.normal(size=width) * np.exp(-times[:width] / 0.03) * random.uniform(0.5, 1.5)
    return samples


def _claps(random: np.random.Generator, count: int) -> Array:
    """Clapping or tapping: short bursts, regular or not."""
    samples = np.zeros(count)
    gap = random.uniform(0.15, 0.8)
    moment = random.uniform(0, 0.5)
    length = round(0.08 * RATE)
    fall = np.exp(-np.arange(length) / RATE / random.uniform(0.004, 0.02))
    while round(moment * RATE) + length < count:
        first = round(moment * RATE)
        samples[first : first + length] += random.normal(size=length) * fall * random.uniform(0.6, 1)
        moment += gap * float(np.exp(random.normal(0, 0.15)))
    return samples + 1e-4 * random.normal(size=count)
