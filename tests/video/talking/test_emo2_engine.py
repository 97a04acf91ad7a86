# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `emo2`: an edit reaches the maps of its frame alone, and what is missing is said before it starts."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from talking_samples import filled_pipeline

from chironomy.body.pose import solve_pose
from chironomy.motion import FaceTrack
from chironomy.motion.edit import offset_wrist
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.shot import Media, Shot
from chironomy.video.engines.emo2 import Emo2Engine
from chironomy.video.engines.portrait import fitted
from chironomy.video.engines.registry import engine_names, get_engine
from chironomy.video.film.encode import probe
from chironomy.video.render import render_video
from chironomy.video.talking.control_maps import ShotMaps
from chironomy.video.talking.saved import check_saved
from chironomy.video.weights.folder import find_weights, unfinished_folder, weights_folder
from chironomy.video.weights.published import engine_weights
from chironomy.work import Work
from takes import hands_before_the_chest, write_tone

FRAMES = 12


def picture(width: int = 90, height: int = 120, form: str = "PNG", **options) -> bytes:
    rows, columns = np.mgrid[0:height, 0:width]
    colours = np.stack([rows * 2 % 256, columns * 2 % 256, np.full_like(rows, 90)], axis=2).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, form, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def talking_shot(rig, tmp_path_factory) -> Shot:
    """Half a second of 48 by 64 pixels, with a portrait and a sound."""
    hands = hands_before_the_chest(FRAMES)
    sound = write_tone(tmp_path_factory.mktemp("sound") / "tone.wav", 0.5)
    return Shot(
        hands,
        solve_pose(rig, hands),
        FaceTrack(24, np.zeros((FRAMES, len(FACE_ACTIONS)))),
        portrait_camera(rig, 48, 64),
        speech=Media.from_file(sound),
        reference=Media("portrait.png", picture()),
        engine="emo2",
        settings={"num_inference_steps": 2, "seed": 1},
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of weights with a small model in it."""
    root = tmp_path_factory.mktemp("models")
    filled_pipeline().save_pretrained(root / "emo2")
    return root


@pytest.fixture
def engine(models, monkeypatch, tmp_path) -> Emo2Engine:
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(models))
    return Emo2Engine(finished=tmp_path / "unfinished")


def edited(shot: Shot, rig, frame: int) -> Shot:
    hands = offset_wrist(shot.hands, "right", frame / shot.fps, 1 / shot.fps, [0.0, 0.06, 0.0])
    return shot.replaced(hands=hands, pose=solve_pose(rig, hands))


def test_it_is_among_the_engines() -> None:
    assert "emo2" in engine_names()
    assert isinstance(get_engine("emo2"), Emo2Engine)


def test_it_renders_a_shot(engine, talking_shot) -> None:
    told = []
    frames = list(engine.render(talking_shot, Work(lambda done, *_: told.append(done))))
    assert len(frames) == FRAMES
    assert all(frame.shape == (64, 48, 3) and frame.dtype == np.uint8 for frame in frames)
    assert told == sorted(told)
    assert told[-1] == 1
    again = list(engine.render(talking_shot))
    assert np.array_equal(frames, again)


def test_it_makes_a_video_with_its_speech(engine, talking_shot, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("chironomy.video.render.get_engine", lambda name: engine)
    assert render_video(talking_shot, tmp_path / "video.mp4") == FRAMES
    found = probe(tmp_path / "video.mp4")
    assert (found.width, found.height, found.frame_count) == (48, 64, FRAMES)


def test_a_part_of_a_shot_is_rendered_from_its_own_frames(engine, talking_shot) -> None:
    part = talking_shot.replaced(frame_start=3, frame_stop=8)
    assert len(list(engine.render(part))) == 5
    assert np.array_equal(ShotMaps(part, "mano_keypoints")[0:2], ShotMaps(talking_shot, "mano_keypoints")[3:5])


@pytest.mark.parametrize("layout", ["mano_keypoints", "echomimic_v2"])
def test_one_edited_frame_changes_the_maps_of_that_frame_alone(talking_shot, rig, layout) -> None:
    before = ShotMaps(talking_shot, layout, rig)[:]
    after = ShotMaps(edited(talking_shot, rig, 5), layout, rig)[:]
    assert np.flatnonzero((before != after).any(axis=(1, 2, 3))).tolist() == [5]


def test_requirements_are_known_before_it_starts(engine, talking_shot) -> None:
    usual, asked = engine.requirements(), engine.requirements(talking_shot)
    assert asked.weights == ("emo2",)
    assert usual.device == asked.device == "cpu"
    assert 0 < asked.memory_bytes < usual.memory_bytes
    assert "EchoMimicV2" in asked.licence


def test_without_weights_it_still_says_what_it_needs(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    needs = Emo2Engine().requirements()
    assert needs.device == "cuda"
    assert needs.memory_bytes > 8 * 2**30


def test_it_stops_when_it_is_told_to_and_goes_on_later(engine, talking_shot, tmp_path) -> None:
    asked = []
    with pytest.raises(RenderCancelled):
        list(engine.render(talking_shot, Work(cancelled=lambda: asked.append(1) or len(asked) > 9)))
    assert len(list((tmp_path / "unfinished").rglob("part-*"))) == 1
    resumed = list(engine.render(talking_shot))
    plain = list(engine.render(talking_shot.replaced(settings={**talking_shot.settings, "keep_finished": False})))
    assert np.array_equal(resumed, plain)


REFUSED = [
    ({"reference": None}, "needs a portrait"),
    ({"reference": Media("portrait.png", b"no picture")}, "portrait.png"),
    ({"settings": {"weights": "mine"}}, "there are no weights in .* \\(looked for mine\\)"),
    ({"settings": {"weights": "../../etc"}}, "setting weights is '../../etc'; give the name of a folder"),
    ({"settings": {"stepz": 3}}, "has no setting 'stepz'; there are seed, num_inference_steps"),
    ({"settings": {"num_inference_steps": 0}}, "num_inference_steps is 0"),
    ({"settings": {"device": "tpu"}}, "setting device is 'tpu'; this machine has"),
    ({"settings": {"dtype": "int4"}}, "setting dtype is 'int4'; choose float32, float16 or bfloat16"),
    ({"settings": {"offload": "model", "device": "cpu"}}, "setting offload is 'model', which moves weights"),
    ({"settings": {"attention_slicing": 0}}, "setting attention_slicing is 0"),
    ({"settings": {"vae_tiling": "yes"}}, "setting vae_tiling is 'yes'; give true or false"),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED)
def test_what_cannot_be_rendered_is_said_before_weights_are_read(
    engine, talking_shot, monkeypatch, changes, sentence
) -> None:
    monkeypatch.setattr("chironomy.video.engines.emo2.load_pipeline", lambda *a: pytest.fail("weights were read"))
    with pytest.raises(VideoError, match=sentence) as refused:
        engine.render(talking_shot.replaced(**changes))
    assert "\n" not in str(refused.value)


def test_a_size_that_the_network_cannot_make_is_named(engine, talking_shot, rig) -> None:
    with pytest.raises(
        VideoError, match="the picture is 50x64; this video model's sizes are multiples of 8, such as 48x64"
    ):
        engine.render(talking_shot.replaced(camera=portrait_camera(rig, 50, 64)))


def test_too_little_memory_is_said_before_weights_are_read(engine, talking_shot, monkeypatch) -> None:
    monkeypatch.setattr("chironomy.video.engines.emo2.load_pipeline", lambda *a: pytest.fail("weights were read"))
    monkeypatch.setattr("chironomy.video.weights.memory.free_memory", lambda device: 2**20)
    with pytest.raises(VideoError, match=r"needs about \d\.\d GiB and .* has 0\.0 GiB free"):
        engine.render(talking_shot)


def test_the_weights_of_another_model_are_refused(models, talking_shot, monkeypatch) -> None:
    other = models / "other"
    (other / "unet").mkdir(parents=True, exist_ok=True)
    (other / "model_index.json").write_text(json.dumps({"_class_name": "WanVACEPipeline"}))
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(models))
    with pytest.raises(VideoError, match=r"holds a model of another kind, .WanVACEPipeline"):
        Emo2Engine().render(talking_shot.replaced(settings={"weights": "other"}))


def test_the_middle_of_a_portrait_fills_the_picture() -> None:
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 40:88] = 200
    narrow = fitted(wide, 48, 64)
    assert narrow.shape == (64, 48, 3)
    assert narrow.min() > 150


def test_weights_lie_in_the_users_folder_unless_told_otherwise(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("CHIRONOMY_WEIGHTS", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert weights_folder() == tmp_path / "chironomy" / "weights"
    assert unfinished_folder() == tmp_path / "chironomy" / "unfinished"
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "models"))
    with pytest.raises(
        VideoError,
        match=r"echomimic_v2, which is not there; BadToBest/EchoMimicV2 .*: chironomy weights import-echomimic-v2",
    ):
        engine_weights("emo2")
    (tmp_path / "models" / "echomimic_v2").mkdir(parents=True)
    assert find_weights(("emo2", "echomimic_v2")) == tmp_path / "models" / "echomimic_v2"


def test_a_whole_folder_passes(models) -> None:
    assert check_saved(models / "emo2")["maps"] == "mano_keypoints"


def test_a_model_without_the_network_it_hears_through_is_refused_before_it_is_read(tmp_path):
    pipeline = filled_pipeline()
    pipeline.register_to_config(audio_features="wav2vec2")
    pipeline.save_pretrained(tmp_path)
    with pytest.raises(VideoError, match="hears through a wav2vec2 network and holds none in audio_encoder"):
        check_saved(tmp_path)
