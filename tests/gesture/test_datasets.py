# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny synthetic folders in the layouts of BEAT2, SHOW and hand motions beside speech; none of the real data."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from gesture_samples import babble

from chironomy.gesture import GestureError
from chironomy.gesture.clips import load_clips, shard_path
from chironomy.gesture.datasets import beat2, show
from chironomy.gesture.datasets.prepare import PrepareSettings, prepare
from chironomy.gesture.datasets.recording import part_of
from chironomy.gesture.datasets.smplx_hands import character_bones, seen_hands
from chironomy.gesture.encoding import decode
from chironomy.motion.files import save_hands, save_smplx
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import read_arrays

SECONDS, FPS = 6.0, 30.0
FRAMES = round(SECONDS * FPS)


def talking(seed: int, tempo: float = 1.0) -> HandMotion:
    """Wrists that circle before the chest, and fingers bent as people's are."""
    random = np.random.default_rng(seed)
    phase = np.arange(FRAMES) / FPS * 2 * np.pi * tempo + random.uniform(0, 6)
    wrists = (
        np.array([[0.15, -0.2, 0.3], [-0.15, -0.2, 0.3]])
        + 0.08 * np.stack([np.sin(phase), np.cos(phase), 0 * phase], axis=-1)[:, None] * np.array([1.0, 0.7])[:, None]
    )
    bend = 0.6 + 0.1 * np.sin(phase)
    rotation = np.zeros((FRAMES, 2, 16, 4))
    rotation[..., 0] = 1.0
    for hand, sign in enumerate((-1.0, 1.0)):
        rotation[:, hand, 1:, 0] = np.cos(bend / 2)[:, None]
        rotation[:, hand, 1:, 3] = sign * np.sin(bend / 2)[:, None]
    return HandMotion(FPS, wrists, rotation, np.ones((FRAMES, 2)))


def say(path: Path, seed: int = 0, rate: int = 16000) -> None:
    samples = babble(SECONDS, seed).samples
    if rate != 16000:
        samples = np.interp(np.arange(round(SECONDS * rate)) / rate * 16000, np.arange(len(samples)), samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)


def make_beat2(folder: Path) -> Path:
    (folder / "smplxflame_30").mkdir(parents=True)
    for seed, (name, tempo) in enumerate({"2_scott_0_1_1": 0.5, "2_scott_0_2_2": 1.5, "10_kieks_0_1_1": 1.0}.items()):
        path = folder / "smplxflame_30" / f"{name}.npz"
        save_smplx(talking(seed, tempo), path, character_bones())
        with np.load(path) as file:  # without the fields that BEAT2's files have not
            np.savez(path, **{key: file[key] for key in file.files if key not in ("confidence", "source")})
        say(folder / "wave16k" / f"{name}.wav", seed)
    (folder / "train_test_split.csv").write_text(
        "id,type\n2_scott_0_1_1,train\n2_scott_0_2_2,additional\n10_kieks_0_1_1,val\n"
    )
    return folder


def test_beat2_becomes_clips_at_the_frame_rate_of_the_model(tmp_path: Path) -> None:
    folder = make_beat2(tmp_path / "beat_english_v2.0.0")
    description = prepare(folder, tmp_path / "clips", PrepareSettings("beat2"), workers=1)
    assert description["style_names"] == ["2_scott", "10_kieks"]
    assert description["hand_mean"] == "flat"
    assert description["finger_bend_degrees"] == pytest.approx(34, abs=3)
    assert "non-commercial" in description["trained_on"]

    learned, _ = load_clips(tmp_path / "clips", "train")
    validation, _ = load_clips(tmp_path / "clips", "validation")
    assert load_clips(tmp_path / "clips", "test")[0] == []
    assert (len(learned), len(validation)) == (2, 1)
    assert learned[0].motion.shape == (144, 198)
    assert learned[0].audio.shape == (144, description["audio_dim"])
    np.testing.assert_array_equal(learned[0].style, [1, 0])
    np.testing.assert_array_equal(validation[0].style, [0, 1])
    # The first clip moves at half the tempo that the second has three halves of.
    assert learned[0].speed == pytest.approx(0.5, abs=0.05)
    assert learned[1].speed == pytest.approx(1.5, abs=0.05)
    np.testing.assert_array_equal(learned[0].handedness, [0, 0, 1])
    wrists, rotation = decode(learned[0].motion)
    wanted = talking(0, 0.5).resampled(24.0)
    np.testing.assert_allclose(wrists, wanted.wrist_position, atol=2e-3)
    np.testing.assert_allclose(np.abs((rotation * wanted.rotation).sum(-1)), 1, atol=1e-4)


