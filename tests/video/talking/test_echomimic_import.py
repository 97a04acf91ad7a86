# SPDX-License-Identifier: GPL-3.0-or-later
"""EchoMimicV2's published layout becomes a pipeline that makes the same numbers, or is refused by name."""

import shutil

import numpy as np
import pytest
import torch
from published_layout import DENOISER, TOKEN, motion_key, networks, whisper, write_published
from safetensors.torch import load_file

from chironomy.cli import main
from chironomy.shot.errors import VideoError
from chironomy.speech.decode import Speech
from chironomy.video.talking import echomimic
from chironomy.video.talking.hearing import whisper_states
from chironomy.video.talking.import_echomimic import import_echomimic
from chironomy.video.talking.memory import meta_modules, saved_configuration
from chironomy.video.talking.network import Conditions, TalkingNetwork
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.request import Settings


@pytest.fixture(scope="module")
def originals():
    return networks()


@pytest.fixture(scope="module")
def published(tmp_path_factory, originals):
    folder = tmp_path_factory.mktemp("pretrained_weights")
    write_published(folder, *originals)
    return folder


@pytest.fixture(scope="module")
def imported(published, tmp_path_factory):
    out = tmp_path_factory.mktemp("weights") / "echomimic_v2"
    import_echomimic(published, out, dtype=torch.float64)
    return out


@pytest.fixture(scope="module")
def loaded(imported) -> TalkingPipeline:
    return TalkingPipeline.from_pretrained(imported)


@pytest.fixture
def copy(published, tmp_path):
    return shutil.copytree(published, tmp_path / "copy")


def tokens(frames: int = 3) -> torch.Tensor:
    return torch.randn(1, frames, 50, TOKEN, generator=torch.Generator().manual_seed(3)).double()


def test_the_imported_network_makes_the_numbers_of_the_published_one(originals, imported) -> None:
    denoiser, reference, pose = originals
    conditions = Conditions(torch.randn(1, 1, 4, 8, 8).double(), torch.rand(1, 3, 3, 64, 64).double(), tokens())
    latents, step = torch.randn(1, 4, 3, 8, 8).double(), torch.tensor([300])
    # The published pipeline multiplies what the cross-attention to speech returns.
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output: 3.0 * output)
        for name, module in denoiser.named_modules()
        if name.endswith(".attn2") and "motion_modules" not in name
    ]
    assert len(hooks) == 16
    with torch.no_grad():
        wanted = TalkingNetwork(denoiser, reference, pose)(latents, step, conditions)
        pipeline = TalkingPipeline.from_pretrained(imported, torch_dtype=torch.float64)
        made = pipeline.network.eval()(latents, step, conditions)
    for hook in hooks:
        hook.remove()
    assert wanted.std() > 0.1
    assert (made - wanted).abs().max() < 1e-9


def test_the_confidence_that_these_weights_do_not_know_changes_nothing_yet(loaded) -> None:
    maps = torch.rand(1, 3, 2, 64, 64)
    with torch.no_grad():
        plain, sure = loaded.pose_encoder(maps), loaded.pose_encoder(maps, torch.rand(1, 2, 2))
    assert torch.equal(plain, sure)
    assert loaded.pose_encoder.confidence is not None


def test_whisper_hears_what_it_heard(loaded) -> None:
    voice = (0.3 * np.sin(np.arange(24000) / 20)).astype(np.float32)
    speech = Speech.from_samples(voice, 16000)
    np.testing.assert_allclose(
        whisper_states(speech, loaded.audio_encoder), whisper_states(speech, whisper()), atol=1e-5
    )


def test_the_imported_folder_renders(loaded) -> None:
    pipeline = loaded
    frames = 5
    speech = Speech.from_samples((0.3 * np.sin(np.arange(8000) / 20)).astype(np.float32), 16000)
    made = pipeline(
        np.full((64, 64, 3), 90, np.uint8),
        np.zeros((frames, 64, 64, 3), np.uint8),
        pipeline.hear(speech, 24.0, frames),
        np.ones((frames, 2)),
        Settings(num_inference_steps=2),
    )
    assert made.shape == (frames, 64, 64, 3)
    assert pipeline.config["maps"] == "echomimic_v2"
    assert pipeline.config["noise_limit"] == 1.5
    assert pipeline.config["guidance_scale"] == 2.5


def test_every_key_of_the_published_size_is_accounted_for() -> None:
    """At the published size, on torch's meta device: no tensor is left and none is missing."""
    denoiser = meta_modules(saved_configuration("echomimic_v2"), torch.float32)["denoiser"]
    unet, motion = {}, {}
    for key, value in denoiser.state_dict().items():
        if "motion_modules" in key:
            # Positions are compared, so they need numbers.
            motion |= {name: torch.zeros(value.shape) if ".pe" in name else value for name in motion_key(key)}
        else:
            unet[key] = value
    tensors = echomimic.denoiser_tensors(unet, motion)
    assert {key: value.shape for key, value in tensors.items()} == {
        key: value.shape for key, value in denoiser.state_dict().items()
    }
    config = echomimic.denoiser_config(tensors)
    assert config == {**config, **saved_configuration("echomimic_v2")["denoiser"]}
    assert config["layers_per_block"] == 2
    assert config["temporal_transformer_layers_per_block"] == 1


