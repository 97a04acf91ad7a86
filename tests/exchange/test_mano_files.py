# SPDX-License-Identifier: GPL-3.0-or-later
"""MANO's parameters and SMPL-X's variants in files; posed and named as the Python package smplx does."""

import inspect

import numpy as np
import pytest
from exchange_motions import hands
from hypothesis import given
from hypothesis import strategies as st

from chironomy.body import hands_of_pose, load_rig, solve_pose
from chironomy.body.mano import mano_structure
from chironomy.body.pose import hand_positions, hand_rotations
from chironomy.errors import ChironomyError
from chironomy.exchange.bvh import save_bvh
from chironomy.exchange.files import load_hand_motion
from chironomy.exchange.mano_file import save_mano
from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
from chironomy.exchange.vrma import save_vrma
from chironomy.motion import load_smplx, save_hands, save_smplx
from chironomy.motion import rotation as quaternion
from chironomy.motion.arm import NOMINAL_ARM
from chironomy.motion.smplx import LAYOUTS, STANDS_IN

FRAMES = 10
MILLIMETRE = 1e-3
RATES = [24000 / 1001, 24.0, 30000 / 1001, 60.0]


@pytest.fixture(scope="module")
def motion(rig):
    return hands_of_pose(rig, solve_pose(rig, hands(rig, FRAMES, 30.0, seed=2)))


def assert_same(read, motion, wrists=1e-6):
    np.testing.assert_allclose(read.wrist_position, motion.wrist_position, atol=wrists)
    assert np.rad2deg(quaternion.angle(read.rotation, motion.rotation)).max() < 0.01
    np.testing.assert_allclose(read.confidence, motion.confidence, atol=1e-9)


@pytest.mark.parametrize("fps", RATES)
def test_mano_comes_back_at_its_rate(rig, tmp_path, fps):
    motion = hands(rig, FRAMES, fps)
    save_mano(motion, tmp_path / "mano.npz")
    read = load_hand_motion(tmp_path / "mano.npz")
    assert read.fps == fps
    assert read.source == {"file": "mano.npz", "kind": "mano"}
    assert_same(read, motion)


def test_smplx_poses_the_hands_of_the_file_where_they_are(rig, motion, tmp_path):
    torch, smplx = pytest.importorskip("torch"), pytest.importorskip("smplx")
    from smplx.utils import Struct

    save_mano(motion, tmp_path / "mano.npz")
    fields = np.load(tmp_path / "mano.npz")
    for hand, side in enumerate(("left", "right")):
        layer = smplx.MANO(
            str(tmp_path), data_struct=Struct(**mano_structure(rig, hand)), use_pca=False, is_rhand=bool(hand),
            flat_hand_mean=True, batch_size=FRAMES, dtype=torch.float64,
        )  # fmt: skip
        names = ("global_orient", "hand_pose", "transl", "betas")
        posed = layer(**{name: torch.tensor(fields[f"{side}_{name}"]) for name in names})
        world = hand_rotations(rig, hand, motion.rotation[:, hand])
        wanted = hand_positions(rig, hand, world, motion.wrist_position[:, hand])
        assert np.abs(posed.joints[:, :16].detach().numpy() - wanted).max() < 0.1 * MILLIMETRE


def test_a_model_whose_wrist_is_not_at_the_origin_is_moved_to_the_same_place(motion, tmp_path):
    rests = np.array([[-0.1, 0.01, 0.02], [0.1, 0.01, 0.02]])
    save_mano(motion, tmp_path / "mano.npz", rests)
    fields = dict(np.load(tmp_path / "mano.npz"))
    np.testing.assert_allclose(fields["right_transl"] + rests[1], motion.wrist_position[:, 1])
    assert_same(load_hand_motion(tmp_path / "mano.npz"), motion)


def test_other_names_of_the_parameters_are_known(motion, tmp_path):
    save_mano(motion, tmp_path / "mano.npz")
    fields = dict(np.load(tmp_path / "mano.npz"))
    renamed = {"fps": fields["mocap_frame_rate"], "flat_hand_mean": True}
    for side in ("left", "right"):
        renamed |= {
            f"{side}_rot": fields[f"{side}_global_orient"],
            f"{side}_pose": fields[f"{side}_hand_pose"].reshape(FRAMES, 15, 3),
            f"{side}_trans": fields[f"{side}_transl"],
        }
    np.savez(tmp_path / "other.npz", **renamed)
    assert_same(load_hand_motion(tmp_path / "other.npz"), motion)


def test_fingers_relative_to_the_mean_hand_are_told_and_stood_in_for(motion, tmp_path):
    save_mano(motion, tmp_path / "mano.npz")
    fields = dict(np.load(tmp_path / "mano.npz")) | {"flat_hand_mean": False}
    np.savez(tmp_path / "mean.npz", **fields)
    assert load_hand_motion(tmp_path / "mean.npz").source["note"] == STANDS_IN.replace("SMPL-X", "MANO")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fps", RATES)
def test_every_layout_of_smplx_comes_back(rig, tmp_path, layout, fps):
    motion = hands(rig, FRAMES, fps, seed=1)
    save_smplx(motion, tmp_path / "body.npz", NOMINAL_ARM, layout)
    read = load_hand_motion(tmp_path / "body.npz")
    assert read.fps == fps
    assert_same(read, motion)


