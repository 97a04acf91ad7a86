# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of surface the character is put together from, and what can be done with them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.build_source import Source
from chironomy.body.rig import REGION_NAMES

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass
class Part:
    """A piece of surface with all that its vertices carry.

    Attributes:
        vertices: (n, 3) metres in the bind pose.
        faces: (m, 3) triangles.
        regions: (m,) indices into `REGION_NAMES`.
        weights: (n, J) dense, rows summing to 1.
        actions: (52, n, 3) metres, offsets of the face actions.
    """

    vertices: Array
    faces: Index
    regions: Index
    weights: Array
    actions: Array


def part(source: Source, quads: Index, region: str | Index) -> Part:
    """Return faces of the base mesh as a part of their own; `region` is one name or an index for each quad."""
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    regions = np.full(len(quads), REGION_NAMES.index(region)) if isinstance(region, str) else np.asarray(region)
    vertices = source.vertices[used]
    return Part(
        vertices, triangles(vertices, quads), np.repeat(regions, 2), source.weights[used], source.actions[:, used]
    )


def triangles(vertices: Array, quads: Index) -> Index:
    """Split quads (m, 4) along their shorter diagonal into (2m, 3) triangles; both of one quad are neighbours."""
    a, b, c, d = quads.T
    first = np.linalg.norm(vertices[a] - vertices[c], axis=1)
    second = np.linalg.norm(vertices[b] - vertices[d], axis=1)
    # A shade of preference for one diagonal, so that equal ones split alike on both sides of the body.
    along = (first <= second * 1.0001)[:, None]
    left = np.where(along, np.stack([a, b, c], 1), np.stack([a, b, d], 1))
    right = np.where(along, np.stack([a, c, d], 1), np.stack([b, c, d], 1))
    return np.stack([left, right], axis=1).reshape(-1, 3)


def normals(vertices: Array, faces: Index) -> Array:
    """Return (n, 3) unit normals, averaged over the faces around each vertex by area."""
    cross = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], cross)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def keep_faces(piece: Part, keep: NDArray[np.bool_]) -> Part:
    """Return the part with only some of its faces (m,), and without vertices that no face uses."""
    used, faces = np.unique(piece.faces[keep], return_inverse=True)
    return Part(
        piece.vertices[used],
        faces.reshape(-1, 3),
        piece.regions[keep],
        piece.weights[used],
        piece.actions[:, used],
    )


def moved(piece: Part, offset: Array) -> Part:
    """Return the part with its vertices moved by `offset` (n, 3)."""
    return replace(piece, vertices=piece.vertices + offset)


def subdivided(piece: Part) -> Part:
    """Return the part with each triangle split in four at the middles of its edges; its shape stays."""
    edges = np.sort(np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]]), axis=1)
    pairs, which = np.unique(edges, axis=0, return_inverse=True)
    middle = which.reshape(3, -1).T + len(piece.vertices)
    a, b, c = piece.faces.T
    ab, bc, ca = middle.T
    faces = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)

    def extended(values: Array, axis: int) -> Array:
        ends = np.take(values, pairs[:, 0], axis) + np.take(values, pairs[:, 1], axis)
        return np.concatenate([values, 0.5 * ends], axis=axis)

    return Part(
        extended(piece.vertices, 0),
        faces,
        np.repeat(piece.regions, 4),
        extended(piece.weights, 0),
        extended(piece.actions, 1),
    )


def smoothed(piece: Part, rounds: int, fixed: NDArray[np.bool_] | None = None) -> Part:
    """Return the part with each vertex moved towards the mean of its neighbours, `rounds` times (Laplacian)."""
    edges = np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    degree = np.bincount(edges[:, 0], minlength=len(piece.vertices))[:, None]
    vertices = piece.vertices.copy()
    for _ in range(rounds):
        total = np.zeros_like(vertices)
        np.add.at(total, edges[:, 0], vertices[edges[:, 1]])
        mean = total / np.maximum(degree, 1)
        vertices = np.where(fixed[:, None], vertices, mean) if fixed is not None else 0.5 * (vertices + mean)
    return replace(piece, vertices=vertices)


def boundary(piece: Part) -> NDArray[np.bool_]:
    """Return (n,) whether each vertex lies on an open edge of the part."""
    edges = np.sort(np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]]), axis=1)
    pairs, count = np.unique(edges, axis=0, return_counts=True)
    on = np.zeros(len(piece.vertices), dtype=bool)
    on[pairs[count == 1].ravel()] = True
    return on


def joined(parts: list[Part]) -> Part:
    """Return several parts as one; they share no vertices."""
    start = np.cumsum([0] + [len(p.vertices) for p in parts[:-1]])
    return Part(
        np.concatenate([p.vertices for p in parts]),
        np.concatenate([p.faces + first for p, first in zip(parts, start, strict=True)]),
        np.concatenate([p.regions for p in parts]),
        np.concatenate([p.weights for p in parts]),
        np.concatenate([p.actions for p in parts], axis=1),
    )


def clipped(piece: Part, level: Array) -> Part:
    """Return what of the part lies where `level` (n,), given at its vertices, is not negative.

    Triangles that cross zero are cut there; what lies on the new edge is interpolated between the ends of the old one.
    """
    whole, inside = divided(piece, level)
    return keep_faces(whole, inside)


def divided(piece: Part, level: Array) -> tuple[Part, NDArray[np.bool_]]:
    """Return the part cut along the line where `level` (n,) is zero, and which faces lie where it is not negative."""
    inside = level >= 0.0
    count = inside[piece.faces].sum(axis=1)
    cut = (count == 1) | (count == 2)
    faces, regions = [piece.faces[~cut]], [piece.regions[~cut]]
    within = [count[~cut] == 3]
    edges: dict[tuple[int, int], int] = {}

    def crossing(a: int, b: int) -> int:
        return edges.setdefault((min(a, b), max(a, b)), len(piece.vertices) + len(edges))

    new_faces, new_regions, new_within = [], [], []
    for face, region in zip(piece.faces[cut], piece.regions[cut], strict=True):
        ring = [int(v) for v in face]
        while not (inside[ring[0]] and not inside[ring[2]]):
            ring = ring[1:] + ring[:1]
        a, b, c = ring
        if inside[b]:
            bc, ca = crossing(b, c), crossing(c, a)
            new_faces += [[a, b, bc], [a, bc, ca], [bc, c, ca]]
            new_within += [True, True, False]
        else:
            ab, ca = crossing(a, b), crossing(c, a)
            new_faces += [[a, ab, ca], [ab, b, c], [ab, c, ca]]
            new_within += [True, False, False]
        new_regions += [region] * 3
    if new_faces:
        faces.append(np.array(new_faces))
        regions.append(np.array(new_regions))
        within.append(np.array(new_within))
    ends = np.array(list(edges), dtype=np.int64).reshape(-1, 2)
    part_of_second = (level[ends[:, 0]] / (level[ends[:, 0]] - level[ends[:, 1]]))[:, None]

    def extended(values: Array, axis: int) -> Array:
        first, second = np.take(values, ends[:, 0], axis), np.take(values, ends[:, 1], axis)
        return np.concatenate([values, first + (second - first) * part_of_second], axis=axis)

    whole = Part(
        extended(piece.vertices, 0),
        np.concatenate(faces),
        np.concatenate(regions),
        extended(piece.weights, 0),
        extended(piece.actions, 1),
    )
    return whole, np.concatenate(within)
