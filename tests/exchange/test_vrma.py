# SPDX-License-Identifier: GPL-3.0-or-later
"""VRM animations, played on a VRM humanoid by three-vrm."""

import contextlib
import json

import numpy as np
import pytest
from exchange_motions import RATES, gestures
from hypothesis import given
from hypothesis import strategies as st

from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.glb import Document, load_gltf_motion
from chironomy.exchange.names import HUMANOID, human_bone
from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
from chironomy.exchange.vrma import save_vrma
from chironomy.motion import FACE_ACTIONS, FaceTrack
from chironomy.motion import rotation as quaternion

MILLIMETRE = 1e-3
FRAMES = 20
OTHERS = {"eye.L", "eye.R", "forearm_twist.L", "forearm_twist.R"}


def model(motion, path, seed=3):
    """Write a humanoid of the character's proportions whose bones have axes of their own; return its bones."""
    random = np.random.default_rng(seed)
    kept = motion.only([name for name in motion.names if name not in OTHERS])
    bones = []
    for joint, name in enumerate(kept.names):
        w, x, y, z = quaternion.normalize(random.normal(size=4))
        parent = kept.parents[joint]
        bones.append(
            {
                "name": human_bone(HUMANOID[name]),
                "parent": human_bone(HUMANOID[kept.names[parent]]) if parent >= 0 else None,
                "position": kept.rest_position[joint].tolist(),
                "rotation": [x, y, z, w],
            }
        )
    path.write_text(json.dumps(bones))
    return path


@pytest.mark.parametrize("fps", RATES)
def test_a_vrm_model_has_every_joint_in_its_place_in_every_frame(rig, read_by_node, tmp_path, fps):
    motion = in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, FRAMES, fps)))
    save_vrma(motion, tmp_path / "hands.vrma")
    played = read_by_node("read_vrma.mjs", tmp_path / "hands.vrma", repr(fps), model(motion, tmp_path / "model.json"))
    assert played["duration"] == pytest.approx((FRAMES - 1) / fps, abs=1e-5)
    assert len(played["frames"]) == FRAMES
    names = {human_bone(HUMANOID[name]): joint for joint, name in enumerate(motion.names) if name not in OTHERS}
    assert sorted(played["played"]) == sorted(names)
    # Thumbs rest elsewhere in VRM, so of a model in the character's rest pose their later joints lie elsewhere, too.
    steady = [n for n, name in enumerate(played["bones"]) if "Thumb" not in name or "Metacarpal" in name]
    wanted = motion.position[:, [names[name] for name in played["bones"]]]
    miss = np.linalg.norm(np.array(played["frames"]) - wanted, axis=-1)[:, steady]
    assert miss.max() < 0.1 * MILLIMETRE
    np.testing.assert_allclose(played["hips"], motion.rest_position[0], atol=1e-6)


def test_thumbs_point_where_the_characters_do_on_a_model_whose_thumbs_rest_as_vrm_has_them(rig, read_by_node, tmp_path):
    from chironomy.exchange.humanoid import with_thumbs_aside

    motion = in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, FRAMES, 30.0)))
    save_vrma(motion, tmp_path / "hands.vrma")
    as_vrm = with_thumbs_aside(motion)
    tips = as_vrm.rest_tail - as_vrm.rest_position
    for joint, name in enumerate(motion.names):
        if name.startswith("thumb"):
            way = tips[joint] / np.linalg.norm(tips[joint])
            np.testing.assert_allclose(np.abs(way), [np.sqrt(0.5), 0.0, np.sqrt(0.5)], atol=1e-6)
    played = read_by_node("read_vrma.mjs", tmp_path / "hands.vrma", "30", model(as_vrm, tmp_path / "model.json"))
    for own, name in ((own, human_bone(name)) for own, name in HUMANOID.items() if own.startswith("thumb")):
        seen = np.array(played["frames"])[:, played["bones"].index(name)]
        assert np.linalg.norm(seen - motion.position[:, motion.names.index(own)], axis=-1).max() < 0.1 * MILLIMETRE


def test_the_face_plays_as_expressions_of_arkits_names(rig, read_by_node, tmp_path):
    motion = in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, FRAMES, 30.0)))
    values = np.zeros((FRAMES, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = np.linspace(0.0, 0.7, FRAMES)
    save_vrma(motion, tmp_path / "face.vrma", FaceTrack(30.0, values))
    played = read_by_node("read_vrma.mjs", tmp_path / "face.vrma", "30", model(motion, tmp_path / "model.json"))
    np.testing.assert_allclose([each["jawOpen"] for each in played["expressions"]], values.max(axis=1), atol=1e-6)
    assert list(played["expressions"][0]) == ["jawOpen"]


def test_what_is_written_is_read_again(rig, tmp_path):
    motion = in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, FRAMES, 24000 / 1001)))
    save_vrma(motion, tmp_path / "hands.vrma")
    again = load_gltf_motion(tmp_path / "hands.vrma")
    assert again.fps == pytest.approx(motion.fps, rel=1e-9)
    assert again.frame_count == FRAMES
    for own, name in HUMANOID.items():
        if own in OTHERS:
            continue
        seen, wanted = again.names.index(human_bone(name)), motion.names.index(own)
        np.testing.assert_allclose(again.position[:, seen], motion.position[:, wanted], atol=1e-5)
        if not own.startswith("thumb"):
            off = quaternion.angle(again.rotation[:, seen], motion.rotation[:, wanted])
            assert np.rad2deg(off).max() < 0.01


def test_the_file_says_what_it_is(rig, tmp_path):
    save_vrma(in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, 2, 30.0))), tmp_path / "hands.vrma")
    told = Document(tmp_path / "hands.vrma").json
    assert told["extensionsUsed"] == ["VRMC_vrm_animation"]
    assert told["extensions"]["VRMC_vrm_animation"]["specVersion"] == "1.0"
    moved = [channel["target"] for channel in told["animations"][0]["channels"]]
    hips = told["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]["hips"]["node"]
    assert [each["node"] for each in moved if each["path"] == "translation"] == [hips]


def test_a_skeleton_without_legs_or_another_ending_is_refused(rig, tmp_path):
    motion = in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, 2, 30.0)))
    with pytest.raises(ExchangeError, match="has no leftUpperLeg"):
        save_vrma(motion.only([name for name in motion.names if "leg" not in name]), tmp_path / "a.vrma")
    with pytest.raises(ExchangeError, match=r"does not end in \.vrma"):
        save_vrma(motion, tmp_path / "a.glb")
    assert not list(tmp_path.iterdir())


@given(st.integers(0, 2**32 - 1))
def test_altered_bytes_never_raise_anything_else(small_vrma, tmp_path_factory, seed):
    random, path = np.random.default_rng(seed), tmp_path_factory.mktemp("vrma") / "bad.vrma"
    data = bytearray(small_vrma)
    # Most of it is text of structure, which the first part holds.
    for place in random.integers(0, len(data) if seed % 4 == 0 else 3000, size=4):
        data[place] = random.integers(0, 256)
    path.write_bytes(bytes(data[: len(data) if seed % 3 else random.integers(1, len(data))]))
    with contextlib.suppress(ExchangeError):
        load_gltf_motion(path)


@pytest.fixture(scope="module")
def small_vrma(rig, tmp_path_factory):
    path = tmp_path_factory.mktemp("vrma") / "small.vrma"
    save_vrma(in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, 2, 30.0))), path)
    return path.read_bytes()
