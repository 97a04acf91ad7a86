# SPDX-License-Identifier: GPL-3.0-or-later
"""Several characters who talk in turns: whose each sound strip is, and what of all that each says, hears and sees."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bpy.types import Context, Object, Scene

from chironomy.body.listening import Aims
from chironomy.body.rig import load_rig
from chironomy.performance.conversation import Spoken, glances

from .. import sequencer
from ..properties import settings
from ..rig.build import is_character
from ..rig.read import scene_fps
from ..rig.space import to_armature, to_body
from ..turns import turn_of


class Turn(NamedTuple):
    """A sound strip and the character who speaks in it; None where nobody does."""

    played: sequencer.Played
    who: Object | None


class Piece(NamedTuple):
    """A part of a recording: its file, the seconds of it that come first, their number, and where they are heard."""

    path: Path
    first: float
    seconds: float
    at: float


@dataclass(frozen=True)
class Voice:
    """What is heard of somebody in a scene, from the first word of anybody to the last.

    Attributes:
        pieces: what is heard.
        seconds: how long all of it goes on.
        folder: that its file is kept in.
    """

    pieces: tuple[Piece, ...]
    seconds: float
    folder: Path

    def file(self) -> Path:
        """Return a sound file of it, silent where nothing is said. Safe in a worker thread.

        Raises:
            SpeechError: a recording cannot be heard here.
        """
        told = [(str(piece.path), piece.path.stat().st_mtime_ns, *piece[1:]) for piece in self.pieces]
        name = hashlib.sha256(repr((told, self.seconds)).encode()).hexdigest()
        path = self.folder / f"{name[:16]}-voice.wav"
        if not path.is_file():
            _write(path, self.pieces, self.seconds)
        return path


def speakers(scene: Scene) -> list[Object]:
    """Return the scene's characters, by name."""
    return sorted((item for item in scene.objects if is_character(item)), key=lambda item: item.name)


def turns(scene: Scene) -> list[Turn]:
    """Return the sound strips that are heard, the earliest first, and who speaks in each."""
    played = [each for each in sequencer.sounds(scene) if each.left < each.right and not each.muted]
    by_default = _default_speakers(scene, [each for each in played if not turn_of(each.strip).nobody])
    found = []
    for each in played:
        chosen = turn_of(each.strip)
        who = chosen.who if chosen.who is not None and chosen.who.name in scene.objects else None
        found.append(Turn(each, None if chosen.nobody else who or by_default.get(_key(each))))
    return found


def _default_speakers(scene: Scene, played: Sequence[sequencer.Played]) -> dict[Any, Object]:
    """Return who speaks in strips for which nobody is chosen, by the strip's key.

    Who is named in the name of the strip, of its file or of its channel speaks in it. Else the channels that have such
    strips belong to the characters in the order of their names; where one channel has them all, they take turns.
    """
    characters = speakers(scene)
    found: dict[Any, Object] = {}
    left = []
    for each in played:
        named = [item for item in characters if _names(item.name, _texts(each))]
        if named:
            found[_key(each)] = max(named, key=lambda item: len(item.name))
        else:
            left.append(each)
    channels = sorted({each.strip.channel for each in left})
    for number, each in enumerate(left):
        place = number % len(characters) if len(channels) == 1 and characters else channels.index(each.strip.channel)
        if place < len(characters):
            found[_key(each)] = characters[place]
    return found


def begin_of(scene: Scene) -> int | None:
    """Return the scene's frame at which the first of them speaks; None where nobody does."""
    return min((turn.played.left for turn in turns(scene) if turn.who is not None), default=None)


def voice(scene: Scene, item: Object | None, others: bool = False) -> Voice:
    """Return what a character says, or what the others say while it listens.

    Raises:
        SoundError: there is no file to be heard, or a strip is played at another speed.
    """
    spoken = [turn for turn in turns(scene) if turn.who is not None]
    fps = scene_fps(scene)
    begin = min((turn.played.left for turn in spoken), default=scene.frame_start)
    end = max((turn.played.right for turn in spoken), default=begin + 1)
    pieces = []
    for played, who in spoken:
        if (who == item) == others:
            continue
        sequencer.check_speed(played.strip)
        skipped = (played.left - played.start) / fps
        # A strip that was moved within its own handles is silent before its file begins.
        at = (played.left - begin) / fps + max(-skipped, 0.0)
        length = (played.right - begin) / fps - at
        pieces.append(Piece(sequencer.file_of(played.strip), max(skipped, 0.0), length, at))
    return Voice(tuple(pieces), (end - begin) / fps, sequencer.temporary_folder())


