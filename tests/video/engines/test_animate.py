# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `animate` on small random weights: skeleton and face of every frame, and segments that go on."""

import shutil

import numpy as np
import pytest
import torch
from diffusers import WanAnimatePipeline
from engine_samples import Fed, as_array, edited, longer, neck_colour
from PIL import Image
from safetensors.torch import load_file
from tiny_pipelines import FACE_SIZE

from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.errors import VideoError
from chironomy.video.engines.animate import AnimateEngine
from chironomy.video.engines.face_crop import face_camera, face_crop
from chironomy.video.engines.portrait import portrait
from chironomy.video.engines.registry import get_engine
from chironomy.video.maps import animate_pose_map, skeleton


@pytest.fixture
def engine(weights) -> AnimateEngine:
    return get_engine("animate")


def with_settings(shot, **settings):
    return shot.replaced(settings={**shot.settings, **settings})


def speaking(shot, frame: int):
    """The mouth open in one frame."""
    values = shot.face.values.copy()
    values[frame, FACE_ACTIONS.index("jawOpen")] = 0.7
    return shot.replaced(face=shot.face.replaced(values=values))


def test_an_edited_key_and_an_open_mouth_reach_their_own_frames(engine, silent_shot, rig, monkeypatch) -> None:
    fed = Fed(monkeypatch, WanAnimatePipeline)
    pictures = [
        np.stack(list(engine.render(shot)))
        for shot in (silent_shot, edited(silent_shot, rig, 5), speaking(silent_shot, 3))
    ]
    assert pictures[0].shape == (7, 64, 48, 3)
    plain, moved, spoken = fed.calls
    assert plain["segment_frame_length"] == 9

    def changed(name: str, call: dict) -> list[int]:
        return np.flatnonzero((as_array(plain[name]) != as_array(call[name])).any(axis=(1, 2, 3))).tolist()

    assert changed("pose_video", moved) == [5]
    assert changed("face_video", moved) == []
    assert changed("face_video", spoken) == [3]
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[0] != pictures[2]).any()


def test_the_skeleton_is_in_wan_animates_colours(engine, silent_shot, monkeypatch) -> None:
    fed = Fed(monkeypatch, WanAnimatePipeline)
    list(engine.render(with_settings(silent_shot, num_inference_steps=1)))
    drawn = as_array(fed.calls[0]["pose_video"])
    np.testing.assert_array_equal(drawn[2], animate_pose_map(silent_shot, 2))
    red, _, blue = neck_colour(drawn[2], silent_shot)
    assert blue > 3 * red
    assert fed.calls[0]["face_video"][0].size == (FACE_SIZE, FACE_SIZE)
    np.testing.assert_array_equal(np.asarray(fed.calls[0]["image"]), portrait(silent_shot))


def test_segments_go_on_as_the_pipelines_own_do(engine, silent_shot, rig, weights) -> None:
    """Segment by segment the pictures are those of one call of the pipeline for the whole shot, but for rounding."""
    shot = with_settings(longer(silent_shot, rig, 17), segment_frames=9)
    frames = np.stack(list(engine.render(shot)))
    folder = weights / "wan2.2-animate-14b"
    pipeline = WanAnimatePipeline.from_pretrained(folder, tokenizer=None, text_encoder=None)
    pipeline.set_progress_bar_config(disable=True)
    whole = pipeline(
        image=Image.fromarray(portrait(shot)),
        pose_video=[Image.fromarray(animate_pose_map(shot, frame)) for frame in shot.frames],
        face_video=[Image.fromarray(face_crop(shot, frame, FACE_SIZE)) for frame in shot.frames],
        prompt_embeds=load_file(folder / "prompts" / "default.safetensors")["prompt_embeds"],
        height=64,
        width=48,
        segment_frame_length=9,
        num_inference_steps=2,
        generator=torch.Generator("cpu").manual_seed(0),
    ).frames[0]
    difference = np.abs(frames - np.floor(whole * 255 + 0.5))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_a_single_frame_and_odd_numbers_come_back_as_asked(engine, silent_shot, monkeypatch) -> None:
    fed = Fed(monkeypatch, WanAnimatePipeline)
    shot = with_settings(silent_shot, num_inference_steps=1)
    for start, stop, made in ((3, 4, 5), (0, 6, 9)):
        part = shot.replaced(frame_start=start, frame_stop=stop)
        assert len(list(engine.render(part))) == stop - start
        assert fed.calls[-1]["segment_frame_length"] == made


def test_the_face_fills_the_crop_and_stays_in_its_middle(silent_shot) -> None:
    crop = face_crop(silent_shot, 0, 128)
    assert crop.shape == (128, 128, 3)
    camera = face_camera(silent_shot, 0, 128)
    points = skeleton(silent_shot.replaced(camera=camera), 0).face
    low, high = points.min(axis=0), points.max(axis=0)
    assert (low > 0).all()
    assert (high < 128).all()
    # The longer side of the box grows by the root of 1.3; three quarters of what is added upright go above.
    assert (high - low).max() == pytest.approx(128 / np.sqrt(1.3), rel=1e-6)
    assert (low[0] + high[0]) / 2 == pytest.approx(64, abs=1e-6)
    assert low[1] + high[1] > 128


def test_the_overlaps_it_was_not_trained_with_are_refused(engine, silent_shot) -> None:
    with pytest.raises(VideoError, match="setting overlap_frames is 9; Wan-Animate was trained with 1 or 5"):
        engine.render(with_settings(silent_shot, overlap_frames=9))


def test_weights_without_their_image_encoder_are_refused(engine, silent_shot, models, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "wan2.2-animate-14b"
    shutil.copytree(models / "wan2.2-animate-14b", folder)
    shutil.rmtree(folder / "image_encoder")
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    with pytest.raises(VideoError, match="lacks the folder image_encoder; copy the weights again"):
        engine.render(silent_shot)
