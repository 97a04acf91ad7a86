# SPDX-License-Identifier: GPL-3.0-or-later
"""The character's file: joints, mesh and weights."""

from pathlib import Path

import numpy as np
import pytest

import chironomy.body
from chironomy.body import REGION_NAMES, BodyError, Rig, load_rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS


def test_the_shipped_file_is_small() -> None:
    assert (Path(chironomy.body.__file__).parent / "rig.npz").stat().st_size <= 2_000_000


def test_there_are_56_joints_and_parents_come_first(rig: Rig) -> None:
    assert rig.joint_count == 56
    assert rig.parents[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(rig.parents) if joint > 0)


def test_both_hands_have_the_16_joints_of_mano_in_its_order(rig: Rig) -> None:
    for hand, side in zip(HANDS, "LR", strict=True):
        assert [rig.joint_names[j] for j in rig.hand_joints(hand)] == [f"{name}.{side}" for name in MANO_JOINTS]


def test_the_origin_is_midway_between_the_shoulder_joints(rig: Rig) -> None:
    heads = rig.joint_position[[rig.index("upper_arm.L"), rig.index("upper_arm.R")]]
    np.testing.assert_allclose(heads.mean(axis=0), 0.0, atol=1e-9)


def test_the_two_sides_of_the_skeleton_are_mirror_images(rig: Rig) -> None:
    for name in rig.joint_names:
        if name.endswith(".L"):
            left, right = rig.index(name), rig.index(name[:-1] + "R")
            np.testing.assert_allclose(rig.joint_position[left], rig.joint_position[right] * [-1, 1, 1], atol=1e-9)
            mirrored = rig.rest_rotation[right] * [1.0, 1.0, -1.0, -1.0]
            assert quaternion.angle(rig.rest_rotation[left], mirrored) < 1e-6


def test_each_hand_is_rigid_in_the_bind_pose_against_the_rest_pose(rig: Rig) -> None:
    for hand in HANDS:
        rest = rig.rest_rotation[rig.hand_joints(hand)]
        np.testing.assert_array_equal(rest, np.broadcast_to(rest[0], rest.shape))


def test_in_the_rest_pose_fingers_are_flat_and_point_away_from_the_body(rig: Rig) -> None:
    for hand, away in (("left", 1.0), ("right", -1.0)):
        joints = rig.hand_joints(hand)[1:13]
        bones = quaternion.apply(rig.rest_rotation[joints], rig.joint_tail[joints] - rig.joint_position[joints])
        bones /= np.linalg.norm(bones, axis=1, keepdims=True)
        np.testing.assert_allclose(bones[:, 1], 0.0, atol=1e-3)
        assert (bones[:, 0] * away > np.cos(np.radians(16.0))).all()


def test_in_the_rest_pose_the_thumb_is_in_front_and_slightly_below(rig: Rig) -> None:
    for hand in HANDS:
        joints = rig.hand_joints(hand)[13:]
        bones = quaternion.apply(rig.rest_rotation[joints], rig.joint_tail[joints] - rig.joint_position[joints])
        assert (bones[:, 2] > 0.0).all()
        assert (bones[:, 1] < 0.0).all()


def test_in_the_rest_pose_the_nails_face_up(rig: Rig) -> None:
    faces = rig.faces[rig.region_faces("nails")]
    for hand, side in zip(HANDS, (1.0, -1.0), strict=True):
        points = rig.vertices[faces].astype(float)
        points = points[points[:, 0, 0] * side > 0.0]
        normal = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]).sum(axis=0)
        assert quaternion.apply(rig.rest_rotation[rig.hand_joints(hand)[0]], normal)[1] > 0.0


