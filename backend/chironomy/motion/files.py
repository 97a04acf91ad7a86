# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion files: the project's own `.npz` (no pickles), and SMPL-X `.npz` as BEAT2, EMAGE and TalkSHOW use it.

Nothing is ever half-written: files appear under their name when they are whole.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion.arm import NOMINAL_ARM, ArmBones
from chironomy.motion.errors import MotionError
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.smplx import LAYOUTS, is_smplx, motion_of_fields, smplx_of_motion
from chironomy.reading import Arrays, read_arrays
from chironomy.schema import Schema

_ADVICE = "choose a motion file, or write it anew"

HANDS_FILE = Schema("chironomy.hands", "a motion of hands", MotionError, _ADVICE)
FACE_FILE = Schema("chironomy.face", "a face track", MotionError, "choose a face track, or write it anew")


def save_hands(motion: HandMotion, path: str | Path, grain: float = 0.0) -> None:
    """Write `motion` as a `.npz` of format `chironomy.hands/1`; `load_hands` gives back equal arrays.

    Args:
        motion: the hands.
        path: of the file.
        grain: a power of 2 to whose multiples the numbers are rounded, which makes the file smaller; 0 for none.

    Raises:
        MotionError: `motion.source` holds what JSON cannot.
        ChironomyError: `path` cannot be written.
    """
    fields = {
        "format": HANDS_FILE.format,
        "fps": motion.fps,
        "wrist_position": grained(motion.wrist_position, grain),
        "rotation": grained(motion.rotation, grain),
        "confidence": grained(motion.confidence, grain),
        "source": _source_text(motion.source),
    }
    _write(path, fields)


def grained(values: NDArray[np.float64], grain: float) -> NDArray[np.float64]:
    """Return numbers rounded to multiples of a power of 2, exactly; as they are where that is 0."""
    return np.round(values / grain) * grain if grain else values


def load_hands(path: str | Path) -> HandMotion:
    """Read a motion that `save_hands` wrote.

    Raises:
        MotionError: the file is missing, is no such file, or a field is not what it must be; the sentence says which.
    """
    return _hands(HANDS_FILE.read_arrays(path))


def save_face(track: FaceTrack, path: str | Path, grain: float = 0.0) -> None:
    """Write `track` as a `.npz` of format `chironomy.face/1`; `grain` as of `save_hands`.

    Raises:
        ChironomyError: `path` cannot be written.
    """
    actions = np.array(FACE_ACTIONS)
    values = grained(track.values, grain)
    _write(path, {"format": FACE_FILE.format, "fps": track.fps, "values": values, "actions": actions})


def load_face(path: str | Path) -> FaceTrack:
    """Read a face track that `save_face` wrote.

    Raises:
        MotionError: the file is missing, is no such file, or a field is not what it must be; the sentence says which.
    """
    fields = FACE_FILE.read_arrays(path)
    if fields.texts("actions") != FACE_ACTIONS:
        raise MotionError(f"{path}: actions are not the 52 ARKit actions in alphabetical order; write the file anew")
    with fields.named():
        return FaceTrack(fps=fields.number("fps"), values=fields.numbers("values"))


def save_smplx(motion: HandMotion, path: str | Path, bones: ArmBones = NOMINAL_ARM, layout: str = LAYOUTS[0]) -> None:
    """Write `motion` as joint rotations of SMPL-X or SMPL+H, by default in BEAT2's layout.

    There, `poses` (T, 165) holds 55 rotation vectors: 22 of the body, jaw, two eyes, 15 of the left hand, 15 of the
    right, fingers relative to the flat hand. Arms follow the wrists by `arms_of_wrists`, which moves wrists that are
    out of the arm's reach to within it; the other joints, `trans` and `betas` are zero. `confidence`, `flat_hand_mean`
    and `source` are added fields that other readers pass over.

    Args:
        motion: the hands.
        path: of the `.npz`.
        bones: the arm's bones.
        layout: "beat2"; "amass", in which z is up, with the same `poses` and one field a part of the body; "smplh",
            AMASS's of SMPL+H, whose `poses` (T, 156) have neither jaw nor eyes; or "smplx", the parameters of the
            Python package smplx.

    Raises:
        MotionError: `motion.source` holds what JSON cannot, or there is no such layout.
        ChironomyError: `path` cannot be written.
    """
    _write(path, {**smplx_of_motion(motion, bones, layout), "source": _source_text(motion.source)})


def load_smplx(path: str | Path, bones: ArmBones = NOMINAL_ARM, hand_mean: ArrayLike | None = None) -> HandMotion:
    """Read the hands from SMPL-X or SMPL+H joint rotations, in any layout of `chironomy.motion.smplx`.

    Wrists are placed by the rotations of collars, shoulders and elbows over `bones`, in the frame of the upper chest:
    where the person stands and how the torso turns does not matter, nor do the file's `betas`.

    Args:
        path: a file with `poses`, or with one field a part of the body, and `mocap_frame_rate` (or
            `mocap_framerate`).
        bones: the arm's bones.
        hand_mean: (2, 45) rotation vectors to add to the fingers, for files whose fingers are relative to the model's
            mean hand (smplx's `flat_hand_mean=False`): `hands_meanl` and `hands_meanr` of your own SMPL-X model file.
            Without it such files are recognised, a relaxed hand is added, and the motion's `source["note"]` says so.

    Raises:
        MotionError: the file is missing, is no such file, or a field is not what it must be; the sentence says which.
    """
    fields = read_arrays(path, MotionError, advice=_ADVICE)
    with fields.named():
        return motion_of_fields(fields, Path(path).name, bones, hand_mean)


def load_motion(path: str | Path) -> HandMotion:
    """Read a motion file of either kind, whichever it is.

    Raises:
        MotionError: the file is missing or of neither kind, or a field is not what it must be.
    """
    fields = read_arrays(path, MotionError, advice=_ADVICE)
    if "format" in fields:
        return _hands(HANDS_FILE.newest(fields, fields.about.name))
    if is_smplx(fields):
        with fields.named():
            return motion_of_fields(fields, Path(path).name)
    raise MotionError(
        f"{path} is not a motion: it has neither the field format (Chironomy) nor poses or body_pose (SMPL-X), only "
        f"{fields.listing}; choose a motion file"
    )


def _hands(fields: Arrays) -> HandMotion:
    with fields.named():
        return HandMotion(
            fps=fields.number("fps"),
            wrist_position=fields.numbers("wrist_position"),
            rotation=fields.numbers("rotation"),
            confidence=fields.numbers("confidence"),
            source=fields.json("source"),
        )


def _source_text(source: dict[str, Any]) -> str:
    try:
        return json.dumps(source, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MotionError(f"source cannot be written as JSON ({error}); keep plain values in it") from None


def _write(path: str | Path, fields: dict[str, Any]) -> None:
    if Path(path).suffix != ".npz":
        raise ChironomyError(f"{path} does not end in .npz; give the file that ending")
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **fields)
