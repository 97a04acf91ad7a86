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
from chironomy.files import atomic_path, remove_left
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


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.ENOSPC, "No space left on device"), (errno.EFBIG, "File too large")]
)
def test_a_full_disk_is_one_sentence(tmp_path: Path, number: int, reason: str) -> None:
    def fill() -> None:
        with atomic_path(tmp_path / "hands.npz") as temporary:
            temporary.write_text("half")
            raise OSError(number, reason)

    with pytest.raises(ChironomyError, match=rf"hands.npz cannot be written \({reason}\); free some space"):
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


def spread(vectors: np.ndarray) -> dict[str, dict[str, object]]:
    """(T, 55, 3) rotation vectors in every layout in which people have them."""
    frames = len(vectors)

    def part(first: int, count: int) -> np.ndarray:
        return vectors[:, first : first + count].reshape(frames, -1)

    smplh = np.concatenate([part(0, 22), part(25, 30)], axis=1)
    return {
        "SMPL-X": {"poses": vectors.reshape(frames, -1), "mocap_frame_rate": 30},
        "SMPL-X by joint": {"poses": vectors, "mocap_framerate": np.array([30.0])},
        "SMPL+H": {"poses": smplh, "dmpls": np.zeros((frames, 8)), "mocap_framerate": 30.0},
        "AMASS by part": {
            "root_orient": part(0, 1), "pose_body": part(1, 21), "pose_hand": part(25, 30), "pose_jaw": part(22, 1),
            "mocap_frame_rate": 30.0, "gender": "neutral", "surface_model_type": "smplx",
        },
        "smplx by part": {
            "global_orient": part(0, 1), "body_pose": part(1, 21).reshape(frames, 21, 3),
            "left_hand_pose": part(25, 15), "right_hand_pose": part(40, 15), "transl": np.zeros((frames, 3)), "fps": 30,
        },
    }  # fmt: skip


def talking_vectors(fingers_bent: float) -> np.ndarray:
    """Two seconds of arms that move, and fingers that move about a bend (radians)."""
    rng, time = np.random.default_rng(3), np.arange(60) / 30
    vectors = np.zeros((60, 55, 3))
    vectors[:, 13:22] = 0.2 * np.sin(time[:, None, None] + rng.uniform(0, 6, (9, 3)))
    for first, way in ((25, -1), (40, 1)):
        vectors[:, first : first + 12, 2] = way * fingers_bent + 0.1 * np.sin(3 * time[:, None] + rng.uniform(0, 6, 12))
    return vectors


@pytest.mark.parametrize("layout", ["SMPL-X by joint", "SMPL+H", "AMASS by part", "smplx by part"])
def test_every_layout_gives_the_same_hands(tmp_path: Path, layout: str) -> None:
    layouts = spread(talking_vectors(0.6))
    np.savez(tmp_path / "plain.npz", **layouts["SMPL-X"])
    np.savez(tmp_path / "other.npz", **layouts[layout])
    plain, other = load_motion(tmp_path / "plain.npz"), load_motion(tmp_path / "other.npz")
    assert other.fps == 30
    np.testing.assert_allclose(other.wrist_position, plain.wrist_position, atol=1e-12)
    assert np.all(quaternion.angle(other.rotation, plain.rotation) < 1e-7)


def test_fingers_relative_to_the_mean_hand_are_recognised(tmp_path: Path) -> None:
    for name, bent in (("flat", 0.6), ("relative", 0.0)):
        np.savez(tmp_path / f"{name}.npz", **spread(talking_vectors(bent))["smplx by part"])
    flat, relative = (load_motion(tmp_path / f"{name}.npz") for name in ("flat", "relative"))
    assert "note" not in flat.source
    assert relative.source["note"].startswith("its fingers are relative to SMPL-X's mean hand")
    middle = [2, 5, 8, 11]
    for hand, way in enumerate((-1, 1)):
        bend = np.degrees(way * quaternion.to_rotation_vector(relative.rotation[:, hand, middle])[..., 2])
        assert 25 < bend.mean() < 45  # as people's are, and not flat
    # Whoever has the model file gives its mean hand, and the file may say by itself what it is.
    mean = np.full((2, 45), 0.01)
    assert "note" not in load_smplx(tmp_path / "relative.npz", hand_mean=mean).source
    np.savez(tmp_path / "told.npz", flat_hand_mean=True, **spread(talking_vectors(0.0))["SMPL-X"])
    assert "note" not in load_motion(tmp_path / "told.npz").source


def test_hands_that_are_not_tracked_or_our_own_are_left_as_they_are(tmp_path: Path) -> None:
    vectors = talking_vectors(0.0)
    vectors[:, 25:] = 0
    np.savez(tmp_path / "bodies.npz", **spread(vectors)["SMPL+H"])
    assert "note" not in load_motion(tmp_path / "bodies.npz").source
    ours = random_motion(seed=3, frames=60)
    save_smplx(ours, tmp_path / "ours.npz")
    assert np.all(quaternion.angle(load_motion(tmp_path / "ours.npz").rotation, ours.rotation) < 1e-7)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"left_hand_pose": np.zeros((60, 12))}, "left_hand_pose has shape (60, 12); it must be (frames, 45)"),
        ({"body_pose": np.zeros((60, 21, 3, 3))}, "body_pose has shape (60, 21, 3, 3); it must be (frames, 63)"),
        ({"right_hand_pose": None}, "has no field right_hand_pose"),
        ({"left_hand_pose": np.zeros((60, 45), complex)}, "left_hand_pose holds complex numbers"),
        ({"global_orient": np.full((60, 3), "north")}, "global_orient holds text"),
        ({"fps": None}, "so its frame rate is unknown; add the field"),
    ],
)
def test_a_part_that_does_not_fit_is_one_sentence(tmp_path: Path, change: dict, sentence: str) -> None:
    fields = {**spread(talking_vectors(0.6))["smplx by part"], **change}
    np.savez(tmp_path / "bad.npz", **{name: value for name, value in fields.items() if value is not None})
    with refused(sentence) as caught:
        load_motion(tmp_path / "bad.npz")
    assert str(tmp_path / "bad.npz") in str(caught.value)


def test_what_a_killed_process_left_of_a_file_is_removed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "take.npz"
    path.write_bytes(b"whole")
    (tmp_path / ".take-0123456789ab.npz").write_bytes(b"hal")
    others = [".take-0123456789ab.json", ".taken-0123456789ab.npz", ".take-mine.npz", "take-0123456789ab.npz"]
    for name in others:
        (tmp_path / name).touch()
    remove_left(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([*others, "take.npz"])
