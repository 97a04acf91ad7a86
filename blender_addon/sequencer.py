# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound, film and pictures in the video sequencer, whose names differ between Blender's versions."""

import contextlib
import hashlib
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import bpy
from bpy.types import Context, Scene

from chironomy.errors import ChironomyError

SPEECH_STRIP = "Speech"
VIDEO_STRIP = "Chironomy Video"

SPEECH_CHANNEL, VIDEO_CHANNEL = 1, 2

PICTURES = (".png", ".exr")
MARK = "chironomy"
LAID_FROM = "chironomy_file"
"""A custom property of a laid strip: the path by which the scene knew its speech then."""

"""The custom property by which a strip that was laid here is known, whatever it is called and however it is cut."""
_LISTENING_RATE = 8000
_LAST_CHANNEL = 128


class SoundError(ChironomyError):
    """A sound that Blender cannot play; the message says which and what to do."""


class Played(NamedTuple):
    """A sound strip as it is heard in a scene, in the scene's frames.

    Attributes:
        strip: the strip.
        start: where the first sample of its file would be, whether or not it is heard.
        length: frames that Blender takes the file to have.
        left, right: the frames in which it is heard, from `left` to before `right`.
        muted: it, the strips around it or its channel are switched off.
        channel: the name of its channel.
    """

    strip: Any
    start: float
    length: int
    left: int
    right: int
    muted: bool
    channel: str = ""


class Heard(NamedTuple):
    """What Blender plays of a sound file.

    Attributes:
        seconds: how long it goes on.
        told: how long its header says; strips are laid by that.
        level: half the range of its samples, full scale being 1.
    """

    seconds: float
    told: float
    level: float


def listen(path: Path) -> Heard | None:
    """Listen to a sound file to its end.

    Returns:
        What is heard; None in a Blender that was built without sound, as some of its Python modules are.

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
        # At a low rate an hour takes a quarter of a gigabyte; the header's length is often wrong.
        samples = sound.resample(_LISTENING_RATE, False).data()
        told = sound.length / rate
    except (aud.error, ZeroDivisionError):
        samples, told = (), 0.0
    if len(samples) == 0:
        raise SoundError(f"{path.name} has no sound that Blender can read; choose a recording of speech")
    level = float((samples.max(axis=0) - samples.min(axis=0)).max()) / 2
    return Heard(len(samples) / _LISTENING_RATE, told, level)


def samples_of(path: Path) -> tuple[Any, int]:
    """Return what Blender plays of a sound file: (N, channels) float32, and the samples a second.

    Raises:
        SoundError: this Blender cannot play it.
    """
    try:
        import aud
    except ImportError as error:
        raise SoundError("this Blender was built without sound and cannot cut the speech as its strips are") from error
    try:
        sound = aud.Sound(str(path))
        return sound.data(), int(sound.specs[0])
    except aud.error as error:
        raise SoundError(f"{path.name} has no sound that Blender can read; choose a recording of speech") from error


def lay_speech(
    context: Context, scene: Scene, path: Path, earlier: list[Any], heard: Heard | None, frame: int | None = None
) -> Any:
    """Put a sound into the sequencer, in a channel that is free there; return its strip, None where there is none.

    Args:
        context: of the person.
        scene: that it is put in.
        path: the sound file.
        earlier: strips that it takes the place of.
        heard: as `listen` found it.
        frame: that it begins at; the scene's first where None.
    """
    begin = scene.frame_start if frame is None else frame
    for strip in earlier:
        _remove(scene, strip)
    try:
        strip = _strips(scene).new_sound(
            name=SPEECH_STRIP, filepath=relative(path), channel=_empty_channel(scene), frame_start=begin
        )
    except RuntimeError:
        # A Blender without sound cannot play it; the backend still hears the file.
        return None
    strip.name = SPEECH_STRIP
    strip[MARK], strip[LAID_FROM] = "speech", relative(path)
    if heard is not None:
        # To the end of what is heard, which may be more than the header told.
        fps = scene.render.fps / scene.render.fps_base
        end = begin + max(1, round(heard.seconds * fps))
        if _right(strip) < end:
            _set_right(strip, end)
    strip.channel = _free_channel(scene, strip, SPEECH_CHANNEL)
    # Playing drops frames rather than let the hands fall behind the voice.
    scene.sync_mode = "AUDIO_SYNC"
    _show(context)
    return strip


def lay_video(context: Context, path: Path, frame: int) -> None:
    """Put a film, or a folder of pictures, in a free channel above the speech's, in place of the one laid before."""
    scene = context.scene
    earlier = video_strip(scene)
    if earlier is not None:
        _remove(scene, earlier)
    options = {"name": VIDEO_STRIP, "channel": _empty_channel(scene), "frame_start": frame, "fit_method": "FIT"}
    if path.is_dir():
        pictures = [item for item in path.iterdir() if item.suffix in PICTURES]
        # More than 99,999 have longer numbers.
        pictures.sort(key=lambda item: (len(item.name), item.name))
        strip = _strips(scene).new_image(filepath=str(pictures[0]), **options)
        for picture in pictures[1:]:
            strip.elements.append(picture.name)
        strip.directory = relative(path)
    else:
        strip = _strips(scene).new_movie(filepath=str(path), **options)
        strip.filepath = relative(path)
    strip.name = VIDEO_STRIP
    strip[MARK] = "video"
    strip.channel = _free_channel(scene, strip, VIDEO_CHANNEL)
    _show(context)


