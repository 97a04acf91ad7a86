# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline: the same frames however often it is asked, saved, stopped or resumed."""

import json

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from talking_samples import HEIGHT, WIDTH, filled_pipeline, render_inputs

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.request import Settings
from chironomy.work import Work

FRAMES = 14
QUICK = Settings(seed=3, num_inference_steps=2)


@pytest.fixture(scope="module")
def inputs(pipeline):
    return render_inputs(pipeline, FRAMES)


@pytest.fixture(scope="module")
def frames(pipeline, inputs):
    return pipeline(**inputs, settings=QUICK)


def test_frames_have_the_size_of_the_portrait(frames) -> None:
    assert frames.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert frames.dtype == np.uint8


def test_the_seed_decides(pipeline, inputs, frames) -> None:
    assert np.array_equal(pipeline(**inputs, settings=QUICK), frames)
    other = pipeline(**inputs, settings=Settings(seed=4, num_inference_steps=2))
    assert not np.array_equal(other, frames)


def test_blocks_arrive_as_they_are_finished(pipeline, inputs, frames) -> None:
    parts, told = [], []
    for part in pipeline.stream(**inputs, settings=QUICK, work=Work(lambda done, *_: told.append(done))):
        parts.append(part)
        assert told[-1] < 1 or len(np.concatenate(parts)) == FRAMES
    assert len(parts) > 1
    assert np.array_equal(np.concatenate(parts), frames)
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize("name", ["tiny", "pixel"])
def test_what_is_saved_comes_back_to_the_last_bit(name, tmp_path) -> None:
    made = filled_pipeline(name)
    made.save_pretrained(tmp_path)
    again = TalkingPipeline.from_pretrained(tmp_path)
    for part in ("denoiser", "reference_net", "pose_encoder", "audio_projector", "vae"):
        before, after = getattr(made, part).state_dict(), getattr(again, part).state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)
        assert all(torch.isfinite(value).all() for value in after.values())
    assert {key: made.config[key] for key in ("maps", "motion_frames", "guidance_scale", "trained_on")} == {
        key: again.config[key] for key in ("maps", "motion_frames", "guidance_scale", "trained_on")
    }
    inputs = render_inputs(made, 6)
    assert np.array_equal(made(**inputs, settings=QUICK), again(**inputs, settings=QUICK))


def test_the_scheduler_is_saved_as_ddim_with_velocity_and_no_signal_at_the_end(pipeline, tmp_path) -> None:
    pipeline.scheduler.save_pretrained(tmp_path)
    scheduler = DDIMScheduler.from_pretrained(tmp_path)
    assert float(scheduler.alphas_cumprod[-1]) == pytest.approx(0, abs=1e-6)
    scheduler.set_timesteps(4)
    assert scheduler.timesteps.tolist() == [999, 749, 499, 249]
    assert scheduler.config.prediction_type == "v_prediction"


def test_a_stopped_render_goes_on_to_the_same_frames(pipeline, inputs, frames, tmp_path, monkeypatch) -> None:
    stream = pipeline.stream(**inputs, settings=QUICK, finished=tmp_path)
    next(stream)
    stream.close()
    done = list(tmp_path.rglob("part-*.npz"))
    assert len(done) == 1
    runs = []
    whole = TalkingPipeline._denoise
    monkeypatch.setattr(TalkingPipeline, "_denoise", lambda self, *a, **k: runs.append(1) or whole(self, *a, **k))
    assert np.array_equal(pipeline(**inputs, settings=QUICK, finished=tmp_path), frames)
    blocks = len(list(tmp_path.rglob("part-*.npz")))
    assert len(runs) == blocks - 1
    runs.clear()
    assert np.array_equal(pipeline(**inputs, settings=QUICK, finished=tmp_path), frames)
    assert not runs


def test_a_damaged_part_is_made_anew(pipeline, inputs, frames, tmp_path) -> None:
    pipeline(**inputs, settings=QUICK, finished=tmp_path)
    first = min(tmp_path.rglob("part-*.npz"))
    first.write_bytes(first.read_bytes()[:100])
    assert np.array_equal(pipeline(**inputs, settings=QUICK, finished=tmp_path), frames)