def test_preparation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = make_beat2(tmp_path / "data")
    settings = PrepareSettings("beat2", per_shard=1)
    prepare(folder, tmp_path / "clips", settings, workers=1)
    kept, lost = (shard_path(tmp_path / "clips", number) for number in (0, 1))
    before, content = kept.stat().st_mtime_ns, read_arrays(lost, GestureError, advice="")
    lost.unlink()
    prepare(folder, tmp_path / "clips", settings, workers=2)
    assert kept.stat().st_mtime_ns == before
    again = read_arrays(lost, GestureError, advice="")
    # Another process may round a feature of the sound the other way, which is a step of its half precision.
    np.testing.assert_allclose(again["audio"].astype(float), content["audio"].astype(float), rtol=1e-3, atol=1e-3)
    for name in content:
        assert name == "audio" or np.array_equal(again[name], content[name]), name
    with pytest.raises(GestureError, match="other settings"):
        prepare(folder, tmp_path / "clips", PrepareSettings("beat2", per_shard=1, fps=30.0), workers=1)


def test_broken_recordings_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_beat2(tmp_path / "data")
    (folder / "smplxflame_30" / "2_scott_0_1_1.npz").write_bytes(b"half of a file")
    description = prepare(folder, tmp_path / "clips", PrepareSettings("beat2"), workers=1)
    assert (description["recordings"], description["left_out"]) == (2, 1)
    assert "left out: " in capsys.readouterr().out


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    for dataset, words in (("beat2", "smplxflame_30"), ("show", "folders of speakers"), ("hands", "side by side")):
        with pytest.raises(GestureError, match=words):
            prepare(tmp_path, tmp_path / "clips", PrepareSettings(dataset), workers=1)


def test_fingers_about_zero_are_relative_to_the_mean_hand(tmp_path: Path) -> None:
    folder = make_beat2(tmp_path / "data")
    for path in (folder / "smplxflame_30").glob("*.npz"):
        with np.load(path) as file:
            fields = {key: file[key] for key in file.files}
        fields["poses"][:, 75:] -= fields["poses"][:, 75:].mean(axis=0)
        np.savez(path, **fields)
    with pytest.raises(GestureError, match="--smplx"):
        prepare(folder, tmp_path / "clips", PrepareSettings("beat2"), workers=1)
    model = model_file(tmp_path)
    description = prepare(folder, tmp_path / "clips", PrepareSettings("beat2", smplx=str(model)), workers=1)
    assert description["hand_mean"] == "mean"
    clips, _ = load_clips(tmp_path / "clips", "train")
    _, rotation = decode(clips[0].motion)
    assert np.rad2deg(2 * np.arcsin(rotation[:, 1, 2, 3])).mean() == pytest.approx(34, abs=3)


def test_missing_hands_are_not_learned() -> None:
    rotation = np.random.default_rng(0).normal(0, 0.2, (90, 55, 3))
    rotation[:10, 26] = np.nan  # a finger of the left hand
    rotation[20:30, 25:40] = 0.0  # the left hand is not there
    rotation[40:80, 40:55] = rotation[40, 40:55]  # the right hand stands still for more than a second
    filled, confidence = seen_hands(rotation, 30.0)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(np.flatnonzero(confidence[:, 0] == 0), [*range(10), *range(20, 30)])
    np.testing.assert_array_equal(np.flatnonzero(confidence[:, 1] == 0), range(40, 80))


def model_file(folder: Path) -> Path:
    """A made-up body with the character's arms, upright, whose mean hand is bent by 0.6 rad."""
    bones = character_bones()
    joints = np.zeros((55, 3))
    for joint, height in ((0, 0.9), (3, 1.0), (6, 1.1), (9, 1.2)):
        joints[joint] = [0.0, height, 0.0]
    for hand, sign in enumerate((1.0, -1.0)):
        place = np.array([0.0, 1.3, 0.0])
        for joint, bone in zip((13, 16, 18, 20), (bones.collar, bones.shoulder, bones.elbow, bones.wrist), strict=True):
            place = place + np.array(bone) * [sign, 1, 1]
            joints[joint + hand] = place
    bend = np.zeros((2, 15, 3))
    bend[0, :, 2], bend[1, :, 2] = -0.6, 0.6
    path = folder / "SMPLX_NEUTRAL_2020.npz"
    np.savez(
        path,
        v_template=joints,
        shapedirs=np.zeros((55, 3, 400)),
        J_regressor=np.eye(55),
        hands_meanl=bend[0].ravel(),
        hands_meanr=bend[1].ravel(),
        hands_componentsl=np.eye(45),
        hands_componentsr=np.eye(45),
    )
    return path


def show_fields(seed: int, tensors: bool = False) -> dict[str, object]:
    """As SHOW's README lists them: arms hang, hands are 12 coefficients."""
    random = np.random.default_rng(seed)
    body = np.zeros((FRAMES, 21, 3))
    body[:, 15, 2], body[:, 16, 2] = -1.2, 1.2  # shoulders: arms down
    body[:, 17, 1] = -1.0 + 0.3 * np.sin(np.arange(FRAMES) / 8)  # the left elbow moves
    fields: dict[str, object] = {
        "batch_size": FRAMES,
        "width": 1280,
        "height": 720,
        "center": np.array([640.0, 360.0]),
        "focal_length": np.array([1000.0]),
        "camera_transl": np.tile([0.0, -0.9, 3.0], (FRAMES, 1)),
        "body_pose_axis": body,
        "expression": np.zeros((FRAMES, 100)),
        "betas": np.zeros(300),
        "global_orient": np.tile([np.pi, 0.0, 0.0], (FRAMES, 1)),  # y of the camera points down
        "transl": np.zeros((FRAMES, 3)),
        "left_hand_pose": random.normal(0, 0.1, (FRAMES, 12)),
        "right_hand_pose": random.normal(0, 0.1, (FRAMES, 12)),
    }
    if tensors:
        fields |= {name: torch.tensor(value) for name, value in fields.items() if isinstance(value, np.ndarray)}
    return fields


