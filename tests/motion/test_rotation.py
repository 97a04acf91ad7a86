# SPDX-License-Identifier: GPL-3.0-or-later
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from chironomy.motion import rotation as quaternion

HALF = np.sqrt(0.5)
# A quarter turn about each axis: as quaternion, as matrix, as rotation vector.
QUARTER_TURNS = [
    ([HALF, HALF, 0, 0], [[1, 0, 0], [0, 0, -1], [0, 1, 0]], [np.pi / 2, 0, 0]),
    ([HALF, 0, HALF, 0], [[0, 0, 1], [0, 1, 0], [-1, 0, 0]], [0, np.pi / 2, 0]),
    ([HALF, 0, 0, HALF], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], [0, 0, np.pi / 2]),
]


def components(count: int) -> st.SearchStrategy[np.ndarray]:
    return arrays.arrays(np.float64, (count,), elements=st.floats(-1.0, 1.0, width=32))


rotations = components(4).filter(lambda q: np.linalg.norm(q) > 1e-3).map(quaternion.normalize)
vectors = components(3)


def assert_same_rotation(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-7) -> None:
    assert np.all(quaternion.angle(a, b) < tolerance)


@pytest.mark.parametrize(("q", "matrix", "vector"), QUARTER_TURNS)
def test_a_quarter_turn_is_the_same_in_every_form(q: list, matrix: list, vector: list) -> None:
    np.testing.assert_allclose(quaternion.to_matrix(q), matrix, atol=1e-15)
    np.testing.assert_allclose(quaternion.from_matrix(matrix), q, atol=1e-15)
    np.testing.assert_allclose(quaternion.to_rotation_vector(q), vector, atol=1e-15)
    np.testing.assert_allclose(quaternion.from_rotation_vector(vector), q, atol=1e-15)
    np.testing.assert_allclose(quaternion.to_6d(q), np.array(matrix).T[:2].ravel(), atol=1e-15)


def test_half_turns_have_matrices_too() -> None:
    half_turns = np.eye(4)[1:]
    np.testing.assert_allclose(np.abs(quaternion.from_matrix(quaternion.to_matrix(half_turns))), half_turns, atol=1e-15)


def test_the_right_factor_of_a_product_turns_first() -> None:
    about_x, about_z = QUARTER_TURNS[0][0], QUARTER_TURNS[2][0]
    turned = quaternion.apply(quaternion.multiply(about_x, about_z), [1.0, 0.0, 0.0])
    np.testing.assert_allclose(turned, [0.0, 0.0, 1.0], atol=1e-15)  # x -> y about z, then y -> z about x


@given(rotations, vectors)
def test_matrices_turn_vectors_as_quaternions_do(q: np.ndarray, v: np.ndarray) -> None:
    np.testing.assert_allclose(quaternion.apply(q, v), quaternion.to_matrix(q) @ v, atol=1e-12)


@given(rotations)
def test_every_form_round_trips(q: np.ndarray) -> None:
    assert_same_rotation(quaternion.from_matrix(quaternion.to_matrix(q)), q)
    assert_same_rotation(quaternion.from_6d(quaternion.to_6d(q)), q)
    assert_same_rotation(quaternion.from_rotation_vector(quaternion.to_rotation_vector(q)), q)


@given(rotations)
def test_a_rotation_and_its_inverse_make_the_identity(q: np.ndarray) -> None:
    assert_same_rotation(quaternion.multiply(q, quaternion.inverse(q)), quaternion.IDENTITY)


def test_tiny_rotation_vectors_keep_their_digits() -> None:
    vector = np.array([3e-12, -2e-12, 1e-12])
    np.testing.assert_allclose(
        quaternion.to_rotation_vector(quaternion.from_rotation_vector(vector)), vector, rtol=1e-9
    )


def test_any_six_numbers_make_a_rotation() -> None:
    x = np.random.default_rng(0).normal(size=(100, 6))
    np.testing.assert_allclose(np.linalg.norm(quaternion.from_6d(x), axis=-1), 1.0)
    assert np.isfinite(quaternion.from_6d(np.zeros(6))).all()


