# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that need numpy alone give scipy's numbers."""

import numpy as np
import pytest
from scipy import ndimage

from chironomy.motion import filters


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (240,), (240, 3), (31, 2, 3)])
@pytest.mark.parametrize("sigma", [0.05, 0.7, 2.0, 25.0])
def test_smoothing_is_scipys(shape, sigma):
    curve = np.random.default_rng(1).normal(size=shape)
    expected = ndimage.gaussian_filter1d(curve, sigma, axis=0, mode="nearest")
    assert filters.gaussian(curve, sigma) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("size", [1, 3, 7, 9, 33, 501])
def test_highest_and_lowest_around_are_scipys(size):
    curve = np.random.default_rng(2).normal(size=(100, 2))
    for mine, theirs in ((filters.maximum, ndimage.maximum_filter1d), (filters.minimum, ndimage.minimum_filter1d)):
        assert np.array_equal(mine(curve, size), theirs(curve, size, axis=0, mode="nearest"))


def test_weighted_means_are_scipys():
    curve, kernel = np.random.default_rng(3).normal(size=(50, 4)), np.hanning(9)
    expected = ndimage.convolve1d(curve, kernel, axis=0, mode="nearest")
    assert filters.convolved(curve, kernel) == pytest.approx(expected, abs=1e-13)
