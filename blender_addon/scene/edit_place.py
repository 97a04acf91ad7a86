# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an edit is made: which hands, which frames, and what may be written there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene

from chironomy.body.rig import load_rig
from chironomy.gesture.score.phrases import Score
from chironomy.motion import HANDS, MotionError

from ..rig import actions, read
from ..rig.channels import location_path
from ..rig.hand_curves import Edit, HandCurves
from ..rig.space import HAND_CONTROLS
from .chosen import chosen_range
from .keeping import make_keepable
from .layers import add_layer
from .retarget import shown_again
from .score import follow
from .speech import speech_start

FADE = 0.3
"""Seconds in which an edit of a range fades in and out."""

AROUND = 0.5
"""Seconds to either side of the current frame that are around it."""


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
        scene: gives frame rate, current frame and what is chosen.
        item: the character.
        hands: the curves that may be written to.
        passed_over: names of hands that may not.
    """

    scene: Scene
    item: Object
    hands: tuple[HandCurves, ...]
    passed_over: tuple[str, ...]
    layer: str = ""
    """The name of the layer that is laid over the take instead of an edit of its keys; empty for none."""

    @classmethod
    def of(cls, scene: Scene, item: Object, hands: Iterable[int], layer: str = "") -> "Place":
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
        return cls(scene, item, free, passed_over, layer)

    @property
    def sides(self) -> tuple[str, ...]:
        """The hands as a score names them."""
        return tuple(HANDS[curves.hand] for curves in self.hands)

    def part(self, first: float, last: float) -> tuple[float, float]:
        """Return a range of frames as seconds of the speech, without end where the hands have no keys beyond."""
        begin, end = self.keyed
        return (
            -np.inf if first <= begin else self.second_at(first),
            np.inf if last >= end else self.second_at(last),
        )

    def second_at(self, frame: float) -> float:
        """Return the second of the speech at a frame of the scene."""
        return (frame - speech_start(self.scene)) / self.fps

    def frame_at(self, second: float) -> float:
        """Return the frame of the scene, whole or not, at a second of the speech."""
        return speech_start(self.scene) + second * self.fps

    def score_follows(self, change: Callable[[Score], Score]) -> None:
        """Let the score of what is edited follow; of what lies on a layer, and may be taken away again, it does not."""
        if self.layer:
            return
        data = self.item.animation_data
        follow(self.scene, data.action if data is not None else None, change)

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
            choice: AROUND the current frame, or ALL of the hands' keys; AUTO is what is chosen (`chosen_range`) where
                something is.
            radius: seconds to either side of the current frame; None takes all where AUTO finds nothing chosen.

        Raises:
            MotionError: the frames are no range that has keys.
        """
        begin, end = self.keyed
        chosen = chosen_range(self.scene, self.item) if choice == "AUTO" else None
        if chosen is not None:
            first, last = chosen
        elif choice == "AROUND" or (choice == "AUTO" and radius is not None):
            reach = round((radius or AROUND) * self.fps)
            first, last = self.frame - reach, self.frame + reach
        else:
            first, last = begin, end
        first, last = max(first, begin), min(last, end)
        if last - first < 2:
            raise MotionError(f"the frames {first} to {last} are no range with keys; choose more of them")
        return first, last

    def done(self, edits: Sequence[tuple[HandCurves, Edit]], message: str, short: bool = False) -> Outcome:
        """Write edits, show them, and return what to tell."""
        if self.layer:
            message += f"; it lies on the layer {add_layer(self.scene, self.item, edits, self.layer)}"
        for curves, edit in edits if not self.layer else ():
            curves.write(edit)
        shown_again(self.scene, self.item)
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


def named(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence."""
    return " and ".join(names)
