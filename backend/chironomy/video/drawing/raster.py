# SPDX-License-Identifier: GPL-3.0-or-later
"""The one rasteriser: triangles to a visibility buffer, the same bits on every machine.

Coverage is decided in integers (vertices snapped to 1/256 pixel, the usual top-left rule), so neighbouring triangles
neither overlap nor leave a gap; inverse depth is worked out in float64 without fast-math and compared as float32. Each
pixel keeps, for one or four sample points, which face is seen and how near it is. Barycentric weights are not stored:
`corner_weights` finds them for any point of the picture from the ray through it, perspective included.

Compiled functions are cached beside the sources. The cache watches one file at a time: after a change here that other
modules' compiled functions use (`corner_weights`), touch those too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError

NOTHING = -1
"""The face number of a sample that shows no face."""

_SUBPIXEL_BITS = 8
SUBPIXEL = 1 << _SUBPIXEL_BITS
"""Steps a pixel that vertices are snapped to."""

SAMPLE_OFFSETS = {
    1: np.zeros((1, 2), dtype=np.int64),
    # A rotated grid: four different x and four different y, so near-upright and near-level edges get every shade.
    4: np.array([[-32, -96], [96, -32], [-96, 32], [32, 96]], dtype=np.int64),
}
"""Sample points of a pixel, from its centre, in 1/256 pixel (x, y)."""

_SAMPLE_REACH = 96
"""How far a sample point is from its pixel's centre at most, along either axis, in 1/256 pixel."""

_IN_FRONT, _NOT_FINITE = 1, 2


@dataclass
class Visibility:
    """What each sample of a picture sees.

    Attributes:
        inverse_depth: (height, width, samples) float32, 1/metres along the optical axis; 0 where nothing is.
        face: (height, width, samples) int32 index into the faces, `NOTHING` where nothing is.
    """

    inverse_depth: NDArray[np.float32]
    face: NDArray[np.int32]

    @classmethod
    def empty(cls, width: int, height: int, samples: int = 4) -> Visibility:
        """A buffer that sees nothing; reuse it from frame to frame through `rasterise(into=…)`."""
        if samples not in SAMPLE_OFFSETS:
            raise VideoError(f"samples is {samples}, but must be one of {sorted(SAMPLE_OFFSETS)}")
        shape = (height, width, samples)
        return cls(np.zeros(shape, np.float32), np.full(shape, NOTHING, np.int32))

    def depth(self) -> NDArray[np.float32]:
        """(height, width, samples) metres along the optical axis, infinite where nothing is."""
        with np.errstate(divide="ignore"):
            return np.float32(1) / self.inverse_depth


def rasterise(
    camera: Camera,
    vertices: ArrayLike,
    faces: NDArray[np.integer],
    samples: int = 4,
    cull_back_faces: bool = True,
    into: Visibility | None = None,
    seen: NDArray[np.float64] | None = None,
) -> Visibility:
    """Find what each sample of the picture sees.

    Args:
        camera: where from, and the picture's size.
        vertices: (V, 3) metres in the frame of the body.
        faces: (F, 3) vertex indices, counter-clockwise seen from outside.
        samples: sample points a pixel, 1 or 4.
        cull_back_faces: leave out faces that turn their back; right for closed bodies, and faster.
        into: a buffer of the right size to overwrite instead of making a new one.
        seen: the vertices as `seen_from` has them, where they are known already.

    Returns:
        the visibility. Of faces at the very same depth the one with the lower index is seen. Faces that cross the near
        plane are cut at it; faces with a vertex that is not a finite number are left out.
    """
    if into is None:
        into = Visibility.empty(camera.width, camera.height, samples)
    elif into.face.shape != (camera.height, camera.width, samples):
        raise VideoError(
            f"the buffer is {into.face.shape}, but the picture is {(camera.height, camera.width, samples)}"
        )
    else:
        into.inverse_depth.fill(0)
        into.face.fill(NOTHING)
    _fill(
        seen_from(camera, vertices) if seen is None else seen,
        np.ascontiguousarray(faces, dtype=np.int32),
        camera.focal,
        camera.centre[0],
        camera.centre[1],
        camera.near,
        cull_back_faces,
        SAMPLE_OFFSETS[samples],
        into.inverse_depth,
        into.face,
    )
    return into


