# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes that an older version of the add-on left in a .blend become as this version would have left them.

A scene carries how many of the steps below were taken for it, and which version saved it. The steps are taken in order
when a file is opened; a step finds nothing to do in a scene of this version. To change what a .blend holds, add a step
at the end.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.types import Scene

import chironomy

from . import sequencer
from .properties import settings
from .rig.build import body_of, is_character


def migrate() -> None:
    """Take the missing steps for every scene of the file that is open."""
    for scene in bpy.data.scenes:
        chosen = settings(scene)
        if scene.library is None and chosen.steps_taken < len(STEPS):
            for step in STEPS[chosen.steps_taken :]:
                step(scene)
            chosen.steps_taken = len(STEPS)


def newer_version(scene: Scene) -> str:
    """Return the version of the add-on that saved a scene, where it is newer than this one; else an empty text."""
    chosen = settings(scene)
    return chosen.version if chosen.steps_taken > len(STEPS) else ""


def _paths_beside_the_file(scene: Scene) -> None:
    """Paths are kept as seen from the .blend, as Blender's own buttons keep them; they were absolute up to 0.1.0."""
    chosen = settings(scene)
    fit = chosen.fit
    for name in ("speech", "portrait"):
        moved = _beside(getattr(chosen, name))
        if moved != getattr(chosen, name):
            setattr(chosen, name, moved)
    # Choosing a portrait forgets the fit of the last; this is the same one.
    chosen.fit = fit
    for strip in _laid_by_name(scene):
        if strip.type == "SOUND" and strip.sound:
            strip.sound.filepath = _beside(strip.sound.filepath)


def _marked_strips(scene: Scene) -> None:
    """Strips that were laid here are known by a mark; up to 0.1.0 by their names.

    The end of the scene was the end of its speech then, and is still nobody's choice where it is.
    """
    for strip in _laid_by_name(scene):
        strip[sequencer.MARK] = "speech" if strip.type == "SOUND" else "video"
        end = (strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end) - 1
        if strip.type == "SOUND" and abs(end - scene.frame_end) <= 1:
            settings(scene).given_end = scene.frame_end


def _bodies_not_clicked(scene: Scene) -> None:
    """A click on the character selects its rig; up to 0.1.0 it selected the mesh, from which no pose is reached."""
    for item in scene.objects:
        body = body_of(item) if is_character(item) and item.library is None else None
        if body is not None and body.library is None:
            body.hide_select = True


def _laid_by_name(scene: Scene) -> list[Any]:
    editor = scene.sequence_editor
    if not settings(scene).speech or editor is None:
        return []
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    kinds = {sequencer.SPEECH_STRIP: ("SOUND",), sequencer.VIDEO_STRIP: ("MOVIE", "IMAGE")}
    return [strip for strip in strips if strip.type in kinds.get(strip.name, ()) and sequencer.MARK not in strip]


def _beside(path: str) -> str:
    """Return a path as seen from the .blend, where it is a file that is there."""
    if not path or path.startswith("//") or not Path(path).is_file():
        return path
    return sequencer.relative(Path(path))


STEPS: tuple[Callable[[Scene], None], ...] = (_paths_beside_the_file, _marked_strips, _bodies_not_clicked)
"""What is done for a scene, in order; each knows nothing of the later ones."""


@persistent
def _after_opening(*_: object) -> None:
    migrate()


@persistent
def _before_saving(*_: object) -> None:
    # The add-on may have been updated while the file was open.
    migrate()
    for scene in bpy.data.scenes:
        if scene.library is None and not newer_version(scene):
            settings(scene).version = chironomy.__version__


def register() -> None:
    """Watch the opening and saving of files."""
    bpy.app.handlers.load_post.append(_after_opening)
    bpy.app.handlers.save_pre.append(_before_saving)


def unregister() -> None:
    """Watch no more."""
    bpy.app.handlers.load_post.remove(_after_opening)
    bpy.app.handlers.save_pre.remove(_before_saving)
