# SPDX-License-Identifier: GPL-3.0-or-later
"""Curling, spreading and keeping a hand possible, by the one anatomy of the hand."""

import numpy as np
import pytest

from chironomy.body.hand_anatomy import ABDUCTION, FLEXION, HAND_LIMITS, joint_angles
from chironomy.body.hand_edits import curled, possible, spread
from chironomy.body.ik import FARTHEST
from chironomy.body.rig import load_rig
from chironomy.motion import MANO_JOINTS
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_poses import HandPoses, mirrored


def flat(count=1, place=(0.3, -0.2, 0.3)):
    position = np.tile(np.array(place, np.float64), (count, 1))
    return HandPoses(position, np.tile(quaternion.IDENTITY, (count, 16, 1)), position.copy(), np.ones(count))


def angles(poses, hand):
    return joint_angles(poses.rotation, hand)[0]


@pytest.mark.parametrize("hand", [0, 1])
def test_a_curl_flexes_every_finger_and_nothing_else(hand):
    made = angles(curled(flat(), hand, 40.0), hand)
    assert made[MANO_JOINTS.index("index1"), FLEXION] == pytest.approx(40.0)
    assert (made[1:, FLEXION] > 10.0).all()
    np.testing.assert_allclose(made[:, ABDUCTION], 0.0, atol=1e-6)
    np.testing.assert_allclose(made[0], 0.0, atol=1e-9)


@pytest.mark.parametrize("degrees", [-200.0, -50.0, 90.0, 300.0])
def test_a_curl_keeps_within_what_joints_can_do(degrees):
    made = angles(curled(flat(), 0, degrees), 0)
    assert (made >= HAND_LIMITS[..., 0] - 1e-6).all()
    assert (made <= HAND_LIMITS[..., 1] + 1e-6).all()


@pytest.mark.parametrize("hand", [0, 1])
def test_a_spread_parts_the_fingers(hand):
    made = angles(spread(flat(), hand, 12.0), hand)
    order = [made[MANO_JOINTS.index(f"{name}1"), ABDUCTION] for name in ("index", "middle", "ring", "pinky")]
    assert np.all(np.diff(order) < 0.0)
    assert made[MANO_JOINTS.index("thumb1"), FLEXION] == pytest.approx(-12.0)


def test_both_hands_curl_alike():
    left = curled(spread(flat(), 0, 10.0), 0, 30.0)
    right = curled(spread(mirrored(flat()), 1, 10.0), 1, 30.0)
    assert quaternion.angle(mirrored(left).rotation, right.rotation).max() < 1e-9


def test_a_curl_of_nothing_changes_nothing():
    poses = curled(spread(flat(), 0, 15.0), 0, 50.0)
    assert quaternion.angle(curled(poses, 0, 0.0).rotation, poses.rotation).max() < 1e-7


@pytest.mark.parametrize("hand", [0, 1])
def test_a_hand_is_kept_within_its_arms_reach(hand):
    rig = load_rig()
    shoulder = rig.joint_position[rig.arm_joints(hand)[1]]
    old = flat(place=shoulder + np.array([0.0, -0.1, 0.3]))
    far = HandPoses(old.wrist_position + np.array([0.0, 0.0, 1.0]), old.rotation, old.elbow, old.confidence)
    made = possible(rig, hand, far, old)
    reach = np.linalg.norm(made.wrist_position - shoulder)
    assert reach == pytest.approx(FARTHEST * rig.arm_lengths[hand].sum())
    assert np.abs(made.elbow - old.elbow).max() > 0.01


def test_what_was_not_changed_stays_even_out_of_reach():
    rig = load_rig()
    old = flat(place=(0.2, 0.0, 2.0))
    made = possible(rig, 0, old, old)
    np.testing.assert_array_equal(made.wrist_position, old.wrist_position)
    np.testing.assert_array_equal(made.rotation, old.rotation)
    np.testing.assert_allclose(made.elbow, old.elbow, atol=1e-12)
