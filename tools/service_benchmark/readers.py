# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged files, many of each kind: every reader answers in one sentence or reads them, within bounds."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator

from service_benchmark.service import REPOSITORY, Row

_ONE = """
import json, resource, sys, tempfile, warnings
from pathlib import Path
warnings.simplefilter("ignore")
sys.path[:0] = [{tests!r}, {backend!r}]
from readers import READERS, small_shot, tell
name, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
shot = small_shot()
with tempfile.TemporaryDirectory() as folder:
    tell(READERS[name], shot, Path(folder), 1, 0)
with tempfile.TemporaryDirectory() as folder:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = tell(READERS[name], shot, Path(folder), count, 1, seconds)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([told.read, told.sentences, told.wrong, told.longest, after - before]))
"""


def measure_readers(options: argparse.Namespace) -> Iterator[Row]:
    """One process for each reader, so that what it takes is its own."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from readers import READERS

    program = _ONE.format(tests=str(REPOSITORY / "tests"), backend=str(REPOSITORY / "backend"))
    all_files = all_wrong = 0
    slowest, largest = (0.0, ""), (0, "")
    for name in READERS:
        command = [sys.executable, "-c", program, name, str(options.files), str(options.reader_seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            yield name, "ended", f"by {done.returncode}: {done.stderr.strip().splitlines()[-1:]}".replace("|", "/")
            all_wrong += 1
            continue
        read, sentences, wrong, longest, memory = json.loads(done.stdout.splitlines()[-1])
        for line in wrong[:5]:
            print(name, line, file=sys.stderr)
        all_files += read + sentences + len(wrong)
        all_wrong += len(wrong)
        slowest, largest = max(slowest, (longest[0], name)), max(largest, (memory, name))
        how = f"answered in one sentence: {sentences}; read: {read}; neither: {len(wrong)}"
        yield (
            name,
            f"{read + sentences + len(wrong)}",
            f"{how}; {longest[0]:.2f} s at most, {memory / 1024:.0f} MiB more",
        )
    yield "all", f"{all_files}", f"of which neither read nor answered in one sentence: {all_wrong}"
    yield "longest time for one file", f"{slowest[0]:.2f} s", f"{slowest[1]}; other work on the machine counts in"
    yield "most memory", f"{largest[0] / 1024:.0f} MiB", f"more than after the first file; {largest[1]}"
