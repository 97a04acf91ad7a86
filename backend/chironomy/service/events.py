# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the jobs, as server-sent events: every change of state in order, whoever was away for a while, too.

A change of state has a number, which is the event's id; it is kept in the store, so that `Last-Event-ID` goes on where
the connection, or the backend, ended. Progress has no number: who is there is told the latest of it.
"""

import asyncio
import bisect
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from chironomy.client import protocol
from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs
from chironomy.service.record import Event

MOST_LISTENERS = 500
HEARTBEAT_SECONDS = 15.0
"""Silence after which a comment is sent, by which both ends notice that the other has gone."""

_PROGRESS_SECONDS = 0.2
# Hundreds who listen are told of what came meanwhile at once: else each change would keep requests waiting.
_CHANGE_SECONDS = 0.05
_REMEMBERED = 4096
_AT_ONCE = 500


@dataclass(frozen=True)
class _Sent:
    """A change of state as it goes over the wire."""

    number: int
    job: str
    text: bytes


class Events:
    """Tells everybody who listens, in the loop in which `stream` is used; jobs change in any thread.

    Args:
        jobs: the queue that is listened to.
        silence: seconds without news after which a comment is sent.
    """

    def __init__(self, jobs: Jobs, silence: float = HEARTBEAT_SECONDS) -> None:
        self._store = jobs.store
        self._silence = silence
        self._lock = threading.Lock()
        self._last = self._store.numbers()[1]
        # Those from `_since` on are remembered without a gap; older ones are in the store.
        self._since = self._last + 1
        self._sent: list[_Sent] = []
        self._progress: dict[str, tuple[int, bytes]] = {}
        self._told = 0
        self._woken: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waking = self._later = False
        self._woke = 0.0
        self._closed = False
        jobs.listeners.append(self._changed)
        jobs.watchers.append(self._progressed)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._woken)

    def close(self) -> None:
        """End all streams, once all that happened was told, from any thread."""
        self._closed = True
        self._call(self._wake_all)

    def stream(self, last_id: str | None, job: str | None = None) -> AsyncIterator[bytes]:
        """What is sent to one listener, until it is closed.

        Args:
            last_id: of the last event that the listener has seen; None for what comes from now on.
            job: of which events are wanted; None for all.

        Raises:
            ServiceError: (503) too many listen already.
        """
        if len(self._woken) >= MOST_LISTENERS:
            raise ServiceError(f"{MOST_LISTENERS} listen to the backend already: ask again later", status=503)
        return self._stream(last_id, job)

    async def _stream(self, last_id: str | None, job: str | None) -> AsyncIterator[bytes]:
        woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._woken.add(woken)
        try:
            with self._lock:
                seen, told = self._last, self._told
            start = f"retry: 1000\nid: {seen}\n\n".encode()
            if last_id is not None:
                wanted = int(last_id) if last_id.isdecimal() and len(last_id) < 19 else -1
                first = (await run_in_threadpool(self._store.numbers))[0]
                if first - 1 <= wanted <= seen:
                    seen, start = wanted, b"retry: 1000\n\n"
                else:
                    start = f"retry: 1000\nid: {seen}\nevent: {protocol.RESET}\ndata: {{}}\n\n".encode()
            yield start
            while True:
                # What happened until then is told before the end.
                closed = self._closed
                woken.clear()
                before = seen
                news, seen = await self._after(seen, job)
                told, progress = self._progress_after(told, job)
                if news or progress:
                    yield news + progress
                if seen > before or progress:
                    continue
                if closed:
                    return
                try:
                    await asyncio.wait_for(woken.wait(), self._silence)
                except TimeoutError:
                    yield b":\n\n"
        finally:
            self._woken.discard(woken)

    async def _after(self, seen: int, job: str | None) -> tuple[bytes, int]:
        """The changes after a number, some at once, and the number of the last of them."""
        with self._lock:
            if seen >= self._since - 1:
                begin = bisect.bisect_right(self._sent, seen, key=lambda sent: sent.number)
                found = self._sent[begin : begin + _AT_ONCE]
            else:
                found = None
        if found is None:
            rows = await run_in_threadpool(self._store.events, seen, _AT_ONCE)
            found = [_sent(number, json.loads(record)["id"], record) for number, record in rows]
        if not found:
            return b"", seen
        return b"".join(sent.text for sent in found if job in (None, sent.job)), found[-1].number

    def _progress_after(self, told: int, job: str | None) -> tuple[int, bytes]:
        with self._lock:
            if told == self._told:
                return told, b""
            news = [text for name, (number, text) in self._progress.items() if number > told and job in (None, name)]
            return self._told, b"".join(news)

    def _changed(self, event: Event) -> None:
        """Take in a change of state; they come in their order."""
        sent = _sent(event.number, event.job.id, event.record)
        with self._lock:
            self._last = event.number
            self._sent.append(sent)
            if len(self._sent) > 2 * _REMEMBERED:
                del self._sent[:_REMEMBERED]
                self._since = self._sent[0].number
            self._progress.pop(event.job.id, None)
        self._wake()

    def _progressed(self, identifier: str, fraction: float, message: str) -> None:
        told = json.dumps({"id": identifier, "progress": fraction, "message": message}, separators=(",", ":"))
        with self._lock:
            self._told += 1
            self._progress[identifier] = (self._told, f"event: {protocol.PROGRESS}\ndata: {told}\n\n".encode())
            later, self._later = self._later, True
        if not later:
            self._call(self._wake_later)

    def _wake(self) -> None:
        with self._lock:
            waking, self._waking = self._waking, True
        if not waking:
            self._call(self._wake_soon)

    def _wake_soon(self) -> None:
        """Let changes be told: now, or a moment after those before."""
        loop = asyncio.get_running_loop()
        loop.call_at(self._woke + _CHANGE_SECONDS, self._wake_all)

    def _wake_all(self) -> None:
        self._woke = asyncio.get_running_loop().time()
        with self._lock:
            self._waking = False
        for woken in self._woken:
            woken.set()

    def _wake_later(self) -> None:
        """Let progress be told in a moment, with what more of it comes until then."""

        def wake() -> None:
            with self._lock:
                self._later = False
            self._wake_all()

        asyncio.get_running_loop().call_later(_PROGRESS_SECONDS, wake)

    def _call(self, do: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            # A loop that has ended since has no listeners either.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(do)
                return
        with self._lock:
            self._waking = self._later = False


def _sent(number: int, job: str, record: str) -> _Sent:
    return _Sent(number, job, f"id: {number}\nevent: {protocol.CHANGE}\ndata: {record}\n\n".encode())
