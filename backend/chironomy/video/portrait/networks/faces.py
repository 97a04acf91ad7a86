# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces: found by two detectors, one for near and one for small ones, then 478 points in a square with level eyes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.video.portrait.networks.attention import AttentionMesh
from chironomy.video.portrait.networks.crops import Crop, Floats, direction, separate
from chironomy.video.portrait.networks.detector import FAR_FACES, NEAR_FACES, Detection, Detector

_FOUND = 0.5
_PRESENT = 0.5
_EYES = 33, 263
"""Of the mesh: the outer corners of both eyes, that on the picture's left first where a person faces the lens."""


class FaceNetworks:
    """Detectors and mesh of faces, loaded once."""

    def __init__(self, near: Path, far: Path, mesh: Path):
        self._near = Detector(near, NEAR_FACES)
        self._far = Detector(far, FAR_FACES)
        self._mesh = AttentionMesh(mesh)

    def __call__(
        self, picture: NDArray[np.uint8], most: int, before: list[Crop] | None = None
    ) -> tuple[list[Floats], list[Crop]]:
        """The meshes of near faces.

        Args:
            picture: (height, width, 3) uint8 RGB.
            most: faces to look for.
            before: where faces of the frame before are looked for; others are looked for where they are fewer.

        Returns:
            (478, 2) pixels of each, and where to look for each in the next frame.
        """
        before = before or []
        found = []
        if len(before) < most:
            found = [_about_face(face) for face in self._near(picture, _FOUND)[:most]]
        height, width = picture.shape[:2]
        crops = separate([*found, *before], (width, height))
        meshes, following = [], []
        for crop in crops:
            points, present = self._mesh(crop.cut(picture, AttentionMesh.SIDE, AttentionMesh.SIDE) / 255)
            if present >= _PRESENT:
                mesh = crop.points(points)
                meshes.append(mesh)
                following.append(_about_mesh(mesh))
        return meshes, following

    def boxes(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """Left, top, right, bottom of all faces, small ones too."""
        return [face.box for face in self._far(picture, _FOUND)]


def _about_face(face: Detection) -> Crop:
    left, top, right, bottom = face.box
    turn = direction(face.points[0], face.points[1], 0.0)
    return Crop((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, turn).larger(1.5)


def _about_mesh(mesh: Floats) -> Crop:
    low, high = mesh[:468].min(axis=0), mesh[:468].max(axis=0)
    turn = direction(mesh[_EYES[0]], mesh[_EYES[1]], 0.0)
    (x, y), (width, height) = (low + high) / 2, high - low
    return Crop(float(x), float(y), float(width), float(height), turn).larger(1.5)
