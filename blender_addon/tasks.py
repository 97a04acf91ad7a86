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

from .slices import Slices, Slicing
from .target import Target
from .words import tip, told

TICK = 0.1
"""Seconds between looks at the work."""

SLICES_TICK = 0.01
"""Likewise while it is done in slices on the main thread; Blender does what a person asks for in between."""

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

    def __init__(self, label: str, job: Job | None = None) -> None:
        self.label = label
        self.progress = 0.0
        self.message = ""
        self.picture = b""
        self.result: Any = None
        self.error: str | None = None
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._reports: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        if job is not None:
            self.begin(job)

    def begin(self, job: Job) -> None:
        """Let the thread do the job."""
        self._thread = threading.Thread(target=self._run, args=(job,), name=f"chironomy {self.label}", daemon=True)
        self._thread.start()

    @property
    def begun(self) -> bool:
        """Whether the thread was given its job; what it needs is still read before."""
        return self._thread is not None

    @property
    def on_main_thread(self) -> Work:
        """What the work's parts on the main thread may ask and tell; they tell no fraction of the whole."""
        return Work(lambda _, message="": self._tell(self.progress, message), self._stop.is_set)

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
            self.result = job(Work(self._tell, self._stop.is_set, self._show))
        except JobCancelled:
            self._stop.set()
        except ChironomyError as error:
            # Whatever ends work that was asked to stop is no news.
            if not self.cancelled:
                self.error = str(error)
        except Exception as error:
            traceback.print_exc()
            self.error = _fault(self.label, error)

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
    started for. Both raise ChironomyError to stop with one sentence; `keep` then saves what the work made. Either may
    be a generator that does its part in slices (see `slices`), so that Blender answers between them.
    """

    _slices: Slicing | None = None
    """What is done on the main thread now."""

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

    def work(self, context: Context) -> Job | Slices:
        raise NotImplementedError

    def finish(self, context: Context, result: Any, target: Target) -> str | Slices:
        """Take over the result; return what to tell the person.

        The scene that is shown may be another one than the target's.
        """
        raise NotImplementedError

    @classmethod
    def keep(cls, context: Context, result: Any, target: Target) -> str:
        """Save what `finish` cannot take over; return where it is, as a clause, or "" where nothing is lost."""
        return ""

    def execute(self, context: Context) -> set[str]:
        ended = self._start(context)
        while ended is None:
            ended = self._go_on(context, TICK)
        return ended

    def invoke(self, context: Context, event: Event) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        ended = self._start(context)
        if ended is not None:
            return ended
        self._timer, self._tick, self._drawn = None, 0.0, 0.0
        self._set_timer(context)
        context.window_manager.progress_begin(0.0, 1.0)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        task = _running.task
        assert task is not None
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        ended = self._go_on(context)
        context.window_manager.progress_update(task.progress)
        if time.monotonic() >= self._drawn + TICK:
            self._drawn = time.monotonic()
            _redraw(context)
        if ended is None:
            self._set_timer(context)
            return {"PASS_THROUGH"}
        self._remove_timer(context)
        return ended

    def cancel(self, context: Context) -> None:
        """Blender ends the operator, as when another file is opened; the work goes on and its result is kept."""
        self._remove_timer(context)
        task, slices = _running.task, self._slices
        if slices is not None:
            self._slices = None
            slices.stop()
        if task is None:
            return
        if slices is not None and not task.begun:
            # What it would work on was not read yet.
            _running.task = None
            return
        _running.left = (type(self), self._target)
        if not bpy.app.timers.is_registered(look_after):
            bpy.app.timers.register(look_after, first_interval=TICK, persistent=True)

    def _start(self, context: Context) -> set[str] | None:
        """Begin the work; return how it ended already, or None."""
        self._target = Target.of(context.scene)
        task = _running.task = Task(self.bl_label)
        _running.said = ""
        self._slices = Slicing(lambda: self.work(context), task.on_main_thread)
        return self._go_on(context)

    def _go_on(self, context: Context, wait: float = 0.0) -> set[str] | None:
        """Do what is to be done on the main thread for a moment, or look at the thread; return how all ended, or None.

        Args:
            context: of the person.
            wait: seconds to wait for a thread.
        """
        task = _running.task
        assert task is not None
        if self._slices is None:
            if not task.ended(wait):
                return None
            if task.error is not None or task.cancelled:
                return self._end(context, task.error)
            self._slices = Slicing(lambda: self.finish(context, task.result, self._target), task.on_main_thread)
        task.ended()
        if task.cancelled:
            self._slices.stop()
            return self._end(context)
        try:
            if not self._slices.go_on():
                self._slices.wait(wait)
                return None
        except ChironomyError as error:
            if not task.begun:
                return self._end(context, str(error))
            return self._end(context, _kept(type(self), context, task.result, self._target, str(error)))
        except Exception as error:
            traceback.print_exc()
            return self._end(context, _fault(task.label, error))
        result, self._slices = self._slices.result, None
        if not task.begun:
            task.begin(result)
            return None
        self._end(context)
        self.report({"INFO"}, told(result))
        return {"FINISHED"}

    def _end(self, context: Context, error: str | None = None) -> set[str]:
        """Let other work begin, and say why this one ended before its time, if it did."""
        task, _running.task, self._slices = _running.task, None, None
        assert task is not None
        _redraw(context)
        if error is not None:
            self.report({"ERROR"}, told(error))
        elif task.cancelled:
            self.report({"WARNING"}, told(f"{task.label} was cancelled"))
        return {"CANCELLED"}

    def _set_timer(self, context: Context) -> None:
        """Be called often while slices are done, and seldom while a thread works."""
        tick = TICK if self._slices is None else SLICES_TICK
        if tick != self._tick:
            if self._timer is not None:
                context.window_manager.event_timer_remove(self._timer)
            self._timer, self._tick = context.window_manager.event_timer_add(tick, window=context.window), tick

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


def _fault(label: str, error: Exception) -> str:
    return f"{label} stopped by a fault of its own ({error!r}); Blender's console tells more"


def _redraw(context: Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
