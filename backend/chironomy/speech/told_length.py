# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a sound file says that it is, so that one that was cut short on its way is told from one that ends there.

Nothing else believes these lengths (`chironomy.speech.sound`). WAV, AIFF, FLAC, MP3 and the kin of MP4 tell one; Ogg
and what was written to a pipe do not.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from chironomy.speech.joined import parts_of

_UNTOLD = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""What stands for a length that was not known when a header was written."""

_TOLERANCE = 0.15
"""Seconds by which coders of compressed sound are off their own length: what they fill up with, and what they drop."""


def cut_told(path: Path, seconds: float) -> str:
    """What to tell the person of a recording of which only `seconds` are there; "" where that is all of it.

    Raises:
        OSError: it cannot be read.
    """
    told = told_seconds(path)
    if told is None or told <= seconds + _TOLERANCE:
        return ""
    return (
        f"{path.name} breaks off: of the {told:.1f} s that its header tells, {seconds:.1f} s are there and are used; "
        "see that it was copied whole"
    )


def told_seconds(path: Path) -> float | None:
    """The length of the sound by a file's header; None where it tells none.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        try:
            if head[:4] == b"RIFF" and head[8:] == b"WAVE":
                told = _wave(file)
            elif head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
                told = _aiff(file)
            elif head[:4] == b"fLaC":
                told = _flac(file)
            elif head[4:8] == b"ftyp":
                told = _film(file, path.stat().st_size)
            else:
                told = _mp3(file)
        except (struct.error, ZeroDivisionError, IndexError):
            # A header that is no header; whoever decodes it judges it.
            return None
    # What was joined tells the length of one of its parts.
    return told if told is None or len(parts_of(path)) == 1 else None


def _wave(file: IO[bytes]) -> float | None:
    rate = 0
    while len(chunk := file.read(8)) == 8:
        length, place = int.from_bytes(chunk[4:], "little"), file.tell()
        if chunk[:4] == b"fmt ":
            rate = struct.unpack("<8xI", file.read(12))[0]
        elif chunk[:4] == b"data":
            return None if length in _UNTOLD else length / rate
        file.seek(place + length + length % 2)
    return None


def _aiff(file: IO[bytes]) -> float | None:
    while len(chunk := file.read(8)) == 8:
        length, place = int.from_bytes(chunk[4:], "big"), file.tell()
        if chunk[:4] == b"COMM":
            frames, exponent, mantissa = struct.unpack(">2xI2xHQ", file.read(18))
            # A float of 80 bits, as of IEEE 754's extended precision.
            return frames / (mantissa * 2.0 ** (exponent - 16383 - 63))
        file.seek(place + length + length % 2)
    return None


def _flac(file: IO[bytes]) -> float | None:
    """The first block is the stream's (RFC 9639, section 8.2): 20 bits of rate, and at the end 36 of its samples."""
    file.seek(8)
    numbers = int.from_bytes(file.read(18)[10:], "big")
    samples = numbers & ((1 << 36) - 1)
    return samples / (numbers >> 44) if samples else None


def _mp3(file: IO[bytes]) -> float | None:
    """The count of frames in the first one, which coders leave empty for it (a table that players seek by)."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3":
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    file.seek(start)
    frame = file.read(200)
    if len(frame) < 200 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        return None
    newest = frame[1] >> 3 & 3 == 3
    rate = (44100, 48000, 32000)[frame[2] >> 2 & 3] // {3: 1, 2: 2, 0: 4}.get(frame[1] >> 3 & 3, 1)
    place = frame.find(b"Xing") if b"Xing" in frame else frame.find(b"Info")
    if place < 0 or not frame[place + 7] & 1:
        return None
    return int.from_bytes(frame[place + 8 : place + 12], "big") * (1152 if newest else 576) / rate


def _film(file: IO[bytes], size: int) -> float | None:
    """The first track of sound (ISO 14496-12): what its edits play, or else all of it."""
    for moov in _boxes(file, 0, size, b"moov"):
        scale = next((_time(file, at, 12) for at in _boxes(file, *moov, b"mvhd")), None)
        for trak in _boxes(file, *moov, b"trak"):
            for mdia in _boxes(file, *trak, b"mdia"):
                if not any(_bytes(file, at[0] + 8, 4) == b"soun" for at in _boxes(file, *mdia, b"hdlr")):
                    continue
                played = [
                    _played(file, elst)
                    for edts in _boxes(file, *trak, b"edts")
                    for elst in _boxes(file, *edts, b"elst")
                ]
                if scale and played and played[0]:
                    return played[0] / scale[0]
                own = next((_time(file, at, 12) for at in _boxes(file, *mdia, b"mdhd")), None)
                return own[1] / own[0] if own and own[1] not in _UNTOLD else None
    return None


def _boxes(file: IO[bytes], start: int, stop: int, name: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the insides of a box's boxes of one name begin and end."""
    place = start
    while place + 8 <= stop:
        head = _bytes(file, place, 16)
        size, inside = int.from_bytes(head[:4], "big"), place + 8
        if size == 1:
            size, inside = int.from_bytes(head[8:16], "big"), place + 16
        end = stop if size == 0 else place + size
        if head[4:8] == name:
            yield inside, min(end, stop)
        if end <= place:
            return
        place = end


def _time(file: IO[bytes], box: tuple[int, int], place: int) -> tuple[int, int]:
    """Units a second and length of a header box, of either version."""
    if _bytes(file, box[0], 1) == b"\1":
        return struct.unpack(">IQ", _bytes(file, box[0] + place + 8, 12))
    return struct.unpack(">II", _bytes(file, box[0] + place, 8))


def _played(file: IO[bytes], box: tuple[int, int]) -> int:
    """How much of the track edits play, without what they leave silent; 0 where that is not told."""
    wide = _bytes(file, box[0], 1) == b"\1"
    (count,) = struct.unpack(">I", _bytes(file, box[0] + 4, 4))
    size, layout = (20, ">Qq4x") if wide else (12, ">Ii4x")
    edits = struct.iter_unpack(layout, _bytes(file, box[0] + 8, size * min(count, 1000)))
    return sum(length for length, begin in edits if begin >= 0)


def _bytes(file: IO[bytes], place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)
