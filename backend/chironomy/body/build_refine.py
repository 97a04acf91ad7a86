# SPDX-License-Identifier: GPL-3.0-or-later
"""Finer surface where it is looked at closely: subdivision of some faces, smooth outlines, turned-in edges."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chironomy.body.build_surface import Part, normals

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


def refined(piece: Part, chosen: Mask) -> Part:
    """Return the part with the chosen faces (m,) split in four and rounded; their neighbours are split to fit.

    New and old vertices get the places of Loop's scheme ("Smooth Subdivision Surfaces Based on Triangles", 1987) where
    all faces around them are chosen, and stay on the old surface elsewhere, so that nothing opens. Weights and face
    actions follow by the same means.
    """
    faces, count = piece.faces, len(piece.vertices)
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1), axis=-1).reshape(-1, 2)
    edges, which = np.unique(sides, axis=0, return_inverse=True)
    which = which.reshape(-1, 3)
    around = np.bincount(which.ravel(), minlength=len(edges))
    around_chosen = np.bincount(which[chosen].ravel(), minlength=len(edges))
    split = around_chosen > 0
    inner = (around == 2) & (around_chosen == 2)

    rows, columns, shares = [], [], []

    def put(row: Index, column: Index, share: float | Array) -> None:
        rows.append(row)
        columns.append(column)
        shares.append(np.broadcast_to(share, row.shape))

    # Old vertices.
    all_chosen = np.ones(count, dtype=bool)
    all_chosen[faces[~chosen]] = False
    rim_edges = edges[around == 1]
    on_rim = np.zeros(count, dtype=bool)
    on_rim[rim_edges] = True
    degree = np.bincount(edges.ravel(), minlength=count)
    beta = (0.625 - (0.375 + 0.25 * np.cos(2.0 * np.pi / np.maximum(degree, 1))) ** 2) / np.maximum(degree, 1)
    pull = np.where(on_rim, 0.125, beta) * all_chosen.astype(np.float64)
    pulling = np.concatenate([edges[~on_rim[edges].all(axis=1) | (around == 1)], np.empty((0, 2), dtype=np.int64)])
    pulling = np.concatenate([pulling, pulling[:, ::-1]])
    # A vertex of the rim is moved by the rim alone.
    keys = {tuple(edge) for edge in rim_edges.tolist()}
    along_rim = np.array([(min(a, b), max(a, b)) in keys for a, b in pulling.tolist()], dtype=bool)
    pulling = pulling[~on_rim[pulling[:, 0]] | along_rim]
    put(pulling[:, 0], pulling[:, 1], pull[pulling[:, 0]])
    pulled = np.bincount(pulling[:, 0], weights=pull[pulling[:, 0]], minlength=count)
    put(np.arange(count), np.arange(count), 1.0 - pulled)

    # Middles of edges.
    number = np.full(len(edges), -1)
    number[split] = count + np.arange(split.sum())
    for end in (0, 1):
        put(number[split], edges[split, end], np.where(inner[split], 0.375, 0.5))
    opposite = np.roll(faces, -2, axis=1)
    across = inner[which]
    put(number[which[across]], opposite[across], 0.125)

    matrix = sparse.csr_matrix(
        (np.concatenate(shares), (np.concatenate(rows), np.concatenate(columns))), shape=(count + split.sum(), count)
    )
    new_faces, origin = _split_faces(faces, number[which])
    actions = piece.actions.transpose(1, 0, 2).reshape(count, -1)
    return Part(
        matrix @ piece.vertices,
        new_faces,
        piece.regions[origin],
        matrix @ piece.weights,
        (matrix @ actions).reshape(-1, len(piece.actions), 3).transpose(1, 0, 2),
    )


def _split_faces(faces: Index, middles: Index) -> tuple[Index, Index]:
    """Split faces (m, 3) at the middles (m, 3) of their sides, -1 where a side has none; also return whence each is."""
    result, origin = [], []
    count = (middles >= 0).sum(axis=1)
    whole = np.flatnonzero(count == 0)
    result.append(faces[whole])
    origin.append(whole)
    for splits in (1, 2, 3):
        here = np.flatnonzero(count == splits)
        face, middle = faces[here], middles[here]
        # Turned so that the split sides come first.
        first = np.array([_first_split(tuple(row)) for row in (middle >= 0).tolist()], dtype=np.int64).reshape(-1)
        order = (first[:, None] + np.arange(3)) % 3
        (a, b, c), (ab, bc, ca) = (np.take_along_axis(rows, order, axis=1).T for rows in (face, middle))
        pieces = {
            1: ((a, ab, c), (ab, b, c)),
            2: ((ab, b, bc), (a, ab, bc), (a, bc, c)),
            3: ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)),
        }[splits]
        result.append(np.stack([np.stack(corner, axis=1) for corner in pieces], axis=1).reshape(-1, 3))
        origin.append(np.repeat(here, len(pieces)))
    source = np.concatenate(origin)
    order = np.argsort(source, kind="stable")
    return np.concatenate(result)[order], source[order]


def _first_split(row: tuple[bool, ...]) -> int:
    return next(k for k in range(3) if row[k] and not row[k - 1]) if not all(row) else 0


def mean_of_neighbours(piece: Part) -> sparse.csr_matrix:
    """Return the (n, n) matrix that puts the mean of its neighbours in each vertex's place."""
    edges = np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    degree = np.bincount(edges[:, 0], minlength=len(piece.vertices))
    size = len(piece.vertices)
    return sparse.csr_matrix((1.0 / degree[edges[:, 0]], (edges[:, 0], edges[:, 1])), shape=(size, size))


