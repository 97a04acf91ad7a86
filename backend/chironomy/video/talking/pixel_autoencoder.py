# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the VAE that learns nothing: pixels are folded into channels, so small models train without one."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.accelerate_utils import apply_forward_hook


class PixelAutoencoder(ModelMixin, ConfigMixin):
    """Space to depth and back, without loss: a square of `factor` x `factor` pixels is a latent of 3 factor² numbers.

    It has the interface of diffusers' `AutoencoderKL` as far as the pipeline and the training use it. A diffusion model
    over it works on pixels: fit for pictures of some 64 pixels, not for photographs.

    Args:
        factor: pixels on a side of a latent; 1 is the identity.
        scaling_factor: latents are multiplied by it, so that their spread is about 1.
    """

    # Saved folders name this module; the class may move, the name may not.
    __module__ = "chironomy.video.talking"

    @register_to_config
    def __init__(self, factor: int = 4, scaling_factor: float = 2.0):
        super().__init__()
        self.register_buffer("centre", torch.zeros(3, 1, 1))

    @apply_forward_hook
    def encode(self, x: torch.Tensor) -> SimpleNamespace:
        """(n, 3, height, width), -1 to 1, to `latent_dist` with `mean` and `sample()` (n, 3 factor², …)."""
        latents = F.pixel_unshuffle(x - self.get_buffer("centre"), int(self.config["factor"]))
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=latents, sample=lambda generator=None: latents))

    @apply_forward_hook
    def decode(self, z: torch.Tensor) -> SimpleNamespace:
        """(n, 3 factor², height, width) to `sample`, (n, 3, height x factor, width x factor)."""
        return SimpleNamespace(sample=F.pixel_shuffle(z, int(self.config["factor"])) + self.get_buffer("centre"))

    def set_centre(self, colour: torch.Tensor) -> None:
        """Take the mean colour (3,), -1 to 1, of the data as zero."""
        self.get_buffer("centre").copy_(colour[:, None, None])
