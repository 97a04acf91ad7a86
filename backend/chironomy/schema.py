# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own kinds of file: each has a name, a number, and the one place where an older number is upgraded.

A file says `chironomy.NAME/NUMBER` in its field `format`. What is written always has the newest number. A reader of a
newer program goes on reading old files through the chain of upgrades; an older program says that the file is newer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chironomy.reading import LARGEST_ARCHIVE, LARGEST_JSON, Arrays, Error, read_arrays, read_json

_FORMAT = re.compile(r"(chironomy\.[a-z_]+)/([0-9]{1,6})")


@dataclass(frozen=True)
class Schema:
    """One kind of file.

    To change what a file holds: add the function that makes the new fields of the old ones to `upgrades`, and write the
    new fields. The number follows.

    Attributes:
        name: such as "chironomy.hands".
        what: what such a file is, such as "a motion of hands".
        error: the exception class of its reader.
        advice: what to do about a file that cannot be read.
        oldest: the lowest number that is still read.
        upgrades: each takes all fields of a number and returns those of the next, from `oldest` on.
    """

    name: str
    what: str
    error: Error
    advice: str = "write it anew"
    oldest: int = 1
    upgrades: tuple[Callable[[Any], Any], ...] = ()

    @property
    def number(self) -> int:
        """The newest number: what is written."""
        return self.oldest + len(self.upgrades)

    @property
    def format(self) -> str:
        """What the field `format` of a file says."""
        return f"{self.name}/{self.number}"

    def read_arrays(
        self, source: str | Path | bytes, *, name: str = "", maximum_bytes: int = LARGEST_ARCHIVE
    ) -> Arrays:
        """The fields of an `.npz` of this kind, as the newest number has them.

        Raises:
            error: by one sentence, as `chironomy.reading.read_arrays` and `newest`.
        """
        fields = read_arrays(source, self.error, name=name, advice=self.advice, maximum_bytes=maximum_bytes)
        return self.newest(fields, fields.about.name)

    def read_json(
        self, source: str | Path | bytes, *, name: str = "", maximum_bytes: int = LARGEST_JSON
    ) -> dict[str, Any]:
        """The fields of a JSON file of this kind, as the newest number has them.

        Raises:
            error: by one sentence, as `chironomy.reading.read_json` and `newest`.
        """
        values = read_json(source, self.error, name=name, advice=self.advice, maximum_bytes=maximum_bytes)
        return self.newest(values, name or ("the text" if isinstance(source, bytes) else str(source)))

    def newest(self, fields: Any, where: str) -> Any:
        """The fields of a file as the newest number has them.

        Args:
            fields: all that the file holds, `Arrays` or a dictionary, with `format` among them.
            where: what to call the file.

        Raises:
            error: the file is of another kind, or newer or older than what is read.
        """
        if isinstance(fields, Arrays):
            found = fields.text("format") if "format" in fields else None
        else:
            found = fields.get("format") if isinstance(fields, dict) else None
        match = _FORMAT.fullmatch(found) if isinstance(found, str) else None
        if match is None or match[1] != self.name:
            said = "no format" if found is None else f"the format {found!r:.60}"
            raise self.error(f"{where} is not {self.what}: it has {said}, not {self.format!r}; {self.advice}")
        number = int(match[2])
        if number > self.number:
            raise self.error(
                f"{where} was made by a newer Chironomy: its format is {found!r}, and this version reads up to "
                f"{self.format!r}; update Chironomy"
            )
        if number < self.oldest:
            raise self.error(
                f"{where} was made by an older Chironomy: its format is {found!r}, and this version reads from "
                f"{self.name}/{self.oldest} on; {self.advice}"
            )
        if number == self.number:
            return fields
        for upgrade in self.upgrades[number - self.oldest :]:
            fields = upgrade(fields)
        if isinstance(fields, Arrays):
            return fields.replaced(format=np.array(self.format))
        return {**fields, "format": self.format}
