# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's speech: its file, and where in the scene it is heard, which hands, lips and videos all follow."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bpy.types import Context, Object, Scene

from .. import sequencer
from ..properties import character, settings
from ..rig.read import scene_fps
from ..slices import Slices
from ..turns import turn_of
from .turns import begin_of, turns, voice


class SceneSpeech(NamedTuple):
    """The speech as it is heard in a scene.

    Attributes:
        path: a sound file: the recording itself where it is heard from its first sample to its last, else what is heard
            of it.
        frame: the scene's frame at which the file's first sample is heard, not always a whole number.
    """

    path: Path
    frame: float


def loading_speech(context: Context, scene: Scene, path: Path) -> Slices:
    """Make a recording a scene's speech, in place of an earlier one; return a warning, or "".

    Where several speak, it follows what was laid before, and the scene's character says it. The scene is given the
    recording's length, unless somebody has given it a longer one.

    Raises:
        SoundError: there is no such file, or Blender cannot play it as it will be heard.
    """
    # Imported when they are needed: the add-on's registration waits for nothing of the room of speech.
    from chironomy.speech.joined import played_short
    from chironomy.speech.sound import SILENT
    from chironomy.speech.told_length import cut_told, told_seconds

    heard = yield lambda _: sequencer.listen(path)
    if played_short(path):
        raise sequencer.SoundError(
            f"{path.name} goes on after the end that its header tells, where Blender stops; export it as one recording"
        )
    frame, earlier = scene.frame_start, []
    if settings(scene).several:
        frame = max((turn.played.right for turn in turns(scene) if turn.who is not None), default=frame)
    else:
        earlier = [played.strip for played in sequencer.sounds(scene) if _was_laid(scene, played.strip)]
    strip = sequencer.lay_speech(context, scene, path, earlier, heard, frame)
    if settings(scene).several and strip is not None:
        turn_of(strip).who = character(scene)
    settings(scene).speech = sequencer.relative(path)
    seconds = told_seconds(path) if heard is None else heard.seconds
    if seconds is not None:
        give_length(scene, frame + max(1, round(seconds * scene_fps(scene))) - 1)
    if heard is None:
        return ""
    if heard.level < SILENT:
        return f"nothing is heard in {path.name}: the hands will rest; check the recording's level and its first track"
    return cut_told(path, heard.seconds)


def scene_speech(scene: Scene, item: Object | None = None) -> SceneSpeech | None:
    """Return the speech as it is heard in the scene now; None where the scene has none.

    Where several speak it is what one of them says, `item` or the scene's character, from the first word of anybody on
    to the last.

    A strip that lies as a whole gives its file. Of cut and trimmed strips one file is made, in Blender's temporary
    folder, that holds what is heard of them where it is heard.

    Raises:
        SoundError: there is no file to be heard, or its strips are played at another speed.
    """
    if settings(scene).several:
        begin = begin_of(scene)
        return None if begin is None else SceneSpeech(voice(scene, item or character(scene)).file(), float(begin))
    if not settings(scene).speech:
        return None
    path, heard = speech_file(scene), _heard(scene)
    for played in heard:
        sequencer.check_speed(played.strip)
    if not heard:
        return SceneSpeech(path, float(scene.frame_start))
    if len(heard) == 1 and _is_whole(heard[0]):
        return SceneSpeech(path, heard[0].start)
    return SceneSpeech(_as_heard(path, heard, scene_fps(scene)), float(heard[0].left))


def speech_start(scene: Scene) -> int:
    """Return the scene's frame that is nearest to where its speech begins; its first frame where none is laid."""
    if settings(scene).several:
        begin = begin_of(scene)
        return scene.frame_start if begin is None else begin
    heard = _heard(scene)
    if not heard:
        return scene.frame_start
    return round(heard[0].start) if len(heard) == 1 and _is_whole(heard[0]) else heard[0].left