def test_an_edit_is_made_anew_from_its_block_on_and_the_frames_before_stay(
    pipeline, inputs, frames, tmp_path, monkeypatch
) -> None:
    pipeline(**inputs, settings=QUICK, finished=tmp_path)
    maps = inputs["maps"].copy()
    maps[FRAMES - 1] = 255
    runs = []
    whole = TalkingPipeline._denoise
    monkeypatch.setattr(TalkingPipeline, "_denoise", lambda self, *a, **k: runs.append(1) or whole(self, *a, **k))
    edited = pipeline(**{**inputs, "maps": maps}, settings=QUICK, finished=tmp_path)
    assert len(runs) == 1
    assert np.array_equal(edited[:8], frames[:8])
    assert not np.array_equal(edited[-1], frames[-1])


@pytest.mark.parametrize(
    "changes",
    [{"seed": 9}, {"num_inference_steps": 3}, {"guidance_scale": 2.0}, {"window_overlap": 3}, {"block_windows": 2}],
)
def test_other_settings_never_meet_the_parts_of_these(pipeline, inputs, tmp_path, changes) -> None:
    for settings in (QUICK, Settings(**{"seed": 3, "num_inference_steps": 2, **changes})):
        next(pipeline.stream(**inputs, settings=settings, finished=tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_other_weights_never_meet_the_parts_of_these(inputs, tmp_path) -> None:
    changed = filled_pipeline()
    next(changed.stream(**inputs, settings=QUICK, finished=tmp_path))
    with torch.no_grad():
        changed.denoiser.conv_out.weight += 0.1
    next(changed.stream(**inputs, settings=QUICK, finished=tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_it_stops_between_two_steps_when_it_is_told_to(pipeline, inputs, tmp_path) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(RenderCancelled):
        pipeline(**inputs, settings=Settings(num_inference_steps=8), work=Work(cancelled=cancelled), finished=tmp_path)
    assert len(asked) == 4
    assert not list(tmp_path.rglob("part-*"))


@pytest.mark.parametrize(
    "name", ["guidance_scale", "reference_guidance_scale", "audio_guidance_scale", "pose_guidance_scale"]
)
def test_every_guidance_changes_the_frames(pipeline, inputs, frames, name) -> None:
    guided = pipeline(**inputs, settings=Settings(seed=3, num_inference_steps=2, **{name: 3.0}))
    assert not np.array_equal(guided, frames)


def test_guidance_is_the_weighted_sum_of_the_runs_without_each_condition(pipeline) -> None:
    from chironomy.video.talking.sampling import Guidance

    assert Guidance().runs() == [(1, ())]
    assert Guidance(every=2.5).runs() == [(2.5, ()), (-1.5, ("reference", "audio", "pose"))]
    runs = Guidance(every=2.0, audio=3.0, pose=0.5).runs()
    assert sum(part for part, _ in runs) == pytest.approx(1)
    assert (-2.0, ("audio",)) in runs


def test_half_precision_gives_frames(pipeline, inputs) -> None:
    half = filled_pipeline().to(torch.bfloat16)
    frames = half(**render_inputs(half, 5), settings=QUICK)
    assert frames.shape == (5, HEIGHT, WIDTH, 3)
    whole = pipeline(**render_inputs(pipeline, 5), settings=QUICK)
    assert np.abs(frames.astype(int) - whole).mean() < 8


def test_tiling_the_vae_gives_frames_of_the_same_size(inputs) -> None:
    tiled = filled_pipeline(vae={"sample_size": 32})
    tiled.enable_vae_tiling()
    tiled.enable_vae_slicing()
    assert tiled(**render_inputs(tiled, 3), settings=QUICK).shape == (3, HEIGHT, WIDTH, 3)


def test_one_frame_is_a_shot(pipeline) -> None:
    assert pipeline(**render_inputs(pipeline, 1), settings=QUICK).shape == (1, HEIGHT, WIDTH, 3)


BAD = [
    ("maps", lambda maps: maps[..., :3], "maps are uint8 of shape (14, 64, 48, 3); this video model"),
    ("maps", lambda maps: maps[:, :32], "need uint8 of shape (frames, 64, 48, 6)"),
    ("audio", lambda audio: audio[:-1], "audio has the shape (13, 52); this video model needs (14, 52)"),
    ("audio", lambda audio: audio * np.nan, "audio holds numbers that are not finite"),
    ("confidence", lambda sure: sure + 1, "must be (14, 2) numbers from 0 to 1"),
    ("reference", lambda picture: picture[:, :, 0], "the portrait is uint8 of shape (64, 48); give uint8 RGB"),
    ("reference", lambda picture: picture[:60], "the picture is 48x60; this video model's sizes are multiples of 8"),
]


@pytest.mark.parametrize(("name", "spoil", "sentence"), BAD)
def test_inputs_that_do_not_fit_are_named(pipeline, inputs, name, spoil, sentence) -> None:
    columns = inputs["audio"].shape[1]
    with pytest.raises(VideoError) as refused:
        pipeline.stream(**{**inputs, name: spoil(inputs[name])})
    assert sentence.replace("52", str(columns)) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"num_inference_steps": 0}, "num_inference_steps is 0; give a whole number from 1 to 1000"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"guidance_scale": float("nan")}, "guidance_scale is nan; give a number from 0 to 20"),
        ({"window_frames": 33}, "window_frames is 33; give a whole number from 2 to 32"),
        ({"window_overlap": 8}, "window_overlap is 8"),
        ({"window_overlap": 7}, "windows of 8 frames cannot share 7 and leave 2 motion frames"),
    ],
)
def test_settings_out_of_range_are_named(pipeline, inputs, settings, sentence) -> None:
    with pytest.raises(VideoError, match=sentence.replace("(", r"\(")):
        pipeline.stream(**inputs, settings=Settings(**settings))


