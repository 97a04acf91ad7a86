# SPDX-License-Identifier: GPL-3.0-or-later
"""What jobs made or said whose scene or character was not there, or could not take it, when they were done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bpy.types import Context

from chironomy.errors import ChironomyError

from .line import Task
from .scene import keeping

MOST = 5
"""What is remembered before the oldest goes; what it made is on the disk."""


@dataclass
class Late:
    """A job that is over and has not been taken in.

    Attributes:
        task: the job.
        said: why, and where what it made is; what a person reads.
        motion: the file of motion that it was kept in, or None.
    """

    task: Task
    said: str
    motion: Path | None = None

    @property
    def number(self) -> int:
        """Another one for each."""
        return self.task.number

    @property
    def can_be_taken(self) -> bool:
        """Whether there is something to take over, and what it was made for is there."""
        target = self.task.target
        if self.task.error is not None or target is None:
            return False
        # What a job makes of keys belongs to the data that it was pressed in, not to the file as it was saved.
        return target.there or (keeps(self.task) and target.again() is not None)


_late: list[Late] = []


def entries() -> tuple[Late, ...]:
    """Return what is to be told, the newest first."""
    return tuple(reversed(_late))


def keep(task: Task, context: Context, sentence: str) -> str:
    """Save what a job made, and remember it; return the sentence with where it is."""
    before = next((late for late in _late if late.task is task), None)
    motion = before.motion if before is not None else None
    if before is not None:
        _late.remove(before)
    if task.error is None and not task.kept:
        offered = keeping.offered()
        try:
            task.kept = task.operator.keep(context, task.result, task.target)
        except (ChironomyError, OSError) as error:
            task.kept = str(error)
        motion = keeping.offered() if keeping.offered() != offered else None
    said = f"{sentence}; {task.kept}" if task.kept else sentence
    _late.append(Late(task, said, motion))
    del _late[:-MOST]
    return said


def forget(number: int) -> None:
    """Tell of a job no more; what was kept of it stays on the disk."""
    _late[:] = [late for late in _late if late.number != number]


def keeps(task: Task) -> bool:
    """Whether a job's result lasts beyond the data that it was made for."""
    base: Any = task.operator
    return "keep" in {name for cls in base.__mro__[:-1] if cls.__name__ != "JobOperator" for name in vars(cls)}


def took(task: Task) -> None:
    """Note that a job's result was taken in, and that what failed before it of the same kind is no news."""
    for late in _late:
        if late.task is task and late.motion is not None:
            keeping.taken(late.motion)
    forget(task.number)
    _late[:] = [late for late in _late if late.task.error is None or not _same_kind(late.task, task)]


def _same_kind(one: Task, other: Task) -> bool:
    """Whether two jobs do the same for the same scene and character."""
    return one.operator is other.operator and _whose(one) == _whose(other)


def _whose(task: Task) -> tuple[int, int] | None:
    return None if task.target is None else (task.target.scene, task.target.item)