def test_slerp_goes_at_constant_speed() -> None:
    end = quaternion.from_rotation_vector([0.0, 0.0, 1.2])
    halfway = quaternion.slerp(quaternion.IDENTITY, end, [0.0, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(quaternion.to_rotation_vector(halfway)[:, 2], [0.0, 0.3, 0.6, 1.2], atol=1e-12)


@given(rotations, rotations, st.floats(0.0, 1.0))
def test_slerp_takes_the_shorter_arc(a: np.ndarray, b: np.ndarray, t: float) -> None:
    whole = quaternion.angle(a, b)
    np.testing.assert_allclose(quaternion.angle(a, quaternion.slerp(a, b, t)), t * whole, atol=1e-6)
    np.testing.assert_allclose(quaternion.angle(a, quaternion.slerp(a, -b, t)), t * whole, atol=1e-6)


@given(rotations, rotations)
def test_the_sign_of_a_quaternion_does_not_change_an_angle(a: np.ndarray, b: np.ndarray) -> None:
    angle = quaternion.angle(a, b)
    assert 0.0 <= angle <= np.pi + 1e-9
    np.testing.assert_allclose(quaternion.angle(-a, b), angle, atol=1e-9)
    relative = quaternion.to_rotation_vector(quaternion.multiply(quaternion.inverse(a), b))
    np.testing.assert_allclose(np.linalg.norm(relative), angle, atol=1e-6)


@given(arrays.arrays(np.float64, (7, 3, 4), elements=st.floats(-1.0, 1.0, width=32)))
def test_continuity_changes_signs_only_and_keeps_the_first(q: np.ndarray) -> None:
    continuous = quaternion.make_continuous(q)
    np.testing.assert_array_equal(np.abs(continuous), np.abs(q))
    np.testing.assert_array_equal(continuous[0], q[0])
    assert np.all(np.sum(continuous[1:] * continuous[:-1], axis=-1) >= 0.0)
    np.testing.assert_array_equal(quaternion.make_continuous(continuous), continuous)


def test_continuity_along_another_axis() -> None:
    q = np.array([[quaternion.IDENTITY, -quaternion.IDENTITY, quaternion.IDENTITY]])
    assert np.all(quaternion.make_continuous(q, axis=1)[..., 0] == 1.0)
    assert np.all(quaternion.make_continuous(q, axis=-2)[..., 0] == 1.0)


def test_resampling_passes_through_the_samples_and_holds_the_ends() -> None:
    angles = np.array([0.0, 0.4, 1.0])
    q = quaternion.from_rotation_vector(angles[:, None] * [0.0, 1.0, 0.0])
    new = quaternion.resample(q, [0.0, 1.0, 2.0], [-1.0, 0.5, 1.0, 1.5, 9.0])
    np.testing.assert_allclose(quaternion.to_rotation_vector(new)[:, 1], [0.0, 0.2, 0.4, 0.7, 1.0], atol=1e-12)


@settings(max_examples=50)
@given(rotations, vectors.filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_swing_and_twist_make_the_rotation(q: np.ndarray, axis: np.ndarray) -> None:
    swing, twist = quaternion.swing_twist(q, axis)
    assert_same_rotation(quaternion.multiply(swing, twist), q)
    np.testing.assert_allclose(quaternion.apply(twist, axis), axis, atol=1e-9)
    # What is left swings the axis about a line across it.
    np.testing.assert_allclose(np.dot(swing[1:], axis), 0.0, atol=1e-9)


@given(vectors, vectors)
def test_between_takes_one_direction_to_the_other(u: np.ndarray, v: np.ndarray) -> None:
    if min(np.linalg.norm(u), np.linalg.norm(v)) < 1e-3:
        return
    turned = quaternion.apply(quaternion.between(u, v), u)
    np.testing.assert_allclose(turned / np.linalg.norm(turned), v / np.linalg.norm(v), atol=1e-6)


def test_between_opposite_directions_is_a_half_turn() -> None:
    for direction in np.vstack([np.eye(3), [[0.6, -0.8, 0.0]]]):
        q = quaternion.between(direction, -direction)
        np.testing.assert_allclose(quaternion.apply(q, direction), -direction, atol=1e-12)


def test_a_zero_quaternion_normalises_to_the_identity() -> None:
    np.testing.assert_array_equal(quaternion.normalize([[0, 0, 0, 0], [0, 3, 0, 0]]), [[1, 0, 0, 0], [0, 1, 0, 0]])
