# SPDX-License-Identifier: GPL-3.0-or-later
"""What a renderer knows of the person's surface: how near it is, which way it faces, and where it is at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chironomy.video.drawing.raster import SAMPLE_OFFSETS, corner_planes, corner_weights, rasterise, vertex_normals
from chironomy.video.maps.frame import vertices_at

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.camera import Camera
    from chironomy.shot.shot import Shot

SAMPLES = 4

REACH = 0.6
"""Metres before the shoulders where the depth map is white: only the fingers of a stretched arm come nearer."""

BEHIND = 0.3
"""Metres behind the shoulders where the depth map is black, as if a wall stood there."""


def depth_range(camera: Camera) -> tuple[float, float]:
    """The depths, metres along the optical axis, that the depth map shows white and black.

    They follow from the camera alone, so that neither the motion nor an edit of it changes the other frames' greys.
    """
    shoulders = float(camera.view(np.zeros(3))[2])
    near = max(shoulders - REACH, camera.near)
    return near, max(shoulders, near) + BEHIND


def depth_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """Inverse depth as grey, near is white: what MiDaS and Depth Anything estimate and VACE's depth control expects.

    Those scale each picture from its own least to its own greatest value (`vace/annotators/depth.py` of
    ali-vilab/VACE), which flickers. Here the scale is the shot's, by `depth_range`: grey is
    (1/z - 1/far) / (1/near - 1/far) × 255. What is not the person is black.

    Args:
        shot: pose, face, camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.

    Returns:
        (height, width, 3) uint8, three equal channels, anti-aliased.
    """
    rig = rig or shot.rig
    near, far = depth_range(shot.camera)
    inverse = rasterise(shot.camera, vertices_at(shot, frame, rig), rig.faces, SAMPLES).inverse_depth
    level = np.clip((inverse - np.float32(1 / far)) / np.float32(1 / near - 1 / far), 0, 1)
    return _grey(np.float32(255) * level.mean(axis=2))


def mask_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """The person white on black: (height, width, 3) uint8, at the edges the part of the pixel that is covered."""
    rig = rig or shot.rig
    seen = rasterise(shot.camera, vertices_at(shot, frame, rig), rig.faces, SAMPLES).face
    return _grey(np.float32(255) * (seen >= 0).mean(axis=2, dtype=np.float32))


def normal_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """Which way the surface faces, as ControlNet 1.1's NormalBae has it.

    Its protocol is ScanNet's (README of lllyasviel/ControlNet-v1-1-nightly: blue is front, red is left, green is top):
    with n in the camera's axes, red is (1 + n·left) / 2, green (1 + n·up) / 2 and blue (1 + n·towards the camera) / 2,
    times 255; left is the picture's. What is not the person faces the camera like a wall: (128, 128, 255).

    Args:
        shot: pose, face, camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.

    Returns:
        (height, width, 3) uint8 RGB, anti-aliased.
    """
    rig = rig or shot.rig
    camera = shot.camera
    points = vertices_at(shot, frame, rig)
    faces = np.ascontiguousarray(rig.faces, np.int32)
    seen = rasterise(camera, points, faces, SAMPLES).face
    # The axes of a view are right, down and away: the protocol's three are the opposite ones.
    normals = -camera.view(camera.position + vertex_normals(points, faces))
    planes = corner_planes(np.ascontiguousarray(camera.view(points)), faces)
    centre_x, centre_y = camera.centre
    mean = _mean_normals(seen, SAMPLE_OFFSETS[SAMPLES], planes, faces, normals, camera.focal, centre_x, centre_y)
    return np.floor(255 * (0.5 + 0.5 * mean) + 0.5).astype(np.uint8)


def _grey(value: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.repeat(np.floor(value + np.float32(0.5)).astype(np.uint8)[:, :, None], 3, axis=2)


@njit(cache=True, nogil=True)
def _mean_normals(face_index, offsets, planes, faces, normals, focal, centre_x, centre_y):
    """The mean of the unit normals of a pixel's samples, made a unit again: (H, W, 3), (0, 0, 1) for nothing.

    Args:
        face_index: (H, W, S) of the rasteriser.
        offsets: (S, 2) the sample points, in 1/256 pixel.
        planes: (F, 3, 3) of `raster.corner_planes`.
        faces: (F, 3).
        normals: (V, 3) units in the map's axes.
        focal: pixels.
        centre_x: pixels.
        centre_y: pixels.
    """
    height, width, samples = face_index.shape
    result = np.empty((height, width, 3))
    for row in range(height):
        for column in range(width):
            x, y, z = 0.0, 0.0, 0.0
            for sample in range(samples):
                face = face_index[row, column, sample]
                if face < 0:
                    z += 1.0
                    continue
                ray_x = (column + 0.5 + offsets[sample, 0] / 256 - centre_x) / focal
                ray_y = (row + 0.5 + offsets[sample, 1] / 256 - centre_y) / focal
                u, v, w = corner_weights(planes[face], ray_x, ray_y)
                a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
                nx = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
                ny = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
                nz = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
                length = np.sqrt(nx * nx + ny * ny + nz * nz)
                if length > 0.0:
                    x += nx / length
                    y += ny / length
                    z += nz / length
            length = np.sqrt(x * x + y * y + z * z)
            if length > 0.0:
                result[row, column, 0] = x / length
                result[row, column, 1] = y / length
                result[row, column, 2] = z / length
            else:
                result[row, column, 0] = 0.0
                result[row, column, 1] = 0.0
                result[row, column, 2] = 1.0
    return result
