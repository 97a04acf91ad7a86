# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion files: the project's own `.npz` (no pickles), and SMPL-X `.npz` as BEAT2, EMAGE and TalkSHOW use it.

Nothing is ever half-written: files appear under their name when they are whole.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion import rotation as quaternion
from chironomy.motion.arm import NOMINAL_ARM, ArmBones, arms_of_wrists, wrists_of_arms
from chironomy.motion.errors import MotionError
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.hand_motion import HandMotion, checked_array, checked_fps

HANDS_FORMAT = "chironomy.hands/1"
FACE_FORMAT = "chironomy.face/1"

# Unpacked size above which a file is refused: an hour of 60 frames a second takes 230 MB.
_LARGEST_FILE = 2 << 30


_SMPLX_JOINTS = 55
# Collar, shoulder, elbow and wrist of the left and the right arm, and where each hand's 15 joints begin.
_SMPLX_ARMS = [[13, 16, 18, 20], [14, 17, 19, 21]]
_SMPLX_HANDS = (25, 40)
_SMPLX_FRAME_RATES = ("mocap_frame_rate", "mocap_framerate")


def save_hands(motion: HandMotion, path: str | Path) -> None:
    """Write `motion` as a `.npz` of format `chironomy.hands/1`; `load_hands` gives back equal arrays.

    Raises:
        MotionError: `motion.source` holds what JSON cannot.
        ChironomyError: `path` cannot be written.
    """
    fields = {
        "format": HANDS_FORMAT,
        "fps": motion.fps,
        "wrist_position": motion.wrist_position,
        "rotation": motion.rotation,
        "confidence": motion.confidence,
        "source": _source_text(motion.source),
    }
    _write(path, fields)


def load_hands(path: str | Path) -> HandMotion:
    """Read a motion that `save_hands` wrote.

    Raises:
        MotionError: the file is missing, is no such file, or a field is not what it must be; the sentence says which.
    """
    return _hands(Path(path), read_arrays(path))


def save_face(track: FaceTrack, path: str | Path) -> None:
    """Write `track` as a `.npz` of format `chironomy.face/1`.

    Raises:
        ChironomyError: `path` cannot be written.
    """
    actions = np.array(FACE_ACTIONS)
    _write(path, {"format": FACE_FORMAT, "fps": track.fps, "values": track.values, "actions": actions})


def load_face(path: str | Path) -> FaceTrack:
    """Read a face track that `save_face` wrote.

    Raises:
        MotionError: the file is missing, is no such file, or a field is not what it must be; the sentence says which.
    """
    path, fields = Path(path), read_arrays(path)
    _check_format(path, fields, FACE_FORMAT, "a face track")
    if tuple(str(name) for name in np.atleast_1d(_field(path, fields, "actions"))) != FACE_ACTIONS:
        raise MotionError(f"{path}: actions are not the 52 ARKit actions in alphabetical order; write the file anew")
    with _about(path):
        return FaceTrack(fps=checked_fps(_field(path, fields, "fps")), values=_field(path, fields, "values"))


def save_smplx(motion: HandMotion, path: str | Path, bones: ArmBones = NOMINAL_ARM) -> None:
    """Write `motion` as SMPL-X joint rotations, in BEAT2's layout.

    `poses` (T, 165) holds 55 rotation vectors: 22 of the body, jaw, two eyes, 15 of the left hand, 15 of the right,
    fingers relative to the flat hand. Arms follow the wrists by `arms_of_wrists`, which moves wrists that are out of
    the arm's reach to within it; the other joints, `trans` and `betas` are zero. `confidence` and `source` are added
    fields that other readers pass over.

    Raises:
        MotionError: `motion.source` holds what JSON cannot.
        ChironomyError: `path` cannot be written.
    """
    frames = motion.frame_count
    poses = np.zeros((frames, _SMPLX_JOINTS, 3))
    arms = arms_of_wrists(motion.wrist_position, motion.rotation[:, :, 0], bones)
    for hand in range(2):
        poses[:, _SMPLX_ARMS[hand]] = quaternion.to_rotation_vector(arms[:, hand])
        start = _SMPLX_HANDS[hand]
        poses[:, start : start + 15] = quaternion.to_rotation_vector(motion.rotation[:, hand, 1:])
    fields = {
        "poses": poses.reshape(frames, -1),
        "trans": np.zeros((frames, 3)),
        "betas": np.zeros(300),
        "expressions": np.zeros((frames, 100)),
        "gender": "neutral",
        "mocap_frame_rate": motion.fps,
        "confidence": motion.confidence,
        "source": _source_text(motion.source),
    }
    _write(path, fields)


def load_smplx(path: str | Path, bones: ArmBones = NOMINAL_ARM, hand_mean: ArrayLike | None = None) -> HandMotion:
    """Read the hands from SMPL-X joint rotations: BEAT2's, EMAGE's or TalkSHOW's `.npz`, or what `save_smplx` wrote.

    Wrists are placed by the rotations of collars, shoulders and elbows over `bones`, in the frame of the upper chest:
    where the person stands and how the torso turns does not matter, nor do the file's `betas`.

    Args:
        path: a file with `poses` (T, 165) and `mocap_frame_rate` (or `mocap_framerate`).
        bones: the arm's bones.
        hand_mean: (2, 45) rotation vectors to add to the fingers, for files whose fingers are relative to the model's
            mean hand (smplx's `flat_hand_mean=False`): `hands_meanl` and `hands_meanr` of your own SMPL-X model file.

    Raises:
        MotionError: the file is missing, is no such file, or a field is not what it must be; the sentence says which.
    """
    return _smplx(Path(path), read_arrays(path), bones, hand_mean)


