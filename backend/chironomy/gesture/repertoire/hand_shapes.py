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


_KNUCKLE, _CURLED = 72, 92  # knuckle and middle joint of a finger that is folded into the palm

SHAPES: dict[str, NDArray[np.float64]] = {
    # A resting hand curls more from index to little finger.
    "relaxed": _shape((18, 24, 29, 33), (26, 32, 36, 38), 3, (14, 12, 12, 16)),
    "soft": _shape((26, 33, 38, 42), (36, 44, 48, 50), 1, (20, 16, 16, 20)),
    "open": _shape((5, 8, 10, 11), (12, 14, 15, 17), 7, (4, -4, 6, 8)),
    "spread": _shape((-4, -3, -3, -4), (4, 4, 5, 6), 14, (-6, -18, 0, 0)),
    "flat": _shape((2, 2, 2, 3), (4, 4, 4, 5), -1, (4, 20, 4, 6)),
    "cupped": _shape((26, 25, 26, 28), (30, 32, 33, 34), 9, (30, -4, 8, 12)),
    # Thumb and index finger touch at their pads: found by least distance, 13 mm between the bones' ends.
    "ring": _shape((46, 20, 14, 8), (48, 24, 20, 18), 5, (38, 3, 18, 26)),
    "bunch": _shape((52, 56, 55, 50), (36, 36, 38, 42), -3, (44, 8, 16, 20)),
    "point": _shape((0, _KNUCKLE, 74, 74), (4, _CURLED, _CURLED, _CURLED), 1, (40, 16, 34, 44)),
    "fist": _shape((_KNUCKLE, 74, 76, 76), (_CURLED, _CURLED, _CURLED, _CURLED), 0, (42, 18, 36, 46)),
    "loose_fist": _shape((52, 58, 62, 64), (66, 70, 72, 72), 0, (30, 16, 20, 30)),
    "two": _shape((0, 0, 74, 74), (4, 4, _CURLED, _CURLED), 9, (44, 14, 38, 48)),
    "three": _shape((0, 0, 2, _KNUCKLE), (4, 4, 6, _CURLED), 8, (46, 12, 40, 50)),
}
