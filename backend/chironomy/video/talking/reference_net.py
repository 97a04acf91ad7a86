# SPDX-License-Identifier: GPL-3.0-or-later
"""The ReferenceNet: reads the portrait, and the last frames of the clip before, into the denoiser's self-attention."""

import functools
from typing import Any

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from chironomy.video.talking.attention import Bank, WritingAttention, set_heads_at_once

# Pipelines learn how to load a class from the base classes that its module knows by name.
__all__ = ["ModelMixin", "ReferenceNet"]


class ReferenceNet(UNet2DConditionModel):
    """diffusers' UNet without text: no cross-attention and no output head, as in EchoMimicV2's published layout.

    Its configuration is `UNet2DConditionModel`'s. With `num_class_embeds` = 1 + motion frames, picture 0 is known as
    the portrait and the others as motion frames by an embedding added to that of the timestep; without, all pictures
    are alike.
    """

    # Saved folders name this module; the class may move, the name may not.
    __module__ = "chironomy.video.talking"

    @functools.wraps(UNet2DConditionModel.__init__)
    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        for module in self.modules():
            if isinstance(module, BasicTransformerBlock):
                module.attn2 = module.norm2 = None
        self.conv_norm_out, self.conv_out = None, nn.Identity()
        self.set_attn_processor({name: WritingAttention(name) for name in self.attn_processors})  # pyright: ignore[reportArgumentType]

    def forward(self, pictures: torch.Tensor) -> Bank:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read clean latents, timestep 0.

        Args:
            pictures: (batch, pictures, channels, height, width); the portrait first, then motion frames in order.

        Returns:
            (batch, pictures x tokens, channels) of every self-attention, by name.
        """
        batch, count = pictures.shape[:2]
        labels = None
        if self.class_embedding is not None:
            labels = torch.arange(count, device=pictures.device).repeat(batch)
        bank: Bank = {}
        super().forward(
            pictures.flatten(0, 1),
            0,
            encoder_hidden_states=None,  # pyright: ignore[reportArgumentType]
            class_labels=labels,
            cross_attention_kwargs={"bank": bank},
        )
        return {name: seen.unflatten(0, (batch, count)).flatten(1, 2) for name, seen in bank.items()}

    def set_attention_slice(self, slice_size: str | int | None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """As diffusers' pipelines ask for; see `attention.set_heads_at_once`."""
        set_heads_at_once(self, slice_size)