def seen_from(camera: Camera, points: ArrayLike) -> NDArray[np.float64]:
    """`Camera.view` of (V, 3) points, to the same bits, without its temporary arrays."""
    axes = np.ascontiguousarray(rotation.to_matrix(camera.rotation) * np.array([1.0, -1.0, -1.0]))
    return _seen_from(np.ascontiguousarray(points, np.float64), camera.position, axes)


@njit(cache=True, nogil=True)
def _seen_from(points, position, axes):
    result = np.empty_like(points)
    for point in range(points.shape[0]):
        x, y, z = points[point, 0] - position[0], points[point, 1] - position[1], points[point, 2] - position[2]
        for axis in range(3):
            result[point, axis] = x * axes[0, axis] + y * axes[1, axis] + z * axes[2, axis]
    return result


@njit(cache=True, nogil=True)
def _fill(seen, faces, focal, centre_x, centre_y, near, cull, offsets, inverse_depth, face_index):
    """Draw every face into the buffers. `seen`: (V, 3) right, down, depth in metres."""
    polygon = np.empty((4, 3))
    x = np.empty(4, np.int64)
    y = np.empty(4, np.int64)
    right, bottom = face_index.shape[1] * SUBPIXEL, face_index.shape[0] * SUBPIXEL
    # Most vertices belong to six faces: each is projected once.
    across, down, inverse, usable = _project(seen, focal, centre_x, centre_y, near)
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        if usable[a] == _IN_FRONT and usable[b] == _IN_FRONT and usable[c] == _IN_FRONT:
            turn = (across[b] - across[a]) * (down[c] - down[a]) - (across[c] - across[a]) * (down[b] - down[a])
            if turn == 0 or (cull and turn > 0):
                continue
            # Much of a body is outside a picture of its upper half, and a call costs more than to see that.
            if (
                (across[a] < 0 and across[b] < 0 and across[c] < 0)
                or (across[a] >= right and across[b] >= right and across[c] >= right)
                or (down[a] < 0 and down[b] < 0 and down[c] < 0)
                or (down[a] >= bottom and down[b] >= bottom and down[c] >= bottom)
            ):
                continue
            _fill_triangle(
                across[a], down[a], inverse[a],
                across[b], down[b], inverse[b],
                across[c], down[c], inverse[c],
                face, cull, offsets, inverse_depth, face_index,
            )  # fmt: skip
            continue
        if usable[a] == _NOT_FINITE or usable[b] == _NOT_FINITE or usable[c] == _NOT_FINITE:
            continue
        corners = _cut_at_near_plane(seen, a, b, c, near, polygon)
        for corner in range(corners):
            scale = focal / polygon[corner, 2]
            x[corner] = np.int64(np.floor((polygon[corner, 0] * scale + centre_x) * SUBPIXEL + 0.5))
            y[corner] = np.int64(np.floor((polygon[corner, 1] * scale + centre_y) * SUBPIXEL + 0.5))
        for last in range(2, corners):
            _fill_triangle(
                x[0], y[0], 1.0 / polygon[0, 2],
                x[last - 1], y[last - 1], 1.0 / polygon[last - 1, 2],
                x[last], y[last], 1.0 / polygon[last, 2],
                face, cull, offsets, inverse_depth, face_index,
            )  # fmt: skip


