# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips to train on, cut from items, with conditions left out at random.

Each batch is a function of a seed and its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError

MANO_CHANNELS = slice(0, 3)
"""Channels of the maps that are the MANO map; the others are the keypoint map."""


class Item(Protocol):
    """A video of one person, with what is known of it.

    Attributes:
        name: for messages.
        audio: (T, feature_dim) float32, what is heard in every frame.
        confidence: (T, 2) float32, how surely each hand is seen, 0 to 1.
        face: (T, 4) left, top, right, bottom of the face in pixels; NaN where it is not known.
        hands: (T, 2, 4) likewise of each hand.
        hears: whether its speech is known; if not, `audio` is that of silence and is never given.
    """

    name: str
    hears: bool
    audio: NDArray[np.float32]
    confidence: NDArray[np.float32]
    face: NDArray[np.float32]
    hands: NDArray[np.float32]

    @property
    def frame_count(self) -> int:
        """How many frames, T."""
        ...

    def pictures(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(rows, height, width, 3) RGB."""
        ...

    def maps(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(rows, height, width, map channels); a MANO map that is not known is black."""
        ...

    def portrait(self) -> NDArray[np.uint8] | None:
        """(height, width, 3) a picture of the person that is none of the frames; None without one."""
        ...


@dataclass
class MemoryItem:
    """An item whose pictures and maps are in memory; see `Item`.

    Attributes:
        frames: (T, height, width, 3) uint8.
        drawn: (T, height, width, map channels) uint8.
    """

    name: str
    frames: NDArray[np.uint8]
    drawn: NDArray[np.uint8]
    audio: NDArray[np.float32]
    confidence: NDArray[np.float32]
    face: NDArray[np.float32]
    hands: NDArray[np.float32]
    hears: bool = True

    @property
    def frame_count(self) -> int:
        """How many frames."""
        return len(self.frames)

    def pictures(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(rows, height, width, 3) RGB."""
        return self.frames[rows]

    def maps(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(rows, height, width, map channels)."""
        return self.drawn[rows]

    def portrait(self) -> NDArray[np.uint8] | None:
        """There is none beside the frames."""
        return None


@dataclass(frozen=True)
class Dropout:
    """How often a condition is left out, each by itself, so that a model knows life without it and can be guided by it.

    Attributes:
        everything: of all conditions together.
        reference: of the portrait.
        motion: of the motion frames, as at the beginning of a shot.
        pose: of the maps with the confidence.
        mano: of the MANO map alone, as in videos where it is not known.
        confidence: of the confidence alone.
        audio: of the speech.
    """

    everything: float = 0.05
    reference: float = 0.05
    motion: float = 0.3
    pose: float = 0.05
    mano: float = 0.1
    confidence: float = 0.1
    audio: float = 0.1


EVERYTHING_GIVEN = Dropout(0, 0, 0, 0, 0, 0, 0)
"""No condition left out: for validation."""


@dataclass(frozen=True)
class Batch:
    """Clips to train on: B samples of F frames with P pictures beside them.

    Attributes:
        pictures: (B, F, height, width, 3) uint8.
        seen: (B, P, height, width, 3) uint8: the portrait, then the motion frames.
        maps: (B, F, height, width, map channels) uint8.
        audio: (B, neighbours + F + neighbours, feature_dim).
        confidence: (B, F, 2).
        face: (B, F, height / scale, width / scale) 0 to 1, how much of a place the face takes.
        hands: likewise of the hands.
        offsets: (B,) frames by which the keypoint map is late.
        pictures_given: (B, P) bool.
        pose_given: (B,) bool; likewise the next two.
        confidence_given: see `network.Given`.
        audio_given: see `network.Given`.
        noise: (B, channels, F, height / scale, width / scale).
        timestep: (B,).
    """

    pictures: torch.Tensor
    seen: torch.Tensor
    maps: torch.Tensor
    audio: torch.Tensor
    confidence: torch.Tensor
    face: torch.Tensor
    hands: torch.Tensor
    offsets: torch.Tensor
    pictures_given: torch.Tensor
    pose_given: torch.Tensor
    confidence_given: torch.Tensor
    audio_given: torch.Tensor
    noise: torch.Tensor
    timestep: torch.Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        return Batch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@dataclass(frozen=True)
class Shape:
    """What a network takes.

    Attributes:
        frames: of a clip.
        motion_frames: before it, that the ReferenceNet sees beside the portrait.
        neighbours: of a frame whose speech the audio projector hears.
        channels: of the latents.
        scale: pixels on a side of a latent.
        timesteps: of the noise schedule.
    """

    frames: int
    motion_frames: int
    neighbours: int
    channels: int
    scale: int
    timesteps: int = 1000


class Clips:
    """All clips of some items.

    Args:
        items: of one picture size; those shorter than a clip are left out.
        shape: of a clip.
        misalignment: most frames by which keypoints are early or late.
        hears: whether speech is given at all.

    Raises:
        VideoError: no item is as long as a clip.
    """

    def __init__(self, items: Sequence[Item], shape: Shape, misalignment: int = 0, *, hears: bool = True):
        # The portrait may be another frame, so there must be one.
        least = max(shape.frames, 2)
        self.items = [item for item in items if item.frame_count >= least]
        if not self.items:
            raise VideoError(f"no item has the {least} frames of a clip; give longer videos")
        self.shape, self.misalignment, self.hears = shape, misalignment, hears
        choices = np.array([item.frame_count - shape.frames + 1 for item in self.items])
        self._ends = np.cumsum(choices)

    def batch(self, size: int, seed: int, number: int, dropout: Dropout | None = None) -> Batch:
        """Batch `number` of the endless sequence that `seed` determines."""
        dropout = Dropout() if dropout is None else dropout
        random = np.random.default_rng([seed, number])
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        samples = [self._sample(random, dropout) for _ in range(size)]
        parts = {name: torch.from_numpy(np.stack([sample[name] for sample in samples])) for name in samples[0]}
        height, width = (side // self.shape.scale for side in parts["pictures"].shape[2:4])
        noise = torch.randn(size, self.shape.channels, self.shape.frames, height, width, generator=generator)
        timestep = torch.randint(self.shape.timesteps, (size,), generator=generator)
        return Batch(**parts, noise=noise, timestep=timestep)

    def _sample(self, random: np.random.Generator, dropout: Dropout) -> dict[str, Any]:
        shape = self.shape
        place = int(random.integers(self._ends[-1]))
        number = int(np.searchsorted(self._ends, place, side="right"))
        item = self.items[number]
        start = place - (int(self._ends[number - 1]) if number else 0)
        rows = np.arange(start, start + shape.frames)
        before = np.arange(start - shape.motion_frames, start)
        pictures = item.pictures(rows)
        motion = item.pictures(np.maximum(before, 0)) if shape.motion_frames else pictures[:0]
        seen = np.concatenate([self._portrait(item, random, rows)[None], motion])

        left_out = random.random(7) < np.array(
            [dropout.everything, dropout.reference, dropout.motion, dropout.pose, dropout.mano, dropout.confidence,
             dropout.audio]
        )  # fmt: skip
        everything, reference, still, pose, mano, confidence, audio = (bool(value) for value in left_out)
        given = np.full(len(seen), not (everything or still or (before < 0).any()))
        given[0] = not (everything or reference)
        maps = item.maps(rows)
        if mano:
            maps = maps.copy()
            maps[..., MANO_CHANNELS] = 0
        heard = np.arange(start - shape.neighbours, rows[-1] + 1 + shape.neighbours)
        size = (pictures.shape[1], pictures.shape[2])
        return {
            "pictures": pictures,
            "seen": seen,
            "maps": maps,
            "audio": item.audio[np.clip(heard, 0, item.frame_count - 1)].astype(np.float32),
            "confidence": item.confidence[rows].astype(np.float32),
            "face": covered(item.face[rows], size, shape.scale),
            "hands": covered(item.hands[rows], size, shape.scale).max(axis=1),
            "offsets": random.integers(-self.misalignment, self.misalignment + 1),
            "pictures_given": given,
            "pose_given": np.bool_(not (everything or pose)),
            "confidence_given": np.bool_(not confidence),
            "audio_given": np.bool_(self.hears and item.hears and not (everything or audio)),
        }

    def _portrait(self, item: Item, random: np.random.Generator, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """The item's portrait, or half of the time, and always without one, another frame of the video (EMO)."""
        own = item.portrait()
        if own is not None and random.random() < 0.5:
            return own
        others = item.frame_count - len(rows)
        row = int(random.integers(others)) if others else int(random.integers(item.frame_count))
        return item.pictures(np.array([row if row < rows[0] or not others else row + len(rows)]))[0]


def covered(boxes: NDArray[np.floating], size: tuple[int, int], scale: int) -> NDArray[np.float32]:
    """How much of each place of the latents a box takes.

    Args:
        boxes: (..., 4) left, top, right, bottom in pixels; a box that is not finite takes nothing.
        size: height and width of the picture.
        scale: pixels on a side of a latent.

    Returns:
        (..., height / scale, width / scale) 0 to 1.
    """
    known = np.isfinite(boxes).all(axis=-1)
    boxes = np.where(known[..., None], boxes, 0.0) / scale

    def along(first: NDArray, last: NDArray, count: int) -> NDArray:
        edges = np.arange(count)
        return np.clip(np.minimum(last[..., None], edges + 1) - np.maximum(first[..., None], edges), 0, 1)

    height, width = (side // scale for side in size)
    down = along(boxes[..., 1], boxes[..., 3], height)
    right = along(boxes[..., 0], boxes[..., 2], width)
    return (down[..., :, None] * right[..., None, :]).astype(np.float32)