def aims_of(context: Context, scene: Scene, item: Object) -> Aims | None:
    """Return whom a character looks at, where the others stand now; None where there is nobody else."""
    spoken = [turn for turn in turns(scene) if turn.who is not None]
    fps, begin = scene_fps(scene), min((turn.played.left for turn in spoken), default=scene.frame_start)
    present = speakers(scene)
    places = {number: _eyes(context, item, other) for number, other in enumerate(present) if other != item}
    by_distance = sorted(places, key=lambda number: float(np.linalg.norm(places[number])))
    said = [
        Spoken(present.index(who), (played.left - begin) / fps, (played.right - begin) / fps) for played, who in spoken
    ]
    looks = glances(present.index(item), said, by_distance)
    if not looks:
        return None
    return Aims(np.array([each.seconds for each in looks]), np.array([places[each.who] for each in looks]))


def has_speech(scene: Scene) -> bool:
    """Whether there is something to gesture to: a speech, or with several speakers a strip in which one speaks."""
    if settings(scene).several:
        return begin_of(scene) is not None
    return bool(settings(scene).speech)


def why_no_speech(scene: Scene) -> str:
    """Return why there is nothing to gesture to, in a sentence without its stop; "" where there is."""
    return "" if has_speech(scene) else "Load a speech first"


def _eyes(context: Context, item: Object, other: Object) -> np.ndarray:
    """(3,) metres where another character's eyes are in the frame of one's body."""
    rig, graph = load_rig(), context.evaluated_depsgraph_get()
    eyes = rig.joint_position[[rig.index("eye.L"), rig.index("eye.R")]].mean(axis=0)
    there = other.evaluated_get(graph).matrix_world @ _vector(to_armature(rig, eyes))
    here = item.evaluated_get(graph).matrix_world.inverted_safe() @ there
    return to_body(rig, np.array(here))


def _vector(place: np.ndarray) -> Any:
    from mathutils import Vector

    return Vector(place.tolist())


def _key(played: sequencer.Played) -> Any:
    return played.strip.as_pointer()


def _texts(played: sequencer.Played) -> list[str]:
    sound = played.strip.sound
    file = Path(sound.filepath.replace("\\", "/")).stem if sound is not None else ""
    return [played.strip.name, file, played.channel]


def _names(name: str, texts: Sequence[str]) -> bool:
    """Whether one of some texts has a name in it, not as a part of another word."""
    wanted = re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE)
    return any(wanted.search(text) for text in texts)


def _write(path: Path, pieces: Sequence[Piece], seconds: float) -> None:
    """Write what is heard of some pieces as one recording of one channel."""
    from chironomy.files import atomic_path
    from chironomy.speech.decode import SAMPLE_RATE, Speech
    from chironomy.speech.resample import resampled
    from chironomy.speech.sound import wave_head

    from ..hearing import samples_of

    heard: dict[Path, Speech] = {}
    for piece in pieces:
        if piece.path not in heard:
            samples, rate = samples_of(piece.path)
            heard[piece.path] = Speech.from_samples(samples, rate, piece.path.name)
    rate = max((speech.sample_rate for speech in heard.values()), default=SAMPLE_RATE)
    mixed = np.zeros(max(round(seconds * rate), 1), np.float32)
    for piece in pieces:
        speech = heard[piece.path]
        samples = resampled(speech.samples, speech.sample_rate, rate)
        first, place = round(piece.first * rate), round(piece.at * rate)
        part = samples[first : first + max(min(round(piece.seconds * rate), len(mixed) - place), 0)]
        mixed[place : place + len(part)] += part
    with atomic_path(path) as partial, partial.open("wb") as file:
        file.write(wave_head(rate, 1, len(mixed)))
        file.write(np.ascontiguousarray(mixed, "<f4").data)