@njit(cache=True, nogil=True)
def _project(seen, focal, centre_x, centre_y, near):
    """Each vertex in 1/256 pixel, its inverse depth, and whether it is in front of the near plane."""
    count = seen.shape[0]
    across = np.zeros(count, np.int64)
    down = np.zeros(count, np.int64)
    inverse = np.zeros(count)
    usable = np.zeros(count, np.int8)
    for vertex in range(count):
        depth = seen[vertex, 2]
        if not (np.isfinite(seen[vertex, 0]) and np.isfinite(seen[vertex, 1]) and np.isfinite(depth)):
            usable[vertex] = _NOT_FINITE
        elif depth >= near:
            scale = focal / depth
            across[vertex] = np.int64(np.floor((seen[vertex, 0] * scale + centre_x) * SUBPIXEL + 0.5))
            down[vertex] = np.int64(np.floor((seen[vertex, 1] * scale + centre_y) * SUBPIXEL + 0.5))
            inverse[vertex] = 1.0 / depth
            usable[vertex] = _IN_FRONT
    return across, down, inverse, usable


@njit(cache=True, nogil=True)
def _cut_at_near_plane(seen, a, b, c, near, polygon):
    """Keep the part of a triangle beyond the near plane: 3 or 4 corners, written to `polygon`, in order."""
    order = (a, b, c, a)
    corners = 0
    for side in range(3):
        start, end = order[side], order[side + 1]
        start_depth, end_depth = seen[start, 2], seen[end, 2]
        if start_depth >= near:
            for axis in range(3):
                polygon[corners, axis] = seen[start, axis]
            corners += 1
        if (start_depth >= near) != (end_depth >= near):
            t = (near - start_depth) / (end_depth - start_depth)
            polygon[corners, 0] = seen[start, 0] + t * (seen[end, 0] - seen[start, 0])
            polygon[corners, 1] = seen[start, 1] + t * (seen[end, 1] - seen[start, 1])
            polygon[corners, 2] = near
            corners += 1
    return corners


