# SPDX-License-Identifier: GPL-3.0-or-later
"""What is finished of a job's result is shown while the rest is made, where its button can show a part."""

import contextlib
import queue
from typing import Any

from chironomy.errors import ChironomyError

from .line import Task
from .scene import early
from .slices import Slices, Slicing
from .target import Target


class Glimpsing:
    """Mix it into a `tasks.JobOperator` that can show parts of what is made before all of it is there."""

    @classmethod
    def glimpse(cls, parts: list[Any], shown: int, target: Target) -> Slices:
        """Show the parts in slices on what they are made for; nothing of them is to be left by `early.take_away`.

        Args:
            parts: all that are finished, in order.
            shown: how many of them are shown already.
            target: what they are made for.
        """
        raise NotImplementedError


class _Shown:
    """The job of which parts are shown."""

    task: Task | None = None
    parts: list[Any] = []
    shown = 0
    slicing: Slicing | None = None


def look(tasks: tuple[Task, ...]) -> bool:
    """Show for a moment what is finished of the first job that has something to show; return whether there is more."""
    task = next((task for task in tasks if _can_show(task)), None)
    if task is None:
        return False
    if _Shown.task is not task:
        _stop()
        _Shown.task, _Shown.parts, _Shown.shown = task, [], 0
    if _Shown.slicing is None:
        with contextlib.suppress(queue.Empty):
            while True:
                _Shown.parts.append(task.parts.get_nowait())
        parts, shown, wanted = list(_Shown.parts), _Shown.shown, task.target
        if len(parts) == shown or wanted is None:
            return False
        _Shown.slicing = Slicing(lambda: task.operator.glimpse(parts, shown, wanted), task.on_main_thread)
        _Shown.shown = len(parts)
    try:
        if not _Shown.slicing.go_on():
            return True
    except ChironomyError:
        # Whoever takes in the whole is told why it cannot be.
        pass
    _Shown.slicing = None
    return False


def end(task: Task) -> None:
    """Take away what is shown of a job, as it has ended or its result is there."""
    if _Shown.task is task:
        _stop()
        _Shown.task, _Shown.parts, _Shown.shown = None, [], 0
    if not isinstance(task.operator, type) or not issubclass(task.operator, Glimpsing) or task.target is None:
        return
    with contextlib.suppress(ChironomyError):
        early.take_away(task.target.find()[1])


def _can_show(task: Task) -> bool:
    if not task.begun or task.over or task.cancelled or not isinstance(task.operator, type):
        return False
    return issubclass(task.operator, Glimpsing) and (task is _Shown.task or not task.parts.empty())


def _stop() -> None:
    slicing, _Shown.slicing = _Shown.slicing, None
    if slicing is not None:
        slicing.stop()


def stop() -> None:
    """Show nothing more, and take away what is shown."""
    _stop()
    _Shown.task, _Shown.parts = None, []
    early.take_away()
