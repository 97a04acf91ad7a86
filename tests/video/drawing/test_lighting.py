# SPDX-License-Identifier: GPL-3.0-or-later
"""The light on a surface, against the formulas written out for one point."""

import numpy as np
import pytest

from chironomy.shot.camera import Camera
from chironomy.video.drawing import lighting, occlusion
from chironomy.video.drawing.raster import SAMPLE_OFFSETS, corner_planes, rasterise, seen_from

CAMERA = Camera(32, 24, 40.0, np.array([0.0, 0.0, 2.0]), np.array([1.0, 0.0, 0.0, 0.0]))
WALL = np.array([[-9.0, -9.0, 0.0], [9.0, -9.0, 0.0], [9.0, 9.0, 0.0], [-9.0, 9.0, 0.0]])
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
NORMAL = np.array([0.1, 0.3, 1.0]) / np.linalg.norm([0.1, 0.3, 1.0])
KEY, RIM = np.array([-0.6, 0.0, 0.8]), np.array([0.0, 0.8, -0.6])
LIGHT = np.array([[1.2, 1.1, 1.0], [2.0, 2.2, 2.4]])
SKY, GROUND = np.array([0.3, 0.3, 0.4]), np.array([0.1, 0.1, 0.1])


def lit(points, faces, material, room=1.0, key=1.0, hollow=0.0, exposure=1.0):
    """The picture of some faces, of materials with these albedos, wraps, glosses and powers."""
    seen = seen_from(CAMERA, points)
    visibility = rasterise(CAMERA, points, faces, 4, seen=seen)
    grid = np.empty((CAMERA.height // 2, CAMERA.width // 2, 6), np.float32)
    planes, normals = corner_planes(seen, faces), np.tile(NORMAL, (len(points), 1))
    axes = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
    centre = CAMERA.centre
    occlusion.surfaces(
        visibility.face, visibility.inverse_depth, SAMPLE_OFFSETS[4], planes, faces, normals, axes, CAMERA.focal,
        centre[0], centre[1], grid,
    )  # fmt: skip
    soft = np.stack([grid[..., 2], np.full(grid.shape[:2], room), np.full(grid.shape[:2], key)], -1).astype(np.float32)
    surface = np.empty((len(points), 8), np.float32)
    surface[:, :3], surface[:, 3:6], surface[:, 6], surface[:, 7] = points, 0.5 * normals, hollow, exposure
    albedo = np.array([[0.6, 0.4, 0.2], [0.1, 0.5, 0.9]], np.float32)
    wrap = np.array([[0.3, 0.2, 0.1], [0.0, 0.0, 0.0]], np.float32)
    image = np.full((CAMERA.height, CAMERA.width, 3), 0.5, np.float32)
    lighting.shade(
        visibility.face, visibility.inverse_depth, SAMPLE_OFFSETS[4], planes, faces, surface,
        np.asarray(material, np.int32), albedo, wrap, np.array([0.5, 0.0], np.float32), np.array([3, 0], np.int32),
        CAMERA.position.astype(np.float32), CAMERA.focal, centre[0], centre[1],
        np.float32([KEY, RIM]), LIGHT.astype(np.float32), SKY.astype(np.float32), GROUND.astype(np.float32), soft,
        image,
    )  # fmt: skip
    return image, visibility


def expected(place, kind, room=1.0, key=1.0, hollow=0.0, exposure=1.0):
    albedo, wrap = ([0.6, 0.4, 0.2], [0.3, 0.2, 0.1]) if kind == 0 else ([0.1, 0.5, 0.9], [0.0, 0.0, 0.0])
    gloss, exponent = (0.5, 8) if kind == 0 else (0.0, 1)
    eye = CAMERA.position - place
    eye = eye / np.linalg.norm(eye)
    open_sky = np.clip(1 - 1.3 * max(hollow, 0), 0.35, 1) * room
    colour = (GROUND + (SKY - GROUND) * (0.5 + 0.5 * NORMAL[1])) * open_sky
    shine = 0.0
    for light, direction in enumerate((KEY, RIM)):
        reach = key if light == 0 else (1 - NORMAL @ eye) ** 2
        towards = NORMAL @ direction
        colour = colour + LIGHT[light] * np.maximum((towards + np.array(wrap)) / (1 + np.array(wrap)), 0) * reach * (
            0.5 + 0.5 * open_sky
        )
        half = direction + eye
        if towards > 0:
            shine += max(NORMAL @ half / np.linalg.norm(half), 0) ** exponent * reach * LIGHT[light, 1]
    return (np.array(albedo) * colour + gloss * shine) * exposure


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("light", [{}, {"room": 0.4}, {"key": 0.2}, {"hollow": 0.3}, {"exposure": 0.25}])
def test_a_wall_receives_what_the_formulas_say(kind, light):
    image, _ = lit(WALL, FACES, [kind, kind], **light)
    for row, column in ((0, 0), (3, 16), (20, 29)):
        x, y = (column + 0.5 - CAMERA.centre[0]) / CAMERA.focal, (row + 0.5 - CAMERA.centre[1]) / CAMERA.focal
        place = CAMERA.position + 2.0 * np.array([x, -y, -1.0])
        np.testing.assert_allclose(image[row, column], expected(place, kind, **light), rtol=2e-5)


def test_pixels_on_an_edge_are_shared_with_what_is_behind():
    """Half a wall: each pixel of its edge is a mean of wall and background by its samples."""
    whole, _ = lit(WALL, FACES, [0, 0])
    image, visibility = lit(WALL, FACES[:1], [0, 0])
    covered = (visibility.face >= 0).mean(-1)[..., None]
    assert 0 < ((covered > 0) & (covered < 1)).sum() < 100
    np.testing.assert_allclose(image, whole * covered + 0.5 * (1 - covered), atol=0.004)


def test_two_materials_in_one_pixel_are_each_lit():
    image, visibility = lit(WALL, FACES, [0, 1])
    share = (visibility.face == 0).mean(-1)[..., None]
    first, second = lit(WALL, FACES, [0, 0])[0], lit(WALL, FACES, [1, 1])[0]
    assert ((share > 0) & (share < 1)).any()
    np.testing.assert_allclose(image, first * share + second * (1 - share), atol=0.004)


def test_a_shadow_is_cast_on_what_is_behind():
    """A grid of points 1 m before a light whose view shows something 0.8 m away on its left side."""
    seen = np.zeros((8, 8, 6), np.float32)
    seen[..., 0] = np.linspace(-0.2, 0.2, 8)
    seen[..., 2] = 1.0
    seen[..., 5] = -1.0
    seen[7, :, 2] = 0.0
    shadow = np.full((64, 64), np.inf, np.float32)
    shadow[:, :32] = 0.8
    soft = np.empty((8, 8, 3), np.float32)
    lighting.cast_shadow(seen, shadow, np.eye(3), np.zeros(3), 100.0, soft)
    reach = soft[..., 2]
    behind = 1.0 - 0.009 - 0.004 - 0.8
    np.testing.assert_allclose(reach[:7, :3], 1 - 0.8 * (1 - behind / 0.55), rtol=1e-5)
    assert (reach[:7, 4:] == 1).all()
    assert (reach[7] == 1).all()
    # What is out of the light's view is lit; so is what is too far behind.
    lighting.cast_shadow(seen, shadow, np.eye(3), np.array([9.0, 0.0, 0.0]), 100.0, soft)
    assert (soft[..., 2] == 1).all()
    lighting.cast_shadow(seen, shadow, np.eye(3), np.array([0.0, 0.0, 1.0]), 100.0, soft)
    assert (soft[..., 2] == 1).all()
