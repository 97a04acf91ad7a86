# SPDX-License-Identifier: GPL-3.0-or-later
"""Places on mediapipe's face mesh, and faces brought to one place, size and tilt.

Sides are the person's own: their right eye is on the picture's left.
"""

import numpy as np
from numpy.typing import NDArray

RIGHT_IRIS, LEFT_IRIS, NOSE_TIP, RIGHT_LIP_CORNER, LEFT_LIP_CORNER = 468, 473, 1, 61, 291
UPPER_LIP, LOWER_LIP = 13, 14
"""The inner edges of the lips, at their middle."""

RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263
"""The outer ones, whose distance is the size of a face."""

STILL = (33, 133, 263, 362, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327)
"""Corners of the eyes and the ridge and wings of the nose: what expressions hardly move."""

MOVING = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,  # lips, outer edge
    13, 14, 78, 308,  # lips, inner edge
    159, 145, 386, 374,  # lids
    105, 107, 334, 336,  # brows
)  # fmt: skip
"""What expressions move most: 32 points, 64 numbers."""


def face_size(face: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...,) distance of the outer corners of the eyes of faces (..., 478, 2), in pixels."""
    return np.linalg.norm(face[..., RIGHT_EYE_CORNER, :] - face[..., LEFT_EYE_CORNER, :], axis=-1)


def similarity_to(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 3) turn, scale and shift that bring points (N, 2) nearest to a target (N, 2), in least squares.

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", in the plane,
    where the turn and the scale are one complex number.
    """
    middle, aim = points.mean(axis=0), target.mean(axis=0)
    given = (points - middle) @ [1, 1j]
    wanted = (target - aim) @ [1, 1j]
    factor = np.vdot(given, wanted) / max(np.vdot(given, given).real, 1e-12)
    matrix = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.concatenate([matrix, (aim - matrix @ middle)[:, None]], axis=1)


def transformed(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (N, 2) by a matrix (2, 3)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def aligned_faces(faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T', 478, 2) the found ones of faces (T, 478, 2), on the eyes and nose of the first; unit: its `face_size`."""
    found = faces[np.isfinite(faces).all(axis=(1, 2))]
    if len(found) == 0:
        return found
    target = (found[0] - found[0].mean(axis=0)) / face_size(found[0])
    still = list(STILL)
    return np.array([transformed(face, similarity_to(face[still], target[still])) for face in found])
