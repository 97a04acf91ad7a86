# SPDX-License-Identifier: GPL-3.0-or-later
"""Peaks found with numpy alone are those that scipy finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from chironomy.speech.peaks import find_peaks, widths


@given(
    st.lists(st.integers(-6, 6), min_size=0, max_size=80),
    st.integers(1, 12),
    st.floats(0, 8),
)
def test_peaks_and_prominences_are_scipys_on_curves_full_of_ties(values, distance, prominence):
    # Ties of two peaks that drive each other away are scipy's secret: a slope makes all heights different.
    curve = np.array(values, float) + 1e-6 * np.arange(len(values)) if distance > 1 else np.array(values, float)
    expected, found = signal.find_peaks(curve, distance=distance, prominence=prominence)
    mine = find_peaks(curve, distance, prominence)
    assert mine.places.tolist() == expected.tolist()
    assert mine.prominence == pytest.approx(found["prominences"])


@pytest.mark.parametrize("seed", range(20))
def test_widths_are_scipys(seed):
    curve = np.cumsum(np.random.default_rng(seed).normal(size=400))
    peaks = find_peaks(curve, prominence=1.0)
    expected = signal.peak_widths(curve, peaks.places, rel_height=0.6)
    assert widths(curve, peaks, 0.6) == pytest.approx(np.array(expected[2:]))
