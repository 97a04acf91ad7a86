# SPDX-License-Identifier: GPL-3.0-or-later
"""EchoMimicV2's pose folder: a file a frame, `0.npy`, `1.npy` …, as its inference reads them.

Each file is what `numpy.save` makes of a dict: an array of no dimensions that holds it, pickled. Its fields are what
DWPose reports of one person (`src/models/dwpose/dwpose_detector.py` of antgroup/echomimic_v2) and where the drawing
goes:

- `bodies`: `candidate` (18, 2) OpenPose's points of the body as parts of the picture's width and height; `score`
  (1, 18); `subset` (1, 18) a point's own index where its score is above 0.3, else -1.
- `hands` (2, 21, 2) and `hands_score` (2, 21), the person's left hand first.
- `faces` (1, 68, 2) and `faces_score` (1, 68).
- `num`: the number of the frame.
- `draw_pose_params`: [height, width, top, bottom, left, right] in pixels (`EMTD_dataset/preprocess.py`): the hand map
  is drawn in that height and width, and pasted between those rows and columns of the model's square picture.

Pickles run code of their maker's choosing, so files are only ever read by an unpickler that knows numpy's arrays alone.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.maps.echomimic import draw_hands
from chironomy.video.maps.skeleton import skeleton
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

CANVAS = 768
"""Pixels of the square picture that the published weights were trained on."""

SEEN = 0.3
"""The score above which a point of the body is in `subset`."""

LARGEST_POSE = 1 << 20
"""Bytes that a pose file may have; those of the published examples have 4 kB."""

_ALLOWED = {
    (module, name)
    for package in ("numpy.core", "numpy._core")
    for module, name in ((f"{package}.multiarray", "_reconstruct"), (f"{package}.multiarray", "scalar"))
} | {("numpy", "ndarray"), ("numpy", "dtype")}


_DAMAGED = (
    pickle.UnpicklingError, ValueError, TypeError, AttributeError, IndexError, KeyError, EOFError, ImportError,
    MemoryError, OverflowError,
)  # fmt: skip
"""What damaged pickles make numpy's and pickle's readers raise."""


def draw_pose_params(width: int, height: int, canvas: int = CANVAS) -> list[int]:
    """Where a picture goes that is fitted into the middle of a square canvas.

    Returns:
        [height, width, top, bottom, left, right], pixels of the canvas.
    """
    if height > width:
        drawn_height, drawn_width = canvas, max(1, round(width / height * canvas))
    else:
        drawn_height, drawn_width = max(1, round(height / width * canvas)), canvas
    top, left = canvas // 2 - drawn_height // 2, canvas // 2 - drawn_width // 2
    return [drawn_height, drawn_width, top, top + drawn_height, left, left + drawn_width]


def pose_fields(shot: Shot, frame: int, number: int, rig: Rig | None = None, canvas: int = CANVAS) -> dict[str, Any]:
    """The fields of one frame's pose file.

    Points are where the camera sees them, also outside 0 to 1; one that is not in front of the camera is at -1, with a
    score of 0. Scores are those of `Skeleton`.

    Args:
        shot: pose, face, the hands' confidence, camera.
        frame: which frame of the tracks.
        number: the number of the frame in the folder.
        rig: the character; the shot's when None.
        canvas: pixels of the model's square picture.
    """
    seen = skeleton(shot, frame, rig)
    size = np.array([seen.width, seen.height], np.float64)
    body, hands, face = (np.nan_to_num(points / size, nan=-1.0) for points in (seen.body, seen.hands, seen.face))
    subset = np.where(seen.body_score > SEEN, np.arange(18.0), -1.0)
    return {
        "bodies": {"candidate": body, "subset": subset[None], "score": seen.body_score[None]},
        "hands": hands,
        "hands_score": seen.hands_score,
        "faces": face[None],
        "faces_score": seen.face_score[None],
        "num": int(number),
        "draw_pose_params": draw_pose_params(seen.width, seen.height, canvas),
    }


def pose_picture(fields: dict[str, Any], canvas: int = CANVAS) -> NDArray[np.uint8]:
    """The picture that EchoMimicV2's network gets for a pose file: the hand map where `draw_pose_params` has it.

    Args:
        fields: of a pose file, theirs or ours.
        canvas: pixels of the model's square picture.

    Returns:
        (canvas, canvas, 3) uint8 RGB.

    Raises:
        VideoError: `draw_pose_params` does not fit the canvas, or a field has another shape.
    """
    try:
        height, width, top, bottom, left, right = (int(value) for value in fields["draw_pose_params"])
    except (TypeError, ValueError) as error:
        raise VideoError(f"draw_pose_params is {fields['draw_pose_params']!r}, but must be six numbers") from error
    inside = 0 <= top < bottom <= canvas and 0 <= left < right <= canvas
    if not inside or (bottom - top, right - left) != (height, width):
        raise VideoError(
            f"draw_pose_params is {fields['draw_pose_params']}, which is no height, width, top, bottom, left and right "
            f"within {canvas} pixels"
        )
    picture = np.zeros((canvas, canvas, 3), np.uint8)
    picture[top:bottom, left:right] = draw_hands(fields["hands"], fields["hands_score"], width, height)
    return picture


def write_pose_folder(
    shot: Shot,
    folder: str | Path,
    rig: Rig | None = None,
    canvas: int = CANVAS,
    work: Work = QUIET,
) -> int:
    """Write the shot's frames as `0.npy`, `1.npy` … into a folder that is made for them.

    Args:
        shot: what to write; its frame range counts from 0.
        folder: must not be there yet, or be empty.
        rig: the character; the shot's when None.
        canvas: pixels of the model's square picture.
        work: told after every frame, and asked before it.

    Returns:
        how many files were written.

    Raises:
        VideoError: the folder holds files already.
        RenderCancelled: `work` said so.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise VideoError(f"{folder} is not empty; give an empty folder, so that no frames of two shots mix")
    for number, frame in enumerate(shot.frames):
        if work.cancelled():
            raise RenderCancelled
        with atomic_path(folder / f"{number}.npy") as partial:
            partial.write_bytes(pack_pose(pose_fields(shot, frame, number, rig, canvas)))
        work.progress((number + 1) / len(shot.frames))
    return len(shot.frames)


