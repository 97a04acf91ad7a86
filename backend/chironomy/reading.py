# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what may be damaged, altered or another program's: zips, `.npz` and JSON, each fault one true sentence.

Every reader of the project goes through here. Nothing is unpickled, no more memory is taken than the bytes that are
there account for, and whatever the decoders of the standard library and numpy raise on altered bytes becomes the
caller's own error.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from chironomy.errors import ChironomyError

LARGEST_ARCHIVE = 2 << 30
"""Bytes that a zip may unpack to, where its reader says nothing else: an hour of motion at 60 frames a second is a
tenth of it."""

LARGEST_PACKED, MOST_PACKED = 64 << 20, 200
"""Bytes that any zip may unpack to, and the times its own size that more may be: motion packs to a half, and an hour of
rest to a hundredth."""

MOST_ARRAYS = 2000
"""Fields that an `.npz` may have: a motion has six, and other programs' have some dozens."""

LARGEST_JSON = 1 << 20
"""Bytes that a JSON file may have, where its reader says nothing else."""

DEEPEST_JSON = 64
"""Levels to which JSON may be nested: what is read must be written again, which takes more stack than reading."""

DAMAGE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError, MemoryError,
    SyntaxError, ImportError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zipfile.LargeZipFile,
    tokenize.TokenError,
)  # fmt: skip
"""What decoders raise on altered bytes (RuntimeError: RecursionError and NotImplementedError, too)."""

_LARGEST_NUMBER = 1 << 63
_LAST_CHARACTER, _HALVES = 0x10FFFF, (0xD800, 0xDFFF)
_KINDS = {"c": "complex numbers", "U": "text", "S": "text", "V": "records", "M": "dates", "m": "times"}

Error = Callable[[str], Exception]


@dataclass(frozen=True)
class About:
    """How the faults of a file are told.

    Attributes:
        name: what to call the file.
        error: makes the error of a sentence; an exception class.
        advice: what to do about a file that cannot be read, the end of the sentence.
    """

    name: str
    error: Error
    advice: str

    def fail(self, fault: str, cause: BaseException | None = None) -> NoReturn:
        """Raise the error that the file has a fault, such as "is damaged"."""
        raise self.error(f"{self.name} {fault}; {self.advice}") from cause


class Archive:
    """A zip, its list of members checked; a context manager.

    Args:
        source: a file or its bytes.
        error: the exception class of the caller.
        name: what to call the file in sentences; its path by default.
        advice: what to do about one that cannot be read.
        maximum_bytes: what all members together may unpack to.

    Raises:
        error: the file is missing or no whole zip, holds a member twice, or unpacks to more than it may, at all or for
            its size.
    """

    def __init__(
        self,
        source: str | Path | bytes,
        error: Error,
        *,
        name: str = "",
        advice: str = "write it anew",
        maximum_bytes: int = LARGEST_ARCHIVE,
    ):
        self.about = About(name or ("the file" if isinstance(source, bytes) else str(source)), error, advice)
        opened = io.BytesIO(source) if isinstance(source, bytes) else _opened(Path(source), self.about)
        try:
            self._zip = zipfile.ZipFile(opened)
            infos = self._zip.infolist()
        except DAMAGE as fault:
            opened.close()
            self.about.fail("is no whole zip file: it is damaged, cut short or of another kind", fault)
        self._infos = {info.filename: info for info in infos}
        self._stream = opened
        with _closed_on_error(opened):
            if len(self._infos) != len(infos):
                self.about.fail("holds two members of one name")
            size = sum(info.file_size for info in infos)
            if size > maximum_bytes:
                self.about.fail(f"says that it unpacks to {_size(size)}, and {_size(maximum_bytes)} are the most")
            packed = opened.seek(0, io.SEEK_END)
            if size > LARGEST_PACKED and size > MOST_PACKED * packed:
                self.about.fail(f"says that {_size(packed)} unpack to {_size(size)}, which is made to fill memory")

    @property
    def names(self) -> tuple[str, ...]:
        """Of all members, in the zip's order."""
        return tuple(self._infos)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._stream.close()

    def read(self, member: str, maximum_bytes: int = LARGEST_ARCHIVE) -> bytes:
        """A member's bytes, whole and as its check sum says.

        Raises:
            error: it is not there, damaged, encrypted or larger than it may be.
        """
        with io.BytesIO() as stream:
            self.copy(member, stream, maximum_bytes)
            return stream.getvalue()

    def copy(self, member: str, target: BinaryIO, maximum_bytes: int = LARGEST_ARCHIVE) -> None:
        """Write a member's bytes to a stream, in pieces; what the stream raises is passed on.

        Raises:
            error: as of `read`; a part may have been written then.
        """
        info = self._infos.get(member)
        if info is None:
            self.about.fail(f"holds no {member!r:.80}")
        if info.flag_bits & 1:
            self.about.fail(f"is damaged or locked: {member!r:.80} is marked as encrypted, and such files are not read")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self.about.fail(f"is packed by a method that is not read (number {info.compress_type})")
        if info.file_size > maximum_bytes:
            self.about.fail(f"holds {member!r:.80} of {_size(info.file_size)}, and {_size(maximum_bytes)} are the most")
        try:
            stream = self._zip.open(info)
        except DAMAGE as fault:
            self.about.fail(f"is damaged: {member!r:.80} cannot be found in it", fault)
        left = info.file_size
        with stream:
            while True:
                try:
                    piece = stream.read(1 << 20)
                except DAMAGE as fault:
                    self.about.fail(f"is damaged: {member!r:.80} is not what its check sum was taken of", fault)
                if not piece:
                    break
                left -= len(piece)
                target.write(piece)
        if left:
            self.about.fail(f"is cut short: {member!r:.80} lacks {_size(left)}")


