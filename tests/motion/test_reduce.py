# SPDX-License-Identifier: GPL-3.0-or-later
import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from motions import gestures, random_motion, random_rotations, still_motion

from chironomy.motion import (
    HandMotion,
    MotionError,
    SparseKeys,
    evaluate,
    hand_bones,
    key_ratio,
    motion_of_keys,
    reduce_columns,
    reduce_curves,
    reduce_hands,
    reduce_position,
    reduce_rotation,
)
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_shape import NOMINAL_HAND, HandShape
from chironomy.motion.spline import Track, fit_splines

DEGREE = np.radians(1.0)


def refused(sentence: str) -> pytest.RaisesExc:
    return pytest.raises(MotionError, match=re.escape(sentence))


def rotation_error(keys: SparseKeys, q: np.ndarray) -> np.ndarray:
    return quaternion.angle(quaternion.normalize(evaluate(keys, np.arange(len(q)))), q)


def fingertip_error(a: HandMotion, b: HandMotion, shape: HandShape = NOMINAL_HAND) -> np.ndarray:
    return np.linalg.norm(shape.fingertips(a) - shape.fingertips(b), axis=-1)


@pytest.mark.parametrize(("seed", "fps"), [(0, 24.0), (1, 24.0), (2, 25.0), (3, 60.0)])
def test_ten_seconds_of_gestures_need_a_fifth_of_the_keys(seed: int, fps: float) -> None:
    motion = gestures(seed, frames=round(10 * fps), fps=fps)
    keys = reduce_hands(motion)
    reduced = motion_of_keys(keys, motion)
    assert quaternion.angle(reduced.rotation, motion.rotation).max() <= DEGREE
    assert fingertip_error(reduced, motion).max() <= 0.002
    assert key_ratio(keys, motion.frame_count) <= 0.2


def test_hands_that_move_twice_as_fast_still_need_a_fifth() -> None:
    motion = gestures(4, frames=480).resampled(12).replaced(fps=24)
    assert key_ratio(reduce_hands(motion), motion.frame_count) <= 0.2


def test_every_bone_of_the_hands_has_keys() -> None:
    keys = reduce_hands(gestures(0, frames=48))
    assert tuple(keys) == hand_bones()
    assert len(keys) == 32
    assert tuple(keys)[:2] == ("hand.L", "index1.L")
    assert [name for name, bone in keys.items() if bone.location is not None] == ["hand.L", "hand.R"]
    for bone in keys.values():
        assert bone.rotation.values.shape == (len(bone.frames), 4)
        assert bone.frames[0] == 0
        assert bone.frames[-1] == 47
        if bone.location is not None:
            np.testing.assert_array_equal(bone.location.frames, bone.rotation.frames)


def test_bounds_hold_whatever_the_motion() -> None:
    motion = random_motion(seed=2, frames=30)
    reduced = motion_of_keys(reduce_hands(motion), motion)
    assert quaternion.angle(reduced.rotation, motion.rotation).max() <= DEGREE
    assert fingertip_error(reduced, motion).max() <= 0.002


def test_bounds_hold_for_other_hands_and_other_tolerances() -> None:
    motion = gestures(5, frames=96)
    shape = HandShape(NOMINAL_HAND.bones * 1.5)
    reduced = motion_of_keys(reduce_hands(motion, 0.0005, 0.2 * DEGREE, shape=shape), motion)
    assert quaternion.angle(reduced.rotation, motion.rotation).max() <= 0.2 * DEGREE
    assert fingertip_error(reduced, motion, shape).max() <= 0.0005


def test_a_tight_fingertip_makes_joints_tighter_than_their_own_bound() -> None:
    motion = gestures(6, frames=96)
    reduced = motion_of_keys(reduce_hands(motion, fingertip_tolerance=0.0002), motion)
    assert fingertip_error(reduced, motion).max() <= 0.0002


def test_a_motion_without_movement_has_one_key_a_bone() -> None:
    keys = reduce_hands(still_motion(frames=100))
    assert all(len(bone.frames) == 1 for bone in keys.values())


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_very_short_motions_are_reduced_too(frames: int) -> None:
    motion = gestures(0, frames=60).sliced(0, frames)
    reduced = motion_of_keys(reduce_hands(motion), motion)
    assert fingertip_error(reduced, motion).max() <= 0.002


