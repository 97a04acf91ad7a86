# SPDX-License-Identifier: GPL-3.0-or-later
"""What speakers, rooms and recorders do to a voice: stress, shouting, whispering, echo, noise, gain, clipping."""

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.corpus.voices import RATE

Samples = NDArray[np.float32]


def emphasise(samples: Samples, random: np.random.Generator) -> Samples:
    """Raise the level of a stretch or two by a few decibels, as a speaker stresses words."""
    gain = np.zeros(len(samples))
    times = np.arange(len(samples)) / RATE
    for _ in range(random.integers(0, 3)):
        centre = random.uniform(0, times[-1])
        gain += random.uniform(2, 6) * np.exp(-0.5 * ((times - centre) / random.uniform(0.08, 0.2)) ** 2)
    return (samples * 10 ** (gain / 20)).astype(np.float32)


def whispered(samples: Samples, random: np.random.Generator) -> Samples:
    """The same words without voice: the envelope of the spectrum, excited by noise."""
    from scipy.signal import istft, stft

    # Windows shorter than a pitch period keep formants and drop harmonics.
    window, overlap = 96, 72
    _, _, spectrum = stft(samples, RATE, nperseg=window, noverlap=overlap)
    _, _, noise = stft(random.normal(size=len(samples)), RATE, nperseg=window, noverlap=overlap)
    frames = min(spectrum.shape[1], noise.shape[1])
    _, result = istft(np.abs(spectrum[:, :frames]) * noise[:, :frames], RATE, nperseg=window, noverlap=overlap)
    result = np.pad(result, (0, max(len(samples) - len(result), 0)))[: len(samples)]
    # Whispering has little below 500 Hz.
    result = np.append(result[:1], result[1:] - 0.7 * result[:-1])
    return (result * (0.03 / (np.sqrt(np.mean(result**2)) + 1e-9))).astype(np.float32)


def shouted(samples: Samples, random: np.random.Generator) -> Samples:
    """Loud and strained: brighter, compressed, on the edge of clipping."""
    bright = np.append(samples[:1], samples[1:] - random.uniform(0.3, 0.7) * samples[:-1])
    bright = bright / (np.sqrt(np.mean(bright**2)) + 1e-9)
    return np.tanh(random.uniform(0.8, 2.0) * bright).astype(np.float32)


def recorded(samples: NDArray[np.floating], random: np.random.Generator) -> Samples:
    """The same sound as a microphone in a room might have it: echo, colour, telephone, hum and hiss, gain, clipping."""
    from scipy.signal import butter, fftconvolve, sosfilt

    def filtered(signal: NDArray[np.floating], order: int, band: float | list[float], kind: str) -> NDArray[np.float64]:
        return np.asarray(sosfilt(butter(order, band, kind, fs=RATE, output="sos"), signal), np.float64)

    samples = np.asarray(samples, np.float64)
    if random.random() < 0.5:
        seconds = random.uniform(0.1, 0.5)
        count = round(seconds * RATE)
        tail = random.normal(size=count) * np.exp(-6.9 * np.arange(count) / RATE / seconds)
        tail *= random.uniform(0.1, 0.6) / np.sqrt((tail**2).sum())
        tail[0] = 1
        samples = fftconvolve(samples, tail)[: len(samples)]
    colour = random.random()
    if colour < 0.3:
        samples = filtered(samples, 2, [random.uniform(40, 250), random.uniform(3200, 7500)], "bandpass")
    elif colour < 0.4:  # a telephone: 8 kHz, 300 to 3400 Hz, 8 bits on a logarithmic scale (G.711)
        samples = filtered(samples, 4, [300.0, 3400.0], "bandpass")
        peak = float(np.abs(samples).max()) + 1e-9
        compressed = np.sign(samples) * np.log1p(255 * np.abs(samples) / peak) / np.log(256)
        compressed = np.round(compressed * 127) / 127
        samples = np.sign(compressed) * peak * np.expm1(np.abs(compressed) * np.log(256)) / 255
    level = float(np.sqrt(np.mean(samples**2))) + 1e-6
    hiss = random.normal(size=len(samples))
    if random.random() < 0.5:
        hiss = filtered(hiss, 1, random.uniform(200, 2000), "lowpass")
    hiss *= level * 10 ** (-random.uniform(14, 50) / 20) / (hiss.std() + 1e-9)
    samples = samples + hiss
    if random.random() < 0.3:
        hum = random.choice([50, 60]) * 2 * np.pi * np.arange(len(samples)) / RATE
        samples = samples + level * 10 ** (-random.uniform(20, 40) / 20) * np.sin(hum)
    samples = samples * (10 ** random.uniform(-1.4, 0.6))
    if random.random() < 0.08:
        samples = samples * (random.uniform(2, 6) / (float(np.abs(samples).max()) + 1e-9))  # far beyond full scale
    if random.random() < 0.1:
        samples = samples + random.uniform(-0.2, 0.2)
    return np.clip(samples, -1, 1).astype(np.float32)
