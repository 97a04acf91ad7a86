# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound, film and pictures in the video sequencer, whose names differ between Blender's versions."""

import os
from pathlib import Path
from typing import Any

import bpy
from bpy.types import Context, Scene

from chironomy.errors import ChironomyError

SPEECH_STRIP = "Speech"
VIDEO_STRIP = "Chironomy Video"

SPEECH_CHANNEL, VIDEO_CHANNEL = 1, 2

_PICTURES = (".png", ".exr")


class SoundError(ChironomyError):
    """A sound that Blender cannot play; the message says which and what to do."""


def sound_seconds(path: Path) -> float | None:
    """Return how long a sound file lasts.

    Returns:
        Seconds; None in a Blender that was built without sound, as some of its Python modules are.

    Raises:
        SoundError: there is no such file, or no sound in it.
    """
    if not path.is_file():
        raise SoundError(f"there is no file {path}; choose a recording of speech")
    try:
        import aud
    except ImportError:
        return None
    try:
        sound = aud.Sound(str(path))
        rate, _ = sound.specs
        seconds = sound.length / rate
    except (aud.error, ZeroDivisionError):
        seconds = 0.0
    if seconds <= 0.0:
        raise SoundError(f"{path.name} has no sound that Blender can read; choose a recording of speech")
    return seconds


def lay_speech(context: Context, path: Path) -> None:
    """Put a sound at the scene's first frame, in place of the one that was laid before."""
    scene = context.scene
    _remove(scene, SPEECH_STRIP)
    try:
        strip = _strips(scene).new_sound(
            name=SPEECH_STRIP, filepath=str(path), channel=SPEECH_CHANNEL, frame_start=scene.frame_start
        )
    except RuntimeError:
        # A Blender without sound cannot play it; the backend still hears the file.
        return
    strip.name = SPEECH_STRIP
    # Playing drops frames rather than let the hands fall behind the voice.
    scene.sync_mode = "AUDIO_SYNC"
    _show(context)


def lay_video(context: Context, path: Path, frame: int) -> None:
    """Put a film, or a folder of pictures, above the speech, in place of the one that was laid before."""
    scene = context.scene
    _remove(scene, VIDEO_STRIP)
    options = {"name": VIDEO_STRIP, "channel": VIDEO_CHANNEL, "frame_start": frame, "fit_method": "FIT"}
    if path.is_dir():
        pictures = [item for item in path.iterdir() if item.suffix in _PICTURES]
        # More than 99,999 have longer numbers.
        pictures.sort(key=lambda item: (len(item.name), item.name))
        strip = _strips(scene).new_image(filepath=str(pictures[0]), **options)
        for picture in pictures[1:]:
            strip.elements.append(picture.name)
    else:
        strip = _strips(scene).new_movie(filepath=str(path), **options)
    strip.name = VIDEO_STRIP
    _show(context)


def keep_beside(scene: Scene, blend: Path) -> None:
    """Let the strip of the last render be looked for where it is as seen from a .blend, wherever the two are moved."""
    strip = video_strip(scene)
    name = "directory" if strip.type == "IMAGE" else "filepath"
    setattr(strip, name, "//" + os.path.relpath(absolute(getattr(strip, name)), blend.parent))


def speech_start(scene: Scene) -> int:
    """Return the scene frame at which the speech starts; the scene's first frame where none is laid."""
    strip = _find(scene, SPEECH_STRIP)
    if strip is None:
        return scene.frame_start
    return round(strip.content_start if hasattr(strip, "content_start") else strip.frame_start)


def video_strip(scene: Scene) -> Any:
    """Return the strip of the last render, or None."""
    return _find(scene, VIDEO_STRIP)


def _find(scene: Scene, name: str) -> Any:
    return _strips(scene).get(name) if scene.sequence_editor else None


def _strips(scene: Scene) -> Any:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _remove(scene: Scene, name: str) -> None:
    strip = _find(scene, name)
    if strip is not None:
        _strips(scene).remove(strip)


def _show(context: Context) -> None:
    """Let the workspace's sequencer show this scene, where it may show another one."""
    workspace = context.workspace
    if workspace is not None and hasattr(workspace, "sequencer_scene") and workspace.sequencer_scene is None:
        workspace.sequencer_scene = context.scene


def absolute(path: str) -> Path:
    """Return a path as Blender stores it (`//` is the .blend's folder) as an absolute one."""
    return Path(bpy.path.abspath(path)).expanduser()
