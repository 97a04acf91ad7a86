# SPDX-License-Identifier: GPL-3.0-or-later
"""BEAT2, as it is published: `smplxflame_30/*.npz`, `wave16k/*.wav` and `train_test_split.csv`.

A file's name, such as `1_wayne_0_1_1`, begins with the number and the name of the speaker. `poses` (T, 165) are 55
rotation vectors in SMPL-X's order, 30 frames a second (PantoMatrix issue 133).
"""

import csv
from pathlib import Path

import numpy as np

from chironomy.body.smplx_model import SmplxModel
from chironomy.gesture.datasets.recording import Format, Poses, Recording, part_of
from chironomy.gesture.datasets.smplx_hands import hands_of_poses, seen_hands
from chironomy.gesture.errors import GestureError
from chironomy.motion.hand_motion import HandMotion, checked_fps
from chironomy.reading import read_arrays

_MOTION, _SPEECH, _SPLIT = "smplxflame_30", "wave16k", "train_test_split.csv"
# "additional" recordings are those that the benchmark leaves aside; they are there to learn from.
_PARTS = {"train": "train", "val": "validation", "test": "test", "additional": "train"}


def find(folder: Path) -> list[Recording]:
    """All recordings that have both motion and speech, by name.

    Raises:
        GestureError: the folder is not laid out so.
    """
    if not (folder / _MOTION).is_dir() or not (folder / _SPEECH).is_dir():
        raise GestureError(
            f"{folder} has no folders {_MOTION} and {_SPEECH}; give BEAT2's own, such as beat_english_v2.0.0"
        )
    parts = _split(folder / _SPLIT)
    recordings = []
    for motion in sorted((folder / _MOTION).glob("*.npz")):
        speech = folder / _SPEECH / f"{motion.stem}.wav"
        if speech.is_file():
            part = part_of(motion.stem) if parts is None else parts.get(motion.stem, "train")
            recordings.append(Recording(motion.stem, speaker_of(motion.stem), part, motion, speech))
    return recordings


def speaker_of(name: str) -> str:
    """Number and name of the speaker, `1_wayne` of `1_wayne_0_1_1`."""
    return "_".join(name.split("_")[:2])


def poses(recording: Recording, _: SmplxModel | None = None) -> Poses:
    """The rotations of a recording.

    Raises:
        GestureError: the file cannot be read, or is not SMPL-X motion.
        MotionError: its frame rate is none.
    """
    fields = read_arrays(recording.motion, GestureError, advice="copy it again")
    rotation = fields.numbers("poses")
    if rotation.shape[1:] not in ((165,), (55, 3)) or len(rotation) == 0:
        raise GestureError(f"{recording.motion} has no poses of 165 numbers a frame; it is not BEAT2's motion")
    rates = [name for name in ("mocap_frame_rate", "mocap_framerate") if name in fields]
    fps = checked_fps(fields.number(rates[0]) if rates else 30.0)
    filled, confidence = seen_hands(rotation.astype(np.float64).reshape(-1, 55, 3), fps)
    if "confidence" in fields:
        confidence = fields.numbers("confidence").astype(np.float64)
    betas = fields.numbers("betas").astype(np.float64).reshape(-1) if "betas" in fields else np.zeros(0)
    return Poses(fps, filled, betas, confidence)


def read(recording: Recording, model: SmplxModel | None, relative: bool) -> HandMotion:
    """The hands of a recording, as of `hands_of_poses`."""
    return hands_of_poses(poses(recording), model, relative, {"file": recording.motion.name, "dataset": "BEAT2"})


def _split(path: Path) -> dict[str, str] | None:
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if rows and not {"id", "type"} <= rows[0].keys():
        raise GestureError(f"{path} has no columns id and type; it is not BEAT2's split")
    unknown = sorted({row["type"] for row in rows} - _PARTS.keys())
    if unknown:
        raise GestureError(f"{path} has recordings of type {unknown[0]!r}; the types are {', '.join(_PARTS)}")
    return {row["id"]: _PARTS[row["type"]] for row in rows}


FORMAT = Format(
    title="BEAT2",
    terms="non-commercial research (the dataset's terms)",
    find=find,
    read=read,
    poses=poses,
)
