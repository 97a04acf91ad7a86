# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech with motion, as stage 1 learns from it: clips in memory, and folders of them in shards.

The synthetic corpus and the readers of real datasets write the same folders, so one training command takes either.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.errors import GestureError
from chironomy.motion.files import atomic_path

CLIPS_FORMAT = "chironomy.clips/2"

HANDEDNESS: tuple[str, ...] = ("left", "right", "both")
"""Which hand gestures, in the order of `Clip.handedness`."""

_MANIFEST = "clips.json"


@dataclass(frozen=True)
class Clip:
    """A stretch of speech with one motion.

    Attributes:
        audio: (T, features) speech features.
        motion: (T, 198) as `gesture.encoding` has it, not normalised.
        style: (S,) weights of the named styles, summing to 1; all zero where the style is not known.
        speed: relative speed, 1 is the style's own; 0 where it is not known.
        amplitude: relative amplitude, likewise.
        handedness: (3,) weights of `HANDEDNESS`; all zero where it is not known.
        confidence: (T, 2) how surely each hand is seen, 0..1.
    """

    audio: NDArray[np.float32]
    motion: NDArray[np.float32]
    style: NDArray[np.float32]
    speed: float = 0.0
    amplitude: float = 0.0
    handedness: NDArray[np.float32] = field(default_factory=lambda: np.zeros(len(HANDEDNESS), np.float32))
    confidence: NDArray[np.float32] | None = None

    def seen(self) -> NDArray[np.float32]:
        """(T, 2) the confidence; 1 where none is given."""
        return np.ones((len(self.motion), 2), np.float32) if self.confidence is None else self.confidence


def one_hot(index: int, count: int) -> NDArray[np.float32]:
    """(count,) zeros with a one at `index`."""
    weights = np.zeros(count, np.float32)
    weights[index] = 1
    return weights


def shard_path(folder: Path, number: int) -> Path:
    """Where shard `number` of a folder lies."""
    return folder / f"shard-{number:04d}.npz"


def write_shard(path: Path, clips: Sequence[Clip]) -> None:
    """Write clips to one file, which appears when it is complete."""
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            length=np.array([len(clip.motion) for clip in clips]),
            audio=np.concatenate([clip.audio for clip in clips]).astype(np.float16),
            motion=np.concatenate([clip.motion for clip in clips]).astype(np.float32),
            style=np.stack([clip.style for clip in clips]).astype(np.float32),
            speed=np.array([clip.speed for clip in clips]),
            amplitude=np.array([clip.amplitude for clip in clips]),
            handedness=np.stack([clip.handedness for clip in clips]).astype(np.float32),
            confidence=np.concatenate([clip.seen() for clip in clips]).astype(np.float16),
        )


def read_shard(path: Path) -> Iterator[Clip]:
    """The clips of one file, in order."""
    with np.load(path, allow_pickle=False) as shard:
        data = {name: shard[name] for name in shard.files}
    ends = np.cumsum(data["length"])
    for index, end in enumerate(ends):
        part = slice(end - data["length"][index], end)
        yield Clip(
            data["audio"][part].astype(np.float32),
            data["motion"][part],
            data["style"][index],
            float(data["speed"][index]),
            float(data["amplitude"][index]),
            data["handedness"][index],
            data["confidence"][part].astype(np.float32),
        )


def write_description(folder: Path, description: dict[str, Any]) -> None:
    """Begin a folder of clips, or go on with one that has the same description.

    Args:
        folder: made if it is not there.
        description: what determines the clips, with at least `shards` (how many files there will be), `style_names`,
            `fps` and `trained_on` (what a model that learns from them says it was trained on).

    Raises:
        GestureError: the folder holds clips of another description.
    """
    folder.mkdir(parents=True, exist_ok=True)
    full = json.loads(json.dumps({"format": CLIPS_FORMAT, **description}))
    manifest = folder / _MANIFEST
    if manifest.exists() and json.loads(manifest.read_text()) != full:
        raise GestureError(f"{folder} holds clips made with other settings; give another folder or empty it")
    with atomic_path(manifest) as temporary:
        temporary.write_text(json.dumps(full, indent=2) + "\n")


def read_description(folder: Path) -> dict[str, Any]:
    """What determines the clips of a folder.

    Raises:
        GestureError: the folder holds no clips, those of another version, or only a part of them.
    """
    manifest = folder / _MANIFEST
    if not manifest.is_file():
        raise GestureError(
            f"{folder} holds no clips to learn from; make some with: python -m chironomy.gesture.corpus {folder}"
        )
    description = json.loads(manifest.read_text())
    if description.get("format") != CLIPS_FORMAT:
        raise GestureError(f"{folder} holds {description.get('format')}, not {CLIPS_FORMAT}; make it again")
    there = sum(shard_path(folder, number).exists() for number in range(description["shards"]))
    if there != description["shards"]:
        raise GestureError(
            f"{folder} holds {there} of {description['shards']} shards; finish it with the command that began it"
        )
    return description


def load_clips(folder: Path) -> tuple[list[Clip], dict[str, Any]]:
    """All clips of a folder in a fixed order, and their description.

    Raises:
        GestureError: as `read_description`.
    """
    description = read_description(folder)
    clips = [clip for number in range(description["shards"]) for clip in read_shard(shard_path(folder, number))]
    return clips, description
