# SPDX-License-Identifier: GPL-3.0-or-later
"""SSIM and PSNR against cases computed by hand."""

import math

import numpy as np
import pytest
from scenes import picture

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.peak_signal_to_noise import (
    MOST_DECIBELS,
    SHIFT_OF_TABLE_2,
    peak_signal_to_noise,
)
from chironomy.evaluation.video.structural_similarity import structural_similarity


def test_a_picture_is_like_itself() -> None:
    assert structural_similarity(picture(), picture()) == pytest.approx(1.0, abs=1e-9)
    assert peak_signal_to_noise(picture(), picture()) == MOST_DECIBELS


def test_an_error_of_one_level_everywhere_is_48_decibels() -> None:
    grey = np.full((32, 32, 3), 100, np.uint8)
    assert peak_signal_to_noise(grey, grey + 1) == pytest.approx(20 * math.log10(255))


def test_noise_of_a_known_spread_has_the_psnr_of_its_variance() -> None:
    grey = np.full((128, 128, 3), 128, np.uint8)
    noisy = np.clip(128 + np.random.default_rng(0).normal(0, 10, grey.shape), 0, 255).round().astype(np.uint8)
    assert peak_signal_to_noise(noisy, grey) == pytest.approx(10 * math.log10(255**2 / 100), abs=0.1)


def test_values_do_not_wrap_around() -> None:
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    assert peak_signal_to_noise(black, white) == pytest.approx(0.0)
    assert peak_signal_to_noise(white, black) == pytest.approx(0.0)


def test_table_2_is_this_scale_with_the_error_of_values_up_to_one() -> None:
    one, other = picture(0), picture(1)
    error = np.mean((one / 255.0 - other / 255.0) ** 2)
    shifted = 10 * math.log10(255**2 / error)
    assert shifted - peak_signal_to_noise(one, other) == pytest.approx(SHIFT_OF_TABLE_2, abs=1e-4)


def test_flat_pictures_differ_in_luminance_alone() -> None:
    # Without variance SSIM is its first factor.
    low, high = np.full((32, 32, 3), 60, np.uint8), np.full((32, 32, 3), 120, np.uint8)
    constant = (0.01 * 255) ** 2
    expected = (2 * 60 * 120 + constant) / (60**2 + 120**2 + constant)
    assert structural_similarity(low, high) == pytest.approx(expected, abs=1e-4)


def test_a_negative_has_the_opposite_structure() -> None:
    y, x = np.mgrid[0:64, 0:64]
    checks = np.repeat((128 + 60 * np.sign(np.sin(x * 1.5) * np.sin(y * 1.5)))[..., None], 3, axis=2).astype(np.uint8)
    assert structural_similarity(checks, 255 - checks) < -0.8


def test_ssim_is_a_direct_sum_over_each_window() -> None:
    one, other = picture(0, 13, 12), picture(5, 13, 12)
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    weights = np.array([0.299, 0.587, 0.114])
    x, y = one @ weights, other @ weights
    values = []
    for top in range(3):
        for left in range(2):
            a, b = x[top : top + 11, left : left + 11], y[top : top + 11, left : left + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            spread_a, spread_b = (window * a * a).sum() - mean_a**2, (window * b * b).sum() - mean_b**2
            shared = (window * a * b).sum() - mean_a * mean_b
            c1, c2 = 6.5025, 58.5225
            values.append(
                (2 * mean_a * mean_b + c1)
                * (2 * shared + c2)
                / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))
            )
    assert structural_similarity(one, other) == pytest.approx(np.mean(values), abs=1e-4)


@pytest.mark.parametrize("measure", [structural_similarity, peak_signal_to_noise])
def test_other_sizes_are_not_compared(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(EvaluationError, match=r"64x48 cannot be compared .* 32x48"):
        measure(picture(), picture(width=32))


def test_a_picture_smaller_than_the_window_has_no_ssim() -> None:
    with pytest.raises(EvaluationError, match="smaller than SSIM's window"):
        structural_similarity(picture(0, 10, 40), picture(1, 10, 40))
