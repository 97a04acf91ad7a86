# SPDX-License-Identifier: GPL-3.0-or-later
"""Each metric against cases computed by hand."""

import numpy as np
import pytest
from evaluation_motions import hands, waving

from chironomy.evaluation.beat_consistency import beat_consistency, joint_speeds, motion_beats
from chironomy.evaluation.bootstrap import interval
from chironomy.evaluation.correct_keypoints import correct_keypoints
from chironomy.evaluation.diversity import diversity_l1, diversity_l2
from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.frechet import frechet_distance, frechet_of_moments
from chironomy.evaluation.jerk import jerk_of_points, motion_jerk
from chironomy.evaluation.keypoints import FINGERTIPS, WRIST, keypoints
from chironomy.evaluation.lag import lags, stroke_lag
from chironomy.evaluation.limits import limit_violations
from chironomy.evaluation.penetration import penetration
from chironomy.evaluation.speaking import speaking_seconds, speaking_spans
from chironomy.motion.hand_motion import MANO_JOINTS
from chironomy.motion.rotation import from_rotation_vector
from chironomy.speech import Speech


def test_keypoints_hang_on_the_wrists() -> None:
    still = hands()
    points = keypoints(still)
    assert points.shape == (72, 2, 21, 3)
    assert points[:, :, WRIST] == pytest.approx(still.wrist_position)
    moved = keypoints(hands(np.full((72, 2, 3), 0.01)))
    assert moved - points == pytest.approx(np.full_like(points, 0.01))


def test_flat_left_fingers_point_to_the_left() -> None:
    tips = keypoints(hands())[0, :, FINGERTIPS]
    wrists = hands().wrist_position[0]
    assert (tips[0, 1:, 0] > wrists[0, 0] + 0.1).all()
    assert (tips[1, 1:, 0] < wrists[1, 0] - 0.1).all()


def test_diversity_is_the_mean_over_pairs() -> None:
    # Three samples of one point over two frames, apart by 1, 1 and 2 along one axis: means over 3 coordinates.
    samples = np.zeros((3, 2, 1, 3))
    samples[1, ..., 0], samples[2, ..., 0] = 1.0, 2.0
    assert diversity_l1(samples) == pytest.approx((1 + 2 + 1) / 3 / 3)
    assert diversity_l2(samples) == pytest.approx((1 + 2 + 1) / 3)


def test_diversity_l2_is_euclidean() -> None:
    samples = np.zeros((2, 4, 3))
    samples[1] = [0.3, 0.4, 0.0]
    assert diversity_l2(samples) == pytest.approx(0.5)
    assert diversity_l1(samples) == pytest.approx(0.7 / 3)


def test_one_sample_has_no_diversity() -> None:
    with pytest.raises(EvaluationError, match="give two or more"):
        diversity_l1(np.zeros((1, 4, 3)))


def test_joints_beat_where_their_speed_is_least() -> None:
    speed = np.abs(np.arange(41) - 20.0)[:, None] + 5.0
    (beats,) = motion_beats(speed)
    assert beats.tolist() == [20]


def test_a_minimum_among_nearly_still_frames_is_no_beat() -> None:
    speed = np.abs(np.arange(41) - 20.0)[:, None]
    (beats,) = motion_beats(speed)
    assert beats.tolist() == []
    (beats,) = motion_beats(speed + 5.0, mean_speed=[20.0])
    assert beats.tolist() == []


def test_speeds_are_metres_a_second() -> None:
    position = np.zeros((10, 1, 3))
    position[:, 0, 0] = 0.01 * np.arange(10)
    assert joint_speeds(position, 30.0) == pytest.approx(np.full((10, 1), 0.3))


