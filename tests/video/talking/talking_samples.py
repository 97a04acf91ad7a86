# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks with something in every branch, and small inputs for them."""

from typing import Any

import numpy as np
import torch

from chironomy.video.talking.fresh import fresh_pipeline
from chironomy.video.talking.network import Conditions
from chironomy.video.talking.pipeline import TalkingPipeline

HEIGHT, WIDTH = 64, 48


def filled(module: torch.nn.Module, seed: int = 0) -> None:
    """Give layers that begin at zero small numbers, so that what passes them can be seen."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        if parameter.ndim > 1 and not parameter.any():
            with torch.no_grad():
                parameter.normal_(std=0.3, generator=generator)


def filled_pipeline(name: str = "tiny", **changes: dict[str, Any]) -> TalkingPipeline:
    torch.manual_seed(0)
    pipeline = fresh_pipeline(name, **changes)
    filled(pipeline.network)
    return pipeline


def conditions_for(pipeline: TalkingPipeline, batch: int = 1, frames: int = 4, pictures: int = 3) -> Conditions:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    assert pipeline.audio_projector is not None
    audio = pipeline.audio_projector.config
    return Conditions(
        pictures=normal(batch, pictures, 4, 8, 6),
        maps=normal(batch, 6, frames, HEIGHT, WIDTH).sigmoid(),
        audio=normal(batch, frames + 2 * audio["neighbours"], audio["feature_dim"]),
        confidence=torch.rand(batch, frames, 2, generator=generator),
    )


def noisy_latents(batch: int = 1, frames: int = 4) -> torch.Tensor:
    return torch.randn(batch, 4, frames, 8, 6, generator=torch.Generator().manual_seed(2))


def render_inputs(pipeline: TalkingPipeline, frames: int) -> dict[str, Any]:
    """A portrait, a bar that moves over the maps, speech that swells, and hands that are seen."""
    rows = np.arange(frames)
    maps = np.zeros((frames, HEIGHT, WIDTH, 6), np.uint8)
    for frame in rows:
        maps[frame, :, frame : frame + 8] = 200
    assert pipeline.audio_projector is not None
    columns = np.arange(pipeline.audio_projector.config["feature_dim"])
    return {
        "reference": np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8),
        "maps": maps,
        "audio": np.sin(rows[:, None] / 4 + columns).astype(np.float32),
        "confidence": np.ones((frames, 2)),
    }
