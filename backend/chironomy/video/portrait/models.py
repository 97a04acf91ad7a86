# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that find people in pictures, by whichever library can run them.

They are those of mediapipe 0.10.21 (Apache-2.0), the last version that carries its models. Where it is installed, it
runs them itself; it has no wheel from Python 3.13 on, and there LiteRT runs the same models
(`chironomy.video.portrait.networks`), which are fetched once (`chironomy.video.portrait.model_files`).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Hand = tuple[Floats, Floats, float]
"""(21, 2) pixels, (21, 3) metres, and how surely it is a hand."""

MOST_FACES = 4
"""Faces that are looked for; more than one is enough to know a group."""

MOST_HANDS = 4
"""Hands that are looked for in a single picture: some may be other people's."""

SURE_PALM, LIKELY_PALM = 0.5, 0.4
"""The score of a palm that counts in a whole picture, and where a hand is known to be."""

SEGMENT_SIDE = 1920
"""Pixels of the longer side above which the person's mask is made on a smaller copy: the model sees 256 of them."""


class PersonNetworks(Protocol):
    """What is asked of them. Pictures are (height, width, 3) uint8 RGB, points in their pixels."""

    def pose(self, picture: NDArray[np.uint8]) -> tuple[Floats, Floats] | None:
        """(33, 3) x, y and visibility, and (33, 3) metres, of the person who is found most surely."""
        ...

    def hands(self, picture: NDArray[np.uint8]) -> list[Hand]:
        """The hands in a whole picture."""
        ...

    def near_hands(self, picture: NDArray[np.uint8]) -> list[Hand]:
        """The hand in a picture of little more than one, or nothing."""
        ...

    def faces(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """(478, 2) the points of each face that is near."""
        ...

    def near_faces(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """(478, 2) the points of the face in a picture of little more than one, or nothing."""
        ...

    def face_boxes(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """(4,) left, top, right and bottom of each face, of small ones too."""
        ...

    def mask(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(height, width) 0 to 1, how surely a pixel is of a person."""
        ...

    def close(self) -> None:
        """Let them go."""
        ...
