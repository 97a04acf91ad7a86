# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of scenes and characters have takes of their own.

*Full Copy* of a scene copies its characters and what they show, but not the actions that they do not show: those takes
would be in both lists, and an edit in one scene would be seen in the other.
"""

import bpy
from bpy.app.handlers import persistent
from bpy.types import Action, Object

from ..properties import settings
from ..rig import actions


def give_own_takes() -> int:
    """Give every character of every scene takes of its own; return how many actions were copied for that.

    The scene that is first in the file keeps what it has.
    """
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


_scenes = [0]
"""How many scenes there were when the takes were looked at last."""


@persistent
def _after_change(*_: object) -> None:
    if len(bpy.data.scenes) != _scenes[0]:
        _scenes[0] = len(bpy.data.scenes)
        give_own_takes()


@persistent
def _after_opening(*_: object) -> None:
    _scenes[0] = len(bpy.data.scenes)
    give_own_takes()


def register() -> None:
    """Watch for copies of scenes."""
    bpy.app.handlers.depsgraph_update_post.append(_after_change)
    bpy.app.handlers.load_post.append(_after_opening)


def unregister() -> None:
    """Watch no more."""
    bpy.app.handlers.depsgraph_update_post.remove(_after_change)
    bpy.app.handlers.load_post.remove(_after_opening)
