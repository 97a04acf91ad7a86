# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser on shapes whose coverage and depth are known."""

import zlib

import numpy as np
import pytest

from chironomy.motion import rotation
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError
from chironomy.video.drawing.raster import (
    NOTHING,
    SAMPLE_OFFSETS,
    Visibility,
    barycentric,
    rasterise,
    seen_from,
    vertex_normals,
)

# One metre at depth 1 is 10 pixels, and the optical axis meets the corner of four pixels.
CAMERA = Camera(20, 20, 10.0, np.array([0.0, 0.0, 1.0]), near=0.1)
QUAD = np.array([[0, 1, 2], [0, 2, 3]])


def square(size: float, z: float = 0.0) -> np.ndarray:
    """Corners counter-clockwise seen from +z."""
    return np.array([[-size, -size, z], [size, -size, z], [size, size, z], [-size, size, z]])


def sphere(rings: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A ball of radius 0.5 m with two poles."""
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    around = np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False)
    middle = np.array([[np.sin(p) * np.cos(a), np.cos(p), -np.sin(p) * np.sin(a)] for p in polar for a in around])
    vertices = 0.5 * np.concatenate([middle, [[0, 1, 0], [0, -1, 0]]])
    count = 2 * rings
    faces = []
    for ring in range(rings - 2):
        for step in range(count):
            a, b = ring * count + step, ring * count + (step + 1) % count
            faces += [[a, a + count, b], [b, a + count, b + count]]
    for step in range(count):
        after = (step + 1) % count
        faces.append([len(middle), step, after])
        faces.append([len(middle) + 1, (rings - 2) * count + after, (rings - 2) * count + step])
    return vertices, np.array(faces)


def test_a_square_covers_its_pixels_and_no_more():
    seen = rasterise(CAMERA, square(0.5), QUAD).face
    expected = np.zeros((20, 20), bool)
    expected[5:15, 5:15] = True
    assert ((seen >= 0) == expected[..., None]).all()


def test_two_triangles_of_a_square_share_no_sample_and_leave_none():
    # Drawn one at a time, so that neither hides the other.
    first = rasterise(CAMERA, square(0.5), QUAD[:1]).face >= 0
    second = rasterise(CAMERA, square(0.5), QUAD[1:]).face >= 0
    assert not (first & second).any()
    assert (first | second).sum() == 100 * 4


def test_half_a_pixel_is_covered_by_half():
    corners = np.add(square(0.5), [0.05, 0, 0])
    covered = (rasterise(CAMERA, corners, QUAD).face >= 0).mean(axis=2)
    assert covered[10, 5] == 0.5
    assert covered[10, 15] == 0.5
    assert covered[10, 10] == 1


def test_depth_is_metres_along_the_axis():
    depth = rasterise(CAMERA, square(0.5, z=-1.0), QUAD).depth()
    np.testing.assert_allclose(depth[10, 10], 2, rtol=1e-6)
    assert np.isinf(depth[0, 0]).all()


def test_the_nearer_face_is_seen_whatever_the_order():
    vertices = np.concatenate([square(0.5, 0.0), square(0.3, 0.3)])
    near_last, near_first = np.concatenate([QUAD, QUAD + 4]), np.concatenate([QUAD + 4, QUAD])
    assert rasterise(CAMERA, vertices, near_last).face[10, 10].min() >= 2
    assert rasterise(CAMERA, vertices, near_first).face[10, 10].max() <= 1


def test_faces_that_turn_their_back_can_be_left_out():
    away = QUAD[:, ::-1]
    assert (rasterise(CAMERA, square(0.5), away).face == NOTHING).all()
    assert (rasterise(CAMERA, square(0.5), away, cull_back_faces=False).face >= 0).sum() == 100 * 4


def test_a_floor_that_runs_under_the_lens_is_cut_at_the_near_plane():
    floor = np.array([[-5, -0.5, -5], [5, -0.5, -5], [5, -0.5, 5], [-5, -0.5, 5]], float)
    visibility = rasterise(CAMERA, floor, QUAD, cull_back_faces=False)
    covered = visibility.face >= 0
    assert covered[-1].all()
    assert not covered[:10].any()
    depth = visibility.depth()
    assert (depth[covered] >= 0.1 - 1e-6).all()
    # The bottom row's lower samples look 0.9875 m down for every metre ahead.
    np.testing.assert_allclose(depth[-1, 10, 3], 0.5 / 0.9875, rtol=0.01)


def test_what_is_behind_the_lens_or_not_a_number_is_left_out():
    vertices = square(0.5, z=2.0)
    assert (rasterise(CAMERA, vertices, QUAD).face == NOTHING).all()
    vertices = square(0.5)
    vertices[0, 0] = np.nan
    assert (rasterise(CAMERA, vertices, QUAD).face == NOTHING).all()


def test_a_ball_covers_the_area_of_its_outline():
    camera = Camera(128, 128, 200.0, np.array([0.0, 0.0, 3.0]))
    vertices, faces = sphere(64)
    covered = (rasterise(camera, vertices, faces).face >= 0).mean(axis=2).sum()
    # A ball's outline is a circle whose angle has the sine radius / distance.
    assert covered == pytest.approx(np.pi * (200 * 0.5 / np.sqrt(9 - 0.25)) ** 2, rel=0.003)


def test_barycentric_weights_lead_back_to_the_sample():
    camera = Camera(64, 64, 100.0, np.array([0.1, 0.2, 2.0]))
    vertices, faces = sphere(6)
    visibility = rasterise(camera, vertices, faces)
    row, column, sample = np.nonzero(visibility.face >= 0)
    weights = barycentric(camera, vertices, faces, visibility)[row, column, sample]
    corners = vertices[faces[visibility.face[row, column, sample]]]
    pixels, depth = camera.project((weights[..., None] * corners).sum(axis=1))
    expected = np.stack([column, row], axis=1) + 0.5 + SAMPLE_OFFSETS[4][sample] / 256
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(pixels, expected, atol=1e-6)
    np.testing.assert_allclose(depth, visibility.depth()[row, column, sample], rtol=0.01)


def test_the_same_triangles_give_the_same_bits():
    camera = Camera(64, 64, 100.0, np.array([0.1, 0.2, 2.0]))
    vertices, faces = sphere(12)
    first = rasterise(camera, vertices, faces)
    used = Visibility.empty(64, 64)
    used.inverse_depth.fill(9)
    second = rasterise(camera, vertices, faces, into=used)
    assert first.face.tobytes() == second.face.tobytes()
    assert first.inverse_depth.tobytes() == second.inverse_depth.tobytes()


def test_every_machine_makes_these_bits():
    # Hills over a grid, from whole numbers, so that the vertices are the same everywhere too.
    x, y = np.meshgrid(np.arange(25.0), np.arange(25.0))
    heights = ((x * 7 + y * 13 + x * y) % 11) / 16
    vertices = np.stack([(x - 12) / 16, (y - 12) / 16, heights], axis=-1).reshape(-1, 3)
    corner = (np.arange(24)[:, None] * 25 + np.arange(24)).reshape(-1, 1)
    faces = np.concatenate([np.add(corner, [0, 1, 26]), np.add(corner, [0, 26, 25])])
    camera = Camera(64, 64, 90.0, np.array([0.3, 0.2, 2.5]), np.array([0.99, 0.03125, 0.0625, 0.0]) / 0.992462)
    visibility = rasterise(camera, vertices, faces)
    assert zlib.crc32(visibility.face.astype("<i4").tobytes()) == 1846537682
    assert zlib.crc32(visibility.inverse_depth.astype("<f4").tobytes()) == 4283373413


def test_normals_of_a_ball_point_outwards():
    vertices, faces = sphere(48)
    normals = vertex_normals(vertices, faces)
    assert (normals * vertices).sum(axis=1).min() / 0.5 > 0.999


def test_a_buffer_of_another_size_is_refused():
    with pytest.raises(VideoError, match="the buffer is"):
        rasterise(CAMERA, square(0.5), QUAD, into=Visibility.empty(10, 10))
    with pytest.raises(VideoError, match="samples is 3"):
        Visibility.empty(10, 10, samples=3)


def test_vertices_are_seen_to_the_bits_of_the_cameras_view():
    turn = rotation.from_rotation_vector([0.2, -0.4, 0.1])
    camera = Camera(64, 48, 90.0, np.array([0.1, -0.2, 2.8]), turn)
    points = np.random.default_rng(0).normal(size=(500, 3))
    assert np.array_equal(seen_from(camera, points), camera.view(points))
