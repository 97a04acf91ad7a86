# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations as arrays: unit quaternions, wxyz, in arrays of shape (..., 4), float64.

`q` and `-q` are one rotation. Products read like matrices: `multiply(a, b)` turns by `b` first, then by `a`. Angles are
radians. Every function broadcasts over the leading axes and loops over nothing.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

IDENTITY: Array = np.array([1.0, 0.0, 0.0, 0.0])
IDENTITY.setflags(write=False)

# Below this angle (radians) the ratio of two vanishing sines is replaced by its limit; the error is of the order of its
# square, i.e. below double precision.
_SMALL = 1e-8


def normalize(q: ArrayLike) -> Array:
    """Return `q` (..., 4) scaled to unit length; a zero quaternion becomes the identity."""
    q = np.asarray(q, dtype=np.float64)
    length = lengths(q)
    if (length > 0.0).all():
        return q / length
    return np.where(length > 0.0, q / np.where(length > 0.0, length, 1.0), IDENTITY)


def dots(a: Array, b: Array) -> Array:
    """Return the scalar products (..., 1) of vectors (..., n); numpy's own sum takes long for axes so short."""
    products = a * b
    total = products[..., :1].copy()
    for column in range(1, products.shape[-1]):
        total += products[..., column : column + 1]
    return total


def lengths(v: Array) -> Array:
    """Return the lengths (..., 1) of vectors (..., n)."""
    return np.sqrt(dots(v, v))


def multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the Hamilton product of `a` and `b` (..., 4): the rotation `b` followed by the rotation `a`."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    w = aw * bw - ax * bx - ay * by - az * bz
    product = np.empty((*w.shape, 4))
    product[..., 0] = w
    product[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    product[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    product[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return product


def inverse(q: ArrayLike) -> Array:
    """Return the inverse of the unit quaternions `q` (..., 4), their conjugates."""
    return np.asarray(q, dtype=np.float64) * np.array([1.0, -1.0, -1.0, -1.0])


def apply(q: ArrayLike, v: ArrayLike) -> Array:
    """Turn the vectors `v` (..., 3) by the unit quaternions `q` (..., 4)."""
    q, v = np.asarray(q, dtype=np.float64), np.asarray(v, dtype=np.float64)
    w, axis = q[..., :1], q[..., 1:]
    # q v q* for a unit q: v + 2w (u × v) + 2 u × (u × v).
    across = 2.0 * cross(axis, v)
    return v + w * across + cross(axis, across)


def cross(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the cross product of vectors `a` and `b` (..., 3); numpy's own spends most of its time on axes."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    x = ay * bz - az * by
    product = np.empty((*x.shape, 3))
    product[..., 0] = x
    product[..., 1] = az * bx - ax * bz
    product[..., 2] = ax * by - ay * bx
    return product


def from_matrix(matrix: ArrayLike) -> Array:
    """Return the quaternions (..., 4) of rotation matrices (..., 3, 3).

    Shepperd's method (1978): of the four expressions for a quaternion, the one that divides by the largest component.
    """
    m = np.asarray(matrix, dtype=np.float64)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    yz, zx, xy = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    sxy, szx, syz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    candidates = np.empty((*xx.shape, 4, 4))
    for row, column, number in (
        *(
            (0, 0, 1.0 + xx + yy + zz),
            (1, 1, 1.0 + xx - yy - zz),
            (2, 2, 1.0 - xx + yy - zz),
            (3, 3, 1.0 - xx - yy + zz),
        ),
        *((0, 1, yz), (0, 2, zx), (0, 3, xy), (1, 2, sxy), (1, 3, szx), (2, 3, syz)),
    ):
        candidates[..., row, column] = candidates[..., column, row] = number
    squares = np.stack([xx + yy + zz, xx - yy - zz, -xx + yy - zz, -xx - yy + zz], axis=-1)
    best = np.argmax(squares, axis=-1)[..., None, None]
    return normalize(np.take_along_axis(candidates, best, axis=-2)[..., 0, :])


def to_matrix(q: ArrayLike) -> Array:
    """Return the rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    q = np.asarray(q, dtype=np.float64)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    matrix = np.empty((*w.shape, 3, 3))
    matrix[..., 0, 0] = 1.0 - 2.0 * (y * y + z * z)
    matrix[..., 0, 1] = 2.0 * (x * y - w * z)
    matrix[..., 0, 2] = 2.0 * (x * z + w * y)
    matrix[..., 1, 0] = 2.0 * (x * y + w * z)
    matrix[..., 1, 1] = 1.0 - 2.0 * (x * x + z * z)
    matrix[..., 1, 2] = 2.0 * (y * z - w * x)
    matrix[..., 2, 0] = 2.0 * (x * z - w * y)
    matrix[..., 2, 1] = 2.0 * (y * z + w * x)
    matrix[..., 2, 2] = 1.0 - 2.0 * (x * x + y * y)
    return matrix


def from_rotation_vector(vector: ArrayLike) -> Array:
    """Return the quaternions (..., 4) of rotation vectors (..., 3), axis times angle in radians ("axis-angle")."""
    vector = np.asarray(vector, dtype=np.float64)
    half = 0.5 * lengths(vector)
    safe = np.where(half > _SMALL, half, 1.0)
    return np.concatenate([np.cos(half), 0.5 * vector * np.where(half > _SMALL, np.sin(safe) / safe, 1.0)], axis=-1)


def to_rotation_vector(q: ArrayLike) -> Array:
    """Return the rotation vectors (..., 3) of unit quaternions (..., 4), of length 0 to pi."""
    q = np.asarray(q, dtype=np.float64)
    q = np.where(q[..., :1] < 0.0, -q, q)
    sine = lengths(q[..., 1:])
    half = np.arctan2(sine, q[..., :1])
    safe = np.where(sine > _SMALL, sine, 1.0)
    return 2.0 * q[..., 1:] * np.where(sine > _SMALL, half / safe, 1.0)


def from_6d(x: ArrayLike) -> Array:
    """Return the quaternions (..., 4) of the 6D form (..., 6): the first two columns of a matrix, one after the other.

    The columns need not be orthonormal; Gram-Schmidt makes them so (Zhou et al., "On the Continuity of Rotation
    Representations in Neural Networks", 2019, section 4.2). Columns that are zero or parallel have no rotation: what
    they give is finite and of unit length, and otherwise arbitrary.
    """
    x = np.asarray(x, dtype=np.float64)
    first, second = _unit(x[..., :3]), x[..., 3:]
    second = _unit(second - dots(first, second) * first)
    return from_matrix(np.stack([first, second, cross(first, second)], axis=-1))


def to_6d(q: ArrayLike) -> Array:
    """Return the 6D form (..., 6) of unit quaternions (..., 4): the matrix's first column, then its second."""
    matrix = to_matrix(q)
    return np.concatenate([matrix[..., :, 0], matrix[..., :, 1]], axis=-1)


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Array:
    """Go from `a` to `b` (..., 4) along the shorter arc at constant speed; `t` (...) is 0 at `a` and 1 at `b`."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    t = np.asarray(t, dtype=np.float64)[..., None]
    b = np.where(dots(a, b) < 0.0, -b, b)
    # The angle between the two as four-vectors, by its half-angle: exact near 0, where arccos of the dot is not.
    theta = 2.0 * np.arctan2(lengths(a - b), lengths(a + b))
    sine = np.sin(theta)
    safe = np.where(sine > _SMALL, sine, 1.0)
    weight_a = np.where(sine > _SMALL, np.sin((1.0 - t) * theta) / safe, 1.0 - t)
    weight_b = np.where(sine > _SMALL, np.sin(t * theta) / safe, t)
    return normalize(weight_a * a + weight_b * b)


def angle(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the angle (...) between the rotations `a` and `b` (..., 4), 0 to pi radians."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    minus, plus = lengths(a - b)[..., 0], lengths(a + b)[..., 0]
    return np.asarray(4.0 * np.arctan2(np.minimum(minus, plus), np.maximum(minus, plus)))


def make_continuous(q: ArrayLike, axis: int = 0) -> Array:
    """Choose the signs of `q` (..., 4) so that neighbours along `axis` lie on one side; the first keeps its sign."""
    q = np.asarray(q, dtype=np.float64)
    if axis < 0:
        axis += q.ndim
    q = np.moveaxis(q, axis, 0)
    if len(q) > 1:
        flips = np.where(dots(q[1:], q[:-1]) < 0.0, -1.0, 1.0)
        q = np.concatenate([q[:1], q[1:] * np.cumprod(flips, axis=0)])
    return np.moveaxis(q, 0, axis)


def facing(q: ArrayLike, other: ArrayLike) -> Array:
    """Return `q` (..., 4) with the signs that bring them nearer to `other` (..., 4)."""
    q, other = np.asarray(q, dtype=np.float64), np.asarray(other, dtype=np.float64)
    return np.where(dots(q, other) < 0.0, -q, q)


def resample(q: ArrayLike, times: ArrayLike, new_times: ArrayLike) -> Array:
    """Sample rotations given at `times` at other times, by slerp along the first axis.

    Args:
        q: (T, ..., 4) unit quaternions.
        times: (T,) increasing seconds.
        new_times: (N,) seconds; before the first and after the last of `times` the end value holds.

    Returns:
        (N, ..., 4) unit quaternions, continuous along the first axis.
    """
    q, times = np.asarray(q, dtype=np.float64), np.asarray(times, dtype=np.float64)
    if len(q) == 1:
        return np.repeat(q, len(np.asarray(new_times)), axis=0)
    new_times = np.clip(np.asarray(new_times, dtype=np.float64), times[0], times[-1])
    after = np.clip(np.searchsorted(times, new_times, side="right"), 1, len(times) - 1)
    part = (new_times - times[after - 1]) / (times[after] - times[after - 1])
    part = part.reshape(part.shape + (1,) * (q.ndim - 2))
    return make_continuous(slerp(q[after - 1], q[after], part))


def swing_twist(q: ArrayLike, axis: ArrayLike) -> tuple[Array, Array]:
    """Split `q` (..., 4) into `swing` and `twist` with `q = swing * twist`, the twist being about `axis` (..., 3)."""
    q, axis = np.asarray(q, dtype=np.float64), _unit(axis)
    along = dots(q[..., 1:], axis)
    twist = normalize(np.concatenate([q[..., :1], along * axis], axis=-1))
    return multiply(q, inverse(twist)), twist


def between(u: ArrayLike, v: ArrayLike) -> Array:
    """Return the smallest rotation (..., 4) that takes the direction of `u` (..., 3) to that of `v` (..., 3).

    Opposite directions have many such rotations; one about an axis across `u` is chosen.
    """
    u, v = np.broadcast_arrays(_unit(u), _unit(v))
    half = np.asarray(u + v, dtype=np.float64)
    length = lengths(half)
    half = half / np.where(length > _SMALL, length, 1.0)
    q = np.concatenate([dots(u, half), cross(u, half)], axis=-1)
    smallest = np.eye(3)[np.argmin(np.abs(u), axis=-1)]
    across = _unit(cross(u, smallest))
    opposite = np.concatenate([np.zeros_like(length), across], axis=-1)
    return normalize(np.where(length > _SMALL, q, opposite))


def _unit(v: ArrayLike) -> Array:
    """Return `v` (..., 3) scaled to unit length; a zero vector stays zero."""
    v = np.asarray(v, dtype=np.float64)
    length = lengths(v)
    return v / np.where(length > 0.0, length, 1.0)
