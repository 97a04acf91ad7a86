# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training run begins with: a saved video model, a fresh one, or a fresh one on Stable Diffusion's weights."""

from pathlib import Path
from typing import Any

import torch

from chironomy.shot.errors import VideoError
from chironomy.video.talking.fresh import fresh_pipeline
from chironomy.video.talking.pipeline import TalkingPipeline


def starting_pipeline(start: Path | None, config: str, sd15: Path | None) -> tuple[TalkingPipeline, bool]:
    """The pipeline to train.

    Args:
        start: folder of a saved `TalkingPipeline`, or None.
        config: size of a fresh one.
        sd15: folder of a Stable Diffusion 1.5 in diffusers' layout, or None.

    Returns:
        the pipeline, and whether its temporal modules and speech are at random.

    Raises:
        VideoError: a folder holds something else.
    """
    if start is not None:
        if sd15 is not None:
            raise VideoError("give either --start or --sd15: a video model has its weights already")
        return TalkingPipeline.from_pretrained(start), False
    pipeline = fresh_pipeline(config)
    if sd15 is not None:
        take_stable_diffusion(pipeline, sd15)
    return pipeline, True


def take_stable_diffusion(pipeline: TalkingPipeline, folder: Path) -> None:
    """Begin with the picture layers of Stable Diffusion 1.5 in the denoiser and in the ReferenceNet, and with its VAE.

    As EMO's backbone and ReferenceNet do (arXiv 2402.17485, section 3.3). Cross-attention is left as it is: it reads
    speech here and text there.

    Raises:
        VideoError: the folder holds no such weights, or they do not fit the pipeline's size.
    """
    taken = _weights(folder / "unet")
    for part in ("denoiser", "reference_net"):
        own = getattr(pipeline, part).state_dict()
        wanted = {
            key
            for key in own
            if "motion_modules" not in key
            and ".attn2." not in key
            and not (".transformer_blocks." in key and ".norm2." in key)
            and not key.startswith("class_embedding")
        }
        missing = sorted(key for key in wanted if key not in taken or taken[key].shape != own[key].shape)
        if missing:
            raise VideoError(
                f"{folder} does not fit the {part}: {len(missing)} of {len(wanted)} tensors, such as {missing[0]}; "
                "give a Stable Diffusion 1.5 in diffusers' layout, and a configuration of its size"
            )
        getattr(pipeline, part).load_state_dict({key: taken[key] for key in wanted}, strict=False)
    vae, found = pipeline.vae.state_dict(), _weights(folder / "vae")
    if vae.keys() != found.keys() or any(vae[key].shape != found[key].shape for key in vae):
        raise VideoError(f"{folder / 'vae'} is not the VAE of Stable Diffusion 1.5")
    pipeline.vae.load_state_dict(found)


def _weights(folder: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / "diffusion_pytorch_model.safetensors"
    if not path.is_file():
        raise VideoError(f"{folder} holds no diffusion_pytorch_model.safetensors")
    try:
        return {key: value.to(torch.float32) for key, value in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise VideoError(f"{path} is damaged; copy it again") from error
