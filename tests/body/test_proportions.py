# SPDX-License-Identifier: GPL-3.0-or-later
"""The character with another person's proportions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chironomy.body import BodyError, bind_pose, skin
from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import Rig, load_rig

scales = some.floats(0.7, 1.4)
offsets = some.tuples(some.floats(-0.1, 0.1), some.floats(-0.05, 0.1), some.floats(-0.05, 0.05))


def bone(rig: Rig, start: str, end: str) -> float:
    return float(np.linalg.norm(rig.joint_position[rig.index(end)] - rig.joint_position[rig.index(start)]))


@settings(max_examples=10, deadline=None)
@given(scales, scales, scales, offsets)
def test_lengths_are_scaled_and_shoulders_stay(head: float, arms: float, hands: float, offset) -> None:
    rig = load_rig()
    own = proportioned(rig, Proportions(head, arms, hands, offset))
    for side in "LR":
        assert bone(own, f"upper_arm.{side}", f"forearm.{side}") == pytest.approx(
            arms * bone(rig, f"upper_arm.{side}", f"forearm.{side}")
        )
        assert bone(own, f"wrist.{side}", f"index1.{side}") == pytest.approx(
            hands * bone(rig, f"wrist.{side}", f"index1.{side}")
        )
    assert bone(own, "head", "eye.L") == pytest.approx(head * bone(rig, "head", "eye.L"))
    moved = own.joint_position[own.index("head")] - rig.joint_position[rig.index("head")]
    assert np.allclose(moved, offset)
    for name in ("upper_arm.L", "upper_arm.R", "hips", "chest"):
        assert np.array_equal(own.joint_position[own.index(name)], rig.joint_position[rig.index(name)])
    assert np.isfinite(own.vertices).all()


def test_the_mesh_follows_its_joints() -> None:
    rig = load_rig()
    own = proportioned(rig, Proportions(head=1.2, hands=0.8))
    eye = np.unique(rig.faces[rig.region_faces("pupil")])
    joint = rig.joint_position[rig.index("head")]
    assert np.allclose(own.vertices[eye] - joint, 1.2 * (rig.vertices[eye] - joint), atol=1e-5)
    for hand, side in enumerate("LR"):
        tip, wrist = rig.fingertip_vertex[hand, 2], rig.index(f"wrist.{side}")
        length = np.linalg.norm(rig.vertices[tip] - rig.joint_position[wrist])
        assert np.linalg.norm(own.vertices[tip] - own.joint_position[wrist]) == pytest.approx(0.8 * length, rel=1e-3)


def test_a_larger_head_opens_its_mouth_wider() -> None:
    rig = load_rig()
    own = proportioned(rig, Proportions(head=1.2))
    wide, usual = (np.linalg.norm(one.action_offsets("jawOpen")[1], axis=1) for one in (own, rig))
    chin = usual > 0.5 * usual.max()
    assert np.median(wide[chin] / usual[chin]) == pytest.approx(1.2, rel=0.01)


def test_in_the_bind_pose_skinning_changes_nothing() -> None:
    own = proportioned(load_rig(), Proportions(0.9, 1.1, 0.9, (0.0, 0.02, 0.0)))
    bind = bind_pose(own)
    assert np.abs(skin(own, bind.joint_rotation[0], bind.joint_position[0]) - own.vertices).max() < 1e-6


def test_usual_proportions_are_the_character_itself() -> None:
    assert proportioned(load_rig(), Proportions()) is load_rig()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"head": 3.0}, "proportions head is 3.0, but must be a number from 0.5 to 2"),
        ({"arms": float("nan")}, "proportions arms is nan"),
        ({"hands": "large"}, "proportions hands is 'large'"),
        ({"head_offset": (0, 1.0, 0)}, "proportions head_offset is"),
        ({"head_offset": 3}, "proportions head_offset is 3"),
    ],
)
def test_what_nobody_has_is_named(values: dict, sentence: str) -> None:
    with pytest.raises(BodyError, match=sentence):
        Proportions(**values)