def speech_file(scene: Scene) -> Path:
    """Return the recording: where the strip laid for it plays it from, else where the scene looks for it, else packed.

    Saving a .blend in another folder leads the strip's path on, and not the scene's.

    Raises:
        SoundError: it is nowhere.
    """
    wanted = sequencer.absolute(settings(scene).speech)
    for strip in (played.strip for played in sequencer.sounds(scene) if _still_laid(scene, played.strip)):
        if strip.sound and strip.sound.filepath and sequencer.absolute(strip.sound.filepath).is_file():
            return sequencer.absolute(strip.sound.filepath)
    if wanted.is_file():
        return wanted
    found = [played.strip.sound for played in sequencer.sounds(scene) if _is_speech(scene, played.strip)]
    for sound in found:
        if sound and sound.filepath and sequencer.absolute(sound.filepath).is_file():
            return sequencer.absolute(sound.filepath)
    for sound in found:
        if sound and sound.packed_file:
            data = bytes(sound.packed_file.data)
            return sequencer.keep(f"{hashlib.sha256(data).hexdigest()[:16]}-{Path(wanted).name}", [data])
    raise sequencer.SoundError(f"there is no file {wanted}; load the speech again")


def give_length(scene: Scene, last: int) -> None:
    """Let a scene reach a frame; it ends there where its end was nobody's choice, and other strips end before."""
    chosen = settings(scene)
    if scene.frame_end == chosen.given_end:
        scene.frame_end = max(last, min(scene.frame_end, sequencer.last_frame_of_others(scene)))
    else:
        scene.frame_end = max(last, scene.frame_end)
    if scene.frame_end == last:
        chosen.given_end = last


def _is_speech(scene: Scene, strip: Any) -> bool:
    """Whether a strip plays the scene's speech: its file, or what was laid for it and looked for elsewhere since."""
    if _same_file(scene, strip) or _still_laid(scene, strip):
        return True
    return sequencer.laid_here(strip) and not sequencer.absolute(settings(scene).speech).is_file()


def _still_laid(scene: Scene, strip: Any) -> bool:
    """Whether a strip was laid for the speech that the scene names, which nobody has named otherwise since."""
    return sequencer.laid_here(strip) and strip.get(sequencer.LAID_FROM) == settings(scene).speech


def _was_laid(scene: Scene, strip: Any) -> bool:
    """Whether a strip was laid as speech; older versions left no mark but the name."""
    return sequencer.laid_here(strip) or (strip.name == sequencer.SPEECH_STRIP and _same_file(scene, strip))


def _same_file(scene: Scene, strip: Any) -> bool:
    speech = settings(scene).speech
    if not speech or not strip.sound or not strip.sound.filepath:
        return False
    wanted, played = sequencer.absolute(speech), sequencer.absolute(strip.sound.filepath)
    try:
        return wanted.samefile(played)
    except OSError:
        return wanted == played


def _heard(scene: Scene) -> list[sequencer.Played]:
    """The pieces of the speech that are heard, the earliest first.

    Where all are switched off, to work in quiet, none is taken to be.
    """
    if not settings(scene).speech:
        return []
    pieces = [played for played in sequencer.sounds(scene) if played.left < played.right]
    pieces = [played for played in pieces if _is_speech(scene, played.strip)]
    return [played for played in pieces if not played.muted] or pieces


def _is_whole(played: sequencer.Played) -> bool:
    """Whether nothing of the file is cut off; strips begin and end on whole frames, sounds do not."""
    return played.left <= played.start + 0.5 and played.right >= played.start + played.length - 0.5


def _as_heard(path: Path, heard: list[sequencer.Played], fps: float) -> Path:
    """One sound of the pieces, beginning with the first of them."""
    from chironomy.speech.sound import wave_head

    samples, rate = sequencer.samples_of(path)
    first = heard[0].left

    def at(frames: float) -> int:
        return round(frames / fps * rate)

    mixed = np.zeros((at(max(played.right for played in heard) - first), samples.shape[1]), np.float32)
    for played in heard:
        skipped, place = at(played.left - played.start), at(played.left - first)
        # A strip that was moved within its own handles is silent before its file begins.
        place, skipped = place + max(-skipped, 0), max(skipped, 0)
        piece = samples[skipped : skipped + max(at(played.right - first) - place, 0)]
        mixed[place : place + len(piece)] += piece
    content = [wave_head(rate, mixed.shape[1], len(mixed)), np.ascontiguousarray(mixed, "<f4").data]
    digest = hashlib.sha256(content[1]).hexdigest()
    return sequencer.keep(f"{digest[:16]}-{path.stem}.wav", content)
