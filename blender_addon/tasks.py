# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that takes seconds: a thread does it, the main thread alone touches Blender.

With a window, a button starts the work and Blender stays usable: a timer shows the progress where the button was, and a
button beside it stops the work; no key does, which an animator presses for something else. Without one,
or when a script runs the operator, the same operator waits until the work is done.
"""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
from bpy.types import Context, Event, Operator

from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.work import Progress, Work

from .target import Target
from .words import tip, told

TICK = 0.1
"""Seconds between looks at the work."""

Job = Callable[[Work], Any]
"""What a thread does, without touching Blender."""

SURE_AFTER, LEAST_DONE = 3.0, 0.05
"""Seconds of work, and the part of it, from which on it is told how long the rest will take."""

STOP_SECONDS = 2.0
"""Seconds that work has to stop when Blender ends."""

listeners: list[Progress] = []
"""Told on the main thread of the job that runs."""


class Task:
    """One piece of work in a thread of its own.

    Attributes:
        label: what it does, for a person.
        progress: 0..1.
        message: what it does now.
        picture: the last JPEG of what it makes; empty before the first.
        result: what the job returned, once it is done.
        error: a sentence, where it failed.
        cancelled: whether it was asked to stop.
    """

    def __init__(self, label: str, job: Job) -> None:
        self.label = label
        self.progress = 0.0
        self.message = ""
        self.picture = b""
        self.result: Any = None
        self.error: str | None = None
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._reports: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(job,), name=f"chironomy {label}", daemon=True)
        self._thread.start()

    @property
    def seconds_left(self) -> float | None:
        """How long it will take by what it took so far; None where that tells nothing yet."""
        taken = time.monotonic() - self._begun
        if taken < SURE_AFTER or self.progress < LEAST_DONE or self.cancelled:
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
        if seconds:
            self._thread.join(seconds)
        ended = not self._thread.is_alive()
        while not self._reports.empty():
            progress, message = self._reports.get()
            self.progress, self.message = max(self.progress, min(1.0, progress)), message
            for listener in listeners:
                listener(self.progress, self.message)
        return ended

    def _run(self, job: Job) -> None:
        try:
            self.result = job(Work(self._tell, self._stop.is_set, self._show))
        except JobCancelled:
            self._stop.set()
        except ChironomyError as error:
            # Whatever ends work that was asked to stop is no news.
            if not self.cancelled:
                self.error = str(error)
        except Exception as error:
            traceback.print_exc()
            self.error = f"{self.label} stopped by a fault of its own ({error!r}); Blender's console tells more"

    def _tell(self, fraction: float, message: str = "") -> None:
        self._reports.put((fraction, message))

    def _show(self, jpeg: bytes) -> None:
        self.picture = jpeg


@dataclass
class _Running:
    """The work that runs, and what it left to say where its button is gone.

    Attributes:
        task: the work.
        left: what the work is for, and whose, once its button was closed by the opening of another file.
        said: how such work ended.
    """

    task: Task | None = None
    left: "tuple[type[JobOperator], Target] | None" = None
    said: str = ""


_running = _Running()


def running() -> Task | None:
    """Return the work that runs, or None."""
    return _running.task


def left_behind() -> bool:
    """Whether the work that runs was started in a file that is not open any more."""
    return _running.left is not None


def last_words() -> str:
    """Return how work ended that was left behind when another file was opened; empty once other work is started."""
    return _running.said


# Where it is mixed in, an operator is what it is.
_Operator = Operator if TYPE_CHECKING else object


class JobOperator(_Operator):
    """What every operator that takes seconds has in common; mix it into `bpy.types.Operator`.

    A subclass gives `work`, called on the main thread, which reads what it needs from Blender and returns a function
    for the thread; and `finish`, called on the main thread with that function's result and with what the work was
    started for. Both raise ChironomyError to stop with one sentence; `keep` then saves what the work made.
    """

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the operator cannot run now, in a sentence without its stop; empty where it can."""
        return ""

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = f"{_running.task.label} is still running" if _running.task else cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    def work(self, context: Context) -> Job:
        raise NotImplementedError

    def finish(self, context: Context, result: Any, target: Target) -> str:
        """Take over the result; return what to tell the person.

        The scene that is shown may be another one than the target's.
        """
        raise NotImplementedError

    @classmethod
    def keep(cls, context: Context, result: Any, target: Target) -> str:
        """Save what `finish` cannot take over; return where it is, as a clause, or "" where nothing is lost."""
        return ""

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
        """Blender ends the operator, as when another file is opened; the work goes on and its result is kept."""
        self._remove_timer(context)
        if _running.task:
            _running.left = (type(self), self._target)
            if not bpy.app.timers.is_registered(look_after):
                bpy.app.timers.register(look_after, first_interval=TICK, persistent=True)

    def _start(self, context: Context) -> bool:
        try:
            self._target = Target.of(context.scene)
            job = self.work(context)
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return False
        _running.task, _running.said = Task(self.bl_label, job), ""
        return True

    def _end(self, context: Context) -> set[str]:
        task, _running.task = _running.task, None
        assert task is not None
        _redraw(context)
        if task.error is not None:
            self.report({"ERROR"}, told(task.error))
            return {"CANCELLED"}
        if task.cancelled:
            self.report({"WARNING"}, told(f"{task.label} was cancelled"))
            return {"CANCELLED"}
        try:
            message = self.finish(context, task.result, self._target)
        except ChironomyError as error:
            self.report({"ERROR"}, told(_kept(type(self), context, task.result, self._target, str(error))))
            return {"CANCELLED"}
        self.report({"INFO"}, told(message))
        return {"FINISHED"}

    def _remove_timer(self, context: Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()


def look_after() -> float | None:
    """Wait for work whose button is gone, and keep what it makes; called by Blender's timer.

    Returns:
        Seconds until the next look; None where there is nothing left to wait for.
    """
    task, left = _running.task, _running.left
    if task is None or left is None:
        return None
    _redraw(bpy.context)
    if not task.ended():
        return TICK
    _running.task = _running.left = None
    operator, target = left
    if task.error is not None or task.cancelled:
        _running.said = task.error or f"{task.label} was cancelled"
    else:
        _running.said = _kept(
            operator, bpy.context, task.result, target, f"{task.label} is done for {target.scene_name}"
        )
    print(_running.said)
    return None


def stop() -> None:
    """Stop the work that runs; Blender ends or the add-on goes."""
    if _running.task is not None:
        _running.task.cancel()
        # It may tell the backend to stop, too.
        _running.task.ended(STOP_SECONDS)
    _running.task = _running.left = None
    if bpy.app.timers.is_registered(look_after):
        bpy.app.timers.unregister(look_after)


def _kept(operator: type[JobOperator], context: Context, result: Any, target: Target, sentence: str) -> str:
    """Let an operator keep a result, and return the sentence with where it is."""
    try:
        clause = operator.keep(context, result, target)
    except (ChironomyError, OSError) as error:
        clause = str(error)
    return f"{sentence}; {clause}" if clause else sentence


def _redraw(context: Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
