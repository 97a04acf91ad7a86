# SPDX-License-Identifier: GPL-3.0-or-later
"""One recording of a dataset: where it lies, who speaks, and what it is for."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.body.smplx_model import SmplxModel
from chironomy.motion.hand_motion import HandMotion

PARTS = ("train", "validation", "test")
"""What recordings are for: learning, choosing when to stop, and judging once."""

# Of 100, where a dataset does not say it itself.
_VALIDATION, _TEST = 5, 5


@dataclass(frozen=True)
class Recording:
    """A stretch of speech with motion, on disk.

    Attributes:
        name: unlike any other's in its dataset.
        speaker: who speaks; one style of the model.
        part: one of `PARTS`.
        motion: the file of the motion.
        speech: the file of the sound.
    """

    name: str
    speaker: str
    part: str
    motion: Path
    speech: Path


@dataclass(frozen=True)
class Poses:
    """SMPL-X joint rotations of a recording, before anything is known of the body's bones.

    Attributes:
        fps: frames a second.
        rotation: (T, 55, 3) rotation vectors; fingers as the file has them, or zero where `fingers` has coefficients.
        betas: (S,) shape of the body.
        confidence: (T, 2) how surely each hand is seen.
    """

    fps: float
    rotation: NDArray[np.float64]
    betas: NDArray[np.float64]
    confidence: NDArray[np.float64]


@dataclass(frozen=True)
class Format:
    """How a dataset is laid out and read.

    Attributes:
        title: its name for people.
        terms: its licence in a few words; empty where it is the person's own.
        find: the recordings of a folder.
        read: the motion of one, given the person's SMPL-X model file where there is one, and whether fingers are
            relative to the mean hand.
        poses: the SMPL-X rotations of one, where that is what the dataset holds.
    """

    title: str
    terms: str
    find: Callable[[Path], list[Recording]]
    read: Callable[[Recording, SmplxModel | None, bool], HandMotion]
    poses: Callable[[Recording, SmplxModel | None], Poses] | None = None


def part_of(name: str) -> str:
    """The part of a recording whose dataset names none: a stable function of its name, 90, 5 and 5 of 100."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % 100
    if number < _TEST:
        return "test"
    return "validation" if number < _TEST + _VALIDATION else "train"
