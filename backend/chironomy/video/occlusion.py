# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the open room each point of a picture sees: the dark where hands come near the body, and in folds.

Screen-space ambient occlusion after McGuire, Mara and Luebke (2012, "Scalable Ambient Obscurance", equation 1 with the
polynomial fall-off of its section 2), on a grid of half the picture's size. The directions looked in are turned from
pixel to pixel in a fixed pattern of four by four, and a window of just that size takes their mean, so that there is
neither grain nor, as nothing is drawn by lot, any flicker from frame to frame.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chironomy.video.raster import SUBPIXEL, corner_weights

STEP = 2
"""Pixels of the picture to one of the grid, each way."""

RADIUS = 0.18
"""Metres within which surfaces keep the light of the room from each other: about a hand's breadth."""

_TURNS = 7
"""Turns of the spiral on which the points lie that are looked at (McGuire et al. 2012, section 2.3: no common factor
with their number)."""

_POINTS = 9
_PATTERN = 4
_BIAS = 0.004
_SAME_SURFACE = 0.03
_EMPTY = 1.0
_SOFT, _STRENGTH = 0.0016, 0.16


def spiral() -> NDArray[np.float64]:
    """(pattern², points, 2): where to look, in parts of the radius, for each place in the pattern.

    Rounded to a millionth, so that every machine's cosine gives the same picture.
    """
    # An order in which neighbours are far apart (Bayer's 4 × 4 matrix).
    order = np.array([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5], np.float64)
    part = (np.arange(_POINTS) + 0.5) / _POINTS
    angle = 2 * np.pi * (_TURNS * part[None, :] + order[:, None] / _PATTERN**2)
    return np.round(np.stack([part * np.cos(angle), part * np.sin(angle)], axis=-1), 6)


@njit(cache=True, nogil=True)
def surfaces(face_index, inverse_depth, offsets, planes, faces, normals, axes, focal, centre_x, centre_y, out):
    """What the grid sees, from the first sample of every other pixel.

    Args:
        face_index: (H, W, S).
        inverse_depth: (H, W, S).
        offsets: (S, 2) in 1/256 pixel.
        planes: (F, 3, 3) of `raster.corner_planes`.
        faces: (F, 3).
        normals: (V, 3) in the frame of the body.
        axes: (3, 3) rows: the picture's right, down and forward in the frame of the body.
        focal: pixels.
        centre_x: pixels.
        centre_y: pixels.
        out: (h, w, 6) float32, written: place right, down, forward in metres, and the normal along the same axes; the
            depth is 0 where nothing is.
    """
    height, width = out.shape[:2]
    for row in range(height):
        for column in range(width):
            face = face_index[row * STEP, column * STEP, 0]
            if face < 0:
                out[row, column, 2] = 0.0
                continue
            ray_x = (column * STEP + 0.5 + offsets[0, 0] / SUBPIXEL - centre_x) / focal
            ray_y = (row * STEP + 0.5 + offsets[0, 1] / SUBPIXEL - centre_y) / focal
            u, v, w = corner_weights(planes[face], ray_x, ray_y)
            a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
            nx = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
            ny = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
            nz = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
            length = np.sqrt(nx * nx + ny * ny + nz * nz)
            scale = 1.0 / length if length > 0.0 else 0.0
            depth = 1.0 / inverse_depth[row * STEP, column * STEP, 0]
            out[row, column, 0] = ray_x * depth
            out[row, column, 1] = ray_y * depth
            out[row, column, 2] = depth
            for axis in range(3):
                out[row, column, 3 + axis] = scale * (nx * axes[axis, 0] + ny * axes[axis, 1] + nz * axes[axis, 2])


@njit(cache=True, nogil=True)
def obscure(seen, pattern, focal, rough):
    """Write into `rough`, (h, w) float32, how open each point is: 1 is free, 0 is shut in. Grainy until `settle`d.

    `seen`: of `surfaces`; `pattern`: of `spiral`; `focal`: of the picture, pixels.
    """
    height, width = rough.shape
    squared = RADIUS * RADIUS
    gain = 6.0 / (RADIUS**6 * pattern.shape[1])
    for row in range(height):
        for column in range(width):
            depth = seen[row, column, 2]
            if depth <= 0.0:
                rough[row, column] = _EMPTY
                continue
            place = (row % _PATTERN) * _PATTERN + column % _PATTERN
            reach = RADIUS * focal / (depth * STEP)
            total = 0.0
            for point in range(pattern.shape[1]):
                x = int(column + 0.5 + pattern[place, point, 0] * reach)
                y = int(row + 0.5 + pattern[place, point, 1] * reach)
                if x < 0 or y < 0 or x >= width or y >= height or seen[y, x, 2] <= 0.0:
                    continue
                dx = seen[y, x, 0] - seen[row, column, 0]
                dy = seen[y, x, 1] - seen[row, column, 1]
                dz = seen[y, x, 2] - depth
                away = dx * dx + dy * dy + dz * dz
                if away >= squared:
                    continue
                above = dx * seen[row, column, 3] + dy * seen[row, column, 4] + dz * seen[row, column, 5] - _BIAS
                if above > 0.0:
                    near = squared - away
                    total += near * near * near * above / (away + _SOFT)
            # The equation's 5 σ / (n r⁶) with σ in metres.
            rough[row, column] = max(0.0, 1.0 - gain * _STRENGTH * total)


@njit(cache=True, nogil=True)
def settle(rough, seen, soft):
    """Write each point's depth, 0 where nothing is, and the mean over the pattern's window, within one surface.

    `soft`: (h, w, at least 2) float32.
    """
    height, width = rough.shape
    for row in range(height):
        for column in range(width):
            depth = seen[row, column, 2]
            soft[row, column, 0] = depth
            if depth <= 0.0:
                soft[row, column, 1] = _EMPTY
                continue
            total, weights = 0.0, 0.0
            for y in range(max(row - 2, 0), min(row + 2, height)):
                for x in range(max(column - 2, 0), min(column + 2, width)):
                    other = seen[y, x, 2]
                    if other > 0.0 and abs(other - depth) < _SAME_SURFACE:
                        total += rough[y, x]
                        weights += 1.0
            soft[row, column, 1] = total / weights
