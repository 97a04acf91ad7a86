# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator does to poses of a hand, as arrays: weights, places in time, poses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.motion import MotionError
from chironomy.motion import rotation as quaternion
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_poses import (
    HandPoses,
    amplified,
    blended,
    coasting,
    followed,
    line,
    mean,
    mirrored,
    resting,
    smoothed,
    still,
)
from chironomy.motion.time_map import held, shifted, stretched

FPS = 24.0
SEEDS = st.integers(0, 10_000)


def some_poses(count=20, seed=0, turned=0.4):
    random = np.random.default_rng(seed)
    rotation = quaternion.from_rotation_vector(random.normal(scale=turned, size=(count, 16, 3)))
    return HandPoses(
        random.normal(scale=0.3, size=(count, 3)),
        quaternion.make_continuous(rotation),
        random.normal(scale=0.3, size=(count, 3)),
        random.uniform(size=count),
    )


def check_same(left, right, tolerance=1e-9):
    np.testing.assert_allclose(left.wrist_position, right.wrist_position, atol=tolerance)
    np.testing.assert_allclose(left.elbow, right.elbow, atol=tolerance)
    np.testing.assert_allclose(left.confidence, right.confidence, atol=tolerance)
    assert quaternion.angle(left.rotation, right.rotation).max() <= max(tolerance, 1e-7)


# Weights


def test_a_fall_off_is_whole_at_its_frame_and_gone_at_its_radius():
    falloff = Falloff.around(40, 12)
    np.testing.assert_allclose(falloff([20, 28, 34, 40, 46, 52, 60]), [0, 0, 0.5, 1, 0.5, 0, 0], atol=1e-12)


def test_a_fall_off_without_radius_is_its_frame_alone():
    assert Falloff.around(40, 0)([39.9, 40, 40.1]).tolist() == [0, 1, 0]


def test_a_range_that_is_open_keeps_its_weight_beyond_its_end():
    assert Falloff.within(10, 30, 0.0, 5.0)([-100, 10, 25, 30, 31]).tolist() == [1, 1, 1, 0, 0]


def test_rise_and_fall_share_a_range_that_is_too_short_for_both():
    falloff = Falloff.within(0, 10, 20.0, 20.0)
    assert (falloff.risen, falloff.falling) == (5.0, 5.0)
    assert falloff([0, 5, 10]).tolist() == [0, 1, 0]


@given(first=st.integers(-50, 50), length=st.integers(4, 80), rise=st.floats(1.0, 30.0), fall=st.floats(1.0, 30.0))
def test_weights_change_no_faster_than_a_raised_cosine(first, length, rise, fall):
    falloff = Falloff.within(first, first + length, rise, fall)
    at = np.linspace(first - 5.0, first + length + 5.0, 4001)
    shortest = min(falloff.risen - falloff.first, falloff.last - falloff.falling)
    assert np.abs(np.diff(falloff(at))).max() <= 1.01 * np.pi / 2 / shortest * (at[1] - at[0])


# Poses


@given(seed=SEEDS)
def test_a_mirror_of_a_mirror_changes_nothing(seed):
    poses = some_poses(seed=seed)
    check_same(mirrored(mirrored(poses)), poses, 0.0)


def test_a_mirror_is_that_of_whole_motions():
    from chironomy.motion import HandMotion, mirror

    left, right = some_poses(seed=1), some_poses(seed=2)
    motion = HandMotion(
        FPS,
        np.stack([left.wrist_position, right.wrist_position], axis=1),
        np.stack([left.rotation, right.rotation], axis=1),
        np.stack([left.confidence, right.confidence], axis=1),
    )
    made = mirror(motion)
    np.testing.assert_allclose(made.wrist_position[:, 1], mirrored(left).wrist_position)
    assert quaternion.angle(made.rotation[:, 1], mirrored(left).rotation).max() < 1e-7


@given(seed=SEEDS)
def test_what_has_no_weight_stays_to_the_bit(seed):
    old, new = some_poses(seed=seed), some_poses(seed=seed + 1)
    weight = np.linspace(-0.5, 1.0, 20).clip(0.0)
    for made in (blended(old, new, weight), followed(old, old.at([3]), new.at([3]), weight)):
        assert (made.rotation[weight == 0.0] == old.rotation[weight == 0.0]).all()
        assert (made.wrist_position[weight == 0.0] == old.wrist_position[weight == 0.0]).all()


@given(seed=SEEDS)
def test_the_pose_that_is_followed_becomes_what_was_asked_for(seed):
    poses, wanted = some_poses(seed=seed), some_poses(1, seed=seed + 1)
    made = followed(poses, poses.at([7]), wanted, np.ones(20))
    check_same(made.at([7]), wanted)


