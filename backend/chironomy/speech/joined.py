# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings that lie one after another in one file, as services send long speech: in chunks that are whole files each.

Of most containers (mp3, aac, flac, mpegts) players go on by themselves. They stop, or stumble, at the end of the first
one of wav, aiff, ogg, mp4 with its kin, and matroska with webm. (Of caf and wma only the first is heard.)
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_HEADS = {
    b"RIFF": re.compile(rb"RIFF.{4}WAVE[a-zA-Z]{3}[a-zA-Z ]", re.S),
    b"FORM": re.compile(rb"FORM.{4}AIF[FC][A-Z]{3}[A-Z ]", re.S),
    b"\x1a\x45\xdf\xa3": re.compile(rb"\x1a\x45\xdf\xa3.{1,60}?\x42\x82.(?:webm|matroska)", re.S),
}
_RIFF_NAME = re.compile(rb"[ -~]{4}")


class Part(NamedTuple):
    """A whole recording within a file.

    Attributes:
        start, stop: its bytes; to the file's end where there is no `stop`.
        options: what ffmpeg must be told to read it to its end.
    """

    start: int = 0
    stop: int | None = None
    options: tuple[str, ...] = ()


def parts_of(path: Path) -> list[Part]:
    """The recordings in a file, in their order; mostly one, which is the whole file."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] not in (*_HEADS, b"OggS") and head[4:8] != b"ftyp":
            return [Part()]
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return [Part()]
        with content:
            starts = [0, *(start for start in _starts(content, head) if start > 0)]
            stops = [*starts[1:], len(content)]
            if head[:4] == b"RIFF":
                cut = [_goes_on(content, start, stop) for start, stop in zip(starts, stops, strict=True)]
            else:
                cut = [False] * len(starts)
    if len(starts) == 1:
        return [Part(options=("-ignore_length", "1") if cut[0] else ())]
    return [
        Part(start, stop, ("-ignore_length", "1") if told else ())
        for start, stop, told in zip(starts, stops, cut, strict=True)
    ]


def played_short(path: Path) -> bool:
    """Whether players stop before the end of this recording: it is several, or its header tells a length too small."""
    parts = parts_of(path)
    return len(parts) > 1 or bool(parts[0].options)


def _starts(content: mmap.mmap, head: bytes) -> Iterator[int]:
    pattern = _HEADS.get(head[:4])
    if pattern is not None:
        yield from (match.start() for match in pattern.finditer(content))
        return
    if head[:4] == b"OggS":
        yield from _chained(content)
        return
    # Boxes of ISO 14496-12: only at the outermost level is `ftyp` a file's beginning, not a picture's in its notes.
    place = 0
    while place + 8 <= len(content):
        size, name = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if name == b"ftyp":
            yield place
        if size == 1:
            size = int.from_bytes(content[place + 8 : place + 16], "big")
        if size < 8:
            return
        place += size


def _chained(content: mmap.mmap) -> Iterator[int]:
    """Where the streams of a chain begin (RFC 3533, section 4): with first pages, one after another."""
    following = -1
    # Version 0; bit 1 of the flags says that a logical stream begins.
    for page in re.compile(rb"OggS\x00[\x02\x03\x06\x07]").finditer(content):
        place = page.start()
        segments = content[place + 26 : place + 27]
        if place != following:
            yield place
        body = place + 27 + sum(segments)
        following = body + sum(content[place + 27 : body])


def _goes_on(content: mmap.mmap, start: int, stop: int) -> bool:
    """Whether sound follows the end that a WAV's header tells: something does that is not made of named chunks."""
    place, after_data = start + 12, False
    while place + 8 <= stop:
        name, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        following = place + 8 + size + size % 2
        if after_data and (not _RIFF_NAME.fullmatch(name) or following > stop + 1):
            # What fills a block up with zeros is no sound.
            return any(content[place : min(stop, place + 4096)])
        if name == b"data":
            if size in (0, 0xFFFFFFFF) or following >= stop:
                return False
            after_data = True
        place = following
    return False