class Arrays:
    """The fields of an `.npz`. A field that cannot be read is worth an error only to whom asks for it.

    Attributes:
        about: how the file's faults are told.
    """

    def __init__(self, about: About, fields: Mapping[str, NDArray[Any] | str]):
        self.about = about
        self._fields = dict(fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The array of a field.

        Raises:
            error: there is no such field, or it cannot be read; the sentence says why.
        """
        found = self._fields.get(name)
        if found is None:
            self.about.fail(f"has no field {name}, only {self.listing}")
        if isinstance(found, str):
            raise self.about.error(f"{self.about.name}: {name} {found}")
        return found

    def readable(self, name: str) -> bool:
        """Whether a field is there and a plain array."""
        return isinstance(self._fields.get(name), np.ndarray)

    @property
    def listing(self) -> str:
        """The names of the first few fields, for a sentence."""
        names = [name if name.isidentifier() else repr(name) for name in sorted(self._fields)]
        return (", ".join(f"{name:.40}" for name in names[:8]) + (" …" if len(names) > 8 else "")) or "nothing"

    def numbers(self, name: str) -> NDArray[Any]:
        """An array of real numbers.

        Raises:
            error: it is not there, or holds anything else.
        """
        array = self[name]
        if array.dtype.kind not in "biuf":
            held = _KINDS.get(array.dtype.kind, "no numbers")
            raise self.about.error(f"{self.about.name}: {name} holds {held}; it must hold real numbers")
        return array

    def number(self, name: str) -> float:
        """One real number.

        Raises:
            error: it is not there, or anything else.
        """
        array = self.numbers(name)
        if array.size != 1:
            raise self.about.error(f"{self.about.name}: {name} has the shape {array.shape}; it must be one number")
        with np.errstate(all="ignore"):
            return float(array.reshape(()))

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of text of one axis or none.

        Raises:
            error: it is not there, or anything else.
        """
        array = self[name]
        if array.dtype.kind == "U" and array.ndim <= 1 and _are_characters(array):
            return tuple(np.atleast_1d(array).tolist())
        raise self.about.error(f"{self.about.name}: {name} is no text; {self.about.advice}")

    def text(self, name: str) -> str:
        """One text.

        Raises:
            error: it is not there, or anything else.
        """
        texts = self.texts(name)
        if self[name].ndim:
            raise self.about.error(f"{self.about.name}: {name} has the shape {self[name].shape}; it must be one text")
        return texts[0]

    def json(self, name: str) -> Any:
        """Plain values from a text of JSON.

        Raises:
            error: it is not there, or no such text.
        """
        about = self.about
        return parse_json(self.text(name), About(f"{about.name}: {name}", about.error, about.advice))

    @contextmanager
    def named(self) -> Iterator[None]:
        """Say in the errors of the block which file they are about."""
        try:
            yield
        except ChironomyError as error:
            name = self.about.name
            raise error if str(error).startswith(name) else self.about.error(f"{name}: {error}") from None

    def replaced(self, **fields: NDArray[Any]) -> Arrays:
        """The same with some fields added or changed."""
        return Arrays(self.about, {**self._fields, **fields})


def read_arrays(
    source: str | Path | bytes,
    error: Error,
    *,
    name: str = "",
    advice: str = "choose another .npz file, or write it anew",
    maximum_bytes: int = LARGEST_ARCHIVE,
    left_out: Collection[str] = (),
) -> Arrays:
    """The arrays of an `.npz`, but for those `left_out`; the other arguments are those of `Archive`.

    Raises:
        error: the file is missing, no zip, or larger than it may be. What is wrong with a single field is told when
            that is asked for.
    """
    with Archive(source, error, name=name, advice=advice, maximum_bytes=maximum_bytes) as archive:
        if len(archive.names) > MOST_ARRAYS:
            archive.about.fail(f"holds {len(archive.names)} members, and {MOST_ARRAYS} are the most")
        fields: dict[str, NDArray[Any] | str] = {}
        for member in archive.names:
            field = member.removesuffix(".npy")
            if field == member or field in left_out:
                continue
            try:
                fields[field] = _array(archive.read(member))
            except _UnreadableError as fault:
                fields[field] = f"{fault}; {advice}"
        if not fields:
            archive.about.fail("holds no arrays")
        return Arrays(archive.about, fields)


def read_json(
    source: str | Path | bytes,
    error: Error,
    *,
    name: str = "",
    advice: str = "write it anew",
    maximum_bytes: int = LARGEST_JSON,
) -> Any:
    """The plain values of a JSON file, or of its bytes.

    Numbers are finite and whole ones fit 64 bits, text can be written, and nothing is nested deeper than
    `DEEPEST_JSON`, so that what is read can be counted with and written again.

    Raises:
        error: the file is missing, too large, or no such JSON.
    """
    about = About(name or ("the text" if isinstance(source, bytes) else str(source)), error, advice)
    if isinstance(source, bytes):
        data = source[: maximum_bytes + 1]
    else:
        with _opened(Path(source), about) as stream:
            try:
                data = stream.read(maximum_bytes + 1)
            except OSError as fault:
                about.fail(f"cannot be read ({fault.strerror or fault})", fault)
    if len(data) > maximum_bytes:
        about.fail(f"has more than {_size(maximum_bytes)}, the most that is read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        about.fail("is no JSON: it is not text in UTF-8", fault)
    return parse_json(text, about)


def read_object(
    source: str | Path | bytes,
    error: Error,
    *,
    name: str = "",
    advice: str = "write it anew",
    maximum_bytes: int = LARGEST_JSON,
) -> dict[str, Any]:
    """As `read_json`, of a file that holds an object.

    Raises:
        error: as of `read_json`, or it holds anything else.
    """
    values = read_json(source, error, name=name, advice=advice, maximum_bytes=maximum_bytes)
    if not isinstance(values, dict):
        about = About(name or ("the text" if isinstance(source, bytes) else str(source)), error, advice)
        about.fail("holds no JSON object")
    return values


def as_json(value: Any, most: int = 60) -> str:
    """A value in a sentence as a JSON file has it, null and true and not None and True; texts in single quotes."""
    if isinstance(value, str):
        return repr(value)[:most]
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:most]
    # JSON lets stand what no screen shows, such as "delete".
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)[:most]


