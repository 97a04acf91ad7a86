# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of scenes and characters have takes of their own.

*Full Copy* of a scene copies its characters and what they show, but not the actions that they do not show: those takes
would be in both lists, and an edit in one scene would be seen in the other.
"""

import bpy
from bpy.app.handlers import persistent
from bpy.types import ID, Action, Object, Scene

from ..properties import settings
from ..rig import actions


def give_own_takes() -> int:
    """Give every character of every scene takes of its own; return how many actions were copied for that.

    The scene that is first in the file keeps what it has.
    """
    for scene in bpy.data.scenes:
        if scene.library is None and scene.session_uid not in _known:
            _list_what_is_played(scene)
    _note()
    owners: dict[Action, Object] = {}
    copied = 0
    for scene in bpy.data.scenes:
        if scene.library is not None:
            continue
        chosen = settings(scene)
        copies: dict[tuple[Action, Object], Action] = {}
        for take in chosen.takes:
            for name in ("action", "face_action"):
                action, item = getattr(take, name), take.item
                if action is None or item is None or action.library is not None:
                    continue
                if owners.setdefault(action, item) == item:
                    continue
                copy = copies.get((action, item))
                if copy is None:
                    copy = copies[action, item] = action.copy()
                    copy.use_fake_user = action.use_fake_user
                    owners[copy] = item
                    copied += 1
                setattr(take, name, copy)
        for (action, item), copy in copies.items():
            for block in (item, *(child.data.shape_keys for child in item.children if child.type == "MESH")):
                data = None if block is None else block.animation_data
                if data is not None and data.action == action:
                    actions.assign(block, copy, actions.slot_handle(block))
            for name in ("phrases_of", "layers_of", "take_before"):
                if getattr(chosen, name) == action:
                    setattr(chosen, name, copy)
    return copied


def _list_what_is_played(scene: Scene) -> None:
    """Let the take that a copied scene shows be what its character plays.

    Of an action that animates the character and its face Blender makes two copies, and lists the face's.
    """
    chosen = settings(scene)
    take = chosen.takes[chosen.take_index] if 0 <= chosen.take_index < len(chosen.takes) else None
    if take is None or take.item is None or take.action is None:
        return
    listed, played = take.action, _played(take.item)
    if played is None or any(other.action == played for other in chosen.takes) or _stem(listed) != _stem(played):
        return
    take.action = played
    for name in ("phrases_of", "layers_of", "take_before"):
        if getattr(chosen, name) == listed:
            setattr(chosen, name, played)
    before = take.face_action
    for child in take.item.children:
        face = _played(child.data.shape_keys) if child.type == "MESH" else None
        if face is not None and before is not None and _stem(face) == _stem(before):
            take.face_action = face


def _played(animated: ID | None) -> Action | None:
    return animated.animation_data.action if animated is not None and animated.animation_data is not None else None


def _stem(action: Action) -> str:
    """Return an action's name without the number that Blender gives copies."""
    stem, _, number = action.name.rpartition(".")
    return stem if number.isdigit() else action.name


_known: set[int] = set()
"""The scenes whose takes were looked at, by their numbers in this session."""


def _note() -> None:
    _known.clear()
    _known.update(scene.session_uid for scene in bpy.data.scenes)


@persistent
def _after_change(*_: object) -> None:
    if len(bpy.data.scenes) != len(_known):
        give_own_takes()


@persistent
def _after_opening(*_: object) -> None:
    _note()
    give_own_takes()


def register() -> None:
    """Watch for copies of scenes."""
    bpy.app.handlers.depsgraph_update_post.append(_after_change)
    bpy.app.handlers.load_post.append(_after_opening)


def unregister() -> None:
    """Watch no more."""
    bpy.app.handlers.depsgraph_update_post.remove(_after_change)
    bpy.app.handlers.load_post.remove(_after_opening)
