# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings that are good, odd and bad, made on the spot."""

import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile


def tone(seconds: float, rate: int = 16000) -> np.ndarray:
    """A voice-like buzz that comes and goes three times a second."""
    times = np.arange(round(seconds * rate)) / rate
    return 0.3 * np.sign(np.sin(2 * np.pi * 120 * times)) * (0.5 - 0.5 * np.cos(2 * np.pi * 3 * times))


def speech(path: Path, seconds: float = 1.0, rate: int = 16000) -> Path:
    """A sound file."""
    soundfile.write(path, tone(seconds, rate), rate)
    return path


def _text(folder: Path) -> Path:
    (folder / "notes.wav").write_text("Dear diary, today I renamed a text file.\n" * 50)
    return folder / "notes.wav"


def _empty(folder: Path) -> Path:
    (folder / "empty.wav").write_bytes(b"")
    return folder / "empty.wav"


def _no_samples(folder: Path) -> Path:
    with wave.open(str(folder / "nothing.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
    return folder / "nothing.wav"


def _silent_film(folder: Path) -> Path:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "color=size=64x64:duration=1"]
    subprocess.run([*command, str(folder / "film.mp4")], check=True)
    return folder / "film.mp4"


def _not_numbers(folder: Path) -> Path:
    samples = tone(1.0)
    samples[4000:4100] = np.nan
    soundfile.write(folder / "broken.wav", samples, 16000, subtype="FLOAT")
    return folder / "broken.wav"


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "speech.wav", r"speech\.wav does not exist"),
    "folder": (lambda folder: folder, r"is a folder; give a sound file"),
    "text": (_text, r"notes\.wav is not a sound file"),
    "empty": (_empty, r"empty\.wav is an empty file"),
    "no samples": (_no_samples, r"nothing\.wav holds no samples"),
    "no sound stream": (_silent_film, r"film\.mp4 has no sound stream"),
    "not numbers": (_not_numbers, r"broken\.wav has samples that are not numbers"),
    "too short": (lambda folder: speech(folder / "short.wav", 0.1), r"short\.wav lasts 0\.100 s, too short"),
    "too long": (lambda folder: speech(folder / "long.wav", 3700, 1000), r"long\.wav is longer than the 60 minutes"),
}
"""What makes each bad recording, and what is said of it."""


def _surround(folder: Path) -> Path:
    soundfile.write(folder / "surround.wav", np.repeat(tone(1.0, 96000)[:, None], 6, axis=1), 96000)
    return folder / "surround.wav"


ODD: dict[str, tuple[Callable[[Path], Path], float]] = {
    "0.2 s": (lambda folder: speech(folder / "word.wav", 0.2), 0.2),
    "8 kHz": (lambda folder: speech(folder / "phone.wav", 1.0, 8000), 1.0),
    "96 kHz 5.1": (_surround, 1.0),
    "30 min": (lambda folder: speech(folder / "lecture.flac", 1800, 8000), 1800.0),
}
"""What makes each odd but good recording, and its seconds."""
