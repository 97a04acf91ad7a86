# SPDX-License-Identifier: GPL-3.0-or-later
"""Buttons whose work takes seconds: a thread does it, the main thread alone touches Blender.

With a window, a button reads what was asked for and puts it in line; Blender stays usable, and when the work is done,
the same operator lays the result, as a step of its own in Blender's history. No key stops work, which an animator
presses for something else; a button beside each job does. Without a window, or when a script runs the operator, it
waits until the work is done.
"""

import time
import traceback
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.types import Context, Event, Window

from chironomy.errors import ChironomyError

from . import glimpses, late, line, seen_panels, target
from .explained import Explained
from .line import Job, Task, fault, listeners, running
from .slices import Slices, Slicing
from .target import Target, TargetGoneError
from .words import sentence

__all__ = ["Job", "JobOperator", "Task", "listeners", "running"]

TICK = 0.1
"""Seconds between looks at the work."""

SLICES_TICK = 0.01
"""Likewise while it is done in slices on the main thread; Blender does what a person asks for in between."""

DRAGGING = ("TRANSFORM_OT_", "CHIRONOMY_OT_apply_hand_pose", "CHIRONOMY_OT_slide_phrase")
"""What a person does by dragging, which no result may come in between of."""


class _Laying:
    """The one job whose result is being taken in.

    Attributes:
        task: the job, from when its operator is called for it until it has ended.
        called: whether its operator is being called.
    """

    task: Task | None = None
    called = False


