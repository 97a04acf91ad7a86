# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording that was cut short is told from one that ends where it says: in every container that says so."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chironomy.speech import load_speech
from chironomy.speech.told_length import cut_told, told_seconds

RATE, SECONDS = 16000, 6.0

KINDS = {
    "wav": [],
    "24.wav": ["-c:a", "pcm_s24le"],
    "aiff": [],
    "flac": [],
    "mp3": [],
    "44.mp3": ["-ar", "44100", "-id3v2_version", "3", "-metadata", "title=a title"],
    "m4a": ["-movflags", "+faststart"],
    "mov": ["-movflags", "+faststart", "-c:a", "pcm_s16le"],
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "speech.wav"
    soundfile.write(path, 0.3 * np.random.default_rng(1).standard_normal(int(SECONDS * RATE)), RATE)
    return path


def written(recording: Path, path: Path, *options: str) -> Path:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin", "-i", recording, *options, path]
    subprocess.run([str(word) for word in command], check=True)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_recording_is_as_long_as_it_tells_and_half_of_it_is_not(
    recording: Path, tmp_path: Path, kind: str
) -> None:
    path = written(recording, tmp_path / f"speech.{kind}", *KINDS[kind])
    assert told_seconds(path) == pytest.approx(SECONDS, abs=0.15)
    assert cut_told(path, load_speech(path).duration) == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    there = load_speech(path).duration
    assert 0.3 * SECONDS < there < 0.7 * SECONDS
    assert cut_told(path, there).startswith(f"{path.name} breaks off: of the 6.")


def test_sound_that_begins_late_in_a_film_or_is_trimmed_there_is_not_cut(recording: Path, tmp_path: Path) -> None:
    picture = ["-f", "lavfi", "-i", "color=s=32x32:d=9"]
    late = written(
        recording, tmp_path / "late.mp4", *["-itsoffset", "2", "-i", str(recording)], *picture, "-map", "1:a"
    )
    assert cut_told(late, load_speech(late).duration) == ""
    whole = written(recording, tmp_path / "whole.m4a")
    trimmed = written(whole, tmp_path / "trimmed.m4a", "-c", "copy")
    assert cut_told(trimmed, load_speech(trimmed).duration) == ""


def test_what_was_piped_or_is_of_another_kind_tells_nothing(recording: Path, tmp_path: Path) -> None:
    piped = tmp_path / "piped.wav"
    data = bytearray(recording.read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    piped.write_bytes(data)
    assert told_seconds(piped) is None
    for name in ("speech.ogg", "speech.webm", "speech.aac"):
        assert told_seconds(written(recording, tmp_path / name)) is None
    for length in (0, 3, 40, 200):
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"\0\0\0\x18ftypisom"[:length] + b"\xff" * length)
        assert told_seconds(broken) is None


def test_chunks_that_were_joined_are_not_cut(recording: Path, tmp_path: Path) -> None:
    for kind in ("wav", "mp3", "flac"):
        one = written(recording, tmp_path / f"one.{kind}")
        both = tmp_path / f"both.{kind}"
        both.write_bytes(one.read_bytes() * 2)
        assert cut_told(both, load_speech(both).duration) == ""
