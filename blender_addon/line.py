# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that were asked for, in line: a thread does each; those that are not in each other's way go side by side."""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.work import Progress, Work

from .target import Target

Job = Callable[[Work], Any]
"""What a thread does, without touching Blender."""

SURE_AFTER, LEAST_DONE = 3.0, 0.05
"""Seconds of work, and the part of it, from which on it is told how long the rest will take."""

MINUTES_FROM = 90.0
"""Seconds from which on the rest is told in minutes."""

STOP_SECONDS = 2.0
"""Seconds that work has to stop when Blender ends."""

listeners: list[Progress] = []
"""Told on the main thread of the jobs that run."""


class Task:
    """One job: first its person's wish is read, then it may wait, then a thread does it.

    Attributes:
        label: what it does, for a person.
        target: what it was asked for; None where that does not matter.
        lanes: what it needs for itself, by name: of two jobs with one in common, the later waits for the earlier.
        progress: 0..1.
        message: what it does now.
        picture: the last JPEG of what it makes; empty before the first.
        result: what the job returned, once it is done.
        error: a sentence, where it failed.
        cancelled: whether it was asked to stop.
        number: another one for each task of this session.
        operator: the class of the button that was pressed; None where there was none.
        options: what it was pressed with.
        kept: where the result was kept, as a clause; empty where it was not.
        parts: of the result, that are finished and were not looked at yet.
    """

    _last = 0

    def __init__(
        self, label: str, job: Job | None = None, target: Target | None = None, lanes: frozenset[str] = frozenset()
    ) -> None:
        Task._last += 1
        self.number = Task._last
        self.label = label
        self.target = target
        self.lanes = lanes
        self.progress = 0.0
        self.message = ""
        self.picture = b""
        self.result: Any = None
        self.error: str | None = None
        self.operator: Any = None
        self.options: dict[str, Any] = {}
        self.kept = ""
        self.parts: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._reports: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._job: Job | None = None
        self._thread: threading.Thread | None = None
        if job is not None:
            self.begin(job)

    def line_up(self, job: Job) -> None:
        """Take the job, which begins when it is its turn."""
        self._job = job

    def begin(self, job: Job | None = None) -> None:
        """Let the thread do the job, which may have been taken before."""
        job = job or self._job
        assert job is not None
        self._job, self._begun = job, time.monotonic()
        self._thread = threading.Thread(target=self._run, args=(job,), name=f"chironomy {self.label}", daemon=True)
        self._thread.start()
        # What the job holds, as the name that it writes to, goes with it.
        self._job = None

    @property
    def begun(self) -> bool:
        """Whether the thread was given its job; what it needs is still read before."""
        return self._thread is not None

    @property
    def waiting(self) -> bool:
        """Whether the job could begin, but for others."""
        return self._job is not None and self._thread is None

    @property
    def over(self) -> bool:
        """Whether its thread has ended, or will never begin."""
        return not self._thread.is_alive() if self._thread is not None else self.waiting and self.cancelled

    @property
    def on_main_thread(self) -> Work:
        """What the work's parts on the main thread may ask and tell; they tell no fraction of the whole."""
        return Work(lambda _, message="": self._tell(self.progress, message), self._stop.is_set)

    @property
    def seconds_left(self) -> float | None:
        """How long it will take by what it took so far; None where that tells nothing yet."""
        taken = time.monotonic() - self._begun
        if not self.begun or taken < SURE_AFTER or self.progress < LEAST_DONE or self.cancelled:
            return None
        return taken * (1.0 - self.progress) / self.progress

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the work to stop; it does at its next step."""
        self._stop.set()

    def ended(self, seconds: float = 0.0) -> bool:
        """Wait for the work a while, take in what it reports, and return whether it has ended."""
        if seconds and self._thread is not None:
            self._thread.join(seconds)
        ended = self._thread is None or not self._thread.is_alive()
        while not self._reports.empty():
            progress, message = self._reports.get()
            self.progress, self.message = max(self.progress, min(1.0, progress)), message
            for listener in listeners:
                listener(self.progress, self.message)
        return ended

    def _run(self, job: Job) -> None:
        try:
            self.result = job(Work(self._tell, self._stop.is_set, self._show, self.parts.put))
        except JobCancelled:
            self._stop.set()
        except ChironomyError as error:
            # Whatever ends work that was asked to stop is no news.
            if not self.cancelled:
                self.error = str(error)
        except Exception as error:
            traceback.print_exc()
            self.error = fault(self.label, error)

    def _tell(self, fraction: float, message: str = "") -> None:
        self._reports.put((fraction, message))

    def _show(self, jpeg: bytes) -> None:
        self.picture = jpeg


_line: list[Task] = []


def tasks() -> tuple[Task, ...]:
    """Return the jobs that are under way or whose result was not taken in yet, the first that was asked for first."""
    return tuple(_line)


def running() -> Task | None:
    """Return the job that was asked for first, or None."""
    return _line[0] if _line else None


def join(task: Task) -> None:
    """Put a job at the end of the line."""
    _line.append(task)


def leave(task: Task) -> None:
    """Take a job out of the line, wherever it is."""
    if task in _line:
        _line.remove(task)


def advance() -> None:
    """Take in what the jobs report, and begin those whose turn it is."""
    taken: set[str] = set()
    for task in tasks():
        task.ended()
        if task.waiting and not task.cancelled and not task.lanes & taken:
            task.begin()
        if not task.over:
            taken |= task.lanes


def stop() -> None:
    """Stop all jobs; Blender ends or the add-on goes."""
    for task in tasks():
        task.cancel()
    until = time.monotonic() + STOP_SECONDS
    for task in tasks():
        # It may tell the backend to stop, too.
        task.ended(max(until - time.monotonic(), 0.0))
    _line.clear()


def fault(label: str, error: Exception) -> str:
    """Return what is told of an error that is not meant for people."""
    return f"{label} stopped by a fault of its own ({error!r}); Blender's console tells more"
