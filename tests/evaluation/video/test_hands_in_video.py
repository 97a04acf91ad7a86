# SPDX-License-Identifier: GPL-3.0-or-later
"""HKC, HKV and hand AKD against cases computed by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import swaying_hands

from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.asked_hands import asked_hands
from chironomy.evaluation.video.hand_confidence import hand_keypoint_confidence, hands_found
from chironomy.evaluation.video.hand_distance import asked_inside, hand_keypoint_distance
from chironomy.evaluation.video.hand_variance import hand_keypoint_variance, variance_against_asked
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.rotation import IDENTITY
from chironomy.shot.camera import portrait_camera

SHIFT = np.array([3.0, 4.0])


def test_a_hand_that_is_not_found_counts_zero() -> None:
    scores = [[0.9, 0.0], [0.7, 0.8]]
    assert hand_keypoint_confidence(scores) == pytest.approx(0.6)
    assert hands_found(scores) == pytest.approx(0.75)


def test_hands_that_are_not_wanted_do_not_count() -> None:
    scores = [[0.9, 0.0], [0.7, 0.0]]
    wanted = np.array([[True, False], [True, False]])
    assert hand_keypoint_confidence(scores, wanted) == pytest.approx(0.8)
    assert np.isnan(hand_keypoint_confidence(scores, np.zeros((2, 2), bool)))


def test_variance_of_a_sine_is_half_its_amplitude_squared() -> None:
    # 10 pixels of 200 are 5 % of the height.
    assert hand_keypoint_variance(swaying_hands(48, 10.0), 200) == pytest.approx(5.0**2 / 2)
    assert hand_keypoint_variance(swaying_hands(48, 0.0), 200) == 0.0


@given(st.floats(0.25, 4.0), st.integers(1, 12))
def test_variance_does_not_depend_on_the_size_of_the_picture(scale: float, lost: int) -> None:
    hands = swaying_hands()
    hands[:lost, 0] = np.nan
    assert hand_keypoint_variance(hands * scale, round(200 * scale)) == pytest.approx(
        hand_keypoint_variance(hands, 200) * (200 * scale / round(200 * scale)) ** 2
    )


def test_a_hand_seen_for_a_moment_has_no_variance() -> None:
    hands = swaying_hands()
    hands[7:, 0] = np.nan
    assert hand_keypoint_variance(hands, 200) == pytest.approx(5.0**2 / 2)
    hands[7:, 1] = np.nan
    assert np.isnan(hand_keypoint_variance(hands, 200))


def test_half_the_asked_motion_is_a_quarter_of_its_variance() -> None:
    assert variance_against_asked(swaying_hands(48, 5.0), swaying_hands(48, 10.0), 200) == pytest.approx(0.25)


def test_lost_frames_are_left_out_on_both_sides() -> None:
    hands = swaying_hands()
    hands[10:20] = np.nan
    assert variance_against_asked(hands, swaying_hands(), 200) == pytest.approx(1.0)


def test_still_hands_that_were_asked_for_have_no_part() -> None:
    assert np.isnan(variance_against_asked(swaying_hands(), swaying_hands(48, 0.0), 200))


def test_a_shift_is_its_length_in_percent_of_the_height() -> None:
    asked = swaying_hands()
    assert hand_keypoint_distance(asked + SHIFT, asked, 100, 250) == pytest.approx(2.0)


def test_only_hands_found_and_asked_inside_are_compared() -> None:
    asked = swaying_hands()
    found = asked + SHIFT
    found[5:, 0] = np.nan
    asked[:, 1] += 500.0
    assert hand_keypoint_distance(found, asked, 100, 250) == pytest.approx(2.0)
    assert asked_inside(asked, 100, 250)[:, 0].all()
    assert not asked_inside(asked, 100, 250)[:, 1].any()
    assert np.isnan(hand_keypoint_distance(np.full_like(asked, np.nan), asked, 100, 250))


def test_other_frames_are_not_compared() -> None:
    with pytest.raises(EvaluationError, match="give the shot that the video was rendered from"):
        hand_keypoint_distance(swaying_hands(48), swaying_hands(24), 100, 250)


def track(frames: int, fps: float = 24.0) -> HandMotion:
    position = np.tile([[0.2, -0.25, 0.3], [-0.2, -0.25, 0.3]], (frames, 1, 1))
    position[:, 0, 1] += 0.01 * np.arange(frames)
    confidence = np.ones((frames, 2))
    confidence[3, 1] = 0.0
    return HandMotion(fps, position, np.tile(IDENTITY, (frames, 2, 16, 1)), confidence)


def test_asked_hands_are_the_tracks_by_time() -> None:
    rig, motion = load_rig(), track(8)
    camera = portrait_camera(rig, 256, 352)
    pose = solve_pose(rig, motion)
    same = asked_hands(pose, camera, motion.confidence, 0, 8, 24.0)
    wrist, _ = camera.project(pose.joint_position[:, rig.index("wrist.L")])
    assert same[:, 0, 0] == pytest.approx(wrist, abs=0.5)
    assert np.isnan(same[3, 1]).all(), "a hand of no confidence is not asked for"
    assert np.isfinite(same[3, 0]).all()
    half = asked_hands(pose, camera, motion.confidence, 0, 4, 12.0)
    assert half[:, 0] == pytest.approx(same[::2, 0])
    late = asked_hands(pose, camera, motion.confidence, 6, 4, 24.0)
    assert late[:2, 0] == pytest.approx(same[6:, 0])
    assert np.isnan(late[2:]).all(), "past the end of the track nothing is asked for"
