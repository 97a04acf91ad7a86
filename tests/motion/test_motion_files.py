# SPDX-License-Identifier: GPL-3.0-or-later
import errno
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from motions import random_motion, still_motion

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion import (
    FaceTrack,
    HandMotion,
    MotionError,
    load_face,
    load_hands,
    load_motion,
    load_smplx,
    save_face,
    save_hands,
    save_smplx,
)
from chironomy.motion import rotation as quaternion
from chironomy.motion.arm import NOMINAL_ARM


def refused(sentence: str) -> pytest.RaisesExc:
    return pytest.raises(MotionError, match=re.escape(sentence))


def assert_same(a: HandMotion, b: HandMotion) -> None:
    assert a.fps == b.fps
    np.testing.assert_array_equal(a.wrist_position, b.wrist_position)
    np.testing.assert_array_equal(a.rotation, b.rotation)
    np.testing.assert_array_equal(a.confidence, b.confidence)
    assert a.source == b.source


def changed(motion: HandMotion, path: Path, **fields: object) -> Path:
    """Write `motion` with some fields of the file replaced, or left out where they are None."""
    save_hands(motion, path)
    with np.load(path) as file:
        content = {**dict(file), **fields}
    np.savez(path, **{name: value for name, value in content.items() if value is not None})
    return path


def test_hands_come_back_exactly(tmp_path: Path) -> None:
    motion = random_motion(seed=5).replaced(fps=29.97, source={"speech": "ab12", "seed": 3, "edits": [{"edit": "é"}]})
    save_hands(motion, tmp_path / "hands.npz")
    assert_same(load_hands(tmp_path / "hands.npz"), motion)
    assert_same(load_motion(tmp_path / "hands.npz"), motion)


