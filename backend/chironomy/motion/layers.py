# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers: changes that lie over what the hands do, each with a weight, and can be taken away without a trace.

A layer holds by how much each frame of a hand is moved and turned. Turns are composed as rotations, and half of a
layer is half of the way along each.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.errors import MotionError
from chironomy.motion.hand_poses import HandPoses
from chironomy.schema import Schema

LAYERS_FILE = Schema("chironomy.layers", "a take's layers", MotionError, "delete them, or take an earlier file")

Array = NDArray[np.float64]

_PARTS = ("wrist_position", "rotation", "elbow", "confidence")


@dataclass(frozen=True, eq=False)
class Change:
    """By how much one hand is changed.

    Attributes:
        first: frame of the first of `poses`.
        poses: what is added to each frame: metres, quaternions that come after the hand's own, metres, confidence.
        keys: (K,) frames at which the change is meant to be seen exactly.
    """

    first: int
    poses: HandPoses
    keys: Array

    @property
    def last(self) -> int:
        """The frame of the last pose."""
        return self.first + len(self.poses) - 1

    def at(self, frames: ArrayLike) -> HandPoses:
        """Return the change at frames (N,), whole or not; beyond its ends it is as there."""
        at = np.clip(np.asarray(frames, np.float64) - self.first, 0.0, len(self.poses) - 1.0)
        low = np.minimum(np.floor(at).astype(np.int64), max(len(self.poses) - 2, 0))
        part = (at - low)[:, None]
        one, other = self.poses.at(low), self.poses.at(np.minimum(low + 1, len(self.poses) - 1))
        return HandPoses(
            one.wrist_position + part * (other.wrist_position - one.wrist_position),
            quaternion.slerp(one.rotation, other.rotation, part),
            one.elbow + part * (other.elbow - one.elbow),
            one.confidence + part[:, 0] * (other.confidence - one.confidence),
        )

    def open_at(self) -> tuple[bool, bool]:
        """Whether the hand is changed at the first frame, and at the last, too."""
        ends = self.poses.at([0, len(self.poses) - 1])
        moved = np.linalg.norm(ends.wrist_position, axis=1) + np.linalg.norm(ends.elbow, axis=1)
        turned = quaternion.angle(ends.rotation, quaternion.IDENTITY).max(axis=1)
        first, last = ((moved > 1e-5) | (turned > 1e-4)).tolist()
        return first, last


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer.

    Attributes:
        name: for whoever reads the list.
        weight: 0 to 1, how much of it there is.
        muted: whether there is nothing of it for now.
        changes: by hand, 0 left, 1 right.
    """

    name: str
    changes: Mapping[int, Change]
    weight: float = 1.0
    muted: bool = False

    @property
    def part(self) -> float:
        """How much of it is seen."""
        return 0.0 if self.muted else self.weight


def change_between(before: HandPoses, after: HandPoses, first: int, keys: ArrayLike) -> Change:
    """Return what makes poses of other ones, one a frame from a frame on."""
    turn = quaternion.multiply(after.rotation, quaternion.inverse(before.rotation))
    poses = HandPoses(
        after.wrist_position - before.wrist_position,
        quaternion.facing(turn, np.broadcast_to(quaternion.IDENTITY, turn.shape)),
        after.elbow - before.elbow,
        after.confidence - before.confidence,
    )
    return Change(first, poses, np.asarray(keys, np.float64))


def layered(poses: HandPoses, frames: ArrayLike, hand: int, layers: Sequence[Layer]) -> HandPoses:
    """Return poses of a hand at frames (N,) with layers over them, the first one lowest."""
    for layer in layers:
        change = layer.changes.get(hand)
        if change is None or layer.part == 0.0:
            continue
        by = change.at(frames)
        turn = quaternion.slerp(np.broadcast_to(quaternion.IDENTITY, by.rotation.shape), by.rotation, layer.part)
        poses = HandPoses(
            poses.wrist_position + layer.part * by.wrist_position,
            quaternion.multiply(turn, poses.rotation),
            poses.elbow + layer.part * by.elbow,
            np.clip(poses.confidence + layer.part * by.confidence, 0.0, 1.0),
        )
    return poses


def packed(layers: Sequence[Layer], beside: Mapping[str, NDArray[Any]]) -> bytes:
    """Return layers, and arrays beside them, as bytes without pickles."""
    header: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {f"beside/{name}": array for name, array in beside.items()}
    for number, layer in enumerate(layers):
        firsts = {str(hand): change.first for hand, change in layer.changes.items()}
        header.append({"name": layer.name, "weight": layer.weight, "muted": layer.muted, "first": firsts})
        for hand, change in layer.changes.items():
            for name in _PARTS:
                arrays[f"{number}/{hand}/{name}"] = getattr(change.poses, name).astype(np.float32)
            arrays[f"{number}/{hand}/keys"] = change.keys
    joined, places = _joined(arrays)
    text = json.dumps({"format": LAYERS_FILE.format, "layers": header, "places": places}).encode()
    file = io.BytesIO()
    np.savez_compressed(file, header=np.frombuffer(text, np.uint8), **joined)
    return file.getvalue()


def unpacked(data: bytes) -> tuple[list[Layer], dict[str, NDArray[Any]]]:
    """Return the layers and the arrays beside them of `packed`.

    Raises:
        MotionError: the bytes are damaged, or of a newer version.
    """
    with _opened(data) as (file, header):
        arrays = _parted(file, header["places"])
        layers: list[Layer] = []
        for number, said in enumerate(header["layers"]):
            changes = {
                int(hand): Change(int(first), _poses(arrays, f"{number}/{hand}/"), arrays[f"{number}/{hand}/keys"])
                for hand, first in said["first"].items()
            }
            layers.append(_layer(said, changes))
        return layers, {name[7:]: array for name, array in arrays.items() if name.startswith("beside/")}


def listed(data: bytes) -> list[Layer]:
    """Return the layers of `packed` without what they change, which takes long to unpack.

    Raises:
        MotionError: the bytes are damaged, or of a newer version.
    """
    with _opened(data) as (_, header):
        return [_layer(said, {}) for said in header["layers"]]


@contextmanager
def _opened(data: bytes) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Open the file and the header of `packed`."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            yield file, LAYERS_FILE.newest(json.loads(bytes(file["header"])), "the take's action")
    except MotionError:
        raise
    except Exception as error:
        raise MotionError("the take's layers are damaged; delete them, or take an earlier file") from error


def _layer(said: Mapping[str, Any], changes: Mapping[int, Change]) -> Layer:
    return Layer(str(said["name"]), changes, float(said["weight"]), bool(said["muted"]))


def _joined(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], dict[str, list[tuple[str, int]]]]:
    """Join arrays of a type and a width: a file of thousands of them takes long to write and to read.

    Returns:
        The arrays, and of each the names of those that are in it, in order, each with its length.
    """
    parts: dict[str, list[tuple[str, NDArray[Any]]]] = {}
    for name, array in arrays.items():
        kind = "-".join((array.dtype.str.strip("<|=>"), *map(str, array.shape[1:])))
        parts.setdefault(kind, []).append((name, array))
    joined = {kind: np.concatenate([array for _, array in each]) for kind, each in parts.items()}
    return joined, {kind: [(name, len(array)) for name, array in each] for kind, each in parts.items()}


def _parted(file: Any, places: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, NDArray[Any]]:
    """Return the arrays that were `_joined`."""
    arrays: dict[str, NDArray[Any]] = {}
    for kind, each in places.items():
        ends = np.cumsum([length for _, length in each])
        whole = file[kind]
        if len(whole) != ends[-1]:
            raise ValueError(f"{len(whole)} rows of {kind}, not {ends[-1]}")
        arrays.update(zip((name for name, _ in each), np.split(whole, ends[:-1]), strict=True))
    return arrays


def _poses(arrays: Mapping[str, NDArray[Any]], begins: str) -> HandPoses:
    wrist, turns, elbow, confidence = (arrays[begins + name].astype(np.float64) for name in _PARTS)
    return HandPoses(wrist, quaternion.normalize(turns), elbow, confidence)


def renamed(layers: Sequence[Layer], name: str) -> str:
    """Return a name that no layer has yet, like another one."""
    known, number, free = {layer.name for layer in layers}, 2, name
    while free in known:
        free, number = f"{name} {number}", number + 1
    return free


def with_layer(layers: Sequence[Layer], index: int, **fields: Any) -> list[Layer]:
    """Return the layers with one of them changed."""
    return [replace(layer, **fields) if number == index else layer for number, layer in enumerate(layers)]
