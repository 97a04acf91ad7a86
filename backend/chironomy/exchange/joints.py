# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of joints alone, by the names of their formats in `exchange.presets`."""

from pathlib import Path

from chironomy.exchange.bvh import save_bvh
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.mano_file import save_mano
from chironomy.exchange.presets import FORMATS, NAMES
from chironomy.exchange.skeleton import SkeletonMotion
from chironomy.exchange.vrma import save_vrma
from chironomy.motion.face import FaceTrack
from chironomy.motion.files import save_hands, save_smplx
from chironomy.motion.hand_motion import HandMotion

_LAYOUTS = {"smplx": "beat2", "amass": "amass", "smplh": "smplh"}


def of_skeletons(kind: str) -> bool:
    """Whether a format holds a skeleton's motion, and not that of hands alone."""
    return kind in ("bvh", "vrma")


def save_joints(
    kind: str,
    path: str | Path,
    skeleton: SkeletonMotion | None = None,
    hands: HandMotion | None = None,
    face: FaceTrack | None = None,
    names: str = "own",
) -> None:
    """Write a file of a format that Blender does not write.

    Args:
        kind: one of `exchange.presets.FORMATS`.
        path: of the file.
        skeleton: the motion of all joints, for a format `of_skeletons`; of a VRM animation, resting in a T-pose.
        hands: likewise, for the others.
        face: at the frames of the skeleton, for a VRM animation.
        names: one of `exchange.presets.NAMES`, for BVH.

    Raises:
        ExchangeError: the format is not one of these, or does not hold what is given.
        ChironomyError: `path` cannot be written.
    """
    if kind in ("bvh", "vrma") and skeleton is not None:
        if kind == "vrma":
            save_vrma(skeleton, path, face)
        else:
            save_bvh(skeleton.renamed(NAMES[names]), path)
    elif kind == "mano" and hands is not None:
        save_mano(hands, path)
    elif kind == "hands" and hands is not None:
        save_hands(hands, path)
    elif kind in _LAYOUTS and hands is not None:
        save_smplx(hands, path, layout=_LAYOUTS[kind])
    else:
        raise ExchangeError(f"{kind} is no format of joints; choose one of {', '.join(FORMATS)}")