def test_weights_without_positions_are_whole(copy, imported, tmp_path) -> None:
    motion = torch.load(copy / "motion_module.pth", weights_only=True)
    torch.save({key: value for key, value in motion.items() if "pos_encoder" not in key}, copy / "motion_module.pth")
    out = import_echomimic(copy, tmp_path / "out", dtype=torch.float64)
    before, after = (load_file(next((folder / "denoiser").glob("*.safetensors"))) for folder in (imported, out))
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_temporal_modules_in_the_denoiser_count(copy, tmp_path) -> None:
    unet = torch.load(copy / "denoising_unet.pth", weights_only=True)
    motion = torch.load(copy / "motion_module.pth", weights_only=True)
    name = next(key for key in motion if key.endswith("proj_in.weight"))
    torch.save(unet | {name: motion[name] + 1}, copy / "denoising_unet.pth")
    out = import_echomimic(copy, tmp_path / "out", dtype="float32")
    ours = name.replace(".temporal_transformer", "")
    assert torch.equal(load_file(next((out / "denoiser").glob("*.safetensors")))[ours], (motion[name] + 1).float())


def refused(folder, tmp_path, **options) -> str:
    with pytest.raises(VideoError) as error:
        import_echomimic(folder, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert "\n" not in str(error.value)
    return str(error.value)


def spoilt(folder, name, change):
    tensors = torch.load(folder / name, weights_only=True)
    torch.save(change(tensors), folder / name)


def test_a_key_too_many_is_named(copy, tmp_path) -> None:
    spoilt(copy, "denoising_unet.pth", lambda tensors: {**tensors, "controlnet.conv.weight": torch.zeros(1)})
    said = refused(copy, tmp_path)
    assert "holds the weights of another model" in said
    assert "1 are not known (controlnet.conv.weight)" in said


def test_a_missing_key_is_named(copy, tmp_path) -> None:
    spoilt(copy, "reference_unet.pth", lambda tensors: {k: v for k, v in tensors.items() if k != "conv_in.bias"})
    assert "1 are missing (conv_in.bias)" in refused(copy, tmp_path)


def test_another_shape_is_named(copy, tmp_path) -> None:
    spoilt(copy, "pose_encoder.pth", lambda tensors: {**tensors, "blocks.0.bias": torch.zeros(5)})
    assert "1 have another shape (blocks.0.bias)" in refused(copy, tmp_path)


def test_a_checkpoint_of_another_model_is_refused(copy, tmp_path) -> None:
    torch.save({"layer.weight": torch.zeros(2, 2)}, copy / "denoising_unet.pth")
    assert "this is another model" in refused(copy, tmp_path)


def test_a_pickle_of_anything_else_is_never_run(copy, tmp_path) -> None:
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("trap").mkdir, ())

    torch.save({"conv_in.weight": Trap()}, copy / "denoising_unet.pth")
    assert "holds more than tensors and was not loaded" in refused(copy, tmp_path)
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_named(copy, tmp_path, content) -> None:
    (copy / "motion_module.pth").write_bytes(content)
    assert "motion_module.pth" in refused(copy, tmp_path)


def test_a_missing_file_is_named(copy, tmp_path) -> None:
    (copy / "pose_encoder.pth").unlink()
    assert "has no pose_encoder.pth" in refused(copy, tmp_path)


def test_a_missing_vae_or_whisper_is_named(copy, tmp_path) -> None:
    (copy / "sd-vae-ft-mse").rename(copy / "elsewhere")
    assert "does not hold a VAE such as sd-vae-ft-mse; put it there, or name it with --vae" in refused(copy, tmp_path)
    (copy / "audio_processor" / "tiny.pt").unlink()
    assert "Whisper" in refused(copy, tmp_path, vae=copy / "elsewhere")


def test_nothing_is_overwritten(published, imported) -> None:
    with pytest.raises(VideoError, match="exists; give --out the name of a new folder"):
        import_echomimic(published, imported)


def test_the_command_writes_the_folder_among_the_weights(published, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "models"))
    assert main(["weights", "import-echomimic-v2", str(published)]) == 0
    assert "float16" in capsys.readouterr().out
    pipeline = TalkingPipeline.from_pretrained(tmp_path / "models" / "echomimic_v2", torch_dtype=torch.float16)
    assert pipeline.denoiser.dtype == torch.float16
    assert pipeline.denoiser.config["block_out_channels"] == list(DENOISER["block_out_channels"])
    assert main(["weights", "import-echomimic-v2", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.startswith("chironomy: ")