@njit(cache=True, nogil=True)
def _fill_triangle(x0, y0, i0, x1, y1, i1, x2, y2, i2, face, cull, offsets, inverse_depth, face_index):
    """Draw one triangle, at 1 or 4 samples a pixel: corners in 1/256 pixel, `i` their inverse depths."""
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if area == 0:
        return
    # Counter-clockwise seen from outside is a negative area here, because y points down.
    if area > 0:
        if cull:
            return
    else:
        x1, x2 = x2, x1
        y1, y2 = y2, y1
        i1, i2 = i2, i1
        area = -area
    height, width = face_index.shape[:2]
    half = SUBPIXEL // 2
    left = max(min(x0, x1, x2) >> _SUBPIXEL_BITS, 0)
    right = min(max(x0, x1, x2) >> _SUBPIXEL_BITS, width - 1)
    top = max(min(y0, y1, y2) >> _SUBPIXEL_BITS, 0)
    bottom = min(max(y0, y1, y2) >> _SUBPIXEL_BITS, height - 1)
    if left > right or top > bottom:
        return
    # Each edge is a function that is positive inside. A sample exactly on an edge belongs to the triangle only where
    # that edge is a top or a left one; taking 1 from the others makes every test ">= 0".
    e0x, e0y = -(y2 - y1), x2 - x1
    e1x, e1y = -(y0 - y2), x0 - x2
    e2x, e2y = -(y1 - y0), x1 - x0
    bias0 = 0 if (e0x > 0 or (e0x == 0 and e0y > 0)) else -1
    bias1 = 0 if (e1x > 0 or (e1x == 0 and e1y > 0)) else -1
    bias2 = 0 if (e2x > 0 or (e2x == 0 and e2y > 0)) else -1
    start_x = left * SUBPIXEL + half
    start_y = top * SUBPIXEL + half
    row0 = (start_x - x1) * e0x + (start_y - y1) * e0y + bias0
    row1 = (start_x - x2) * e1x + (start_y - y2) * e1y + bias1
    row2 = (start_x - x0) * e2x + (start_y - y0) * e2y + bias2
    # Inverse depth is linear over the picture.
    per_area = 1.0 / area
    slope_x = (i0 * e0x + i1 * e1x + i2 * e2x) * per_area
    slope_y = (i0 * e0y + i1 * e1y + i2 * e2y) * per_area
    # Once a row has been entered and left, no more of it is inside.
    if face_index.shape[2] == 1:
        for row in range(top, bottom + 1):
            w0, w1, w2 = row0, row1, row2
            base = i0 + slope_x * (half - x0) + slope_y * (row * SUBPIXEL + half - y0)
            entered = False
            for column in range(left, right + 1):
                inside = w0 | w1 | w2
                if inside >= 0:
                    entered = True
                    _see(inside, base + slope_x * (column * SUBPIXEL), row, column, 0, face, inverse_depth, face_index)
                elif entered:
                    break
                w0 += e0x * SUBPIXEL
                w1 += e1x * SUBPIXEL
                w2 += e2x * SUBPIXEL
            row0 += e0y * SUBPIXEL
            row1 += e1y * SUBPIXEL
            row2 += e2y * SUBPIXEL
        return
    # What each sample point adds to the three edges and to the inverse depth: names, not an array, which is slower.
    a0, a1, a2, a_rise = _at_sample(offsets, 0, e0x, e0y, e1x, e1y, e2x, e2y, slope_x, slope_y)
    b0, b1, b2, b_rise = _at_sample(offsets, 1, e0x, e0y, e1x, e1y, e2x, e2y, slope_x, slope_y)
    c0, c1, c2, c_rise = _at_sample(offsets, 2, e0x, e0y, e1x, e1y, e2x, e2y, slope_x, slope_y)
    d0, d1, d2, d_rise = _at_sample(offsets, 3, e0x, e0y, e1x, e1y, e2x, e2y, slope_x, slope_y)
    slack0 = _SAMPLE_REACH * (abs(e0x) + abs(e0y))
    slack1 = _SAMPLE_REACH * (abs(e1x) + abs(e1y))
    slack2 = _SAMPLE_REACH * (abs(e2x) + abs(e2y))
    for row in range(top, bottom + 1):
        w0, w1, w2 = row0, row1, row2
        base = i0 + slope_x * (half - x0) + slope_y * (row * SUBPIXEL + half - y0)
        entered = False
        for column in range(left, right + 1):
            if (w0 + slack0) | (w1 + slack1) | (w2 + slack2) >= 0:
                entered = True
                here = base + slope_x * (column * SUBPIXEL)
                a, b = (w0 + a0) | (w1 + a1) | (w2 + a2), (w0 + b0) | (w1 + b1) | (w2 + b2)
                c, d = (w0 + c0) | (w1 + c1) | (w2 + c2), (w0 + d0) | (w1 + d1) | (w2 + d2)
                _see(a, here + a_rise, row, column, 0, face, inverse_depth, face_index)
                _see(b, here + b_rise, row, column, 1, face, inverse_depth, face_index)
                _see(c, here + c_rise, row, column, 2, face, inverse_depth, face_index)
                _see(d, here + d_rise, row, column, 3, face, inverse_depth, face_index)
            elif entered:
                break
            w0 += e0x * SUBPIXEL
            w1 += e1x * SUBPIXEL
            w2 += e2x * SUBPIXEL
        row0 += e0y * SUBPIXEL
        row1 += e1y * SUBPIXEL
        row2 += e2y * SUBPIXEL


@njit(cache=True, nogil=True, inline="always")
def _at_sample(offsets, sample, e0x, e0y, e1x, e1y, e2x, e2y, slope_x, slope_y):
    """What a sample point adds to the edges and the inverse depth of a pixel's middle."""
    x, y = offsets[sample, 0], offsets[sample, 1]
    return x * e0x + y * e0y, x * e1x + y * e1y, x * e2x + y * e2y, slope_x * x + slope_y * y


@njit(cache=True, nogil=True, inline="always")
def _see(inside, inverse, row, column, sample, face, inverse_depth, face_index):
    """Let a sample see a face if it is inside of it and sees nothing nearer.

    `inside` is the "or" of the three edges, whose sign is that of any that is negative.
    """
    if inside >= 0:
        near = np.float32(inverse)
        if near > inverse_depth[row, column, sample]:
            inverse_depth[row, column, sample] = near
            face_index[row, column, sample] = face


