# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of published weights: looked at before anything is loaded, and what fits into which memory."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from chironomy.shot.errors import VideoError
from chironomy.video.engines.animate import AnimateEngine
from chironomy.video.engines.pipeline_loading import load_pipeline
from chironomy.video.engines.pipeline_memory import Placement, placed, placements, weight_bytes, working_memory
from chironomy.video.engines.registry import get_engine
from chironomy.video.engines.vace import VaceEngine
from chironomy.video.weights.saved_pipeline import read_pipeline

GIB = 2**30


@pytest.fixture
def folder(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the weights, to be damaged."""
    shutil.copytree(models / "wan2.1-vace-1.3b", tmp_path / "wan2.1-vace-1.3b")
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    return tmp_path / "wan2.1-vace-1.3b"


def in_two_files(part: Path) -> None:
    """Cut the weights of a part in two, as large ones are published."""
    (whole,) = part.glob("*.safetensors")
    values = load_file(whole)
    names = sorted(values)
    halves = {f"model-0000{k + 1}-of-00002.safetensors": names[k::2] for k in range(2)}
    for name, keys in halves.items():
        save_file({key: values[key] for key in keys}, part / name)
    index = {"weight_map": {key: name for name, keys in halves.items() for key in keys}}
    whole.with_suffix(".safetensors.index.json").write_text(json.dumps(index))
    whole.unlink()


@pytest.mark.parametrize("engine", ["vace", "animate"])
def test_whole_weights_pass(engine, weights) -> None:
    assert "all there; no text encoder, saved prompts: both, default" in get_engine(engine).check()


def test_weights_in_several_files_pass_and_a_missing_one_is_named(folder) -> None:
    in_two_files(folder / "transformer")
    assert "all there" in VaceEngine().check()
    (folder / "transformer" / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(
        VideoError, match=r"transformer lacks model-00002-of-00002.safetensors, one of 1 files that are"
    ):
        VaceEngine().check()


def test_a_file_that_was_cut_short_is_named(folder) -> None:
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(VideoError, match=r"vae/diffusion_pytorch_model.safetensors is damaged; copy the weights again"):
        VaceEngine().check()


def test_weights_of_another_size_are_refused(folder) -> None:
    config = folder / "transformer" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({**values, "ffn_dim": 64}))
    with pytest.raises(VideoError, match=r"holds the weights of another model: of .* have another shape"):
        VaceEngine().check()


def test_another_class_of_transformer_is_refused(folder) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["transformer"] = ["diffusers", "WanTransformer3DModel"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(VideoError, match="names WanTransformer3DModel as its transformer, which must be WanVACE"):
        VaceEngine().check()


@pytest.mark.parametrize(
    ("name", "sentence"), [("model_index.json", "it has no model_index.json"), ("vae", "the folder")]
)
def test_what_is_not_there_is_named(folder, name, sentence) -> None:
    path = folder / name
    path.unlink() if path.is_file() else shutil.rmtree(path)
    with pytest.raises(VideoError, match=sentence):
        VaceEngine().check()


def test_larger_pictures_more_frames_and_no_tiles_take_more(weights) -> None:
    saved = read_pipeline(weights / "wan2.1-vace-1.3b", VaceEngine.kind, VaceEngine.parts)

    def working(size: tuple[int, int, int], tiling: bool = False):
        return working_memory(saved, VaceEngine._transformer_inputs, size, torch.float32, tiling)

    usual = working((9, 64, 48))
    assert working((9, 128, 96)).denoise > 1.5 * usual.denoise
    assert working((17, 64, 48)).denoise > usual.denoise
    assert working((17, 64, 48)).frames > usual.frames
    assert working((9, 512, 512), tiling=True).frames < working((9, 512, 512)).frames
    weight = weight_bytes(saved, torch.float32, False, True)
    assert set(weight) == {"transformer", "vae"}
    assert weight_bytes(saved, torch.float32, True, True)["transformer"] * 4 == weight["transformer"]
    assert weight_bytes(saved, torch.bfloat16, False, True)["vae"] == weight["vae"]
    sizes = [choice.device_bytes for choice in placements(saved, weight, usual)]
    assert sizes == sorted(sizes, reverse=True)


CHOICES = [Placement("none", 60 * GIB, 47 * GIB), Placement("model", 40 * GIB, 47 * GIB)]
CHOICES.append(Placement("group", 12 * GIB, 47 * GIB))


@pytest.mark.parametrize(("free", "offload"), [(80, "none"), (48, "model"), (24, "group")])
def test_weights_wait_where_there_is_room(free, offload) -> None:
    assert placed(CHOICES, "auto", "cuda", free * GIB, 64 * GIB).offload == offload


def test_without_room_there_is_one_sentence() -> None:
    with pytest.raises(VideoError, match=r"needs about 12\.0 GiB and the GPU has 8\.0 GiB free; choose a smaller size"):
        placed(CHOICES, "auto", "cuda", 8 * GIB, 64 * GIB)
    with pytest.raises(VideoError, match=r"needs about 40\.0 GiB and the GPU has 24\.0 GiB free"):
        placed(CHOICES, "model", "cuda", 24 * GIB, 64 * GIB)
    with pytest.raises(VideoError, match=r"needs about 47\.0 GiB and main memory has 32\.0 GiB free; choose GGUF"):
        placed(CHOICES, "auto", "cuda", 24 * GIB, 32 * GIB)


@pytest.mark.parametrize("offload", ["model", "group"])
def test_wherever_weights_wait_the_pictures_are_the_same(weights, silent_shot, monkeypatch, offload) -> None:
    """Without a GPU the processor takes its place: what is moved stays, but it goes through the same hands."""
    pytest.importorskip("accelerate")
    engine = VaceEngine()
    plain = [*engine.render(silent_shot)]

    def elsewhere(saved, how):
        return load_pipeline(saved, replace(how, offload=offload))

    monkeypatch.setattr("chironomy.video.engines.pipeline_engine.load_pipeline", elsewhere)
    for before, after in zip(plain, engine.render(silent_shot), strict=True):
        assert (before == after).all()


def test_a_prompt_is_saved_once_and_used_without_the_encoder(folder, silent_shot) -> None:
    pytest.importorskip("ftfy")
    from tiny_pipelines import add_text_encoder

    add_text_encoder(folder)
    engine = VaceEngine()
    path = engine.save_prompt("waving", "a person waves")
    assert path == folder / "prompts" / "waving.safetensors"
    settings = {**silent_shot.settings, "num_inference_steps": 1}
    written = [*engine.render(silent_shot.replaced(settings={**settings, "prompt": "a person waves"}))]
    shutil.rmtree(folder / "text_encoder")
    saved = [*engine.render(silent_shot.replaced(settings={**settings, "prompt_embeds": "waving"}))]
    other = [*engine.render(silent_shot.replaced(settings={**settings, "prompt_embeds": "default"}))]
    assert abs(saved[3].astype(int) - written[3]).max() <= 16  # it is saved at 16 bits
    assert (saved[3] != other[3]).any()
    with pytest.raises(VideoError, match="has no text encoder; copy text_encoder and tokenizer there"):
        engine.save_prompt("sitting", "a person sits")


@pytest.mark.parametrize(("package", "extra"), [("accelerate", "diffusion"), ("transformers", "backend")])
@pytest.mark.parametrize("engine", [VaceEngine, AnimateEngine])
def test_a_missing_package_is_found_before_weights_are_read(
    weights, silent_shot, monkeypatch, engine, package, extra
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("chironomy.video.engines.pipeline_engine.load_pipeline", None)
    sentence = rf"^the engine {engine.name} needs the Python package {package}: pip install 'chironomy\[{extra}\]'$"
    with pytest.raises(VideoError, match=sentence):
        engine().render(silent_shot)
    with pytest.raises(VideoError, match=sentence):
        engine().check()
    assert package in engine().requirements().packages


def test_quantised_weights_and_text_need_their_own_packages(folder, silent_shot, monkeypatch) -> None:
    from tiny_pipelines import add_text_encoder

    add_text_encoder(folder)
    (folder / "small-Q8_0.gguf").write_bytes(b"GGUF")
    for weights_file in (folder / "transformer").glob("*.safetensors"):
        weights_file.unlink()
    assert VaceEngine().requirements().packages == ("accelerate", "transformers", "gguf", "ftfy")
    for package in ("gguf", "ftfy"):
        sentence = rf"needs the Python package {package}: pip install 'chironomy\[diffusion\]'"
        with monkeypatch.context() as here:
            here.setitem(sys.modules, package, None)
            with pytest.raises(VideoError, match=sentence):
                VaceEngine().check()


def test_the_service_says_of_an_engine_what_it_lacks(weights, monkeypatch) -> None:
    from chironomy.service.kinds import engines

    monkeypatch.setattr("chironomy.service.kinds._has_cuda", lambda: True)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    found = {engine["name"]: engine for engine in engines()}
    assert found["previz"]["available"]
    assert not found["vace"]["available"]
    assert found["vace"]["reason"].endswith("pip install 'chironomy[diffusion]'")


def test_the_doctor_finds_what_weights_lack(weights, monkeypatch) -> None:
    from chironomy.commands.doctor import examine

    monkeypatch.setitem(sys.modules, "accelerate", None)
    found = next(finding for finding in examine() if finding.name == "video weights")
    assert not found.ok
    assert found.detail == "the engine animate needs the Python package accelerate: pip install 'chironomy[diffusion]'"
