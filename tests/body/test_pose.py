# SPDX-License-Identifier: GPL-3.0-or-later
"""From the motion of the hands to the whole body, and back."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.body import BodyError, BodyPose, Rig, bind_pose, fingertips, hand_keypoints, hands_of_pose, solve_pose
from chironomy.body.pose import KEYPOINT_NAMES, hand_local_keypoints, hand_rotations
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion


def test_identity_is_the_rest_pose_fingers_out_and_palms_down(rig: Rig, held: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, held((0.6, 0.0, 0.0)))
    points = hand_keypoints(rig, pose)[0]
    for hand, away in enumerate((1.0, -1.0)):
        out = points[hand] - points[hand, 0]
        assert out[KEYPOINT_NAMES.index("middle_tip"), 0] * away > 0.15
        assert abs(out[KEYPOINT_NAMES.index("middle_tip"), 1]) < 0.01
        assert out[KEYPOINT_NAMES.index("thumb_tip"), 2] > 0.05


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_hands_of_a_pose_are_the_motion_it_was_made_from(
    rig: Rig, random_motion: Callable[..., HandMotion], seed: int
) -> None:
    motion = random_motion(4, seed)
    back = hands_of_pose(rig, solve_pose(rig, motion))
    assert quaternion.angle(back.rotation, motion.rotation).max() < 1e-9
    np.testing.assert_allclose(back.wrist_position, motion.wrist_position, atol=1e-12)
    assert back.fps == motion.fps


def test_bones_keep_their_lengths_and_joints_hold_together(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, random_motion())
    for joint, parent in enumerate(rig.parents):
        if parent >= 0:
            bone = rig.joint_position[joint] - rig.joint_position[parent]
            place = pose.joint_position[:, parent] + quaternion.apply(pose.joint_rotation[:, parent], bone)
            np.testing.assert_allclose(place, pose.joint_position[:, joint], atol=1e-9, err_msg=rig.joint_names[joint])


def test_torso_head_and_legs_rest(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, random_motion())
    moving = {int(j) for hand in HANDS for j in [*rig.hand_joints(hand), *rig.arm_joints(hand)[1:]]}
    still = [j for j in range(rig.joint_count) if j not in moving]
    np.testing.assert_array_equal(pose.joint_rotation[:, still], np.broadcast_to([1.0, 0, 0, 0], (20, len(still), 4)))
    np.testing.assert_array_equal(
        pose.joint_position[:, still], np.broadcast_to(rig.joint_position[still], (20, len(still), 3))
    )


@pytest.mark.parametrize(("hand", "sign"), [("left", -1.0), ("right", 1.0)])
def test_flexion_is_a_turn_about_z_negative_on_the_left_positive_on_the_right(rig: Rig, hand: str, sign: float) -> None:
    flat = np.tile(quaternion.IDENTITY, (16, 1))
    bent = flat.copy()
    for finger in ("index", "middle", "ring", "pinky"):
        for joint in (1, 2, 3):
            bent[MANO_JOINTS.index(f"{finger}{joint}")] = quaternion.from_rotation_vector([0, 0, sign * 0.8])
    tips = slice(17, 21)
    before, after = hand_local_keypoints(rig, hand, flat)[tips], hand_local_keypoints(rig, hand, bent)[tips]
    # The palm of the rest pose faces down.
    assert (after[:, 1] < before[:, 1] - 0.02).all()
    assert (np.linalg.norm(after, axis=1) < np.linalg.norm(before, axis=1)).all()


def test_a_wrist_turns_its_whole_hand(rig: Rig) -> None:
    random = np.random.default_rng(1)
    rotation = quaternion.from_rotation_vector(random.normal(size=(16, 3)))
    turn = quaternion.from_rotation_vector(random.normal(size=3))
    turned = rotation.copy()
    turned[0] = quaternion.multiply(turn, rotation[0])
    for hand in HANDS:
        np.testing.assert_allclose(
            hand_local_keypoints(rig, hand, turned),
            quaternion.apply(turn, hand_local_keypoints(rig, hand, rotation)),
            atol=1e-12,
        )


def test_inside_the_hand_a_rotation_acts_as_its_conjugate_by_the_shared_rest_rotation(rig: Rig) -> None:
    rotation = quaternion.from_rotation_vector(np.random.default_rng(2).normal(size=(16, 3)))
    world = hand_rotations(rig, "left", rotation)
    rest = rig.rest_rotation[rig.hand_joints("left")[0]]
    index2 = MANO_JOINTS.index("index2")
    local = quaternion.multiply(quaternion.inverse(world[index2 - 1]), world[index2])
    conjugate = quaternion.multiply(quaternion.inverse(rest), quaternion.multiply(rotation[index2], rest))
    assert quaternion.angle(local, conjugate) < 1e-12


@pytest.mark.parametrize("degrees", [-170.0, -90.0, -30.0, 0.0, 45.0, 120.0, 179.0])
def test_the_forearms_twist_joint_takes_half_of_the_wrists_twist(
    rig: Rig, held: Callable[..., HandMotion], degrees: float
) -> None:
    pose = solve_pose(rig, held((0.2, -0.2, 0.3)))
    _, _, fore, twist, wrist = rig.arm_joints(0)
    axis = rig.joint_position[wrist] - rig.joint_position[fore]
    axis /= np.linalg.norm(axis)
    forearm = pose.joint_rotation[0, fore]
    turned = quaternion.multiply(forearm, quaternion.from_rotation_vector(np.radians(degrees) * axis))
    rotation = quaternion.multiply(turned, quaternion.inverse(rig.rest_rotation[wrist]))
    motion = held((0.2, -0.2, 0.3), rotation)
    pose = solve_pose(rig, motion)

    def twist_of(joint: int) -> float:
        local = quaternion.multiply(quaternion.inverse(pose.joint_rotation[0, fore]), pose.joint_rotation[0, joint])
        _, part = quaternion.swing_twist(local, axis)
        return float(np.degrees(quaternion.to_rotation_vector(part) @ axis))

    assert twist_of(int(twist)) == pytest.approx(0.5 * twist_of(int(wrist)), abs=1e-6)
    local = quaternion.multiply(quaternion.inverse(pose.joint_rotation[0, fore]), pose.joint_rotation[0, twist])
    swing, _ = quaternion.swing_twist(local, axis)
    assert quaternion.angle(swing, quaternion.IDENTITY) < 1e-6


def test_mirrored_hands_make_a_mirrored_body(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    motion = random_motion()
    mirrored = motion.replaced(
        wrist_position=motion.wrist_position[:, ::-1] * [-1.0, 1.0, 1.0],
        rotation=motion.rotation[:, ::-1] * [1.0, 1.0, -1.0, -1.0],
    )
    here, there = solve_pose(rig, motion), solve_pose(rig, mirrored)
    for name in rig.joint_names:
        if name.endswith(".L"):
            other = rig.index(name[:-1] + "R")
            np.testing.assert_allclose(
                here.joint_position[:, rig.index(name)], there.joint_position[:, other] * [-1.0, 1.0, 1.0], atol=1e-9
            )


def test_keypoints_are_joints_then_tips(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, random_motion(3))
    points = hand_keypoints(rig, pose)
    assert points.shape == (3, 2, 21, 3)
    np.testing.assert_array_equal(points[:, 1, :16], pose.joint_position[:, rig.hand_joints("right")])
    np.testing.assert_array_equal(points[:, :, 16:], fingertips(rig, pose))


def test_fingertips_lie_on_the_mesh(rig: Rig) -> None:
    tips = fingertips(rig, bind_pose(rig))[0]
    np.testing.assert_allclose(tips, rig.vertices[rig.fingertip_vertex], atol=0.003)


def test_a_pose_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(BodyError, match="joint_rotation has shape"):
        BodyPose(24.0, np.zeros((56, 4)), np.zeros((56, 3)))
    with pytest.raises(BodyError, match="joint_position has shape"):
        BodyPose(24.0, np.zeros((1, 56, 4)), np.zeros((1, 55, 3)))