@njit(cache=True, nogil=True)
def corner_planes(seen, faces):
    """For each face three vectors whose products with a viewing ray are in the ratio of its corner weights.

    The ray from the lens along d meets the plane of the corners a, b, c where their weights are to each other as
    d·(b×c), d·(c×a) and d·(a×b) (the triple product as a volume ratio; Möller and Trumbore 1997 use the same).

    Args:
        seen: (V, 3) metres right, down, depth.
        faces: (F, 3).

    Returns:
        (F, 3, 3) float64.
    """
    planes = np.empty((faces.shape[0], 3, 3))
    for face in range(faces.shape[0]):
        for corner in range(3):
            b = faces[face, (corner + 1) % 3]
            c = faces[face, (corner + 2) % 3]
            planes[face, corner, 0] = seen[b, 1] * seen[c, 2] - seen[b, 2] * seen[c, 1]
            planes[face, corner, 1] = seen[b, 2] * seen[c, 0] - seen[b, 0] * seen[c, 2]
            planes[face, corner, 2] = seen[b, 0] * seen[c, 1] - seen[b, 1] * seen[c, 0]
    return planes


@njit(cache=True, nogil=True, inline="always")
def corner_weights(plane, ray_x, ray_y):
    """The barycentric weights where the ray (ray_x, ray_y, 1) meets a face, perspective included; they add to 1."""
    u = plane[0, 0] * ray_x + plane[0, 1] * ray_y + plane[0, 2]
    v = plane[1, 0] * ray_x + plane[1, 1] * ray_y + plane[1, 2]
    w = plane[2, 0] * ray_x + plane[2, 1] * ray_y + plane[2, 2]
    total = u + v + w
    if total == 0.0:
        return 1.0, 0.0, 0.0
    scale = 1.0 / total
    return u * scale, v * scale, w * scale


def barycentric(
    camera: Camera, vertices: ArrayLike, faces: NDArray[np.integer], visibility: Visibility
) -> NDArray[np.float64]:
    """The barycentric weights of what every sample sees.

    Returns:
        (height, width, samples, 3), adding to 1; zero where nothing is.
    """
    seen = np.ascontiguousarray(camera.view(vertices))
    planes = corner_planes(seen, np.ascontiguousarray(faces, dtype=np.int32))
    offsets = SAMPLE_OFFSETS[visibility.face.shape[2]]
    return _weights(planes, camera.focal, camera.centre[0], camera.centre[1], offsets, visibility.face)


@njit(cache=True, nogil=True)
def _weights(planes, focal, centre_x, centre_y, offsets, face_index):
    height, width, samples = face_index.shape
    result = np.zeros((height, width, samples, 3))
    for row in range(height):
        for column in range(width):
            for sample in range(samples):
                face = face_index[row, column, sample]
                if face < 0:
                    continue
                ray_x = (column + 0.5 + offsets[sample, 0] / SUBPIXEL - centre_x) / focal
                ray_y = (row + 0.5 + offsets[sample, 1] / SUBPIXEL - centre_y) / focal
                result[row, column, sample] = corner_weights(planes[face], ray_x, ray_y)
    return result


@njit(cache=True, nogil=True)
def vertex_normals(vertices, faces):
    """Smooth normals: the mean of the normals of the faces around a vertex, weighted by their areas.

    Args:
        vertices: (V, 3) metres.
        faces: (F, 3), counter-clockwise seen from outside.

    Returns:
        (V, 3) unit vectors; zero for a vertex without a face.
    """
    normals = np.zeros((vertices.shape[0], 3))
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for vertex in (a, b, c):
            normals[vertex, 0] += nx
            normals[vertex, 1] += ny
            normals[vertex, 2] += nz
    for vertex in range(vertices.shape[0]):
        length = np.sqrt(normals[vertex, 0] ** 2 + normals[vertex, 1] ** 2 + normals[vertex, 2] ** 2)
        if length > 0:
            for axis in range(3):
                normals[vertex, axis] /= length
    return normals
