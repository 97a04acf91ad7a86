# SPDX-License-Identifier: GPL-3.0-or-later
"""Any file that holds the motion of hands, read by what it is."""

from pathlib import Path

from chironomy.body.rig import Rig, load_rig
from chironomy.exchange.bvh import load_bvh
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.glb import load_gltf_motion
from chironomy.exchange.hands import hands_of_skeleton
from chironomy.exchange.mano_file import is_mano, motion_of_mano_fields
from chironomy.motion.files import load_motion
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import read_arrays

READABLE = (".npz", ".bvh", ".vrma", ".glb")
"""Endings of the files that `load_hand_motion` reads."""


def load_hand_motion(path: str | Path, rig: Rig | None = None) -> HandMotion:
    """Read the hands of a file: this project's own, SMPL-X, SMPL+H or MANO (`.npz`), `.bvh`, `.vrma` or `.glb`.

    Skeletons of BVH, VRM animations and glTF are read by the names of their joints; what they lack, such as fingers, is
    in the motion's `source["note"]`.

    Args:
        path: of the file.
        rig: on whose arms a skeleton's hands are put; by default the character's that ships.

    Raises:
        ChironomyError: the file is missing or of no such kind, or holds no hands; the sentence says which.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        fields = read_arrays(path, ExchangeError, advice="choose a motion file, or write it anew")
        if "format" not in fields and is_mano(fields):
            with fields.named():
                return motion_of_mano_fields(fields, path.name)
        return load_motion(path)
    if suffix not in READABLE:
        raise ExchangeError(f"{path} is no file of motion that is read; choose one that ends with {_listed()}")
    skeleton = load_bvh(path) if suffix == ".bvh" else load_gltf_motion(path)
    try:
        return hands_of_skeleton(rig or load_rig(), skeleton, {"file": path.name, "kind": suffix[1:]})
    except ExchangeError as error:
        raise ExchangeError(f"{path}: {error}") from error


def _listed() -> str:
    return f"{', '.join(READABLE[:-1])} or {READABLE[-1]}"
