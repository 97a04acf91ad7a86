# SPDX-License-Identifier: GPL-3.0-or-later
"""The binary container of glTF 2.0 (ISO/IEC 12113), its arrays, and the motion of the nodes in such a file."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.rates import told_rate
from chironomy.exchange.skeleton import SkeletonMotion, posed
from chironomy.files import atomic_path
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MAXIMUM_FPS, MINIMUM_FPS, linear
from chironomy.reading import DAMAGE

Array = NDArray[np.float64]

LARGEST_FILE = 2 << 30
"""Bytes of a file that is read."""

_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942
_FLOAT = 5126
_TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_NORMALISED = {5120: ("<i1", 127.0), 5121: ("<u1", 255.0), 5122: ("<i2", 32767.0), 5123: ("<u2", 65535.0)}
_ADVICE = "choose a .glb or .vrma file, or export it anew"
# Parts of a length of time that are the rounding of single precision.
_TIMES = 1e-6
_MOST_JOINTS = 4096
_MOST_FRAMES = 1 << 20


class Buffer:
    """Numbers of a file that is being made: each array becomes an accessor.

    Attributes:
        data: the bytes so far.
        views: the file's `bufferViews`.
        accessors: the file's `accessors`.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: Array, bounds: bool = False) -> int:
        """Take (N,), (N, 3) or (N, 4) numbers, of single precision; return their accessor.

        Args:
            values: the numbers.
            bounds: tell the least and the greatest, as is needed of times.
        """
        values = np.ascontiguousarray(values, dtype="<f4")
        width = values.shape[1] if values.ndim == 2 else 1
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": values.nbytes})
        self.data += values.tobytes()
        accessor: dict[str, Any] = {
            "bufferView": len(self.views) - 1,
            "componentType": _FLOAT,
            "count": len(values),
            "type": _TYPES[width],
        }
        if bounds:
            flat = values.reshape(len(values), width)
            accessor |= {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def save_glb(document: dict[str, Any], buffer: Buffer, path: str | Path) -> None:
    """Write a glTF document with the numbers of its buffer as one file.

    Raises:
        ChironomyError: `path` cannot be written.
    """
    document = document | {
        "buffers": [{"byteLength": len(buffer.data)}],
        "bufferViews": buffer.views,
        "accessors": buffer.accessors,
    }
    with atomic_path(path) as temporary:
        temporary.write_bytes(_packed(document, bytes(buffer.data)))


def _packed(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    head = struct.pack("<III", _MAGIC, 2, 28 + len(text) + len(binary))
    chunks = (struct.pack("<II", len(text), _JSON), text, struct.pack("<II", len(binary), _BINARY), binary)
    return b"".join((head, *chunks))


def retime_glb(path: str | Path, seconds: float) -> None:
    """Let the animations of a file that was just written last so long, as a whole, from the time 0 on.

    Blender's exporter takes a scene's frames a second times its base for its rate, which is the base times over, and so
    has 23.976 as 24.024.

    Args:
        path: of the file, which is changed in place.
        seconds: from the first sample to the last.

    Raises:
        ExchangeError: the file is damaged.
    """
    document = Document(path)
    try:
        samplers = [each for animation in document.json.get("animations", []) for each in animation["samplers"]]
        inputs = sorted({each["input"] for each in samplers})
        last = max((float(document.array(number)[-1]) for number in inputs), default=0.0)
        if last <= 0.0 or abs(seconds / last - 1.0) < _TIMES:
            return
        data = bytearray(Path(path).read_bytes())
        begin = data.index(document.binary, 20)
        for number in inputs:
            told = document.json["accessors"][number]
            view = document.json["bufferViews"][told["bufferView"]]
            times = (document.array(number) * (seconds / last)).astype("<f4")
            start = begin + view.get("byteOffset", 0) + told.get("byteOffset", 0)
            data[start : start + times.nbytes] = times.tobytes()
            told |= {"min": [float(times[0])], "max": [float(times[-1])]}
    except DAMAGE as error:
        raise document.fault("is damaged") from error
    binary = bytes(data[begin : begin + len(document.binary)])
    Path(path).write_bytes(_packed(document.json, binary))


class Document:
    """A `.glb` or `.vrma` file that was read.

    Attributes:
        name: of the file, for sentences.
        json: the document.
        binary: its numbers.

    Raises:
        ExchangeError: the file is missing, or is no whole glTF of version 2 in one file.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        self.name = str(path)
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise self.fault(f"has more than {LARGEST_FILE >> 30} GB")
            data = path.read_bytes()
        except OSError as error:
            raise ExchangeError(f"{path} cannot be read ({error.strerror or error}); {_ADVICE}") from error
        try:
            magic, version, length = struct.unpack_from("<III", data)
            if magic != _MAGIC or version != 2:
                raise self.fault("is no glTF 2.0 in one file")
            size, kind = struct.unpack_from("<II", data, 12)
            if length > len(data) or kind != _JSON:
                raise self.fault("is damaged or cut short")
            self.json: dict[str, Any] = json.loads(data[20 : 20 + size])
            rest = 20 + size
            self.binary = b""
            if len(data) >= rest + 8:
                size, kind = struct.unpack_from("<II", data, rest)
                self.binary = data[rest + 8 : rest + 8 + size] if kind == _BINARY else b""
        except ExchangeError:
            raise
        except DAMAGE as error:
            raise self.fault("is damaged or cut short") from error
        if not isinstance(self.json, dict):
            raise self.fault("is damaged")

    def fault(self, what: str) -> ExchangeError:
        """Return the error that the file has a fault, such as "is damaged"."""
        return ExchangeError(f"{self.name} {what}; {_ADVICE}")

    def array(self, accessor: int) -> Array:
        """Return (N,) or (N, width) numbers; raises what altered numbers make of it, see `reading.DAMAGE`."""
        told = self.json["accessors"][accessor]
        view = self.json["bufferViews"][told["bufferView"]]
        if view.get("buffer", 0) != 0 or "uri" in self.json["buffers"][0]:
            raise self.fault("keeps its numbers in another file")
        code, scale = _NORMALISED.get(told["componentType"], ("<f4", 1.0))
        kind, width, count = np.dtype(code), _WIDTHS[told["type"]], int(told["count"])
        start = view.get("byteOffset", 0) + told.get("byteOffset", 0)
        stride = view.get("byteStride") or width * kind.itemsize
        if count < 0 or start < 0 or start + max(count - 1, 0) * stride + width * kind.itemsize > len(self.binary):
            raise self.fault("is damaged or cut short")
        rows = np.ndarray((count, width), kind, self.binary, start, (stride, kind.itemsize))
        values = np.maximum(rows.astype(np.float64) / scale, -1.0) if scale != 1.0 else rows.astype(np.float64)
        if not np.isfinite(values).all():
            raise self.fault("holds a number that is not finite")
        return values[:, 0] if width == 1 else values


def load_gltf_motion(path: str | Path) -> SkeletonMotion:
    """Read the motion of all nodes of a `.glb` or `.vrma`, by its first animation.

    Frames are as dense as the samples of most channels; rotations between samples go along the shorter arc. Of cubic
    splines the values at their keys are taken.

    Raises:
        ExchangeError: the file cannot be read, or has no animation.
    """
    document = Document(path)
    try:
        return _motion(document)
    except DAMAGE as error:
        raise document.fault("is damaged") from error


def _motion(document: Document) -> SkeletonMotion:
    nodes, order, parents = _tree(document)
    animations = document.json.get("animations") or []
    if not animations:
        raise document.fault("has no animation")
    channels = _channels(document, animations[0])
    if not channels:
        raise document.fault("has an animation in which nothing moves")
    fps, times = _frames(document, [times for _, times, _ in channels.values()])
    frames = len(times)
    count = len(order)
    # Rest and motion of each node, relative to its parent.
    rest_turn = np.array([_turn(nodes[node]) for node in order])
    rest_place = np.array([_place(nodes[node]) for node in order])
    turn, place = np.tile(rest_turn, (frames, 1, 1)), np.tile(rest_place, (frames, 1, 1))
    for (node, what), (at, values, _) in _untimed(channels, times).items():
        column = order.index(node)
        if what == "rotation":
            turn[:, column] = quaternion.resample(values, at, times)
        else:
            place[:, column] = linear(values, at, times)
    identity = np.zeros((1, count, 3))
    names = tuple(str(nodes[node].get("name") or f"node{node}") for node in order)
    at_rest = posed(fps, names, parents, identity[0], identity[0], rest_turn[None], rest_place[None])
    moved = posed(fps, names, parents, identity[0], identity[0], turn, place)
    rest = at_rest.position[0]
    tail = rest.copy()
    for joint, children in enumerate(at_rest.children):
        if children:
            tail[joint] = rest[children[0]]
    rotation = quaternion.multiply(moved.rotation, quaternion.inverse(at_rest.rotation))
    return SkeletonMotion(
        fps, names, parents, rest, tail, quaternion.make_continuous(quaternion.normalize(rotation)), moved.position
    )


def _tree(document: Document) -> tuple[list[dict[str, Any]], list[int], tuple[int, ...]]:
    """Return the nodes, their order with parents first, and the parent of each in that order."""
    nodes = document.json.get("nodes") or []
    if not 0 < len(nodes) <= _MOST_JOINTS:
        raise document.fault(f"has {len(nodes)} nodes")
    above = {child: node for node, told in enumerate(nodes) for child in told.get("children", [])}
    order = [node for node in range(len(nodes)) if node not in above]
    for node in order:
        order.extend(child for child in nodes[node].get("children", []) if above[child] == node)
        if len(order) > len(nodes):
            raise document.fault("is damaged: a node hangs on two others")
    places = {node: place for place, node in enumerate(order)}
    return nodes, order, tuple(places[above[node]] if node in above else -1 for node in order)


def _channels(document: Document, animation: dict[str, Any]) -> dict[tuple[int, str], tuple[str, Array, Array]]:
    """Return interpolation, times and values by node and what of it moves."""
    found: dict[tuple[int, str], tuple[str, Array, Array]] = {}
    for channel in animation["channels"]:
        node, what = channel["target"].get("node"), channel["target"]["path"]
        if node is None or what not in ("rotation", "translation"):
            continue
        sampler = animation["samplers"][channel["sampler"]]
        times, values = document.array(sampler["input"]), document.array(sampler["output"])
        how = sampler.get("interpolation", "LINEAR")
        if how == "CUBICSPLINE":
            values = values[1::3]
        if len(times) == 0 or len(values) != len(times) or (np.diff(times) <= 0.0).any():
            raise document.fault("is damaged: the times of an animation do not go up")
        if what == "rotation":
            values = quaternion.normalize(values[:, [3, 0, 1, 2]])
        found[(node, what)] = (how, times, values)
    return found


def _untimed(
    channels: dict[tuple[int, str], tuple[str, Array, Array]], times: Array
) -> dict[tuple[int, str], tuple[Array, Array, str]]:
    """Return times and values of channels; those that step hold each value until just before the next."""
    found: dict[tuple[int, str], tuple[Array, Array, str]] = {}
    for key, (how, at, values) in channels.items():
        if how == "STEP":
            held = np.clip(np.searchsorted(at, times + 1e-6, side="right") - 1, 0, len(at) - 1)
            found[key] = (times, values[held], how)
        else:
            found[key] = (at, values, how)
    return found


def _frames(document: Document, all_times: list[Array]) -> tuple[float, Array]:
    """Return frames a second and the frames' times."""
    last = max(float(times[-1]) for times in all_times)
    first = min(float(times[0]) for times in all_times)
    steps = np.concatenate([np.diff(times) for times in all_times])
    step = float(np.median(steps)) if len(steps) else 1.0 / 30.0
    fps = told_rate((round((last - first) / step) or 1) / ((last - first) or step))
    if not MINIMUM_FPS <= fps <= MAXIMUM_FPS:
        raise document.fault(f"has {fps:g} samples a second; from {MINIMUM_FPS:g} to {MAXIMUM_FPS:g} are read")
    count = round((last - first) * fps) + 1
    if count > _MOST_FRAMES:
        raise document.fault(f"has {count} frames")
    return fps, first + np.arange(count) / fps


def _turn(node: dict[str, Any]) -> Array:
    if "matrix" in node:
        axes = np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T[:3, :3]
        return quaternion.from_matrix(axes / np.linalg.norm(axes, axis=0))
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    return quaternion.normalize([w, x, y, z])


def _place(node: dict[str, Any]) -> Array:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4)[3, :3]
    return np.array(node.get("translation", (0.0, 0.0, 0.0)), dtype=np.float64).reshape(3)
