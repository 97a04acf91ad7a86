# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged files, many of each kind: every reader answers in one sentence or reads them, within bounds.

They are given in slices, each by a seed of its own, and what came of a slice is kept: who stops the measuring goes on
with the next slice. What was kept is to be deleted where a reader has changed since.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service_benchmark.service import REPOSITORY, Row

_SLICE = 200
_TURN_SECONDS = 300.0
_ONE = """
import json, resource, sys, tempfile, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
sys.path[:0] = [{tests!r}, {backend!r}]
from readers import READERS, small_shot, tell
name, first, last, size, seconds = sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5])
shot = small_shot()
with tempfile.TemporaryDirectory() as folder:
    tell(READERS[name], shot, Path(folder), 1, 0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.monotonic()
for number in range(first, last):
    with tempfile.TemporaryDirectory() as folder:
        told = tell(READERS[name], shot, Path(folder), size, 1 + number)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps(vars(told) | dict(memory=memory)), flush=True)
    if time.monotonic() - began > seconds:
        break
"""


def measure_readers(options: argparse.Namespace) -> Iterator[Row]:
    """One process for each reader, so that what it takes is its own; each has its turn until all is done."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from readers import READERS

    with tempfile.TemporaryDirectory() as folder:
        kept = options.kept or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        # The slow ones, which get few files in the tests, are last.
        order = sorted(READERS, key=lambda name: -READERS[name].count)
        left: dict[str, float] = dict.fromkeys(order, float(options.reader_seconds))
        while left:
            for name in list(left):
                began = time.monotonic()
                done = _turn(name, options.files, kept, min(left[name], _TURN_SECONDS))
                left[name] -= time.monotonic() - began
                if done or left[name] <= 0.0:
                    del left[name]
        found = {name: _slices(_file(kept, name)) for name in READERS}
    yield from _rows(found)


def _rows(found: dict[str, list[dict[str, Any]]]) -> Iterator[Row]:
    longest, largest = (0.0, ""), (0, "")
    for name, slices in found.items():
        read, sentences = (sum(each[key] for each in slices) for key in ("read", "sentences"))
        wrong = [line for each in slices for line in each["wrong"]]
        for line in wrong[:5]:
            print(name, line, file=sys.stderr)
        seconds = max((each["longest"][0] for each in slices), default=0.0)
        memory = max((each["memory"] for each in slices), default=0) / 1024
        longest, largest = max(longest, (seconds, name)), max(largest, (memory, name))
        how = f"answered in one sentence: {sentences}; read: {read}; neither: {len(wrong)}"
        yield name, f"{_files(slices)}", f"{how}; {seconds:.2f} s at most, {memory:.0f} MiB more"
    neither = sum(len(each["wrong"]) for slices in found.values() for each in slices)
    counts = [_files(slices) for slices in found.values()]
    yield "all", f"{sum(counts)}", f"{min(counts)} and more a reader; neither read nor one sentence: {neither}"
    yield "longest time for one file", f"{longest[0]:.2f} s", f"{longest[1]}; other work on the machine counts in"
    yield "most memory", f"{largest[0]:.0f} MiB", f"more than after the first file; {largest[1]}"


def _turn(name: str, count: int, kept: Path, seconds: float) -> bool:
    """Give a reader some slices more; whether it has had all."""
    path = _file(kept, name)
    first = len(_slices(path))
    last = math.ceil(count / _SLICE)
    if first >= last:
        return True
    program = _ONE.format(tests=str(REPOSITORY / "tests"), backend=str(REPOSITORY / "backend"))
    command = [sys.executable, "-c", program, name, f"{first}", f"{last}", f"{_SLICE}", f"{seconds}"]
    with path.open("a", encoding="utf-8") as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [""])[-1].replace("|", "/")
            wrong = [f"its process ended by {done.returncode}: {said}"]
            stream.write(json.dumps({"read": 0, "sentences": 0, "wrong": wrong, "longest": (0.0, ""), "memory": 0}))
            stream.write("\n")
    return bool(done.returncode) or len(_slices(path)) >= last


def _file(kept: Path, name: str) -> Path:
    return kept / f"{name.replace(' ', '-')}.jsonl"


def _slices(path: Path) -> list[dict[str, Any]]:
    """What came of the slices so far; one that was broken off is not among them."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    whole, _, rest = text.rpartition("\n")
    if rest:
        path.write_text(f"{whole}\n" if whole else "", "utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def _files(slices: list[dict[str, Any]]) -> int:
    return sum(each["read"] + each["sentences"] + len(each["wrong"]) for each in slices)
