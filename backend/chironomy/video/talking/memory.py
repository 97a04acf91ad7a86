# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a render takes, found out before any weights are read.

The networks are built without memory (torch's meta device) and run on inputs of the real size; what would be alive at
the same time is added up. Nothing is guessed but what libraries take beside it.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chironomy.reading import read_object
from chironomy.shot.errors import VideoError
from chironomy.video.weights.memory import Alive, FusedAttention, dtype_named

OFFLOADS = ("none", "model", "sequential")

_LIBRARIES = 700 * 2**20
"""Bytes that CUDA's context and kernels take, or torch in main memory."""

_MARGIN = 1.15
"""For what allocators lose between tensors."""

PARTS = ("denoiser", "reference_net", "pose_encoder", "audio_projector", "vae")


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes on the device that computes.

    Attributes:
        weights: of the parts that are there at the same time.
        working: of everything else at the worst moment.
        total: both, with what libraries take and allocators lose.
        parameters: of each part, by name.
    """

    weights: int
    working: int
    total: int
    parameters: dict[str, int]


def memory_estimate(
    config: str | Path | Mapping[str, Mapping[str, Any]],
    size: tuple[int, int],
    frames: int,
    dtype: torch.dtype | str = torch.float16,
    offload: str = "none",
    tiling: bool = False,
    block_frames: int | None = None,
) -> MemoryEstimate:
    """How much memory it takes to render.

    Args:
        config: a name of `configs.CONFIGS`, a folder that `TalkingPipeline.save_pretrained` wrote (only its JSON files
            are read), or the configuration of each part.
        size: of the picture, width and height in pixels.
        frames: that the network sees at once: those of a window, or of the shot where that is shorter.
        dtype: of the weights.
        offload: one of `OFFLOADS`: nothing, all parts but the one that works, or all but single layers wait in main
            memory.
        tiling: whether the VAE works tile by tile.
        block_frames: frames that are made together, whose conditions wait on the device; `frames` when None.

    Raises:
        VideoError: there is no such configuration or setting, or the size does not fit the network.
    """
    if offload not in OFFLOADS:
        raise VideoError(f"offload is {offload!r}; choose one of {', '.join(OFFLOADS)}")
    dtype = dtype_named(dtype)
    parts = saved_configuration(config)
    text = json.dumps(parts, sort_keys=True, default=list)
    size, more = (int(size[0]), int(size[1])), max(0, (block_frames or frames) - frames)
    return _estimate(text, size, int(frames), int(more), dtype, offload, bool(tiling))


def saved_configuration(config: str | Path | Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The configuration of each part: of a named size, of a saved folder, or as it is given.

    Raises:
        VideoError: a part of a saved folder is missing or no JSON.
    """
    from chironomy.video.talking.configs import CONFIGS

    if isinstance(config, str) and config in CONFIGS:
        return {part: dict(values) for part, values in CONFIGS[config].items() if part in PARTS}
    if isinstance(config, Mapping):
        return {part: dict(values) for part, values in config.items() if part in PARTS}
    folder = Path(config)
    found = {}
    for part in PARTS:
        path = folder / part / "config.json"
        if path.is_file():
            values = read_object(path, VideoError, advice="copy the weights again")
            found[part] = {key: value for key, value in values.items() if not key.startswith("_")}
    if missing := [part for part in PARTS if part not in found and part != "audio_projector"]:
        raise VideoError(f"{folder} is no video model: it has no {missing[0]}/config.json")
    return found


@functools.lru_cache(maxsize=32)
def _estimate(
    text: str, size: tuple[int, int], frames: int, more: int, dtype: torch.dtype, offload: str, tiling: bool
) -> MemoryEstimate:
    config = json.loads(text)
    modules = meta_modules(config, dtype)
    parameters = {name: sum(p.numel() for p in module.parameters()) for name, module in modules.items()}
    itemsize = dtype.itemsize
    scale = 2 ** (len(config["pose_encoder"].get("block_out_channels", (16, 32, 96, 256))) - 1)
    width, height = size
    if width % scale or height % scale:
        raise VideoError(f"the picture is {width}x{height}; this video model's sizes are multiples of {scale}")
    latent = (height // scale, width // scale)
    waiting = more * config["pose_encoder"].get("out_channels", 320) * latent[0] * latent[1] * itemsize
    working = {
        "denoise": _denoising_bytes(modules, latent, scale, frames, dtype) + waiting,
        "decode": _decoding_bytes(modules["vae"], config["vae"], latent, dtype, tiling),
    }
    moment = {"denoise": [name for name in modules if name != "vae"], "decode": ["vae"]}
    needed = {}
    for name, parts in moment.items():
        bytes_of = {part: parameters[part] * itemsize for part in modules}
        if offload == "none":
            weights = sum(bytes_of.values())
        elif offload == "model":
            # The VAE has read the portrait and waits on the device until it writes the frames.
            weights = max(bytes_of[part] for part in parts) + (bytes_of["vae"] if name != "decode" else 0)
        else:
            weights = max(_largest_layer(modules[part]) for part in parts) * itemsize
        needed[name] = (weights + working[name], weights, working[name])
    _, weights, worst = max(needed.values())
    return MemoryEstimate(weights, worst, round((weights + worst) * _MARGIN) + _LIBRARIES, parameters)


def meta_modules(config: Mapping[str, Mapping[str, Any]], dtype: torch.dtype) -> dict[str, torch.nn.Module]:
    """The parts of a pipeline without memory."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    from chironomy.speech.prosody import PROSODY_NAMES
    from chironomy.video.talking.audio_projector import AudioProjector
    from chironomy.video.talking.denoiser import TalkingUNet
    from chironomy.video.talking.pixel_autoencoder import PixelAutoencoder
    from chironomy.video.talking.pose_encoder import PoseEncoder
    from chironomy.video.talking.reference_net import ReferenceNet

    classes: dict[str, Any] = {
        "denoiser": TalkingUNet,
        "reference_net": ReferenceNet,
        "pose_encoder": PoseEncoder,
        "vae": PixelAutoencoder if "factor" in config["vae"] else AutoencoderKL,
    }
    if "audio_projector" in config:
        classes["audio_projector"] = AudioProjector
    built = {}
    with torch.device("meta"):
        for name, kind in classes.items():
            values = dict(config[name])
            if name == "audio_projector" and "feature_dim" not in values and "neighbours" in values:
                values["feature_dim"] = len(PROSODY_NAMES)
            # Module's own `to`: that of diffusers warns of what does not concern a network without numbers.
            built[name] = torch.nn.Module.to(kind(**values), dtype).eval()
    return built


def _denoising_bytes(
    modules: Mapping[str, torch.nn.Module],
    latent: tuple[int, int],
    scale: int,
    frames: int,
    dtype: torch.dtype,
) -> int:
    from chironomy.video.talking.network import Conditions, TalkingNetwork

    network = TalkingNetwork(
        modules["denoiser"],  # pyright: ignore[reportArgumentType]
        modules["reference_net"],  # pyright: ignore[reportArgumentType]
        modules["pose_encoder"],  # pyright: ignore[reportArgumentType]
        modules.get("audio_projector"),  # pyright: ignore[reportArgumentType]
    )
    channels = network.denoiser.config["in_channels"]
    pictures = network.reference_net.config.get("num_class_embeds") or 1
    height, width = latent
    like: dict[str, Any] = {"device": "meta", "dtype": dtype}
    if network.audio_projector is None:
        audio = torch.empty(1, frames, 50, network.denoiser.config["cross_attention_dim"], **like)
    else:
        projector = network.audio_projector.config
        audio = torch.empty(1, frames + 2 * projector["neighbours"], projector["feature_dim"], **like)
    conditions = Conditions(
        torch.empty(1, pictures, channels, height, width, **like),
        torch.empty(1, network.pose_encoder.config["map_channels"], frames, height * scale, width * scale, **like),
        audio,
        torch.empty(1, frames, 2, **like),
    )
    latents = torch.empty(1, channels, frames, height, width, **like)
    with torch.no_grad(), FusedAttention(), Alive(network) as alive:
        network(latents, torch.zeros(1, device="meta"), conditions)
    return alive.most


def _decoding_bytes(
    vae: torch.nn.Module,
    config: Mapping[str, Any],
    latent: tuple[int, int],
    dtype: torch.dtype,
    tiling: bool,
) -> int:
    """One frame at a time; a tile is as large as the VAE's `sample_size`."""
    channels = 3 * config["factor"] ** 2 if "factor" in config else config.get("latent_channels", 4)
    height, width = latent
    if tiling and "block_out_channels" in config:
        tile = config.get("sample_size", 256) // 2 ** (len(config["block_out_channels"]) - 1)
        height, width = min(height, tile), min(width, tile)
    with torch.no_grad(), FusedAttention(), Alive(vae) as alive:
        vae.decode(torch.empty(1, channels, height, width, device="meta", dtype=dtype))  # pyright: ignore[reportCallIssue]
    return alive.most


def _largest_layer(module: torch.nn.Module) -> int:
    return max((sum(p.numel() for p in part.parameters(recurse=False)) for part in module.modules()), default=0)
