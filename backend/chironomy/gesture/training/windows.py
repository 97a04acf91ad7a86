# SPDX-License-Identifier: GPL-3.0-or-later
"""Training windows, cut from clips, with pins, hidden hands and missing conditions.

Each batch is a function of a seed and its number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from chironomy.gesture.clips import Clip
from chironomy.gesture.errors import GestureError
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.noise_path import NOISE_SHIFT
from chironomy.gesture.score import FIELDS, Phrase, score_dim, score_frames, with_rests
from chironomy.gesture.score.frames import Told


@dataclass(frozen=True)
class Batch:
    """Windows to train on; shapes as in `GestureTransformer.forward`, motion normalised and clean."""

    motion: torch.Tensor
    noise: torch.Tensor
    sigma: torch.Tensor
    audio: torch.Tensor
    audio_given: torch.Tensor
    style: torch.Tensor
    speed: torch.Tensor
    amplitude: torch.Tensor
    handedness: torch.Tensor
    pinned_mask: torch.Tensor
    confidence: torch.Tensor
    rate: torch.Tensor
    score: torch.Tensor


@dataclass(frozen=True)
class Dropout:
    """How often a condition is left out, so that a model knows life without it, and how far the speech is blurred."""

    audio: float = 0.1
    style: float = 0.15
    speed: float = 0.15
    amplitude: float = 0.15
    rate: float = 0.15
    handedness: float = 0.3
    audio_noise: float = 0.15  # greatest spread of the noise on features, so that no voice is learned by heart
    score: float = 0.25  # the whole of it
    score_part: float = 0.5  # of the others: some of its phrases, some of their fields, and when they start and end


EVERYTHING_GIVEN = Dropout(0, 0, 0, 0, 0, 0, 0, 0, 0)
"""No condition left out, speech as it is: for validation."""


class Windows:
    """All windows of a list of clips, in memory; very wide speech features stay on disk.

    Args:
        clips: the clips; those shorter than a window are left out.
        frames: frames of a window.
        score_kinds: that the model knows; without any, its batches have no score.
        fps: frames a second.
        score_sketch: whether the model takes a sketch of the score.

    Raises:
        GestureError: no clip is as long as a window.
    """

    def __init__(
        self,
        clips: list[Clip],
        frames: int,
        score_kinds: Sequence[str] | None = None,
        fps: float = 24.0,
        score_sketch: bool = False,
    ):
        clips = [clip for clip in clips if len(clip.motion) >= frames]
        if not clips:
            raise GestureError(f"no clip has the {frames} frames of a window; give longer ones")
        self.frames, self.fps, self.score_kinds, self.score_sketch = frames, fps, score_kinds or (), score_sketch
        self.phrases = [() if clip.score is None else with_rests(clip.score).phrases for clip in clips]
        self.motion = torch.from_numpy(np.concatenate([clip.motion for clip in clips]))
        self.audio = [clip.audio for clip in clips]
        lengths = np.array([len(clip.motion) for clip in clips])
        self.offsets = offsets = np.cumsum(lengths) - lengths
        choices = lengths - frames + 1
        self.starts = torch.from_numpy(
            np.concatenate([offset + np.arange(count) for offset, count in zip(offsets, choices, strict=True)])
        )
        self.clip_of_start = torch.from_numpy(np.repeat(np.arange(len(clips)), choices))
        self.style = torch.from_numpy(np.stack([clip.style for clip in clips]))
        self.speed = torch.tensor([clip.speed for clip in clips], dtype=torch.float32)
        self.amplitude = torch.tensor([clip.amplitude for clip in clips], dtype=torch.float32)
        self.rate = torch.tensor([clip.rate for clip in clips], dtype=torch.float32)
        self.handedness = torch.from_numpy(np.stack([clip.handedness for clip in clips]))
        self.seen = torch.from_numpy(np.concatenate([clip.seen() for clip in clips]))

    def seen_motion(self) -> torch.Tensor:
        """(N, motion_dim) the frames in which both hands are seen; all where there is none."""
        both = (self.seen > 0).all(dim=1)
        return self.motion if both.all() or not both.any() else self.motion[both]

    def normalize(self, model: GestureTransformer) -> None:
        """Turn the motion into the model's numbers, in pieces, for good."""
        device = model.get_buffer("motion_mean").device
        self.motion = torch.cat([model.normalize(part.to(device)).cpu() for part in self.motion.split(65536)])

    def batch(self, size: int, seed: int, number: int, dropout: Dropout | None = None) -> Batch:
        """Batch `number` of the endless sequence that `seed` determines."""
        dropout = dropout or Dropout()
        random = np.random.default_rng([seed, number])
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        index = torch.from_numpy(random.integers(0, len(self.starts), size))
        rows = self.starts[index][:, None] + torch.arange(self.frames)
        clip = self.clip_of_start[index]
        motion = self.motion[rows]
        # Logit-normal noise levels (Esser et al. 2024, arXiv 2403.03206), shifted towards noise, where structure is.
        sigma = torch.sigmoid(torch.randn(size, generator=generator) * 1.2 + math.log(NOISE_SHIFT))

        audio = self._audio(index)
        if dropout.audio_noise and audio.dtype == torch.float32:  # of prosody; hidden states have spreads of their own
            level = torch.rand(size, 1, 1, generator=generator) * dropout.audio_noise
            audio = audio + level * torch.randn(audio.shape, generator=generator)

        def keep(probability: float) -> torch.Tensor:
            return torch.from_numpy((random.random(size) >= probability).astype(np.float32))

        return Batch(
            motion=motion,
            noise=torch.randn(motion.shape, generator=generator),
            sigma=sigma,
            audio=audio,
            audio_given=keep(dropout.audio),
            style=self.style[clip] * keep(dropout.style)[:, None],
            speed=self.speed[clip] * keep(dropout.speed),
            amplitude=self.amplitude[clip] * keep(dropout.amplitude),
            handedness=self.handedness[clip] * keep(dropout.handedness)[:, None],
            pinned_mask=torch.from_numpy(_pins(random, size, self.frames)),
            confidence=torch.from_numpy(_confidence(random, size, self.frames)) * self.seen[rows],
            rate=self.rate[clip] * keep(dropout.rate),
            score=torch.from_numpy(self._score(random, index, dropout)),
        )

    def told(self, seed: int, count: int = 1200) -> tuple[torch.Tensor, torch.Tensor]:
        """Windows that are told something: (N, frames, score_dim) of what, and (N, frames, numbers) of motion."""
        random = np.random.default_rng([seed, 1])
        index = torch.from_numpy(random.integers(0, len(self.starts), count))
        score = torch.from_numpy(self._score(random, index, Dropout(score=0.0)))
        return score, self.motion[self.starts[index][:, None] + torch.arange(self.frames)]

    def _score(self, random: np.random.Generator, index: torch.Tensor, dropout: Dropout) -> NDArray[np.float32]:
        """(size, frames, score_dim) of the windows that begin at `starts[index]`."""
        dimension = score_dim(self.score_kinds, self.score_sketch) if self.score_kinds else 0
        score = np.zeros((len(index), self.frames, dimension), np.float32)
        if not dimension:
            return score
        for window, clip, start in zip(
            score, self.clip_of_start[index].tolist(), self.starts[index].tolist(), strict=True
        ):
            first = start - int(self.offsets[clip])
            begin, end = first / self.fps, (first + self.frames) / self.fps
            phrases = [phrase for phrase in self.phrases[clip] if phrase.start < end + 2 and phrase.end > begin - 2]
            told = _told(random, phrases, dropout)
            window[:] = score_frames(told, self.score_kinds, self.fps, first, self.frames, self.score_sketch)
        return score

    def _audio(self, index: torch.Tensor) -> torch.Tensor:
        """(size, frames, features) of the windows that begin at `starts[index]`, in the precision they are kept in."""
        parts = []
        for clip, start in zip(self.clip_of_start[index].tolist(), self.starts[index].tolist(), strict=True):
            first = start - int(self.offsets[clip])
            parts.append(self.audio[clip][first : first + self.frames])
        return torch.from_numpy(np.stack(parts))


