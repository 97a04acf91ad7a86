# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on the main thread in slices, so that Blender answers between them.

A generator does one slice after another and returns its result. It may yield a fraction and a message for the progress,
or nothing, or a function that a thread is to compute meanwhile, whose result the yield then returns.

Between two slices a person may do anything. So a generator keeps no reference to a part of a data-block (an F-curve, a
bone) over a yield, and what it began it takes back in a `finally`, by what tells its own from others' even when they
were replaced. Where a person steps back in history, it begins again; where they delete what it works on, it ends with
a sentence.
"""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from chironomy.errors import ChironomyError
from chironomy.work import QUIET, Work

Slices = Generator[Any, Any, Any]
"""Yields (fraction, message), None, or a function of `Work` for a thread; returns a result."""

BUDGET = 0.04
"""Seconds of slices that are done at once, before Blender answers again."""

SLICE = 0.02
"""Seconds that a slice should take."""

BEGIN_AGAIN = 5
"""How often work begins again, where a person steps back in history meanwhile."""


class GoneError(ChironomyError):
    """What work was done on is not there any more."""


class _History:
    """How often the data was replaced, by a step back in history or by another file."""

    steps = 0


_history = _History()


class Slicing:
    """Work in slices that is under way.

    Attributes:
        result: what the work returned, once it is done.
    """

    def __init__(self, begin: Callable[[], Any], work: Work = QUIET) -> None:
        """Prepare the work; it begins with the first slice.

        Args:
            begin: does the work and returns its result, or returns the generator of its slices; is called again where
                the person steps back in history.
            work: is told how far it is, and given to what a thread computes.
        """
        self.result: Any = None
        self._begin, self._work = begin, work
        self._slices: Slices | None = None
        self._away: _Away | None = None
        self._begun = 0
        self._steps = -1

    def go_on(self, seconds: float = BUDGET) -> bool:
        """Do slices for so long, at least one, and return whether the work is done.

        Raises:
            ChironomyError: the work ended with this sentence.
        """
        until = time.perf_counter() + seconds
        try:
            while not self._one():
                if time.perf_counter() >= until or self._away is not None:
                    return False
        except ReferenceError as error:
            raise GoneError("what this was done for was deleted meanwhile") from error
        return True

    def to_the_end(self) -> Any:
        """Do all slices and return the result.

        Raises:
            ChironomyError: the work ended with this sentence.
        """
        while not self.go_on(float("inf")):
            self.wait()
        return self.result

    def wait(self, seconds: float | None = None) -> None:
        """Wait for what a thread computes, if it does; so long at most."""
        if self._away is not None:
            self._away.thread.join(seconds)

    def stop(self) -> None:
        """End the work, so that everything is as before it."""
        slices, self._slices, self._away = self._slices, None, None
        if slices is not None:
            slices.close()

    def _one(self) -> bool:
        """Do one slice, or look whether a thread has done its part; return whether all is done."""
        if (self._slices is None or self._steps != _history.steps) and self._begin_anew():
            return True
        assert self._slices is not None
        error, answer = None, None
        if self._away is not None:
            if self._away.thread.is_alive():
                return False
            error, answer, self._away = self._away.error, self._away.result, None
        try:
            said = self._slices.send(answer) if error is None else self._slices.throw(error)
        except StopIteration as end:
            self.result, self._slices = end.value, None
            return True
        except BaseException:
            self._slices = None
            raise
        if callable(said):
            self._away = _Away(said, self._work)
        elif said is not None:
            self._work.progress(*said)
        return False

    def _begin_anew(self) -> bool:
        """Begin the work; return whether it is done already, as it has no slices."""
        if self._slices is not None:
            self.stop()
        if self._begun > BEGIN_AGAIN:
            raise GoneError("the file was changed meanwhile; try once more")
        self._begun += 1
        self._steps = _history.steps
        begun = self._begin()
        if isinstance(begun, Generator):
            self._slices = begun
            return False
        self.result = begun
        return True


class _Away:
    """What a thread computes between two slices."""

    def __init__(self, function: Callable[[Work], Any], work: Work) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, args=(function, work), name="chironomy slices", daemon=True)
        self.thread.start()

    def _run(self, function: Callable[[Work], Any], work: Work) -> None:
        try:
            self.result = function(work)
        except Exception as error:
            self.error = error


def drained(begun: Any) -> Any:
    """Return the result of work that may be done in slices, all of them at once.

    Raises:
        ChironomyError: the work ended with this sentence.
    """
    return Slicing(lambda: begun).to_the_end()


class Pace:
    """Tells when a slice has taken its time."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE

    def due(self) -> bool:
        """Return whether it is time to yield; then the next slice begins."""
        now = time.perf_counter()
        if now < self._until:
            return False
        self._until = now + SLICE
        return True


@persistent
def _replaced(*_: Any) -> None:
    _history.steps += 1


def register() -> None:
    """Notice when a person steps back in history or opens another file."""
    for handlers in _handlers():
        handlers.append(_replaced)


def unregister() -> None:
    """Notice nothing more."""
    for handlers in _handlers():
        if _replaced in handlers:
            handlers.remove(_replaced)


def _handlers() -> tuple[Any, ...]:
    return bpy.app.handlers.undo_post, bpy.app.handlers.redo_post, bpy.app.handlers.load_post
