# SPDX-License-Identifier: GPL-3.0-or-later
"""Hearing speech with what Blender brings: a WAV as it is, everything else as Blender's sound library plays it."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import lacking
from chironomy.speech.decode import Speech, load_speech
from chironomy.speech.errors import SpeechError
from chironomy.speech.joined import Part
from chironomy.speech.sound import NoSuchTrackError, Sound, plain_sound

_BLOCK = 1 << 18
_NO_TRACK = 10_000
_FILLED = 2048
"""Samples by which the last block of a compressed recording may be filled up, which no player but Blender's plays."""

_MOST_HELD = 2

_held: "OrderedDict[Hashable, Speech]" = OrderedDict()
_lock = threading.Lock()


def why_deaf() -> str:
    """Why gestures cannot be made in this Blender, in a sentence without its stop; "" where they can."""
    if not lacking(["parselmouth"]):
        return ""
    return (
        "this extension's zip is for another system or another Python than this Blender's; install the zip for yours, "
        "or choose the backend for gestures in the add-on's preferences"
    )


def hear(path: Path) -> Speech:
    """Return the speech in a file. Safe in a worker thread.

    The last ones are held, with all that was found out about them since: who draws a recording hears it for who
    generates, and another take of it begins at once.

    Raises:
        SpeechError: it cannot be used, or this Blender cannot play it.
    """
    try:
        about = path.stat()
    except OSError:
        return load_speech(path, opener=_open_sound)
    key = path, about.st_mtime_ns, about.st_size
    with _lock:
        if key in _held:
            _held.move_to_end(key)
            return _held[key]
    speech = load_speech(path, opener=_open_sound)
    with _lock:
        # Who heard it meanwhile found out about theirs.
        speech = _held.setdefault(key, speech)
        while len(_held) > _MOST_HELD:
            _held.popitem(last=False)
    return speech


def samples_of(path: Path) -> tuple[NDArray[np.float32], int]:
    """Return all samples of a sound file, (N, channels), and how many a second. Safe in a worker thread.

    Raises:
        SpeechError: this Blender cannot play it.
    """
    with _open_sound(path, 0, Part(), film_time=False) as sound:
        blocks = [] if sound is None else list(sound.blocks())
        if not sum(map(len, blocks)):
            raise SpeechError(f"{path.name} has no sound that Blender can read; choose a recording of speech")
        assert sound is not None
        return np.concatenate(blocks), sound.rate


@contextmanager
def _open_sound(path: Path, track: int, part: Part, *, film_time: bool) -> Iterator[Sound | None]:
    plain = plain_sound(path, track, part)
    if plain is not None:
        yield plain
        return
    if part.start or part.stop is not None:
        raise SpeechError(f"{path.name} holds several recordings, of which Blender plays the first; export it as one")
    try:
        import aud
    except ImportError as error:
        raise SpeechError(f"this Blender was built without sound; give {path.name} as WAV of 16 bits") from error
    try:
        if track and _counts_no_tracks(path):
            raise NoSuchTrackError(f"{path.name} has no sound track {track + 1}")
        played = aud.Sound(str(path), track) if track else aud.Sound(str(path))
        rate, samples = round(played.specs[0]), played.data()
        if 0 < len(samples) - played.length <= _FILLED:
            samples = samples[: played.length]
    except (aud.error, TypeError) as error:
        if track:
            raise NoSuchTrackError(f"{path.name} has no sound track {track + 1}") from error
        raise SpeechError(f"{path.name} has no sound that Blender can read; choose a recording of speech") from error
    if len(samples) == 0:
        yield None
        return
    blocks = (samples[first : first + _BLOCK] for first in range(0, len(samples), _BLOCK))
    yield Sound(rate, samples.shape[1], blocks, path.name)


def _counts_no_tracks(path: Path) -> bool:
    """Whether Blender plays the same whatever track it is asked for, as it does of files that have one alone."""
    import aud

    try:
        return aud.Sound(str(path), _NO_TRACK).length > 0
    except aud.error:
        return False
