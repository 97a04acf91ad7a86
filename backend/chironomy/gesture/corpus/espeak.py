# SPDX-License-Identifier: GPL-3.0-or-later
"""The program espeak-ng, as far as the corpus uses it, over the library that the package espeakng-loader brings.

It is run as a file, in a process of its own for each sentence, so that nothing of one sentence's voice is left in the
next. What it calls is espeak-ng's `speak_lib.h` (1.52).
"""

import argparse
import ctypes
import os
import sys
import wave
from pathlib import Path

_SYNCHRONOUS = 2
_RATE, _PITCH = 1, 3
_CHARACTERS = 1
_UTF8 = 1
_DO_NOT_EXIT = 0x8000


def speak(text: str, voice: str, words_per_minute: int, pitch: int, path: Path) -> None:
    """Write a sentence as 16-bit mono WAV.

    Args:
        text: in the voice's language.
        voice: espeak-ng's name, a variant after "+": "en-us+klatt4".
        words_per_minute: 80 to 450.
        pitch: 0 to 99; 50 is the voice's own.
        path: the file to write.

    Raises:
        OSError: the library or its data cannot be loaded.
        ValueError: there is no such voice.
    """
    import espeakng_loader

    path = path.resolve()
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    # espeak-ng cuts the path of its data at 160 bytes, and then looks for it where its wheel was built: go there.
    os.chdir(espeakng_loader.get_data_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, b".", _DO_NOT_EXIT)
    if rate <= 0:
        raise OSError("espeak-ng finds no data beside its library; install the package espeakng-loader again")
    # A voice's breath is noise, which espeak-ng seeds by the clock.
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    blocks: list[bytes] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    def keep(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count:
            blocks.append(ctypes.string_at(samples, 2 * count))
        return 0

    library.espeak_SetSynthCallback(keep)
    # The voice of en-gb is the file "en"; the program finds it by its language and then forgets the variant.
    language, plus, variant = voice.partition("+")
    names = (voice, language.split("-")[0] + plus + variant)
    if all(library.espeak_SetVoiceByName(name.encode()) for name in names):
        raise ValueError(f"espeak-ng has no voice {voice}")
    library.espeak_SetParameter(_RATE, words_per_minute, 0)
    library.espeak_SetParameter(_PITCH, pitch, 0)
    data = text.encode() + b"\0"
    library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, _CHARACTERS, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(blocks))


def main() -> int:
    """Speak as espeak-ng's own program would, by the options that the corpus gives it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-v", dest="voice", default="en-us")
    parser.add_argument("-s", dest="words_per_minute", type=int, default=175)
    parser.add_argument("-p", dest="pitch", type=int, default=50)
    parser.add_argument("-w", dest="path", type=Path, required=True)
    parser.add_argument("text")
    arguments = parser.parse_args()
    try:
        speak(arguments.text, arguments.voice, arguments.words_per_minute, arguments.pitch, arguments.path)
    except (ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
