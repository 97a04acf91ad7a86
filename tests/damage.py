# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged files: what disks, mailers, other programs and people do to ours, by a seeded generator."""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from chironomy.errors import ChironomyError

Rng = np.random.Generator
Damage = Callable[[bytes, Rng], bytes]

_TYPES = ["<f4", "<f2", ">f8", "<c16", "<U3", "|S4", "|O", "<M8[s]", "<m8[D]", "|V8", "|b1", "<i8", "<u1", "<U0", "f9"]
_SHAPES = [
    (), (0,), (1,), (-1,), (1, 1), (2**62,), (2**31, 2**31, 4), (5, 2), (0, 2, 3), (1,) * 40, (True, 2), (3, 2, 16, 4),
]  # fmt: skip
_NUMBERS = [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, -1e-300, 2.0, 1e18]
_VALUES = [
    None, True, -1, 0, 3.5, 1e308, 10**18, "", "text", "../../x", "é☺", [], {}, [1], {"a": 1}, [[[]]], "\u0000",
]  # fmt: skip
_RAW = [
    "1e999",
    "NaN",
    "-Infinity",
    "1" * 400,
    "9" * 5000,
    "[" * 300 + "]" * 300,
    "[" * 100000,
    '"\\ud800"',
    "tru",
    '{"a":1,"a":2}',
]


