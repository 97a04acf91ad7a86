# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples at another rate, the same numbers wherever it is done: numpy alone.

Stretches of a second or so go through their spectrum, which is cut off or filled up, with neighbours on both sides that
the filter reaches into. What lies above 91 % of the lower rate's band fades out, so nothing is folded back.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_PASSED = 0.91
"""The part of the band that stays as it is."""
_REACH_SECONDS = 256.0
"""Divided by the lower rate, on either side of a stretch: the filter falls by 100 dB well within it."""
_STRETCH = 32768


def resampled(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """(N,) samples at another rate: round up N * wanted / rate of them."""
    return np.concatenate([*resample([samples], rate, wanted), np.zeros(0, np.float32)])


def resample(blocks: Iterable[NDArray[np.float32]], rate: int, wanted: int) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of consecutive blocks at another rate, in bounded memory; before and after them is silence.

    Args:
        blocks: (N,) each.
        rate: samples a second of these.
        wanted: samples a second of what is yielded; sample k is at k / wanted seconds.
    """
    if rate == wanted:
        yield from blocks
        return
    # So many samples in last exactly as long as so many out.
    common = math.gcd(rate, wanted)
    unit_in, unit_out = rate // common, wanted // common
    reach = math.ceil(_REACH_SECONDS * rate / min(rate, wanted) / unit_in)
    # Powers of two are quickest to transform.
    whole = 2 ** math.ceil(math.log2(max(_STRETCH / unit_in, 4 * reach)))
    step = whole - 2 * reach
    filtering = _response(whole * unit_in, rate, wanted)
    waiting = np.zeros(reach * unit_in, np.float32)
    taken = given = 0

    def stretches() -> Iterator[NDArray[np.float32]]:
        nonlocal waiting
        while len(waiting) >= whole * unit_in:
            stretch = waiting[: whole * unit_in].astype(np.float64)
            waiting = waiting[step * unit_in :]
            spectrum = np.fft.rfft(stretch)[: len(filtering)] * filtering
            made = np.fft.irfft(spectrum, whole * unit_out) * (unit_out / unit_in)
            yield made[reach * unit_out : (reach + step) * unit_out].astype(np.float32)

    for block in blocks:
        taken += len(block)
        waiting = np.concatenate([waiting, block])
        for made in stretches():
            given += len(made)
            yield made
    count = -(-taken * wanted // rate)
    waiting = np.concatenate([waiting, np.zeros(whole * unit_in, np.float32)])
    for made in stretches():
        yield made[: max(count - given, 0)]
        given += len(made)


def _response(size: int, rate: int, wanted: int) -> NDArray[np.float64]:
    """What each line of a spectrum of `size` samples is multiplied by, up to the highest that either rate has."""
    highest = min(rate, wanted) / 2
    hertz = np.arange(math.floor(highest / rate * size) + 1) * (rate / size)
    fading = np.clip((hertz / highest - _PASSED) / (1 - _PASSED), 0, 1)
    # As smooth as can be, so that the filter rings briefly; nothing is left at the highest line.
    return 1 - fading**4 * (35 - fading * (84 - fading * (70 - 20 * fading)))