def test_beat_consistency_goes_from_onsets_to_motion() -> None:
    # Speed 0.3 + 0.2 (t - 1)^2 m/s upwards has its one minimum at 1 s; onsets there and 0.3 s (one sigma) later.
    times = np.arange(61) / 30
    offset = np.zeros((61, 2, 3))
    offset[..., 1] = (0.3 * times + 0.2 * (times - 1) ** 3 / 3)[:, None]
    moving = hands(offset, fps=30.0)
    assert beat_consistency(moving, np.array([1.0, 1.3])) == pytest.approx((1 + np.exp(-0.5)) / 2, abs=0.01)
    assert beat_consistency(moving, np.array([1.0])) == pytest.approx(1.0, abs=0.001)
    assert beat_consistency(hands(fps=30.0), np.array([1.0])) == 0.0
    assert np.isnan(beat_consistency(moving, np.array([])))


def test_correct_keypoints_are_those_nearer_than_the_threshold() -> None:
    truth = np.zeros((2, 2, 3))
    points = truth.copy()
    points[0, 0, 0], points[1, 1, 2] = 0.099, 0.101
    assert correct_keypoints(points, truth) == pytest.approx(3 / 4)
    assert correct_keypoints(points, truth, threshold=0.05) == pytest.approx(2 / 4)


def test_correct_keypoints_need_the_same_joints() -> None:
    with pytest.raises(EvaluationError, match="same joints"):
        correct_keypoints(np.zeros((2, 21, 3)), np.zeros((2, 16, 3)))


def test_frechet_distance_of_shifted_clouds_is_the_squared_shift() -> None:
    cloud = np.random.default_rng(0).normal(size=(500, 3))
    assert frechet_distance(cloud, cloud) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(cloud, cloud + np.array([3.0, 4.0, 0.0])) == pytest.approx(25.0)


def test_frechet_distance_of_normal_distributions() -> None:
    # One dimension: (m1 - m2)^2 + (s1 - s2)^2; and covariances that do not commute, checked with scipy's root.
    assert frechet_of_moments(np.array([1.0]), np.array([[4.0]]), np.array([3.0]), np.array([[9.0]])) == pytest.approx(
        5
    )
    from scipy.linalg import sqrtm

    a, b = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.3], [-0.3, 3.0]])
    expected = np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet_of_moments(np.zeros(2), a, np.zeros(2), b) == pytest.approx(expected)


def test_frechet_distance_needs_rows() -> None:
    with pytest.raises(EvaluationError, match="two or more rows"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))


def test_jerk_of_a_cubic_is_constant() -> None:
    times = np.arange(30) / 24
    position = np.zeros((30, 1, 3))
    position[:, 0, 1] = 0.5 * times**3  # third derivative 3 m/s^3
    assert jerk_of_points(position, 24.0) == pytest.approx(np.full((27, 1), 3.0))


def test_jerk_is_measured_at_24_frames_whatever_the_motion_has() -> None:
    wrists, tips = motion_jerk(waving(hertz=1.0, metres=0.05))
    expected = 0.05 * (2 * np.pi) ** 3 * 2 / np.pi  # the mean of |cos| is 2 / pi
    assert wrists.mean == pytest.approx(expected, rel=0.03)
    assert tips.mean == pytest.approx(wrists.mean, rel=1e-6), "hands that only move keep their shape"
    again, _ = motion_jerk(waving(hertz=1.0, metres=0.05, fps=48.0))
    assert again.mean == pytest.approx(wrists.mean, rel=0.05)


def test_three_frames_have_no_jerk() -> None:
    assert np.isnan(motion_jerk(hands(frames=3))[0].mean)


def test_flat_hands_are_within_the_limits() -> None:
    found = limit_violations(hands())
    assert (found.rate, found.frames) == (0.0, 0.0)


def test_a_finger_bent_too_far_is_counted_with_its_degrees() -> None:
    rotation = np.array(hands(frames=10).rotation)
    joint = MANO_JOINTS.index("index2")  # bends to 108 degrees; the left hand's fingers bend by turning about -z
    from chironomy.body.hand_anatomy import rotation_of_angles

    angles = np.zeros((16, 3))
    angles[joint, 0] = 118.0
    rotation[3, 0, joint] = rotation_of_angles(angles, "left")[joint]
    found = limit_violations(hands(frames=10).replaced(rotation=rotation))
    assert found.worst == pytest.approx(10.0, abs=0.1)
    assert found.rate == pytest.approx(1 / (10 * 2 * 15))
    assert found.frames == pytest.approx(1 / 10)


