# SPDX-License-Identifier: GPL-3.0-or-later
"""Shots of any length and rate in pieces that a video model makes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.shot.retimed import retimed
from chironomy.video.engines.segments import blended, model_rate, segments


@given(
    frames=st.integers(1, 2000),
    longest=st.integers(2, 30).map(lambda k: 4 * k + 1),
    overlap=st.integers(0, 4).map(lambda k: 4 * k + 1),
)
def test_every_frame_is_made_once_and_every_segment_can_be_made(frames, longest, overlap) -> None:
    overlap = min(overlap, longest - 4)
    plan = segments(frames, longest, overlap)
    assert plan[0].start == plan[0].kept == 0
    assert plan[-1].stop == frames
    for segment in plan:
        assert segment.length % 4 == 1
        assert segment.length <= longest
        assert segment.stop - segment.start <= segment.length < segment.stop - segment.start + 4
    for before, after in pairwise(plan):
        assert after.kept == overlap == before.stop - after.start
        assert after.stop > before.stop


def test_a_long_shot_is_cut_evenly() -> None:
    assert [segment.stop - segment.start for segment in segments(83, 81, 5)] == [45, 43]


@pytest.mark.parametrize(
    ("fps", "native", "rate"),
    [(24, 16, 24), (25, 16, 25), (30, 16, 30), (60, 16, 30), (12, 16, 12), (8, 16, 16), (24, 30, 24), (12, 30, 24)],
)
def test_the_shots_own_rate_is_kept_where_the_model_can_follow(fps, native, rate) -> None:
    assert model_rate(fps, native) == pytest.approx(rate)


@given(fps=st.floats(1, 240), native=st.sampled_from([16.0, 30.0]))
def test_a_models_rate_is_near_its_own_and_in_step_with_the_shot(fps, native) -> None:
    rate = model_rate(fps, native)
    assert native / 1.5 - 1e-6 <= rate <= 2 * native + 1e-6
    ratio = max(rate / fps, fps / rate)
    assert ratio == pytest.approx(round(ratio))


@pytest.mark.parametrize("rate", [8.0, 16.0, 24.0, 30.0, 48.0])
def test_a_retimed_shot_shows_every_moment_within_half_a_frame(shot, rate) -> None:
    timed, shown = retimed(shot.replaced(frame_start=1), rate)
    assert len(shown) == 5
    assert np.abs(shown / rate - np.arange(5) / shot.fps).max() <= 0.5 / rate + 1e-9
    assert shown.max() < len(timed.frames)
    first = timed.frames.start
    np.testing.assert_allclose(timed.hands.wrist_position[first], shot.hands.wrist_position[1])


def test_at_twice_the_rate_every_frame_is_a_frame_of_the_shot(shot) -> None:
    timed, shown = retimed(shot, 48.0)
    assert shown.tolist() == [0, 2, 4, 6, 8, 10]
    np.testing.assert_allclose(timed.pose.joint_position[shown], shot.pose.joint_position, atol=1e-12)


def test_segments_lead_over_evenly() -> None:
    before, after = np.zeros((4, 2, 2, 3), np.float32), np.ones((9, 2, 2, 3), np.float32)
    assert blended(before, after, 4)[:, 0, 0, 0].tolist() == [0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    assert blended(before[:1], after, 1)[:2, 0, 0, 0].tolist() == [0, 1]
