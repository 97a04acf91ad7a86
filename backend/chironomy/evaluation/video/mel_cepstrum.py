# SPDX-License-Identifier: GPL-3.0-or-later
"""Mel-frequency cepstral coefficients as SyncNet hears them: 13 numbers, a hundred times a second, at 16 kHz.

Windows of 25 ms every 10 ms, not tapered; pre-emphasis 0.97; power spectrum of 512 points; 26 triangular bands from 0
to 8 kHz with edges on whole bins; logarithm, orthonormal cosine transform, lifter 22; the first number is the logarithm
of the window's energy (Davis and Mermelstein 1980; constants are the defaults of the library `python_speech_features`,
which SyncNet's published code uses).
"""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
RATE = 100
COEFFICIENTS = 13
_WINDOW, _HOP, _FFT, _BANDS = 400, 160, 512, 26
_EMPHASIS, _LIFTER = 0.97, 22


def mel_cepstrum(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T, 13) of samples (N,) at 16 kHz, full scale 1, as 16-bit levels; the last window is filled up with zeros."""
    from scipy.fft import dct

    levels = np.asarray(samples, np.float64) * 32768
    levels = np.append(levels[:1], levels[1:] - _EMPHASIS * levels[:-1])
    count = 1 + max(0, -(-(len(levels) - _WINDOW) // _HOP))
    levels = np.pad(levels, (0, max(0, (count - 1) * _HOP + _WINDOW - len(levels))))
    windows = np.lib.stride_tricks.sliding_window_view(levels, _WINDOW)[::_HOP][:count]
    power = np.abs(np.fft.rfft(windows, _FFT)) ** 2 / _FFT
    tiny = np.finfo(np.float64).eps
    energy = np.maximum(power.sum(axis=1), tiny)
    bands = np.log(np.maximum(power @ _filters().T, tiny))
    cepstrum = np.asarray(dct(bands, type=2, axis=1, norm="ortho"))[:, :COEFFICIENTS]
    cepstrum *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / _LIFTER)
    cepstrum[:, 0] = np.log(energy)
    return cepstrum


def _filters() -> NDArray[np.float64]:
    """(26, 257) triangles, equally wide in mel."""
    highest = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, highest, _BANDS + 2) / 2595) - 1)
    edges = np.floor((_FFT + 1) * hertz / SAMPLE_RATE)
    bins = np.arange(_FFT // 2 + 1)
    low, middle, high = (edges[i : i + _BANDS, None] for i in range(3))
    rising = (bins - low) / np.maximum(middle - low, 1)
    falling = (high - bins) / np.maximum(high - middle, 1)
    return np.where(bins < middle, np.clip(rising, 0, 1), np.clip(falling, 0, 1)) * ((bins >= low) & (bins < high))
