# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a diffusers pipeline takes, and where its parts wait so that it fits: known before it is loaded.

As for the engine emo2 the networks run without memory (torch's meta device) on inputs of the real size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.shot.errors import VideoError
from chironomy.video.weights.saved_pipeline import SavedPipeline, network_without_memory

if TYPE_CHECKING:
    import torch

OFFLOADS = ("none", "model", "group")
"""All on the device; only the part that works; only the layers that work. Each is slower than the one before."""

_MARGIN = 1.15
"""For what allocators lose between tensors."""

_LIBRARIES = 700 * 2**20
"""Bytes that CUDA's context and kernels take, or torch in main memory."""

_GROUPS_AT_ONCE = 3
"""Layers that are on the device at once in group offload: one works, the next comes, the last goes."""

Inputs = Callable[[Mapping[str, Any], tuple[int, int, int], "torch.dtype"], dict[str, Any]]
"""Makes the inputs of a transformer on the meta device, of its configuration, (frames, height, width) and type."""


@dataclass(frozen=True)
class Working:
    """Bytes beside the weights.

    Attributes:
        denoise: while the transformer works.
        frames: while the VAE reads or writes frames.
    """

    denoise: int
    frames: int


@dataclass(frozen=True)
class Placement:
    """Where weights wait, and what that takes.

    Attributes:
        offload: one of `OFFLOADS`.
        device_bytes: on the device that computes.
        main_bytes: in main memory, of weights that wait there or are read through it.
    """

    offload: str
    device_bytes: int
    main_bytes: int


def working_memory(
    saved: SavedPipeline, inputs: Inputs, size: tuple[int, int, int], dtype: torch.dtype, tiling: bool
) -> Working:
    """Bytes that a segment takes beside the weights.

    Args:
        saved: the pipeline.
        inputs: of its transformer.
        size: frames, height and width of a segment, in pixels.
        dtype: in which the transformer computes; the VAE has 32 bits.
        tiling: whether the VAE works tile by tile.
    """
    described = json.dumps([saved.config("transformer"), saved.config("vae"), saved.index], sort_keys=True)
    return _working(described, str(saved.folder), inputs, size, dtype, tiling)


@lru_cache(maxsize=32)
def _working(
    described: str,
    folder: str,
    inputs: Inputs,
    size: tuple[int, int, int],
    dtype: torch.dtype,
    tiling: bool,
) -> Working:
    import torch

    from chironomy.video.weights.memory import Alive, FusedAttention

    saved = SavedPipeline(Path(folder), json.loads(described)[2])
    # Module's own `to`: that of diffusers warns of what does not concern a network without numbers.
    transformer = torch.nn.Module.to(network_without_memory(saved, "transformer"), dtype).eval()
    given = inputs(saved.config("transformer"), size, dtype)
    with torch.no_grad(), FusedAttention(), Alive(transformer) as alive:
        transformer(**given, return_dict=False)
    denoise = alive.most + sum(value.nbytes for value in given.values() if isinstance(value, torch.Tensor))
    vae = network_without_memory(saved, "vae").eval()
    frames, height, width = size
    seen_height, seen_width = height, width
    if tiling:
        seen_height, seen_width = min(height, vae.tile_sample_min_height), min(width, vae.tile_sample_min_width)

    def made(count: int) -> int:
        with torch.no_grad(), FusedAttention(), Alive(vae) as alive:
            vae.encode(torch.empty(1, 3, count, seen_height, seen_width, device="meta"))
        reads = alive.most
        scale = 2 ** len(vae.config["temperal_downsample"])
        latents = (count - 1) // 4 + 1
        with torch.no_grad(), FusedAttention(), Alive(vae) as alive:
            vae.decode(
                torch.empty(1, vae.config["z_dim"], latents, seen_height // scale, seen_width // scale, device="meta")
            )
        return max(reads, alive.most)

    # The VAE takes four frames at a time, so all that grows with their number is what it has made so far.
    few, more = made(9), made(13)
    held = made(frames) if frames <= 13 else few + (more - few) * (frames - 9) // 4
    # Frames as they come and go: what the pipeline was given and what it gives back, 32 bits a number.
    return Working(denoise, held + 3 * frames * 3 * height * width * 4)


def weight_bytes(saved: SavedPipeline, dtype: torch.dtype, float8: bool, text: bool) -> dict[str, int]:
    """Bytes of each part's weights as they are loaded.

    Args:
        saved: the pipeline.
        dtype: of the weights; the VAE has 32 bits.
        float8: whether the transformer's are kept in 8 bits.
        text: whether the text encoder is loaded.
    """
    found = {}
    for name, count in saved.parameter_counts().items():
        if name == "text_encoder" and not text:
            continue
        small = float8 and name.startswith("transformer")
        found[name] = count * (4 if name == "vae" else 1 if small else dtype.itemsize)
    if saved.gguf is not None:
        found["transformer"] = saved.gguf.stat().st_size
    return found


def placements(saved: SavedPipeline, weights: Mapping[str, int], working: Working) -> list[Placement]:
    """The ways to place a pipeline, the fastest first."""
    everything = sum(weights.values())
    vae = weights.get("vae", 0)
    others = {name: size for name, size in weights.items() if name != "vae"}
    layers = int(saved.config("transformer").get("num_layers", 1))
    # While a part works nothing else is there but, in group offload, the VAE, which has no layers to part.
    most = {
        "none": everything + max(working.denoise, working.frames),
        "model": max(*others.values(), weights["transformer"] + working.denoise, vae + working.frames),
        "group": vae + max(_GROUPS_AT_ONCE * max(others.values()) // layers + working.denoise, working.frames),
    }
    return [
        Placement(name, round(size * _MARGIN) + _LIBRARIES, everything)
        for name, size in most.items()
        if name != "group" or saved.gguf is None
    ]


def placed(choices: list[Placement], asked: str, device: str, free: int | None, main: int | None) -> Placement:
    """The placement that was asked for, or the fastest that fits.

    Args:
        choices: of `placements`.
        asked: one of `OFFLOADS`, or "auto".
        device: that computes.
        free: bytes that are free on it; None where that cannot be told.
        main: bytes of main memory that are free, likewise.

    Raises:
        VideoError: none fits; the sentence says how much is needed and what needs less.
    """
    from chironomy.video.weights.memory import check_memory

    if device != "cuda":
        choices = choices[:1]
    elif asked != "auto":
        choices = [choice for choice in choices if choice.offload == asked]
        if not choices:
            raise VideoError(f"setting offload is {asked!r}, which GGUF weights do not take; choose none or model")
    less = "choose a smaller size, fewer segment_frames, vae_tiling, "
    less += "float8 or GGUF weights, " if device == "cuda" else "dtype bfloat16, "
    less += "saved numbers of a prompt (prompt_embeds), or smaller weights, or close other programs"
    fits = [choice for choice in choices if free is None or choice.device_bytes <= free]
    if not fits:
        check_memory(min(choice.device_bytes for choice in choices), device, free, less)
    choice = fits[0]
    if device == "cuda":
        check_memory(choice.main_bytes, "cpu", main, "choose GGUF weights or smaller ones, or close other programs")
    return choice
