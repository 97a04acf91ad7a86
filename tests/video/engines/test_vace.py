# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `vace` on small random weights: what reaches the pipeline, and what comes back."""

import shutil

import numpy as np
import pytest
import torch
from diffusers import WanVACEPipeline
from engine_samples import Fed, as_array, edited, longer, neck_colour
from safetensors.torch import load_file

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.engines.registry import engine_names, get_engine
from chironomy.video.engines.vace import VaceEngine
from chironomy.video.maps import get_map
from chironomy.work import Work


@pytest.fixture
def engine(weights) -> VaceEngine:
    return get_engine("vace")


def with_settings(shot, **settings):
    return shot.replaced(settings={**shot.settings, **settings})


def test_it_is_among_the_engines() -> None:
    assert "vace" in engine_names()


def test_it_gives_back_the_frames_of_the_shot(engine, silent_shot) -> None:
    told = []
    frames = list(engine.render(silent_shot, Work(lambda done, *_: told.append(done))))
    assert len(frames) == 7
    assert all(frame.shape == (64, 48, 3) and frame.dtype == np.uint8 for frame in frames)
    assert told == sorted(told)
    assert told[-1] == 1
    assert np.array_equal(frames, list(engine.render(with_settings(silent_shot, keep_finished=False))))
    assert not np.array_equal(frames, list(engine.render(with_settings(silent_shot, seed=1))))


@pytest.mark.parametrize(("control", "kind"), [("pose", "vace_pose_hands"), ("depth", "depth")])
def test_the_control_is_the_map_in_vaces_colours(engine, silent_shot, monkeypatch, control, kind) -> None:
    fed = Fed(monkeypatch, WanVACEPipeline)
    list(engine.render(with_settings(silent_shot, control=control, num_inference_steps=1)))
    (call,) = fed.calls
    assert call["num_frames"] == 9
    drawn = as_array(call["video"])
    wanted = [get_map(kind).draw(silent_shot, min(frame, 6)) for frame in range(9)]
    np.testing.assert_array_equal(drawn, wanted)
    assert call["mask"].shape == (1, 9, 64, 48, 3)
    assert (call["mask"] == 1).all()
    assert call["reference_images"][0].size == (48, 64)


def test_the_neck_is_red_for_vace(engine, silent_shot, monkeypatch) -> None:
    """Blue in ControlNet's colours; VACE's annotator exchanges red and blue."""
    fed = Fed(monkeypatch, WanVACEPipeline)
    list(engine.render(with_settings(silent_shot, num_inference_steps=1)))
    red, _, blue = neck_colour(as_array(fed.calls[0]["video"])[0], silent_shot)
    assert red > 3 * blue


def test_an_edited_key_changes_the_control_of_its_frame_alone_and_the_picture(
    engine, silent_shot, rig, monkeypatch
) -> None:
    fed = Fed(monkeypatch, WanVACEPipeline)
    before = np.stack(list(engine.render(silent_shot)))
    after = np.stack(list(engine.render(edited(silent_shot, rig, 5))))
    controls = [as_array(call["video"]) for call in fed.calls]
    assert np.flatnonzero((controls[0] != controls[1]).any(axis=(1, 2, 3))).tolist() == [5]
    assert (before != after).any(axis=(1, 2, 3))[5]


def test_a_long_shot_goes_on_from_the_last_frames_of_the_segment_before(engine, silent_shot, rig, monkeypatch) -> None:
    fed = Fed(monkeypatch, WanVACEPipeline)
    shot = with_settings(longer(silent_shot, rig, 14), segment_frames=9, overlap_frames=5, num_inference_steps=1)
    frames = np.stack(list(engine.render(shot)))
    assert frames.shape == (14, 64, 48, 3)
    assert [call["num_frames"] for call in fed.calls] == [9, 9, 9]
    for call in fed.calls[1:]:
        assert call["mask"][0, :, 0, 0, 0].tolist() == [0] * 5 + [1] * 4
    # What is kept is what was made, in the shot's own order.
    kept = as_array(fed.calls[1]["video"])[:5]
    np.testing.assert_array_equal(kept[0], frames[4])
    np.testing.assert_array_equal(as_array(fed.calls[2]["video"])[5], get_map("vace_pose_hands").draw(shot, 13))


