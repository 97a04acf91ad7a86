# SPDX-License-Identifier: GPL-3.0-or-later
"""The transformer that denoises hand motion, after stage 1 of EMO2 (arXiv 2501.10687).

Blocks of a diffusion transformer (Peebles and Xie 2023, arXiv 2212.09748) over patches of motion frames: style, speed,
amplitude and rate embeddings are added to the timestep embedding and modulate every block (one shared modulation with a
learned offset a block, after PixArt-alpha, arXiv 2310.00426), speech enters by cross-attention and, frame by frame, at
the input; pinned motion and its mask are concatenated to the noisy motion; the hand mask is added. Rotary positions
(arXiv 2104.09864) are shared by motion and speech, so that a token knows which speech is its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.outputs import BaseOutput
from torch import nn

from chironomy.gesture.encoding import HAND_DIM, WRIST_DIM
from chironomy.gesture.network import cosines, skip_parts
from chironomy.gesture.score import score_dim
from chironomy.gesture.settings import CONTROL_RANGE

# The paper's size (24 blocks, width 512) over all hidden states of wav2vec2-base, each frame with two neighbours to
# either side; the number of heads is ours.
EMO2_CONFIG: dict[str, Any] = {
    "num_layers": 24,
    "width": 512,
    "num_heads": 8,
    "mlp_ratio": 4.0,
    "patch_size": 1,
    "audio_features": "wav2vec2",
    "audio_dim": 13 * 768,
    "audio_context": 2,
    "window_frames": 96,
    "hands": 3,
    "control_range": list(CONTROL_RANGE),
}

# Small enough to learn on two processor cores: three frames a token, eight tokens a second.
EMBEDDED_CONFIG: dict[str, Any] = {
    "num_layers": 6,
    "width": 192,
    "num_heads": 6,
    "mlp_ratio": 3.0,
    "patch_size": 3,
    "window_frames": 96,
    "motion_components": 24,
    "hands": 3,
    "control_range": list(CONTROL_RANGE),
    "skip": True,
    "score_sketch": True,
}

_LEAST_SPREAD = 0.02  # metres, parts of an axis
_LEAST_CONTROL = 1e-3  # far below what can be asked
_LEAST_POWER = 1e-4
_SCORE_RIDGE = 1e-4  # of the mean square of a number that is always 1
_LEAST_SHARE = 0.12  # of the greatest component's spread

CONFIGS = {"embedded": EMBEDDED_CONFIG, "emo2": EMO2_CONFIG}


@dataclass
class GestureTransformerOutput(BaseOutput):
    """`sample`: predicted clean motion, (windows, frames, latent_dim), normalised."""

    sample: torch.Tensor


def rotary_table(positions: torch.Tensor, head_dim: int, base: float = 1000.0) -> torch.Tensor:
    """Cosines and signed sines for positions in seconds x 10, (2, positions, 1, head_dim)."""
    frequency = base ** (-torch.arange(0, head_dim, 2, device=positions.device, dtype=torch.float32) / head_dim)
    angle = positions.float()[:, None, None] * frequency
    return torch.stack([torch.cat([angle.cos()] * 2, dim=-1), torch.cat([-angle.sin(), angle.sin()], dim=-1)])


def rotate(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Turn channel pairs (i, i + half) of (windows, tokens, heads, head_dim) by the table's angles."""
    cos, sin = table.to(x.dtype)
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, dims=-1), sin)


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
        q = rotate(self.to_q(x).view(shape), table).transpose(1, 2)
        k, v = self.to_kv(context).chunk(2, dim=-1)
        k = rotate(k.reshape(shape), table).transpose(1, 2)
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

    Args:
        width: numbers of the embedding.
        control_range: least and greatest value, over whose logarithms w and c are; None: over values from 0.4 to 1.9.
        buckets: how many.
    """

    def __init__(self, width: int, control_range: Sequence[float] | None = None, buckets: int = 9):
        super().__init__()
        self.logarithmic = control_range is not None
        lowest, highest = (0.4, 1.9) if control_range is None else (math.log(bound) for bound in control_range)
        centres = torch.linspace(lowest, highest, buckets)
        self.register_buffer("centres", centres, persistent=False)
        self.radius = (highest - lowest) / (buckets - 1) * 2
        self.mlp = nn.Sequential(nn.Linear(buckets, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """(windows,) to (windows, width)."""
        centres = self.get_buffer("centres")
        level = value[:, None].to(centres.dtype)
        if self.logarithmic:
            level = level.clamp(min=_LEAST_CONTROL).log()
        buckets = torch.tanh(3 * (level - centres) / self.radius)
        return self.mlp(buckets) * (value > 0)[:, None]


class GestureTransformer(ModelMixin, ConfigMixin):
    """Predicts clean hand motion from noisy motion, speech features, style and pinned frames.

    Args:
        motion_dim: numbers a frame of motion: 2 hands x (3 position + 16 joints x 6D rotation) = 198. The 6D form (Zhou
            et al. 2019, arXiv 1812.07035) is the continuous equivalent of the paper's 2 x (16 quaternions + 3) = 134.
        motion_components: principal components of each hand's fingers that the network works on, in place of their 90
            numbers. The 6D form repeats itself many times over, so noise hides a hand's shape only near the very top
            of the noise levels, where few steps are, and shapes average out; few components cure that. 0: all numbers.
        audio_dim: speech features a frame; by default those of `chironomy.speech.prosody`.
        audio_features: "prosody", or "wav2vec2" for the hidden states of such a network.
        audio_context: frames to either side whose features a token hears as well.
        styles: number of named styles.
        style_names: their names; by default the first of `chironomy.gesture.settings`.
        hands: 3 if the model takes which hand gestures (`gesture.clips.HANDEDNESS`), 0 if not.
        patch_size: motion frames a token.
        window_frames: frames of a training window; longer clips are denoised as overlapping windows.
        score_kinds: the kinds of gesture that it can be told by a score, in the order of its input
            (`gesture.score.score_frames`); None if it takes no score.
        score_sketch: whether the score comes with a sketch of the movement (`gesture.score.sketch`); the prediction is
            then made about what every frame's score says by itself, so that a score is done from the first noise on.
        plans: whether it performs a plan of `gesture.planning` where it is given no score.
        control_range: least and greatest speed, amplitude and rate that are told apart; None for a model of the first
            editions, which tells speed and amplitude apart between 0.4 and 1.9 and takes no rate.
        skip: whether the network's output is added to the best linear guess at the clean motion that the noisy motion
            gives, frequency by frequency (Wiener's filter), and weighs as much as that guess errs (after Karras et al.
            2022, arXiv 2206.00364, table 1). What is slow shines through much noise, what is quick through little, and
            neither has to pass through the network, whose tokens have fewer numbers than the frames they stand for.
        fps: frames a second of motion and features.
        trained_on: what the weights learned from, for whoever asks a motion where it comes from.
        prediction_type: "sample", clean motion. A diffusers scheduler that wants a velocity gets it by conversion.
    """

    # Saved folders name this module; the class may move, the name may not.
    __module__ = "chironomy.gesture"

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
        motion_components: int = 0,
        hands: int = 0,
        style_names: list[str] | None = None,
        audio_features: str = "prosody",
        score_kinds: list[str] | None = None,
        control_range: list[float] | None = None,
        skip: bool = False,
        score_sketch: bool = False,
        plans: bool = False,
    ):
        super().__init__()
        self.patch_size = patch_size
        self.audio_context = audio_context
        self.motion_dim = motion_dim
        self.latent_dim = 2 * (WRIST_DIM + motion_components) if motion_components else motion_dim
        # Statistics of the training motion travel with the weights.
        self.register_buffer("motion_mean", torch.zeros(motion_dim))
        if motion_components:
            self.register_buffer("motion_basis", torch.eye(self.latent_dim, motion_dim))
        else:
            self.register_buffer("motion_std", torch.ones(motion_dim))
        if skip:
            # Power of each number at each frequency of a window; 1 until it is measured.
            self.register_buffer("motion_spectrum", torch.ones(window_frames, self.latent_dim))
            self.register_buffer("cosines", torch.from_numpy(cosines(window_frames)), persistent=False)
        # Noisy motion, pinned motion and the mask of each hand, for every frame of the patch.
        self.motion_in = nn.Linear(patch_size * (2 * self.latent_dim + 2), width)
        self.confidence_in = nn.Linear(patch_size * 2, width)
        self.score_dim = score_dim(score_kinds, score_sketch) if score_kinds else 0
        # Without a bias, so that a score that says nothing is none.
        self.score_in = nn.Linear(patch_size * self.score_dim, width, bias=False) if score_kinds else None
        sketched = bool(score_kinds) and score_sketch
        self.score_out = nn.Linear(self.score_dim, self.latent_dim, bias=False) if sketched else None
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
        self.speed_embedding = ScalarEmbedding(width, control_range)
        self.amplitude_embedding = ScalarEmbedding(width, control_range)
        self.rate_embedding = ScalarEmbedding(width, control_range) if control_range else None
        self.hands_embedding = nn.Linear(hands, width, bias=False) if hands else None
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 9 * width))
        self.blocks = nn.ModuleList([Block(width, num_heads, mlp_ratio) for _ in range(num_layers)])
        self.norm_out = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.modulation_out = nn.Linear(width, 2 * width)
        self.motion_out = nn.Linear(width, patch_size * self.latent_dim)
        self._initialise()

    def _initialise(self) -> None:
        """Blocks start near the identity and the output at the mean motion, as in the DiT paper's adaLN-Zero."""
        for layer in (self.modulation[1], self.modulation_out, self.motion_out):
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.style_embedding.weight, std=0.02)
        if self.hands_embedding is not None:
            nn.init.normal_(self.hands_embedding.weight, std=0.02)
        if self.score_in is not None:
            nn.init.normal_(self.score_in.weight, std=0.05)
        if self.score_out is not None:
            nn.init.zeros_(self.score_out.weight)
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
        rate: torch.Tensor | None = None,
        handedness: torch.Tensor | None = None,
        pinned: torch.Tensor | None = None,
        pinned_mask: torch.Tensor | None = None,
        confidence: torch.Tensor | None = None,
        audio_given: torch.Tensor | None = None,
        score: torch.Tensor | None = None,
        return_dict: bool = True,
    ) -> GestureTransformerOutput | tuple[torch.Tensor]:
        """Denoise.

        Args:
            motion: noisy normalised motion, (windows, frames, latent_dim); frames a multiple of patch_size.
            timestep: noise level from 0 (clean) to 1 (noise), (windows,).
            audio: speech features, (windows, frames, audio_dim).
            style: weights of the styles, (windows, styles); all zero means "not given".
            speed: relative speed, 1 is the style's own, (windows,); 0 means "not given".
            amplitude: relative amplitude, likewise.
            rate: relative number of strokes, likewise; None means "not given" too.
            handedness: weights of left, right and both, (windows, 3); all zero, or None, means "not given".
            pinned: clean normalised motion where it is given, (windows, frames, latent_dim).
            pinned_mask: 1 where a hand's frame is given, (windows, frames, 2).
            confidence: 0 where a hand is not seen, (windows, frames, 2).
            audio_given: 1 where the window's speech is known, (windows,).
            score: what is to be gestured, (windows, frames, score_dim); all zero, or None, means "not given".
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
        if self.score_in is not None and score is not None:
            x = x + self.score_in(score.reshape(windows, tokens, -1))

        condition = self.time_embedding(self.time_proj(timestep * 1000).to(motion.dtype))
        condition = condition + self.style_embedding(style) + self.speed_embedding(speed)
        condition = condition + self.amplitude_embedding(amplitude)
        if self.rate_embedding is not None and rate is not None:
            condition = condition + self.rate_embedding(rate)
        if self.hands_embedding is not None and handedness is not None:
            condition = condition + self.hands_embedding(handedness)
        modulation = self.modulation(condition).view(windows, 9, -1)

        seconds = torch.arange(tokens, device=motion.device) * (10.0 * patch / self.config["fps"])
        table = rotary_table(seconds, x.shape[-1] // self.config["num_heads"])
        for block in self.blocks:
            x = block(x, heard, modulation, table)
        shift, scale = self.modulation_out(F.silu(condition))[:, None].chunk(2, dim=-1)
        sample = self.motion_out(self.norm_out(x) * (1 + scale) + shift).reshape(windows, frames, self.latent_dim)
        level = timestep[:, None, None].to(motion.dtype)
        said = self.score_out(score) if self.score_out is not None and score is not None else 0.0
        if self.config["skip"]:
            # Of what is pinned there is no noise; it counts as a noisy number does that has none.
            shown = motion * (1 - level * self.per_number(pinned_mask)) - (1 - level) * said
            kept, left = skip_parts(level, self.get_buffer("motion_spectrum"))
            turns = self.get_buffer("cosines")
            guess = turns.T @ (kept * (turns @ shown))
            sample = guess + left.mean(dim=-2, keepdim=True).sqrt() * sample
        sample = sample + said
        return GestureTransformerOutput(sample=sample) if return_dict else (sample,)

    def normalize(self, motion: torch.Tensor) -> torch.Tensor:
        """Motion (..., motion_dim) as `gesture.encoding` has it to (..., latent_dim) in units of its spread."""
        centred = motion - self.get_buffer("motion_mean")
        if not self.config["motion_components"]:
            return centred / self.get_buffer("motion_std")
        basis = self.get_buffer("motion_basis")
        # Its rows are at right angles, so this is its pseudo-inverse.
        return centred @ (basis / basis.square().sum(dim=1, keepdim=True)).T

    def denormalize(self, motion: torch.Tensor) -> torch.Tensor:
        """The inverse of `normalize`; of fingers, what the components hold."""
        if not self.config["motion_components"]:
            return motion * self.get_buffer("motion_std") + self.get_buffer("motion_mean")
        return motion @ self.get_buffer("motion_basis") + self.get_buffer("motion_mean")

    def set_statistics(self, motion: torch.Tensor) -> None:
        """Take mean and spread, and the fingers' components, from motion (N, motion_dim)."""
        self.get_buffer("motion_mean").copy_(motion.mean(dim=0))
        spread = motion.std(dim=0).clamp(min=_LEAST_SPREAD)
        if self.config["motion_components"]:
            self.get_buffer("motion_basis").copy_(_basis(motion, spread, int(self.config["motion_components"])))
        else:
            self.get_buffer("motion_std").copy_(spread)

    def set_score_course(self, score: torch.Tensor, motion: torch.Tensor) -> None:
        """Start from the motion that a frame's score says by itself, by least squares.

        Args:
            score: (N, score_dim) of frames that are told something.
            motion: (N, latent_dim) normalised motion of the same frames.
        """
        if self.score_out is None:
            return
        score, motion = score.double(), motion.double()
        gram = score.T @ score
        ridge = _SCORE_RIDGE * len(score) * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        with torch.no_grad():
            self.score_out.weight.copy_(torch.linalg.solve(gram + ridge, score.T @ motion).T.float())

    def set_spectrum(self, score: torch.Tensor, motion: torch.Tensor) -> None:
        """Measure the power of what the score does not say by itself.

        Args:
            score: (N, window_frames, score_dim).
            motion: (N, window_frames, latent_dim) normalised motion of the same windows.
        """
        if not self.config["skip"]:
            return
        with torch.no_grad():
            said = 0.0 if self.score_out is None else self.score_out(score)
            power = (self.get_buffer("cosines") @ (motion - said)).square().mean(dim=0)
            self.get_buffer("motion_spectrum").copy_(power.clamp(min=_LEAST_POWER))

    def component_spread(self) -> torch.Tensor:
        """(latent_dim,) spread of each of the network's numbers, in metres or parts of an axis."""
        if self.config["motion_components"]:
            return self.get_buffer("motion_basis").square().sum(dim=1).sqrt()
        return self.get_buffer("motion_std")

    def per_number(self, mask: torch.Tensor) -> torch.Tensor:
        """A mask of hands (..., 2) for each of the network's numbers, (..., latent_dim)."""
        return mask.repeat_interleave(self.latent_dim // 2, dim=-1)

    def _audio_tokens(self, audio: torch.Tensor, tokens: int) -> torch.Tensor:
        """One token a motion patch: the features of its frames and of `audio_context` frames to either side."""
        context = self.audio_context
        padded = F.pad(audio.transpose(1, 2), (context, context), mode="replicate")
        patches = padded.unfold(2, self.patch_size + 2 * context, self.patch_size)[:, :, :tokens]
        return self.audio_in(patches.permute(0, 2, 1, 3).flatten(2))


def _basis(motion: torch.Tensor, spread: torch.Tensor, components: int) -> torch.Tensor:
    """(2 x (9 + components), motion_dim): rows of each wrist's numbers, then of its fingers' components, with spread.

    Minor components are scaled as if they spread a little more, so that noise does not outweigh what they tell.
    """
    rows = []
    for hand in range(2):
        first = hand * HAND_DIM
        for number in range(first, first + WRIST_DIM):
            rows.append(torch.zeros(motion.shape[1]).index_fill_(0, torch.tensor([number]), float(spread[number])))
        fingers = motion[:, first + WRIST_DIM : first + HAND_DIM].double()
        variance, direction = torch.linalg.eigh(torch.cov(fingers.T))
        for order in range(1, components + 1):
            row = torch.zeros(motion.shape[1])
            size = max(float(variance[-order].clamp(min=0)) ** 0.5, _LEAST_SHARE * float(variance[-1]) ** 0.5)
            row[first + WRIST_DIM : first + HAND_DIM] = direction[:, -order].float() * max(size, _LEAST_SPREAD)
            rows.append(row)
    return torch.stack(rows)