def keep_beside(scene: Scene, blend: Path) -> None:
    """Let the strip of the last render be looked for where it is as seen from a .blend, wherever the two are moved."""
    strip = video_strip(scene)
    name = "directory" if strip.type == "IMAGE" else "filepath"
    setattr(strip, name, "//" + os.path.relpath(absolute(getattr(strip, name)), blend.parent))


def sounds(scene: Scene) -> list[Played]:
    """Return every sound strip of a scene, those in meta strips too, as it is heard; the earliest first."""
    found = []
    for strip, left, right, muted, channel in _all_strips(scene):
        if strip.type == "SOUND":
            fps = scene.render.fps / scene.render.fps_base
            start = _start(strip) + getattr(strip, "sound_offset", 0.0) * fps
            length = strip.content_duration if hasattr(strip, "content_duration") else strip.frame_duration
            first, end = int(max(left, _left(strip))), int(min(right, _right(strip)))
            found.append(Played(strip, start, length, first, end, muted, channel))
    return sorted(found, key=lambda played: (played.left, played.start))


def check_speed(strip: Any) -> None:
    """See to it that a strip is played as it was recorded.

    Raises:
        SoundError: it is not.
    """
    if retimed(strip):
        raise SoundError(
            f"the strip {strip.name} is played faster or slower than it was recorded, which hands cannot follow; reset "
            "its retiming in the sequencer"
        )


def file_of(strip: Any) -> Path:
    """Return the sound file that a strip plays; of one that is packed into the .blend alone, a copy.

    Raises:
        SoundError: it is nowhere.
    """
    sound = strip.sound
    path = absolute(sound.filepath) if sound is not None and sound.filepath else Path()
    if path.is_file():
        return path
    if sound is not None and sound.packed_file:
        data = bytes(sound.packed_file.data)
        return keep(f"{hashlib.sha256(data).hexdigest()[:16]}-{path.name or sound.name}", [data])
    raise SoundError(
        f"there is no file {path} for the strip {strip.name}; find it in the sequencer, or delete the strip"
    )


def temporary_folder() -> Path:
    """Return a folder for sound, in Blender's temporary one, which goes when Blender ends; made when it is missing."""
    folder = Path(bpy.app.tempdir, "chironomy-speech")
    folder.mkdir(exist_ok=True)
    return folder


def keep(name: str, content: Iterable[Any]) -> Path:
    """Return a file of this name in the temporary folder, with this content unless it is there already."""
    path = temporary_folder() / name
    if not path.is_file():
        partial = path.with_name(f".{name}")
        with partial.open("wb") as file:
            for data in content:
                file.write(data)
        partial.replace(path)
    return path


def laid_here(strip: Any) -> bool:
    """Return whether a sound strip, or what it was cut from, was laid by `lay_speech`."""
    return strip.get(MARK) == "speech"