def test_a_part_of_a_shot_is_controlled_by_its_own_frames(engine, silent_shot, monkeypatch) -> None:
    fed = Fed(monkeypatch, WanVACEPipeline)
    part = with_settings(silent_shot, num_inference_steps=1).replaced(frame_start=2, frame_stop=6)
    assert len(list(engine.render(part))) == 4
    np.testing.assert_array_equal(as_array(fed.calls[0]["video"])[0], get_map("vace_pose_hands").draw(silent_shot, 2))


def test_at_another_rate_the_shot_keeps_its_own_frames(engine, silent_shot, rig, monkeypatch) -> None:
    """At half of the model's 24 frames a second each frame is shown twice."""
    fed = Fed(monkeypatch, WanVACEPipeline)
    shot = with_settings(longer(silent_shot, rig, 9), model_fps=12, num_inference_steps=1)
    frames = list(engine.render(shot))
    assert len(frames) == 9
    assert fed.calls[0]["num_frames"] == 5
    np.testing.assert_array_equal(as_array(fed.calls[0]["video"])[2], get_map("vace_pose_hands").draw(shot, 4))
    assert np.array_equal(frames[3], frames[4])
    assert not np.array_equal(frames[4], frames[5])


def test_guidance_takes_the_negative_prompt_too(engine, silent_shot, monkeypatch) -> None:
    fed = Fed(monkeypatch, WanVACEPipeline)
    shot = with_settings(silent_shot, guidance_scale=3.0, prompt_embeds="both", num_inference_steps=1)
    assert len(list(engine.render(shot))) == 7
    (call,) = fed.calls
    assert call["guidance_scale"] == 3.0
    assert np.array_equal(call["negative_prompt_embeds"], -call["prompt_embeds"])


def test_weights_of_eight_bits_render_too(engine, silent_shot, monkeypatch) -> None:
    plain = np.stack(list(engine.render(silent_shot)))
    fed = Fed(monkeypatch, WanVACEPipeline)
    small = np.stack(list(engine.render(with_settings(silent_shot, float8=True))))
    assert fed.pipelines[0].transformer.blocks[0].ffn.net[2].weight.dtype == torch.float8_e4m3fn
    assert 0 < np.abs(plain.astype(int) - small).mean() < 0.5 * plain.std()


def test_quantised_weights_take_the_transformers_place(weights, silent_shot, tmp_path, monkeypatch) -> None:
    gguf = pytest.importorskip("gguf")
    folder = tmp_path / "wan2.1-vace-1.3b"
    shutil.copytree(weights / folder.name, folder)
    (own,) = (folder / "transformer").glob("*.safetensors")
    writer = gguf.GGUFWriter(folder / "small-Q8_0.gguf", "wan")
    for name, value in load_file(own).items():
        array = value.float().numpy()
        if array.ndim == 2 and array.shape[1] % 32 == 0 and "blocks" in name:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    own.unlink()
    plain = np.stack(list(get_engine("vace").render(silent_shot)))
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    small = np.stack(list(VaceEngine().render(silent_shot)))
    assert small.shape == plain.shape
    assert 0 < np.abs(plain.astype(int) - small).mean() < 0.5 * plain.std()
    assert "small-Q8_0.gguf" in VaceEngine().check()
    with pytest.raises(VideoError, match="GGUF weights are small already"):
        VaceEngine().render(with_settings(silent_shot, float8=True))


def test_it_stops_between_steps(engine, silent_shot, monkeypatch) -> None:
    steps = []
    original = WanVACEPipeline.__call__

    def counted(pipeline, callback_on_step_end, **arguments):
        def after(*told):
            steps.append(told[1])
            return callback_on_step_end(*told)

        return original(pipeline, callback_on_step_end=after, **arguments)

    monkeypatch.setattr(WanVACEPipeline, "__call__", counted)
    with pytest.raises(RenderCancelled):
        list(engine.render(with_settings(silent_shot, num_inference_steps=4), Work(cancelled=lambda: len(steps) >= 2)))
    assert steps == [0, 1]


