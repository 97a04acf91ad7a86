# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of stage 2 as one: what training optimises and the pipeline samples from."""

from dataclasses import dataclass, replace

import torch
from torch import nn

from chironomy.video.talking.attention import Bank
from chironomy.video.talking.audio_projector import AudioProjector
from chironomy.video.talking.denoiser import TalkingUNet
from chironomy.video.talking.pose_encoder import PoseEncoder
from chironomy.video.talking.reference_net import ReferenceNet


@dataclass
class Conditions:
    """What frames are made from.

    Attributes:
        pictures: clean latents of the portrait and then of the motion frames, (batch, pictures, channels, height,
            width).
        maps: (batch, map channels, frames, height x scale, width x scale), 0 to 1.
        audio: features, (batch, neighbours + frames + neighbours, feature_dim) for the audio projector; without one,
            tokens (batch, frames, tokens, cross_attention_dim).
        confidence: of the left and the right hand, (batch, frames, 2), 0 to 1; None where it is not known.
    """

    pictures: torch.Tensor
    maps: torch.Tensor
    audio: torch.Tensor
    confidence: torch.Tensor | None = None


@dataclass
class Given:
    """Which conditions each sample of a batch is given; None gives one to all. The others are dropped.

    Training drops conditions at random, each by itself, so that sampling can be guided by each (classifier-free
    guidance, arXiv 2207.12598).

    Attributes:
        pictures: (batch, pictures) bool; a dropped picture is not attended to.
        pose: (batch,) bool; dropped maps and confidence are zero features, as EchoMimicV2 drops them.
        confidence: (batch,) bool; without it the maps alone count.
        audio: (batch,) bool; dropped speech is zero tokens, as EchoMimicV2 drops it.
    """

    pictures: torch.Tensor | None = None
    pose: torch.Tensor | None = None
    confidence: torch.Tensor | None = None
    audio: torch.Tensor | None = None


@dataclass
class Encoded:
    """Conditions as the denoiser takes them.

    Attributes:
        bank: see `ReferenceNet`; None where no sample sees a picture.
        pose: (batch, channels, frames, height, width); None is zero.
        audio: (batch, frames, tokens, cross_attention_dim).
        pictures_given: see `TalkingUNet.forward`.
    """

    bank: Bank | None
    pose: torch.Tensor | None
    audio: torch.Tensor
    pictures_given: torch.Tensor | None = None

    def of_frames(self, first: int, last: int) -> "Encoded":
        """The same for frames `first` to `last - 1` alone."""
        pose = None if self.pose is None else self.pose[:, :, first:last]
        return replace(self, pose=pose, audio=self.audio[:, first:last])

    def without(self, *names: str) -> "Encoded":
        """The same without the conditions of these names: "reference", "pose" or "audio"."""
        return Encoded(
            bank=None if "reference" in names else self.bank,
            pose=None if "pose" in names else self.pose,
            audio=torch.zeros_like(self.audio) if "audio" in names else self.audio,
            pictures_given=None if "reference" in names else self.pictures_given,
        )


class TalkingNetwork(nn.Module):
    """Denoiser, ReferenceNet, pose encoder and audio projector.

    Args:
        denoiser: see `TalkingUNet`.
        reference_net: with self-attentions of the same names and widths.
        pose_encoder: to the denoiser's first width.
        audio_projector: to the denoiser's `cross_attention_dim`; None where `Conditions.audio` are tokens already.
    """

    def __init__(
        self,
        denoiser: TalkingUNet,
        reference_net: ReferenceNet,
        pose_encoder: PoseEncoder,
        audio_projector: AudioProjector | None = None,
    ):
        super().__init__()
        self.denoiser, self.reference_net = denoiser, reference_net
        self.pose_encoder, self.audio_projector = pose_encoder, audio_projector

    def forward(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        conditions: Conditions,
        given: Given | None = None,
    ) -> torch.Tensor:
        """Predict the velocity of noisy latents.

        Args:
            latents: (batch, channels, frames, height, width).
            timestep: (batch,).
            conditions: of the same batch and frames.
            given: which of them each sample gets; None: all of them.

        Returns:
            Of the shape of `latents`.
        """
        return self.denoise(latents, timestep, self.encode(conditions, given))

    def encode(self, conditions: Conditions, given: Given | None = None) -> Encoded:
        """Run everything but the denoiser."""
        given = given or Given()
        pose = self.pose_encoder(conditions.maps, conditions.confidence, given.confidence)
        if given.pose is not None:
            pose = pose * _each(given.pose, pose)
        audio = conditions.audio if self.audio_projector is None else self.audio_projector(conditions.audio)
        if given.audio is not None:
            audio = audio * _each(given.audio, audio)
        return Encoded(self.reference_net(conditions.pictures), pose, audio, given.pictures)

    def denoise(self, latents: torch.Tensor, timestep: torch.Tensor | float, encoded: Encoded) -> torch.Tensor:
        """Run the denoiser; see `forward`."""
        return self.denoiser(latents, timestep, encoded.audio, encoded.pose, encoded.bank, encoded.pictures_given)


def _each(given: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """(batch,) bool that broadcasts over `like`."""
    return given.to(like.device).view(-1, *[1] * (like.ndim - 1))
