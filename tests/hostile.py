# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile files, made by code and harmless (bombs, lying headers, polyglots, pickles), given to a backend."""

import base64
import contextlib
import io
import json
import os
import pickle
import statistics
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import psutil

SPEECH, PICTURE, FACE, SHOT, MOTION, MASK, KEPT, SCORE, SCRIPT, FIT = (
    "speech", "picture", "face", "shot", "pinned", "pinned_mask", "kept", "score", "script", "fit",
)  # fmt: skip
PLACES = (SPEECH, PICTURE, FACE, SHOT, MOTION, MASK, KEPT, SCORE, SCRIPT, FIT)
"""What a file can be given as; a face is a picture that somebody is looked for in."""

ARRAYS, TEXTS, ARCHIVES = (MOTION, MASK, KEPT), (SCORE, SCRIPT, FIT), (SHOT, MOTION, KEPT)

_MOST_WAITING = 100.0
_ZEROS = bytes(1 << 20)


@dataclass(frozen=True)
class Hostile:
    """A file that means no good, and what it is most likely to be given as."""

    make: Callable[[], bytes]
    places: tuple[str, ...]


class _Runs:
    """What a pickle would do: make a folder, by which it would be seen that it ran."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, (str(marker()),)


def marker() -> Path:
    """The folder that no file may make."""
    return Path(os.environ.get("CHIRONOMY_TEST_MARKER", "/nonexistent/hostile"))


def _zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def zip_bomb(name: str, megabytes: int = 3000) -> bytes:
    """A member of zeros, of which each megabyte takes the same kilobyte of the file."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(b"")
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    content, size, check = block * megabytes + b"\x03\x00", megabytes << 20, 0
    for _ in range(megabytes):
        check = zlib.crc32(_ZEROS, check)
    sizes = struct.pack("<III", check, len(content), size)
    named, times = name.encode(), bytes(4)
    local = b"PK\x03\x04\x14\0\0\0\x08\0" + times + sizes + struct.pack("<HH", len(named), 0) + named
    entry = b"PK\x01\x02\x14\0\x14\0\0\0\x08\0" + times + sizes + struct.pack("<H", len(named)) + bytes(16) + named
    start = len(local) + len(content)
    return local + content + entry + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), start, 0)


