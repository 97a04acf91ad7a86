# SPDX-License-Identifier: GPL-3.0-or-later
"""`GesturePipeline`: speech in, hand motion out."""

import os
from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.utils import logging

from chironomy.gesture.errors import GestureError
from chironomy.gesture.hearing import load_encoder
from chironomy.gesture.maker import GestureMaker, Part
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.network import NoisePath
from chironomy.gesture.noise_path import NOISE_SHIFT, noise_path
from chironomy.gesture.shipped import embedded_weights
from chironomy.gesture.torch_network import OnArrays, TorchNetwork

__all__ = ["GesturePipeline", "Part", "default_scheduler", "embedded_weights"]


def default_scheduler() -> Any:
    """Rectified flow: straight paths from noise to motion."""
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=NOISE_SHIFT)


class GesturePipeline(GestureMaker, DiffusionPipeline):
    """Samples the motion of two hands for a recording of speech, with torch, on any device.

    It makes what `gesture.maker.GestureMaker` says; `gesture.runtime` makes the same without torch.

    Args:
        transformer: predicts clean motion.
        scheduler: any of diffusers' that steps from noise to data and that `gesture.noise_path` knows: rectified flow
            by default, DDIM as well.
    """

    transformer: GestureTransformer
    scheduler: Any

    def __init__(self, transformer: GestureTransformer, scheduler: Any):
        super().__init__()
        self.register_modules(transformer=transformer, scheduler=scheduler)
        self.set_progress_bar_config(disable=True)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **options: Any
    ) -> "GesturePipeline":
        """Load a folder written by `save_pretrained` or `save_compact`; weights are computed with in float32.

        A model that hears through a wav2vec2 network takes the one in the folder's `audio_encoder`, where training
        puts it; otherwise see `use_audio_encoder`.

        Raises:
            GestureError: the folder holds no pipeline.
        """
        folder = Path(pretrained_model_name_or_path)
        if not (folder / "model_index.json").is_file():
            raise GestureError(f"{folder} holds no gesture model; the embedded one is made by: make train-embedded")
        options.setdefault("low_cpu_mem_usage", False)
        shown = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            pipeline = super().from_pretrained(str(folder), **options)
        finally:
            if shown:
                logging.enable_progress_bar()
        assert isinstance(pipeline, GesturePipeline)
        pipeline.transformer.float()
        if pipeline.transformer.config.get("audio_features") == "wav2vec2" and (folder / "audio_encoder").is_dir():
            pipeline.use_audio_encoder(folder / "audio_encoder")
        return pipeline

    def use_audio_encoder(self, folder: str | Path) -> None:
        """Load the wav2vec2 network that this model hears through, from a local folder; it is not saved with it.

        Raises:
            GestureError: the folder holds none.
        """
        self.audio_encoder = load_encoder(folder, str(self.transformer.motion_out.weight.device))

    def save_compact(self, folder: str | Path) -> None:
        """Save with weights as float16, half the size; the motion's statistics stay as they are."""
        copy = GestureTransformer(**{k: v for k, v in self.transformer.config.items() if not k.startswith("_")})
        copy.load_state_dict(self.transformer.state_dict())
        for parameter in copy.parameters():
            parameter.data = parameter.data.half()
        GesturePipeline(copy, self.scheduler).save_pretrained(str(folder))
        for path in Path(folder).rglob("*.safetensors"):
            path.chmod(0o644)  # the library leaves them readable by their owner alone

    def loaded_network(self) -> TorchNetwork:
        """The transformer, where it is."""
        return TorchNetwork(self.transformer)

    def noise_path(self, steps: int, seed: int) -> NoisePath:
        """The scheduler, set to that many steps.

        Raises:
            GestureError: it is of a kind that cannot be used, or cannot take that many steps.
        """
        generator = torch.Generator().manual_seed(seed)
        return OnArrays(noise_path(self.scheduler, steps, torch.device("cpu"), generator))

    def model_name(self) -> str:
        """The name of the folder that it was loaded from."""
        return Path(str(self.name_or_path)).name
