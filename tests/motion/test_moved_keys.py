# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of a range moved or made anew: the curve beside the range stays as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_key_columns import curve, drawn

from chironomy.motion import keys
from chironomy.motion.falloff import Falloff
from chironomy.motion.keys import HandleType, KeyType
from chironomy.motion.moved_keys import displaced, enough, hermite_spline, loosened, rekeyed, with_keys

EVERYWHERE = np.linspace(1.0, 30.0, 581)


def bump(frame, reach, height):
    """Frames, offsets and slopes of a raised cosine."""
    falloff = Falloff.around(frame, reach)
    frames = np.array([frame - reach, frame, frame + reach], np.float64)
    return frames, height * falloff(frames), np.zeros(3)


@given(
    reach=st.floats(0.0, 40.0),
    other=st.floats(0.0, 40.0),
    frames=st.lists(st.integers(-5, 40), min_size=1, max_size=12),
)
def test_many_keys_put_into_a_curve_at_once_do_not_change_it(reach, other, frames):
    before = curve(left=reach, right=other)
    after = with_keys(before, frames)
    assert set(frames) <= set(after["co"][:, 0].tolist())
    assert np.all(np.diff(after["co"][:, 0]) > 0.0)
    np.testing.assert_allclose(drawn(after, EVERYWHERE), drawn(before, EVERYWHERE), atol=2e-5)


def test_many_keys_at_once_are_those_put_in_one_after_the_other():
    one_by_one = curve()
    for frame in (3, 9, 10, 25):
        one_by_one = keys.with_key(one_by_one, frame)
    at_once = with_keys(curve(), [25, 3, 10, 9])
    for name in keys.COORDINATES:
        np.testing.assert_allclose(at_once[name], one_by_one[name], atol=1e-9)


def test_many_keys_beyond_a_curve_hold_its_ends_with_handles_at_thirds():
    before = keys.constant(0.7, [10])
    after = with_keys(before, [1, 4, 16, 22, 25])
    assert after["co"].tolist() == [[frame, before["co"][0, 1]] for frame in (1, 4, 10, 16, 22, 25)]
    np.testing.assert_allclose(after["handle_left"][4:, 0], [20.0, 24.0])
    np.testing.assert_allclose(after["handle_right"][3:5, 0], [18.0, 23.0])
    np.testing.assert_allclose(after["handle_right"][:2, 0], [2.0, 6.0])
    for name in ("handle_left", "handle_right"):
        assert (after[name][:, 1] == before["co"][0, 1]).all()
    np.testing.assert_allclose(drawn(after, EVERYWHERE), drawn(before, EVERYWHERE), atol=2e-7)


def test_a_moved_pose_is_moved_by_all_of_it_and_nothing_beyond_the_reach():
    before = curve()
    after = displaced(before, 6, 14, *bump(10, 4, 0.3))
    moved = drawn(after, EVERYWHERE) - drawn(before, EVERYWHERE)
    assert moved[EVERYWHERE == 10.0] == pytest.approx(0.3)
    np.testing.assert_allclose(moved[np.abs(EVERYWHERE - 10) >= 4], 0.0, atol=1e-9)
    assert [KeyType(kind).name for kind in after["type"]] == ["GENERATED", *["KEYFRAME"] * 5, "GENERATED"]


@given(height=st.floats(-3.0, 3.0), frame=st.integers(8, 22), reach=st.integers(2, 7))
def test_a_pose_moved_there_and_back_is_where_it_was(height, frame, reach):
    before = curve()
    there = displaced(before, frame - reach, frame + reach, *bump(frame, reach, height))
    back = displaced(there, frame - reach, frame + reach, *bump(frame, reach, -height))
    np.testing.assert_allclose(drawn(back, EVERYWHERE), drawn(before, EVERYWHERE), atol=1e-6)


def test_other_keys_in_a_range_leave_the_curve_beside_it_alone():
    before = curve()
    at = np.array([5.0, 9.0, 20.0])
    values = np.array([*drawn(before, at[:1]), 4.0, *drawn(before, at[2:])])
    after = rekeyed(before, 5.0, 20.0, at, values, np.zeros(3), (True, True))
    outside = (EVERYWHERE <= 5.0) | (EVERYWHERE >= 20.0)
    np.testing.assert_allclose(drawn(after, EVERYWHERE[outside]), drawn(before, EVERYWHERE[outside]), atol=1e-9)
    assert drawn(after, np.array([9.0])) == pytest.approx(4.0)
    assert after["co"][:, 0].tolist() == [1.0, 5.0, 9.0, 20.0, 30.0]


def test_keys_that_move_away_from_the_start_leave_none_behind():
    after = rekeyed(curve(), 1.0, 30.0, np.array([4.0, 33.0]), np.array([0.0, 0.2]), np.zeros(2), (False, False))
    assert after["co"][:, 0].tolist() == [4.0, 33.0]


def test_handles_that_blender_places_stay_where_the_edit_does_not_reach():
    columns = curve()
    for name in ("handle_left_type", "handle_right_type"):
        columns[name][:] = [HandleType.AUTO, HandleType.FREE, HandleType.AUTO_CLAMPED, HandleType.AUTO]
    fast = loosened(columns, np.array([False, False, True, False]))
    kinds = fast["handle_left_type"]
    assert kinds[0] == HandleType.AUTO
    assert HandleType.AUTO not in kinds[2:]
    assert HandleType.AUTO_CLAMPED not in kinds[2:]


def test_enough_keys_are_within_the_tolerance_and_not_side_by_side():
    frames = np.arange(0.0, 61.0)
    values = np.sin(frames / 6.0)[:, None]
    slopes = (np.cos(frames / 6.0) / 6.0)[:, None]
    ends = np.isin(frames, [0.0, 60.0])
    chosen = enough(frames, values, slopes, np.array([0.01]), ends)
    shown, _ = hermite_spline(frames[chosen], values[chosen], slopes[chosen], frames)
    assert np.abs(shown - values).max() <= 0.01
    assert np.diff(frames[chosen]).min() >= 2.0
    assert np.count_nonzero(chosen) < 15
