# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person wishes with a slider: done in slices by Blender's timer, and only what was wished for last."""

from collections.abc import Callable
from typing import Any

import bpy

from chironomy.errors import ChironomyError

from ..slices import GoneError, Slicing

TICK = 0.01
"""Seconds between slices."""


class Wishes:
    """The wishes of one kind."""

    def __init__(self, label: str, refuse: Callable[[str], None]) -> None:
        """Prepare for them.

        Args:
            label: of the step in Blender's history.
            refuse: is told why a wish came to nothing, in a sentence; an empty one where what it was for is gone.
        """
        self._label, self._refuse = label, refuse
        self._work: Slicing | None = None

    @property
    def under_way(self) -> bool:
        """Whether a wish is not done yet."""
        return self._work is not None

    def wish(self, begin: Callable[[], Any]) -> None:
        """Let something be done by the next calls of `go_on`; what was wished for before is forgotten.

        Args:
            begin: as of `Slicing`; what it returns in the end tells whether anything was done.
        """
        self.forget()
        self._work = Slicing(begin)

    def soon(self) -> None:
        """Let Blender's timer do it."""
        if not bpy.app.timers.is_registered(self.go_on):
            bpy.app.timers.register(self.go_on, first_interval=TICK)

    def go_on(self) -> float | None:
        """Do it for a moment; called by Blender's timer.

        Returns:
            Seconds until the next call; None where there is nothing left to do.
        """
        work = self._work
        if work is None:
            return None
        try:
            if not work.go_on():
                return TICK
        except GoneError:  # there is nobody to tell
            self._work = None
            self._refuse("")
            return None
        except ChironomyError as error:
            self._work = None
            self._refuse(str(error))
            return None
        self._work = None
        if work.result and bpy.context.window_manager.windows:
            with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
                bpy.ops.ed.undo_push(message=self._label)
        return None

    def forget(self) -> None:
        """End what is under way, so that everything is as before it."""
        work, self._work = self._work, None
        if work is not None:
            work.stop()

    def end(self) -> None:
        """Forget it, and let the timer go."""
        self.forget()
        if bpy.app.timers.is_registered(self.go_on):
            bpy.app.timers.unregister(self.go_on)
