# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand poses of a person's own: one JSON file each in a folder, beside those of the library."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chironomy.files import atomic_path
from chironomy.gesture.errors import GestureError
from chironomy.gesture.repertoire.hand_poses import FINGER_JOINTS, HAND_POSES, HandPose, View
from chironomy.motion import rotation as quaternion
from chironomy.schema import Schema

HAND_POSE_FILE = Schema("chironomy.hand_pose", "a hand pose", GestureError, "save the pose again, or delete the file")

PREFIX = "own "
"""What the name of a pose of somebody's own begins with; that of a library's never does."""

LONGEST_LABEL = 60
"""Letters of a label."""

_VIEW: View = (-42.0, 8.0, 0.0)

_UNIT_TOLERANCE = 1e-3


def own_pose_file(folder: Path, label: str) -> Path:
    """Return the file of a pose, of a name that every system takes.

    Labels that only differ in case or punctuation share it.
    """
    letters = "".join(letter if letter.isalnum() or letter in "-_ " else "-" for letter in label.casefold())
    return folder / f"hand-{letters}.json"


def save_own_pose(folder: Path, label: str, left: ArrayLike, overwrite: bool = False) -> HandPose:
    """Write a pose to a folder.

    Args:
        folder: where own poses are; made where it is missing.
        label: what the person calls it.
        left: (15, 4) unit quaternions as the left hand has them; see `hand_poses.mirrored`.
        overwrite: whether an own pose of that label may be replaced.

    Raises:
        GestureError: the label is empty, too long or taken.
        ChironomyError: the file cannot be written.
    """
    label = " ".join(label.split())
    if not label or not label.isprintable():
        raise GestureError("give the pose a name first")
    if len(label) > LONGEST_LABEL:
        raise GestureError(f"the name has {len(label)} letters, and {LONGEST_LABEL} are the most; give a shorter one")
    if label.casefold() in (pose.label.casefold() for pose in HAND_POSES.values()):
        raise GestureError(f"the library has a pose {label!r}; give another name")
    path, others = own_pose_file(folder, label), _files_of(folder, label)
    if (path.exists() or others) and not overwrite:
        raise GestureError(f"there is a pose {label!r} already; give another name, or choose Overwrite")
    pose = _own_pose(label, left)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GestureError(f"{folder} cannot be made: {error.strerror or error}") from error
    values = {"format": HAND_POSE_FILE.format, "label": label, "left": np.round(pose.left, 9).tolist()}
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for other in others:
        if other != path:
            _delete(other)
    return pose


def load_own_pose(path: Path) -> HandPose:
    """Read a pose that `save_own_pose` wrote.

    Raises:
        GestureError: the file is missing, damaged, of another kind or newer; the sentence names it.
    """
    values = HAND_POSE_FILE.read_json(path, name=path.name)
    label = values.get("label")
    if not isinstance(label, str) or not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
        raise GestureError(f"{path.name}: label is {label!r:.80}, but must be a name; {HAND_POSE_FILE.advice}")
    try:
        return _own_pose(label, values.get("left"))
    except GestureError as error:
        raise GestureError(f"{path.name}: {error}; {HAND_POSE_FILE.advice}") from error


def load_own_poses(folder: Path) -> tuple[dict[str, HandPose], list[str]]:
    """Read all poses of a folder.

    Returns:
        By name, in order of their labels; and a sentence for each file that cannot be read.
    """
    poses, faults = [], []
    for path in sorted(folder.glob("hand-*.json")):
        try:
            poses.append(load_own_pose(path))
        except GestureError as error:
            faults.append(str(error))
    return {pose.name: pose for pose in sorted(poses, key=lambda pose: pose.label.casefold())}, faults


def delete_own_pose(folder: Path, label: str) -> None:
    """Delete the file of a pose, whatever somebody called it.

    Raises:
        GestureError: it cannot be deleted.
    """
    for path in _files_of(folder, label):
        _delete(path)


def _files_of(folder: Path, label: str) -> list[Path]:
    """The files that hold a pose of a label."""
    found = []
    for path in folder.glob("hand-*.json"):
        with suppress(GestureError):
            if load_own_pose(path).label.casefold() == label.casefold():
                found.append(path)
    return found


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise GestureError(f"{path} cannot be deleted: {error.strerror or error}") from error


def _own_pose(label: str, left: Any) -> HandPose:
    """Raises GestureError where the rotations are none."""
    try:
        turns = np.array(left, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        turns = np.empty(0)
    shape = (len(FINGER_JOINTS), 4)
    if turns.shape != shape:
        raise GestureError(
            f"left has the shape {turns.shape}, but must be {shape[0]} quaternions of {shape[1]} numbers"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(np.linalg.norm(turns, axis=-1) - 1.0)
    if not np.all(off <= _UNIT_TOLERANCE):
        raise GestureError("left holds a quaternion that is not of length 1")
    description = "A pose of your own"
    return HandPose(PREFIX + label, label, description, ("own",), quaternion.normalize(turns), _VIEW)
