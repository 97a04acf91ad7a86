# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion as arrays: `HandMotion` and `FaceTrack`, rotations, edits, key reduction and files. Needs numpy alone."""

from chironomy.files import atomic_path
from chironomy.motion.curves import SparseKeys, evaluate
from chironomy.motion.edit import mirror, offset_wrist
from chironomy.motion.errors import MotionError
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.files import load_face, load_hands, load_motion, load_smplx, save_face, save_hands, save_smplx
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion
from chironomy.motion.reduce import (
    BoneKeys,
    hand_bones,
    key_ratio,
    motion_of_keys,
    reduce_columns,
    reduce_curves,
    reduce_hands,
    reduce_position,
    reduce_rotation,
)

__all__ = [
    "FACE_ACTIONS",
    "HANDS",
    "MANO_JOINTS",
    "BoneKeys",
    "FaceTrack",
    "HandMotion",
    "MotionError",
    "SparseKeys",
    "atomic_path",
    "evaluate",
    "hand_bones",
    "key_ratio",
    "load_face",
    "load_hands",
    "load_motion",
    "load_smplx",
    "mirror",
    "motion_of_keys",
    "offset_wrist",
    "reduce_columns",
    "reduce_curves",
    "reduce_hands",
    "reduce_position",
    "reduce_rotation",
    "save_face",
    "save_hands",
    "save_smplx",
]
