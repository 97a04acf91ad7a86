# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and hands stay out of the body."""

from collections.abc import Callable

import numpy as np

from chironomy.body import Rig, solve_pose
from chironomy.body.collision import (
    arm_balls,
    arm_penetration,
    body_tubes,
    hands_penetration,
    push_out,
    signed_depth,
)
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion


def trunk_vertices(rig: Rig) -> np.ndarray:
    joints = [rig.index(name) for name in ("hips", "spine", "chest", "upper_chest")]
    share = (rig.weight * np.isin(rig.weight_joint, joints)).sum(axis=1)
    return rig.vertices[(share > 0.9) & (rig.vertices[:, 1] < -0.05)].astype(float)


def through_the_belly(rig: Rig, held: Callable[..., HandMotion]) -> HandMotion:
    """Two seconds in which both hands sink into the belly and come back."""
    frames = 48
    depth = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frames) / frames)
    inwards = quaternion.from_rotation_vector([0.0, -np.pi / 2, 0.0])
    motion = held((0.10, -0.25, 0.30), inwards)
    place = np.repeat(motion.wrist_position, frames, axis=0)
    place[:, :, 2] -= 0.25 * depth[:, None]
    rotation = np.repeat(motion.rotation, frames, axis=0)
    return HandMotion(24.0, place, rotation, np.ones((frames, 2)))


def test_the_outline_follows_the_mesh_of_the_trunk(rig: Rig) -> None:
    depth, _ = signed_depth(rig, trunk_vertices(rig))
    assert np.percentile(np.abs(depth), 95) < 0.005


def test_the_middle_of_the_body_is_inside_and_the_air_before_it_outside(rig: Rig) -> None:
    assert signed_depth(rig, np.array([0.0, -0.25, 0.0]))[0] > 0.06
    assert signed_depth(rig, np.array([0.0, 0.22, 0.03]))[0] > 0.05
    for outside in ([0.0, -0.25, 0.3], [0.35, -0.25, 0.0], [0.0, 0.22, 0.25], [0.0, -0.9, 0.3]):
        assert signed_depth(rig, np.array(outside))[0] <= 0.0


def test_the_way_out_is_level_and_leads_out(rig: Rig) -> None:
    points = np.array([[0.05, -0.25, 0.08], [-0.1, -0.3, 0.02], [0.0, 0.2, 0.08]])
    depth, way = signed_depth(rig, points)
    np.testing.assert_array_equal(way[:, 1], 0.0)
    assert (signed_depth(rig, points + way * (depth[:, None] + 0.03))[0] <= 0.0).all()


def test_depth_changes_no_faster_than_the_point_moves(rig: Rig) -> None:
    random = np.random.default_rng(0)
    points = random.uniform([-0.3, -0.45, -0.2], [0.3, 0.0, 0.4], (3000, 3))
    step = random.normal(size=points.shape)
    step *= 0.002 / np.linalg.norm(step, axis=1, keepdims=True)
    before, after = signed_depth(rig, points)[0], signed_depth(rig, points + step)[0]
    assert np.percentile(np.abs(after - before), 99) < 0.004


def test_tubes_are_made_once(rig: Rig) -> None:
    assert body_tubes(rig) is body_tubes(rig)


def test_balls_lie_along_forearm_and_hand(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    middle, radius = arm_balls(rig, solve_pose(rig, random_motion(2)))
    assert middle.shape == (2, 2, len(radius), 3)
    assert 0.005 < radius.min() < radius.max() < 0.05


def test_hands_in_front_of_the_body_touch_nothing(rig: Rig, held: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, held((0.18, -0.2, 0.33), quaternion.from_rotation_vector([0.0, -np.pi / 2, 0.0])))
    assert arm_penetration(rig, pose).max() == 0.0
    assert hands_penetration(rig, pose).max() == 0.0


def test_hands_in_the_same_place_are_inside_each_other(rig: Rig, held: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, held((0.0, -0.2, 0.35), quaternion.from_rotation_vector([0.0, -np.pi / 2, 0.0])))
    assert hands_penetration(rig, pose).min() > 0.01


def test_motion_through_the_belly_is_pushed_out(rig: Rig, held: Callable[..., HandMotion]) -> None:
    motion = through_the_belly(rig, held)
    assert arm_penetration(rig, solve_pose(rig, motion)).max() > 0.03
    assert arm_penetration(rig, solve_pose(rig, push_out(rig, motion))).max() < 0.002


def test_pushed_motion_stays_smooth(rig: Rig, held: Callable[..., HandMotion]) -> None:
    pushed = push_out(rig, through_the_belly(rig, held))
    acceleration = np.diff(pushed.wrist_position, 2, axis=0) * 24.0**2
    assert np.linalg.norm(acceleration, axis=-1).max() < 6.0


def test_motion_that_touches_nothing_is_not_moved(rig: Rig, held: Callable[..., HandMotion]) -> None:
    motion = held((0.25, -0.2, 0.33))
    np.testing.assert_array_equal(push_out(rig, motion).wrist_position, motion.wrist_position)


def test_overlapping_hands_are_parted(rig: Rig, held: Callable[..., HandMotion]) -> None:
    motion = held((0.02, -0.2, 0.35), quaternion.from_rotation_vector([0.0, -np.pi / 2, 0.0]))
    assert hands_penetration(rig, solve_pose(rig, motion)).max() > 0.0
    assert hands_penetration(rig, solve_pose(rig, push_out(rig, motion))).max() < 0.001


def test_parting_hands_does_not_magnify_what_differs_in_the_last_digits(rig: Rig) -> None:
    """Hands that sway through each other with fingers interlocked: 1e-6 m of noise stays under 0.1 mm."""
    times = np.arange(72) / 24.0
    inwards = quaternion.from_rotation_vector([0.0, -np.pi / 2, 0.0])
    for seed in range(4):
        random = np.random.default_rng(seed)
        turns = random.normal(scale=0.35, size=(2, 16, 3)) + np.zeros((len(times), 1, 1, 1))
        turns += 0.15 * np.sin(times[:, None, None, None] * random.uniform(2, 6, (2, 16, 3)))
        rotation = quaternion.from_rotation_vector(turns)
        rotation[:, 0, 0], rotation[:, 1, 0] = inwards, inwards * [1.0, 1.0, -1.0, -1.0]
        place = np.array([[0.03, -0.25, 0.33], [-0.03, -0.24, 0.33]]) + random.normal(0, 0.01, (2, 3))
        position = place + 0.05 * np.sin(times[:, None, None] * random.uniform(1, 4, (2, 3)))
        motion = HandMotion(24.0, position, rotation, np.ones((len(times), 2)))
        noisy = motion.replaced(wrist_position=position + 1e-6 * random.standard_normal(position.shape))
        parted, other = push_out(rig, motion), push_out(rig, noisy)
        assert np.abs(parted.wrist_position - motion.wrist_position).max() > 0.01
        assert np.abs(parted.wrist_position - other.wrist_position).max() < 1e-4
