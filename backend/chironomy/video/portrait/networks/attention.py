# SPDX-License-Identifier: GPL-3.0-or-later
"""The face mesh with attention (Grishchenko et al., arXiv 2006.10962): lips, eyes and irises are looked at again.

Three operations of the model are mediapipe's own and unknown to LiteRT: a square about some points of the mesh, the
features in that square, and the way back of the points that are found there. So the model is taken apart before and
after them, its two halves run by LiteRT, and the three are computed here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import install
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.networks.crops import Floats, sampled
from chironomy.video.portrait.networks.network import Network

_LIPS = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),  # outer
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),  # inner
    *(76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408),  # between, outside
    *(62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407),  # between, inside
)
_FIRST_EYE = (
    *(33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),  # the lids
    *(130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190),  # rings about them, outwards
    *(226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189),
    *(35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245),
    *(156, 70, 63, 105, 66, 107, 55, 193),  # the brow
)
_SECOND_EYE = (
    *(263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
    *(359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414),
    *(446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413),
    *(265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465),
    *(383, 300, 293, 334, 296, 336, 285, 417),
)
_IRISES = (tuple(range(468, 473)), tuple(range(473, 478)))

_REGIONS = ((_LIPS, 61, 291), (_FIRST_EYE, 33, 133), (_SECOND_EYE, 362, 263))
"""The points about which a square is laid, and two that are level in it; in the model's order."""

_REFINED = (_LIPS, _FIRST_EYE, _IRISES[0], _SECOND_EYE, _IRISES[1])
"""The points that each of the model's second looks gives; in its order."""

_MARGIN = 1.5
"""The squares' size against their points'."""

_PLACES = 16
"""Places of a square's features each way."""


class AttentionMesh:
    """The model, loaded once."""

    SIDE = 192
    """Pixels of the square that it is shown."""

    def __init__(self, model: Path):
        first, second = _halves(model)
        self._first, self._second = Network(first), Network(second)

    def __call__(self, face: NDArray[np.float32]) -> tuple[Floats, float]:
        """The points of a face, and how surely it is one.

        Args:
            face: (192, 192, 3) float32, 0 to 1.

        Returns:
            (478, 2) parts of the square's sides, and 0 to 1.
        """
        mesh, flag, features, *scaled = self._first(face[None])
        matrices = [
            _square(points.reshape(-1, 3)[:, :2].astype(np.float64), *region)
            for points, region in zip(scaled, _REGIONS, strict=True)
        ]
        looked_at = [_features(features[0], matrix)[None] for matrix in matrices]
        told = self._second(*looked_at, *[matrix[None] for matrix in matrices])
        points = np.zeros((478, 2))
        points[:468] = mesh.reshape(-1, 3)[:, :2]
        for places, own, back in zip(_REFINED, told[0::2], told[1::2], strict=True):
            matrix = back.reshape(4, 4)
            points[list(places)] = own.reshape(-1, 2) @ matrix[:2, :2].T + matrix[:2, 3]
        return points / self.SIDE, float(1 / (1 + np.exp(-np.clip(float(flag.item()), -100, 100))))


def _square(points: Floats, subset: tuple[int, ...], left: int, right: int) -> NDArray[np.float32]:
    """The 4 × 4 matrix from the places of a square about some points to those of the features."""
    x, y = points[right] - points[left]
    turn = float(np.arctan2(y, x))
    cos, sin = np.cos(turn), np.sin(turn)
    axes = np.array([[cos, -sin], [sin, cos]])
    level = points[list(subset)] @ axes
    low, high = level.min(axis=0), level.max(axis=0)
    matrix = np.eye(4)
    matrix[:2, :2] = axes * (_MARGIN * (high - low) / _PLACES)
    matrix[:2, 3] = axes @ ((low + high) / 2) - matrix[:2, :2] @ [_PLACES / 2, _PLACES / 2]
    return matrix.astype(np.float32)


def _features(features: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(16, 16, channels) of the features in a square; 0 where it is beyond them."""
    rows, columns = np.mgrid[0:_PLACES, 0:_PLACES]
    middles = np.stack([columns, rows], axis=-1) + 0.5
    place = middles @ matrix[:2, :2].T.astype(np.float64) + matrix[:2, 3] - 0.5
    inside = ((place >= 0) & (place <= [features.shape[1] - 1, features.shape[0] - 1])).all(axis=-1)
    return sampled(features, place, blank=True) * inside[..., None]


def _halves(path: Path) -> tuple[bytes, bytes]:
    """The model before its own three kinds of operations, and after them.

    The first gives the mesh, the flag, the features and, for each region, the mesh in the features' places. The second
    takes the three squares' features and matrices and gives, for each of `_REFINED`, points and the matrix back.

    Raises:
        VideoError: the model is another, or LiteRT has no description of such files.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise VideoError(
            f"this version of ai-edge-litert cannot read models ({error}): {install('ai_edge_litert')}"
        ) from error
    content = path.read_bytes()
    model = _described(schema, content)
    graph = model.subgraphs[0]
    own: dict[str, list[Any]] = {}
    for operator in graph.operators:
        name = model.operatorCodes[operator.opcodeIndex].customCode
        if name is not None:
            own.setdefault(name.decode(), []).append(operator)
    squares, looks, backs = (
        own.get(name, []) for name in ("Landmarks2TransformMatrix", "TransformTensorBilinear", "TransformLandmarks")
    )
    if (len(squares), len(looks), len(backs)) != (len(_REGIONS), len(_REGIONS), len(_REFINED)):
        raise VideoError(f"{path} is not the face mesh with attention of mediapipe 0.10.21; fetch the models again")
    mesh, flag = graph.outputs[0], graph.outputs[-1]
    first = _part(schema, content, [], [mesh, flag, looks[0].inputs[0], *(one.inputs[0] for one in squares)])
    second = _part(
        schema,
        content,
        [*(one.outputs[0] for one in looks), *(one.outputs[0] for one in squares)],
        [tensor for one in backs for tensor in one.inputs[:2]],
    )
    return first, second


def _described(schema: Any, content: bytes) -> Any:
    """A model as objects that can be changed."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))


def _part(schema: Any, content: bytes, inputs: list[int], outputs: list[int]) -> bytes:
    """The operations of a model that lead from tensors (its own inputs where there are none) to others, as a model."""
    import flatbuffers

    model = _described(schema, content)
    graph = model.subgraphs[0]
    known = set(inputs or graph.inputs)
    needed = set(outputs)
    kept = []
    for operator in reversed(graph.operators):
        made = set(operator.outputs)
        if made & needed and not made & known:
            kept.append(operator)
            needed |= set(operator.inputs)
    graph.operators = kept[::-1]
    graph.inputs = np.array(inputs or graph.inputs, np.int32)
    graph.outputs = np.array(outputs, np.int32)
    model.signatureDefs = model.metadata = model.metadataBuffer = None
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
