# SPDX-License-Identifier: GPL-3.0-or-later
"""`Accompaniment`: how hips, torso, head and shoulders are moved over time, and its file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.files import atomic_path
from chironomy.motion import rotation as quaternion
from chironomy.motion.files import grained
from chironomy.motion.hand_motion import checked_fps
from chironomy.reading import Arrays
from chironomy.schema import Schema

Array = NDArray[np.float64]


def _with_hips(fields: Arrays) -> Arrays:
    """The first kind of file knew of no hips: they stood still."""
    frames = len(np.atleast_1d(fields.numbers("torso")))
    return fields.replaced(hips=np.tile(quaternion.IDENTITY, (frames, 1)), hips_shift=np.zeros((frames, 3)))


def _standing(fields: Arrays) -> Arrays:
    """The second kind knew of nobody who sits."""
    return fields.replaced(seated=np.array(0))


ACCOMPANIMENT_FILE = Schema(
    "chironomy.accompaniment",
    "turns of torso, head and shoulders",
    BodyError,
    "choose another, or generate it anew",
    upgrades=(_with_hips, _standing),
)

FIELDS = ("torso", "head", "shoulder", "hips", "hips_shift")
"""The arrays of an `Accompaniment`, each with frames first."""


@dataclass(frozen=True, eq=False)
class Accompaniment:
    """Turns of the body's middle over time, from the bind pose; frame `i` is at `i / fps` seconds.

    Attributes:
        fps: frames a second.
        torso: (T, 4) unit quaternions: the upper chest relative to the hips, the spine's joints sharing it evenly.
        head: (T, 4) the head relative to the upper chest, neck and head sharing the turn evenly.
        shoulder: (T, 2, 4) the collars relative to the upper chest, left and right.
        hips: (T, 4) the hips; the legs bend so that the feet stay.
        hips_shift: (T, 3) metres by which the hips are moved.
        seated: whether the person sits (`chironomy.body.sitting`), with hips that stay.
    """

    fps: float
    torso: Array
    head: Array
    shoulder: Array
    hips: Array
    hips_shift: Array
    seated: bool = False

    def __post_init__(self) -> None:
        frames = np.shape(self.torso)[0] if np.ndim(self.torso) else 0
        shapes = {"shoulder": (frames, 2, 4), "hips_shift": (frames, 3)}
        for name in FIELDS:
            array, shape = np.array(getattr(self, name), dtype=np.float64), shapes.get(name, (frames, 4))
            if array.shape != shape or not np.isfinite(array).all():
                raise BodyError(f"{name} has shape {array.shape}; it must be finite numbers of shape {shape}")
            if name == "hips_shift":
                object.__setattr__(self, name, array)
                continue
            with np.errstate(over="ignore"):
                length = np.linalg.norm(array, axis=-1)
            if np.abs(length - 1).max(initial=0.0) > 1e-3:
                raise BodyError(f"{name} must hold unit quaternions (w, x, y, z)")
            object.__setattr__(self, name, quaternion.normalize(array))

    @property
    def frame_count(self) -> int:
        """How many frames there are, T."""
        return len(self.torso)

    def scaled(self, part: ArrayLike) -> "Accompaniment":
        """The same with every turn and shift taken to a part of itself, (T,) or one number, 0 to 1."""
        part = np.broadcast_to(np.asarray(part, np.float64), (self.frame_count,))
        still = quaternion.IDENTITY
        return Accompaniment(
            self.fps,
            quaternion.slerp(still, self.torso, part),
            quaternion.slerp(still, self.head, part),
            quaternion.slerp(still, self.shoulder, np.repeat(part[:, None], 2, axis=1)),
            quaternion.slerp(still, self.hips, part),
            part[:, None] * self.hips_shift,
            self.seated,
        )


def still(frames: int, fps: float, seated: bool = False) -> Accompaniment:
    """Return the accompaniment of a body of which nothing turns."""
    turn = np.tile(quaternion.IDENTITY, (frames, 1))
    collars = np.tile(quaternion.IDENTITY, (frames, 2, 1))
    return Accompaniment(fps, turn, turn, collars, turn, np.zeros((frames, 3)), seated)


def save_accompaniment(accompaniment: Accompaniment, path: str | Path, grain: float = 0.0) -> None:
    """Write it as a `.npz` of format `chironomy.accompaniment/3`; `load_accompaniment` gives back equal arrays.

    `grain` is as of `chironomy.motion.files.save_hands`.

    Raises:
        ChironomyError: the file cannot be written.
    """
    fields = {name: grained(getattr(accompaniment, name), grain) for name in FIELDS}
    fields["seated"] = np.array(int(accompaniment.seated))
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary, format=np.array(ACCOMPANIMENT_FILE.format), fps=np.float64(accompaniment.fps), **fields
        )


def load_accompaniment(path: str | Path) -> Accompaniment:
    """Read a file of `save_accompaniment`.

    Raises:
        ChironomyError: the file is missing or damaged, or a field is wrong; the sentence names it.
    """
    fields = ACCOMPANIMENT_FILE.read_arrays(path)
    with fields.named():
        fps = checked_fps(fields.number("fps"))
        return Accompaniment(fps, *(fields.numbers(name) for name in FIELDS), seated=bool(fields.number("seated")))
