# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand shapes in few degrees of freedom, in degrees.

A shape is (20,): four fingers (index, middle, pinky, ring, as in MANO) by flexion of knuckle, middle and end joint and
abduction of the knuckle, then the thumb by flexion and abduction of its saddle joint and flexion of its knuckle and end
joint; the saddle joint's twist comes with its flexion. Angles are those of `chironomy.body.hand_anatomy`, and every
shape is within its limits. Recurrent hand shapes of talk: Kendon 2004, chapters 12 and 13. The end joint bends by about
two thirds of the middle one (Rijpkema and Girard 1991), which every shape here keeps. Thumbs that touch something were
laid there by least distance on the character's mesh.

Beside 55 poses of a person's hand from a headset (handy.js, MIT): folded fingers bend as far there (knuckles 67 to 95
degrees, middle joints 71 to 108, end joints 50 to 75) and stretched ones are as straight; a resting hand's end joints
bend less (4 to 14 degrees, here 16 to 24), and the ring's index finger bends more in its middle joint (72, here 30) and
less in its knuckle. That counts knuckles from the bone of the palm, about 15 degrees before straight.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import ABDUCTION, FLEXION, THUMB_PRONATION, TWIST, rotation_of_angles
from chironomy.motion.hand_motion import MANO_JOINTS

SHAPE_SIZE = 20

END_PER_MIDDLE = 0.62
"""How far a finger's end joint bends for each degree of its middle joint."""


def _shape(
    knuckles: tuple[float, float, float, float],
    middles: tuple[float, float, float, float],
    spread: float,
    thumb: tuple[float, float, float, float],
) -> NDArray[np.float64]:
    """Knuckles and middle joints of index, middle, ring, pinky; spread of the index finger in degrees."""
    index, middle, ring, pinky = (
        [knuckle, joint, joint * END_PER_MIDDLE, side * spread]
        for knuckle, joint, side in zip(knuckles, middles, (1.0, 0.0, -0.7, -1.5), strict=True)
    )
    return np.array([*index, *middle, *pinky, *ring, *thumb])


SHAPES: dict[str, NDArray[np.float64]] = {
    # A resting hand curls more from index to little finger.
    "relaxed": _shape((18, 24, 29, 33), (26, 32, 36, 38), 3, (18, 2, 12, 16)),
    "soft": _shape((26, 33, 38, 42), (36, 44, 48, 50), 1, (24, 2, 16, 20)),
    "open": _shape((5, 8, 10, 11), (12, 14, 15, 17), 7, (-2, 4, 6, 8)),
    "spread": _shape((-4, -3, -3, -4), (4, 4, 5, 6), 14, (-16, 4, 0, 0)),
    "flat": _shape((2, 2, 2, 3), (4, 4, 4, 5), -1, (19, -6, 4, 6)),
    "cupped": _shape((26, 25, 26, 28), (30, 32, 33, 34), 9, (17, 16, 8, 12)),
    # The pads of thumb and index finger touch.
    "ring": _shape((70, 20, 14, 8), (30, 24, 20, 18), 5, (21, 25, 5, 5)),
    # The pads of index and middle finger lie on the thumb's, the others beside them.
    "bunch": _shape((60, 67, 67, 64), (37, 37, 37, 37), -5, (35, 26, 13, 4)),
    # The thumb lies over the folded middle finger.
    "point": _shape((0, 78, 78, 80), (4, 96, 96, 96), 1, (34, 15, 22, 22)),
    # The thumb lies across index and middle finger.
    "fist": _shape((80, 79, 80, 82), (99, 95, 98, 98), 0, (35, 17, 18, 34)),
    # The thumb lies beside the index finger.
    "loose_fist": _shape((54, 60, 64, 66), (68, 72, 74, 74), 0, (14, -4, 9, 9)),
    # The thumb holds the ring finger, or the little one.
    "two": _shape((0, 0, 80, 80), (4, 4, 97, 96), 9, (36, 17, 43, 18)),
    "three": _shape((0, 0, 5, 72), (4, 4, 8, 92), 8, (38, 18, 57, 25)),
    # The thumb lies across the palm.
    "four": _shape((-2, 0, 0, 0), (4, 4, 5, 6), 9, (38, 14, 40, 30)),
    # The fingers lie in the palm and the thumb stands off.
    "thumb_up": _shape((78, 80, 81, 82), (99, 97, 97, 97), 0, (-18, -4, -8, -12)),
}
SHAPES["five"] = SHAPES["spread"]

# Where the numbers of a shape stand among the angles of MANO's joints.
_FLEXED = [
    MANO_JOINTS.index(f"{finger}{joint}") for finger in ("index", "middle", "pinky", "ring") for joint in (1, 2, 3)
]
_SPREAD = [MANO_JOINTS.index(f"{finger}1") for finger in ("index", "middle", "pinky", "ring")]
_THUMB = MANO_JOINTS.index("thumb1")


def fingers_of_shape(shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Joint rotations of hand shapes.

    Args:
        shape: (..., 2, 20) degrees, of the left and the right hand.

    Returns:
        (..., 2, 15, 4) unit quaternions in MANO's order.
    """
    fingers, thumb = shape[..., :16].reshape(*shape.shape[:-1], 4, 4), shape[..., 16:]
    angles = np.zeros((*shape.shape[:-1], len(MANO_JOINTS), 3))
    angles[..., _FLEXED, FLEXION] = fingers[..., :3].reshape(*shape.shape[:-1], 12)
    angles[..., _SPREAD, ABDUCTION] = fingers[..., 3]
    angles[..., _THUMB, FLEXION], angles[..., _THUMB, ABDUCTION] = thumb[..., 0], thumb[..., 1]
    angles[..., _THUMB, TWIST] = THUMB_PRONATION * thumb[..., 0]
    angles[..., _THUMB + 1 : _THUMB + 3, FLEXION] = thumb[..., 2:]
    return rotation_of_angles(angles)[..., 1:, :]
