# SPDX-License-Identifier: GPL-3.0-or-later
"""A second account of the record of jobs, for the day on which the first is damaged: a text file, a line a change.

Each line begins with a check sum, so one that is damaged costs itself alone. It is written before the change that it
tells of is confirmed, and is on the disk then where a job is accepted.
"""

import json
import logging
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chironomy.files import atomic_path, keep_names

logger = logging.getLogger(__name__)

_LEAST = 1 << 20
_TIMES = 4


@dataclass
class Kept:
    """What is known of jobs.

    Attributes:
        rows: the row of each job by its id, as `chironomy.service.rows.row_of` and with its `number`.
        keys: ids by the keys that clients know them by.
        event: the number of the last change.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    event: int = 0


class Journal:
    """The file; one process uses it at a time.

    Args:
        path: made with the first line.

    Attributes:
        behind: a change could not be written; `rewrite` makes up for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.behind = False
        self._size = self._whole = path.stat().st_size if path.is_file() else 0

    @property
    def grown(self) -> bool:
        """Whether most of it tells of what has changed since, so that it should be written anew."""
        return self._size > max(_LEAST, _TIMES * self._whole)

    def read(self) -> Kept:
        """What it says; lines that are damaged or cut are left out."""
        kept = Kept()
        with suppress(OSError), self.path.open("rb") as stream:
            for line in stream:
                with suppress(ValueError, LookupError, TypeError, AttributeError):
                    told = _whole(line)
                    kept.event = max(kept.event, int(told.get("event", 0)))
                    if "row" in told:
                        kept.rows[told["row"]["id"]] = told["row"]
                    elif "change" in told:
                        kept.rows[told["id"]].update(told["change"])
                    elif "gone" in told:
                        kept.rows.pop(told["gone"], None)
                    elif "key" in told:
                        kept.keys[told["key"]] = told["id"]
        kept.keys = {key: identifier for key, identifier in kept.keys.items() if identifier in kept.rows}
        return kept

    def append(self, lines: Iterable[dict[str, Any]], *, surely: bool) -> int:
        """Write some lines; returns the size before, for `cut`.

        Args:
            lines: what they say: `{"row": …}` of a new job, `{"id": …, "change": …}`, `{"gone": id}`,
                `{"key": …, "id": …}`, each with the number of its `event` where it has one.
            surely: they are on the disk when this returns.

        Raises:
            OSError: they cannot be written; nothing of them is left.
        """
        before = self._size
        data = b"".join(map(_line, lines))
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(descriptor, "wb", buffering=0) as stream:
                stream.seek(before)
                if stream.write(data) < len(data):
                    stream.write(data[stream.tell() - before :])
                if surely:
                    os.fsync(stream.fileno())
        except OSError:
            self.cut(before)
            raise
        self._size = before + len(data)
        return before

    def cut(self, size: int) -> None:
        """Take back what was written last."""
        self._size = size
        with suppress(OSError):
            os.truncate(self.path, size)

    def rewrite(self, kept: Kept) -> None:
        """Write it anew, without what has changed since; where that cannot be done the old one goes on."""
        try:
            with atomic_path(self.path) as partial:
                descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
                with os.fdopen(descriptor, "wb") as stream:
                    for row in kept.rows.values():
                        stream.write(_line({"row": row}))
                    for key, identifier in kept.keys.items():
                        stream.write(_line({"key": key, "id": identifier}))
                    stream.write(_line({"event": kept.event}))
                    size = stream.tell()
            keep_names(self.path.parent)
        except Exception as error:
            if not self.behind:
                logger.warning("the second account of the jobs, %s, cannot be written: %s", self.path, error)
            self.behind = True
            return
        self._size = self._whole = size
        self.behind = False


def _line(told: dict[str, Any]) -> bytes:
    text = json.dumps(told, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _whole(line: bytes) -> dict[str, Any]:
    """What a line says.

    Raises:
        ValueError: it is damaged.
    """
    told, _, text = line.rstrip(b"\n").partition(b" ")
    if int(told, 16) != zlib.crc32(text):
        raise ValueError("another check sum")
    return json.loads(text)
