# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of EchoMimicV2's published weights becomes a `TalkingPipeline` folder: read safely, written whole or not."""

import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from chironomy.reading import DAMAGE
from chironomy.shot.errors import VideoError
from chironomy.video.talking import echomimic
from chironomy.video.talking.configs import CONFIGS, SCHEDULER, reference_config
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.weights.libraries import quiet_libraries
from chironomy.video.weights.memory import dtype_named
from chironomy.video.weights.shapes import compare_shapes
from chironomy.work import QUIET, Work

PARTS = ("denoising_unet", "reference_unet", "motion_module", "pose_encoder")
VAE_FOLDERS = ("sd-vae-ft-mse", "vae")
WHISPER_PLACES = ("audio_processor/tiny.pt", "audio_processor/whisper_tiny.pt", "whisper/tiny.pt", "tiny.pt", "whisper")

# The accelerated weights are sampled in few steps and without guidance.
_ACCELERATED = {"num_inference_steps": 6, "guidance_scale": 1.0}

_TRAINED_ON = "EchoMimicV2's published weights (antgroup/echomimic_v2; see that project for their terms)"


def import_echomimic(
    folder: str | Path,
    out: str | Path,
    *,
    accelerated: bool = False,
    dtype: str | torch.dtype = torch.float16,
    vae: str | Path | None = None,
    whisper: str | Path | None = None,
    work: Work = QUIET,
) -> Path:
    """Convert.

    Args:
        folder: with `denoising_unet.pth`, `reference_unet.pth`, `motion_module.pth` and `pose_encoder.pth`.
        out: folder to write, which must not exist.
        accelerated: read `denoising_unet_acc.pth` and `motion_module_acc.pth` instead.
        dtype: of the weights that are written.
        vae: folder of the VAE; looked for in `folder` when None.
        whisper: OpenAI's `tiny.pt` or a folder of transformers; looked for in `folder` when None.
        work: told what is being done.

    Returns:
        `out`.

    Raises:
        VideoError: a file is missing, damaged, or of another model; every key that does not fit is counted and the
            first ones are named. Nothing is written then.
    """
    folder, out = Path(folder), Path(out)
    dtype = dtype_named(dtype)
    if not folder.is_dir():
        raise VideoError(f"{folder} is no folder; give the one that holds {PARTS[0]}.pth")
    if out.exists():
        raise VideoError(f"{out} exists; give --out the name of a new folder")
    files = {part: _part_file(folder, part, accelerated) for part in PARTS}
    vae_folder = _found("a VAE such as sd-vae-ft-mse", vae, [folder / name for name in VAE_FOLDERS], "--vae")
    whisper_path = _found("Whisper tiny (tiny.pt)", whisper, [folder / name for name in WHISPER_PLACES], "--whisper")

    work.progress(0.0, "denoiser")
    unet, motion = read_checkpoint(files["denoising_unet"]), read_checkpoint(files["motion_module"])
    tensors = echomimic.denoiser_tensors(unet, motion)
    denoiser_config = echomimic.denoiser_config(tensors)
    denoiser = _denoiser(denoiser_config, tensors, files["denoising_unet"], dtype)
    work.progress(0.5, "reference net")
    reference_net = _reference_net(denoiser_config, files["reference_unet"], dtype)
    work.progress(0.8, "pose encoder")
    pose_encoder = _pose_encoder(files["pose_encoder"], dtype)
    if pose_encoder.config["out_channels"] != denoiser_config["block_out_channels"][0]:
        raise VideoError(f"{files['pose_encoder']} does not belong to {files['denoising_unet']}: their widths differ")
    work.progress(0.85, "VAE and Whisper")
    pipeline = TalkingPipeline(
        vae=_vae(vae_folder, dtype),
        denoiser=denoiser,
        reference_net=reference_net,
        pose_encoder=pose_encoder,
        scheduler=_scheduler(),
        audio_encoder=load_whisper(whisper_path, dtype),
        **{
            **CONFIGS["echomimic_v2"]["pipeline"],
            **(_ACCELERATED if accelerated else {}),
            "trained_on": _TRAINED_ON,
        },
    )
    width = int(pipeline.audio_encoder.config.d_model)
    if width != denoiser_config["cross_attention_dim"]:
        raise VideoError(
            f"{whisper_path} gives {width} numbers a token and these weights hear "
            f"{denoiser_config['cross_attention_dim']}; give Whisper tiny"
        )
    work.progress(0.9, "writing")
    save_whole(pipeline, out)
    work.progress(1.0, "written")
    return out


