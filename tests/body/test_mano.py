# SPDX-License-Identifier: GPL-3.0-or-later
"""The character's hands as MANO models; smplx's own MANO layer is the judge."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chironomy.body import BodyError, Rig, skin, solve_pose
from chironomy.body.mano import mano_structure, mano_vertices, motion_of_mano, read_mano_model, save_mano_pickle
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, HandMotion


@pytest.mark.parametrize("hand", [0, 1])
def test_smplx_poses_the_hand_as_the_body_does(rig: Rig, random_motion: Callable[..., HandMotion], hand: int) -> None:
    torch = pytest.importorskip("torch")
    smplx = pytest.importorskip("smplx")
    motion = random_motion(40, seed=hand)
    layer = smplx.MANOLayer(
        "",
        is_rhand=hand == 1,
        data_struct=smplx.utils.Struct(**mano_structure(rig, hand)),
        use_pca=False,
        flat_hand_mean=True,
        dtype=torch.float64,
    )
    matrices = torch.from_numpy(quaternion.to_matrix(motion.rotation[:, hand]))
    judged = layer(global_orient=matrices[:, :1], hand_pose=matrices[:, 1:])

    pose = solve_pose(rig, motion)
    wrist = pose.joint_position[:, rig.hand_joints(hand)[:1]]
    mesh = skin(rig, pose.joint_rotation, pose.joint_position, vertex_subset=mano_vertices(rig, hand))
    assert np.abs(judged.vertices.numpy() + wrist - mesh).max() < 1e-5
    joints = pose.joint_position[:, rig.hand_joints(hand)]
    assert np.abs(judged.joints.numpy()[:, :16] + wrist - joints).max() < 1e-6


def test_the_exported_hand_is_in_manos_rest_pose_with_the_wrist_at_the_origin(rig: Rig) -> None:
    for hand, away in zip(HANDS, (1.0, -1.0), strict=True):
        structure = mano_structure(rig, hand)
        template = structure["v_template"]
        np.testing.assert_allclose(structure["J_regressor"] @ template, structure["J"], atol=1e-9)
        assert (template[:, 0] * away).max() > 0.17
        assert np.ptp(template[:, 1]) < 0.09
        np.testing.assert_allclose(structure["weights"].sum(axis=1), 1.0, atol=1e-6)
        assert structure["f"].max() < len(template)


def test_a_saved_model_reads_back(rig: Rig, tmp_path: Path) -> None:
    save_mano_pickle(rig, "right", tmp_path / "MANO_RIGHT.pkl")
    fields = read_mano_model(tmp_path / "MANO_RIGHT.pkl")
    np.testing.assert_array_equal(fields["hands_mean"], np.zeros(45))
    np.testing.assert_allclose(fields["v_template"], mano_structure(rig, "right")["v_template"])


def test_nothing_in_a_model_file_is_executed(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "made"),)

    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"hands_mean": Harmful()}))
    with pytest.raises(BodyError, match="or holds more than arrays"):
        read_mano_model(tmp_path / "model.pkl")
    assert not (tmp_path / "made").exists()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BodyError, match="there is no MANO model file"):
        read_mano_model(tmp_path / "none.pkl")
    (tmp_path / "text.pkl").write_text("text")
    with pytest.raises(BodyError, match=r"text\.pkl cannot be read"):
        read_mano_model(tmp_path / "text.pkl")
    (tmp_path / "other.pkl").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(BodyError, match="is not a MANO model"):
        read_mano_model(tmp_path / "other.pkl")


def test_parameters_of_mano_become_motion() -> None:
    random = np.random.default_rng(0)
    wrist, pose = random.normal(size=(6, 2, 3)), random.normal(scale=0.3, size=(6, 2, 45))
    place = random.uniform(-0.2, 0.2, (6, 2, 3))
    motion = motion_of_mano(wrist, pose, place, fps=30.0)
    expected = quaternion.from_rotation_vector(pose.reshape(6, 2, 15, 3))
    assert quaternion.angle(motion.rotation[:, :, 1:], expected).max() < 1e-9
    assert quaternion.angle(motion.rotation[:, :, 0], quaternion.from_rotation_vector(wrist)).max() < 1e-9


def test_the_mean_hand_is_added_where_poses_are_relative_to_it() -> None:
    pose, mean = np.full((1, 2, 45), 0.1), np.full((2, 45), 0.05)
    still = np.zeros((1, 2, 3))
    relative = motion_of_mano(still, pose, still, 24.0, hands_mean=mean)
    absolute = motion_of_mano(still, pose + mean, still, 24.0)
    np.testing.assert_array_equal(relative.rotation, absolute.rotation)


def test_parameters_of_the_wrong_shape_are_named() -> None:
    still = np.zeros((4, 2, 3))
    with pytest.raises(BodyError, match=r"hand_pose has shape \(4, 45\)"):
        motion_of_mano(still, np.zeros((4, 45)), still, 24.0)
    with pytest.raises(BodyError, match="hands_mean has shape"):
        motion_of_mano(still, np.zeros((4, 2, 45)), still, 24.0, hands_mean=np.zeros(45))
