# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand motion as rows of numbers for a network, and back.

A frame is 198 numbers: for the left hand, then the right, 3 of wrist position in metres and 16 x 6 of rotations in the
6D form (Zhou et al. 2019): the continuous equivalent of the paper's 2 x (16 quaternions + 3) = 134.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import rotation as quaternion

WRIST_DIM = 3 + 6
HAND_DIM = WRIST_DIM + 15 * 6
MOTION_DIM = 2 * HAND_DIM


def encode(wrist_position: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float32]:
    """(T, 198) from wrists (T, 2, 3) in metres and rotations (T, 2, 16, 4)."""
    frames = len(wrist_position)
    turns = quaternion.to_6d(rotation).reshape(frames, 2, 96)
    return np.concatenate([wrist_position, turns], axis=-1).reshape(frames, MOTION_DIM).astype(np.float32)


def decode(motion: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wrists (T, 2, 3) in metres and the nearest valid rotations (T, 2, 16, 4) of (T, 198)."""
    hands = np.asarray(motion, np.float64).reshape(len(motion), 2, HAND_DIM)
    return hands[..., :3].copy(), quaternion.from_6d(hands[..., 3:].reshape(len(motion), 2, 16, 6))
