# SPDX-License-Identifier: GPL-3.0-or-later
"""What is pinned goes on for a frame beyond its borders while the rest is sampled."""

import numpy as np

from chironomy.gesture.maker import _lead_on


def test_a_frame_beyond_either_border_goes_on_as_the_pinned_ones_went() -> None:
    values = np.zeros((12, 198), np.float32)
    mask = np.zeros((12, 2, 16), bool)
    mask[4:8, 0], mask[6, 1] = True, True
    values[4:8, :99] = (np.arange(4, 8) ** 2)[:, None]
    values[6, 99:] = 5.0
    _lead_on(values, mask)
    assert mask[:, 0].all(axis=1).nonzero()[0].tolist() == [3, 4, 5, 6, 7, 8]
    assert values[[3, 8], 0].tolist() == [16 - 9, 49 + 13]
    assert values[4:8, 0].tolist() == [16, 25, 36, 49]
    # A single frame has no course, and one hand's pins are not the other's.
    assert mask[:, 1].all(axis=1).nonzero()[0].tolist() == [6]
    assert not values[[5, 7], 99:].any()


def test_neighbouring_pins_stay_what_they_are() -> None:
    values = np.arange(8 * 198, dtype=np.float32).reshape(8, 198)
    mask = np.ones((8, 2, 16), bool)
    mask[3] = False
    before = values.copy()
    _lead_on(values, mask)
    assert mask.all()
    assert np.array_equal(values[[0, 1, 2, 4, 5, 6, 7]], before[[0, 1, 2, 4, 5, 6, 7]])
