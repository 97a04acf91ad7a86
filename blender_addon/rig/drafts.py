# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that are written to an action that nothing plays yet: Blender shows nothing of it, and redraws nothing."""

import uuid
from collections.abc import Callable
from typing import Any

import bpy
from bpy.types import ID, Action, Key, Object

from ..slices import MARK, take_away
from . import actions
from .build import body_of


class Draft:
    """A data-block with an action that it is not animated by yet; else it is as it is.

    Attributes:
        original: the data-block.
        animation_data: with the action that is written.
    """

    def __init__(self, original: ID, mark: str) -> None:
        self.original = original
        self.animation_data = _DraftData(original, mark)
        self._later: list[Callable[[], None]] = []
        self._given: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._given[name] = value

    def later(self, then: Callable[[], None]) -> None:
        """Do something to the data-block itself, once it is animated by the action."""
        self._later.append(then)

    def show(self) -> None:
        """Let the data-block be animated by the action."""
        data = self.animation_data
        if data.action is not None:
            actions.assign(self.original, data.action, data.handle)
        for name, value in self._given.items():
            self.original[name] = value
        for then in self._later:
            then()


class _DraftData:
    """What `animation_data` is of a draft: the action is its own, all else the data-block's."""

    def __init__(self, original: ID, mark: str) -> None:
        self._original, self._mark = original, mark
        self._action: Action | None = None
        self.handle = 0

    def __getattr__(self, name: str) -> Any:
        data = self._original.animation_data
        if data is None:
            return {"use_tweak_mode": False, "drivers": (), "nla_tracks": ()}[name]
        return getattr(data, name)

    @property
    def action(self) -> Action | None:
        return self._action

    @action.setter
    def action(self, action: Action | None) -> None:
        if action is not None:
            action[MARK] = self._mark
        self._action = action

    @property
    def action_slot(self) -> Any:
        # Looked for anew, as a slot is a part of an action.
        slots = getattr(self._action, "slots", ())
        return next((slot for slot in slots if slot.handle == self.handle), None)

    @action_slot.setter
    def action_slot(self, slot: Any) -> None:
        self.handle = 0 if slot is None else slot.handle


class CharacterDraft(Draft):
    """A character, and the shape keys of its mesh, with copies of their actions.

    Attributes:
        shapes: of the shape keys; None where there is no mesh, or they stay as they are.
    """

    def __init__(self, character: Object, face: bool = True) -> None:
        """Copy the actions.

        Args:
            character: the armature object.
            face: whether the shape keys are to be written too; otherwise they stay as they are.
        """
        self._mark = uuid.uuid4().hex
        super().__init__(character, self._mark)
        body = body_of(character) if face else None
        self.shapes = None if body is None else Draft(body.data.shape_keys, self._mark)
        copies: dict[Action, Action] = {}
        for draft in (self, self.shapes):
            data = draft.original.animation_data if draft is not None else None
            if draft is None or data is None or data.action is None:
                continue
            copy = copies.get(data.action)
            if copy is None:
                copy = copies[data.action] = data.action.copy()
                copy.use_fake_user = False
            draft.animation_data.action = copy
            draft.animation_data.handle = actions.slot_handle(draft.original)

    def show(self) -> None:
        """Let both be animated by what was written."""
        super().show()
        if self.shapes is not None:
            self.shapes.show()
        for action in bpy.data.actions:
            if action.get(MARK) == self._mark:
                del action[MARK]

    def discard(self) -> None:
        """Leave nothing of it in the file, where it was not shown."""
        take_away(self._mark)


def shapes_of(character: Object | CharacterDraft) -> Key | Draft | None:
    """Return the shape keys of a character's mesh, as a draft where the character is one; None where it has no mesh."""
    if isinstance(character, CharacterDraft):
        return character.shapes
    body = body_of(character)
    return None if body is None else body.data.shape_keys
