# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech with motion, as stage 1 learns from it: clips in memory, and folders of them in shards.

The synthetic corpus and the readers of real datasets write the same folders, so one training command takes either.
"""

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.gesture.errors import GestureError
from chironomy.gesture.score import Score
from chironomy.gesture.settings import HANDEDNESS
from chironomy.reading import DAMAGE, Arrays, read_arrays, read_json
from chironomy.schema import Schema

CLIPS_FILE = Schema(
    "chironomy.clips", "a folder of clips", GestureError, "make it again with the command that made it", oldest=2
)


_MANIFEST = "clips.json"
_MOST_SHARDS = 10_000  # as many as have names of four digits
_LARGEST_MANIFEST = 64 << 20
_LARGEST_SHARD = 64 << 30
# Features wider than this (prosody has 34 columns, wav2vec2-base 9984) stay on disk and are read as they are needed.
_WIDEST_IN_MEMORY = 256


@dataclass(frozen=True)
class Clip:
    """A stretch of speech with one motion.

    Attributes:
        audio: (T, features) speech features; float16 and on disk where they are very wide.
        motion: (T, 198) as `gesture.encoding` has it, not normalised.
        style: (S,) weights of the named styles, summing to 1; all zero where the style is not known.
        speed: relative speed, 1 is the style's own; 0 where it is not known.
        amplitude: relative amplitude, likewise.
        rate: relative number of strokes, likewise.
        handedness: (3,) weights of `HANDEDNESS`; all zero where it is not known.
        confidence: (T, 2) how surely each hand is seen, 0..1.
        score: what is gestured when, in seconds from the first frame; None where it is not known.
    """

    audio: NDArray[np.floating]
    motion: NDArray[np.float32]
    style: NDArray[np.float32]
    speed: float = 0.0
    amplitude: float = 0.0
    handedness: NDArray[np.float32] = field(default_factory=lambda: np.zeros(len(HANDEDNESS), np.float32))
    confidence: NDArray[np.float32] | None = None
    score: Score | None = None
    rate: float = 0.0

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
    scores = json.dumps([None if clip.score is None else clip.score.to_dict() for clip in clips])
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            length=np.array([len(clip.motion) for clip in clips]),
            audio=np.concatenate([clip.audio for clip in clips]).astype(np.float16),
            motion=np.concatenate([clip.motion for clip in clips]).astype(np.float32),
            style=np.stack([clip.style for clip in clips]).astype(np.float32),
            speed=np.array([clip.speed for clip in clips]),
            amplitude=np.array([clip.amplitude for clip in clips]),
            rate=np.array([clip.rate for clip in clips]),
            handedness=np.stack([clip.handedness for clip in clips]).astype(np.float32),
            confidence=np.concatenate([clip.seen() for clip in clips]).astype(np.float16),
            scores=np.frombuffer(scores.encode(), np.uint8),
        )


def read_shard(path: Path) -> Iterator[Clip]:
    """The clips of one file, in order."""
    mapped = _mapped(path, "audio")
    wide = mapped.shape[1] > _WIDEST_IN_MEMORY
    left_out = ("audio",) if wide else ()
    data = read_arrays(path, GestureError, advice=CLIPS_FILE.advice, maximum_bytes=_LARGEST_SHARD, left_out=left_out)
    _check_shard(path, data, len(mapped))
    audio = mapped if wide else data["audio"].astype(np.float32)
    ends, scores = np.cumsum(data["length"]), _scores(path, data)
    for index, end in enumerate(ends):
        part = slice(end - data["length"][index], end)
        yield Clip(
            audio[part],
            data["motion"][part],
            data["style"][index],
            float(data["speed"][index]),
            float(data["amplitude"][index]),
            data["handedness"][index],
            data["confidence"][part].astype(np.float32),
            scores[index],
            float(data["rate"][index]) if "rate" in data else 0.0,
        )


def _scores(path: Path, data: Arrays) -> list[Score | None]:
    """The score of each clip; shards of old have none."""
    count = len(data["length"])
    if "scores" not in data:
        return [None] * count
    if data.numbers("scores").dtype != np.uint8:
        raise GestureError(f"{path} holds arrays that do not fit each other; {CLIPS_FILE.advice}")
    text = data["scores"].tobytes()
    listed = read_json(text, GestureError, name=str(path), advice=CLIPS_FILE.advice, maximum_bytes=_LARGEST_SHARD)
    if (
        not isinstance(listed, list)
        or len(listed) != count
        or not all(said is None or isinstance(said, dict) for said in listed)
    ):
        raise GestureError(f"{path} holds scores that do not fit its clips; {CLIPS_FILE.advice}")
    return [None if said is None else Score.from_dict(said, f"{path}, score {n + 1}") for n, said in enumerate(listed)]


def _mapped(path: Path, name: str) -> NDArray[np.floating]:
    """One array of an uncompressed `.npz`, read from disk as it is used."""
    try:
        return _mapped_at(path, name)
    except DAMAGE as error:
        raise GestureError(f"{path} is missing or no whole shard of clips; {CLIPS_FILE.advice}") from error


def _mapped_at(path: Path, name: str) -> NDArray[np.floating]:
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        file.seek(archive.getinfo(f"{name}.npy").header_offset + 26)
        # The local header's last two fields are the lengths of what follows it: the name and the extra field.
        lengths = file.read(4)
        file.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        if dtype.kind != "f" or len(shape) != 2:
            raise ValueError(f"{name} is {dtype} {shape}")
        return np.memmap(path, dtype, "r", file.tell(), shape)


def _check_shard(path: Path, data: Arrays, frames: int) -> None:
    """See that every array of a shard is there and as long as its clips say."""
    length = data.numbers("length")
    clips = len(length) if length.ndim == 1 and length.dtype.kind in "iu" and (length > 0).all() else 0
    shapes = {"motion": (frames, None), "confidence": (frames, 2), "style": (clips, None), "speed": (clips,)}
    shapes |= {"amplitude": (clips,), "handedness": (clips, len(HANDEDNESS))}
    shapes |= {"rate": (clips,)} if "rate" in data else {}  # older shards have none
    fit = clips > 0 and int(length.sum(dtype=object)) == frames
    for name, shape in shapes.items():
        found = data.numbers(name).shape
        fit &= len(found) == len(shape) and all(
            side in (None, there) for side, there in zip(shape, found, strict=False)
        )
    if not fit:
        raise GestureError(f"{path} holds arrays that do not fit each other; {CLIPS_FILE.advice}")


def write_description(folder: Path, description: dict[str, Any]) -> None:
    """Begin a folder of clips, or go on with one that has the same description.

    Args:
        folder: made if it is not there.
        description: what determines the clips, with at least `shards` (how many files there will be), `style_names`,
            `fps` and `trained_on` (what a model that learns from them says it was trained on). `parts`, where it is
            there, says which shards are to learn from, to validate and to test by.

    Raises:
        GestureError: the folder holds clips of another description.
    """
    folder.mkdir(parents=True, exist_ok=True)
    full = json.loads(json.dumps({"format": CLIPS_FILE.format, **description}))
    manifest = folder / _MANIFEST
    if manifest.exists() and read_json(manifest, GestureError, maximum_bytes=_LARGEST_MANIFEST) != full:
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
    description = CLIPS_FILE.read_json(manifest, maximum_bytes=_LARGEST_MANIFEST)
    shards = description.get("shards")
    if not isinstance(shards, int) or isinstance(shards, bool) or not 0 <= shards <= _MOST_SHARDS:
        raise GestureError(f"{manifest} says that there are {shards!r:.40} shards; make it again")
    there = sum(shard_path(folder, number).exists() for number in range(description["shards"]))
    if there != description["shards"]:
        raise GestureError(
            f"{folder} holds {there} of the {shards} shards that {manifest.name} tells of; finish it with the command "
            "that began it"
        )
    return description


def part_shards(description: dict[str, Any], part: str | None = None) -> range:
    """Numbers of the shards of one part, such as "train", or of all; of none where the folder has no such part.

    `parts` of a description gives the first shard of each part and the one after its last.
    """
    if part is None:
        return range(description["shards"])
    return range(*description.get("parts", {}).get(part, (0, 0)))


def load_clips(folder: Path, part: str | None = None) -> tuple[list[Clip], dict[str, Any]]:
    """All clips of a folder, or of one part of it, in a fixed order, and their description.

    Raises:
        GestureError: as `read_description`.
    """
    description = read_description(folder)
    numbers = part_shards(description, part)
    return [clip for number in numbers for clip in read_shard(shard_path(folder, number))], description
