# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech whose words' times are known: espeak-ng's, which tells where in its sound each word begins.

Run as a program in a process of its own, because the library keeps a voice's state: TEXT VOICE WORDS_A_MINUTE OUT.wav;
it prints a JSON list of [first character, seconds].
"""

import ctypes
import json
import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

_SYNCHRONOUS, _RATE, _CHARACTERS, _UTF8, _WORD, _DO_NOT_EXIT = 2, 1, 1, 1, 1, 0x8000


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


def speak(text: str, path: Path, voice: str = "en-us", words_per_minute: int = 150) -> dict[int, float]:
    """Write the text as sound; return the seconds at which words begin, by the character at which they stand in it.

    A word that it speaks as one with the word before is not there.
    """
    done = subprocess.run(
        [sys.executable, __file__, text, voice, str(words_per_minute), str(path.resolve())],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def errors(text: str, words, begun: dict[int, float]) -> np.ndarray:
    """Seconds by which each of the words of a text begins late, of those whose beginning is known."""
    places = [place.start() for place in re.finditer(r"\S*\w\S*", text)]
    assert len(places) == len(words)
    return np.array([word.start - begun[place] for place, word in zip(places, words, strict=True) if place in begun])


def _main(text: str, voice: str, words_per_minute: str, path: str) -> None:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    os.chdir(espeakng_loader.get_data_path())  # longer paths than 160 bytes are cut
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, b".", _DO_NOT_EXIT)
    assert rate > 0
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    blocks, words = [], []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))
    def keep(samples, count, events):
        if samples and count:
            blocks.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events and events[index].type:
            event = events[index]
            if event.type == _WORD:
                words.append((event.text_position - 1, event.audio_position / 1000))
            index += 1
        return 0

    library.espeak_SetSynthCallback(keep)
    assert library.espeak_SetVoiceByName(voice.encode()) == 0
    library.espeak_SetParameter(_RATE, int(words_per_minute), 0)
    data = text.encode() + b"\0"
    library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, _CHARACTERS, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(blocks))
    print(json.dumps(words))


if __name__ == "__main__":
    _main(*sys.argv[1:])
