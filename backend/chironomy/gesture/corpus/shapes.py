# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand shapes in few degrees of freedom, in degrees.

A shape is (20,): four fingers (index, middle, pinky, ring, as in MANO) by knuckle, middle and end joint flexion and
spread away from the middle finger, then the thumb by opposition, adduction, knuckle and end joint flexion. Recurrent
hand shapes of talk: Kendon 2004, chapters 12 and 13. The end joint bends by about two thirds of the middle one
(Rijpkema and Girard 1991), which every shape here keeps.
"""

import numpy as np
from numpy.typing import NDArray

SHAPE_SIZE = 20


def _shape(
    knuckles: tuple[float, float, float, float],
    middles: tuple[float, float, float, float],
    spread: float,
    thumb: tuple[float, float, float, float],
) -> NDArray[np.float64]:
    """Knuckles and middle joints of index, middle, ring, pinky; spread of the index finger in degrees."""
    index, middle, ring, pinky = (
        [knuckle, joint, joint * 0.62, side * spread]
        for knuckle, joint, side in zip(knuckles, middles, (1.0, 0.0, -0.7, -1.5), strict=True)
    )
    return np.array([*index, *middle, *pinky, *ring, *thumb])


SHAPES: dict[str, NDArray[np.float64]] = {
    # A resting hand curls more from index to little finger.
    "relaxed": _shape((18, 24, 29, 33), (26, 32, 36, 38), 3, (14, 12, 12, 16)),
    "soft": _shape((24, 30, 35, 38), (34, 40, 44, 46), 1, (20, 16, 16, 20)),
    "open": _shape((4, 7, 9, 10), (12, 13, 14, 16), 8, (4, -4, 6, 8)),
    "flat": _shape((3, 3, 4, 5), (7, 7, 8, 9), 1, (6, 12, 6, 8)),
    "cupped": _shape((22, 22, 23, 24), (24, 26, 27, 28), 9, (30, 0, 10, 14)),
    "ring": _shape((46, 30, 24, 20), (48, 30, 26, 26), 5, (38, 6, 18, 26)),
    "bunch": _shape((50, 52, 52, 50), (34, 36, 38, 40), -2, (42, 10, 18, 22)),
    "point": _shape((4, 58, 64, 66), (8, 74, 76, 74), 2, (34, 14, 22, 30)),
    "loose_fist": _shape((48, 54, 58, 60), (62, 66, 68, 68), 0, (28, 16, 18, 28)),
}