def test_pinned_frames_have_keys_exactly_on_the_motion() -> None:
    motion = gestures(7, frames=96)
    pinned = [13, 14, 60]
    keys = reduce_hands(motion, required_frames=pinned)
    reduced = motion_of_keys(keys, motion)
    for bone in keys.values():
        assert set(pinned) <= set(bone.frames.tolist())
    np.testing.assert_allclose(reduced.wrist_position[pinned], motion.wrist_position[pinned], atol=1e-9)
    assert quaternion.angle(reduced.rotation, motion.rotation)[pinned].max() < 1e-9
    assert fingertip_error(reduced, motion).max() <= 0.002


def test_pinned_frames_can_belong_to_one_bone() -> None:
    motion = gestures(7, frames=96)
    free = reduce_hands(motion)
    frame = next(f for f in range(1, 95) if f not in free["index1.R"].frames)
    keys = reduce_hands(motion, required_frames={"index1.R": [frame]})
    assert frame in keys["index1.R"].frames
    np.testing.assert_array_equal(keys["index1.L"].frames, free["index1.L"].frames)


def test_a_minimum_jerk_move_needs_a_handful_of_keys() -> None:
    part = np.linspace(0, 1, 25)[:, None]
    move = 0.3 * (10 * part**3 - 15 * part**4 + 6 * part**5) * [1.0, 0.5, 0.0]
    keys = reduce_position(move, tolerance=0.001)
    assert len(keys.frames) <= 6
    assert np.linalg.norm(evaluate(keys, np.arange(25)) - move, axis=1).max() <= 0.001


def test_a_long_turn_at_constant_speed_stays_within_its_angle() -> None:
    q = quaternion.from_rotation_vector(np.linspace(0, 3.0, 200)[:, None] * [0.0, 0.0, 1.0])
    keys = reduce_rotation(q, 0.1 * DEGREE)
    assert rotation_error(keys, q).max() <= 0.1 * DEGREE
    assert len(keys.frames) <= 12


def test_quaternions_that_change_sign_are_made_continuous_first() -> None:
    q = quaternion.from_rotation_vector(np.linspace(0, 1.0, 50)[:, None] * [0.0, 1.0, 0.0])
    signs = np.where(np.arange(50) % 2, -1.0, 1.0)[:, None]
    np.testing.assert_allclose(reduce_rotation(q * signs, DEGREE).values, reduce_rotation(q, DEGREE).values)


def test_columns_reduced_at_once_have_the_keys_that_each_has_alone() -> None:
    rng = np.random.default_rng(3)
    values = np.cumsum(rng.normal(0, 0.02, (300, 5)), axis=0)
    values[:, 3] = 0.4
    required = [None, [7, 150], None, None, [299]]
    together = reduce_columns(values, 0.02, required)
    for column, (keys, frames) in enumerate(zip(together, required, strict=True)):
        alone = reduce_position(values[:, column, None], 0.02, frames)
        np.testing.assert_array_equal(keys.frames, alone.frames)
        np.testing.assert_allclose(keys.values, alone.values, atol=1e-12)
        np.testing.assert_allclose(keys.right, alone.right, atol=1e-12)
    assert len(together[3].frames) == 1


def test_bones_fitted_at_once_have_the_splines_that_each_has_alone() -> None:
    motion = gestures(5, frames=96)
    tolerance = np.full(96, 0.4 * DEGREE)
    wrists = [
        [
            Track(motion.wrist_position[:, hand], np.full(96, 0.0006), rotation=False),
            Track(quaternion.make_continuous(motion.rotation[:, hand, 0]), tolerance, rotation=True),
        ]
        for hand in range(2)
    ]
    joints = [
        [Track(quaternion.make_continuous(motion.rotation[:, 0, joint]), tolerance, rotation=True)] for joint in (1, 2)
    ]
    still = [Track(np.tile(quaternion.IDENTITY, (96, 1)), tolerance, rotation=True)]
    bundles = [wrists[0], joints[0], still, wrists[1], joints[1]]
    required = [np.array(frames, dtype=np.int64) for frames in ([31], [], [], [], [0, 50])]
    # From the ends alone, so that knots are added in many rounds, and in some bundles longer than in others.
    knots = [np.array([0]) if bundle is still else np.array([0, 95]) for bundle in bundles]
    together = fit_splines(bundles, knots, required)
    assert [len(spline.knots) > 8 for spline in together] == [True, True, False, True, True]
    for spline, *one in zip(together, bundles, knots, required, strict=True):
        (alone,) = fit_splines(*([each] for each in one))
        np.testing.assert_array_equal(spline.knots, alone.knots)
        for name in ("values", "slopes", "everywhere"):
            np.testing.assert_allclose(getattr(spline, name), getattr(alone, name), atol=1e-12)