def test_the_parameters_of_smplx_are_those_that_it_takes(motion, tmp_path):
    smplx = pytest.importorskip("smplx")
    save_smplx(motion, tmp_path / "body.npz", layout="smplx")
    fields = np.load(tmp_path / "body.npz")
    taken = inspect.signature(smplx.SMPLX.forward).parameters
    own = {"gender", "flat_hand_mean", "confidence", "mocap_frame_rate", "source"}
    assert set(fields) - own == {
        "betas", "global_orient", "body_pose", "left_hand_pose", "right_hand_pose", "transl", "expression", "jaw_pose",
        "leye_pose", "reye_pose",
    } <= set(taken)  # fmt: skip
    assert fields["body_pose"].shape == (FRAMES, 63)
    assert fields["left_hand_pose"].shape == (FRAMES, 45)


def test_a_person_of_amass_stands_with_z_up(motion, tmp_path):
    for layout, width in (("amass", 165), ("smplh", 156)):
        save_smplx(motion, tmp_path / "body.npz", layout=layout)
        poses = np.load(tmp_path / "body.npz")["poses"]
        assert poses.shape == (FRAMES, width)
        up = quaternion.apply(quaternion.from_rotation_vector(poses[:, :3]), [0.0, 1.0, 0.0])
        np.testing.assert_allclose(up, np.tile([0.0, 0.0, 1.0], (FRAMES, 1)), atol=1e-9)


def test_the_layouts_of_the_same_motion_are_the_same_motion(motion, tmp_path):
    read = []
    for layout in LAYOUTS:
        save_smplx(motion, tmp_path / "body.npz", layout=layout)
        read.append(load_smplx(tmp_path / "body.npz"))
    for other in read[1:]:
        assert_same(other, read[0])


def test_one_function_reads_them_all(rig, motion, tmp_path):
    skeleton = in_t_pose(rig, skeleton_of_pose(rig, solve_pose(rig, motion)))
    save_hands(motion, tmp_path / "own.npz")
    save_bvh(skeleton, tmp_path / "hands.bvh")
    save_vrma(skeleton, tmp_path / "hands.vrma")
    (tmp_path / "hands.BVH").write_bytes((tmp_path / "hands.bvh").read_bytes())
    for name in ("own.npz", "hands.bvh", "hands.BVH"):
        read = load_hand_motion(tmp_path / name)
        assert np.abs(read.wrist_position - motion.wrist_position).max() < 0.1 * MILLIMETRE
        assert np.rad2deg(quaternion.angle(read.rotation, motion.rotation)).max() < 0.1
    read = load_hand_motion(tmp_path / "hands.vrma")
    off = np.rad2deg(quaternion.angle(read.rotation, motion.rotation))
    assert np.abs(read.wrist_position - motion.wrist_position).max() < 0.1 * MILLIMETRE
    # Last bones have no ends in a VRM animation, nor have thumbs the rest that they had.
    assert off[:, :, :13].max() < 6.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"left_hand_pose": np.zeros((FRAMES, 12))}, "principal components are not read"),
        ({"left_hand_pose": np.zeros((3, 45))}, r"left_hand_pose has shape \(3, 45\)"),
        ({"mocap_frame_rate": None}, "its frame rate is unknown"),
        ({"mocap_frame_rate": 1e9}, "fps is 1e"),
        ({"right_wrist_position": None, "right_transl": None}, "where the right wrist is"),
        ({"left_global_orient": np.array(0.0)}, "has shape"),
        ({"left_hand_pose": np.full((FRAMES, 45), np.nan)}, "must be finite"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(motion, tmp_path, change, sentence):
    save_mano(motion, tmp_path / "mano.npz")
    fields = dict(np.load(tmp_path / "mano.npz")) | change
    np.savez(tmp_path / "bad.npz", **{name: value for name, value in fields.items() if value is not None})
    with pytest.raises(ChironomyError, match=sentence):
        load_hand_motion(tmp_path / "bad.npz")


def test_a_body_of_smpl_has_no_fingers(tmp_path):
    np.savez(tmp_path / "smpl.npz", poses=np.zeros((5, 72)), mocap_framerate=30.0)
    with pytest.raises(ChironomyError, match="SMPL, which has no fingers"):
        load_hand_motion(tmp_path / "smpl.npz")


def test_a_file_of_another_kind_is_told_in_a_sentence(tmp_path):
    (tmp_path / "hands.abc").write_bytes(b"")
    with pytest.raises(ChironomyError, match=r"ends with \.npz, \.bvh, \.vrma or \.glb"):
        load_hand_motion(tmp_path / "hands.abc")


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_any_motion_of_mano_comes_back(tmp_path_factory, frames, seed):
    motion = hands(load_rig(), frames, 25.0, seed)
    turned = quaternion.normalize(np.random.default_rng(seed).normal(size=motion.rotation.shape))
    motion = motion.replaced(rotation=turned)
    path = tmp_path_factory.mktemp("mano") / "any.npz"
    save_mano(motion, path)
    assert_same(load_hand_motion(path), motion)
