# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples at another rate: tones stay what they are, nothing is folded back, and blocks leave no seam."""

import numpy as np
import pytest

from chironomy.speech.resample import resample, resampled

RATES = [(48000, 16000), (44100, 16000), (8000, 16000), (22050, 16000), (16000, 8000), (11025, 16000), (96000, 16000)]


def tone(hertz: float, rate: int, seconds: float = 2.5) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate + 0.3)).astype(np.float32)


@pytest.mark.parametrize(("rate", "wanted"), RATES)
@pytest.mark.parametrize("part", [0.01, 0.3, 0.9])
def test_a_tone_that_both_rates_hold_is_heard_as_it_was_at_the_same_time(rate, wanted, part):
    hertz = part * min(rate, wanted) / 2
    made = resampled(tone(hertz, rate), rate, wanted)
    assert len(made) == round(2.5 * wanted)
    inner = slice(wanted // 10, -wanted // 10)
    assert made[inner] == pytest.approx(tone(hertz, wanted)[inner], abs=2e-5)


@pytest.mark.parametrize("rate", [48000, 44100, 96000])
def test_what_the_lower_rate_cannot_hold_is_not_folded_back(rate):
    made = resampled(tone(8100, rate), rate, 16000)
    assert np.abs(made[1600:-1600]).max() < 1e-5


@pytest.mark.parametrize(("rate", "wanted"), RATES)
def test_blocks_of_any_size_give_the_same_samples_as_the_whole(rate, wanted):
    rng = np.random.default_rng(rate)
    samples = rng.normal(size=rate * 3 + 17).astype(np.float32)
    cuts = np.sort(rng.integers(0, len(samples), 40))
    blocks = np.split(samples, cuts)
    assert np.array_equal(np.concatenate(list(resample(blocks, rate, wanted))), resampled(samples, rate, wanted))


def test_it_agrees_with_soxr_on_noise():
    import soxr

    noise = np.random.default_rng(1).normal(scale=0.1, size=48000).astype(np.float32)
    low = resampled(resampled(noise, 48000, 12000), 12000, 48000)
    mine, theirs = resampled(low, 48000, 16000), soxr.resample(low, 48000, 16000)
    assert mine[800:-800] == pytest.approx(theirs[800:-800], abs=1e-4)


def test_the_same_rate_changes_nothing_and_no_samples_give_none():
    samples = tone(440, 16000)
    assert np.array_equal(resampled(samples, 16000, 16000), samples)
    assert len(resampled(np.zeros(0, np.float32), 48000, 16000)) == 0
