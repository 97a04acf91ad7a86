# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion as arrays: `HandMotion` and `FaceTrack`, rotations, edits, key poses and files. Needs numpy alone."""

from chironomy.files import atomic_path
from chironomy.motion.curves import SparseKeys, evaluate
from chironomy.motion.edit import mirror, offset_wrist
from chironomy.motion.errors import MotionError
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.files import load_face, load_hands, load_motion, load_smplx, save_face, save_hands, save_smplx
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion, hand_bones

__all__ = [
    "FACE_ACTIONS",
    "HANDS",
    "MANO_JOINTS",
    "FaceTrack",
    "HandMotion",
    "MotionError",
    "SparseKeys",
    "atomic_path",
    "evaluate",
    "hand_bones",
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