class JobOperator(Explained):
    """What every operator that takes seconds has in common; mix it into `bpy.types.Operator`.

    A subclass gives `work`, called on the main thread, which reads what it needs from Blender and returns a function
    for the thread; and `finish`, called on the main thread with that function's result and with what the work was
    started for. Both raise ChironomyError to stop with one sentence; `keep` then saves what the work made. Either may
    be a generator that does its part in slices (see `slices`), so that Blender answers between them.

    With a window, `finish` belongs to another instance than `work`, with the same properties. Its options have UNDO and
    not REGISTER: the redo panel would do all of the work again.
    """

    anywhere = False
    """Whether the work is for no scene and no character."""

    _task: Task
    """What is worked on."""

    _slices: Slicing | None = None
    """What is done on the main thread now."""

    _timer: Any = None

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        """Return what the work needs for itself, by name: with one in common, the later waits for the earlier."""
        return frozenset({cls.bl_idname})

    @classmethod
    def poll(cls, context: Context) -> bool:
        # What was begun is taken in whatever is shown by then.
        return _Laying.called or super().poll(context)

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
        ended = None if self._is_called() else self._ask(context)
        while ended is None:
            ended = self._go_on(context, TICK)
        return ended

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not with_window():
            return self.execute(context)
        ended = None if self._is_called() else self._ask(context)
        if ended is not None:
            return ended
        if self._is_in_line():
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(SLICES_TICK, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        ended = self._go_on(context)
        if ended is None and not self._is_in_line():
            return {"PASS_THROUGH"}
        self._remove_timer(context)
        # A result is a step in history, a wish is none.
        return ended or {"CANCELLED"}

    def cancel(self, context: Context) -> None:
        """Blender ends the operator, as when another file is opened; what it would lay is looked at once more."""
        if not hasattr(self, "_task"):
            # A dialog was left, and nothing is asked for.
            return
        self._remove_timer(context)
        if self._slices is not None:
            self._slices.stop()
        if _Laying.task is self._task:
            _Laying.task = None
        elif not self._task.begun:
            # What it would work on was not read yet.
            line.leave(self._task)

    def _is_called(self) -> bool:
        """Whether the operator is called to take in a result, and for which job."""
        if _Laying.called and _Laying.task is not None:
            self._task = _Laying.task
            return True
        return False

    def _ask(self, context: Context) -> set[str] | None:
        """Read what is asked for; return how it ended already, or None."""
        self._task = Task(self.bl_label, target=Target.of(context.scene), lanes=self.lanes(context))
        self._task.operator, self._task.options = type(self), self.as_keywords()
        line.join(self._task)
        self._slices = Slicing(lambda: self.work(context), self._task.on_main_thread)
        watch()
        return self._go_on(context)

    def _is_in_line(self) -> bool:
        """Whether all was read, and the job is the line's to do; the one whose result is taken in is out of it."""
        return self._slices is None and _Laying.task is not self._task

    def _go_on(self, context: Context, wait: float = 0.0) -> set[str] | None:
        """Do what is to be done for a moment, or look at the thread; return how all ended, or None.

        Args:
            context: of the person.
            wait: seconds to wait for a thread.
        """
        task = self._task
        if self._slices is None:
            line.advance()
            if not task.over:
                if not task.ended(wait):
                    return None
                if not task.begun:
                    time.sleep(wait)
                    return None
            task.ended()
            if task.error is not None or task.cancelled:
                return self._end(context, task.error and late.keep(task, context, task.error))
            wanted = task.target
            assert wanted is not None
            glimpses.end(task)
            self._slices = Slicing(lambda: self.finish(context, task.result, wanted), task.on_main_thread)
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
            if isinstance(error, TargetGoneError) and task.target is not None and task.target.left:
                # Nothing went wrong; its file will be opened again.
                said = f"{task.label} is done for {task.target.scene_name}"
                return self._end(context, late.keep(task, context, said), "WARNING")
            return self._end(context, late.keep(task, context, str(error)))
        except Exception as error:
            traceback.print_exc()
            said = fault(task.label, error)
            return self._end(context, late.keep(task, context, said) if task.begun else said)
        result, self._slices = self._slices.result, None
        if not task.begun:
            task.line_up(result)
            line.advance()
            return None
        late.took(task)
        self._end(context)
        self.report({"INFO"}, sentence(result))
        return {"FINISHED"}

    def _end(self, context: Context, error: str | None = None, kind: str = "ERROR") -> set[str]:
        """Let other work begin, and say why this one ended before its time, if it did."""
        line.leave(self._task)
        glimpses.end(self._task)
        if _Laying.task is self._task:
            _Laying.task = None
        self._slices = None
        seen_panels.redraw(context)
        if error is not None:
            self.report({kind}, sentence(error))
        elif self._task.cancelled:
            self.report({"WARNING"}, sentence(f"{self._task.label} was cancelled"))
        return {"CANCELLED"}

    def _remove_timer(self, context: Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


def with_window() -> bool:
    """Whether a person sees Blender."""
    return not bpy.app.background


def watch() -> None:
    """Look at the line from time to time, as long as there is a job in it."""
    if with_window() and not bpy.app.timers.is_registered(look):
        bpy.app.timers.register(look, first_interval=TICK, persistent=True)


def look() -> float | None:
    """Let the line go on, and take in what is done; called by Blender's timer.

    Returns:
        Seconds until the next look; None where there is nothing to look at.
    """
    line.advance()
    showing = False
    if _Laying.task is None and not in_the_way():
        done = next((task for task in line.tasks() if task.over and task.operator is not None), None)
        if done is not None:
            lay(done)
        else:
            showing = glimpses.look(line.tasks())
    seen_panels.redraw_where_new(bpy.context)
    return (SLICES_TICK if showing else TICK) if line.tasks() else None


def lay(task: Task) -> None:
    """Let the operator of a job that is over take in its result, or tell why there is none."""
    _Laying.task, _Laying.called = task, True
    module, name = task.operator.bl_idname.split(".")
    operator = getattr(getattr(bpy.ops, module), name)
    window = _window_of(task.target)
    try:
        if window is None or not with_window():
            operator("EXEC_DEFAULT", True, **task.options)
        else:
            with bpy.context.temp_override(window=window):
                operator("INVOKE_DEFAULT", **task.options)
    except RuntimeError as error:
        # A report of an error is raised, too, where there is no window.
        print(str(error).strip())
        if _Laying.task is task:
            _Laying.task = None
            line.leave(task)
            late.keep(task, bpy.context, str(error).strip())
    finally:
        _Laying.called = False


def take_over(number: int) -> None:
    """Take in what a job made that was late, now that what it was made for is there.

    Raises:
        TargetGoneError: it is not.
    """
    entry = next(entry for entry in late.entries() if entry.number == number)
    task = entry.task
    target = task.target.again() if task.target is not None else None
    if target is None:
        raise TargetGoneError(entry.said)
    if task in line.tasks():
        return
    task.target = target
    line.join(task)
    if with_window():
        watch()
    else:
        lay(task)


def stop() -> None:
    """Stop all work; Blender ends or the add-on goes."""
    line.stop()
    glimpses.stop()
    _Laying.task = None
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)


@persistent
def _after_saving(*_: object) -> None:
    for task in (*line.tasks(), *(entry.task for entry in late.entries())):
        if task.target is not None:
            task.target = task.target.saved()


def register() -> None:
    """Follow what jobs were asked for through the saving and opening of files."""
    target.register()
    bpy.app.handlers.save_post.append(_after_saving)


def unregister() -> None:
    """Stop all work, and follow nothing more."""
    stop()
    bpy.app.handlers.save_post.remove(_after_saving)
    target.unregister()


def _window_of(target: Target | None) -> Window | None:
    """Return the window that shows a target's scene, or any."""
    windows = list(bpy.context.window_manager.windows)
    shown = (window for window in windows if target is not None and window.scene.session_uid == target.scene)
    return next(shown, next(iter(windows), None))


def in_the_way() -> bool:
    """Whether a person holds something, as far as Blender tells (from 4.2 on), or Blender renders what would change."""
    return bpy.app.is_job_running("RENDER") or any(
        operator.bl_idname.startswith(DRAGGING)
        for window in bpy.context.window_manager.windows
        for operator in getattr(window, "modal_operators", ())
    )
