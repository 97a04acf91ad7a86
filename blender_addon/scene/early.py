# SPDX-License-Identifier: GPL-3.0-or-later
"""Key poses of hands that are made, on the character before the rest is: a glimpse, which is no take.

The glimpse is a copy of the action that the character shows, with all that is the animator's in it, and it knows which
action that was. It is taken away when the whole is there, when the work ends otherwise, when somebody steps back in
history or saves the file: then the character shows what it showed before. Where somebody edited the glimpse, it stays,
as a take of their own.
"""

import json
import math
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.types import Action, Object, Scene

from chironomy.body.rig import load_rig
from chironomy.motion import HandMotion

from ..own import own_of
from ..rig import actions
from ..rig.channels import hand_joints, rotation_paths
from ..rig.drafts import CharacterDraft
from ..rig.owned import Only, hand_unit
from ..rig.write import writing_motion
from ..slices import MARK, Slices, drained
from .dense import HANDS_PROPERTY, PERFORMANCE_PROPERTY
from .layers import carried_by
from .speech import speech_start
from .takes import MADE_PROPERTY, list_shown

GLIMPSE_PROPERTY = "chironomy_glimpse"
"""A custom property of an action that is a glimpse: its fingerprint as it was written."""

_BEFORE, _BEFORE_SLOT, _VALUES = "chironomy_before", "chironomy_before_slot", "chironomy_before_values"
_LEADING = 24
"""Frames of what was shown already that are written anew, so that what comes now follows it."""


def can_show(item: Object) -> bool:
    """Whether a character's hands can be shown early: not where another character or layers stand between."""
    data = item.animation_data
    if own_of(item).item is not None or actions.refusal(item):
        return False
    if data is None:
        return True
    return not (data.nla_tracks or carried_by(data.action) or (data.action is not None and data.action.library))


def showing(scene: Scene, item: Object, motion: HandMotion, shown: int) -> Slices:
    """Let a character show the first part of a motion as generated key poses, in slices.

    Args:
        scene: whose speech and frame rate count.
        item: the character.
        motion: all that is made, from the speech's start on.
        shown: how many frames of it are shown already.

    Raises:
        ChironomyError: nothing can be written now; nothing has changed.
    """
    if not can_show(item):
        return
    begin, before = speech_start(scene), (yield from _state(item))
    now = _action(item)
    if now is not None and now.get(GLIMPSE_PROPERTY, str(before[2])) != str(before[2]):
        return  # somebody edits it, and it is theirs
    first = float(begin + shown - _LEADING) if shown and before[0] else -math.inf
    draft = CharacterDraft(item, face=False)
    try:
        # Nothing is led to beyond what is made: it would not be as it will be.
        yield from writing_motion(draft, load_rig(), motion, scene, begin, only=Only(first, math.inf))
        written = yield from actions.fingerprinting(draft.animation_data.action)
        if (yield from _state(item)) != before:
            return
        old, action = _action(item), draft.animation_data.action
        assert action is not None
        if GLIMPSE_PROPERTY not in action:
            action[_VALUES] = json.dumps({path: _value(item, path) for path in _paths(item)})
            if old is not None:
                action[_BEFORE], action[_BEFORE_SLOT] = old, actions.slot_handle(item)
        action[GLIMPSE_PROPERTY] = str(written)
        # All else that a take leaves on a character stays as it is.
        actions.assign(item, action, draft.animation_data.handle)
        del action[MARK]
        if old is not None and GLIMPSE_PROPERTY in old:
            _remove(old)
        scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    finally:
        draft.discard()


def take_away(only: Object | None = None) -> None:
    """Let characters show what they showed before their glimpses; glimpses that somebody edited stay, as takes.

    Args:
        only: the character; all of them where None.
    """
    glimpses = [action for action in bpy.data.actions if GLIMPSE_PROPERTY in action]
    if not glimpses:
        return
    for item in bpy.data.objects if only is None else [only]:
        action = _action(item)
        if action not in glimpses:
            continue
        if _edited(action):
            _keep(action, item)
        else:
            _give_back(action, item)
    for action in glimpses:
        if GLIMPSE_PROPERTY in action and not actions.is_played(action):
            _remove(action)


def _give_back(action: Action, item: Object) -> None:
    """Let a character show what it showed before a glimpse, and have the values that nothing animates."""
    actions.assign(item, action.get(_BEFORE), action.get(_BEFORE_SLOT, 0))
    for path, value in json.loads(action[_VALUES]).items():
        _set(item, path, value)
    for scene in item.users_scene:
        scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)


def _keep(action: Action, item: Object) -> None:
    """Make a glimpse that somebody edited a take of their own."""
    _forget(action)
    for scene in item.users_scene:
        list_shown(scene, item)


def _remove(action: Action) -> None:
    """Remove a glimpse that nobody sees, but for one that somebody put into a list or keeps."""
    if action.users:
        _forget(action)
    else:
        bpy.data.actions.remove(action)


def _edited(action: Action) -> bool:
    return action[GLIMPSE_PROPERTY] != str(drained(actions.fingerprinting(action)))


def _forget(action: Action) -> None:
    """Make an action that was a glimpse one of the person's own."""
    for name in (GLIMPSE_PROPERTY, _BEFORE, _BEFORE_SLOT, _VALUES, MADE_PROPERTY, PERFORMANCE_PROPERTY, HANDS_PROPERTY):
        if name in action:
            del action[name]


def _action(item: Object) -> Action | None:
    return item.animation_data.action if item.animation_data is not None else None


def _paths(item: Object) -> list[str]:
    """The data paths of all that a glimpse animates, and the rotations of all modes beside it."""
    units = [hand_unit(item, hand) for hand in range(2)]
    turns = (path for hand in range(2) for bone in hand_joints(hand) for path in rotation_paths(bone))
    return list(dict.fromkeys([*(path for unit in units for path in unit.channels), *turns]))


def _value(item: Object, path: str) -> Any:
    value = item.path_resolve(path)
    return value if isinstance(value, int | float) else list(value)


def _set(item: Object, path: str, value: Any) -> None:
    try:
        if path.endswith('"]'):
            owner, _, name = path.rpartition('["')
            item.path_resolve(owner)[name[:-2]] = value
        else:
            owner, _, name = path.rpartition(".")
            setattr(item.path_resolve(owner), name, value)
    except ValueError:  # a bone that is gone
        return


def _state(item: Object) -> Slices:
    """Return in slices what a glimpse depends on: whether the character shows one, and what it shows."""
    action = _action(item)
    if action is None:
        return False, 0, 0
    return GLIMPSE_PROPERTY in action, action.session_uid, (yield from actions.fingerprinting(action))


@persistent
def _replaced(*_: Any) -> None:
    take_away()


def register() -> None:
    """Leave no glimpse in files that are saved, nor where somebody steps back in history."""
    for handlers in _handlers():
        handlers.append(_replaced)


def unregister() -> None:
    """Leave no glimpse at all."""
    take_away()
    for handlers in _handlers():
        if _replaced in handlers:
            handlers.remove(_replaced)


def _handlers() -> tuple[Any, ...]:
    hands = bpy.app.handlers
    return hands.undo_post, hands.redo_post, hands.load_post, hands.save_pre