def test_half_the_weight_turns_half_the_angle_about_the_same_axis():
    poses = some_poses(1)
    turn = quaternion.from_rotation_vector([0.0, 1.2, 0.0])
    after = HandPoses(poses.wrist_position, quaternion.multiply(turn, poses.rotation), poses.elbow, poses.confidence)
    made = followed(poses, poses, after, np.array([0.5]))
    half = quaternion.multiply(made.rotation, quaternion.inverse(poses.rotation))
    np.testing.assert_allclose(quaternion.to_rotation_vector(half), np.tile([0.0, 0.6, 0.0], (1, 16, 1)), atol=1e-9)


@given(seed=SEEDS)
def test_amplitude_one_changes_nothing(seed):
    poses = some_poses(seed=seed)
    check_same(amplified(poses, mean(poses), 1.0), poses, 0.0)


@given(seed=SEEDS, factor=st.floats(0.5, 1.6))
def test_amplitude_is_undone_by_its_reciprocal(seed, factor):
    poses = some_poses(seed=seed, turned=0.2)
    middle = mean(poses)
    check_same(amplified(amplified(poses, middle, factor), middle, 1.0 / factor), poses, 1e-7)


def test_amplitude_scales_place_and_turn_about_the_middle():
    poses = some_poses(seed=3, turned=0.2)
    middle = mean(poses)
    made = amplified(poses, middle, 1.5)
    np.testing.assert_allclose(
        made.wrist_position - middle.wrist_position, 1.5 * (poses.wrist_position - middle.wrist_position)
    )
    np.testing.assert_allclose(
        quaternion.angle(made.rotation, middle.rotation), 1.5 * quaternion.angle(poses.rotation, middle.rotation)
    )


def test_a_line_goes_from_one_pose_to_the_other():
    first, last = some_poses(1, seed=1), some_poses(1, seed=2)
    made = line(first, last, [0.0, 0.5, 1.0])
    check_same(made.at([0]), first)
    check_same(made.at([2]), last)


def test_smoothing_takes_jerk_away_and_leaves_rest_alone():
    random = np.random.default_rng(0)
    noise = random.normal(scale=0.004, size=(200, 3))
    turns = quaternion.from_rotation_vector(random.normal(scale=0.02, size=(200, 16, 3)))

    def sample(at):
        index = np.clip(at, 0, 199).astype(int)
        return HandPoses(noise[index], turns[index], noise[index], np.ones(len(at)))

    at = np.arange(20.0, 180.0)
    made = smoothed(sample, at, 1.0, FPS)
    jerk = [np.abs(np.diff(values, 3, axis=0)).mean() for values in (sample(at).wrist_position, made.wrist_position)]
    assert jerk[1] < 0.5 * jerk[0]
    check_same(smoothed(sample, at, 0.0, FPS), sample(at))


def test_the_rest_is_where_a_hand_is_slow_and_low():
    place = np.zeros((100, 3))
    place[:, 1] = -0.4
    place[30:70, 1] += 0.3 * np.sin(np.linspace(0.0, np.pi, 40))
    poses = HandPoses(place, np.tile(quaternion.IDENTITY, (100, 16, 1)), place, np.ones(100))
    assert place[resting(poses), 1] == -0.4
    assert still(poses, FPS)[:25].all()
    assert not still(poses, FPS)[32:48].any()


def test_a_hand_coasts_from_its_pose_at_its_speed_and_comes_back():
    poses = some_poses(2, seed=4, turned=0.05)
    made = coasting(poses.at([0]), poses.at([1]), 1.0, [0.0, 1e-4, 5.0, 9.0], 5.0)
    check_same(made.at([0]), poses.at([0]))
    check_same(made.at([2]), poses.at([0]))
    speed = (made.wrist_position[1] - made.wrist_position[0]) / 1e-4
    np.testing.assert_allclose(speed, poses.wrist_position[1] - poses.wrist_position[0], rtol=1e-3)


# Time


def check_time(time):
    """It plays every old frame in order, and its speed has no jump within."""
    at = np.linspace(time.new[0], time.new[-1], 2001)
    old, rate = time(at)
    assert np.all(np.diff(old) > -1e-9)
    assert rate.min() >= 0.0
    assert np.abs(np.diff(rate)).max() < 0.05
    np.testing.assert_allclose(np.gradient(old, at)[1:-1], rate[1:-1], atol=0.02)