def test_hands_before_the_body_are_clear() -> None:
    found = penetration(hands(frames=4))
    assert (found.body_clear, found.hands_clear, found.clear) == (1.0, 1.0, 1.0)


def test_a_hand_in_the_belly_is_found() -> None:
    offset = np.zeros((4, 2, 3))
    offset[0, 0] = [-0.2, 0.0, -0.3]
    found = penetration(hands(offset))
    assert found.body > 50
    assert found.body_clear == pytest.approx(3 / 4)


def test_hands_in_each_other_are_found() -> None:
    offset = np.zeros((4, 2, 3))
    offset[0, :, 0] = [-0.2, 0.2]
    found = penetration(hands(offset))
    assert found.hands > 10
    assert (found.hands_clear, found.clear) == (pytest.approx(3 / 4), pytest.approx(3 / 4))


def test_an_early_stroke_has_a_negative_lag() -> None:
    assert lags(np.array([0.95, 2.1]), np.array([1.0, 2.0])) == pytest.approx([-0.05, 0.1])
    found = stroke_lag(np.array([0.95, 2.1, 3.0]), np.array([1.0, 2.0, 3.01]))
    assert (found.signed, found.absolute, found.count) == (pytest.approx(-0.01), pytest.approx(0.05), 3)
    assert found.early == pytest.approx(2 / 3)


def test_no_stroke_has_no_lag() -> None:
    assert np.isnan(stroke_lag(np.array([]), np.array([1.0])).absolute)


def test_long_pauses_are_not_speech() -> None:
    random = np.random.default_rng(0)
    voice = np.concatenate([random.normal(0, level, round(seconds * 16000)) for level, seconds in _PARTS])
    heard = Speech.from_samples(voice.astype(np.float32), 16000, "noise")
    assert speaking_seconds(heard) == pytest.approx(3.5, abs=0.4)
    assert speaking_spans(heard) == [pytest.approx((0.5, 4.0), abs=0.3)]


_PARTS = ((1e-4, 0.5), (0.2, 1.5), (1e-4, 0.5), (0.2, 1.5), (1e-4, 3.0))


def test_the_interval_of_a_mean_is_about_two_standard_errors() -> None:
    rows = np.random.default_rng(0).normal(1.0, 1.0, 400)
    found = interval(rows)
    assert found.value == pytest.approx(rows.mean())
    assert found.low == pytest.approx(rows.mean() - 1.96 / 20, abs=0.02)
    assert found.high == pytest.approx(rows.mean() + 1.96 / 20, abs=0.02)


def test_rows_of_one_recording_are_not_independent() -> None:
    clips = np.repeat(np.arange(5), 40)
    rows = np.array([0.0, 1.0, 2.0, 3.0, 4.0])[clips]
    alone, grouped = interval(rows), interval(rows, groups=clips)
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)


def test_an_interval_is_the_same_again() -> None:
    rows = np.arange(20.0)
    assert interval(rows, seed=1) == interval(rows, seed=1)
    assert interval(rows).format(1) == f"9.5 ({interval(rows).low:.1f} to {interval(rows).high:.1f})"


def test_turning_the_wrist_moves_the_fingertips() -> None:
    rotation = np.array(hands(frames=2).rotation)
    rotation[:, 0, 0] = from_rotation_vector(np.array([0.0, np.pi / 2, 0.0]))
    points = keypoints(hands(frames=2).replaced(rotation=rotation))
    flat = keypoints(hands(frames=2))
    # A quarter turn about +y takes the left hand's +x to -z.
    expected = (flat - flat[:, :, :1])[:, 0][..., [2, 1, 0]] * [1.0, 1.0, -1.0]
    assert (points - points[:, :, :1])[:, 0] == pytest.approx(expected)
