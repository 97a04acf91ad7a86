# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser: diffusers' `UNetMotionModel` with a portrait in its self-attention, speech in its cross-attention."""

import functools
from typing import Any

import torch
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D, UNetMotionModel
from torch import nn

from chironomy.video.talking.attention import Bank, HearingAttention, ReadingAttention, set_heads_at_once

# Pipelines learn how to load a class from the base classes that its module knows by name.
__all__ = ["ModelMixin", "TalkingUNet"]


class PoseConvIn(nn.Conv2d):
    """The UNet's first convolution, with features of the pose added to what comes out of it.

    Its weights are those of a plain `conv_in`, so that Stable Diffusion's load unchanged.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002, the base class's name for it
        """(n, latents [+ pose features], height, width) to (n, channels, height, width)."""
        features = super().forward(input[:, : self.in_channels])
        return features if input.shape[1] == self.in_channels else features + input[:, self.in_channels :]


class FrameGroupNorm(nn.GroupNorm):
    """Group normalisation of every frame by itself, as AnimateDiff's and EchoMimicV2's temporal modules have it.

    diffusers' own normalises over all frames together; with EchoMimicV2's weights that is another network.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002, the base class's name for it
        """(batch, channels, frames, height, width) to the same."""
        batch, _, frames, _, _ = input.shape
        normal = super().forward(input.transpose(1, 2).flatten(0, 1))
        return normal.unflatten(0, (batch, frames)).transpose(1, 2)


class TalkingUNet(UNetMotionModel):
    """Predicts the velocity (or whatever the scheduler's prediction type is) of the frames' latents.

    Its configuration is `UNetMotionModel`'s; `cross_attention_dim` is the width of a token of speech.
    """

    # Saved folders name this module; the class may move, the name may not.
    __module__ = "chironomy.video.talking"

    @functools.wraps(UNetMotionModel.__init__)
    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        plain = self.conv_in
        self.conv_in = PoseConvIn(plain.in_channels, plain.out_channels, 3, padding=1)
        for module in self.modules():
            if isinstance(module, AnimateDiffTransformer3D):
                norm = module.norm
                module.norm = FrameGroupNorm(norm.num_groups, norm.num_channels, norm.eps)
        self.set_attn_processor({name: _processor(name, old) for name, old in self.attn_processors.items()})

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor | float | int,
        audio: torch.Tensor,
        pose: torch.Tensor | None = None,
        bank: Bank | None = None,
        pictures_given: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Denoise frames.

        Args:
            sample: noisy latents, (batch, channels, frames, height, width).
            timestep: of each sample (batch,), or of all.
            audio: tokens of speech of each frame, (batch, frames, tokens, cross_attention_dim).
            pose: features of the maps, (batch, block_out_channels[0], frames, height, width), added to those of
                `conv_in`; None is zero.
            bank: what the ReferenceNet saw; None: no pictures.
            pictures_given: (batch, pictures) bool, False where a sample does not see a picture; None: all see all.

        Returns:
            (batch, out_channels, frames, height, width).
        """
        inputs = sample if pose is None else torch.cat([sample, pose.to(sample.dtype)], dim=1)
        # Speech goes by the attention's own arguments: whether `encoder_hidden_states` is repeated over the frames
        # differs between versions of diffusers.
        given = {"audio": audio.flatten(0, 1), "bank": bank, "pictures_given": pictures_given}
        return super().forward(
            inputs, timestep, encoder_hidden_states=audio[:, 0], cross_attention_kwargs=given, return_dict=False
        )[0]

    def set_attention_slice(self, slice_size: str | int | None) -> None:
        """As diffusers' pipelines ask for; see `attention.set_heads_at_once`."""
        set_heads_at_once(self, slice_size)


def _processor(name: str, old: Any) -> Any:
    if "motion_modules" in name:
        return old
    return ReadingAttention(name) if ".attn1." in name else HearingAttention()
