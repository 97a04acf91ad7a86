# SPDX-License-Identifier: GPL-3.0-or-later
"""What training compares: velocities, clean latents, regions of the picture that count more, and judged poses."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it


def noise_levels(scheduler: Any, timestep: torch.Tensor, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Factors of clean latents and of noise at each sample's timestep, (batch, 1, …), of a scheduler of diffusers."""
    kept = scheduler.alphas_cumprod.to(like.device, torch.float32)[timestep.to(like.device)]
    shape = (-1, *[1] * (like.ndim - 1))
    return kept.sqrt().view(shape).to(like.dtype), (1 - kept).clamp(min=0).sqrt().view(shape).to(like.dtype)


def clean_of_velocity(
    scheduler: Any, latents: torch.Tensor, velocity: torch.Tensor, timestep: torch.Tensor
) -> torch.Tensor:
    """The clean latents that noisy ones and their velocity imply (Salimans and Ho 2022, arXiv 2202.00512, appendix D).

    Args:
        scheduler: with `alphas_cumprod`.
        latents: noisy, (batch, channels, frames, height, width).
        velocity: of the same shape.
        timestep: (batch,).
    """
    clean, noise = noise_levels(scheduler, timestep, latents)
    return clean * latents - noise * velocity


def region_weights(
    height: int,
    width: int,
    face: torch.Tensor | None = None,
    hands: torch.Tensor | None = None,
    face_weight: float = 1.0,
    hand_weight: float = 1.0,
) -> torch.Tensor:
    """How much each place of the latents counts: 1, and more on the face and on the hands.

    How EMO2 weighs them was not to be found.

    Args:
        height: of the latents.
        width: of the latents.
        face: (batch, frames, picture height, picture width), 0 to 1.
        hands: likewise.
        face_weight: added where the face is.
        hand_weight: added where the hands are.

    Returns:
        (batch, 1, frames, height, width) of mean 1 over each sample, or ones that broadcast.
    """
    weights = torch.ones(1, 1, 1, height, width)
    for mask, weight in ((face, face_weight), (hands, hand_weight)):
        if mask is not None and weight:
            small = F.adaptive_avg_pool2d(mask.float(), (height, width))[:, None]
            weights = weights.to(small.device) + weight * small
    return weights / weights.mean(dim=(1, 2, 3, 4), keepdim=True)


def level_weights(scheduler: Any, timestep: torch.Tensor, like: torch.Tensor, gamma: float = 0.0) -> torch.Tensor:
    """How much each sample's noise level counts, (batch, 1, …).

    Min-SNR (arXiv 2303.09556, section 3.4) weighs the error of a velocity by min(SNR, γ) / (SNR + 1). Where a schedule
    ends in noise alone that is 0, and nothing would be learned of the step that sampling begins with, so both parts of
    the fraction have 1 added here: (min(SNR, γ) + 1) / (SNR + 1).

    Args:
        scheduler: with `alphas_cumprod`.
        timestep: (batch,).
        like: what the weights broadcast over.
        gamma: 0 for 1 at all levels.
    """
    kept, noised = noise_levels(scheduler, timestep, like)
    if not gamma:
        return torch.ones_like(kept)
    ratio = kept.square() / noised.square().clamp(min=1e-8)
    return (ratio.clamp(max=gamma) + 1) / (ratio + 1)


def weighted_error(prediction: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Mean squared error in float32, each place as `region_weights` has it; a scalar."""
    error = (prediction.float() - target.float()).square()
    return (error if weights is None else error * weights.to(error.device)).mean()


def discriminator_loss(real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    """Hinge loss of the discriminator's judgements (arXiv 1705.02894)."""
    return F.relu(1 - real.float()).mean() + F.relu(1 + made.float()).mean()


def generator_loss(made: torch.Tensor) -> torch.Tensor:
    """What the network adds for being believed."""
    return -made.float().mean()
