# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a diffusers pipeline from a folder onto a device, with the memory tools of diffusers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chironomy.shot.errors import VideoError
from chironomy.video.weights.saved_pipeline import SavedPipeline


@dataclass(frozen=True)
class Loading:
    """How to load.

    Attributes:
        kind: the pipeline's class.
        device: "cuda", "mps" or "cpu".
        dtype: of the weights, "float32", "float16" or "bfloat16"; the VAE has 32 bits, as its publishers advise.
        offload: "none", "model" or "group".
        float8: whether the transformer's weights are kept in 8 bits and turned to `dtype` layer by layer.
        vae_tiling: whether the VAE works tile by tile.
        text: whether the text encoder is loaded.
    """

    kind: str
    device: str
    dtype: str
    offload: str
    float8: bool
    vae_tiling: bool
    text: bool


def load_pipeline(saved: SavedPipeline, how: Loading) -> Any:
    """The pipeline, ready to run.

    Raises:
        VideoError: the weights cannot be read.
    """
    import diffusers
    import torch
    from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan

    from chironomy.video.weights.libraries import quiet_libraries
    from chironomy.video.weights.memory import dtype_named

    dtype = dtype_named(how.dtype)
    parts: dict[str, Any] = {
        name: None for name, entry in saved.index.items() if isinstance(entry, list) and saved.part(name) is None
    }
    if not how.text:
        parts |= {"text_encoder": None, "tokenizer": None}
    try:
        with quiet_libraries():
            if saved.gguf is not None:
                parts["transformer"] = _quantised(saved, dtype)
            parts["vae"] = AutoencoderKLWan.from_pretrained(
                saved.folder, subfolder="vae", torch_dtype=torch.float32, local_files_only=True
            )
            pipeline = getattr(diffusers, how.kind).from_pretrained(
                saved.folder, torch_dtype=dtype, local_files_only=True, **parts
            )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise VideoError(f"the weights in {saved.folder} cannot be loaded ({reason:.300}); copy them again") from error
    pipeline.set_progress_bar_config(disable=True)
    for network in _networks(pipeline):
        network.requires_grad_(False)
    if how.float8:
        for name in ("transformer", "transformer_2"):
            network = getattr(pipeline, name, None)
            if network is not None:
                network.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    if how.vae_tiling:
        pipeline.vae.enable_tiling()
    _place(pipeline, how)
    return pipeline


def _place(pipeline: Any, how: Loading) -> None:
    import torch

    device = torch.device(how.device)
    if how.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
        return
    if how.offload == "none":
        pipeline.to(device)
        return
    from diffusers.hooks.group_offloading import apply_group_offloading

    # Streams fetch the next layer while one works; only CUDA has them.
    stream = device.type == "cuda"
    parts: dict[str, Any] = pipeline.components
    for name, network in parts.items():
        if name == "vae" or not isinstance(network, torch.nn.Module):
            continue
        if name.startswith("transformer"):
            # The network's own method knows which of its parts must not be moved; the bare function does not.
            enable: Any = network.enable_group_offload
            enable(device, offload_type="block_level", num_blocks_per_group=1, use_stream=stream)
        else:
            apply_group_offloading(network, device, offload_type="leaf_level", use_stream=stream)
    pipeline.vae.to(device)


def _networks(pipeline: Any) -> list[Any]:
    import torch

    return [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]


def _quantised(saved: SavedPipeline, dtype: Any) -> Any:
    import diffusers
    from diffusers.quantizers.quantization_config import GGUFQuantizationConfig

    part = saved.part("transformer")
    assert part is not None
    return getattr(diffusers, part[1]).from_single_file(
        str(saved.gguf),
        quantization_config=GGUFQuantizationConfig(compute_dtype=dtype),
        config=str(saved.folder),
        subfolder="transformer",
        torch_dtype=dtype,
        local_files_only=True,
    )
