# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose encoder: the maps of hands and body, and how surely each hand is wanted, into features for the denoiser."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn


class PoseEncoder(ModelMixin, ConfigMixin):
    """A few convolutions over the maps of a frame; the last one starts at zero (ControlNet, arXiv 2302.05543).

    The layout is EchoMimicV2's, with keys of the same names: a convolution, then pairs of which the second halves the
    size, then one to the denoiser's channels. The confidence of each hand enters by two layers whose result is added
    to the features of its frame. Their last one starts at zero too, so that imported weights do what they did. EMO2
    says that such embeddings are trainable, and not where they enter: this place is ours.

    Args:
        map_channels: 6 for a MANO map and a keypoint map, 3 for EchoMimicV2's hand map.
        block_out_channels: channels before each halving; the maps are 2 ** (len - 1) times as large as the latents.
        out_channels: the denoiser's `block_out_channels[0]`.
        confidence_dim: width of the confidence's hidden layer; 0 for none.
    """

    # Saved folders name this module; the class may move, the name may not.
    __module__ = "chironomy.video.talking"

    _supports_gradient_checkpointing = False

    @register_to_config
    def __init__(
        self,
        map_channels: int = 6,
        block_out_channels: tuple[int, ...] = (16, 32, 96, 256),
        out_channels: int = 320,
        confidence_dim: int = 128,
    ):
        super().__init__()
        self.conv_in = nn.Conv2d(map_channels, block_out_channels[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in pairwise(block_out_channels):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(block_out_channels[-1], out_channels, 3, padding=1)
        self.confidence = None
        if confidence_dim:
            self.confidence = nn.Sequential(
                nn.Linear(2, confidence_dim), nn.SiLU(), nn.Linear(confidence_dim, out_channels)
            )
            _zero(self.confidence[-1])
        _zero(self.conv_out)

    def forward(
        self,
        maps: torch.Tensor,
        confidence: torch.Tensor | None = None,
        confidence_given: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Encode the maps.

        Args:
            maps: (batch, map_channels, frames, height, width), 0 to 1.
            confidence: of the left and the right hand, (batch, frames, 2), 0 to 1; None where it is not known.
            confidence_given: (batch,) bool, False where a sample's confidence is not used; None: all are.

        Returns:
            (batch, out_channels, frames, height / scale, width / scale).
        """
        batch, _, frames, _, _ = maps.shape
        features = F.silu(self.conv_in(maps.transpose(1, 2).flatten(0, 1)))
        for block in self.blocks:
            features = F.silu(block(features))
        features = self.conv_out(features)
        if self.confidence is not None and confidence is not None:
            added = self.confidence(confidence.to(features.dtype))
            if confidence_given is not None:
                added = added * confidence_given.to(added.device)[:, None, None]
            features = features + added.flatten(0, 1)[:, :, None, None]
        return features.unflatten(0, (batch, frames)).transpose(1, 2)


def _zero(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