def test_the_same_motion_makes_the_same_file(tmp_path: Path) -> None:
    save_hands(random_motion(seed=5), tmp_path / "a.npz")
    save_hands(random_motion(seed=5), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_faces_come_back_exactly(tmp_path: Path) -> None:
    track = FaceTrack(fps=25, values=np.random.default_rng(0).uniform(size=(4, 52)))
    save_face(track, tmp_path / "face.npz")
    loaded = load_face(tmp_path / "face.npz")
    assert loaded.fps == 25
    np.testing.assert_array_equal(loaded.values, track.values)
    with refused("has the format 'chironomy.face/1', not 'chironomy.hands/1'"):
        load_hands(tmp_path / "face.npz")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"rotation": np.zeros((5, 2, 16, 3))}, "rotation has shape (5, 2, 16, 3); it must be (frames, 2, 16, 4)"),
        ({"confidence": np.zeros(5)}, "confidence has shape (5,); it must be (frames, 2)"),
        ({"wrist_position": np.full((5, 2, 3), np.inf)}, "wrist_position is inf at frame 0"),
        ({"fps": np.array([24.0, 25.0])}, "fps has the shape (2,); it must be one number"),
        ({"fps": 1000.0}, "fps is 1000; it must be from 1 to 240"),
        ({"rotation": None}, "has no field rotation, only confidence, format, fps, source, wrist_position"),
        ({"rotation": np.array([{}, None], dtype=object)}, "rotation holds Python objects, which are never loaded"),
        ({"format": "chironomy.hands/2"}, "was made by a newer Chironomy: its format is 'chironomy.hands/2'"),
        ({"format": "chironomy.hands"}, "has the format 'chironomy.hands', not 'chironomy.hands/1'"),
        ({"source": "{"}, "source is not JSON"),
        ({"source": "[]"}, "source is of type list; it must be a dictionary"),
    ],
)
def test_a_bad_field_is_one_sentence_with_file_and_field(tmp_path: Path, fields: dict, sentence: str) -> None:
    path = changed(still_motion(frames=5), tmp_path / "bad.npz", **fields)
    with refused(sentence) as caught:
        load_motion(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_motions_are_refused(tmp_path: Path) -> None:
    save_hands(still_motion(), tmp_path / "whole.npz")
    cases = {
        "text.npz": b"not an archive",
        "empty.npz": b"",
        "pickle.npz": pickle.dumps({"rotation": [1, 2]}),
        "cut.npz": (tmp_path / "whole.npz").read_bytes()[:500],
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with refused(f"{name} is no whole zip file"):
            load_motion(tmp_path / name)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with refused("array.npy is no whole zip file"):
        load_motion(tmp_path / "array.npy")
    np.savez(tmp_path / "other.npz", temperature=np.zeros(3))
    with refused("has neither the field format (Chironomy) nor poses or body_pose (SMPL-X), only temperature"):
        load_motion(tmp_path / "other.npz")
    with refused("nowhere.npz does not exist"):
        load_motion(tmp_path / "nowhere.npz")


def test_a_damaged_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "hands.npz"
    save_hands(random_motion(seed=0, frames=20), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with refused("is not what its check sum was taken of"):
        load_hands(path)


def test_a_source_that_json_cannot_hold_is_refused_before_writing(tmp_path: Path) -> None:
    with refused("source cannot be written as JSON"):
        save_hands(still_motion().replaced(source={"model": object()}), tmp_path / "hands.npz")
    assert list(tmp_path.iterdir()) == []


def test_an_atomic_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            assert temporary.suffix == ".mp4"
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ChironomyError, match="there is no folder"):
        save_hands(still_motion(), tmp_path / "missing" / "hands.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(ChironomyError, match="is a folder"):
        save_hands(still_motion(), tmp_path / "folder.npz")
    with pytest.raises(ChironomyError, match=r"does not end in \.npz"):
        save_hands(still_motion(), tmp_path / "hands")


def test_a_folder_without_permission_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        folder = Path("/proc/self")  # where not even root may write
        if not folder.is_dir():
            pytest.skip("root may write anywhere here")
    else:
        folder.chmod(0o500)
    with pytest.raises(ChironomyError, match=r"cannot be written .*; choose a folder that you may write to"):
        save_hands(still_motion(), folder / "hands.npz")


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    def fill() -> None:
        with atomic_path(tmp_path / "hands.npz") as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ChironomyError, match=r"cannot be written \(No space left on device\); free some space"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_smplx_keeps_wrists_fingers_and_confidence(tmp_path: Path) -> None:
    motion = random_motion(seed=11, frames=30)
    save_smplx(motion, tmp_path / "body.npz")
    loaded = load_motion(tmp_path / "body.npz")
    np.testing.assert_allclose(loaded.wrist_position, motion.wrist_position, atol=1e-9)
    assert np.all(quaternion.angle(loaded.rotation, motion.rotation) < 1e-7)
    np.testing.assert_array_equal(loaded.confidence, motion.confidence)
    assert loaded.source == motion.source
    assert loaded.fps == motion.fps


def test_smplx_is_written_in_beats_layout(tmp_path: Path) -> None:
    save_smplx(still_motion(frames=3), tmp_path / "body.npz")
    with np.load(tmp_path / "body.npz") as file:
        assert file["poses"].shape == (3, 165)
        assert file["trans"].shape == (3, 3)
        assert file["mocap_frame_rate"] == 24
        joints = file["poses"].reshape(3, 55, 3)
    moving = [13, 14, 16, 17, 18, 19, 20, 21]
    assert np.all(np.delete(joints, moving, axis=1) == 0.0)


def test_smplx_reads_known_poses(tmp_path: Path) -> None:
    poses = np.zeros((3, 55, 3))
    poses[:, 9] = [0.3, 0.9, -0.4]  # The chest turns: the hands turn with it, so nothing changes.
    poses[1, 18] = [0.0, -np.pi / 2, 0.0]  # The left forearm forward,
    poses[2, 17] = [0.0, 0.0, np.pi / 2]  # the right arm down,
    poses[2, 40] = [0.0, 0.0, 0.5]  # and the right index bent.
    np.savez(tmp_path / "a.npz", poses=poses.reshape(3, 165), trans=np.ones((3, 3)), mocap_framerate=np.array(30))
    motion = load_smplx(tmp_path / "a.npz")
    assert motion.fps == 30
    shoulder = NOMINAL_ARM.collar[0] + NOMINAL_ARM.shoulder[0]
    elbow, wrist = shoulder + NOMINAL_ARM.elbow[0], shoulder + NOMINAL_ARM.elbow[0] + NOMINAL_ARM.wrist[0]
    np.testing.assert_allclose(motion.wrist_position[0], [[wrist, 0, 0], [-wrist, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(motion.wrist_position[1, 0], [elbow, 0, NOMINAL_ARM.wrist[0]], atol=1e-12)
    np.testing.assert_allclose(motion.wrist_position[2, 1], [-shoulder, -(wrist - shoulder), 0], atol=1e-12)
    np.testing.assert_allclose(quaternion.apply(motion.rotation[1, 0, 0], [1, 0, 0]), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(quaternion.to_rotation_vector(motion.rotation[2, 1, 1]), [0, 0, 0.5], atol=1e-12)


def test_a_mean_hand_can_be_added(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", poses=np.zeros((1, 165)), mocap_frame_rate=30)
    mean = np.arange(90).reshape(2, 45) / 100.0
    motion = load_smplx(tmp_path / "a.npz", hand_mean=mean)
    np.testing.assert_allclose(
        quaternion.to_rotation_vector(motion.rotation[0, :, 1:]), mean.reshape(2, 15, 3), atol=1e-12
    )


def test_a_wrist_out_of_reach_is_brought_within_it(tmp_path: Path) -> None:
    far = still_motion(frames=1)
    far = far.replaced(wrist_position=np.array([[[2.17, 0.0, 0.0], [-0.17, 0.0, 0.0]]]))
    save_smplx(far, tmp_path / "far.npz")
    loaded = load_smplx(tmp_path / "far.npz")
    np.testing.assert_allclose(loaded.wrist_position[0, 0], [0.17 + 0.51, 0.0, 0.0], atol=1e-4)
    assert np.isfinite(loaded.wrist_position).all()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"poses": np.zeros((4, 150)), "mocap_frame_rate": 30}, "poses has shape (4, 150); it must be (frames, 165)"),
        ({"poses": np.full((4, 165), np.nan), "mocap_frame_rate": 30}, "poses is nan at frame 0"),
        ({"poses": np.zeros((4, 165))}, "has no field mocap_frame_rate or mocap_framerate"),
        ({"poses": np.zeros((4, 165)), "mocap_frame_rate": 0}, "fps is 0; it must be from 1 to 240"),
        ({"poses": np.zeros((0, 165)), "mocap_frame_rate": 30}, "poses has no frames"),
    ],
)
def test_bad_smplx_is_one_sentence(tmp_path: Path, fields: dict, sentence: str) -> None:
    np.savez(tmp_path / "bad.npz", **fields)
    with refused(sentence):
        load_motion(tmp_path / "bad.npz")
