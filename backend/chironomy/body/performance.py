# SPDX-License-Identifier: GPL-3.0-or-later
"""`Performance`: all that a speaker does in a recording, and its file."""

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from chironomy.body.accompaniment import Accompaniment, load_accompaniment, save_accompaniment
from chironomy.body.accompany import accompanied_pose
from chironomy.body.errors import BodyError
from chironomy.body.pose import BodyPose, solve_pose
from chironomy.body.rig import Rig
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion.face import FaceTrack
from chironomy.motion.files import load_face, load_hands, save_face, save_hands
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import Archive

_PARTS = ("hands.npz", "face.npz", "body.npz")

_GRAIN = 2.0**-16
"""Of metres and of parts of 1; what is rounded to it is off by less than 0.01 mm and 0.004 degrees."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What a speaker does, all at the same frames.

    Attributes:
        hands: T frames.
        face: T frames; with a body, its eyes look into the lens.
        body: what torso, head and shoulders do; None where only the arms follow the hands.

    Raises:
        BodyError: the parts are not at the same frames.
    """

    hands: HandMotion
    face: FaceTrack
    body: Accompaniment | None

    def __post_init__(self) -> None:
        hands = self.hands
        for name, part in (("face", self.face), ("body", self.body)):
            if part is None or (part.frame_count == hands.frame_count and abs(part.fps - hands.fps) < 1e-6):
                continue
            raise BodyError(
                f"the {name} has {part.frame_count} frames at {part.fps:g} a second and the hands have "
                f"{hands.frame_count} at {hands.fps:g}, but all parts of a performance go together; make it anew"
            )

    def pose(self, rig: Rig) -> BodyPose:
        """Every joint of a character that does this."""
        return solve_pose(rig, self.hands) if self.body is None else accompanied_pose(rig, self.hands, self.body)


def save_performance(performance: Performance, path: str | Path, grain: float = 0.0) -> None:
    """Write it as a zip of `chironomy.hands/1`, `chironomy.face/1` and, with a body, `chironomy.accompaniment/3`.

    `grain` is as of `chironomy.motion.files.save_hands`.

    Raises:
        ChironomyError: the file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        hands, face, body = (Path(folder, name) for name in _PARTS)
        save_hands(performance.hands, hands, grain)
        save_face(performance.face, face, grain)
        if performance.body is not None:
            save_accompaniment(performance.body, body, grain)
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for part in (hands, face, body):
                if part.is_file():
                    # Without the date: the same performance is the same file.
                    archive.writestr(zipfile.ZipInfo(part.name), part.read_bytes())


def load_performance(path: str | Path) -> Performance:
    """Read a file of `save_performance`.

    Raises:
        ChironomyError: the file is missing or damaged, or a part is; the sentence says which.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        with Archive(path, BodyError, advice="make it anew") as archive:
            for name in _PARTS:
                # Torso, head and shoulders may be left out.
                if name in archive.names or name in _PARTS[:2]:
                    Path(folder, name).write_bytes(archive.read(name))
        try:
            return _load_parts(Path(folder))
        except ChironomyError as error:
            raise BodyError(f"{path}: {str(error).replace(str(Path(folder)) + os.sep, '')}") from error


def packed(performance: Performance) -> bytes:
    """Return a performance as `save_performance` writes it, in as fine a grain as anybody sees, which is smaller."""
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "performance.zip")
        save_performance(performance, path, _GRAIN)
        return path.read_bytes()


def unpacked(data: bytes) -> Performance:
    """Return the performance of `packed`.

    Raises:
        ChironomyError: the bytes are damaged.
    """
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "performance.zip")
        path.write_bytes(data)
        return load_performance(path)


def _load_parts(folder: Path) -> Performance:
    hands, face, body = (folder / name for name in _PARTS)
    return Performance(load_hands(hands), load_face(face), load_accompaniment(body) if body.is_file() else None)
