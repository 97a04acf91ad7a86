# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs that wait, and many who listen."""

import argparse
import asyncio
import multiprocessing
import tempfile
from collections.abc import Iterator
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import psutil

from service_benchmark.service import EXAMPLE, SECONDS, Row, Service, milliseconds, spread, times, until


def measure_crowd(options: argparse.Namespace) -> Iterator[Row]:
    """Many jobs that wait, and many who listen in a process of their own, which shares the machine with the backend."""
    count, listeners = 1000, 200
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        service = Service(Path(folder) / "data")
        crowd = Crowd(service.process.url, service.process.token, listeners)
        with service.client() as client:
            sha = client.upload(EXAMPLE)
            crowd.listen()
            jobs = []

            def submit(number: int) -> None:
                jobs.append(client.submit("gesture", {"speech": sha}, {"seed": number}))

            asked = [milliseconds(lambda number=number: submit(number)) for number in range(count)]
            health = times(client.health, 50)
            stopped = [milliseconds(lambda job=job: client.cancel(job)) for job in jobs]
            until(lambda: client.jobs("queued") == client.jobs("running") == [])
            until(lambda: crowd.all_heard(2 * count))
            memory = psutil.Process(service.process.pid).memory_info().rss >> 20
        service.process.stop()
        heard = crowd.told()
    last = len(heard[0])
    whole = sum(numbers == list(range(1, last + 1)) for numbers in heard)
    yield "listeners who heard every change, in order", f"{whole} of {listeners}", f"{last} changes of {count} jobs"
    yield "asking for a job", spread(asked), f"with {listeners} listeners; jobs that wait: up to {count}"
    yield "cancelling one", spread(stopped), "likewise"
    yield "GET health", spread(health), f"while {count} jobs wait"
    yield "memory of the process that answers", f"{memory} MiB", "after all of that"


class Crowd:
    """Listens to the events of a backend by many connections, in a process of its own."""

    def __init__(self, url: str, token: str, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._least, self._most = context.Value("q", -1), context.Value("q", -1)
        self._numbers: Queue[list[list[int]]] = context.Queue()
        arguments = (url.removeprefix("http://"), token, count, self._least, self._most, self._numbers)
        self._process = context.Process(target=_crowd, args=arguments, daemon=True)

    def listen(self) -> None:
        """Return when all listen."""
        self._process.start()
        until(lambda: self._least.value >= 0)

    def all_heard(self, count: int) -> bool:
        """Whether all were told of as many changes, and of so many at least."""
        return count <= self._least.value == self._most.value

    def told(self) -> list[list[int]]:
        """The numbers that each was told, when the backend has ended."""
        return self._numbers.get(timeout=SECONDS)


def _crowd(host: str, token: str, count: int, least: Any, most: Any, numbers: Any) -> None:
    numbers.put(asyncio.run(_listen(host, token, count, least, most)))


async def _listen(host: str, token: str, count: int, least: Any, most: Any) -> list[list[int]]:
    heard: list[list[int]] = [[] for _ in range(count)]
    begun = [asyncio.Event() for _ in heard]
    tasks = [asyncio.create_task(_one(host, token, *each)) for each in zip(heard, begun, strict=True)]
    for event in begun:
        await event.wait()

    async def tell() -> None:
        while True:
            most.value, least.value = max(map(len, heard)), min(map(len, heard))
            await asyncio.sleep(0.1)

    telling = asyncio.create_task(tell())
    await asyncio.gather(*tasks, return_exceptions=True)
    telling.cancel()
    return heard


async def _one(host: str, token: str, numbers: list[int], begun: asyncio.Event) -> None:
    name, _, port = host.rpartition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    head = f"GET /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    number = None
    while line := await reader.readline():
        if line.startswith(b"id: "):
            number = int(line[4:])
            begun.set()
        elif line.startswith(b"event: job") and number is not None:
            numbers.append(number)
