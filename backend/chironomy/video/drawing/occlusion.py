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

from chironomy.video.drawing.raster import SUBPIXEL, corner_weights

STEP = 2
"""Pixels of the picture to one of the grid, each way."""

RADIUS = 0.18
"""Metres within which surfaces keep the light of the room from each other: about a hand's breadth."""

_TURNS = 7
"""Turns of the spiral on which the points lie that are looked at (McGuire et al. 2012, section 2.3: no common factor
with their number)."""

_POINTS = 9
_PATTERN = 4
_STRENGTH = 0.16

# A product of a float32 and a plain number would be a float64, and half as fast.
_BIAS, _SOFT = np.float32(0.004), np.float32(0.0016)
_SAME_SURFACE = np.float32(0.03)
_SQUARED = np.float32(RADIUS * RADIUS)
_NOTHING, _HALF, _EMPTY = np.float32(0), np.float32(0.5), np.float32(1)

PADDING = 16
"""Numbers that rows are lengthened by: rows at multiples of 4 KiB would share one place in the processor's cache."""


def spiral() -> NDArray[np.float32]:
    """(pattern², points, 2): where to look, in parts of the radius, for each place in the pattern.

    Rounded to a millionth, so that every machine's cosine gives the same picture.
    """
    # An order in which neighbours are far apart (Bayer's 4 × 4 matrix).
    order = np.array([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5], np.float64)
    part = (np.arange(_POINTS) + 0.5) / _POINTS
    angle = 2 * np.pi * (_TURNS * part[None, :] + order[:, None] / _PATTERN**2)
    return np.round(np.stack([part * np.cos(angle), part * np.sin(angle)], axis=-1), 6).astype(np.float32)


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


@njit(cache=True, nogil=True, error_model="numpy")
def obscure(seen, pattern, focal, rough):
    """Write into `rough`, (h, w) float32, how open each point is: 1 is free, 0 is shut in. Grainy until `settle`d.

    A row at a time: what is looked at is fetched first, then judged in loops without branches, which the compiler turns
    into vector instructions.

    `seen`: of `surfaces`; `pattern`: of `spiral`; `focal`: of the picture, pixels.
    """
    height, width = rough.shape
    points = pattern.shape[1]
    columns = np.empty(width, np.int32)
    own = np.empty((6, width + PADDING), np.float32)
    other = np.empty((3, width + PADDING), np.float32)
    reach = np.empty(width, np.float32)
    total = np.empty(width, np.float32)
    own_x, own_y, own_z, normal_x, normal_y, normal_z = own
    other_x, other_y, other_z = other
    reach_of_one = np.float32(RADIUS * focal / STEP)
    # The equation's 5 σ / (n r⁶) with σ in metres.
    gain = np.float32(6.0 * _STRENGTH / (RADIUS**6 * points))
    for row in range(height):
        count = 0
        for column in range(width):
            rough[row, column] = _EMPTY
            if seen[row, column, 2] > _NOTHING:
                columns[count] = column
                for axis in range(6):
                    own[axis, count] = seen[row, column, axis]
                reach[count] = reach_of_one / own_z[count]
                total[count] = _NOTHING
                count += 1
        turns = pattern[(row & (_PATTERN - 1)) * _PATTERN :]
        for point in range(points):
            for i in range(count):
                turn = turns[columns[i] & (_PATTERN - 1), point]
                x = int(np.float32(columns[i]) + _HALF + turn[0] * reach[i])
                y = int(np.float32(row) + _HALF + turn[1] * reach[i])
                inside = x >= 0 and y >= 0 and x < width and y < height
                x, y = (x if inside else 0), (y if inside else 0)
                other_x[i], other_y[i] = seen[y, x, 0], seen[y, x, 1]
                other_z[i] = seen[y, x, 2] if inside else _NOTHING
            for i in range(count):
                dx, dy, dz = other_x[i] - own_x[i], other_y[i] - own_y[i], other_z[i] - own_z[i]
                away = dx * dx + dy * dy + dz * dz
                near = _SQUARED - away
                above = dx * normal_x[i] + dy * normal_y[i] + dz * normal_z[i] - _BIAS
                dark = near * near * near * above / (away + _SOFT)
                counts = (near > _NOTHING) & (above > _NOTHING) & (other_z[i] > _NOTHING)
                total[i] += dark if counts else _NOTHING
        for i in range(count):
            rough[row, columns[i]] = max(_NOTHING, _EMPTY - gain * total[i])


@njit(cache=True, nogil=True, error_model="numpy")
def settle(rough, seen, soft):
    """Write each point's depth, 0 where nothing is, and the mean over the pattern's window, within one surface.

    `soft`: (h, w, at least 2) float32.
    """
    height, width = rough.shape
    depth = np.empty((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            depth[row, column] = seen[row, column, 2]
    total = np.empty(width, np.float32)
    weights = np.empty(width, np.float32)
    for row in range(height):
        for column in range(width):
            total[column], weights[column] = _NOTHING, _NOTHING
        for y in range(max(row - 2, 0), min(row + 2, height)):
            for shift in range(-2, 2):
                begin, end = max(-shift, 0), min(width - shift, width)
                here, there = depth[row, begin:end], depth[y, begin + shift : end + shift]
                value, sum_, weight = rough[y, begin + shift : end + shift], total[begin:end], weights[begin:end]
                for i in range(len(here)):
                    same = (there[i] > _NOTHING) & (abs(there[i] - here[i]) < _SAME_SURFACE)
                    sum_[i] += value[i] if same else _NOTHING
                    weight[i] += _EMPTY if same else _NOTHING
        for column in range(width):
            seen_here = depth[row, column] > _NOTHING
            soft[row, column, 0] = depth[row, column]
            soft[row, column, 1] = total[column] / weights[column] if seen_here else _EMPTY