def last_frame_of_others(scene: Scene) -> int:
    """Return the last frame that a strip which was not laid here reaches; 0 where there is none."""
    others = [_right(strip) - 1 for strip, *_ in _all_strips(scene) if strip.type != "META" and not strip.get(MARK)]
    return max(others, default=0)


def retimed(strip: Any) -> bool:
    """Return whether a strip is played faster or slower than its file."""
    return len(getattr(strip, "retiming_keys", ())) > 0


def video_strip(scene: Scene) -> Any:
    """Return the strip of the last render, or None."""
    for strip, *_ in _all_strips(scene):
        # Older versions knew it by its name.
        if (
            strip.type in ("MOVIE", "IMAGE")
            and strip.get(MARK, "video" if strip.name == VIDEO_STRIP else "") == "video"
        ):
            return strip
    return None


def _all_strips(scene: Scene) -> Iterator[tuple[Any, float, float, bool, str]]:
    """Every strip with the frames that the meta strips around it leave of it, whether it is off, and its channel."""
    if scene.sequence_editor:
        yield from _inside(_strips(scene), scene.sequence_editor.channels, -math.inf, math.inf, muted=False)


def _inside(
    strips: Any, channels: Any, left: float, right: float, *, muted: bool
) -> Iterator[tuple[Any, float, float, bool, str]]:
    for strip in strips:
        off = muted or strip.mute or channels[strip.channel].mute
        yield strip, left, right, off, channels[strip.channel].name
        if strip.type == "META":
            inner = strip.strips if hasattr(strip, "strips") else strip.sequences
            yield from _inside(inner, strip.channels, max(left, _left(strip)), min(right, _right(strip)), muted=off)


def _strips(scene: Scene) -> Any:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _remove(scene: Scene, strip: Any) -> None:
    owners = [_strips(scene)]
    for other, *_ in _all_strips(scene):
        if other.type == "META":
            owners.append(other.strips if hasattr(other, "strips") else other.sequences)
    for owner in owners:
        with contextlib.suppress(RuntimeError):
            if strip in list(owner):
                owner.remove(strip)
                return


def _start(strip: Any) -> float:
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start


def _left(strip: Any) -> int:
    return strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start


def _right(strip: Any) -> int:
    return strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end


def _set_right(strip: Any, frame: int) -> None:
    setattr(strip, "right_handle" if hasattr(strip, "right_handle") else "frame_final_end", frame)


def _empty_channel(scene: Scene) -> int:
    """A channel in which nothing is, so that a strip of any length can be laid in it first."""
    return min(max((strip.channel for strip in _strips(scene)), default=0) + 1, _LAST_CHANNEL)


def _free_channel(scene: Scene, strip: Any, lowest: int) -> int:
    """The lowest channel from `lowest` on that is in use and free where this strip is; its own where there is none."""
    taken = {
        other.channel
        for other in _strips(scene)
        if other != strip and _left(other) < _right(strip) and _right(other) > _left(strip)
    }
    rows = scene.sequence_editor.channels
    free = [channel for channel in range(lowest, _LAST_CHANNEL) if channel not in taken]
    # In a muted channel nobody would hear it, and in a locked one nobody could move it.
    usable = [channel for channel in free if not (rows[channel].mute or rows[channel].lock)]
    return next(iter(usable or free), strip.channel)


def _show(context: Context) -> None:
    """Let the workspace's sequencer show this scene, where it may show another one."""
    workspace = context.workspace
    if workspace is not None and hasattr(workspace, "sequencer_scene") and workspace.sequencer_scene is None:
        workspace.sequencer_scene = context.scene


def absolute(path: str) -> Path:
    """Return a path as Blender stores it (`//` is the .blend's folder) as an absolute one."""
    return Path(bpy.path.abspath(path)).expanduser()


def relative(path: Path) -> str:
    """Return a path as Blender's own file buttons store it: from the .blend's folder, where there is one."""
    if not bpy.data.filepath or not bpy.context.preferences.filepaths.use_relative_paths:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:
        # Another drive on Windows.
        return str(path)
