# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech for the corpus: text-to-speech voices, pauses, and the wear that recordings have."""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy import processes
from chironomy.gesture.corpus.languages import LANGUAGES, foreign_sentence
from chironomy.gesture.corpus.texts import sentence
from chironomy.gesture.errors import GestureError

RATE = 16000
# flite's own voices (BSD-like licence) and espeak-ng's (GPL-3.0-or-later); what they speak is free of either.
FLITE_VOICES = ("slt", "rms", "awb", "kal16", "kal")
ESPEAK_VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029")
ESPEAK_LANGUAGES = LANGUAGES
_FOREIGN = 0.22  # part of the recordings that are not English, where espeak-ng is there
# Variants of the speaker that sound like people; every one goes with every voice above.
_VARIANTS = (
    *("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "klatt", "klatt4", "adam", "Alex"),
    *("Alicia", "Andrea", "Andy", "Annie", "belinda", "caleb", "david", "Denis", "Diogo", "ed", "Gene", "grandma"),
    *("grandpa", "Henrique", "Hugo", "john", "kaukovalta", "linda", "marcelo", "Marco", "Michael", "Mike", "norbert"),
    *("pablo", "paul", "quincy", "rob", "robert", "steph", "travis", "victor", "Zac", "anika"),
)
_FLITE_PITCH = {"slt": 175, "rms": 105, "awb": 130, "kal16": 105, "kal": 105}


def program(name: str) -> list[str] | None:
    """The start of a command that runs "flite" or "espeak-ng"; None where the machine has no such program.

    The package espeakng-loader, which the extra `train` brings, goes before an espeak-ng that is installed: that one
    seeds a voice's breath by the clock (1.52), and a corpus is to be the same whenever it is made.
    """
    if name == "espeak-ng" and importlib.util.find_spec("espeakng_loader") is not None:
        return [sys.executable, "-P", str(Path(__file__).with_name("espeak.py"))]
    found = shutil.which(name)
    return [found] if found else None


def available_voices() -> list[tuple[str, str]]:
    """(program, voice) pairs that this machine can speak with.

    Raises:
        GestureError: neither program is installed.
    """
    voices = [("flite", voice) for voice in FLITE_VOICES if program("flite")]
    voices += [("espeak-ng", voice) for voice in ESPEAK_VOICES if program("espeak-ng")]
    if not voices:
        raise GestureError(
            "the corpus needs a text-to-speech program and finds neither flite nor espeak-ng; install espeak-ng's "
            "package with \"pip install 'chironomy[train]'\", or both with 'apt install flite espeak-ng' or 'brew "
            "install flite espeak-ng'"
        )
    return voices


class Voice:
    """One speaker: a voice with its own rate, pitch and liveliness, drawn from `random`."""

    def __init__(self, random: np.random.Generator):
        voices = available_voices()
        # Each program as often as the other, however many voices it has; flite's intonation is the more natural.
        programs = sorted({program for program, _ in voices}, reverse=True)
        shares = np.array([0.6 if program == "flite" else 0.4 for program in programs])
        self.program = programs[random.choice(len(programs), p=shares / shares.sum())]
        names = [name for program, name in voices if program == self.program]
        self.name = names[random.integers(len(names))]
        self.language = ""
        if any(program == "espeak-ng" for program, _ in voices) and random.random() < _FOREIGN:
            self.program = "espeak-ng"
            self.language = self.name = ESPEAK_LANGUAGES[random.integers(len(ESPEAK_LANGUAGES))]
        if self.program == "espeak-ng":
            self.name += "+" + _VARIANTS[random.integers(len(_VARIANTS))]
        self.stretch = float(np.exp(random.uniform(np.log(0.75), np.log(1.4))))
        self.pitch = float(random.normal(0, 2.0))
        self.liveliness = float(random.uniform(0.8, 2.3))

    def sentence(self, random: np.random.Generator) -> str:
        """One sentence in the voice's language."""
        return foreign_sentence(self.language, random) if self.language else sentence(random)

    def speak(self, text: str) -> NDArray[np.float32]:
        """Mono samples at 16 kHz, without the silence at either end."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            processes.run(self._command(text, path), check=True, capture_output=True)
            import soundfile
            import soxr

            samples, rate = soundfile.read(path, dtype="float32")
        samples = soxr.resample(samples, rate, RATE)
        loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
        samples = samples[max(loud[0] - 400, 0) : loud[-1] + 400]
        return (samples * (0.1 / (np.sqrt(np.mean(samples**2)) + 1e-6))).astype(np.float32)

    def _command(self, text: str, path: Path) -> list[str]:
        start = program(self.program)
        assert start is not None
        if self.program == "flite":
            mean = _FLITE_PITCH[self.name] * 2 ** (self.pitch / 12)
            return [
                *(*start, "-voice", self.name),
                *("--setf", f"duration_stretch={self.stretch:.3f}"),
                *("--setf", f"int_f0_target_mean={mean:.1f}"),
                *("--setf", f"int_f0_target_stddev={mean * 0.12 * self.liveliness:.1f}"),
                *("-t", text, "-o", str(path)),
            ]
        return [
            *(*start, "-v", self.name, "-s", str(round(165 / self.stretch))),
            *("-p", str(round(np.clip(50 + 9 * self.pitch, 8, 95))), "-w", str(path), "--", text),
        ]
