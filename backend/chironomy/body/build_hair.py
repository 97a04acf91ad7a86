# SPDX-License-Identifier: GPL-3.0-or-later
"""Short hair and eyebrows: layers over the skin of the head, cut along lines drawn on it."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.build_source import Source
from chironomy.body.build_surface import (
    Part,
    boundary,
    clipped,
    keep_faces,
    moved,
    normals,
    part,
    smoothed,
    subdivided,
)

Array = NDArray[np.float64]

# The hairline: its height above the eyes, in millimetres, by the direction around the head in degrees (0 forward,
# 180 back): forehead, temple, sideburn before the ear, over the ear, behind it, nape.
_HAIRLINE_AROUND = (0.0, 18.0, 36.0, 50.0, 60.0, 70.0, 78.0, 86.0, 95.0, 106.0, 116.0, 124.0, 134.0, 150.0, 180.0)
_HAIRLINE_HEIGHT = (66.0, 67.0, 66.0, 57.0, 41.0, 16.0, -8.0, -6.0, 10.0, 15.0, 9.0, -14.0, -40.0, -56.0, -60.0)

# Thickness of the hair in metres on the crown and front, at the sides, and at the nape.
_ON_TOP, _AT_SIDES, _AT_NAPE = 0.018, 0.011, 0.007
# Metres from the hairline over which the hair comes to its thickness, and how far its edge is let into the skin.
_EDGE, _LET_IN = 0.014, 0.0012

# The middle line of an eyebrow: metres from the middle of the face, metres above the eyes, and half of its width.
_BROW = (
    (0.0135, 0.0165, 0.0026),
    (0.0220, 0.0188, 0.0031),
    (0.0330, 0.0212, 0.0027),
    (0.0420, 0.0208, 0.0021),
    (0.0490, 0.0178, 0.0013),
    (0.0530, 0.0150, 0.0005),
)


def hair(source: Source) -> Part:
    """Return a cap of short hair over the scalp."""
    eyes, middle = _eye_height(source), _head_middle(source)
    quads = _head_quads(source)
    piece = part(source, quads, "hair")
    around, height = _around(piece.vertices, eyes, middle)
    line = np.interp(np.degrees(around), _HAIRLINE_AROUND, _HAIRLINE_HEIGHT) / 1000.0
    reach = (height - line)[piece.faces].max(axis=1)
    near_ear = _ear_faces(source, quads)
    piece = keep_faces(piece, (reach > -0.02) & ~np.repeat(near_ear, 2))
    piece = smoothed(piece, 1, boundary(piece))
    for _ in range(2):
        piece = subdivided(piece)
        piece = smoothed(piece, 1)

    around, height = _around(piece.vertices, eyes, middle)
    degrees = np.degrees(around)
    above = height - np.interp(degrees, _HAIRLINE_AROUND, _HAIRLINE_HEIGHT) / 1000.0
    # Full on top and in front, close at the sides, closest at the nape.
    top = _smooth_step(height, 0.045, 0.095)
    nape = _smooth_step(degrees, 110.0, 165.0) * (1.0 - _smooth_step(height, -0.02, 0.05))
    thickness = _AT_SIDES + (_ON_TOP - _AT_SIDES) * top + (_AT_NAPE - _AT_SIDES) * nape
    grown = thickness * (1.0 - np.exp(-np.maximum(above, 0.0) / _EDGE)) - _LET_IN
    grown = np.where(above < 0.0, -_LET_IN + 0.25 * above, grown)
    grown += np.maximum(grown, 0.0) / thickness * _locks(piece.vertices, eyes, middle)
    shell = moved(piece, grown[:, None] * normals(piece.vertices, piece.faces))
    return clipped(shell, above + 0.004)


def brows(source: Source) -> Part:
    """Return the eyebrows: thin patches that go with the skin under them."""
    eyes = _eye_height(source)
    quads = source.quads["body"]
    centre = source.vertices[quads].mean(axis=1)
    forehead = (centre[:, 2] > 0.07) & (np.abs(centre[:, 1] - eyes - 0.018) < 0.016) & (np.abs(centre[:, 0]) < 0.066)
    piece = subdivided(subdivided(part(source, quads[forehead], "brows")))
    place = np.stack([np.abs(piece.vertices[:, 0]), piece.vertices[:, 1] - eyes], axis=1)
    # Discs strung along the line, so close that their union has a smooth edge and round ends.
    line, along = np.array(_BROW), np.linspace(0.0, len(_BROW) - 1.0, 200)
    discs = np.stack([np.interp(along, np.arange(len(_BROW)), column) for column in line.T], axis=1)
    inside = (discs[:, 2] - np.linalg.norm(place[:, None] - discs[:, :2], axis=-1)).max(axis=1)
    lift = 0.0004 + 0.25 * np.maximum(inside, 0.0)
    return clipped(moved(piece, lift[:, None] * normals(piece.vertices, piece.faces)), inside)


def scalp_under_hair(source: Source) -> NDArray[np.bool_]:
    """Return which faces of "body" lie well under the hair and need not be drawn."""
    quads = source.quads["body"]
    around, height = _around(source.vertices, _eye_height(source), _head_middle(source))
    line = np.interp(np.degrees(around), _HAIRLINE_AROUND, _HAIRLINE_HEIGHT) / 1000.0
    head = source.weights[:, source.index("head")] > 0.9
    under = ((height - line) > 0.012) & head
    hidden = under[quads].all(axis=1)
    hidden[_indices_of(source, _head_quads(source)[_ear_faces(source, _head_quads(source))])] = False
    return hidden


def _head_quads(source: Source) -> NDArray[np.int64]:
    """Return the faces of "body" on the outside of the head and the back of the neck."""
    quads = source.quads["body"]
    centre = source.vertices[quads].mean(axis=1)
    bones = source.weights[:, [source.index("head"), source.index("neck")]].sum(axis=1)
    low = _eye_height(source) - 0.085
    outside = np.linalg.norm(centre - _head_middle(source), axis=1) > 0.06
    return quads[(bones[quads].min(axis=1) > 0.9) & (centre[:, 1] > low) & outside]


def _indices_of(source: Source, quads: NDArray[np.int64]) -> NDArray[np.int64]:
    keys = {tuple(quad): index for index, quad in enumerate(source.quads["body"].tolist())}
    return np.array([keys[tuple(quad)] for quad in quads.tolist()], dtype=np.int64)


def _ear_faces(source: Source, quads: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some faces of "body" belong to an ear, by MakeHuman's mask in texture space."""
    from PIL import Image

    image = np.asarray(Image.open(str(source.textures / "mpfb2" / "textures" / "mpfb_ears.jpg")).convert("L"))
    uv = source.body_uv[_indices_of(source, quads)]
    rows, columns = image.shape
    row = np.clip(((1.0 - uv[:, 1]) * rows).astype(int), 0, rows - 1)
    return image[row, np.clip((uv[:, 0] * columns).astype(int), 0, columns - 1)] > 100


