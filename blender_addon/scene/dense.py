# SPDX-License-Identifier: GPL-3.0-or-later
"""The dense motion that a take's keys were made of, as its action carries it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bpy.types import Action

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.performance import Performance, packed, unpacked
from chironomy.motion import FaceTrack, HandMotion, load_hands, save_hands

from ..rig.drafts import CharacterDraft
from ..rig.owned import Only

PERFORMANCE_PROPERTY = "chironomy_performance"
"""A custom property of an action: the dense performance of a take, as `body.performance.packed` gives it."""

HANDS_PROPERTY = "chironomy_hands"
"""Likewise, of a take of the hands alone: their dense motion, as `save_hands` writes it."""


class Dense(NamedTuple):
    """The motion that a take's keys were made of: hands, and face and body where it has them."""

    hands: HandMotion
    face: FaceTrack | None = None
    body: Accompaniment | None = None

    @classmethod
    def of(cls, made: Performance | HandMotion) -> "Dense":
        """Return what was made as a take keeps it."""
        return cls(made) if isinstance(made, HandMotion) else cls(made.hands, made.face, made.body)


class KeptDense(NamedTuple):
    """Dense motion as an action carries it."""

    numbers: bytes
    hands_alone: bool

    def unpacked(self) -> Dense:
        """Return the motion.

        Raises:
            ChironomyError: it is damaged.
        """
        if not self.hands_alone:
            return Dense.of(unpacked(self.numbers))
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            path = Path(folder, "hands.npz")
            path.write_bytes(self.numbers)
            return Dense(load_hands(path))


def kept_dense(action: Action) -> KeptDense | None:
    """Return the dense motion that an action carries; None where it carries none."""
    for name in (HANDS_PROPERTY, PERFORMANCE_PROPERTY):
        if name in action:
            return KeptDense(bytes(action[name]), name == HANDS_PROPERTY)
    return None


def packed_dense(dense: Dense) -> KeptDense:
    if dense.face is not None:
        return KeptDense(packed(Performance(dense.hands, dense.face, dense.body)), hands_alone=False)
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "hands.npz")
        save_hands(dense.hands, path)
        return KeptDense(path.read_bytes(), hands_alone=True)


def keep_dense(draft: CharacterDraft, kept: KeptDense) -> None:
    """Let the action of a draft carry dense motion."""
    action = draft.animation_data.action
    assert action is not None
    for name in (PERFORMANCE_PROPERTY, HANDS_PROPERTY):
        if name in action:
            del action[name]
    action[HANDS_PROPERTY if kept.hands_alone else PERFORMANCE_PROPERTY] = kept.numbers


def with_parts(dense: Dense, motion: HandMotion, only: Sequence[Only], begin: int) -> Dense:
    """Return a dense motion with parts of another one."""
    for part in only:
        dense = _with_part(dense, motion, part, begin)
    return dense


def _with_part(dense: Dense, motion: HandMotion, only: Only, begin: int) -> Dense:
    """Return a dense motion with a part of another one."""
    hands = dense.hands
    if abs(hands.fps - motion.fps) > 1e-4:
        hands = hands.resampled(motion.fps)
    count = min(hands.frame_count, motion.frame_count)
    frames = np.arange(count) + begin
    new = np.flatnonzero((frames > only.first) & (frames < only.last))
    fields = {name: getattr(hands, name).copy() for name in ("wrist_position", "rotation", "confidence")}
    for name, values in fields.items():
        for hand in only.hands:
            values[new, hand] = getattr(motion, name)[new, hand]
    hands = hands.replaced(**fields)
    if abs(hands.fps - dense.hands.fps) > 1e-4:
        hands = hands.resampled(dense.hands.fps, dense.hands.frame_count)
    return dense._replace(hands=hands)
