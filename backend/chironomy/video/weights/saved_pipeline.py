# SPDX-License-Identifier: GPL-3.0-or-later
"""A diffusers pipeline in a folder, looked at before any of its weights are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chironomy.reading import read_object
from chironomy.shot.errors import VideoError

_FOLDER_OF_GGUF = "transformer"


@dataclass(frozen=True)
class SavedPipeline:
    """What a folder says of its pipeline.

    Attributes:
        folder: where it is.
        index: its `model_index.json`.
        gguf: a quantised transformer that takes the place of the folder's own, or None.
    """

    folder: Path
    index: dict[str, Any]
    gguf: Path | None = None

    def part(self, name: str) -> tuple[str, str] | None:
        """Library and class of a part, or None where the pipeline has none."""
        entry = self.index.get(name)
        if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(word, str) for word in entry):
            return None
        return entry[0], entry[1]

    @property
    def networks(self) -> list[str]:
        """The parts that have weights."""
        return [name for name in self.index if self.part(name) and (self.folder / name / "config.json").is_file()]

    def config(self, part: str) -> dict[str, Any]:
        """The configuration of a part.

        Raises:
            VideoError: there is none, or it is no JSON.
        """
        return _json(self.folder / part / "config.json")

    def stamp(self) -> list[tuple[str, int, int]]:
        """Path, size and time of change of every file of its parts: what tells these weights from others, unread."""
        folders = [self.folder / name for name in self.index if self.part(name)]
        paths = [self.folder / "model_index.json", *(path for folder in folders for path in folder.rglob("*"))]
        if self.gguf is not None:
            paths.append(self.gguf)
        found = [(str(path.resolve()), path.stat()) for path in paths if path.is_file()]
        return sorted((name, status.st_size, status.st_mtime_ns) for name, status in found)

    def parameter_counts(self) -> dict[str, int]:
        """Numbers in each network, from the headers of its files; for one in GGUF as many bytes as its file has.

        Raises:
            VideoError: a part has no weights.
        """
        from chironomy.video.weights.shapes import saved_shapes

        counts = {}
        for name in self.networks:
            if self.gguf is None or name != _FOLDER_OF_GGUF:
                counts[name] = sum(math.prod(shape) for shape in saved_shapes(self.folder / name).values())
        return counts


def read_pipeline(folder: Path, kind: str, parts: Mapping[str, str], gguf: object = None) -> SavedPipeline:
    """See that a folder holds a pipeline of a kind. Only JSON files are read.

    Args:
        folder: where.
        kind: the pipeline's class.
        parts: that it must have, with the class of each; "" for any.
        gguf: the name of a quantised transformer in the folder, from a shot; the only one there where the transformer
            has no weights of its own.

    Raises:
        VideoError: the folder holds no pipeline, another one, or not all of it.
    """
    path = folder / "model_index.json"
    if not path.is_file():
        raise VideoError(f"{folder} holds no diffusers pipeline: it has no model_index.json; copy the weights again")
    index = _json(path)
    if index.get("_class_name") != kind:
        raise VideoError(
            f"{folder} holds a model of another kind, {index.get('_class_name')}; this engine reads {kind}"
        )
    saved = SavedPipeline(folder, index, _gguf(folder, gguf))
    for name, wanted in parts.items():
        found = saved.part(name)
        if found is None or (wanted and found[1] != wanted):
            named = "no part" if found is None else found[1]
            raise VideoError(
                f"{folder} names {named} as its {name}, which must be {wanted or 'there'}; copy the weights again"
            )
        if not (folder / name).is_dir():
            raise VideoError(f"{folder} lacks the folder {name}; copy the weights again")
        if wanted:
            saved.config(name)
    return saved


def check_weights(saved: SavedPipeline) -> int:
    """See that every network of a pipeline has all its weights. Only JSON files and the headers of weights are read.

    The networks of diffusers are built without memory and compared tensor by tensor; of those of transformers every
    file that their index names must be there and whole.

    Returns:
        how many tensors there are.

    Raises:
        VideoError: something is missing, damaged, or another network's; the sentence names it.
    """
    from chironomy.video.weights.shapes import compare_shapes, saved_shapes

    tensors = 0
    for name in saved.networks:
        if saved.gguf is not None and name == _FOLDER_OF_GGUF:
            continue
        folder = saved.folder / name
        for path in sorted(folder.glob("*.safetensors.index.json")):
            shards = set(_json(path).get("weight_map", {}).values())
            if lacking := sorted(shard for shard in shards if not (folder / shard).is_file()):
                raise VideoError(
                    f"{folder} lacks {lacking[0]}, one of {len(lacking)} files that are missing of {len(shards)}; "
                    "copy the weights again"
                )
        found = saved_shapes(folder)
        tensors += len(found)
        part = saved.part(name)
        if part is not None and part[0] == "diffusers":
            module = network_without_memory(saved, name)
            compare_shapes(str(folder), {key: tuple(value.shape) for key, value in module.state_dict().items()}, found)
    return tensors


def network_without_memory(saved: SavedPipeline, name: str) -> Any:
    """A network of diffusers on torch's meta device.

    Raises:
        VideoError: this version of diffusers has no such class, or the configuration is not for it.
    """
    import diffusers
    import torch

    library, kind = saved.part(name) or ("", "")
    network = getattr(diffusers, kind, None) if library == "diffusers" else None
    if network is None:
        raise VideoError(f"the installed diffusers {diffusers.__version__} has no {kind}; pip install -U diffusers")
    config = {key: value for key, value in saved.config(name).items() if not key.startswith("_")}
    try:
        with torch.device("meta"):
            return network.from_config(config)
    except (TypeError, ValueError, AssertionError) as error:
        raise VideoError(f"{saved.folder / name / 'config.json'} is none of a {kind} ({error})") from error


def _gguf(folder: Path, name: object) -> Path | None:
    """The quantised transformer that is to be used.

    Raises:
        VideoError: it is not there, or GGUF cannot be read here.
    """
    if name is None:
        files = sorted(folder.glob("*.gguf"))
        if len(files) != 1 or any((folder / _FOLDER_OF_GGUF).glob("*.safetensors")):
            return None
        path = files[0]
    else:
        # A shot may come from another program, so this is a name and never a path.
        files = [path for path in folder.glob("*.gguf") if path.name == name]
        if not files:
            there = ", ".join(sorted(path.name for path in folder.glob("*.gguf"))) or "none"
            raise VideoError(f"setting gguf is {name!r:.80}; give the name of a GGUF file in {folder} ({there})")
        path = files[0]
    return path


def _json(path: Path) -> dict[str, Any]:
    return read_object(path, VideoError, advice="copy the weights again", maximum_bytes=64 << 20)