def save_whole(pipeline: TalkingPipeline, out: Path) -> None:
    """Write a pipeline's folder under a temporary name beside `out`, then rename it.

    Raises:
        VideoError: it cannot be written.
    """
    temporary: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name[:40]}-", dir=out.parent))
        with quiet_libraries():
            pipeline.save_pretrained(str(temporary))
        for path in temporary.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        temporary.chmod(0o755)
        temporary.replace(out)
    except OSError as error:
        raise VideoError(
            f"{out} cannot be written ({error.strerror or error}); free some space or choose another"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a `.pth` or `.safetensors` file; nothing but tensors is ever unpickled.

    Raises:
        VideoError: the file is damaged or holds something else.
    """
    loaded = _load(path)
    if isinstance(loaded, Mapping) and set(loaded) == {"state_dict"}:
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise VideoError(f"{path} holds no tensors by name; this is another model")
    return {str(key).removeprefix("module."): value for key, value in loaded.items()}


def load_whisper(path: Path, dtype: torch.dtype) -> Any:
    """A `WhisperModel` from OpenAI's checkpoint or from a folder of transformers.

    Raises:
        VideoError: it is neither.
    """
    from transformers import WhisperConfig, WhisperModel

    if path.is_dir():
        try:
            with quiet_libraries():
                model = WhisperModel.from_pretrained(str(path), local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise VideoError(f"{path} cannot be read as Whisper ({str(error).splitlines()[0]})") from error
        return model.to(dtype)  # pyright: ignore[reportArgumentType, reportCallIssue]
    loaded = _load(path)
    if not isinstance(loaded, Mapping) or not {"dims", "model_state_dict"} <= set(loaded):
        raise VideoError(f"{path} is no Whisper checkpoint of OpenAI's; give tiny.pt or a folder of transformers")
    model = WhisperModel(WhisperConfig(**echomimic.whisper_config(loaded["dims"])))
    _fill(model, echomimic.whisper_tensors(loaded["model_state_dict"]), path, dtype)
    return model.eval()


def _denoiser(config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], path: Path, dtype: torch.dtype) -> Any:
    from diffusers.models.embeddings import SinusoidalPositionalEmbedding

    from chironomy.video.talking.denoiser import TalkingUNet

    with torch.device("meta"):
        network = TalkingUNet(**config)
    # Positions are made, not learned, so weights without them are whole.
    complete = dict(tensors)
    for name, module in network.named_modules():
        if isinstance(module, SinusoidalPositionalEmbedding) and f"{name}.pe" not in complete:
            _, length, width = module.get_buffer("pe").shape
            complete[f"{name}.pe"] = SinusoidalPositionalEmbedding(width, length).get_buffer("pe")
    _fill(network, complete, path, dtype)
    return network


def _reference_net(denoiser: Mapping[str, Any], path: Path, dtype: torch.dtype) -> Any:
    from chironomy.video.talking.reference_net import ReferenceNet

    with torch.device("meta"):
        network = ReferenceNet(**reference_config(dict(denoiser), None))
    _fill(network, read_checkpoint(path), path, dtype)
    return network


def _pose_encoder(path: Path, dtype: torch.dtype) -> Any:
    from chironomy.video.talking.pose_encoder import PoseEncoder

    tensors = read_checkpoint(path)
    # The confidence's layers are not in these weights: the last one is zero, and the first the same at every import.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PoseEncoder(**echomimic.pose_encoder_config(tensors))
    own = {key: value for key, value in network.state_dict().items() if key.startswith("confidence.")}
    _fill(network, {**own, **tensors}, path, dtype)
    return network


def _fill(network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], path: Path, dtype: torch.dtype) -> None:
    """Give a network its tensors, each of which must fit and none be left."""
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    compare_shapes(str(path), wanted, {key: tuple(value.shape) for key, value in tensors.items()})
    network.load_state_dict({key: value.to(dtype) for key, value in tensors.items()}, assign=True)
    network.eval()


def _vae(folder: Path, dtype: torch.dtype) -> Any:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    try:
        return AutoencoderKL.from_pretrained(
            str(folder), torch_dtype=dtype, local_files_only=True, low_cpu_mem_usage=False
        )
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise VideoError(f"{folder} cannot be read as a VAE ({str(error).splitlines()[0]}); copy it again") from error


def _scheduler() -> Any:
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    return DDIMScheduler(**SCHEDULER)


def _load(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise VideoError(f"{path} is damaged; copy it again") from error
    try:
        # Files as torch has written them since 1.6 are read as they are needed, and take no memory until then.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise VideoError(f"{path} holds more than tensors and was not loaded; get the published file") from error
    except DAMAGE as error:
        raise VideoError(f"{path} is damaged or no checkpoint of torch; copy it again") from error


def _part_file(folder: Path, part: str, accelerated: bool) -> Path:
    name = f"{part}_acc" if accelerated and part in ("denoising_unet", "motion_module") else part
    for suffix in (".pth", ".safetensors"):
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    raise VideoError(f"{folder} has no {name}.pth; give the folder of EchoMimicV2's weights")


def _found(what: str, given: str | Path | None, places: list[Path], option: str) -> Path:
    if given is not None:
        if Path(given).exists():
            return Path(given)
        raise VideoError(f"{given} does not exist; give {option} {what}")
    for place in places:
        if place.exists():
            return place
    raise VideoError(f"{places[0].parent} does not hold {what}; put it there, or name it with {option}")
