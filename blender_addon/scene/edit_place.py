# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an edit is made: which hands, which frames, and what may be written there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene

from chironomy.gesture.score.phrases import Score
from chironomy.motion import HANDS, MotionError

from ..rig import actions, read
from ..rig.channels import location_path
from ..rig.hand_curves import HandCurves
from ..rig.hand_keys import Edits, HandKeys, changing_hands, shown_action
from ..rig.space import HAND_CONTROLS
from ..slices import Slices
from .accepted import sparing
from .chosen import chosen_range
from .keeping import make_keepable
from .layers import Layering, add_layer, carried_by, writing_layer
from .retarget import handing_over
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
class Made:
    """An edit, computed and not yet written.

    Attributes:
        edits: of the hands' keys.
        message: what to tell the person, a sentence without its stop.
        short: whether less was done than was asked for.
        score: gives the score of the take after the edit; None where it stays.
    """

    edits: Edits
    message: str
    short: bool = False
    score: Callable[[Score], Score] | None = None


@dataclass(frozen=True)
class Place:
    """Where an edit is made, as it was read; an edit is computed of it beside Blender.

    Attributes:
        keys: of both hands.
        hands: the curves that may be written to.
        passed_over: names of hands that may not.
        frame: the scene's current frame when the edit was asked for.
        fps: the scene's frames a second.
        start: the frame of the scene at which the speech begins.
        layer: the name of the layer that is laid over the take instead of an edit of its keys; empty for none.
    """

    keys: HandKeys
    hands: tuple[HandCurves, ...]
    passed_over: tuple[str, ...]
    frame: int
    fps: float
    start: int
    layer: str = ""

    @classmethod
    def of(cls, scene: Scene, frame: int, keys: HandKeys, hands: Iterable[int], layer: str = "") -> "Place":
        """Return the place of an edit of some hands at a frame.

        Raises:
            ChironomyError: a hand has no keys, or none may be written to.
        """
        every = [keys.hand(hand) for hand in hands]
        free = tuple(curves for curves in every if not curves.set_aside)
        passed_over = tuple(curves.name for curves in every if curves not in free)
        if not free:
            raise MotionError(f"{named(passed_over)} is locked, muted or driven and stays as it is; unlock it first")
        return cls(keys, free, passed_over, frame, read.scene_fps(scene), speech_start(scene), layer)

    def other(self, curves: HandCurves) -> HandCurves:
        """Return the curves of the other hand.

        Raises:
            MotionError: it has no keys.
        """
        return self.keys.hand(1 - curves.hand)

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
        return (frame - self.start) / self.fps

    def frame_at(self, second: float) -> float:
        """Return the frame of the scene, whole or not, at a second of the speech."""
        return self.start + second * self.fps

    @property
    def keyed(self) -> tuple[int, int]:
        """The first and the last frame at which one of the hands has a key, as whole frames."""
        first = min(float(curves.frames[0]) for curves in self.hands)
        last = max(float(curves.frames[-1]) for curves in self.hands)
        return int(np.floor(first)), int(np.ceil(last))

    def frames(self, scene: Scene, choice: str, radius: float | None = None) -> tuple[int, int]:
        """Return the range of an edit.

        Args:
            scene: whose preview range may be chosen.
            choice: AROUND the current frame, or ALL of the hands' keys; AUTO is what is chosen (`chosen_range`) where
                something is.
            radius: seconds to either side of the current frame; None takes all where AUTO finds nothing chosen.

        Raises:
            MotionError: the frames are no range that has keys.
        """
        begin, end = self.keyed
        chosen = chosen_range(scene, self.keys.item) if choice == "AUTO" else None
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

    @property
    def names(self) -> str:
        """The names of the hands' controls."""
        return named([curves.name for curves in self.hands])


def edit_hands(
    scene: Scene, item: Object, hands: Iterable[int], layer: str, plan: Callable[[Place], Callable[[], Made]]
) -> Slices:
    """Edit hands of a character in slices; return an `Outcome`.

    Args:
        scene: gives frame rate, current frame and what is chosen.
        item: the character.
        hands: to edit.
        layer: the name of the layer that is laid over the take instead; empty for none.
        plan: reads from Blender what an edit needs, and returns what computes it beside Blender.

    Raises:
        ChironomyError: nothing would be kept, or the edit cannot be made; nothing has changed.
    """
    # Of the moment in which it was asked for: a person may go to another frame meanwhile.
    chosen, frame = tuple(hands), scene.frame_current

    def change(keys: HandKeys, carried: bytes) -> Slices:
        place = Place.of(scene, frame, keys, chosen, layer)
        compute = plan(place)

        def computed() -> tuple[Made, Layering | None]:
            made = compute()
            return made, add_layer(keys, carried, made.edits, layer) if layer else None

        made, layering = yield from keys.computing(computed)
        return lambda: _writing(scene, item, place, made, layering)

    make_keepable(scene, item)
    actions.own(item)
    return (yield from changing_hands(item, change, carried_by))


def _writing(scene: Scene, item: Object, place: Place, made: Made, layering: Layering | None) -> Slices:
    """Write an edit, show it, and return what to tell."""
    message = made.message
    with sparing(scene, item) as spared:
        if layering is not None:
            yield from writing_layer(scene, item, layering)
            message += f"; it lies on the layer {layering.name}"
        else:
            for curves, edit in made.edits:
                yield from curves.writing(edit)
            if made.score is not None:
                # The score does not follow what lies on a layer, and may be taken away again.
                follow(scene, shown_action(item), made.score)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    yield from handing_over(scene, item)
    if place.passed_over:
        message += f"; {named(place.passed_over)} is locked, muted or driven and stays as it is"
    return Outcome(message + spared, made.short)


def has_motion(item: Object) -> bool:
    """Whether a character's hands have keys to edit."""
    paths = {location_path(control) for control in HAND_CONTROLS}
    return any(curve.data_path in paths and len(curve.keyframe_points) for curve in actions.all_curves(item))


def named(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence."""
    return " and ".join(names)
