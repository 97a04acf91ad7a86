# SPDX-License-Identifier: GPL-3.0-or-later
"""A nominal hand: where a hand's joints and fingertips lie, for what needs lengths without a character."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

FINGERS = ("index", "middle", "pinky", "ring", "thumb")
"""The fingers in MANO's order."""

_MIRROR_X: Array = np.array([-1.0, 1.0, 1.0])

# The left hand flat, palm down, fingers along +x, metres: a large adult hand (19.5 cm from wrist to middle fingertip,
# rounded), so that bounds which hold for it hold for most characters. From the wrist to the first joint, then the bones
# to the second joint, the third and the tip.
_NOMINAL_LEFT = {
    "index": ((0.092, 0.003, 0.025), (0.046, 0.0, 0.0), (0.027, 0.0, 0.0), (0.024, 0.0, 0.0)),
    "middle": ((0.092, 0.005, 0.002), (0.049, 0.0, 0.0), (0.030, 0.0, 0.0), (0.025, 0.0, 0.0)),
    "pinky": ((0.080, -0.003, -0.040), (0.036, 0.0, 0.0), (0.022, 0.0, 0.0), (0.021, 0.0, 0.0)),
    "ring": ((0.087, 0.003, -0.020), (0.045, 0.0, 0.0), (0.028, 0.0, 0.0), (0.025, 0.0, 0.0)),
    "thumb": ((0.025, -0.010, 0.025), (0.035, -0.010, 0.030), (0.025, -0.004, 0.022), (0.022, -0.002, 0.018)),
}


@dataclass(frozen=True, eq=False)
class HandShape:
    """Two hands' bones at rest, flat, in the frame of the body.

    Attributes:
        bones: (2, 5, 4, 3) metres: for each hand and finger in MANO's order, from the wrist to the first joint, from
            each joint to the next, and from the third to the fingertip.
    """

    bones: Array

    @property
    def lever(self) -> Array:
        """(2, 5, 4) metres: the most that lies between the tip and the wrist, the first, second and third joint."""
        lengths = np.linalg.norm(self.bones, axis=-1)
        return np.cumsum(lengths[..., ::-1], axis=-1)[..., ::-1]

    def fingertips(self, motion: HandMotion) -> Array:
        """Return the fingertips (T, 2, 5, 3), metres, in the frame of the body."""
        turn = motion.rotation[:, :, None, 0]
        fingers = motion.rotation[:, :, 1:].reshape(motion.frame_count, 2, 5, 3, 4)
        tip = motion.wrist_position[:, :, None] + quaternion.apply(turn, self.bones[:, :, 0])
        for joint in range(3):
            turn = quaternion.multiply(turn, fingers[:, :, :, joint])
            tip = tip + quaternion.apply(turn, self.bones[:, :, joint + 1])
        return tip


_LEFT: Array = np.array([_NOMINAL_LEFT[finger] for finger in FINGERS])

NOMINAL_HAND = HandShape(np.stack([_LEFT, _LEFT * _MIRROR_X]).astype(np.float64))
"""A large adult hand."""