def _eye_height(source: Source) -> float:
    return float(source.joint_position[source.index("eye.L"), 1])


def _head_middle(source: Source) -> Array:
    """Return (3,) the middle of the skull, about which directions around the head are counted."""
    eye = source.joint_position[source.index("eye.L")]
    return np.array([0.0, eye[1] + 0.03, eye[2] - 0.075])


def _around(vertices: Array, eyes: float, middle: Array) -> tuple[Array, Array]:
    """Return (n,) radians around the head, 0 forward to pi back, and (n,) metres above the eyes."""
    return np.arctan2(np.abs(vertices[:, 0]), vertices[:, 2] - middle[2]), vertices[:, 1] - eyes


def _locks(vertices: Array, eyes: float, middle: Array) -> Array:
    """Return (n,) metres of relief, like combed hair: ridges that run from a crown at the back over the head."""
    crown = np.array([0.012, eyes + 0.11, middle[2] - 0.03])
    line = vertices - crown
    turn = np.arctan2(line[:, 0], line[:, 2])
    away = np.linalg.norm(line, axis=1)
    sway = 1.4 * np.sin(38.0 * away + 2.0 * turn) + 0.8 * np.sin(61.0 * away - 3.0 * turn)
    ridges = np.sin(17.0 * turn + sway) + 0.6 * np.sin(29.0 * turn - 1.3 * sway + 1.0)
    return 0.0011 * ridges * _smooth_step(away, 0.01, 0.05)


def _smooth_step(x: Array, low: float, high: float) -> Array:
    part_of_way = np.clip((x - low) / (high - low), 0.0, 1.0)
    return part_of_way * part_of_way * (3.0 - 2.0 * part_of_way)