def flipped(data: bytes, rng: Rng) -> bytes:
    """One to eight bits turned."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        if changed:
            changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(data: bytes, rng: Rng) -> bytes:
    """The end missing."""
    return data[: int(rng.integers(len(data) + 1))]


def spliced(data: bytes, rng: Rng) -> bytes:
    """A stretch overwritten, left out or put in, by other bytes of the file, by zeros or by noise."""
    start, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 200))
    other = int(rng.integers(len(data) + 1))
    piece = [data[other : other + length], bytes(length), rng.bytes(length), b""][int(rng.integers(4))]
    return data[:start] + piece + data[start + (length if rng.random() < 0.7 else 0) :]


def headed(data: bytes, rng: Rng) -> bytes:
    """A field of one of the zip's own headers changed: method, flags, sizes, names."""
    places = [match.start() for match in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    if not places:
        return flipped(data, rng)
    changed = bytearray(data)
    place = places[int(rng.integers(len(places)))] + 4 + int(rng.integers(42))
    if place < len(changed):
        changed[place] = [0, 1, 8, 12, 14, 255, int(rng.integers(256))][int(rng.integers(7))]
    return bytes(changed)


def remembered(data: bytes, rng: Rng) -> bytes:
    """A zip whose members are other ones, with check sums that fit."""
    members, stream = _members(data), io.BytesIO()
    if not members:
        return flipped(data, rng)
    names = list(members)
    one, two = (names[int(rng.integers(len(names)))] for _ in range(2))
    choice = int(rng.integers(8))
    method = zipfile.ZIP_STORED
    if choice == 0:
        members[one], members[two] = members[two], members[one]
    elif choice == 1:
        del members[one]
    elif choice == 2:
        members[one] = flipped(members[one], rng)
    elif choice == 3:
        members[one] = cut(members[one], rng)
    elif choice == 4:
        members[one] = rng.bytes(int(rng.integers(300)))
    elif choice == 5:
        members[one + ".npy"] = members[one]
    elif choice == 6:
        method = [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED][int(rng.integers(3))]
    elif choice == 7:
        members[["x/", "/", "a\\b", "ü.npy", "../x.npy", "__proto__"][int(rng.integers(6))]] = members.pop(one)
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def renumbered(data: bytes, rng: Rng) -> bytes:
    """An `.npz` in which one array has another type, shape, header or value, with check sums that fit."""
    members, stream = _members(data), io.BytesIO()
    names = [name for name in members if name.endswith(".npy")]
    if not names:
        return flipped(data, rng)
    name = names[int(rng.integers(len(names)))]
    members[name] = _other_array(members[name], rng)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()


def rewritten(data: bytes, rng: Rng) -> bytes:
    """A JSON text in which one value is another, missing, or no JSON at all."""
    try:
        values = json.loads(data)
    except ValueError:
        return flipped(data, rng)
    places = list(_places(values, ()))
    place = places[int(rng.integers(len(places)))]
    if rng.random() < 0.5:
        return json.dumps(_replaced(values, place, _VALUES[int(rng.integers(len(_VALUES)))])).encode()
    if place and rng.random() < 0.3:
        return json.dumps(_replaced(values, place, _GONE)).encode()
    raw = _RAW[int(rng.integers(len(_RAW)))]
    return json.dumps(_replaced(values, place, "@@@")).replace('"@@@"', raw).encode("utf-8", "surrogatepass")


def of_a_shot(data: bytes, rng: Rng) -> bytes:
    """A shot whose description or tracks are damaged, and named by their new check sums."""
    members, stream = _members(data), io.BytesIO()
    tracks = next((name for name in members if name.startswith("tracks/")), None)
    if tracks is None or "shot.json" not in members:
        return flipped(data, rng)
    if rng.random() < 0.5:
        members["shot.json"] = TEXT[int(rng.integers(len(TEXT)))](members["shot.json"], rng)
    else:
        inner = ARRAYS[int(rng.integers(len(ARRAYS)))](members.pop(tracks), rng)
        renamed = f"tracks/{hashlib.sha256(inner).hexdigest()}.npz"
        members[renamed] = inner
        members["shot.json"] = members["shot.json"].replace(tracks.encode(), renamed.encode())
    with zipfile.ZipFile(stream, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()


def of_a_glb(data: bytes, rng: Rng) -> bytes:
    """A glTF in one file whose document is damaged, with lengths that fit."""
    size = int.from_bytes(data[12:16], "little")
    text = TEXT[int(rng.integers(len(TEXT)))](data[20 : 20 + size].rstrip(b" "), rng)
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    head = data[:8] + (20 + len(text) + len(rest)).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return head + data[16:20] + text + rest


def of_a_wave(data: bytes, rng: Rng) -> bytes:
    """A field of a WAV's head of another value."""
    place, width = [(4, 4), (16, 4), (20, 2), (22, 2), (24, 4), (28, 4), (32, 2), (34, 2), (40, 4)][rng.integers(9)]
    other = [0, 1, 3, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, int(rng.integers(1 << 32))][rng.integers(8)]
    return data[:place] + (other & ((1 << 8 * width) - 1)).to_bytes(width, "little") + data[place + width :]


def of_a_png(data: bytes, rng: Rng) -> bytes:
    """A chunk of a PNG altered, doubled, left out or of another name, with a check sum that fits."""
    chunks, place = [], 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += 12 + size
    number, choice = int(rng.integers(len(chunks))), int(rng.integers(6))
    name, content = chunks[number]
    if choice == 0:
        del chunks[number]
    elif choice == 1:
        chunks.insert(number, (name, content))
    elif choice == 2:
        sizes = [0, 1, 1 << 14, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]
        width, height = (sizes[int(rng.integers(len(sizes)))] for _ in range(2))
        chunks[0] = (chunks[0][0], width.to_bytes(4, "big") + height.to_bytes(4, "big") + chunks[0][1][8:])
    elif choice == 3:
        names = [b"tEXt", b"zTXt", b"iCCP", b"eXIf", b"gAMA", b"tRNS", b"acTL", b"PLTE", b"abcd"]
        chunks.insert(number, (names[int(rng.integers(len(names)))], rng.bytes(int(rng.integers(300)))))
    else:
        chunks[number] = (name, BYTES[int(rng.integers(len(BYTES)))](content, rng))
    made = [data[:8]]
    for name, content in chunks:
        made += [len(content).to_bytes(4, "big"), name, content, zlib.crc32(name + content).to_bytes(4, "big")]
    return b"".join(made)


def retold(data: bytes, rng: Rng) -> bytes:
    """A text in which one word is another, twice there or missing."""
    words = re.split(rb"(\s+)", data)
    place = 2 * int(rng.integers((len(words) + 1) // 2))
    odd = [b"", b"nan", b"1e999", b"-1", b"0", b"9" * 400, b"{", b"}", b"JOINT", b"End", b"OFFSET", b"x\x00", b"1_000"]
    other = words[2 * int(rng.integers((len(words) + 1) // 2))]
    words[place] = [*odd, other, other, words[place] + b" " + words[place]][int(rng.integers(len(odd) + 3))]
    return b"".join(words)


BYTES: list[Damage] = [flipped, cut, spliced]
ARRAYS: list[Damage] = [*BYTES, headed, remembered, renumbered, renumbered]
TEXT: list[Damage] = [*BYTES, rewritten, rewritten]
SHOT: list[Damage] = [*BYTES, headed, remembered, of_a_shot, of_a_shot]
GLB: list[Damage] = [*BYTES, of_a_glb, of_a_glb, of_a_glb]
WAVE: list[Damage] = [*BYTES, of_a_wave, of_a_wave]
PICTURE: list[Damage] = [*BYTES, of_a_png, of_a_png]
WORDS: list[Damage] = [*BYTES, retold, retold]


def answer(read: Callable[[], Any], name: str) -> str:
    """What a reader says of a file: "" where it reads it, "sentence", or what else it did.

    A sentence is of the project's own kind, one line that can be printed, and names the file.
    """
    try:
        read()
    except ChironomyError as error:
        text = str(error)
        try:
            text.encode()
        except UnicodeEncodeError:
            return f"not to be printed: {text!r}"
        if "\n" in text or not text.isprintable() or len(text) > 700:
            return f"no one line: {text!r}"
        if name not in text:
            return f"without the file's name: {text}"
        if re.search(r"object at 0x|Traceback|<class|pickle|(?<![\w\\'])b'", text):
            return f"no person's words: {text}"
        return "sentence"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


_GONE = object()


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return {}


def _other_array(data: bytes, rng: Rng) -> bytes:
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        return data
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    content = stream.read()
    choice = int(rng.integers(7))
    header = {"descr": dtype.str, "fortran_order": fortran, "shape": shape}
    if choice == 0:
        header["descr"] = _TYPES[int(rng.integers(len(_TYPES)))]
    elif choice == 1:
        header["shape"] = _SHAPES[int(rng.integers(len(_SHAPES)))]
    elif choice == 2:
        header["fortran_order"] = [True, None, "no"][int(rng.integers(3))]
    elif choice == 3 and dtype.kind == "f":
        array = np.frombuffer(content, dtype).copy()
        if len(array):
            with np.errstate(over="ignore"):
                array[int(rng.integers(len(array)))] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
        content = array.tobytes()
    elif choice == 4:
        # Of another type or shape altogether, as another program would write it.
        array = np.frombuffer(content, dtype)[: int(rng.integers(1, 50))]
        other = ["complex128", "U12", "S8", "f2", "i2", "bool", "longdouble"][int(rng.integers(7))]
        with np.errstate(all="ignore"):
            array = array.astype(other) if dtype.kind in "fiub" or other in ("U12",) else np.arange(6).astype(other)
        stream = io.BytesIO()
        np.lib.format.write_array(stream, array.reshape(_fitting(len(array), rng)))
        return stream.getvalue()
    elif choice == 5:
        content = flipped(content, rng)
    text = (
        repr(header)
        if choice != 6
        else ["(" * 900, "{" * 90, "{'descr': " * 50, "\x00", "x" * 9000, ""][rng.integers(6)]
    )
    encoded = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(encoded).to_bytes(2, "little") + encoded + content


def _fitting(count: int, rng: Rng) -> tuple[int, ...]:
    return [(count,), (1, count), (count, 1), (-1,)][int(rng.integers(4))]


def _places(value: Any, place: tuple[Any, ...]) -> Any:
    yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _places(inner, (*place, key))


def _replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    pairs = dict(value.items() if isinstance(value, dict) else enumerate(value))
    if len(place) == 1 and new is _GONE:
        del pairs[place[0]]
    else:
        pairs[place[0]] = _replaced(pairs[place[0]], place[1:], new)
    return pairs if isinstance(value, dict) else list(pairs.values())
