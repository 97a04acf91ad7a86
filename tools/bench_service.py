# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the backend as a service, and write docs/benchmarks-service.md: `make bench-service`.

A real backend with its real kinds of job is killed at random moments (`kill -9` of the server, of its workers, of all
of them, of an encoder), and its machine fails it; what it had accepted is counted afterwards. The moments are drawn
from a seed; where in the work they fall depends on the machine. `--baseline` names an older checkout, whose answers are
timed in the same run. Every section can be run alone (`--only kills crowd`); those of the table that are not measured
anew stay.
"""

import argparse
import os
import platform
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from service_benchmark.answers import measure_answers, measure_work
from service_benchmark.crowd import measure_crowd
from service_benchmark.day import measure_day
from service_benchmark.faults import (
    measure_clock,
    measure_damage,
    measure_full_disk,
    measure_kills,
    measure_read_only,
)
from service_benchmark.hostile import measure_described, measure_hostile
from service_benchmark.readers import measure_readers
from service_benchmark.service import Row

_SECTIONS = (
    ("Kills", measure_kills),
    ("Full disk", measure_full_disk),
    ("Read-only folders", measure_read_only),
    ("Damaged record", measure_damage),
    ("Clock set back", measure_clock),
    ("Requests", measure_described),
    ("Damaged files", measure_readers),
    ("Hostile files", measure_hostile),
    ("Answers", measure_answers),
    ("Crowd", measure_crowd),
    ("Work", measure_work),
    ("A day", measure_day),
)


def main() -> int:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=24, help="how often something is killed")
    parser.add_argument("--jobs", type=int, default=120, help="how many jobs are asked for meanwhile")
    parser.add_argument("--fault-rounds", type=int, default=20, help="how often the machine fails in each way")
    parser.add_argument("--fault-jobs", type=int, default=80, help="how many jobs are asked for meanwhile")
    parser.add_argument("--files", type=int, default=200, help="how many damaged files each reader is given")
    parser.add_argument("--reader-seconds", type=float, default=60.0, help="for which one reader is given more of them")
    parser.add_argument("--kept", type=Path, help="a folder; who is stopped among damaged files goes on by it")
    parser.add_argument("--cases", type=int, default=100, help="how many requests each path is sent")
    parser.add_argument("--day", type=int, default=2000, help="how many jobs a day has")
    parser.add_argument("--seed", type=int, default=1)
    names = [_key(name) for name, _ in _SECTIONS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="SECTION", help=f"of {', '.join(names)}")
    parser.add_argument("--baseline", type=Path, help="an older checkout")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    lines = [
        "# Benchmarks of the service",
        "",
        "Written by `make bench-service`. Speeds are of the machine named here, which had other work, too: compare",
        "ratios, not seconds between tables.",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
    ]
    before = _sections(options.write.read_text("utf-8")) if options.write and options.write.is_file() else {}
    for name, section in _SECTIONS:
        if options.only and _key(name) not in options.only:
            lines += [before[name]] if name in before else []
            continue
        lines += ["", f"## {name}", "", "| figure | value | how |", "|---|---|---|"]
        for row in chain(section(options), _load()):
            print("   ", *row, file=sys.stderr, flush=True)
            lines.append("| " + " | ".join(row) + " |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 0


def _load() -> Iterator[Row]:
    """How busy the machine was at the end of a section, where it tells."""
    if hasattr(os, "getloadavg"):
        how = f"on average of the last minute, that and all else, for {os.cpu_count()} cores"
        yield "processes that wanted a core", f"{os.getloadavg()[0]:.1f}", how


def _key(name: str) -> str:
    return name.lower().replace(" ", "-")


def _sections(text: str) -> dict[str, str]:
    """The sections of an earlier table by their names, each with its empty line before."""
    found = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return {name: f"\n## {name}\n{body.rstrip()}" for name, body in found}


if __name__ == "__main__":
    sys.exit(main())