def load_motion(path: str | Path) -> HandMotion:
    """Read a motion file of either kind, whichever it is.

    Raises:
        MotionError: the file is missing or of neither kind, or a field is not what it must be.
    """
    path, fields = Path(path), read_arrays(path)
    if "format" in fields:
        return _hands(path, fields)
    if "poses" in fields:
        return _smplx(path, fields, NOMINAL_ARM, None)
    raise MotionError(
        f"{path} is not a motion: it has neither the field format (Chironomy) nor poses (SMPL-X), "
        f"only {_listing(fields)}; choose a motion file"
    )


def _hands(path: Path, fields: dict[str, Any]) -> HandMotion:
    _check_format(path, fields, HANDS_FORMAT, "a motion of hands")
    try:
        source = json.loads(str(_field(path, fields, "source")))
    except json.JSONDecodeError as error:
        raise MotionError(f"{path}: source is not JSON ({error}); write the file anew") from None
    with _about(path):
        return HandMotion(
            fps=checked_fps(_field(path, fields, "fps")),
            wrist_position=_field(path, fields, "wrist_position"),
            rotation=_field(path, fields, "rotation"),
            confidence=_field(path, fields, "confidence"),
            source=source,
        )


def motion_of_smplx(
    poses: ArrayLike,
    fps: float,
    bones: ArmBones = NOMINAL_ARM,
    hand_mean: ArrayLike | None = None,
    confidence: ArrayLike | None = None,
    source: dict[str, Any] | None = None,
) -> HandMotion:
    """Return the hands of SMPL-X joint rotations.

    Args:
        poses: (T, 165) or (T, 55, 3) rotation vectors in SMPL-X's order.
        fps: frames a second.
        bones: the arm's bones.
        hand_mean: (2, 45) rotation vectors to add to the fingers, as of `load_smplx`.
        confidence: (T, 2); 1 where it is not given.
        source: what the motion was made from.

    Raises:
        MotionError: a field is not what it must be; the sentence says which.
    """
    poses = np.asarray(poses)
    if poses.ndim == 3 and poses.shape[1:] == (_SMPLX_JOINTS, 3):
        poses = poses.reshape(len(poses), -1)
    frames = len(poses) if poses.ndim else 0
    vectors = checked_array("poses", poses, (frames, _SMPLX_JOINTS * 3)).reshape(frames, _SMPLX_JOINTS, 3)
    fingers = np.stack([vectors[:, start : start + 15] for start in _SMPLX_HANDS], axis=1)
    if hand_mean is not None:
        fingers = fingers + checked_array("hand_mean", hand_mean, (2, 45)).reshape(2, 15, 3)
    arms = quaternion.from_rotation_vector(vectors[:, np.array(_SMPLX_ARMS)])
    position, orientation = wrists_of_arms(arms, bones)
    rotation = np.concatenate([orientation[:, :, None], quaternion.from_rotation_vector(fingers)], axis=2)
    return HandMotion(
        fps=checked_fps(fps),
        wrist_position=position,
        rotation=rotation,
        confidence=np.ones((frames, 2)) if confidence is None else np.asarray(confidence),
        source=source or {},
    )


def _smplx(path: Path, fields: dict[str, Any], bones: ArmBones, hand_mean: ArrayLike | None) -> HandMotion:
    poses = _field(path, fields, "poses")
    rates = [name for name in _SMPLX_FRAME_RATES if name in fields]
    if not rates:
        raise MotionError(
            f"{path} has no field {' or '.join(_SMPLX_FRAME_RATES)}, so its frame rate is unknown; add the field"
        )
    with _about(path):
        source = {"file": path.name, "kind": "smplx"}
        if "source" in fields:
            try:
                source = json.loads(str(fields["source"]))
            except json.JSONDecodeError as error:
                raise MotionError(f"source is not JSON ({error}); remove the field") from None
        rate = checked_fps(_field(path, fields, rates[0]))
        return motion_of_smplx(poses, rate, bones, hand_mean, fields.get("confidence"), source)


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


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an `.npz` without ever unpickling; fields that hold objects are None.

    Raises:
        MotionError: the file is missing, damaged, or larger than any motion.
    """
    path = Path(path)
    if not path.is_file():
        raise MotionError(f"{path} does not exist; give the path of a .npz file")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > _LARGEST_FILE:
            raise MotionError(f"{path} unpacks to {size / 2**30:.1f} GiB, more than any motion takes; it was not read")
        fields = {}
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                try:
                    fields[name] = file[name]
                except ValueError:
                    # Only a field that is needed is worth an error: `_field` raises it.
                    fields[name] = None
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError) as error:
        if isinstance(error, MotionError):
            raise
        raise MotionError(f"{path} is not a whole .npz file; choose a motion file, or write it anew") from error
    return fields


def _field(path: Path, fields: dict[str, Any], name: str) -> NDArray[Any]:
    if name not in fields:
        raise MotionError(f"{path} has no field {name}, only {_listing(fields)}; choose a motion file")
    if fields[name] is None:
        raise MotionError(f"{path}: {name} holds pickled objects, which are never loaded; save it as a plain array")
    return fields[name]


def _check_format(path: Path, fields: dict[str, Any], expected: str, what: str) -> None:
    found = str(_field(path, fields, "format"))
    if found != expected:
        raise MotionError(
            f"{path} has the format {found[:40]!r}, not {expected!r}; choose {what}, or update Chironomy if it is newer"
        )


def _listing(fields: dict[str, Any]) -> str:
    names = sorted(fields)
    return (", ".join(names[:8]) + (" …" if len(names) > 8 else "")) or "nothing"


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Say in a field's error which file it is about."""
    try:
        yield
    except MotionError as error:
        raise MotionError(f"{path}: {error}") from None
