# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of the Virtual Motion Capture Protocol: names, Unity's axes, and packets that every network carries."""

import numpy as np
import pytest

from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.exchange.humanoid import humanoid
from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
from chironomy.exchange.vmc import messages, packets, to_unity, turn_to_unity
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from takes import hands_before_the_chest


@pytest.fixture(scope="module")
def motion():
    rig = load_rig()
    return humanoid(in_t_pose(rig, skeleton_of_pose(rig, solve_pose(rig, hands_before_the_chest(4)))))


def bones(told):
    return {each.arguments[0]: each.arguments[1:] for each in told if each.address == "/VMC/Ext/Bone/Pos"}


def test_bones_have_unitys_names_and_the_thumbs_too(motion):
    found = bones(messages(motion, 0, 0.0))
    assert {"Hips", "Head", "LeftUpperArm", "RightHand", "LeftIndexProximal", "RightLittleDistal"} <= set(found)
    assert {f"LeftThumb{part}" for part in ("Proximal", "Intermediate", "Distal")} <= set(found)
    assert not any("Metacarpal" in name or "Eye" in name for name in found)


def test_who_follows_the_messages_as_unity_does_has_the_hands_where_they_are(motion):
    found = bones(messages(motion, 2, 0.0))
    names = list(found)
    place, turn = {}, {}
    for joint, own in enumerate(motion.names):
        name = names[joint]
        position, (x, y, z, w) = np.array(found[name][:3]), found[name][3:]
        parent = motion.parents[joint]
        # What is multiplied and applied so is the same whichever hand an axis has.
        rotation = np.array([w, x, y, z])
        if parent < 0:
            place[joint], turn[joint] = position, rotation
        else:
            place[joint] = place[parent] + quaternion.apply(turn[parent], position)
            turn[joint] = quaternion.multiply(turn[parent], rotation)
        np.testing.assert_allclose(place[joint], motion.position[2, joint] * [-1, 1, 1], atol=1e-6, err_msg=own)


def test_a_left_arm_that_is_raised_turns_about_z_as_unity_counts():
    raised = quaternion.from_rotation_vector([0.0, 0.0, np.radians(40.0)])
    x, y, z, w = turn_to_unity(raised)
    assert (x, y) == (0.0, 0.0)
    # In Unity the left arm points to -x, and goes up by a turn about z of less than nothing.
    assert np.degrees(2 * np.arctan2(z, w)) == pytest.approx(-40.0)
    assert to_unity([0.3, 1.0, 0.2]).tolist() == [-0.3, 1.0, 0.2]


def test_the_face_is_told_by_arkits_names_or_by_vrms_presets(motion):
    face = np.zeros(len(FACE_ACTIONS))
    face[FACE_ACTIONS.index("jawOpen")], face[FACE_ACTIONS.index("eyeBlinkRight")] = 0.75, 1.0

    def told(**options):
        found = list(messages(motion, 0, 0.0, face, **options))
        assert found[-1].address == "/VMC/Ext/Blend/Apply"
        return dict(each.arguments for each in found if each.address == "/VMC/Ext/Blend/Val")

    assert told()["jawOpen"] == 0.75
    assert len(told()) == len(FACE_ACTIONS)
    assert told(presets=True) == {"A": 0.75, "U": 0.0, "O": 0.0, "Blink_L": 0.0, "Blink_R": 1.0}
    assert not [each for each in messages(motion, 0, 0.0) if "Blend" in each.address]


def test_messages_are_parted_into_packets_in_their_order(motion):
    whole = list(messages(motion, 0, 0.0, np.zeros(len(FACE_ACTIONS))))
    parts = list(packets(whole, 600))
    assert len(parts) > 5
    assert [each for part in parts for each in part] == whole