def test_a_scheduler_that_cannot_be_used_is_refused(inputs) -> None:
    other = filled_pipeline()
    other.scheduler = EulerDiscreteScheduler()
    with pytest.raises(VideoError, match="cannot be sampled with EulerDiscreteScheduler"):
        other.stream(**inputs)


def test_weights_that_make_no_numbers_are_a_sentence(inputs) -> None:
    broken = filled_pipeline()
    with torch.no_grad():
        broken.denoiser.conv_out.bias.fill_(float("inf"))
    with pytest.raises(VideoError, match="numbers that are not finite"):
        broken(**inputs, settings=QUICK)


class TestSavedFolder:
    """What is wrong with a folder is said before any weights are read."""

    @pytest.fixture
    def folder(self, pipeline, tmp_path, monkeypatch):
        pipeline.save_pretrained(tmp_path)
        monkeypatch.setattr("safetensors.torch.load_file", lambda *a, **k: pytest.fail("weights were read"))
        return tmp_path

    def test_that_is_none(self, tmp_path) -> None:
        with pytest.raises(VideoError, match="holds no video model"):
            TalkingPipeline.from_pretrained(tmp_path)

    def test_of_another_pipeline(self, folder) -> None:
        index = json.loads((folder / "model_index.json").read_text())
        (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": "StableDiffusionPipeline"}))
        with pytest.raises(VideoError, match="a model of another kind, 'StableDiffusionPipeline'"):
            TalkingPipeline.from_pretrained(folder)

    def test_with_the_weights_of_another_network(self, folder) -> None:
        config = json.loads((folder / "denoiser" / "config.json").read_text())
        (folder / "denoiser" / "config.json").write_text(json.dumps({**config, "cross_attention_dim": 40}))
        with pytest.raises(VideoError, match=r"denoiser holds the weights of another model: of \d+ tensors \d+ have"):
            TalkingPipeline.from_pretrained(folder)

    def test_without_the_weights_of_a_part(self, folder) -> None:
        next((folder / "reference_net").glob("*.safetensors")).unlink()
        with pytest.raises(VideoError, match=r"reference_net has no weights"):
            TalkingPipeline.from_pretrained(folder)

    def test_cut_short(self, folder) -> None:
        path = next((folder / "pose_encoder").glob("*.safetensors"))
        path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(VideoError, match="is damaged; copy the weights again"):
            TalkingPipeline.from_pretrained(folder)