def parse_json(text: str, about: About) -> Any:
    """The plain values of a JSON text, as `read_json` has them."""
    try:
        values = json.loads(text, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite)
    except RecursionError as fault:
        about.fail(f"is nested deeper than the {DEEPEST_JSON} levels that are read", fault)
    except json.JSONDecodeError as fault:
        about.fail(f"is not JSON: {_json_fault(text, fault)}", fault)
    except ValueError as fault:
        about.fail(f"holds {fault}", fault)
    if _depth(values) > DEEPEST_JSON:
        about.fail(f"is nested deeper than the {DEEPEST_JSON} levels that are read")
    if "\\ud" in text.lower():
        try:
            json.dumps(values, ensure_ascii=False).encode()
        except UnicodeEncodeError as fault:
            about.fail("holds halves of characters (\\ud800 to \\udfff)", fault)
    return values


def _are_characters(array: NDArray[Any]) -> bool:
    """Whether all numbers in an array of text are characters; numpy makes texts of any, which break who uses them."""
    if not array.size or not array.dtype.itemsize:
        return True
    codes = np.ascontiguousarray(array).reshape(-1).view(f"{array.dtype.byteorder}u4")
    return bool(((codes < _HALVES[0]) | ((codes > _HALVES[1]) & (codes <= _LAST_CHARACTER))).all())


