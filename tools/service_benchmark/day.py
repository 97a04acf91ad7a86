# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a backend takes more and more, the longer it works."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from service_benchmark.service import Row, Service, as_png, beginning, noise, small_shot, until

_KINDS = "lips, gesture and picture in turn, and a film in each hundred"
_AT_A_TIME = 20


def measure_day(options: argparse.Namespace) -> Iterator[Row]:
    """Many jobs one after another, and what the backend takes after a tenth of them, half of them and all."""
    count, taken = options.day, []
    stops = [count // 10, count // 2, count]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        service = Service(folder / "data")
        with service.client() as client:
            speech = client.upload(beginning(1.0))
            for first in range(0, count, _AT_A_TIME):
                for number in range(first, min(first + _AT_A_TIME, count)):
                    _ask(client, number, speech, folder)
                until(lambda: client.jobs("queued") == client.jobs("running") == [])
                while stops and first + _AT_A_TIME >= stops[0]:
                    stops.pop(0)
                    taken.append(_taken(service))
            wrong = len(client.jobs("failed", 1000))
        service.process.stop()
    yield "jobs", f"{count}", f"{_KINDS}; failed: {wrong}"
    for what, row in zip(taken[0], zip(*(each.values() for each in taken), strict=True), strict=True):
        yield what, ", ".join(f"{value}" for value in row), "after a tenth of them, half of them and all"


def _ask(client: Any, number: int, speech: str, folder: Path) -> None:
    if number % 100 == 99:
        shot = folder / "shot.zip"
        small_shot(number, 12).save(shot)
        client.submit("video", {"shot": client.upload(shot)}, {})
    elif number % 3 == 0:
        client.submit("lips", {"speech": speech}, {"fps": 12.0 + number / 1000})
    elif number % 3 == 1:
        client.submit("gesture", {"speech": speech}, {"seed": number, "num_inference_steps": 1})
    else:
        client.submit("picture", {"picture": client.upload(as_png(noise(number)))}, {"longest": 128})


def _taken(service: Service) -> dict[str, int]:
    server = psutil.Process(service.process.pid)
    workers = sum(one.memory_info().rss for one in service.below())
    return {
        "MiB of the process that answers": server.memory_info().rss >> 20,
        "MiB of its workers": workers >> 20,
        "its open files": server.num_fds(),
        "its threads": server.num_threads(),
    }
