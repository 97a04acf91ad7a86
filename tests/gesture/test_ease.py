# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks odd is eased out of motion; what was asked for, and motion that has nothing odd, stays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chironomy.body.hand_anatomy import (
    ABDUCTION,
    angles_of_wrist,
    joint_angles,
    neutral_wrist,
    rotation_of_angles,
    wrist_of_angles,
)
from chironomy.body.ik import elbow_position
from chironomy.body.rig import load_rig
from chironomy.gesture.ease import at_ease
from chironomy.gesture.space import neutral_of, shoulders
from chironomy.motion.hand_motion import MANO_JOINTS

FREE = np.ones(1)


def hands(left: tuple[float, float, float], right: tuple[float, float, float], flexion: float = 0.0):
    """One frame of flat hands that go on along their forearms, bent towards the palm by degrees."""
    position = np.array([[left, right]], dtype=float)
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (1, 2, len(MANO_JOINTS), 1))
    angles = np.radians(np.tile([0.0, flexion, 0.0], (1, 2, 1)))
    for _ in range(20):  # the elbow follows the hand's turn
        elbow = elbow_position(load_rig(), position, rotation[:, :, 0])
        neutral = neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, position)
        rotation[:, :, 0] = wrist_of_angles(neutral, angles)
    return position, rotation


def flexion_of(position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    return np.degrees(angles_of_wrist(neutral_of(position, rotation[:, :, 0]), rotation[:, :, 0]))[0, :, 1]


def palm_down(position: np.ndarray, rotation: np.ndarray, pronation: float, flexion: float) -> np.ndarray:
    turned = rotation.copy()
    for _ in range(20):
        elbow = elbow_position(load_rig(), position, turned[:, :, 0])
        neutral = neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, position)
        turned[:, :, 0] = wrist_of_angles(neutral, np.radians(np.tile([pronation, flexion, 0.0], (1, 2, 1))))
    return turned


def test_a_hand_does_not_hang_from_a_raised_forearm() -> None:
    position, rotation = hands((0.25, 0.0, 0.25), (-0.25, 0.0, 0.25))
    rotation = palm_down(position, rotation, 60.0, 55.0)
    eased = at_ease(position, rotation, FREE)
    assert flexion_of(*eased).max() < 20.0
    assert flexion_of(position, rotation).min() > 45.0


def test_a_hand_that_hangs_with_its_arm_stays() -> None:
    position, rotation = hands((0.2, -0.45, 0.1), (-0.2, -0.45, 0.1), flexion=40.0)
    assert_allclose(flexion_of(*at_ease(position, rotation, FREE)), 40.0, atol=2.0)


def test_forearms_do_not_cross_before_the_belly() -> None:
    position, rotation = hands((-0.08, -0.25, 0.3), (0.08, -0.26, 0.26))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, 0, 0] - eased[0, 1, 0] > 0.08


def test_a_hand_does_not_reach_far_to_the_other_side() -> None:
    position, rotation = hands((-0.15, -0.3, 0.3), (-0.25, 0.0, 0.25))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, 0, 0] > -0.04


def test_hands_that_rest_on_each_other_stay_together() -> None:
    position, rotation = hands((0.03, -0.46, 0.17), (-0.02, -0.47, 0.2))
    eased, _ = at_ease(position, rotation, FREE)
    assert_allclose(eased, position, atol=1e-3)


def test_the_face_is_left_to_be_seen() -> None:
    position, rotation = hands((0.25, -0.25, 0.25), (-0.06, 0.0, 0.22))
    eased, _ = at_ease(position, rotation, FREE)
    mouth = np.array([0.0, 0.16])
    assert np.linalg.norm(eased[0, 1, :2] - mouth) > np.linalg.norm(position[0, 1, :2] - mouth) + 0.03


def test_arms_do_not_go_over_the_head() -> None:
    position, rotation = hands((0.35, 0.4, 0.15), (-0.25, -0.2, 0.25))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, 0, 1] < 0.21
    assert_allclose(eased[0, 1], position[0, 1], atol=2e-3)


def test_fingers_are_not_spread_for_nothing() -> None:
    position, rotation = hands((0.25, -0.25, 0.25), (-0.25, -0.25, 0.25))
    angles = joint_angles(rotation)
    for name, out in (("index1", 18.0), ("middle1", 6.0), ("ring1", -8.0), ("pinky1", -24.0)):
        angles[:, :, MANO_JOINTS.index(name), ABDUCTION] = out
    wrist = rotation[:, :, 0].copy()
    rotation = rotation_of_angles(angles)
    rotation[:, :, 0] = wrist
    _, eased = at_ease(position, rotation, FREE)
    out = joint_angles(eased)[0, :, :, ABDUCTION]
    spread = out[:, MANO_JOINTS.index("index1")] - out[:, MANO_JOINTS.index("pinky1")]
    assert np.all((spread > 15.0) & (spread < 25.0))


@pytest.mark.parametrize(
    ("left", "right"),
    [((0.22, -0.22, 0.28), (-0.2, -0.25, 0.26)), ((0.35, -0.15, 0.25), (-0.22, -0.35, 0.2))],
)
def test_motion_with_nothing_odd_hardly_changes(left, right) -> None:
    position, rotation = hands(left, right)
    eased, turned = at_ease(position, rotation, FREE)
    assert_allclose(eased, position, atol=4e-3)
    assert_allclose(flexion_of(eased, turned), 0.0, atol=6.0)


def test_what_was_asked_for_stays() -> None:
    position, rotation = hands((-0.1, 0.3, 0.25), (0.06, 0.1, 0.22), flexion=50.0)
    eased, turned = at_ease(position, rotation, np.zeros(1))
    assert_allclose(eased, position, atol=1e-12)
    assert_allclose(turned, rotation, atol=1e-9)


def test_both_hands_are_eased_alike() -> None:
    position, rotation = hands((0.1, 0.12, 0.25), (-0.3, -0.1, 0.3), flexion=40.0)
    eased, turned = at_ease(position, rotation, FREE)
    flipped = position[:, ::-1] * [-1.0, 1.0, 1.0]
    other = rotation[:, ::-1] * [1.0, 1.0, -1.0, -1.0]
    mirrored, twisted = at_ease(flipped, other, FREE)
    assert_allclose(mirrored[:, ::-1] * [-1.0, 1.0, 1.0], eased, atol=1e-9)
    assert_allclose(np.abs(np.sum(twisted[:, ::-1] * [1.0, 1.0, -1.0, -1.0] * turned, axis=-1)), 1.0, atol=1e-9)
