# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms from hands."""

from collections.abc import Callable

import numpy as np
import pytest

from chironomy.body import BodyError, Rig
from chironomy.body.ik import (
    FARTHEST,
    NEAREST,
    POLE_DISTANCE,
    arms_of_swivel,
    clamp_reach,
    elbow_pole,
    elbow_position,
    elbow_swivel,
    solve_arms,
)
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

BOTH = np.tile(quaternion.IDENTITY, (2, 1))
# Fingers point forward, palms down.
FORWARDS = quaternion.from_rotation_vector([[0.0, -np.pi / 2, 0.0], [0.0, np.pi / 2, 0.0]])


def both(x: float, y: float, z: float) -> np.ndarray:
    return np.array([[x, y, z], [-x, y, z]])


def shoulders(rig: Rig) -> np.ndarray:
    return rig.joint_position[[rig.arm_joints(hand)[1] for hand in range(2)]]


def test_both_bones_of_the_arm_keep_their_lengths(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    motion = random_motion(50)
    arms = solve_arms(rig, motion.wrist_position, motion.rotation[:, :, 0])
    np.testing.assert_allclose(
        np.linalg.norm(arms.elbow - shoulders(rig), axis=-1) - rig.arm_lengths[:, 0], 0, atol=1e-9
    )
    np.testing.assert_allclose(
        np.linalg.norm(arms.wrist_position - arms.elbow, axis=-1) - rig.arm_lengths[:, 1], 0, atol=1e-9
    )


def test_a_wrist_within_reach_stays_where_it_is(rig: Rig) -> None:
    place = both(0.2, -0.2, 0.3)
    np.testing.assert_array_equal(clamp_reach(rig, place), place)


def test_a_wrist_out_of_reach_is_brought_in_along_the_line_to_the_shoulder(rig: Rig) -> None:
    for scale, part in ((3.0, FARTHEST), (0.05, NEAREST)):
        place = shoulders(rig) + scale * np.array([[0.1, -0.2, 0.4], [-0.1, -0.2, 0.4]])
        line = clamp_reach(rig, place) - shoulders(rig)
        np.testing.assert_allclose(np.linalg.norm(line, axis=1), part * rig.arm_lengths.sum(axis=1))
        np.testing.assert_allclose(np.cross(line, place - shoulders(rig)), 0.0, atol=1e-9)


def test_a_wrist_in_the_shoulder_still_has_an_arm(rig: Rig) -> None:
    assert np.isfinite(solve_arms(rig, shoulders(rig), BOTH).elbow).all()


def test_the_hinge_of_the_elbow_is_square_to_the_arms_plane(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    motion = random_motion()
    arms = solve_arms(rig, motion.wrist_position, motion.rotation[:, :, 0])
    for hand in range(2):
        _, upper, fore, _, wrist = rig.joint_position[rig.arm_joints(hand)]
        hinge = np.cross(fore - upper, wrist - fore)
        plane = np.cross(arms.elbow[:, hand] - upper, arms.wrist_position[:, hand] - arms.elbow[:, hand])
        plane /= np.linalg.norm(plane, axis=1, keepdims=True)
        for bone in (arms.upper_arm, arms.forearm):
            turned = quaternion.apply(bone[:, hand], hinge / np.linalg.norm(hinge))
            np.testing.assert_allclose(turned, plane, atol=1e-6)


def test_elbows_hang_down_and_a_little_out_with_the_hands_before_the_belly(rig: Rig) -> None:
    left, right = elbow_position(rig, both(0.12, -0.25, 0.3), BOTH)
    assert left[1] < -0.18
    assert rig.joint_position[rig.index("upper_arm.L"), 0] < left[0] < 0.32
    np.testing.assert_allclose(right, left * [-1.0, 1.0, 1.0], atol=1e-9)


def test_elbows_of_hanging_arms_are_behind_the_wrists(rig: Rig) -> None:
    left, _ = elbow_position(rig, both(0.24, -0.46, 0.05), BOTH)
    assert left[2] < 0.03


def test_elbows_rise_with_raised_hands(rig: Rig) -> None:
    low, _ = elbow_position(rig, both(0.25, -0.3, 0.3), BOTH)
    high, _ = elbow_position(rig, both(0.25, 0.15, 0.3), BOTH)
    assert high[1] > low[1] + 0.08


def test_a_hand_on_the_other_side_brings_its_elbow_before_the_body(rig: Rig) -> None:
    left, _ = elbow_position(rig, both(-0.15, -0.15, 0.22), BOTH)
    assert left[2] > 0.14


def test_a_palm_turned_down_lifts_the_elbow_and_turned_up_tucks_it_in(rig: Rig) -> None:
    down = FORWARDS
    over = quaternion.multiply(quaternion.from_rotation_vector([0.0, 0.0, np.pi]), FORWARDS[0])
    up = np.stack([over, over * [1.0, 1.0, -1.0, -1.0]])
    place = both(0.17, -0.2, 0.3)
    assert elbow_position(rig, place, down)[0, 0] > elbow_position(rig, place, up)[0, 0] + 0.05


def test_elbows_never_jump_over_the_space_before_the_body(rig: Rig) -> None:
    random = np.random.default_rng(4)
    x, y, z = random.uniform([-0.2, -0.45, 0.15], [0.45, 0.3, 0.4], (4000, 3)).T
    place = np.stack([np.stack([x, y, z], 1), np.stack([-x, y, z], 1)], axis=1)
    inside = np.linalg.norm(place[:, 0] - shoulders(rig)[0], axis=1) < 0.95 * rig.arm_lengths[0].sum()
    place = place[inside]
    step = random.normal(size=(len(place), 2, 3))
    step *= 0.001 / np.linalg.norm(step, axis=-1, keepdims=True)
    forwards = np.broadcast_to(FORWARDS, (len(place), 2, 4))
    moved = elbow_position(rig, clamp_reach(rig, place + step), forwards) - elbow_position(rig, place, forwards)
    assert np.linalg.norm(moved, axis=-1).max() < 0.004


def test_the_pole_is_in_the_arms_plane_beyond_the_elbow(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    motion = random_motion()
    turned = motion.rotation[:, :, 0]
    arms = solve_arms(rig, motion.wrist_position, turned)
    pole = elbow_pole(rig, motion.wrist_position, turned)
    line = arms.wrist_position - shoulders(rig)
    line /= np.linalg.norm(line, axis=-1, keepdims=True)

    def across(points: np.ndarray) -> np.ndarray:
        offset = points - shoulders(rig)
        return offset - line * np.sum(offset * line, axis=-1, keepdims=True)

    np.testing.assert_allclose(np.linalg.norm(across(pole), axis=-1), POLE_DISTANCE)
    np.testing.assert_allclose(np.cross(across(pole), across(arms.elbow)), 0.0, atol=1e-9)
    assert (np.sum(across(pole) * across(arms.elbow), axis=-1) > 0.0).all()


def test_an_arm_can_be_solved_from_its_pole_alone(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    motion = random_motion()
    turned = motion.rotation[:, :, 0]
    whole = solve_arms(rig, motion.wrist_position, turned)
    pole = elbow_pole(rig, motion.wrist_position, turned)
    again = arms_of_swivel(rig, motion.wrist_position, turned, pole - shoulders(rig))
    np.testing.assert_allclose(again.elbow, whole.elbow, atol=1e-9)


def test_swivels_are_unit_and_across_the_arm(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    motion = random_motion()
    swivel = elbow_swivel(rig, motion.wrist_position, motion.rotation[:, :, 0])
    np.testing.assert_allclose(np.linalg.norm(swivel, axis=-1), 1.0)
    np.testing.assert_allclose(np.sum(swivel * (motion.wrist_position - shoulders(rig)), axis=-1), 0.0, atol=1e-9)


def test_places_of_the_wrong_shape_or_not_finite_are_refused(rig: Rig) -> None:
    with pytest.raises(BodyError, match=r"wrist_position has shape \(3,\)"):
        clamp_reach(rig, [0.0, 0.0, 0.3])
    with pytest.raises(BodyError, match="not finite"):
        solve_arms(rig, both(np.nan, 0.0, 0.3), BOTH)
