# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs that wait, and many who listen."""

import argparse
import asyncio
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from service_benchmark.service import EXAMPLE, SECONDS, Row, Service, milliseconds, spread, times, until


def measure_crowd(options: argparse.Namespace) -> Iterator[Row]:
    """Many jobs that wait, and many who listen; the listeners and who asks share the machine with the backend."""
    count, listeners = 1000, 200
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        service = Service(Path(folder) / "data")
        crowd = Crowd(service.process.url, service.process.token, listeners)
        with service.client() as client:
            sha = client.upload(EXAMPLE)
            crowd.start()
            jobs = []

            def submit(number: int) -> None:
                jobs.append(client.submit("gesture", {"speech": sha}, {"seed": number}))

            asked = [milliseconds(lambda number=number: submit(number)) for number in range(count)]
            health = times(client.health, 50)
            stopped = [milliseconds(lambda job=job: client.cancel(job)) for job in jobs]
            until(lambda: client.jobs("queued") == client.jobs("running") == [])
            until(lambda: len({len(numbers) for numbers in crowd.heard}) == 1 and len(crowd.heard[0]) >= 2 * count)
            last = len(crowd.heard[0])
            memory = psutil.Process(service.process.pid).memory_info().rss >> 20
        service.process.stop()
    whole = sum(numbers == list(range(1, last + 1)) for numbers in crowd.heard)
    yield "listeners who heard every change, in order", f"{whole} of {listeners}", f"{last} changes of {count} jobs"
    yield "asking for a job", spread(asked), f"with {listeners} listeners; jobs that wait: up to {count}"
    yield "cancelling one", spread(stopped), "likewise"
    yield "GET health", spread(health), f"while {count} jobs wait"
    yield "memory of the process that answers", f"{memory} MiB", "after all of that"


class Crowd(threading.Thread):
    """Listens to the events of a backend by many connections; `heard` are the numbers that each was told."""

    def __init__(self, url: str, token: str, count: int) -> None:
        super().__init__(daemon=True)
        self.heard: list[list[int]] = [[] for _ in range(count)]
        self._host, self._token = url.removeprefix("http://"), token
        self._ready = threading.Event()

    def start(self) -> None:
        """Return when all listen."""
        super().start()
        if not self._ready.wait(SECONDS):
            raise SystemExit("the listeners were not let in")

    def run(self) -> None:
        """Listen until the backend ends."""
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        waiting = [asyncio.Event() for _ in self.heard]
        tasks = [asyncio.create_task(self._one(*each)) for each in zip(self.heard, waiting, strict=True)]
        for event in waiting:
            await event.wait()
        self._ready.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, numbers: list[int], begun: asyncio.Event) -> None:
        host, _, port = self._host.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /v1/events HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        writer.write(head.encode())
        number = None
        while line := await reader.readline():
            if line.startswith(b"id: "):
                number = int(line[4:])
                begun.set()
            elif line.startswith(b"event: job") and number is not None:
                numbers.append(number)