def turned_in(piece: Part, rim: Mask, thickness: float, depth: float) -> Part:
    """Return the part with its open edges through `rim` (n,) rounded over and continued inwards, as a cuff's are.

    Args:
        piece: the part.
        rim: vertices of the edges that are meant.
        thickness: metres from the outside to the inside of the cloth.
        depth: metres that the inside goes back from the edge.
    """
    directed = np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]])
    key = directed.min(axis=1) * len(piece.vertices) + directed.max(axis=1)
    _, where, times = np.unique(key, return_inverse=True, return_counts=True)
    edges = directed[(times[where] == 1) & rim[directed].all(axis=1)]
    ring = np.unique(edges)
    outside = normals(piece.vertices, piece.faces)
    # Into the cloth: away from the edge, along the surface.
    back = np.zeros_like(piece.vertices)
    along = piece.vertices[edges[:, 1]] - piece.vertices[edges[:, 0]]
    for end in (0, 1):
        np.add.at(back, edges[:, end], np.cross(outside[edges[:, end]], along))
    back = back[ring]
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-12)
    profile = ((0.15, -0.35), (0.5, -0.5), (0.85, -0.35), (1.0, 0.0))
    rings = [(thickness * inwards, thickness * behind) for inwards, behind in profile] + [(thickness, depth)]
    size = len(piece.vertices)
    place = np.full(size, -1)
    place[ring] = np.arange(len(ring))
    vertices, faces = [piece.vertices], [piece.faces]
    previous = edges
    for step, (inwards, behind) in enumerate(rings):
        vertices.append(piece.vertices[ring] - inwards * outside[ring] + behind * back)
        following = size + step * len(ring) + place[edges]
        (a, b), (c, d) = previous.T, following.T
        faces += [np.stack([b, a, c], axis=1), np.stack([b, c, d], axis=1)]
        previous = following
    added = sum(len(f) for f in faces[1:])
    region = piece.regions[0]
    return replace(
        piece,
        vertices=np.concatenate(vertices),
        faces=np.concatenate(faces),
        regions=np.concatenate([piece.regions, np.full(added, region)]),
        weights=np.concatenate([piece.weights] + [piece.weights[ring]] * len(rings)),
        actions=np.concatenate([piece.actions] + [piece.actions[:, ring]] * len(rings), axis=1),
    )


def two_sided(piece: Part) -> Part:
    """Return the part with a second layer of faces that look the other way, on vertices of their own."""
    size = len(piece.vertices)
    return Part(
        np.concatenate([piece.vertices] * 2),
        np.concatenate([piece.faces, piece.faces[:, ::-1] + size]),
        np.concatenate([piece.regions] * 2),
        np.concatenate([piece.weights] * 2),
        np.concatenate([piece.actions] * 2, axis=1),
    )
