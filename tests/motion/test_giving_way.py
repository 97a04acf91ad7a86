# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated keys beside a pose that somebody moved go, and the curve goes straight on without them."""

import numpy as np
import pytest

from chironomy.motion import keys
from chironomy.motion.giving_way import is_moved, without
from chironomy.motion.seen_keys import seen

FRAMES = np.array([0.0, 10.0, 18.0, 20.0, 30.0])


def curve(values):
    """Keys with level handles, all generated but the third."""
    values = np.asarray(values, np.float64)
    third = np.column_stack([np.full(len(FRAMES), 0.6), np.zeros(len(FRAMES))])
    points = np.column_stack([FRAMES, values])
    columns = keys.Channel("", 0, "", FRAMES, values, points - third, points + third).points()
    columns["type"][2] = keys.KeyType.KEYFRAME
    return columns


def test_a_pose_is_moved_where_the_curve_would_go_elsewhere_without_it():
    assert is_moved(curve([0.0, 0.0, 0.12, 0.0, 0.0]), 18.0, 0.02)
    assert not is_moved(curve([0.0, 0.0, 0.01, 0.0, 0.0]), 18.0, 0.02)
    assert not is_moved(curve([0.0, 0.0, 0.12, 0.0, 0.0]), 17.0, 0.02)


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.12, 0.0, 0.0], [0.0, 0.02, 0.12, 0.1, 0.3]])
def test_without_the_key_beside_it_the_curve_neither_jumps_nor_swings_over(values):
    columns = curve(values)
    left = without(columns, FRAMES == 20.0)
    assert left["co"][:, 0].tolist() == [0.0, 10.0, 18.0, 30.0]
    np.testing.assert_array_equal(left["co"][:, 1], np.delete(values, 3))
    now = seen(left, np.arange(10.0, 30.01, 0.25))
    assert np.abs(np.diff(now)).max() < 0.008
    assert now.min() >= min(values)
    assert now.max() <= max(values)
    # Passing the pose, it has one speed.
    (before, pose, after) = seen(left, [17.9, 18.0, 18.1])
    assert (pose - before) == pytest.approx(after - pose, abs=2e-4)


def test_handles_that_somebody_set_stay():
    columns = curve([0.0, 0.0, 0.12, 0.0, 0.0])
    left = without(columns, FRAMES == 20.0, bent=[18.0])
    for name in ("handle_left", "handle_right"):
        np.testing.assert_array_equal(left[name][2], columns[name][2])


def test_a_generated_key_goes_on_as_steeply():
    columns = curve([0.0, 0.0, 0.12, 0.0, 0.3])
    columns["handle_left"][4] = 29.0, 0.28
    left = without(columns, FRAMES == 20.0)
    np.testing.assert_allclose(left["handle_left"][3], [26.0, 0.3 - 4.0 * 0.02])