def test_the_elbow_is_bent_in_the_bind_pose_so_that_its_hinge_is_known(rig: Rig) -> None:
    for hand in HANDS:
        _, upper, fore, twist, wrist = rig.joint_position[rig.arm_joints(hand)]
        bend = np.dot(fore - upper, wrist - fore) / np.prod(rig.arm_lengths[HANDS.index(hand)])
        assert 20.0 < np.degrees(np.arccos(bend)) < 90.0
        np.testing.assert_allclose(twist, 0.5 * (fore + wrist), atol=1e-9)


def test_the_wrists_bone_is_in_line_with_the_forearm(rig: Rig) -> None:
    for side in "LR":
        wrist, fore = rig.index(f"wrist.{side}"), rig.index(f"forearm.{side}")
        bone = rig.joint_tail[wrist] - rig.joint_position[wrist]
        arm = rig.joint_position[wrist] - rig.joint_position[fore]
        assert np.linalg.norm(np.cross(bone, arm)) < 1e-9


def test_weights_of_a_vertex_sum_to_one(rig: Rig) -> None:
    np.testing.assert_allclose(rig.weight.sum(axis=1), 1.0, atol=1e-6)
    assert (rig.weight >= 0.0).all()


def test_every_vertex_belongs_to_a_face(rig: Rig) -> None:
    assert len(np.unique(rig.faces)) == rig.vertex_count


def test_the_eyes_look_forward(rig: Rig) -> None:
    for name in ("iris", "pupil"):
        faces = rig.faces[rig.region_faces(name)]
        points = rig.vertices[faces].astype(float)
        normal = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]).sum(axis=0)
        assert normal[2] / np.linalg.norm(normal) > 0.999


def test_every_region_but_the_gums_is_there(rig: Rig) -> None:
    assert {REGION_NAMES[r] for r in np.unique(rig.regions)} == set(REGION_NAMES) - {"gums"}


def test_every_face_action_moves_something(rig: Rig) -> None:
    for action in FACE_ACTIONS:
        vertices, offsets = rig.action_offsets(action)
        assert len(vertices) > 20, action
        assert 0.0005 < np.linalg.norm(offsets, axis=1).max() < 0.06, action


def test_face_actions_stay_on_head_and_neck(rig: Rig) -> None:
    own = [rig.index(name) for name in ("upper_chest", "head", "neck", "eye.L", "eye.R")]
    assert np.isin(rig.weight_joint[np.unique(rig.action_vertex), 0], own).all()


def test_loading_twice_reads_once(rig: Rig) -> None:
    assert load_rig() is rig


def test_arrays_of_a_rig_cannot_be_changed(rig: Rig) -> None:
    with pytest.raises(ValueError, match="read-only"):
        rig.vertices[0] = 0.0


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BodyError, match=r"there is no rig file .*python -m chironomy\.body\.build"):
        load_rig(tmp_path / "none.npz")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("not a rig")
    with pytest.raises(BodyError, match=r"text\.npz is no whole zip file"):
        load_rig(tmp_path / "text.npz")


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", vertices=np.zeros((3, 3)))
    with pytest.raises(BodyError, match="is not a rig file"):
        load_rig(tmp_path / "other.npz")


def test_a_rig_with_a_damaged_field_is_refused_by_its_name(tmp_path: Path) -> None:
    with np.load(Path(chironomy.body.__file__).parent / "rig.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, value in {"faces": arrays["faces"] + 60000, "weight": arrays["weight"][:, 0]}.items():
        np.savez(tmp_path / f"{name}.npz", **(arrays | {name: value}))
        with pytest.raises(BodyError, match=name):
            load_rig(tmp_path / f"{name}.npz")


def test_an_unknown_joint_hand_region_or_action_is_named(rig: Rig) -> None:
    with pytest.raises(BodyError, match=r"no joint named 'tail'"):
        rig.index("tail")
    with pytest.raises(BodyError, match="hand is 2"):
        rig.hand_joints(2)
    with pytest.raises(BodyError, match="no region named 'cape'"):
        rig.region_faces("cape")
    with pytest.raises(BodyError, match="no face action named 'wink'"):
        rig.action_offsets("wink")
