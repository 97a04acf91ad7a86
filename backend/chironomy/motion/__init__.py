# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion as arrays: `HandMotion` and `FaceTrack`, rotations, edits, key reduction and files. Needs numpy alone."""

from chironomy.motion.edit import mirror, offset_wrist
from chironomy.motion.errors import MotionError
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.files import (
    atomic_path,
    load_face,
    load_hands,
    load_motion,
    load_smplx,
    save_face,
    save_hands,
    save_smplx,
)
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion

__all__ = [
    "FACE_ACTIONS",
    "HANDS",
    "MANO_JOINTS",
    "FaceTrack",
    "HandMotion",
    "MotionError",
    "atomic_path",
    "load_face",
    "load_hands",
    "load_motion",
    "load_smplx",
    "mirror",
    "offset_wrist",
    "save_face",
    "save_hands",
    "save_smplx",
]
