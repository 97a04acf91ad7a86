# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose discriminator of training: does a clip of latents show the pose that the maps ask for?"""

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn


class PoseDiscriminator(ModelMixin, ConfigMixin):
    """Judges every place of every frame by the latents, the maps and how both change to the frame after.

    EMO2 trains with a pose discriminator without saying what it is made of: this one, a few convolutions
    with spectral normalisation (arXiv 1802.05957) over latents and maps, judged by patches (arXiv 1611.07004), is ours.

    Args:
        latent_channels: of the latents.
        map_channels: of the maps.
        width: channels of the first layer.
    """

    _supports_gradient_checkpointing = False

    @register_to_config
    def __init__(self, latent_channels: int = 4, map_channels: int = 6, width: int = 64):
        super().__init__()
        normal = nn.utils.parametrizations.spectral_norm
        self.layers = nn.Sequential(
            normal(nn.Conv2d(2 * (latent_channels + map_channels), width, 3, padding=1)),
            nn.LeakyReLU(0.2),
            normal(nn.Conv2d(width, 2 * width, 4, padding=1, stride=2)),
            nn.LeakyReLU(0.2),
            normal(nn.Conv2d(2 * width, 2 * width, 3, padding=1)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, padding=1),
        )

    def forward(self, latents: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """Judge.

        Args:
            latents: clean latents or a prediction of them, (batch, latent_channels, frames, height, width).
            maps: (batch, map_channels, frames, …) of any size, 0 to 1.

        Returns:
            (batch, frames, height / 2, width / 2): positive where the pose is real.
        """
        batch, _, frames, height, width = latents.shape
        small = F.adaptive_avg_pool3d(maps.to(latents.dtype), (frames, height, width))
        shown = torch.cat([latents, small], dim=1)
        change = torch.diff(shown, dim=2, append=shown[:, :, -1:])
        judged = self.layers(torch.cat([shown, change], dim=1).transpose(1, 2).flatten(0, 1))
        return judged[:, 0].unflatten(0, (batch, frames))