def pack_pose(fields: dict[str, Any]) -> bytes:
    """The bytes of a pose file, the same with every version of numpy and loadable by all of them.

    numpy 2 pickles its arrays under `numpy._core`, which versions before 1.26 lack. Protocol 3 names that module in a
    line of its own, which is rewritten to the name that all versions know.
    """
    holder = np.empty((), dtype=object)
    holder[()] = fields
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    pickled = pickle.dumps(holder, protocol=3)
    return stream.getvalue() + pickled.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def read_pose(path: str | Path) -> dict[str, Any]:
    """The fields of a pose file, made here or by EchoMimicV2's own tools.

    Raises:
        VideoError: it is missing, no pose file, or holds anything but plain values and arrays of numbers.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_POSE:
            raise VideoError(f"{path.name} has {path.stat().st_size} bytes; a pose file has at most {LARGEST_POSE}")
        stream = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise VideoError(f"the pose file {path} cannot be read: {error.strerror}") from error
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise VideoError(f"{path.name} is not a pose file of EchoMimicV2")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        held = _ArrayUnpickler(stream).load() if dtype.hasobject and shape == () else None
        fields = held.item() if isinstance(held, np.ndarray) and held.shape == () else None
    except _DAMAGED as error:
        raise VideoError(f"{path.name} is not a pose file of EchoMimicV2: {error}") from error
    if not isinstance(fields, dict) or not {"hands", "hands_score", "draw_pose_params"} <= set(fields):
        raise VideoError(
            f"{path.name} is not a pose file of EchoMimicV2: it has no hands, hands_score, draw_pose_params"
        )
    return fields


class _ArrayUnpickler(pickle.Unpickler):
    """Knows numpy's arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array of numbers")
        return super().find_class(module, name)
