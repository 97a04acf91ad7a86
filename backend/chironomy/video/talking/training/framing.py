# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a picture that is trained on, and what was measured in the whole picture as that part has it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.camera import Camera


@dataclass(frozen=True)
class Framing:
    """A cut of the middle, in another size: x' = scale x - offset.

    Attributes:
        source: width and height of the whole picture.
        size: width and height of what is trained on.
        scale: pixels of it for one of the whole picture.
        offset: (2,) pixels cut off at the left and at the top, in the new size.
    """

    source: tuple[int, int]
    size: tuple[int, int]
    scale: float
    offset: tuple[float, float]

    @classmethod
    def fitting(cls, source: tuple[int, int], size: tuple[int, int]) -> "Framing":
        """As much of the middle as the new size's proportions hold."""
        scale = max(size[0] / source[0], size[1] / source[1])
        return cls(source, size, scale, ((source[0] * scale - size[0]) / 2, (source[1] * scale - size[1]) / 2))

    def picture(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(height, width, 3) of the new size, resampled by Lanczos."""
        from PIL import Image

        left, top = (offset / self.scale for offset in self.offset)
        box = (left, top, left + self.size[0] / self.scale, top + self.size[1] / self.scale)
        box = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], self.source[0]), min(box[3], self.source[1]))
        return np.array(Image.fromarray(picture).resize(self.size, Image.Resampling.LANCZOS, box=box))

    def points(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) pixels of the whole picture as pixels of the new one."""
        return np.asarray(points, np.float64) * self.scale - np.array(self.offset)

    def boxes(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 4) left, top, right, bottom likewise."""
        return np.asarray(boxes, np.float64) * self.scale - np.tile(self.offset, 2)

    def camera(self, camera: Camera) -> Camera:
        """The camera that sees the new picture."""
        return Camera(
            *self.size,
            camera.focal * self.scale,
            camera.position,
            camera.rotation,
            self.points(camera.centre),
            camera.near,
        )