def _zip_liar(name: str, content: bytes, told: int) -> bytes:
    """A member that says it is smaller or larger than it is."""
    data = bytearray(_zip({name: content}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(mark) + place
        data[start : start + 4] = told.to_bytes(4, "little")
    return bytes(data)


def _zip_overlapping() -> bytes:
    """Two hundred members that are the same bytes of the file (D. Fifield, A better zip bomb, WOOT 2019)."""
    one = _zip({"tracks/a.npz": bytes(8 << 20)})
    directory, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entry = one[directory:end]
    name = entry.index(b"tracks/a.npz")
    entries = b"".join(
        entry[:name] + b"tracks/%05d"[:7] + b"%05d" % number + entry[name + 12 :] for number in range(200)
    )
    tail = bytearray(one[end:])
    struct.pack_into("<HHI", tail, 8, 200, 200, len(entries))
    return one[:directory] + entries + bytes(tail)


def _zip_wandering() -> bytes:
    return _zip(
        {"../../../../tmp/out": b"x", "/etc/passwd": b"x", "..\\..\\x": b"x", "shot.json": b"{}", "C:\\x": b"x"}
    )


def _zip_link() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("shot.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return stream.getvalue()


def _many_members() -> bytes:
    return _zip({f"m{number}.npy": b"" for number in range(20_000)}, zipfile.ZIP_STORED)


def _npy(header: str, content: bytes = b"") -> bytes:
    encoded = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(encoded).to_bytes(2, "little") + encoded + content


def _npz(**fields: bytes) -> bytes:
    return _zip({f"{name}.npy": content for name, content in fields.items()})


def _npz_lying(shape: str, descr: str = "<f8") -> bytes:
    head = _npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}", bytes(80))
    return _npz(format=head, rotation=head, wrist_position=head, mask=head, fps=head)


def _npz_of_pickles() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([_Runs()], dtype=object), allow_pickle=True)
    return _npz(format=stream.getvalue(), rotation=stream.getvalue(), mask=stream.getvalue())


def _png(width: int, height: int, pixels: bytes, chunks: Iterable[tuple[bytes, bytes]] = (), kind: int = 0) -> bytes:
    made = [b"\x89PNG\r\n\x1a\n"]
    head = struct.pack(">IIBBBBB", width, height, 1 if kind == 0 else 8, kind, 0, 0, 0)
    for name, content in ((b"IHDR", head), *chunks, (b"IDAT", pixels), (b"IEND", b"")):
        made += [len(content).to_bytes(4, "big"), name, content, zlib.crc32(name + content).to_bytes(4, "big")]
    return b"".join(made)


def _png_bomb() -> bytes:
    """50,000 by 50,000 black pixels."""
    packer, row = zlib.compressobj(9), bytes(1 + 50_000 // 8) * 1000
    pixels = b"".join([*(packer.compress(row) for _ in range(50)), packer.flush()])
    return _png(50_000, 50_000, pixels)


def _black_png(mode: str, height: int) -> bytes:
    """As wide as a picture may be."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new(mode, (8192, height)).save(stream, "PNG")
    return stream.getvalue()


def _png_with_text_bomb() -> bytes:
    text = b"Comment\x00\x00" + zlib.compress(bytes(256 << 20), 9)
    profile = b"icc\x00\x00" + zlib.compress(bytes(256 << 20), 9)
    small = zlib.compress(bytes(65 * 9))
    return _png(64, 65, small, [(b"zTXt", text), (b"iCCP", profile)])


def _jpeg_lying() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "JPEG")
    data = bytearray(stream.getvalue())
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


def _gif_lying() -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x4c\x01\x00;"


def _tiff_lying() -> bytes:
    entries = [
        (256, 60000),
        (257, 60000),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 60000),
        (279, 1 << 31),
    ]
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries
    ) + bytes(4)  # fmt: skip


def _webp_lying() -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + b"\xff\xff\xff" * 2
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + body


def _wave(rate: int, channels: int, bits: int, told: int, samples: bytes, form: int = 1) -> bytes:
    align = max(1, channels * bits // 8) & 0xFFFF
    head = struct.pack("<HHIIHH", form, channels, rate, rate * align & 0xFFFFFFFF, align, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", told) + samples
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + body


def _tone(seconds: float = 0.5, rate: int = 16_000) -> bytes:
    samples = (8000 * np.sin(np.arange(int(seconds * rate)) / 9)).astype("<i2").tobytes()
    return _wave(rate, 1, 16, len(samples), samples)


def _long_flac(told: int | None = None) -> bytes:
    """Seventy minutes of silence in some kilobytes; `told` is how many samples they are said to be."""
    import soundfile

    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", 8000, 1, "PCM_16", format="FLAC") as sound:
        for _ in range(70):
            sound.write(np.zeros(60 * 8000, np.int16))
    data = bytearray(stream.getvalue())
    if told is not None:
        data[22:26] = told.to_bytes(4, "big")
    return bytes(data)


def _deep(opening: bytes, closing: bytes, depth: int = 100_000) -> bytes:
    return opening * depth + closing * depth


_LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + number, b"&%c;" % (97 + number) * 10) for number in range(9)
) + b']><svg xmlns="http://www.w3.org/2000/svg"><text>&j;</text></svg>'  # fmt: skip
_ENTITY = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>'
_PLAYLIST = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n"
)
_TEXTGRID = (
    b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n%d\n'
    b'"IntervalTier"\n"words"\n0\n3\n%d\n0\n1\n"a"\n'
)


CORPUS: dict[str, Hostile] = {
    "empty": Hostile(bytes, PLACES),
    "one byte": Hostile(lambda: b"\x00", PLACES),
    "noise": Hostile(lambda: np.random.default_rng(1).bytes(1 << 16), PLACES),
    "a megabyte of one byte": Hostile(lambda: b"\xff" * (1 << 20), PLACES),
    "program": Hostile(lambda: b"\x7fELF\x02\x01\x01" + bytes(200), (SPEECH, PICTURE, SHOT)),
    "script of a shell": Hostile(lambda: b"#!/bin/sh\nmkdir %s\n" % str(marker()).encode(), PLACES),
    "zip bomb": Hostile(lambda: zip_bomb("shot.json"), ARCHIVES),
    "npz bomb": Hostile(lambda: zip_bomb("rotation.npy"), (*ARRAYS, SHOT)),
    "smaller zip bomb": Hostile(lambda: zip_bomb("shot.json", 1000), ARCHIVES),
    "smaller npz bomb": Hostile(lambda: zip_bomb("rotation.npy", 1000), (*ARRAYS, SHOT)),
    "zip in zip": Hostile(lambda: _zip({"shot.json": _zip({"shot.json": zip_bomb("x", 100)})}), (SHOT,)),
    "zip that says less": Hostile(lambda: _zip_liar("shot.json", bytes(64 << 20), 10), ARCHIVES),
    "zip that says more": Hostile(lambda: _zip_liar("shot.json", b"{}", 0xFFFFFFF0), ARCHIVES),
    "zip that overlaps itself": Hostile(_zip_overlapping, ARCHIVES),
    "zip that leaves its folder": Hostile(_zip_wandering, ARCHIVES),
    "zip with a link": Hostile(_zip_link, (SHOT,)),
    "zip of 20,000 members": Hostile(_many_members, ARCHIVES),
    "zip of an empty list": Hostile(lambda: b"PK\x05\x06" + bytes(18), ARCHIVES),
    "array of 2^62 numbers": Hostile(lambda: _npz_lying("(4611686018427387904,)"), ARRAYS),
    "array of many axes": Hostile(lambda: _npz_lying("(" + "65536, " * 32 + ")"), ARRAYS),
    "array of minus one": Hostile(lambda: _npz_lying("(-1, 2, 16, 4)"), ARRAYS),
    "array of objects": Hostile(lambda: _npz_lying("(1,)", "|O"), ARRAYS),
    "array whose head calls": Hostile(
        lambda: _npz(mask=_npy("__import__('os').mkdir('x')"), format=_npy("(" * 900)), ARRAYS
    ),
    "array of pickles": Hostile(_npz_of_pickles, ARRAYS),
    "pickle": Hostile(lambda: pickle.dumps(_Runs(), protocol=2), PLACES),
    "pickle of protocol 5": Hostile(lambda: pickle.dumps([_Runs()], protocol=5), (*ARRAYS, SHOT, FIT)),
    "torch's zip of a pickle": Hostile(lambda: _zip({"archive/data.pkl": pickle.dumps(_Runs())}), (SHOT, *ARRAYS)),
    "safetensors that lies": Hostile(lambda: (1 << 62).to_bytes(8, "little") + b"{}", (MOTION, SHOT)),
    "png bomb": Hostile(_png_bomb, (PICTURE, FIT)),
    "png of 40 million black pixels": Hostile(lambda: _black_png("RGB", 4880), (PICTURE,)),
    "png of 15 million black pixels": Hostile(lambda: _black_png("RGB", 1900), (PICTURE,)),
    "png of 15 million grey pixels": Hostile(lambda: _black_png("L", 1900), (PICTURE,)),
    "png with packed texts": Hostile(_png_with_text_bomb, (PICTURE,)),
    "png of 2^31 pixels a side": Hostile(lambda: _png(0x7FFFFFFF, 0x7FFFFFFF, zlib.compress(b"\0" * 9)), (PICTURE,)),
    "png of no pixels": Hostile(lambda: _png(0, 0, zlib.compress(b"")), (PICTURE,)),
    "png of more than it says": Hostile(lambda: _png(64, 64, zlib.compress(bytes(128 << 20), 9)), (PICTURE,)),
    "jpeg that lies": Hostile(_jpeg_lying, (PICTURE,)),
    "gif that lies": Hostile(_gif_lying, (PICTURE,)),
    "tiff that lies": Hostile(_tiff_lying, (PICTURE,)),
    "webp that lies": Hostile(_webp_lying, (PICTURE, SPEECH)),
    "svg that laughs": Hostile(lambda: _LAUGHS, (PICTURE, SCRIPT)),
    "svg that reads files": Hostile(lambda: _ENTITY, (PICTURE, SCRIPT, FIT)),
    "PostScript": Hostile(
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n", (PICTURE,)
    ),
    "PDF": Hostile(lambda: b"%PDF-1.7\n1 0 obj<</OpenAction<</S/Launch/F(x)>>>>endobj\n%%EOF", (PICTURE, SPEECH)),
    "wav that says 4 GB": Hostile(lambda: _wave(16000, 1, 16, 0xFFFFFFFF, bytes(400)), (SPEECH,)),
    "wav of 65,535 channels": Hostile(lambda: _wave(16000, 65535, 16, 1 << 20, bytes(1 << 20)), (SPEECH,)),
    "wav of no channels": Hostile(lambda: _wave(16000, 0, 16, 400, bytes(400)), (SPEECH,)),
    "wav of one sample a second": Hostile(lambda: _wave(1, 1, 16, 1 << 20, bytes(1 << 20)), (SPEECH,)),
    "wav of 2^32 samples a second": Hostile(lambda: _wave(0xFFFFFFFF, 1, 16, 4000, bytes(4000)), (SPEECH,)),
    "wav of no bits": Hostile(lambda: _wave(16000, 1, 0, 4000, bytes(4000)), (SPEECH,)),
    "wav of no number": Hostile(lambda: _wave(16000, 1, 32, 64000, b"\x00\x00\xc0\x7f" * 16000, 3), (SPEECH,)),
    "flac of 70 minutes": Hostile(_long_flac, (SPEECH,)),
    "flac of 70 minutes that says a second": Hostile(lambda: _long_flac(8000), (SPEECH,)),
    "flac of 70 minutes that says nothing": Hostile(lambda: _long_flac(0), (SPEECH,)),
    "playlist": Hostile(lambda: _PLAYLIST, (SPEECH, SCRIPT)),
    "list of files": Hostile(
        lambda: b"ffconcat version 1.0\nfile '/etc/passwd'\nfile 'http://127.0.0.1:1/'\n", (SPEECH,)
    ),
    "film that lies": Hostile(
        lambda: b"\x00\x00\x00\x18ftypmp42\0\0\0\0mp42isom\xff\xff\xff\xffmoov" + bytes(64), (SPEECH, PICTURE)
    ),
    "matroska that lies": Hostile(lambda: b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xfe" + bytes(64), (SPEECH,)),
    "ogg of nothing": Hostile(lambda: b"OggS" + b"\xff" * 300, (SPEECH,)),
    "png and zip at once": Hostile(
        lambda: _png(64, 64, zlib.compress(bytes(64 * 9))) + _npz_of_pickles(), (PICTURE, SHOT, KEPT)
    ),
    "gif and script at once": Hostile(lambda: b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//;", (PICTURE, SCRIPT)),
    "wav and zip at once": Hostile(lambda: _tone() + _zip({"shot.json": b"{}"}), (SPEECH, SHOT)),
    "json without a floor": Hostile(lambda: _deep(b"[", b"]"), (SCORE, FIT, SCRIPT)),
    "objects without a floor": Hostile(lambda: _deep(b'{"phrases":', b"}", 30_000), (SCORE, FIT)),
    "json of no number": Hostile(lambda: b'{"format":"chironomy.score/1","seconds":1e999,"phrases":[]}', (SCORE, FIT)),
    "json of a long number": Hostile(lambda: b'{"seconds":' + b"9" * 500_000 + b"}", (SCORE, FIT)),
    "json of halves of letters": Hostile(lambda: b'{"format":"chironomy.score/1\\ud800"}', (SCORE, FIT)),
    "json of a million keys": Hostile(
        lambda: json.dumps({f"k{number}": number for number in range(100_000)}).encode(), (SCORE, FIT)
    ),
    "json that inherits": Hostile(lambda: b'{"__proto__":{"x":1},"__class__":"os.system","format":[]}', (SCORE, FIT)),
    "a million words": Hostile(lambda: b"word " * 200_000, (SCRIPT,)),
    "a word of a million letters": Hostile(lambda: b"a" * 1_000_000, (SCRIPT,)),
    "brackets without end": Hostile(lambda: b"[" * 100_000, (SCRIPT,)),
    "letters that hide": Hostile(lambda: "\u202e\u0000\ufeff\u200b".encode() * 20_000, (SCRIPT, SCORE)),
    "letters of no code": Hostile(lambda: b"\xff\xfe\xfd\x80" * 1000, (SCRIPT, SCORE)),
    "grid of 2^31 words": Hostile(lambda: _TEXTGRID % (2147483647, 2147483647), (SCRIPT,)),
    "captions out of time": Hostile(
        lambda: b"".join(b"%d\n99:99:99,999 --> 00:00:00,000\n<b>x\n\n" % number for number in range(20_000)), (SCRIPT,)
    ),
    "bomb in letters": Hostile(lambda: base64.b64encode(zip_bomb("x", 100)), (SCRIPT, SCORE)),
}


@dataclass
class Told:
    """What became of hostile files.

    Attributes:
        jobs: how many were asked for.
        sentences: how many were refused, or failed, by one sentence.
        done: how many were done all the same.
        wrong: what else happened.
        seconds: that each job took.
        longest: seconds that one job took, and which.
        work: seconds of processor time that one job took, all processes together, and which.
        memory: bytes that one job took at its height, all processes together, more than was taken before it, and which.
        at_rest: bytes that the largest worker took before its jobs.
    """

    jobs: int = 0
    sentences: int = 0
    done: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    longest: tuple[float, str] = (0.0, "")
    work: tuple[float, str] = (0.0, "")
    memory: tuple[int, str] = (0, "")
    at_rest: int = 0

    @property
    def middle(self) -> float:
        """Seconds that a job takes of which half take longer."""
        return statistics.median(self.seconds)

    @property
    def slow(self) -> int:
        """How many took longer than a second."""
        return sum(each > 1.0 for each in self.seconds)

    def counted(self, words: str) -> int:
        """How many of what went wrong are told by some words."""
        return sum(words in line for line in self.wrong)


class _Scales(threading.Thread):
    """Weighs a process and all below it while something happens; a context manager.

    Attributes:
        before: bytes that each took at its beginning, by its number.
        most: bytes that each took at its height.
        seconds: of processor time that all took.
    """

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._done = threading.Event()
        self.before: dict[int, int] = {}
        self.most: dict[int, int] = {}
        self.seconds = 0.0

    @property
    def taken(self) -> int:
        """Bytes that all of them took more at their heights."""
        return sum(max(0, most - self.before.get(pid, 0)) for pid, most in self.most.items())

    def run(self) -> None:
        """Weigh until it is over: decoders are there for some hundredths of a second alone."""
        while not self._done.wait(0.02):
            self._weigh(self.most)

    def __enter__(self) -> Self:
        for one in self._all():
            with contextlib.suppress(OSError):
                Path(f"/proc/{one.pid}/clear_refs").write_text("5")
        self._weigh(self.before)
        self.seconds = -self._processor_time()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()
        self._weigh(self.most)
        self.seconds += self._processor_time()

    def _all(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return [self._process, *self._process.children(recursive=True)]
        return []

    def _processor_time(self) -> float:
        """Of all, with those that have ended below them."""
        total = 0.0
        for one in self._all():
            with contextlib.suppress(psutil.Error):
                total += sum(one.cpu_times()[:4])
        return total

    def _weigh(self, found: dict[int, int]) -> None:
        commands: dict[int, list[str]] = {}
        for one in self._all():
            with contextlib.suppress(psutil.Error):
                commands[one.pid] = one.cmdline()
                # What is about to become another program has its parent's memory until then.
                if commands[one.pid] != commands.get(one.ppid()):
                    found[one.pid] = max(found.get(one.pid, 0), _height(one))


def give(folder: Path, everywhere: bool, names: Iterable[str] = tuple(CORPUS)) -> Told:
    """Give hostile files to a backend of one's own, one after another.

    Args:
        folder: for its data.
        everywhere: as every input there is; otherwise as what each of them is most likely to be given.
        names: of the files.
    """
    from chironomy.client import Client, ClientError

    told, good = Told(), _tone()
    os.environ["CHIRONOMY_TEST_MARKER"] = str(folder / "ran")
    with _served(folder) as (client, process):
        assert isinstance(client, Client)
        speech = client.upload(good)

        def ask(place: str, sha: str) -> None:
            quick = {"num_inference_steps": 1}
            if place == SPEECH:
                client.wait(client.submit("lips", {"speech": sha}, {"fps": 24}))
                return
            if place == PICTURE:
                client.wait(client.submit("picture", {"picture": sha}, {"longest": 256}))
                return
            if place == FACE:
                client.wait(client.submit("fit", {"picture": sha}))
                return
            if place == SHOT:
                client.wait(client.submit("video", {"shot": sha}, {}))
                return
            kind = "perform" if place == FIT else "gesture"
            client.wait(client.submit(kind, {"speech": speech, place: sha}, quick))

        # What good files make a worker load is no fault of the others.
        _warm(client, speech)
        with _Scales(process) as scales:
            told.at_rest = max(taken for pid, taken in scales.before.items() if pid != process.pid)
        for name in names:
            data = CORPUS[name].make()
            sha = client.upload(data)
            likely = CORPUS[name].places
            for place in PLACES if everywhere else (*likely, *([FACE] if PICTURE in likely else ())):
                told.jobs += 1
                what = f"{name} as {place}"
                with _Scales(process) as scales:
                    start = time.monotonic()
                    try:
                        ask(place, sha)
                        told.done += 1
                    except ClientError as error:
                        told.sentences += 1
                        if fault := _fault(str(error)):
                            told.wrong.append(f"{what}: {fault}: {error}")
                    told.seconds.append(time.monotonic() - start)
                told.longest = max(told.longest, (told.seconds[-1], what))
                told.work = max(told.work, (scales.seconds, what))
                told.memory = max(told.memory, (scales.taken, what))
        client.health()
    log = (folder / "log").read_text("utf-8", "replace")
    log += "".join(path.read_text("utf-8", "replace") for path in (folder / "data").glob("backend.log*"))
    told.wrong += [f"in the log: {line}" for line in log.splitlines() if "Traceback" in line or " broke" in line]
    if (folder / "ran").exists():
        told.wrong.append("a file was run")
    return told


def _warm(client: Any, speech: str) -> None:
    from chironomy.client import JobFailed

    picture, quick = client.upload(_good_picture()), {"num_inference_steps": 1}
    for kind, inputs, settings in (
        ("lips", {"speech": speech}, {}),
        ("picture", {"picture": picture}, {}),
        ("gesture", {"speech": speech}, quick),
        ("perform", {"speech": speech}, quick),
    ):
        client.wait(client.submit(kind, inputs, settings))
    for kind, inputs in (("video", {"shot": picture}), ("fit", {"picture": picture})):
        with contextlib.suppress(JobFailed):
            client.wait(client.submit(kind, inputs, {}))


def _good_picture() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (300, 300), (90, 120, 60)).save(stream, "PNG")
    return stream.getvalue()


def _fault(sentence: str) -> str:
    """What is wrong with a sentence; "" where nothing is."""
    if "\n" in sentence or not sentence.isprintable():
        return "no one line"
    if len(sentence) > 700:
        return "too long"
    untrue = (" broke", "Traceback", "object at 0x", "status 5", "tried 3 times", "not enough memory")
    if any(words in sentence for words in untrue):
        return "no true sentence"
    return ""


def _height(process: psutil.Process) -> int:
    """The most bytes that a process has taken since its height was forgotten, as Linux tells; elsewhere now."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        told = Path(f"/proc/{process.pid}/status").read_text()
        return 1024 * int(told.partition("VmHWM:")[2].split()[0])
    return process.memory_info().rss


@contextmanager
def _served(folder: Path) -> Iterator[tuple[Any, psutil.Process]]:
    from chironomy.client import Client, read_handshake

    handshake = folder / "handshake.json"
    command = [
        sys.executable,
        "-m",
        "chironomy",
        "serve",
        "--data",
        str(folder / "data"),
        "--handshake",
        str(handshake),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--parent-pid", str(os.getpid())], stderr=log, env=environment)
    try:
        deadline = time.monotonic() + _MOST_WAITING
        while (told := read_handshake(handshake)) is None:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)
        with Client(told.url, told.token, timeout=_MOST_WAITING) as client:
            yield client, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)
