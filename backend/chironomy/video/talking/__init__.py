# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage 2's own network: a latent video diffusion model that speaks and gestures, after EMO2 (arXiv 2501.10687).

`pipeline.TalkingPipeline` renders; `network.TalkingNetwork` is what training sees; `configs` holds the sizes; each
other module is one part. Saved folders name this package as the home of their parts, which come when they are asked
for, so that it stays light itself.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chironomy.video.talking.audio_projector import AudioProjector
    from chironomy.video.talking.denoiser import TalkingUNet
    from chironomy.video.talking.pipeline import TalkingPipeline
    from chironomy.video.talking.pixel_autoencoder import PixelAutoencoder
    from chironomy.video.talking.pose_encoder import PoseEncoder
    from chironomy.video.talking.reference_net import ReferenceNet

__all__ = ["AudioProjector", "PixelAutoencoder", "PoseEncoder", "ReferenceNet", "TalkingPipeline", "TalkingUNet"]

_MODULES = {
    "AudioProjector": "audio_projector",
    "PixelAutoencoder": "pixel_autoencoder",
    "PoseEncoder": "pose_encoder",
    "ReferenceNet": "reference_net",
    "TalkingPipeline": "pipeline",
    "TalkingUNet": "denoiser",
}


def __getattr__(name: str) -> Any:
    if name == "ModelMixin":
        # diffusers looks where the saved folder points for the base class that tells how a part is loaded.
        from diffusers.models.modeling_utils import ModelMixin

        return ModelMixin
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
