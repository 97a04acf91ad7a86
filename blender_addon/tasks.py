# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that takes seconds: a thread does it, the main thread alone touches Blender.

With a window, a button starts the work and Blender stays usable: a timer shows the progress, Esc stops it. Without one,
or when a script runs the operator, the same operator waits until the work is done.
"""

import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
from bpy.types import Context, Event, Operator

from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError

TICK = 0.1
"""Seconds between looks at the work."""

Tell = Callable[[float, str], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Report:
    """What the work tells while it goes on; called with (progress 0..1, message).

    Attributes:
        tell: takes both.
        picture: takes a JPEG of what is being made.
    """

    tell: Tell
    picture: Callable[[bytes], None]

    def __call__(self, progress: float, message: str = "") -> None:
        self.tell(progress, message)


Work = Callable[[Report, Cancelled], Any]

listeners: list[Tell] = []
"""Called on the main thread with (progress 0..1, message) of the work that runs."""


class Task:
    """One piece of work in a thread of its own.

    Attributes:
        label: what it does, for a person.
        progress: 0..1.
        message: what it does now.
        picture: the last JPEG of what it makes; empty before the first.
        result: what the work returned, once it is done.
        error: a sentence, where it failed.
        cancelled: whether it was asked to stop.
    """

    def __init__(self, label: str, work: Work) -> None:
        self.label = label
        self.progress = 0.0
        self.message = ""
        self.picture = b""
        self.result: Any = None
        self.error: str | None = None
        self._stop = threading.Event()
        self._reports: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(work,), name=f"chironomy {label}", daemon=True)
        self._thread.start()

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the work to stop; it does at its next step."""
        self._stop.set()

    def ended(self, seconds: float = 0.0) -> bool:
        """Wait for the work a while, take in what it reports, and return whether it has ended."""
        if seconds:
            self._thread.join(seconds)
        ended = not self._thread.is_alive()
        while not self._reports.empty():
            progress, message = self._reports.get()
            self.progress, self.message = max(self.progress, min(1.0, progress)), message
            for listener in listeners:
                listener(self.progress, self.message)
        return ended

    def _run(self, work: Work) -> None:
        try:
            report = Report(lambda progress, message: self._reports.put((progress, message)), self._show)
            self.result = work(report, self._stop.is_set)
        except JobCancelled:
            self._stop.set()
        except ChironomyError as error:
            self.error = str(error)
        except Exception as error:
            traceback.print_exc()
            self.error = f"{self.label} stopped by a fault of its own ({error!r}); Blender's console tells more"

    def _show(self, jpeg: bytes) -> None:
        self.picture = jpeg


@dataclass
class _Running:
    task: Task | None = None


_running = _Running()


def running() -> Task | None:
    """Return the work that runs, or None."""
    return _running.task


# Where it is mixed in, an operator is what it is.
_Operator = Operator if TYPE_CHECKING else object


class JobOperator(_Operator):
    """What every operator that takes seconds has in common; mix it into `bpy.types.Operator`.

    A subclass gives `work`, called on the main thread, which reads what it needs from Blender and returns a function
    for the thread; and `finish`, called on the main thread with that function's result. Both raise ChironomyError to
    stop with one sentence.
    """

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the operator cannot run now, in a sentence without its stop; empty where it can."""
        return ""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = f"{_running.task.label} is still running" if _running.task else cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def work(self, context: Context) -> Work:
        raise NotImplementedError

    def finish(self, context: Context, result: Any) -> str:
        """Take over the result; return what to tell the person."""
        raise NotImplementedError

    def execute(self, context: Context) -> set[str]:
        if not self._start(context):
            return {"CANCELLED"}
        task = _running.task
        assert task is not None
        while not task.ended(TICK):
            pass
        return self._end(context)

    def invoke(self, context: Context, event: Event) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        if not self._start(context):
            return {"CANCELLED"}
        manager = context.window_manager
        self._timer = manager.event_timer_add(TICK, window=context.window)
        manager.progress_begin(0.0, 1.0)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        task = _running.task
        assert task is not None
        if event.type == "ESC" and event.value == "PRESS" and not task.cancelled:
            task.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        ended = task.ended()
        context.window_manager.progress_update(task.progress)
        _redraw(context)
        if not ended:
            return {"PASS_THROUGH"}
        self._remove_timer(context)
        return self._end(context)

    def cancel(self, context: Context) -> None:
        """Blender ends the operator, as when another file is opened."""
        self._remove_timer(context)
        if _running.task:
            _running.task.cancel()
            _running.task = None

    def _start(self, context: Context) -> bool:
        try:
            work = self.work(context)
        except ChironomyError as error:
            self.report({"ERROR"}, str(error))
            return False
        _running.task = Task(self.bl_label, work)
        return True

    def _end(self, context: Context) -> set[str]:
        task, _running.task = _running.task, None
        assert task is not None
        _redraw(context)
        if task.error is not None:
            self.report({"ERROR"}, task.error)
            return {"CANCELLED"}
        if task.cancelled:
            self.report({"WARNING"}, f"{task.label} was cancelled")
            return {"CANCELLED"}
        try:
            message = self.finish(context, task.result)
        except ChironomyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, message)
        return {"FINISHED"}

    def _remove_timer(self, context: Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()


def part(report: Report, start: float, stop: float) -> Report:
    """Return a report for a piece of the work: its 0..1 become `start`..`stop` of the whole."""
    return Report(lambda progress, message: report(start + (stop - start) * progress, message), report.picture)


def _redraw(context: Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