def _json_fault(text: str, fault: json.JSONDecodeError) -> str:
    """What is wrong in a JSON text and where, for who wrote it by hand."""
    at, what = fault.pos, fault.msg
    before = text[:at].rstrip()
    if text[at : at + 1] in ("]", "}") and before.endswith(","):
        at, what = len(before) - 1, "a comma stands before the end of a list or object"
    elif text[at : at + 1] == "," and text[at + 1 :].lstrip()[:1] in ("]", "}"):
        what = "a comma stands before the end of a list or object"
    elif text[at : at + 1] == "#" or text[at : at + 2] in ("//", "/*"):
        what = "a comment stands here, and JSON has none"
    elif text[at : at + 1] == "'":
        what = "a text stands in single quotes; JSON has double ones"
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}: {what}"


class _UnreadableError(Exception):
    """Why one array cannot be read, as what follows its name."""


def _array(data: bytes) -> NDArray[Any]:
    """An `.npy` of numpy's format 1.0 or 2.0 (numpy.lib.format), whose header says what is there."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = reader(stream)
    except DAMAGE as fault:
        raise _UnreadableError("is no array that can be read: its header is damaged") from fault
    if dtype.hasobject:
        raise _UnreadableError("holds Python objects, which are never loaded; save it as a plain array")
    start = stream.tell()
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != len(data) - start:
        raise _UnreadableError(
            f"says its shape is {shape!r:.60} of {str(dtype)!r:.40}, but holds {len(data) - start} bytes"
        )
    content = bytearray(memoryview(data)[start:])  # no bytes, because arrays are to be written to
    try:
        # Not np.ndarray: where that fails, it keeps its hold on the bytearray, which complains on the terminal.
        flat = np.frombuffer(content, dtype) if content else np.empty(0, dtype)
        return flat.reshape(shape, order="F" if fortran else "C")
    except DAMAGE as fault:
        raise _UnreadableError(f"is no array that can be read: its shape is {shape!r:.60}") from fault


def _opened(path: Path, about: About) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as fault:
        about.fail("does not exist", fault)
    except IsADirectoryError as fault:
        about.fail("is a folder", fault)
    except (OSError, ValueError) as fault:
        about.fail(f"cannot be read ({getattr(fault, 'strerror', None) or fault})", fault)


class _closed_on_error:
    """Close a stream where the block fails."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stream.close()


def _size(count: int) -> str:
    """A number of bytes for people."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _depth(values: Any) -> int:
    """How deeply lists and objects are nested, without recursion."""
    deepest, waiting = 0, [(values, 0)]
    while waiting:
        value, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(value, dict):
            waiting.extend((one, depth + 1) for one in value.values())
        elif isinstance(value, list):
            waiting.extend((one, depth + 1) for one in value)
    return deepest


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no number of JSON")


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) >= _LARGEST_NUMBER:
        raise ValueError("a whole number of more than 64 bits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number that is too large")
    return value