@pytest.mark.parametrize("frames", [-7, -2, 3, 6])
def test_a_shifted_range_is_the_same_later_and_what_lies_beside_is_left(frames):
    time = shifted(40, 60, frames, FPS, 1, 120)
    check_time(time)
    inside = np.arange(40, 61)
    old, rate = time(inside + frames)
    np.testing.assert_allclose(old, inside, atol=1e-9)
    np.testing.assert_allclose(rate, 1.0)
    for outside in (np.arange(1, round(time.new[0])), np.arange(round(time.new[-1]), 121)):
        np.testing.assert_allclose(time(outside)[0], outside)
    np.testing.assert_array_equal(time.placed(inside), inside + frames)


@given(frames=st.integers(-12, 12).filter(bool), first=st.integers(20, 40), length=st.integers(1, 40))
def test_a_shift_back_brings_every_frame_back(frames, first, length):
    last = first + length
    there = shifted(first, last, frames, FPS, -100, 300)
    back = shifted(first + frames, last + frames, -frames, FPS, there.new[0], there.new[-1])
    # Twice eased, what lies beside it is nearly where it was.
    at = np.arange(there.new[0], there.new[-1] + 1)
    np.testing.assert_allclose(there(back(at)[0])[0], at, atol=3.5)
    inside = np.arange(first, last + 1)
    np.testing.assert_allclose(there(back(inside)[0])[0], inside, atol=1e-9)


def test_a_shift_goes_as_far_as_there_is_room():
    time = shifted(40, 60, 30, FPS, 1, 80)
    moved = time.new[time.old == 40.0][0] - 40.0
    assert 0 < moved < 30
    check_time(time)
    with pytest.raises(MotionError, match="there is no room"):
        shifted(40, 60, 5, FPS, 39, 61)


@pytest.mark.parametrize("fps", [25.0, 30000 / 1001, 23.976])
@pytest.mark.parametrize("frames", [-5, 4])
def test_what_gives_way_ends_on_whole_frames_at_any_rate(fps, frames):
    time = shifted(40, 60, frames, fps, 1, 120)
    np.testing.assert_array_equal(time.new, np.round(time.new))


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_stretched_range_takes_as_many_times_as_long_about_its_pivot(factor):
    time = stretched(40, 60, factor, 50, FPS, 1, 120)
    check_time(time)
    first, last = time.new[time.old == 40.0][0], time.new[time.old == 60.0][0]
    assert last - first == round(20 * factor)
    assert time([50.0])[0] == pytest.approx(50.0, abs=0.6)


def test_a_range_with_nothing_beside_it_is_moved_as_a_whole():
    time = shifted(1, 100, 200, FPS, None, None)
    np.testing.assert_allclose(time([201, 250, 300])[0], [1, 50, 100])
    np.testing.assert_array_equal(time.placed([1, 100]), [201, 300])


def test_a_longer_hold_takes_its_frames_from_the_next_rest():
    still_frames = np.ones(101, bool)
    still_frames[4:20] = False
    still_frames[50:70] = False
    time = held(100, 10, 1, 200, still_frames, FPS)
    np.testing.assert_allclose(time(np.arange(100, 111))[0], 100)
    # The stroke after it is as fast as it was; from the end of the rest on nothing has changed.
    at = np.arange(125, 129)
    np.testing.assert_allclose(time(at)[0], at - 10, atol=1e-9)
    np.testing.assert_allclose(time(np.arange(149, 200))[0], np.arange(149, 200), atol=1e-9)
    check_time(time)


def test_what_leads_to_a_longer_hold_slows_down_before_it():
    time = held(100, 10, 1, 200, np.zeros(101, bool), FPS)
    np.testing.assert_allclose(time(np.arange(1, 93))[0], np.arange(1, 93))
    assert np.abs(time(np.arange(93, 101))[0] - np.arange(93, 101)).max() < 1.2
    np.testing.assert_allclose(time([99.5, 100.0])[1], 0.0, atol=0.3)
    # Where nothing lies before it, it stands from its first frame on.
    np.testing.assert_allclose(held(100, 10, 100, 200, np.zeros(101, bool), FPS)([100, 105])[0], 100)


def test_motion_gives_way_to_a_hold_where_there_is_too_little_stillness():
    still_frames = np.zeros(101, bool)
    still_frames[50:54] = True
    time = held(100, 10, 1, 200, still_frames, FPS)
    np.testing.assert_array_equal(time.stands, [100, 110])
    # What follows is a little faster for a while, and the end is as it was.
    assert time(np.linspace(100, 200, 1001))[1].max() < 1.8
    np.testing.assert_allclose(time(np.arange(175, 200))[0], np.arange(175, 200))
    check_time(time)


def test_a_hold_is_as_long_as_there_is_room():
    np.testing.assert_array_equal(held(100, 50, 1, 140, np.zeros(41, bool), FPS).stands, [100, 113])
    with pytest.raises(MotionError, match="there is no room for a longer hold"):
        held(100, 5, 1, 102, np.zeros(3, bool), FPS)
