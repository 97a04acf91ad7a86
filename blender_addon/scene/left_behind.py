# SPDX-License-Identifier: GPL-3.0-or-later
"""A character that is deleted takes its body with it: that is not to be clicked, and would stand there for ever.

Blender deletes what is selected, which is the armature. The body goes in the same step of the history, so that one step
back brings both again.
"""

import bpy
from bpy.app.handlers import persistent
from bpy.types import Mesh, Object, Scene

from ..properties import settings
from ..rig.build import is_body


def clear() -> int:
    """Delete the bodies whose character is in no scene any more, and let no scene name such a character.

    A body that somebody made clickable, or that no armature is to move, is their own. Returns how many bodies went.
    """
    count = 0
    for body in [item for item in bpy.data.objects if is_body(item) and item.hide_select and _is_left(item)]:
        mesh: Mesh = body.data
        bpy.data.objects.remove(body)
        if mesh.users == 0:
            bpy.data.meshes.remove(mesh)
        count += 1
    for scene in bpy.data.scenes:
        chosen = settings(scene) if scene.library is None else None
        if chosen is not None and chosen.character is not None and not chosen.character.users_scene:
            chosen.character = None
    return count


def _is_left(body: Object) -> bool:
    """Whether a body is in a scene, and what is to move it is in none."""
    movers = [modifier.object for modifier in body.modifiers if modifier.type == "ARMATURE"]
    if body.library is not None or not body.users_scene or not movers:
        return False
    return not any(item is not None and item.users_scene for item in (*movers, body.parent))


class _Seen:
    """How many objects the scene that was looked at last had."""

    count = 0


@persistent
def _after_change(scene: Scene, *_: object) -> None:
    count = len(scene.objects)
    if count < _Seen.count:
        _soon()
    _Seen.count = count


@persistent
def _after_step(*_: object) -> None:
    _soon()


def _soon() -> None:
    # Blender may be about to use what would be deleted.
    if not bpy.app.background and not bpy.app.timers.is_registered(_clear):
        bpy.app.timers.register(_clear, first_interval=0.0)


def _clear() -> None:
    clear()


def register() -> None:
    """Watch for characters that are deleted."""
    bpy.app.handlers.depsgraph_update_post.append(_after_change)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(_after_step)


def unregister() -> None:
    """Watch no more."""
    if bpy.app.timers.is_registered(_clear):
        bpy.app.timers.unregister(_clear)
    bpy.app.handlers.depsgraph_update_post.remove(_after_change)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.remove(_after_step)
