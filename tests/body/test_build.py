# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that the character is put together with; they need no anny."""

import numpy as np
import pytest

from chironomy.body.build import strongest_weights
from chironomy.body.build_surface import (
    Part,
    boundary,
    clipped,
    divided,
    joined,
    normals,
    smoothed,
    subdivided,
    triangles,
)


def square(columns: int = 4) -> Part:
    """A flat unit square of quads in the plane z = 0, facing +z."""
    side = np.linspace(0.0, 1.0, columns + 1)
    x, y = np.meshgrid(side, side)
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corner = (np.arange(columns)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    quads = np.stack([corner, corner + 1, corner + columns + 2, corner + columns + 1], axis=1)
    faces = triangles(vertices, quads)
    weights = np.stack([vertices[:, 0], 1.0 - vertices[:, 0]], axis=1)
    actions = np.repeat(vertices[None, :, :1] * [0.0, 0.0, 1.0], 52, axis=0)
    return Part(vertices, faces, np.zeros(len(faces), dtype=np.int64), weights, actions)


def area(piece: Part) -> float:
    a, b, c = (piece.vertices[piece.faces[:, k]] for k in range(3))
    return float(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


def test_quads_split_into_triangles_that_face_the_same_way() -> None:
    np.testing.assert_allclose(normals(square().vertices, square().faces), [[0.0, 0.0, 1.0]] * 25, atol=1e-12)


def test_clipping_cuts_exactly_where_the_level_is_zero() -> None:
    piece = square()
    half = clipped(piece, 0.37 - piece.vertices[:, 0])
    assert abs(area(half) - 0.37) < 1e-12
    assert abs(half.vertices[:, 0].max() - 0.37) < 1e-12
    assert (normals(half.vertices, half.faces)[:, 2] > 0.99).all()


def test_what_a_cut_adds_is_interpolated() -> None:
    piece = square()
    half = clipped(piece, piece.vertices[:, 0] + piece.vertices[:, 1] - 0.83)
    np.testing.assert_allclose(half.weights[:, 0], half.vertices[:, 0], atol=1e-12)
    np.testing.assert_allclose(half.actions[7, :, 2], half.vertices[:, 0], atol=1e-12)


def test_dividing_keeps_both_sides_of_the_line() -> None:
    piece = square()
    whole, inside = divided(piece, 0.37 - piece.vertices[:, 0])
    assert abs(area(whole) - 1.0) < 1e-12
    middle = whole.vertices[whole.faces].mean(axis=1)[:, 0]
    np.testing.assert_array_equal(inside, middle < 0.37)


def test_refining_some_faces_opens_no_gap() -> None:
    refine = pytest.importorskip("chironomy.body.build_refine", reason="building a character needs scipy")
    piece = square()
    middle = piece.vertices[piece.faces].mean(axis=1)
    fine = refine.refined(piece, (middle[:, 0] > 0.25) & (middle[:, 1] > 0.25))
    assert len(fine.faces) > 2 * len(piece.faces)
    inner = ((fine.vertices[:, :2] > 1e-9) & (fine.vertices[:, :2] < 1.0 - 1e-9)).all(axis=1)
    # The corner of the square that is refined is rounded, nothing else comes near to the rim.
    assert not (boundary(fine) & inner & (fine.vertices[:, :2].sum(axis=1) < 1.8)).any()
    np.testing.assert_allclose(fine.weights[:, 0], fine.vertices[:, 0], atol=1e-12)
    np.testing.assert_allclose(fine.actions[7, :, 2], fine.vertices[:, 0], atol=1e-12)


def test_a_turned_in_edge_has_an_inside_that_faces_the_other_way() -> None:
    refine = pytest.importorskip("chironomy.body.build_refine", reason="building a character needs scipy")
    piece = square()
    cuff = refine.turned_in(piece, piece.vertices[:, 0] > 0.99, 0.1, 0.3)
    added = normals(cuff.vertices, cuff.faces[len(piece.faces) :])
    inside = cuff.vertices[:, 0] < 0.75
    inside[: len(piece.vertices)] = False
    assert inside.any()
    np.testing.assert_allclose(added[inside], [[0.0, 0.0, -1.0]] * inside.sum(), atol=1e-12)
    np.testing.assert_allclose(cuff.vertices[inside, 2], -0.1, atol=1e-12)


def test_a_two_sided_part_has_every_face_twice() -> None:
    refine = pytest.importorskip("chironomy.body.build_refine", reason="building a character needs scipy")
    both = refine.two_sided(square())
    assert len(both.faces) == 2 * len(square().faces)
    assert abs(normals(both.vertices, both.faces)[:, 2].sum()) < 1e-12


def test_subdividing_keeps_the_shape_and_quarters_the_triangles() -> None:
    fine = subdivided(square())
    assert len(fine.faces) == 4 * len(square().faces)
    assert abs(area(fine) - 1.0) < 1e-12
    np.testing.assert_allclose(fine.weights.sum(axis=1), 1.0)


def test_the_boundary_of_a_square_is_its_rim_and_stays_when_it_is_held() -> None:
    piece = square()
    rim = boundary(piece)
    assert rim.sum() == 16
    np.testing.assert_array_equal(smoothed(piece, 3, rim).vertices[rim], piece.vertices[rim])


def test_joined_parts_share_no_vertices() -> None:
    both = joined([square(), square()])
    assert len(both.vertices) == 50
    assert abs(area(both) - 2.0) < 1e-12


def test_the_four_strongest_weights_are_kept_and_sum_to_one() -> None:
    random = np.random.default_rng(0).dirichlet(np.ones(8), size=30)
    joint, parts = strongest_weights(random)
    assert joint.shape == parts.shape == (30, 4)
    assert (parts.sum(axis=1) == 65535).all()
    np.testing.assert_array_equal(joint[:, 0], random.argmax(axis=1))
