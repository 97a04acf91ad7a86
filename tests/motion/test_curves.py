# SPDX-License-Identifier: GPL-3.0-or-later
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from motions import random_rotations

from chironomy.motion import MotionError, SparseKeys, evaluate
from chironomy.motion import rotation as quaternion


def one_channel(*keys: tuple[int, float, tuple[float, float], tuple[float, float]]) -> SparseKeys:
    """Make keys from (frame, value, left handle, right handle)."""
    frames, values, left, right = zip(*keys, strict=True)
    return SparseKeys(
        np.array(frames), np.array(values)[:, None], np.array(left)[:, None, :], np.array(right)[:, None, :]
    )


def test_handles_at_thirds_make_a_straight_line() -> None:
    keys = one_channel((0, 0.0, (-1, -1), (1, 1)), (3, 3.0, (2, 2), (4, 4)))
    np.testing.assert_allclose(evaluate(keys, [0, 0.5, 1, 2.25, 3])[:, 0], [0, 0.5, 1, 2.25, 3], atol=1e-12)


def test_level_handles_at_thirds_ease_in_and_out() -> None:
    keys = SparseKeys.from_slopes([0, 10], [[0.0], [1.0]], [[0.0], [0.0]])
    part = np.arange(11) / 10
    np.testing.assert_allclose(evaluate(keys, np.arange(11))[:, 0], part**2 * (3 - 2 * part), atol=1e-12)


def test_a_bezier_computed_by_hand() -> None:
    # Frames 0, 8, 2, 10 at the parameter 1/2 make 3/8 (8 + 2) + 1/8 10 = 5; values 0, 2, -1, 1 make 3/8 + 1/8 = 0.5.
    # At the parameter 1/4 the weights are 27, 27, 9, 1 over 64: frame 244/64, value 46/64.
    keys = one_channel((0, 0.0, (-1, 0), (8, 2)), (10, 1.0, (2, -1), (11, 1)))
    np.testing.assert_allclose(evaluate(keys, [5, 244 / 64])[:, 0], [0.5, 46 / 64], atol=1e-12)


def test_a_handle_longer_than_the_interval_is_shortened_along_itself() -> None:
    long = one_channel((0, 0.0, (-1, 0), (15, 3)), (10, 1.0, (-20, -2), (11, 1)))
    short = one_channel((0, 0.0, (-1, 0), (10, 2)), (10, 1.0, (0, 0), (11, 1)))
    frames = np.linspace(0, 10, 41)
    np.testing.assert_allclose(evaluate(long, frames), evaluate(short, frames), atol=1e-12)


def test_crossed_handles_within_the_interval_stay_as_they_are() -> None:
    # What Blender 5.0 gives for these keys at frames 2, 5 and 8.
    keys = one_channel((0, 0.0, (-1, 0), (8, 2)), (10, 1.0, (2, -1), (11, 1)))
    np.testing.assert_allclose(evaluate(keys, [2, 5, 8])[:, 0], [0.458393, 0.5, 0.541607], atol=2e-6)


def test_beyond_the_keys_the_ends_hold() -> None:
    keys = SparseKeys.from_slopes([5, 10], [[1.0, 2.0], [3.0, 4.0]], np.ones((2, 2)))
    np.testing.assert_array_equal(evaluate(keys, [-3, 99]), [[1, 2], [3, 4]])
    single = SparseKeys.from_slopes([5], [[1.0]], [[9.0]])
    np.testing.assert_array_equal(evaluate(single, [0, 5, 7.5]), [[1], [1], [1]])


def test_keys_lie_on_the_curve_and_channels_do_not_mix() -> None:
    rng = np.random.default_rng(0)
    frames, values = np.array([0, 2, 7, 8]), rng.normal(size=(4, 3))
    keys = SparseKeys.from_slopes(frames, values, rng.normal(size=(4, 3)))
    np.testing.assert_allclose(evaluate(keys, frames), values, atol=1e-12)
    first = SparseKeys(keys.frames, keys.values[:, :1], keys.left[:, :1], keys.right[:, :1])
    np.testing.assert_allclose(evaluate(first, [1.3, 4.0])[:, 0], evaluate(keys, [1.3, 4.0])[:, 0])


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10))
def test_any_forward_handles_give_a_value_at_every_frame(right: float, left: float, frame: float) -> None:
    # Value equal to frame at every point: whatever the parameter, the curve must come back to the frame.
    keys = one_channel((0, 0.0, (-1, -1), (right, right)), (10, 10.0, (left, left), (11, 11)))
    np.testing.assert_allclose(evaluate(keys, [frame])[0, 0], frame, atol=1e-6)


def test_a_change_of_frame_maps_keys_exactly() -> None:
    rng = np.random.default_rng(1)
    keys = SparseKeys.from_slopes([0, 3, 9], rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))
    turn, origin = random_rotations(2), np.array([1.0, 2.0, 3.0])
    frames = np.linspace(0, 9, 19)
    mapped = keys.mapped(quaternion.to_matrix(turn), origin)
    np.testing.assert_allclose(
        evaluate(mapped, frames), quaternion.apply(turn, evaluate(keys, frames)) + origin, atol=1e-12
    )


def test_channels_with_handles_at_different_frames_are_not_mixed() -> None:
    keys = SparseKeys.from_slopes([0, 3], np.zeros((2, 2)), np.zeros((2, 2)))
    keys.right[0, 1, 0] += 0.5
    with pytest.raises(MotionError, match="handles at different frames"):
        keys.mapped(np.eye(2))


def test_shifted_keys_are_the_same_curve_later() -> None:
    keys = SparseKeys.from_slopes([0, 3, 9], [[0.0], [1.0], [0.5]], [[0.1], [0.0], [0.3]])
    np.testing.assert_allclose(evaluate(keys.shifted(100), np.arange(100, 110)), evaluate(keys, np.arange(10)))


@pytest.mark.parametrize("frames", [[], [0, 0], [3, 1], [0, 1.5]])
def test_frames_must_increase(frames: list[float]) -> None:
    values = np.zeros((len(frames), 1))
    with pytest.raises(MotionError, match="frames of keys must be whole numbers that increase"):
        SparseKeys(np.array(frames), values, np.zeros((len(frames), 1, 2)), np.zeros((len(frames), 1, 2)))
