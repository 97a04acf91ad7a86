# SPDX-License-Identifier: GPL-3.0-or-later
"""Where motions to measure come from: motion files, folders of them, and folders of clips."""

from pathlib import Path

import numpy as np

from chironomy.evaluation.errors import EvaluationError
from chironomy.gesture.clips import Clip, load_clips
from chironomy.gesture.encoding import decode
from chironomy.motion.files import load_motion
from chironomy.motion.hand_motion import HandMotion

SOUNDS = {".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".opus", ".mp4", ".mov", ".mkv", ".webm"}


def motion_of_clip(clip: Clip, fps: float) -> HandMotion:
    """The motion of a clip, as the network learns it and without the pipeline's finish."""
    position, rotation = decode(clip.motion)
    return HandMotion(fps, position, rotation, clip.seen().astype(np.float64))


def clip_motions(folder: Path) -> list[HandMotion]:
    """The motions of a folder of clips, in order.

    Raises:
        GestureError: the folder holds no clips, or only a part of them.
    """
    clips, description = load_clips(folder)
    return [motion_of_clip(clip, float(description["fps"])) for clip in clips]


def is_clips(folder: Path) -> bool:
    """Whether a folder holds clips (`chironomy.gesture.clips`)."""
    return (folder / "clips.json").is_file()


def found(paths: list[Path], suffixes: set[str], what: str) -> list[Path]:
    """Files among the paths, and those with the suffixes in the folders among them, in order.

    Raises:
        EvaluationError: a path does not exist or a folder holds none.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
            if not inside:
                raise EvaluationError(
                    f"{path} holds no {what} ({', '.join(sorted(suffixes))}); give a folder that does"
                )
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise EvaluationError(f"{path} does not exist; give {what} or folders of them")
    return files


def named_motions(folder: Path) -> dict[str, HandMotion]:
    """Motions of a folder by name: of its motion files, or of its clips.

    Raises:
        ChironomyError: the folder holds neither, or a file cannot be read.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder; give one of motion files or of clips")
    if is_clips(folder):
        return {f"clip {number}": motion for number, motion in enumerate(clip_motions(folder))}
    return {path.stem: load_motion(path) for path in found([folder], {".npz"}, "motion files")}
