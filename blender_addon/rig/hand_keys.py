# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of both hands, read at one time: what edits are computed of beside Blender, before anything is written."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bpy.types import Action, Object
from numpy.typing import NDArray

from chironomy.body.rig import load_rig
from chironomy.motion import MotionError, keys

from ..slices import GoneError, Pace, Slices
from . import actions
from .drafts import CharacterDraft
from .hand_curves import Edit, HandCurves, channels_of
from .owned import hand_unit

Edits = Sequence[tuple[HandCurves, Edit]]
"""What is to be written to hands."""

CHANGED_AGAIN = 5
"""How often an edit is made anew because the person changes the keys meanwhile."""


@dataclass(frozen=True)
class HandKeys:
    """The keys of both hands of a character, as they were read.

    Attributes:
        item: the character.
        action: that it showed.
        columns: the keys of every curve of the hands.
        paths: the data paths of each hand's channels.
        shown: what these were set to when the reading began, keyed or not; (C,) by data path.
    """

    item: Object | CharacterDraft
    action: Action | None
    columns: actions.Curves
    paths: tuple[frozenset[str], ...]
    shown: Mapping[str, NDArray[np.float64]]
    _read: dict[int, HandCurves] = field(default_factory=dict)

    def hand(self, hand: int) -> HandCurves:
        """Return the curves of a hand; to be called for the first time on the main thread.

        Raises:
            MotionError: it has no keys.
        """
        if hand not in self._read:
            self._read[hand] = HandCurves(self.item, load_rig(), hand, self.columns, dict(self.shown))
        return self._read[hand]

    @property
    def asks_blender(self) -> bool:
        """Whether what the hands do at some frames can be told on the main thread alone."""
        return any(curves.asks_blender for curves in self._read.values())

    def of(self, hands: Collection[int]) -> actions.Curves:
        """Return the keys of some hands."""
        paths = frozenset[str]().union(*(self.paths[hand] for hand in hands))
        return {place: columns for place, columns in self.columns.items() if place[0] in paths}

    def computing(self, compute: Callable[[], Any]) -> Slices:
        """Return what a function makes of the hands, computed by a thread where that can be."""
        for hand in range(2):
            if any(place[0] in self.paths[hand] and len(keys["co"]) for place, keys in self.columns.items()):
                self.hand(hand)
        if self.asks_blender:
            return compute()
        return (yield lambda _: compute())

    def staying(self) -> Slices:
        """Return whether the keys are still as they were read.

        Raises:
            GoneError: the character shows another action by now.
        """
        try:
            now = yield from actions.reading_curves(self.item, self.paths[0] | self.paths[1])
        except GoneError:
            now = {}
        if shown_action(self.item) != self.action:
            raise GoneError("another take is shown now")
        return now.keys() == self.columns.keys() and all(alike(now[place], self.columns[place]) for place in now)


def shown_action(item: Object | CharacterDraft) -> Action | None:
    """Return the action that a character is animated by."""
    return item.animation_data.action if item.animation_data is not None else None


def reading_hands(item: Object | CharacterDraft) -> Slices:
    """Return in slices the keys of both hands of a character, as `HandKeys`.

    Raises:
        MotionError: it lacks a bone, or plays no slot of its action.
    """
    action = shown_action(item)
    if action is not None and actions.curves(item) is None:
        raise MotionError(f"{item.name} plays no slot of its action; choose one in the Action editor")
    paths = tuple(frozenset(hand_unit(item, hand).channels) for hand in range(2))
    shown = channels_of(item, paths[0] | paths[1])
    return HandKeys(item, action, (yield from actions.reading_curves(item, paths[0] | paths[1])), paths, shown)


def changing_hands(
    item: Object, change: Callable[[HandKeys, bytes], Slices], carried_by: Callable[[Action | None], bytes]
) -> Slices:
    """Compute a change of a character's hands beside what the person does, and write it once nothing interferes.

    Args:
        item: the character.
        change: computes, in slices, of the keys that were read and of what the action carries, and returns a function
            without arguments that writes, in slices, and returns the result.
        carried_by: returns what else of an action the change depends on.

    Raises:
        MotionError: the person changes the keys all the time.
    """
    for _ in range(CHANGED_AGAIN):
        hands = yield from reading_hands(item)
        carried = carried_by(hands.action)
        write = yield from change(hands, carried)
        if (yield from hands.staying()) and carried_by(hands.action) == carried:
            return (yield from write())
    raise MotionError("the keys are changed all the time; try once more")


def writing_hands(
    item: Object | CharacterDraft, wanted: actions.Curves, edits: Edits, hands: Collection[int]
) -> Slices:
    """Give hands these keys and no others, and those of edits, in slices.

    Args:
        item: the character.
        wanted: keys as they were read, to the bit.
        edits: keys that take their place.
        hands: 0 left, 1 right.
    """
    paths = frozenset[str]().union(*(hand_unit(item, hand).channels for hand in hands))
    moved = {place for _, edit in edits for place in edit.columns}
    actions.curves(item, create=True)
    now = yield from actions.reading_curves(item, paths)
    for place in now.keys() - wanted.keys() - moved:
        actions.curves(item).remove(actions.found(item, place))
    pace = Pace()
    for place, columns in wanted.items():
        if place[0] in paths and place not in moved and (place not in now or not alike(now[place], columns)):
            actions.write_exactly(actions.curve(item, *place, place[0].split('"')[1]), columns)
        if pace.due():
            yield
    for curves, edit in edits:
        yield from curves.writing(edit)


def alike(one: keys.Columns, other: keys.Columns) -> bool:
    """Whether keys are the same to the bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
