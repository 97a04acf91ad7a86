# SPDX-License-Identifier: GPL-3.0-or-later
"""The samples of any sound file, first to last, in blocks: what Blender and other players play of it.

The usual WAV is read as it is; the ffmpeg program that comes with imageio-ffmpeg decodes every other file, or, within
Blender, whatever plays sound there. No length that a header tells is believed, and
time stamps are not looked at: the first sample is second 0, and each follows the one before it. So a recording from a
pipe, chunks that were joined byte by byte, and a film whose sound begins late lie where Blender's sequencer plays them.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from chironomy import processes
from chironomy.files import atomic_path
from chironomy.packages import ffmpeg_program
from chironomy.speech.errors import DecoderKilled, SpeechError
from chironomy.speech.joined import Part, parts_of
from chironomy.speech.plain_wave import plain_wave

SILENT = 1e-4
"""Half the range of samples that are not heard, full scale being 1: 80 dB under it, or three steps of 16 bits."""

# Containers of sound and film alone. Playlists (hls, concat, dash, sdp, …) would open files and addresses of their own.
_CONTAINERS = (
    "wav,w64,aiff,caf,au,flac,ogg,mp3,aac,mov,matroska,webm,mpegts,mpeg,mpegvideo,avi,asf,flv,amr,amrnb,amrwb,ac3,eac3,"
    "dts,truehd,wv,ape,tta,mpc,mpc8,voc,rm,nut,mxf,gxf,dv,ivf,gsm,loas,latm,nistsphere,ircam,avr,sds,pvf,sox,8svx,iff"
)
_PLAYLIST = re.compile(rb"\s*(#EXTM3U|ffconcat|\[playlist\]|<\?xml|<MPD|<smil|<playlist|<asx|v=0\s)", re.I)
_READ = 1 << 20

MINIMUM_SECONDS = 0.2
"""Of speech."""

T = TypeVar("T")


class NoSuchTrackError(SpeechError):
    """The file has fewer tracks of sound."""


class Sound:
    """One track of sound while it is decoded.

    Attributes:
        rate: samples a second.
        channels: how many; of more than two in the order of WAV (front left, front right, centre, low-frequency, …).
    """

    def __init__(self, rate: int, channels: int, blocks: Iterator[NDArray[np.float32]], name: str):
        self.rate, self.channels = rate, channels
        self._blocks, self._name = blocks, name

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """(N, channels) each, full scale 1; to be asked for once.

        Raises:
            SpeechError: a sample is not a finite number.
        """
        start = 0
        for block in self._blocks:
            check_finite(block, start, self.rate, self._name)
            start += len(block)
            yield block


class OpenSound(Protocol):
    """What decodes one track of sound of a file, or of a part of it, as `open_sound` does."""

    def __call__(
        self, path: Path, track: int, part: Part, *, film_time: bool
    ) -> AbstractContextManager["Sound | None"]:
        """Raise as `open_sound` does; give None for a track without samples."""
        ...


@contextmanager
def open_sound(
    path: Path,
    track: int = 0,
    part: Part | None = None,
    *,
    film_time: bool = False,
    rate: int | None = None,
    channels: int | None = None,
) -> Iterator[Sound | None]:
    """Decode one track of sound; None where it has no samples.

    Args:
        path: a file that is there.
        track: which of the file's tracks of sound.
        part: of a file that holds several one after another.
        film_time: second 0 is the film's, not the sound's: sound that begins late is led in by silence.
        rate: samples a second to convert to; the file's own by default.
        channels: likewise.

    Raises:
        NoSuchTrackError: the file has fewer.
        DecoderKilled: the decoder was ended from outside; also while the blocks are asked for.
        SpeechError: the file is no sound, or a playlist, or cannot be decoded.
    """
    part = part or Part()
    plain = plain_sound(path, track, part) if rate is channels is None else None
    if plain is not None:
        yield plain
        return
    url = f"file:{path}"
    if part.start or part.stop is not None:
        stop = path.stat().st_size if part.stop is None else part.stop
        url = f"subfile,,start,{part.start},end,{stop},,:{url}"
    command = [ffmpeg_program(SpeechError), "-v", "error", "-nostdin", "-hide_banner", *part.options]
    command += ["-protocol_whitelist", "file,subfile", "-format_whitelist", _CONTAINERS, "-i", url]
    command += ["-map", f"0:a:{track}", *(["-af", "aresample=async=1:first_pts=0"] if film_time else [])]
    command += [*(["-ar", str(rate)] if rate else []), *(["-ac", str(channels)] if channels else [])]
    command += ["-bitexact", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1"]
    first = b""
    with tempfile.TemporaryFile() as log:
        with processes.start(command, stdout=subprocess.PIPE, stderr=log) as process:
            assert process.stdout is not None
            try:
                first = process.stdout.peek(1)[:1]  # pyright: ignore[reportAttributeAccessIssue]
                if first:
                    told = _wave_header(process.stdout)
                    if not told[0]:
                        _judge_end(process.wait(), path)
                    yield Sound(*told, _decoded(process, told[1], path), path.name)
            finally:
                process.kill() if first else process.wait()
        if not first:
            log.seek(0)
            _judge(log.read(4000).decode("utf-8", "replace"), process.returncode, path, track)
            yield None


def plain_sound(path: Path, track: int, part: Part) -> Sound | None:
    """A WAV that needs no decoder; None where it needs one."""
    plain = plain_wave(path) if not track and part == Part() else None
    return None if plain is None else Sound(plain.rate, plain.channels, plain.blocks(), path.name)


def first_heard(attempt: Callable[[int], tuple[T, float]]) -> T:
    """What is made of the first track in which anything is heard; of the very first where none is.

    Args:
        attempt: takes a track's number; returns what it made of it, and half the range of its samples.
    """
    first, level = attempt(0)
    track = 0
    while level < SILENT:
        track += 1
        try:
            other, level = attempt(track)
        except NoSuchTrackError:
            return first
        if level >= SILENT:
            return other
    return first


def write_excerpt(source: Path, path: Path, start: float = 0.0, seconds: float | None = None) -> None:
    """Write what is heard of a file in a stretch of time as WAV of 32-bit floats: channels, rate and level are kept.

    Args:
        source: any file of sound.
        path: the file to write.
        start: seconds into the sound; negative, the stretch begins before the sound does, with silence.
        seconds: of the stretch; what follows the sound's end is left out. To that end where it is None. A stretch that
            holds nothing of the sound is silent for its whole length.

    Raises:
        SpeechError: the sound cannot be read.
        OSError: the file cannot be written.
    """
    with atomic_path(path) as partial:
        first_heard(lambda track: (None, _write_excerpt(source, partial, start, seconds, track)))


def _write_excerpt(source: Path, path: Path, start: float, seconds: float | None, track: int) -> float:
    rate = channels = None
    place, wanted, written = 0, sys.maxsize, 0
    low, high = np.float32(np.inf), np.float32(-np.inf)
    with path.open("wb") as file:
        for part in parts_of(source):
            with open_sound(source, track, part, rate=rate, channels=channels) as sound:
                if sound is None:
                    continue
                if rate is None:
                    rate, channels = sound.rate, sound.channels
                    place = -round(start * rate)
                    wanted = sys.maxsize if seconds is None else round(seconds * rate)
                    file.write(wave_head(rate, channels, 0))
                    written = _write_silence(file, min(max(place, 0), wanted), channels)
                for block in sound.blocks():
                    low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
                    kept = block[min(max(-place, 0), len(block)) : max(min(wanted - place, len(block)), 0)]
                    file.write(np.ascontiguousarray(kept, "<f4").data)
                    written, place = written + len(kept), place + len(block)
                    if place >= wanted and np.max(high - low) / 2 >= SILENT:
                        break
        if rate is None or channels is None:
            raise SpeechError(f"{source.name} holds no samples; export the recording again")
        if not written:
            written = _write_silence(file, round((seconds or MINIMUM_SECONDS) * rate), channels)
        file.seek(0)
        file.write(wave_head(rate, channels, written))
    return float(np.max(high - low) / 2)


def _write_silence(file: IO[bytes], count: int, channels: int) -> int:
    for done in range(0, count, _READ):
        file.write(bytes(4 * channels * min(_READ, count - done)))
    return count


def wave_head(rate: int, channels: int, count: int) -> bytes:
    """What a WAV of `count` 32-bit float samples a channel begins with; of more than 4 GiB its length is left open."""
    size = count * channels * 4
    told = (size + 36, size) if size < 0xFFFFFFFF - 36 else (0xFFFFFFFF, 0xFFFFFFFF)
    layout = struct.pack("<HHIIHH", 3, channels, rate, rate * channels * 4, channels * 4, 32)
    return b"RIFF" + struct.pack("<I", told[0]) + b"WAVEfmt \x10\0\0\0" + layout + b"data" + struct.pack("<I", told[1])


def is_playlist(head: bytes) -> bool:
    """Whether a file that begins so names other files to play, and is no recording itself."""
    return _PLAYLIST.match(head) is not None


def check_finite(block: NDArray[Any], start: int, sample_rate: float, name: str) -> None:
    """Refuse samples that are not numbers.

    Raises:
        SpeechError: with the time of the first.
    """
    finite = np.isfinite(block)
    if finite.all():
        return
    frame = start + int(np.argmin(finite.reshape(len(block), -1).all(axis=1)))
    raise SpeechError(
        f"{name} has samples that are not numbers (NaN or infinite), the first at {frame / sample_rate:.3f} s; "
        "export it again as 16-bit or 24-bit PCM, or cut that stretch out in an audio editor"
    )


def _wave_header(stream: IO[bytes]) -> tuple[int, int]:
    """Rate and channels that ffmpeg writes before the samples; the stream is at the first of them afterwards."""
    stream.read(12)
    rate = channels = 0
    while len(head := stream.read(8)) == 8 and head[:4] != b"data":
        content = stream.read(int.from_bytes(head[4:], "little"))
        if head[:4] == b"fmt ":
            channels, rate = int.from_bytes(content[2:4], "little"), int.from_bytes(content[4:8], "little")
    return rate, max(channels, 1)


def _decoded(process: "subprocess.Popen[bytes]", channels: int, path: Path) -> Iterator[NDArray[np.float32]]:
    assert process.stdout is not None
    yield from _float_blocks(process.stdout, channels)
    _judge_end(process.wait(), path)


def _judge_end(code: int, path: Path) -> None:
    """Raise where ffmpeg was ended from outside: what it gave until then is not all."""
    if code < 0:
        raise DecoderKilled(f"{path.name} was not decoded to its end: ffmpeg was ended by signal {-code}; try again")


def _float_blocks(stream: IO[bytes], channels: int) -> Iterator[NDArray[np.float32]]:
    size = 4 * channels
    while data := stream.read(max(_READ // size, 1) * size):
        yield np.frombuffer(data[: len(data) // size * size], dtype="<f4").reshape(-1, channels).astype(np.float32)


def _judge(report: str, code: int, path: Path, track: int) -> None:
    """Say why ffmpeg gave no samples; nothing where the track has none."""
    _judge_end(code, path)
    name = path.name
    if "matches no streams" in report:
        if track:
            raise NoSuchTrackError(f"{name} has no sound track {track + 1}")
        raise SpeechError(f"{name} has no sound stream; give a file with sound, or export the sound separately")
    if code == 0:
        return
    with path.open("rb") as file:
        if is_playlist(file.read(200)):
            raise SpeechError(f"{name} is a playlist, which names recordings and is none; give the recording itself")
    if "rror opening input" in report or "Invalid data" in report:
        raise SpeechError(
            f"{name} is not a sound file that can be read; give a recording as wav, flac, mp3, ogg, m4a or mp4"
        )
    reason = report.strip().splitlines()[-1] if report.strip() else "ffmpeg failed"
    raise SpeechError(f"{name} has a sound stream that cannot be decoded ({reason}); export the sound as WAV")