def test_show_becomes_clips(tmp_path: Path) -> None:
    folder, model = tmp_path / "show", model_file(tmp_path)
    for seed, place in enumerate(("oliver/video-a/train/clip-1", "oliver/video-a/test/clip-2", "conan/video-b/clip-3")):
        path = folder / place / f"{Path(place).name}.pkl"
        say(path.with_suffix(".wav"), seed, 22050)
        path.write_bytes(pickle.dumps(show_fields(seed, tensors=seed == 1)))
    with pytest.raises(GestureError, match=r"12 coefficients.*--smplx"):
        prepare(folder, tmp_path / "clips", PrepareSettings("show"), workers=1)
    description = prepare(folder, tmp_path / "clips", PrepareSettings("show", smplx=str(model)), workers=1)
    assert description["style_names"] == ["conan", "oliver"]
    assert description["hand_mean"] == "mean"
    assert {recording.name: recording.part for recording in show.find(folder)} == {
        "oliver/video-a/clip-1": "train",
        "oliver/video-a/clip-2": "test",
        "conan/video-b/clip-3": part_of("conan/video-b"),
    }
    clips, _ = load_clips(tmp_path / "clips")
    assert all(clip.motion.shape == (144, 198) for clip in clips)
    assert clips[0].seen().all()


def test_hands_out_of_the_picture_are_not_learned(tmp_path: Path) -> None:
    folder, model = tmp_path / "show", model_file(tmp_path)
    fields = show_fields(0)
    fields["width"] = 700  # the person's left hand is on the right of the picture, beyond its edge
    path = folder / "oliver" / "video" / "clip.pkl"
    say(path.with_suffix(".wav"))
    path.write_bytes(pickle.dumps(fields))
    from chironomy.body.smplx_model import load_smplx_model

    recording = show.find(folder)[0]
    seen = show.poses(recording, load_smplx_model(model)).confidence
    assert not seen[:, 0].any()
    assert seen[:, 1].all()
    # The same in PyTorch3D's camera, whose x points left and y up.
    fields["global_orient"] = np.tile([0.0, np.pi, 0.0], (FRAMES, 1))
    path.write_bytes(pickle.dumps(fields))
    again = show.poses(recording, load_smplx_model(model)).confidence
    np.testing.assert_array_equal(again, seen)


def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("touch /tmp/must-not-be",)

    path = tmp_path / "oliver" / "clip.pkl"
    say(path.with_suffix(".wav"))
    path.write_bytes(pickle.dumps({"body_pose_axis": Evil()}))
    with pytest.raises(GestureError, match="which is no array"):
        show.poses(show.find(tmp_path)[0], None)


def test_hand_motions_beside_speech_become_clips(tmp_path: Path) -> None:
    for seed, place in enumerate(("train/anna/a", "train/ben/b", "val/anna/c")):
        path = tmp_path / "mine" / f"{place}.npz"
        say(path.with_suffix(".wav"), seed)
        motion = talking(seed)
        hidden = np.ones((FRAMES, 2))
        hidden[: FRAMES // 2, 1] = 0
        save_hands(motion.replaced(confidence=hidden), path)
    description = prepare(tmp_path / "mine", tmp_path / "clips", PrepareSettings("hands"), workers=1)
    assert description["style_names"] == ["anna", "ben"]
    assert description["parts"] == {"train": [0, 1], "validation": [1, 2], "test": [2, 2]}
    clips, _ = load_clips(tmp_path / "clips", "train")
    assert clips[0].seen()[:, 0].all()
    assert clips[0].seen()[:, 1].mean() == pytest.approx(0.5, abs=0.02)


def test_wide_features_stay_on_disk(tmp_path: Path) -> None:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    small = Wav2Vec2Config(
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    Wav2Vec2Model(small).save_pretrained(tmp_path / "encoder")
    folder = make_beat2(tmp_path / "data")
    settings = PrepareSettings("beat2", audio_features="wav2vec2", encoder=str(tmp_path / "encoder"))
    description = prepare(folder, tmp_path / "clips", settings, workers=1)
    assert description["audio_dim"] == 5 * 64
    clips, _ = load_clips(tmp_path / "clips", "train")
    assert isinstance(clips[0].audio, np.memmap)
    assert clips[0].audio.shape == (144, 320)
    with np.load(shard_path(tmp_path / "clips", 0)) as shard:
        np.testing.assert_array_equal(np.concatenate([clip.audio for clip in clips]), shard["audio"])


def test_beat2_names_its_speakers() -> None:
    assert beat2.speaker_of("1_wayne_0_1_1") == "1_wayne"
