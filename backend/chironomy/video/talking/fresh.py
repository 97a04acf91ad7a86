# SPDX-License-Identifier: GPL-3.0-or-later
"""Fresh pipelines, as training begins with."""

from __future__ import annotations

from typing import Any

from chironomy.shot.errors import VideoError
from chironomy.video.talking.configs import CONFIGS, SCHEDULER
from chironomy.video.talking.pipeline import TalkingPipeline


def fresh_pipeline(name: str, **changes: dict[str, Any]) -> "TalkingPipeline":
    """A pipeline with weights at random, as training begins with.

    Args:
        name: of `CONFIGS`.
        changes: to the configuration of a part, such as `vae={"factor": 8}`.

    Raises:
        VideoError: there is no such size.
    """
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    from chironomy.speech.prosody import PROSODY_NAMES
    from chironomy.video.talking.audio_projector import AudioProjector
    from chironomy.video.talking.denoiser import TalkingUNet
    from chironomy.video.talking.pipeline import TalkingPipeline
    from chironomy.video.talking.pixel_autoencoder import PixelAutoencoder
    from chironomy.video.talking.pose_encoder import PoseEncoder
    from chironomy.video.talking.reference_net import ReferenceNet

    if name not in CONFIGS:
        raise VideoError(f"there is no configuration {name!r}; choose one of {', '.join(CONFIGS)}")
    config = {part: {**values, **changes.get(part, {})} for part, values in CONFIGS[name].items()}
    projector = config.get("audio_projector")
    if projector is not None and config["pipeline"]["audio_features"] == "prosody":
        projector = {"feature_dim": len(PROSODY_NAMES), **projector}
    vae = PixelAutoencoder if "factor" in config["vae"] else AutoencoderKL
    return TalkingPipeline(
        vae=vae(**config["vae"]),
        denoiser=TalkingUNet(**config["denoiser"]),
        reference_net=ReferenceNet(**config["reference_net"]),
        pose_encoder=PoseEncoder(**config["pose_encoder"]),
        audio_projector=None if projector is None else AudioProjector(**projector),
        scheduler=DDIMScheduler(**SCHEDULER),
        **config["pipeline"],
    )
