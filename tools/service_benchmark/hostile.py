# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend says of hostile files, and whether it answers as its own description says."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from service_benchmark.service import REPOSITORY, Row


def measure_hostile(_: argparse.Namespace) -> Iterator[Row]:
    """Bombs, lying headers, polyglots and pickles, each given as every input of every kind of job."""
    sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "backend")]
    from hostile import CORPUS, PLACES, give

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        told = give(Path(folder), everywhere=True)
    for line in told.wrong:
        print("   ", line, file=sys.stderr)
    yield "jobs", f"{told.jobs}", f"{len(CORPUS)} files, each as {len(PLACES)} inputs"
    yield "refused by one sentence", f"{told.sentences}", "that a person can act on"
    yield "done all the same", f"{told.done}", "such as a text that is a script, however odd"
    yield "status 500 or another of the kind", f"{told.counted('status 5')}", "of the backend's answers"
    yield "tracebacks", f"{told.counted('in the log')}", "in the backend's log and its workers'"
    yield "anything else", f"{len(told.wrong)}", "other sentences, those of the two lines before, code that ran"
    yield "longest", f"{told.longest[0]:.2f} s", f"{told.longest[1]}; from the request to its end"
    yield "longer than a second", f"{told.slow}", "jobs; the middle one took " + f"{1000 * told.middle:.0f} ms"
    yield "most processor time", f"{told.work[0]:.2f} s", f"{told.work[1]}; of all processes of the backend together"
    how = f"{told.memory[1]}; at its height, all processes together, more than before"
    yield "most memory", f"{told.memory[0] / 1e6:.0f} MB", how
    how = "and its model, before any of these files; it is not in the line before"
    yield "of the largest worker itself", f"{told.at_rest / 1e6:.0f} MB", how


def measure_described(options: argparse.Namespace) -> Iterator[Row]:
    """Requests that schemathesis makes of the OpenAPI document."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked"
        environment = os.environ | {
            "CHIRONOMY_CASES": str(options.cases),
            "CHIRONOMY_ASKED": str(asked),
            "PYTHONPATH": str(REPOSITORY / "backend"),
        }
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/service/test_description.py"]
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout[-4000:], file=sys.stderr)
        yield "requests", asked.read_text() if asked.exists() else "none", f"in {time.monotonic() - began:.0f} s"
    yield "answered otherwise than described", "none" if done.returncode == 0 else "some", "or by status 500"
