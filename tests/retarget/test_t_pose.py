# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones of any character told from a T-pose: where they point is where the character's own bones point."""

import numpy as np
import pytest

from characters import KINDS, skeleton
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.exchange.humanoid import humanoid
from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
from chironomy.motion import rotation as quaternion
from chironomy.retarget import detect, measured, posed
from chironomy.retarget.t_pose import humanoid_of_turns, turns_from_t_pose
from retarget_poses import MOTION

_SIDES = (("L", 1.0), ("R", -1.0))


@pytest.fixture(scope="module")
def rig():
    return load_rig()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.standard)
def test_arms_and_hands_point_where_the_characters_do(rig, kind):
    motion = MOTION(rig)
    target = measured(bones := skeleton(kind), detect(bones).bone_map, rig)
    done = posed(target, rig, motion)
    turns = turns_from_t_pose(target, done.turn)
    back = quaternion.inverse(target.frame)
    for side, way in _SIDES:
        for role, end in (("upper_arm", "forearm"), ("forearm", "hand")):
            bone, beyond = (target.bone_map.bones[f"{each}.{side}"] for each in (role, end))
            along = target.skeleton.head(beyond) - target.skeleton.head(bone)
            points = quaternion.apply(quaternion.multiply(back, done.turn[bone]), along / np.linalg.norm(along))
            told = quaternion.apply(turns[f"{role}.{side}"], np.array([way, 0.0, 0.0]))
            assert np.degrees(np.arccos(np.clip(np.sum(points * told, axis=-1), -1, 1))).max() < 0.1
    # Hands and fingers are those of the motion, whatever the character's rest pose is.
    ours = in_t_pose(rig, skeleton_of_pose(rig, solve_pose(rig, motion)))
    for side, _ in _SIDES:
        hand = quaternion.angle(turns[f"hand.{side}"], ours.rotation[:, ours.names.index(f"wrist.{side}")])
        assert np.degrees(hand.max()) < 0.2
        for finger in ("index1", "index2", "thumb2"):
            if f"{finger}.{side}" in turns:
                apart = quaternion.angle(
                    turns[f"{finger}.{side}"], ours.rotation[:, ours.names.index(f"{finger}.{side}")]
                )
                assert np.degrees(apart.max()) < 0.2


def test_what_has_no_turn_goes_with_what_it_hangs_on(rig):
    turn = quaternion.from_rotation_vector(np.array([[0.0, 0.6, 0.0]]))
    skeleton = humanoid(humanoid_of_turns(rig, {"hips": turn}, 24.0))
    local = dict(zip(skeleton.names, skeleton.local_rotation[0], strict=True))
    assert np.degrees(quaternion.angle(local["Hips"], turn[0])) < 1e-6
    assert np.degrees(quaternion.angle(local["LeftUpperArm"], quaternion.IDENTITY)) < 1e-6
    # In a T-pose the hands are as high as the shoulders.
    heights = dict(zip(skeleton.names, skeleton.position[0, :, 1], strict=True))
    assert abs(heights["LeftHand"] - heights["LeftUpperArm"]) < 0.06