def _pins(random: np.random.Generator, size: int, frames: int) -> NDArray[np.float32]:
    """(size, frames, 2): the beginning, both ends, or stretches of either hand are given in two windows of three."""
    mask = np.zeros((size, frames, 2), np.float32)
    for window in mask:
        kind = random.random()
        if kind < 0.3:  # the frames before
            window[: random.integers(2, frames // 3)] = 1
        elif kind < 0.42:  # a range made anew between its surroundings
            window[: random.integers(2, frames // 3)] = 1
            window[-random.integers(2, frames // 3) :] = 1
        elif kind < 0.65:  # locked keys of one hand or both
            for _ in range(random.integers(1, 4)):
                start, length = random.integers(0, frames), random.integers(1, frames // 4)
                hands = slice(None) if random.random() < 0.5 else int(random.integers(2))
                window[start : start + length, hands] = 1
    return mask


def _confidence(random: np.random.Generator, size: int, frames: int) -> NDArray[np.float32]:
    """(size, frames, 2): one window in twelve has a hand out of sight for a while."""
    mask = np.ones((size, frames, 2), np.float32)
    for window in mask:
        if random.random() < 1 / 12:
            start, length = random.integers(0, frames), random.integers(6, frames)
            window[start : start + length, random.integers(2)] = 0
    return mask


def _told(random: np.random.Generator, phrases: Sequence[Phrase], dropout: Dropout) -> list[Told]:
    """What of a window's phrases the model is told: nothing, everything, or some fields of some of them.

    Of the parts, half have the same fields in each phrase, as words and animators give them; and their phrases start
    and end about when they should, for nobody knows that better.
    """
    if random.random() < dropout.score:
        return []
    if random.random() >= dropout.score_part:
        return [(phrase, FIELDS) for phrase in phrases]
    share, same = random.uniform(0.25, 1.0), random.random() < 0.5
    fields = _some_fields(random)
    told: list[Told] = []
    for phrase in phrases:
        if random.random() < share:
            told.append((_about(random, phrase), fields if same else _some_fields(random)))
    return told


def _some_fields(random: np.random.Generator) -> list[str]:
    kept = random.random(len(FIELDS)) < random.uniform(0.3, 1.0)
    return [name for name, keep in zip(FIELDS, kept, strict=True) if keep]


def _about(random: np.random.Generator, phrase: Phrase) -> Phrase:
    """The phrase with another start and end, its strokes still in it."""
    start, end = np.array([phrase.start, phrase.end]) + random.normal(0, 0.1, 2)
    apexes = [stroke.apex for stroke in phrase.strokes] or [(phrase.start + phrase.end) / 2]
    return replace(phrase, start=float(np.clip(start, 0, apexes[0])), end=float(max(end, apexes[-1])))
