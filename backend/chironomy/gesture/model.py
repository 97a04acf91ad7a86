# SPDX-License-Identifier: GPL-3.0-or-later
"""The transformer that denoises hand motion, after stage 1 of EMO2 (arXiv 2501.10687).

Blocks of a diffusion transformer (Peebles and Xie 2023, arXiv 2212.09748) over patches of motion frames: style, speed
and amplitude embeddings are added to the timestep embedding and modulate every block (one shared modulation with a
learned offset a block, after PixArt-alpha, arXiv 2310.00426), speech enters by cross-attention and, frame by frame, at
the input; pinned motion and its mask are concatenated to the noisy motion; the hand mask is added. Rotary positions
(arXiv 2104.09864) are shared by motion and speech, so that a token knows which speech is its own.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.outputs import BaseOutput
from torch import nn

# The paper's size (24 blocks, width 512) over wav2vec2-base features; the number of heads is ours.
EMO2_CONFIG: dict[str, Any] = {
    "num_layers": 24,
    "width": 512,
    "num_heads": 8,
    "mlp_ratio": 4.0,
    "patch_size": 1,
    "audio_dim": 768,
    "window_frames": 96,
}

# Small enough to learn on two processor cores: three frames a token, eight tokens a second.
EMBEDDED_CONFIG: dict[str, Any] = {
    "num_layers": 6,
    "width": 192,
    "num_heads": 6,
    "mlp_ratio": 3.0,
    "patch_size": 3,
    "window_frames": 96,
}

CONFIGS = {"embedded": EMBEDDED_CONFIG, "emo2": EMO2_CONFIG}


@dataclass
class GestureTransformerOutput(BaseOutput):
    """`sample`: predicted clean motion, (windows, frames, motion_dim), normalised."""

    sample: torch.Tensor


def rotary_table(positions: torch.Tensor, head_dim: int, base: float = 1000.0) -> torch.Tensor:
    """Cosines and sines for positions in seconds x 10, (2, positions, head_dim / 2)."""
    frequency = base ** (-torch.arange(0, head_dim, 2, device=positions.device, dtype=torch.float32) / head_dim)
    angle = positions.float()[:, None] * frequency[None]
    return torch.stack([angle.cos(), angle.sin()])


def rotate(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Turn channel pairs (i, i + half) of (windows, heads, tokens, head_dim) by the table's angles."""
    cos, sin = table.to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class Attention(nn.Module):
    """Multi-head attention with rotary positions; keys and values come from `context`."""

    def __init__(self, width: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.to_q = nn.Linear(width, width)
        self.to_kv = nn.Linear(width, 2 * width)
        self.to_out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, context: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(windows, tokens, width) attends to (windows, tokens, width)."""
        windows, tokens, width = x.shape
        shape = (windows, tokens, self.num_heads, width // self.num_heads)
        q = rotate(self.to_q(x).view(shape).transpose(1, 2), table)
        k, v = self.to_kv(context).chunk(2, dim=-1)
        k = rotate(k.reshape(shape).transpose(1, 2), table)
        v = v.reshape(shape).transpose(1, 2)
        attended = F.scaled_dot_product_attention(q, k, v)
        return self.to_out(attended.transpose(1, 2).reshape(windows, tokens, width))


class Block(nn.Module):
    """Self-attention, cross-attention to speech and a feed-forward layer, each modulated and gated."""

    def __init__(self, width: int, num_heads: int, mlp_ratio: float):
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.audio_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, num_heads)
        self.cross_attention = Attention(width, num_heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width)
        )
        self.modulation = nn.Parameter(torch.zeros(9, width))

    def forward(
        self, x: torch.Tensor, audio: torch.Tensor, modulation: torch.Tensor, table: torch.Tensor
    ) -> torch.Tensor:
        """`modulation`: (windows, 9, width): shift, scale and gate of the three parts."""
        shift1, scale1, gate1, shift2, scale2, gate2, shift3, scale3, gate3 = (
            modulation + self.modulation.to(modulation.dtype)
        )[:, :, None].unbind(1)
        h = self.norm(x) * (1 + scale1) + shift1
        x = x + gate1 * self.attention(h, h, table)
        h = self.norm(x) * (1 + scale2) + shift2
        x = x + gate2 * self.cross_attention(h, self.audio_norm(audio), table)
        h = self.norm(x) * (1 + scale3) + shift3
        return x + gate3 * self.feed_forward(h)


class ScalarEmbedding(nn.Module):
    """A control such as speed, by the soft buckets of EMO (arXiv 2402.17485): tanh(3 (w - c) / r), then an MLP.

    A value of 0 or less means "not given" and embeds to zero.
    """

    def __init__(self, width: int, lowest: float = 0.4, highest: float = 1.9, buckets: int = 9):
        super().__init__()
        centres = torch.linspace(lowest, highest, buckets)
        self.register_buffer("centres", centres, persistent=False)
        self.radius = (highest - lowest) / (buckets - 1) * 2
        self.mlp = nn.Sequential(nn.Linear(buckets, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """(windows,) to (windows, width)."""
        centres = self.get_buffer("centres")
        buckets = torch.tanh(3 * (value[:, None].to(centres.dtype) - centres) / self.radius)
        return self.mlp(buckets) * (value > 0)[:, None]


class GestureTransformer(ModelMixin, ConfigMixin):
    """Predicts clean hand motion from noisy motion, speech features, style and pinned frames.

    Args:
        motion_dim: numbers a frame: 2 hands x (3 position + 16 joints x 6D rotation) = 198. The 6D form (Zhou et al.
            2019, arXiv 1812.07035) is the continuous equivalent of the paper's 2 x (16 quaternions + 3) = 134.
        audio_dim: speech features a frame; by default those of `chironomy.speech.prosody`.
        styles: number of named styles.
        patch_size: motion frames a token.
        window_frames: frames of a training window; longer clips are denoised as overlapping windows.
        fps: frames a second of motion and features.
        trained_on: what the weights learned from, for whoever asks a motion where it comes from.
        prediction_type: "sample", clean motion. A diffusers scheduler that wants a velocity gets it by conversion.
    """

    config_name = "config.json"

    @register_to_config
    def __init__(
        self,
        num_layers: int = 6,
        width: int = 192,
        num_heads: int = 6,
        mlp_ratio: float = 3.0,
        patch_size: int = 3,
        motion_dim: int = 198,
        audio_dim: int = 32,
        styles: int = 4,
        window_frames: int = 96,
        audio_context: int = 3,
        fps: float = 24.0,
        prediction_type: str = "sample",
        trained_on: str = "nothing yet",
    ):
        super().__init__()
        self.patch_size = patch_size
        self.audio_context = audio_context
        self.motion_dim = motion_dim
        # Statistics of the training motion travel with the weights.
        self.register_buffer("motion_mean", torch.zeros(motion_dim))
        self.register_buffer("motion_std", torch.ones(motion_dim))
        # Noisy motion, pinned motion and the mask of each hand, for every frame of the patch.
        self.motion_in = nn.Linear(patch_size * (2 * motion_dim + 2), width)
        self.confidence_in = nn.Linear(patch_size * 2, width)
        self.audio_in = nn.Sequential(
            nn.Linear((patch_size + 2 * audio_context) * audio_dim, 2 * width),
            nn.GELU(approximate="tanh"),
            nn.Linear(2 * width, width),
        )
        self.audio_to_motion = nn.Linear(width, width)
        self.no_audio = nn.Parameter(torch.zeros(width))
        self.time_proj = Timesteps(width, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(width, width)
        self.style_embedding = nn.Linear(styles, width, bias=False)
        self.speed_embedding = ScalarEmbedding(width)
        self.amplitude_embedding = ScalarEmbedding(width)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 9 * width))
        self.blocks = nn.ModuleList([Block(width, num_heads, mlp_ratio) for _ in range(num_layers)])
        self.norm_out = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.modulation_out = nn.Linear(width, 2 * width)
        self.motion_out = nn.Linear(width, patch_size * motion_dim)
        self._initialise()

    def _initialise(self) -> None:
        """Blocks start near the identity and the output at the mean motion, as in the DiT paper's adaLN-Zero."""
        for layer in (self.modulation[1], self.modulation_out, self.motion_out):
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.style_embedding.weight, std=0.02)
        # Gates start a little open, which on a small budget learns sooner than fully closed ones.
        for block in self.blocks:
            assert isinstance(block, Block)
            with torch.no_grad():
                block.modulation[[2, 5, 8]] = 0.3

    def forward(
        self,
        motion: torch.Tensor,
        timestep: torch.Tensor,
        audio: torch.Tensor,
        *,
        style: torch.Tensor,
        speed: torch.Tensor,
        amplitude: torch.Tensor,
        pinned: torch.Tensor | None = None,
        pinned_mask: torch.Tensor | None = None,
        confidence: torch.Tensor | None = None,
        audio_given: torch.Tensor | None = None,
        return_dict: bool = True,
    ) -> GestureTransformerOutput | tuple[torch.Tensor]:
        """Denoise.

        Args:
            motion: noisy normalised motion, (windows, frames, motion_dim); frames a multiple of patch_size.
            timestep: noise level from 0 (clean) to 1 (noise), (windows,).
            audio: speech features, (windows, frames, audio_dim).
            style: weights of the styles, (windows, styles); all zero means "not given".
            speed: relative speed, 1 is the style's own, (windows,); 0 means "not given".
            amplitude: relative amplitude, likewise.
            pinned: clean normalised motion where it is given, (windows, frames, motion_dim).
            pinned_mask: 1 where a hand's frame is given, (windows, frames, 2).
            confidence: 0 where a hand is not seen, (windows, frames, 2).
            audio_given: 1 where the window's speech is known, (windows,).
            return_dict: an output object, or a tuple.
        """
        windows, frames, _ = motion.shape
        patch = self.patch_size
        tokens = frames // patch
        if pinned is None or pinned_mask is None:
            pinned, pinned_mask = torch.zeros_like(motion), motion.new_zeros(windows, frames, 2)
        if confidence is None:
            confidence = motion.new_ones(windows, frames, 2)

        heard = self._audio_tokens(audio, tokens)
        if audio_given is not None:
            given = audio_given.to(heard.dtype)[:, None, None]
            heard = given * heard + (1 - given) * self.no_audio.to(heard.dtype)
        x = torch.cat([motion, pinned, pinned_mask], dim=-1).reshape(windows, tokens, -1)
        x = self.motion_in(x) + self.audio_to_motion(heard)
        x = x + self.confidence_in((1 - confidence).reshape(windows, tokens, -1))

        condition = self.time_embedding(self.time_proj(timestep * 1000).to(motion.dtype))
        condition = condition + self.style_embedding(style) + self.speed_embedding(speed)
        condition = condition + self.amplitude_embedding(amplitude)
        modulation = self.modulation(condition).view(windows, 9, -1)

        seconds = torch.arange(tokens, device=motion.device) * (10.0 * patch / self.config["fps"])
        table = rotary_table(seconds, x.shape[-1] // self.config["num_heads"])
        for block in self.blocks:
            x = block(x, heard, modulation, table)
        shift, scale = self.modulation_out(F.silu(condition))[:, None].chunk(2, dim=-1)
        sample = self.motion_out(self.norm_out(x) * (1 + scale) + shift).reshape(windows, frames, self.motion_dim)
        return GestureTransformerOutput(sample=sample) if return_dict else (sample,)

    def normalize(self, motion: torch.Tensor) -> torch.Tensor:
        """Motion (..., motion_dim) as `gesture.encoding` has it, in units of the training motion's spread."""
        return (motion - self.get_buffer("motion_mean")) / self.get_buffer("motion_std")

    def denormalize(self, motion: torch.Tensor) -> torch.Tensor:
        """The inverse of `normalize`."""
        return motion * self.get_buffer("motion_std") + self.get_buffer("motion_mean")

    def _audio_tokens(self, audio: torch.Tensor, tokens: int) -> torch.Tensor:
        """One token a motion patch: the features of its frames and of `audio_context` frames to either side."""
        context = self.audio_context
        padded = F.pad(audio.transpose(1, 2), (context, context), mode="replicate")
        patches = padded.unfold(2, self.patch_size + 2 * context, self.patch_size)[:, :, :tokens]
        return self.audio_in(patches.permute(0, 2, 1, 3).flatten(2))
