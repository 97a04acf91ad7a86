# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on a terminal: a bar a step, its time, and a table of it all."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chironomy.work import Work


class Steps:
    """The steps of a command, one after the other; each has a bar while it runs and a line in the table.

    The bars go to standard error where that is a terminal; elsewhere a step that ends is a line on standard output.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name = ""
        self._bar: Any = None
        self._started = 0.0

    def update(self, name: str, fraction: float, message: str = "") -> None:
        """Step `name` is `fraction` (0..1) done; a new name ends the step before."""
        from tqdm import tqdm

        if name != self._name:
            self.end()
            self._name, self._started = name, time.perf_counter()
            shape = "{desc:<24}{percentage:3.0f}% |{bar}| {elapsed}"
            self._bar = tqdm(total=1.0, desc=name, bar_format=shape, file=sys.stderr, disable=None, leave=False)
        self._bar.set_description_str(f"{name}: {message}"[:36] if message else name, refresh=False)
        self._bar.update(max(0.0, min(1.0, fraction) - self._bar.n))

    def work(self, name: str, doing: str = "") -> Work:
        """Work that is step `name`; `doing` is the message where it gives none of its own."""
        return Work(lambda fraction, message="": self.update(name, fraction, message or doing))

    def end(self, completed: bool = True) -> None:
        """End the step that runs, if any."""
        if self._bar is None:
            return
        seconds = time.perf_counter() - self._started
        shown = not self._bar.disable
        self._bar.close()
        if completed:
            self.seconds[self._name] = self.seconds.get(self._name, 0.0) + seconds
        if completed and not shown:
            print(f"{self._name:<12}{seconds:7.1f} s", flush=True)
        self._name, self._bar = "", None

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step that is the block."""
        self.update(name, 0.0)
        try:
            yield
        except BaseException:
            self.end(completed=False)
            raise
        self.end()


def table(rows: Sequence[tuple[str, ...]], right: Sequence[int] = ()) -> str:
    """Rows of cells in columns, the columns of index `right` aligned to the right; an empty row is an empty line."""
    columns = max(len(row) for row in rows)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    lines = (
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def file_size(path: Path) -> str:
    """The size of a file, or of all files in a folder, for people."""
    files = path.iterdir() if path.is_dir() else [path]
    size = float(sum(file.stat().st_size for file in files))
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
