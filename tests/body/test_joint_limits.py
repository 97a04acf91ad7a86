# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the joints of a hand can go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.body import BodyError, Rig
from chironomy.body.hand_anatomy import ABDUCTION, FLEXION, HAND_LIMITS, joint_angles, rotation_of_angles
from chironomy.body.joint_limits import clamp_hand_rotation, limit_violation
from chironomy.body.pose import hand_local_keypoints
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS


def bent(joint: str, angle: int, degrees: float) -> np.ndarray:
    angles = np.zeros((2, 16, 3))
    angles[:, MANO_JOINTS.index(joint), angle] = degrees
    return rotation_of_angles(angles)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_angles_and_rotations_are_each_others_inverse(seed: int) -> None:
    angles = np.random.default_rng(seed).uniform(-80.0, 80.0, (3, 2, 16, 3))
    np.testing.assert_allclose(joint_angles(rotation_of_angles(angles)), angles, atol=1e-9)


def test_the_twist_axes_are_the_characters_bones(rig: Rig) -> None:
    for hand in HANDS:
        joints = rig.hand_joints(hand)
        bones = quaternion.apply(rig.rest_rotation[joints], rig.joint_tail[joints] - rig.joint_position[joints])
        twisted = np.zeros((16, 3))
        twisted[:, 2] = 40.0
        axes = quaternion.to_rotation_vector(rotation_of_angles(twisted, hand))
        # A mirrored turn about a mirrored axis: the rotation vector of the right hand points back along the bone.
        axes *= 1.0 if hand == "left" else -1.0
        cosine = np.sum(axes * bones, axis=1) / np.linalg.norm(axes, axis=1) / np.linalg.norm(bones, axis=1)
        assert np.degrees(np.arccos(np.clip(cosine[1:], -1.0, 1.0))).max() < 6.0


@pytest.mark.parametrize("hand", HANDS)
def test_flexing_a_finger_takes_its_tip_to_the_palms_side(rig: Rig, hand: str) -> None:
    flat = hand_local_keypoints(rig, hand, np.tile(quaternion.IDENTITY, (16, 1)))
    for tip, finger in enumerate(("index", "middle", "ring", "pinky"), start=17):
        flexed = hand_local_keypoints(rig, hand, bent(f"{finger}1", FLEXION, 60.0)[HANDS.index(hand)])
        assert flexed[tip, 1] < flat[tip, 1] - 0.03


@pytest.mark.parametrize("hand", HANDS)
def test_flexing_the_thumb_takes_its_tip_towards_the_fingers_across_the_palm(rig: Rig, hand: str) -> None:
    flat = hand_local_keypoints(rig, hand, np.tile(quaternion.IDENTITY, (16, 1)))
    flexed = hand_local_keypoints(rig, hand, bent("thumb3", FLEXION, 60.0)[HANDS.index(hand)])
    assert flexed[16, 2] < flat[16, 2] - 0.01


@pytest.mark.parametrize("hand", HANDS)
def test_abducting_the_index_takes_it_towards_the_thumb(rig: Rig, hand: str) -> None:
    flat = hand_local_keypoints(rig, hand, np.tile(quaternion.IDENTITY, (16, 1)))
    spread = hand_local_keypoints(rig, hand, bent("index1", ABDUCTION, 15.0)[HANDS.index(hand)])
    assert spread[17, 2] > flat[17, 2] + 0.01


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_is_clamped_is_within_the_limits(seed: int) -> None:
    rotation = quaternion.normalize(np.random.default_rng(seed).normal(size=(4, 2, 16, 4)))
    assert limit_violation(clamp_hand_rotation(rotation)).max() < 1e-6


def test_a_comfortable_hand_is_not_changed() -> None:
    angles = np.zeros((2, 16, 3))
    angles[:, 1:, FLEXION] = 25.0
    rotation = rotation_of_angles(angles)
    np.testing.assert_array_equal(clamp_hand_rotation(rotation), rotation)
    assert limit_violation(rotation).max() == 0.0


def test_wrists_are_left_alone() -> None:
    rotation = quaternion.normalize(np.random.default_rng(0).normal(size=(2, 16, 4)))
    np.testing.assert_array_equal(clamp_hand_rotation(rotation)[:, 0], rotation[:, 0])


def test_a_finger_bent_backwards_is_beyond_the_limit_by_that_much() -> None:
    violation = limit_violation(bent("middle2", FLEXION, -37.0))
    np.testing.assert_allclose(violation[:, MANO_JOINTS.index("middle2")], 30.0, atol=1e-9)
    assert violation.sum() == pytest.approx(60.0)


def test_motion_into_a_limit_slows_down_and_never_turns_back() -> None:
    flexion = np.linspace(60.0, 140.0, 81)
    angles = np.zeros((81, 16, 3))
    joint = MANO_JOINTS.index("index1")
    angles[:, joint, FLEXION] = flexion
    clamped = joint_angles(clamp_hand_rotation(rotation_of_angles(angles, "left"), "left"), "left")[:, joint, FLEXION]
    speed = np.diff(clamped)
    assert (speed >= -1e-9).all()
    assert (np.diff(speed) <= 1e-9).all()
    assert clamped[-1] <= HAND_LIMITS[joint, FLEXION, 1]


def test_one_hand_can_be_given_alone() -> None:
    rotation = quaternion.normalize(np.random.default_rng(3).normal(size=(5, 2, 16, 4)))
    both = clamp_hand_rotation(rotation)
    for hand, name in enumerate(HANDS):
        np.testing.assert_array_equal(clamp_hand_rotation(rotation[:, hand], name), both[:, hand])


def test_rotations_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(BodyError, match=r"rotation has shape \(16, 4\)"):
        clamp_hand_rotation(np.zeros((16, 4)))
