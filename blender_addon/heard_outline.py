# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's speech as it is drawn in the timeline: heard by a thread when it is first to be drawn, then kept."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bpy
from bpy.types import Scene

from chironomy.errors import ChironomyError

from . import sequencer
from .properties import settings
from .scene.script import script_file
from .scene.speech import scene_speech
from .scene.turns import has_speech, turns

if TYPE_CHECKING:
    from chironomy.speech.outline import Outline

TICK = 0.2
"""Seconds between looks at the thread."""

_MOST_KEPT = 4


class Drawn(NamedTuple):
    """An outline, and the scene's frame, not always a whole one, of its second 0."""

    outline: "Outline"
    frame: float


class _Known:
    """What was heard, by file; what the scene was like when it was looked at; and the thread that hears."""

    heard: "OrderedDict[Hashable, Outline | None]" = OrderedDict()
    looked: Hashable = None
    drawn: Drawn | None = None
    wanted: tuple[Hashable, float] | None = None
    thread: threading.Thread | None = None


def of_scene(scene: Scene) -> Drawn | None:
    """Return what is to be drawn; None where there is no speech, or it is not heard yet: then a timer sees to that."""
    if not has_speech(scene):
        return None
    if _state(scene) != _Known.looked and not bpy.app.timers.is_registered(look):
        bpy.app.timers.register(look, first_interval=0.0)
    return _Known.drawn


def look() -> float | None:
    """Look at the scene's speech, and hear it; called by Blender's timer.

    Returns:
        Seconds until the next look; None where there is nothing left to wait for.
    """
    scene = bpy.context.scene
    state = _state(scene)
    if state != _Known.looked:
        _Known.looked, _Known.drawn, _Known.wanted = state, None, None
        # Where there is nothing to be heard, who generates is told why.
        with contextlib.suppress(ChironomyError, OSError):
            speech = scene_speech(scene)
            if speech is not None:
                _want(speech.path, script_file(scene), speech.frame)
    if _Known.thread is not None:
        if _Known.thread.is_alive():
            return TICK
        _Known.thread = None
    if _Known.wanted is not None:
        key, frame = _Known.wanted
        outline = _Known.heard.get(key)
        _Known.drawn = Drawn(outline, frame) if outline is not None else None
        _Known.wanted = None
        redraw()
    return None


def redraw() -> None:
    """Let every timeline and dope sheet be drawn anew."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "DOPESHEET_EDITOR":
                area.tag_redraw()


def forget() -> None:
    """Let go of all that was heard."""
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)
    if _Known.thread is not None:
        _Known.thread.join(TICK)
    _Known.heard.clear()
    _Known.looked, _Known.drawn, _Known.wanted, _Known.thread = None, None, None, None


def said_in(drawn: Drawn, fps: float) -> list[tuple[float, float, str]]:
    """Return the frames of what is said, from and to, and the texts."""
    return [(drawn.frame + each.start * fps, drawn.frame + each.end * fps, each.text) for each in drawn.outline.said]


def _state(scene: Scene) -> Hashable:
    """What the outline depends on, as far as it is known at once."""
    chosen = settings(scene)
    laid = tuple((each.start, each.left, each.right, each.muted) for each in sequencer.sounds(scene))
    times = scene.frame_start, scene.render.fps, scene.render.fps_base
    whose = [turn.who and turn.who.name for turn in turns(scene)] if chosen.several else ()
    said = chosen.speech, chosen.script, tuple(whose), chosen.several and chosen.character and chosen.character.name
    return scene.session_uid, said, laid, times


def _want(path: Path, script: Path | None, frame: float) -> None:
    key = (path, path.stat().st_mtime_ns, script, script.stat().st_mtime_ns if script and script.is_file() else 0)
    _Known.wanted = key, frame
    if key in _Known.heard:
        _Known.heard.move_to_end(key)
        return
    if _Known.thread is None or not _Known.thread.is_alive():
        _Known.thread = threading.Thread(target=_hear, args=(key, path, script), name="chironomy outline", daemon=True)
        _Known.thread.start()
    else:
        # What is heard now is another file's: this one is looked at again afterwards.
        _Known.looked = None


def _hear(key: Hashable, path: Path, script: Path | None) -> None:
    outline = None
    # A file that cannot be heard is not drawn; who generates is told why.
    with contextlib.suppress(ChironomyError, OSError):
        outline = _outline(path, script)
    _Known.heard[key] = outline
    while len(_Known.heard) > _MOST_KEPT:
        _Known.heard.popitem(last=False)


def _outline(path: Path, script: Path | None) -> "Outline | None":
    # Imported when they are needed: the add-on's registration waits for nothing of the room of speech.
    from .hearing import hear, why_deaf

    if why_deaf():
        return None
    from chironomy.speech.outline import outline_of

    speech = hear(path)
    try:
        return outline_of(speech, script)
    except ChironomyError:
        # A script that cannot be read leaves the wave.
        return outline_of(speech)
