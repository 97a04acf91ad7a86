# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech for the corpus: text-to-speech voices, pauses, and the wear that recordings have."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.errors import GestureError

RATE = 16000
# flite's own voices (BSD-like licence) and espeak-ng's (GPL-3.0-or-later); what they speak is free of either.
FLITE_VOICES = ("slt", "rms", "awb", "kal16")
ESPEAK_VOICES = ("en-us", "en-us+f2", "en-us+m3", "en-gb", "en-gb+f4", "en-gb-scotland+m7", "en-us+f5", "en-gb-x-rp+m1")


def available_voices() -> list[tuple[str, str]]:
    """(program, voice) pairs that this machine can speak with.

    Raises:
        GestureError: neither program is installed.
    """
    voices = [("flite", voice) for voice in FLITE_VOICES if shutil.which("flite")]
    voices += [("espeak-ng", voice) for voice in ESPEAK_VOICES if shutil.which("espeak-ng")]
    if not voices:
        raise GestureError(
            "the corpus needs a text-to-speech program and finds neither flite nor espeak-ng; install both with "
            "'apt install flite espeak-ng', 'brew install flite espeak-ng' or from their project pages"
        )
    return voices


class Voice:
    """One speaker: a voice with its own rate, pitch and liveliness, drawn from `random`."""

    def __init__(self, random: np.random.Generator):
        voices = available_voices()
        self.program, self.name = voices[random.integers(len(voices))]
        self.stretch = float(random.uniform(0.85, 1.25))
        self.pitch = float(random.normal())
        self.liveliness = float(random.uniform(0.9, 1.9))

    def speak(self, text: str) -> NDArray[np.float32]:
        """Mono samples at 16 kHz, without the silence at either end."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            subprocess.run(self._command(text, path), check=True, stdin=subprocess.DEVNULL, capture_output=True)
            import soundfile
            import soxr

            samples, rate = soundfile.read(path, dtype="float32")
        samples = soxr.resample(samples, rate, RATE)
        loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
        samples = samples[max(loud[0] - 400, 0) : loud[-1] + 400]
        return (samples * (0.1 / (np.sqrt(np.mean(samples**2)) + 1e-6))).astype(np.float32)

    def _command(self, text: str, path: Path) -> list[str]:
        if self.program == "flite":
            mean = {"slt": 175, "rms": 105, "awb": 130, "kal16": 105}[self.name] * 2 ** (self.pitch / 12)
            return [
                *("flite", "-voice", self.name),
                *("--setf", f"duration_stretch={self.stretch:.3f}"),
                *("--setf", f"int_f0_target_mean={mean:.1f}"),
                *("--setf", f"int_f0_target_stddev={mean * 0.12 * self.liveliness:.1f}"),
                *("-t", text, "-o", str(path)),
            ]
        return [
            *("espeak-ng", "-v", self.name, "-s", str(round(165 / self.stretch))),
            *("-p", str(round(np.clip(50 + 12 * self.pitch, 10, 90))), "-w", str(path), "--", text),
        ]


def emphasise(samples: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Raise the level of a stretch or two by a few decibels, as a speaker stresses words."""
    gain = np.zeros(len(samples))
    times = np.arange(len(samples)) / RATE
    for _ in range(random.integers(0, 3)):
        centre = random.uniform(0, times[-1])
        gain += random.uniform(2, 6) * np.exp(-0.5 * ((times - centre) / random.uniform(0.08, 0.2)) ** 2)
    return (samples * 10 ** (gain / 20)).astype(np.float32)


def recorded(samples: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """The same speech as a microphone in a room might have it: echo, colour, hum and hiss, gain, clipping."""
    from scipy.signal import butter, fftconvolve, sosfilt

    if random.random() < 0.5:
        seconds = random.uniform(0.1, 0.5)
        tail = random.normal(size=round(seconds * RATE)) * np.exp(
            -6.9 * np.arange(round(seconds * RATE)) / RATE / seconds
        )
        tail *= random.uniform(0.1, 0.6) / np.sqrt((tail**2).sum())
        tail[0] = 1
        samples = fftconvolve(samples, tail)[: len(samples)]
    if random.random() < 0.4:
        low, high = random.uniform(40, 250), random.uniform(3200, 7500)
        samples = np.asarray(sosfilt(butter(2, [low, high], "bandpass", fs=RATE, output="sos"), samples))
    level = float(np.sqrt(np.mean(samples**2))) + 1e-6
    hiss = random.normal(size=len(samples))
    if random.random() < 0.5:
        hiss = np.asarray(sosfilt(butter(1, random.uniform(200, 2000), "lowpass", fs=RATE, output="sos"), hiss))
    hiss *= level * 10 ** (-random.uniform(18, 50) / 20) / (hiss.std() + 1e-9)
    samples = samples + hiss
    if random.random() < 0.3:
        hum = random.choice([50, 60]) * 2 * np.pi * np.arange(len(samples)) / RATE
        samples = samples + level * 10 ** (-random.uniform(20, 40) / 20) * np.sin(hum)
    samples = samples * (10 ** random.uniform(-1.2, 0.6))
    return np.clip(samples, -1, 1).astype(np.float32)
