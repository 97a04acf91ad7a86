# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins for Inception and I3D: a few numbers of a picture, and of a clip, that need no weights.

They see colour, layout, sharpness and how much of these changes from frame to frame. They do not know what a hand or a
face is, so distances in their space say whether two sets of videos look alike in general (exposure, colours, blur,
noise, amount of motion), and nothing of whether a person looks real. They are never compared with any paper's FID or
FVD, and every table names them.

A picture is brought to 128 by 128 pixels by averaging areas, its aspect left aside. 27 numbers, in percent of the range
of 8 bits:

- luma and the two colour differences of BT.601, mean and standard deviation: 6;
- luma's mean in each cell of a grid of three by three: 9;
- the root mean square of luma's differences along rows, columns and both diagonals, at 128, 64 and 32 pixels: 12.

A clip has 54: their means over its frames, and the mean absolute change of each from frame to frame.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIDE = 128
NUMBERS = 27
_COLOURS = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
_GRID = 3
_SCALES = 3


def picture_statistics(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(27,) numbers of a picture (height, width, 3) uint8 RGB."""
    from PIL import Image

    small = np.asarray(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    colours = small @ _COLOURS.T * (100 / 255)
    luma = colours[..., 0]
    edges = np.linspace(0, SIDE, _GRID + 1).astype(int)
    cells = [luma[top:bottom, left:right].mean() for top, bottom in pairwise(edges) for left, right in pairwise(edges)]
    numbers = [*colours.mean(axis=(0, 1)), *colours.std(axis=(0, 1)), *cells]
    for _ in range(_SCALES):
        along = (
            luma[:, 1:] - luma[:, :-1],
            luma[1:] - luma[:-1],
            luma[1:, 1:] - luma[:-1, :-1],
            luma[1:, :-1] - luma[:-1, 1:],
        )
        numbers += [np.sqrt(np.mean(np.square(difference))) for difference in along]
        luma = luma.reshape(luma.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
    return np.array(numbers, np.float64)


def clip_statistics(pictures: NDArray[np.float64]) -> NDArray[np.float64]:
    """(54,) numbers of a clip from those of its pictures (T, 27), T at least 2."""
    return np.concatenate([pictures.mean(axis=0), np.abs(np.diff(pictures, axis=0)).mean(axis=0)])