def test_a_still_bone_has_its_ends_beside_a_frame_that_is_required_later() -> None:
    still = Track(np.full((20, 1), 0.3), np.full(20, 0.01), rotation=False)
    moving = Track(np.sin(np.arange(20.0))[:, None], np.full(20, 0.01), rotation=False)
    knots, required = [np.array([0]), np.arange(20)], [np.array([7]), np.zeros(0, np.int64)]
    spline, _ = fit_splines([[still], [moving]], knots, required)
    assert spline.knots.tolist() == [0, 7, 19]
    np.testing.assert_allclose(spline.everywhere, 0.3)


def test_tracks_that_are_reduced_together_share_their_frames() -> None:
    motion = gestures(8, frames=72)
    location, rotation = reduce_curves(
        [
            Track(motion.wrist_position[:, 0], np.full(72, 0.001), rotation=False),
            Track(motion.rotation[:, 0, 0], np.full(72, DEGREE), rotation=True),
        ]
    )
    np.testing.assert_array_equal(location.frames, rotation.frames)
    error = np.linalg.norm(evaluate(location, np.arange(72)) - motion.wrist_position[:, 0], axis=1)
    assert error.max() <= 0.001
    assert rotation_error(rotation, motion.rotation[:, 0, 0]).max() <= DEGREE


def test_a_tolerance_can_change_over_time() -> None:
    values = np.sin(np.arange(200) / 6.0)[:, None]
    tolerance = np.where(np.arange(200) < 100, 1e-4, 0.05)
    keys = reduce_position(values, tolerance)
    assert np.all(np.abs(evaluate(keys, np.arange(200)) - values)[:, 0] <= tolerance)
    assert np.sum(keys.frames < 100) > 2 * np.sum(keys.frames >= 100)


def test_keys_are_smooth() -> None:
    keys = reduce_position(gestures(9, frames=72).wrist_position[:, 1], 0.001)
    at = keys.frames[:, None]
    before = (keys.values - keys.left[..., 1]) / (at - keys.left[..., 0])
    after = (keys.right[..., 1] - keys.values) / (keys.right[..., 0] - at)
    np.testing.assert_allclose(before, after, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0.001, 1.0), st.lists(st.integers(0, 59), max_size=4))
def test_noise_is_followed_within_the_tolerance(seed: int, count: int, tolerance: float, pinned: list[int]) -> None:
    pinned = sorted({frame for frame in pinned if frame < count})
    values = np.random.default_rng(seed).normal(size=(count, 3)).cumsum(axis=0)
    keys = reduce_position(values, tolerance, required_frames=pinned)
    errors = np.linalg.norm(evaluate(keys, np.arange(count)) - values, axis=1)
    assert errors.max() <= tolerance * (1 + 1e-9)
    assert np.all(errors[pinned] < 1e-9)
    assert set(pinned) <= set(keys.frames.tolist())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0.001, 0.5))
def test_any_rotations_are_followed_within_the_tolerance(seed: int, count: int, tolerance: float) -> None:
    q = quaternion.make_continuous(random_rotations(seed, count))
    assert rotation_error(reduce_rotation(q, tolerance), q).max() <= tolerance


def test_fingertips_of_the_flat_hand_lie_where_the_bones_end() -> None:
    tips = NOMINAL_HAND.fingertips(still_motion(frames=1))[0]
    np.testing.assert_allclose(tips[0] - [0.2, -0.2, 0.3], NOMINAL_HAND.bones[0].sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(tips[1] * [-1, 1, 1], tips[0], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: reduce_position(np.zeros((5, 3)), 0.0), "the tolerance is 0.0; it must be more than 0"),
        (
            lambda: reduce_position(np.zeros(5), 0.1),
            "values to reduce have shape (5,); they must be (frames, channels)",
        ),
        (lambda: reduce_rotation(np.zeros((5, 3)), 0.1), "have shape (5, 3); they must be (frames, 4)"),
        (lambda: reduce_position(np.full((5, 3), np.nan), 0.1), "values to reduce are not all finite"),
        (
            lambda: reduce_position(np.zeros((5, 3)), 0.1, [5]),
            "required frame 5 is not one of the motion's frames, 0 to 4",
        ),
        (lambda: reduce_position(np.zeros((5, 3)), 0.1, [1.5]), "required frame 1.5 is not one"),
        (lambda: reduce_hands(still_motion(), 0.0), "tolerances are 0.0 m"),
        (lambda: reduce_hands(still_motion(), required_frames={"toe.L": [0]}), "required_frames names 'toe.L'"),
    ],
)
def test_what_cannot_be_reduced_is_one_sentence(call: object, sentence: str) -> None:
    with refused(sentence):
        call()
