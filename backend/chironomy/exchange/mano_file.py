# SPDX-License-Identifier: GPL-3.0-or-later
"""MANO's parameters of both hands in an `.npz`, named as the Python package smplx names them, with the side before.

`left_global_orient` (T, 3), `left_hand_pose` (T, 45), `left_transl` (T, 3), `left_betas` (T, 10), and likewise
`right_…`; `mocap_frame_rate`; `flat_hand_mean`, true: fingers are relative to the flat hand. Rotation vectors and
metres in the frame of the body. MANO turns a hand about its wrist, which does not lie at the model's origin:
`…_transl` is the wrist's place less where it rests in the model, and `…_wrist_position` is its place.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.mano import motion_of_mano
from chironomy.errors import ChironomyError
from chironomy.exchange.errors import ExchangeError
from chironomy.files import atomic_path
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, HandMotion, checked_fps
from chironomy.motion.smplx import FRAME_RATES, HAND_STARTS, JOINTS, STANDS_IN, is_relative, relaxed_hands
from chironomy.reading import Arrays

Array = NDArray[np.float64]

_ORIENT, _POSE = ("global_orient", "root_orient", "rot"), ("hand_pose", "pose_hand", "pose")
_PLACE = ("wrist_position", "transl", "trans")


def save_mano(motion: HandMotion, path: str | Path, model_wrists: ArrayLike | None = None) -> None:
    """Write the hands as MANO's parameters; `motion_of_mano_fields` gives them back.

    Args:
        motion: the hands.
        path: of the `.npz`.
        model_wrists: (2, 3) where the wrists rest in the models of the left and the right hand that are to be posed, in
            metres: `J_regressor @ v_template`, its first row. Without it they are taken to rest at the origin, as those
            of this project's own hands do.

    Raises:
        ChironomyError: `path` cannot be written.
    """
    if Path(path).suffix != ".npz":
        raise ChironomyError(f"{path} does not end in .npz; give the file that ending")
    rests = np.zeros((2, 3)) if model_wrists is None else np.asarray(model_wrists, dtype=np.float64)
    vectors = quaternion.to_rotation_vector(motion.rotation)
    fields: dict[str, Any] = {"mocap_frame_rate": motion.fps, "flat_hand_mean": True}
    for hand, side in enumerate(HANDS):
        fields |= {
            f"{side}_global_orient": vectors[:, hand, 0],
            f"{side}_hand_pose": vectors[:, hand, 1:].reshape(motion.frame_count, -1),
            f"{side}_transl": motion.wrist_position[:, hand] - rests[hand],
            f"{side}_wrist_position": motion.wrist_position[:, hand],
            # One for each frame: smplx.MANO does not spread one over all.
            f"{side}_betas": np.zeros((motion.frame_count, 10)),
            f"{side}_confidence": motion.confidence[:, hand],
        }
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **fields)


def is_mano(fields: Arrays) -> bool:
    """Whether the fields of a file are MANO's of both hands."""
    return all(_named(fields, side, _ORIENT) and _named(fields, side, _POSE) for side in HANDS) and not (
        "body_pose" in fields or "poses" in fields
    )


def motion_of_mano_fields(fields: Arrays, name: str) -> HandMotion:
    """Return the hands of a file's fields; other names of them are known, too, such as `left_rot` and `left_trans`.

    Args:
        fields: of the file.
        name: of the file, for the motion's source.

    Raises:
        ChironomyError: a field is missing or not what it must be; the sentence says which.
    """
    rates = [rate for rate in FRAME_RATES if rate in fields]
    if not rates:
        raise ExchangeError(f"{name} has no field {FRAME_RATES[0]}, so its frame rate is unknown; add the field")
    fps = checked_fps(fields.number(rates[0]))
    first = fields.numbers(_named(fields, HANDS[0], _ORIENT))
    frames = len(first) if first.ndim else 0
    orient, pose, place = (
        np.stack([_part(fields, name, side, names, frames, width) for side in HANDS], axis=1)
        for names, width in ((_ORIENT, 3), (_POSE, 45), (_PLACE, 3))
    )
    source: dict[str, Any] = {"file": name, "kind": "mano"}
    vectors = np.zeros((frames, JOINTS, 3))
    for hand, start in enumerate(HAND_STARTS):
        vectors[:, start : start + 15] = pose[:, hand].reshape(frames, 15, 3)
    mean = None
    if is_relative(fields, vectors, fps):
        mean, source = relaxed_hands(), {**source, "note": STANDS_IN.replace("SMPL-X", "MANO")}
    motion = motion_of_mano(orient, pose, place, fps, mean)
    sure = [f"{side}_confidence" for side in HANDS]
    if all(each in fields for each in sure):
        motion = motion.replaced(confidence=np.stack([fields.numbers(each) for each in sure], axis=-1))
    return motion.replaced(source=source)


def _named(fields: Arrays, side: str, names: tuple[str, ...]) -> str:
    """The first of the names that the file has of a side; empty where it has none."""
    return next((f"{side}_{name}" for name in names if f"{side}_{name}" in fields), "")


def _part(fields: Arrays, file: str, side: str, names: tuple[str, ...], frames: int, width: int) -> Array:
    """(T, width) of a field of a side."""
    name = _named(fields, side, names)
    if not name:
        raise ExchangeError(f"{file} has no field {side}_{names[-2]}: where the {side} wrist is; add it, in metres")
    values = fields.numbers(name)
    if values.shape == (frames, width // 3, 3):
        values = values.reshape(frames, width)
    if values.shape != (frames, width):
        hint = "; principal components are not read, only all 45 numbers" if width == 45 else ""
        raise ExchangeError(f"{file}: {name} has shape {values.shape}; it must be ({frames}, {width}){hint}")
    return values