REFUSED = [
    ({"stepz": 3}, "the engine vace has no setting 'stepz'; there are weights, gguf"),
    ({"control": "canny"}, "setting control is 'canny'; choose pose or depth"),
    ({"control_scale": 3}, "setting control_scale is 3; give a number from 0 to 2"),
    ({"segment_frames": 80}, "setting segment_frames is 80; give a multiple of 4 and 1 more, such as 81"),
    ({"overlap_frames": 81}, "setting overlap_frames is 81; give a whole number from 1 to 77"),
    ({"guidance_scale": 5}, "has no negative_prompt_embeds, which guidance needs; set guidance_scale to 1"),
    ({"prompt": "hello"}, "has no text encoder to read the setting prompt with"),
    ({"prompt_embeds": "../secret"}, "setting prompt_embeds is '../secret'; give the name of a file in"),
    ({"prompt_embeds": "none"}, "none.safetensors is not there; make that where the text encoder is"),
    ({"offload": "group"}, "setting offload is 'group', which moves weights to and from a GPU; here there is none"),
    ({"gguf": "/etc/passwd"}, "setting gguf is '/etc/passwd'; give the name of a GGUF file in .* \\(none\\)"),
    ({"float8": "yes"}, "setting float8 is 'yes'; give true or false"),
    ({"keep_finished": 1}, "setting keep_finished is 1; give true or false"),
    ({"weights": "mine"}, "there are no weights in .* \\(looked for mine\\)"),
    ({"weights": "wan2.2-animate-14b"}, "holds a model of another kind, WanAnimatePipeline; this engine reads WanVACE"),
]


@pytest.mark.parametrize(("settings", "sentence"), REFUSED)
def test_what_cannot_be_rendered_is_said_before_weights_are_read(
    engine, silent_shot, monkeypatch, settings, sentence
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("chironomy.video.engines.pipeline_engine.load_pipeline", lambda *a: pytest.fail("were read"))
    with pytest.raises(VideoError, match=sentence) as refused:
        engine.render(with_settings(silent_shot, **settings))
    assert "\n" not in str(refused.value)


def test_missing_weights_are_named_with_licence_size_and_place(silent_shot, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(VideoError) as refused:
        VaceEngine().render(silent_shot)
    assert str(refused.value) == (
        f"the engine vace needs weights in {tmp_path}/wan2.1-vace-1.3b, which is not there; "
        "Wan-AI/Wan2.1-VACE-1.3B-diffusers (Apache-2.0, 16.2 GB) belongs there: "
        f"hf download Wan-AI/Wan2.1-VACE-1.3B-diffusers --local-dir {tmp_path}/wan2.1-vace-1.3b; "
        "they run from 12 GB of GPU memory on, and there is no GPU here that torch can use"
    )
    needs = VaceEngine().requirements()
    assert (needs.device, needs.weights) == ("cuda", ("wan2.1-vace-1.3b",))


def test_a_size_that_the_model_cannot_make_is_named(engine, silent_shot, rig) -> None:
    with pytest.raises(VideoError, match="is 56x64; this video model's sizes are multiples of 16, such as 64x64"):
        engine.render(silent_shot.replaced(camera=silent_shot.camera.resized(56, 64)))


def test_too_little_memory_is_said_before_weights_are_read(engine, silent_shot, monkeypatch) -> None:
    monkeypatch.setattr("chironomy.video.engines.pipeline_engine.load_pipeline", lambda *a: pytest.fail("were read"))
    monkeypatch.setattr("chironomy.video.weights.memory.free_memory", lambda device: 2**20)
    with pytest.raises(VideoError, match=r"needs about \d\.\d GiB and main memory has 0\.0 GiB free; choose a smaller"):
        engine.render(silent_shot)


def test_the_plan_is_said_before_it_starts(engine, silent_shot, monkeypatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    needs = engine.requirements(silent_shot)
    assert needs.device == "cpu"
    assert needs.plan.startswith("wan2.1-vace-1.3b (float32), all on the processor, about 0.7 GiB; 7 frames at 24")
