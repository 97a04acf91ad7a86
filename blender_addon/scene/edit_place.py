# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an edit is made: which hands, which frames, and what may be written there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene

from chironomy.body.rig import load_rig
from chironomy.motion import MotionError

from ..rig import actions, read
from ..rig.channels import hand_joints, location_path
from ..rig.hand_curves import Edit, HandCurves
from ..rig.space import ELBOW_CONTROLS, HAND_CONTROLS
from .keeping import make_keepable

FADE = 0.3
"""Seconds in which an edit of a range fades in and out."""

BOTH = (0, 1)


@dataclass(frozen=True)
class Outcome:
    """What to tell the person.

    Attributes:
        message: a sentence without its stop.
        short: whether less was done than was asked for.
    """

    message: str
    short: bool = False


@dataclass(frozen=True)
class Place:
    """Where an edit is made.

    Attributes:
        scene: gives frame rate and current frame.
        hands: the curves that may be written to.
        passed_over: names of hands that may not.
    """

    scene: Scene
    hands: tuple[HandCurves, ...]
    passed_over: tuple[str, ...]

    @classmethod
    def of(cls, scene: Scene, item: Object, hands: Iterable[int]) -> "Place":
        """Make a character's keys writable, and find the curves of some of its hands.

        Raises:
            ChironomyError: nothing would be kept, a hand has no keys, or none may be written to.
        """
        make_keepable(scene, item)
        actions.own(item)
        every = [HandCurves(item, load_rig(), hand) for hand in hands]
        free = tuple(curves for curves in every if not curves.set_aside)
        passed_over = tuple(curves.name for curves in every if curves not in free)
        if not free:
            raise MotionError(f"{named(passed_over)} is locked, muted or driven and stays as it is; unlock it first")
        return cls(scene, free, passed_over)

    @property
    def frame(self) -> int:
        """The scene's current frame."""
        return self.scene.frame_current

    @property
    def fps(self) -> float:
        """The scene's frames a second."""
        return read.scene_fps(self.scene)

    @property
    def keyed(self) -> tuple[int, int]:
        """The first and the last frame at which one of the hands has a key, as whole frames."""
        first = min(float(curves.frames[0]) for curves in self.hands)
        last = max(float(curves.frames[-1]) for curves in self.hands)
        return int(np.floor(first)), int(np.ceil(last))

    def frames(self, choice: str, radius: float | None = None) -> tuple[int, int]:
        """Return the range of an edit.

        Args:
            choice: SELECTED from the first selected key of the hands to the last, PREVIEW the preview range, AROUND the
                current frame, ALL of the hands' keys; AUTO is the first of these that there is.
            radius: seconds to either side of the current frame; None takes all where AUTO finds nothing chosen.

        Raises:
            MotionError: fewer than two frames are chosen, or none that has keys beside it.
        """
        selected = np.unique(np.concatenate([curves.selected() for curves in self.hands]))
        if choice == "AUTO":
            around = "ALL" if radius is None else "AROUND"
            choice = "SELECTED" if len(selected) > 1 else "PREVIEW" if self.scene.use_preview_range else around
        begin, end = self.keyed
        if choice == "SELECTED":
            if len(selected) < 2:
                raise MotionError("select the hands' keys of two frames or more, but not all keys")
            first, last = round(float(selected[0])), round(float(selected[-1]))
        elif choice == "PREVIEW":
            first, last = self.scene.frame_preview_start, self.scene.frame_preview_end
        elif choice == "AROUND":
            reach = round((radius or FADE) * self.fps)
            first, last = self.frame - reach, self.frame + reach
        else:
            first, last = begin, end
        first, last = max(first, begin), min(last, end)
        if last - first < 2:
            raise MotionError(f"the frames {first} to {last} are no range with keys; choose more of them")
        return first, last

    def done(self, edits: Sequence[tuple[HandCurves, Edit]], message: str, short: bool = False) -> Outcome:
        """Write edits, show them, and return what to tell."""
        for curves, edit in edits:
            curves.write(edit)
        self.scene.frame_set(self.scene.frame_current)
        if self.passed_over:
            message += f"; {named(self.passed_over)} is locked, muted or driven and stays as it is"
        return Outcome(message, short)

    @property
    def names(self) -> str:
        """The names of the hands' controls."""
        return named([curves.name for curves in self.hands])


def has_motion(item: Object) -> bool:
    """Whether a character's hands have keys to edit."""
    paths = {location_path(control) for control in HAND_CONTROLS}
    return any(curve.data_path in paths and len(curve.keyframe_points) for curve in actions.all_curves(item))


def hands_of_bones(names: Iterable[str]) -> tuple[int, ...]:
    """Return the hands to which some bones belong, 0 left and 1 right; none where no bone is a hand's."""
    chosen = set(names)
    return tuple(hand for hand in BOTH if chosen & {*hand_joints(hand), ELBOW_CONTROLS[hand]})


def named(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence."""
    return " and ".join(names)
