# SPDX-License-Identifier: GPL-3.0-or-later
"""The audio projector: what was heard around a frame becomes that frame's tokens of speech."""

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn


class AudioProjector(ModelMixin, ConfigMixin):
    """One token for the frame and for each of its neighbours, so that coming sounds shape the mouth already.

    EMO concatenates the features of neighbouring frames (arXiv 2402.17485). How EMO2 projects wav2vec2's states was
    not to be found; here all hidden states enter through two layers.

    Args:
        feature_dim: numbers a frame: 13 x 768 of wav2vec2-base, or the prosody's columns.
        neighbours: frames to either side.
        hidden_dim: width between the two layers.
        token_dim: the denoiser's `cross_attention_dim`.
    """

    # Saved folders name this module; the class may move, the name may not.
    __module__ = "chironomy.video.talking"

    _supports_gradient_checkpointing = False

    @register_to_config
    def __init__(self, feature_dim: int = 13 * 768, neighbours: int = 2, hidden_dim: int = 768, token_dim: int = 768):
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(feature_dim), nn.Linear(feature_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, token_dim)
        )
        self.position = nn.Parameter(torch.zeros(2 * neighbours + 1, token_dim))
        self.norm = nn.LayerNorm(token_dim)
        nn.init.normal_(self.position, std=0.02)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Project.

        Args:
            features: (batch, neighbours + frames + neighbours, feature_dim).

        Returns:
            (batch, frames, 2 x neighbours + 1, token_dim).
        """
        tokens = self.layers(features)
        windows = tokens.unfold(1, len(self.position), 1).transpose(2, 3)
        return self.norm(windows + self.position)
