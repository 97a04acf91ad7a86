# SPDX-License-Identifier: GPL-3.0-or-later
"""Buttons whose work takes a moment: Blender answers while it is done, and the result is one step in its history.

Jobs that take seconds and may wait for each other are another thing: see `tasks`.
"""

from typing import Any, NamedTuple

import bpy
from bpy.props import BoolProperty
from bpy.types import Context, Event

from chironomy.errors import ChironomyError

from .explained import Explained
from .slices import Slicing, drained
from .target import Target
from .tasks import SLICES_TICK, in_the_way, with_window
from .words import sentence, told


class Said(NamedTuple):
    """What to tell the person of what was done.

    Attributes:
        sentence: without its stop; nothing is told where it is empty.
        short: whether less was done than was asked for.
    """

    sentence: str
    short: bool = False


class SlicedOperator(Explained):
    """What such operators have in common; mix it into `bpy.types.Operator`.

    With a window the work goes on in slices, by a timer, and no key stops it. Without one, when a script runs the
    operator, and when the redo panel does it once more, it waits until the work is done.

    A file dialog that calls `execute` would make a step in history before there is anything to step back over. So an
    operator with a file dialog lacks the option UNDO and sets `own_step`.
    """

    own_step = False
    """Whether the operator makes its step in history itself, where there is a window."""

    _slicing: Slicing | None = None
    _timer: Any = None

    def slices(self, context: Context, target: Target) -> Any:
        """Do the work, at once or in slices; return a sentence or `Said`.

        It begins again where the person steps back in history meanwhile. The scene that is shown may be another one
        than the target's by then.

        Raises:
            ChironomyError: it cannot be done, and nothing has changed.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> set[str]:
        try:
            return self._done(drained(self.slices(context, Target.of(context.scene))))
        except ChironomyError as error:
            return self._failed(error)

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not with_window():
            return self.execute(context)
        target = Target.of(context.scene)
        self._slicing = Slicing(lambda: self.slices(bpy.context, target))
        # What is done in a moment is done before anything is drawn.
        ended = self._go_on(context)
        if ended is not None:
            return ended
        self._timer = context.window_manager.event_timer_add(SLICES_TICK, window=context.window)
        context.window_manager.modal_handler_add(self)
        _say(context, f"{told(self.bl_label)} …")
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        # Nothing changes what a person holds.
        if event.type != "TIMER" or in_the_way():
            return {"PASS_THROUGH"}
        ended = self._go_on(context)
        if ended is None:
            return {"PASS_THROUGH"}
        self._leave(context)
        return ended

    def cancel(self, context: Context) -> None:
        """Blender ends the operator, as when another file is opened."""
        if self._slicing is not None:
            self._slicing.stop()
        self._leave(context)

    def _go_on(self, context: Context) -> set[str] | None:
        """Do slices for a moment; return how all ended, or None."""
        slicing = self._slicing
        assert slicing is not None
        try:
            if not slicing.go_on():
                return None
        except ChironomyError as error:
            return self._failed(error)
        ended = self._done(slicing.result)
        if self.own_step:
            bpy.ops.ed.undo_push(message=self.bl_label)
        return ended

    def _done(self, said: Any) -> set[str]:
        said = said if isinstance(said, Said) else Said(said or "")
        if said.sentence:
            self.report({"WARNING"} if said.short else {"INFO"}, sentence(said.sentence))
        return {"FINISHED"}

    def _failed(self, error: ChironomyError) -> set[str]:
        self.report({"ERROR"}, sentence(error))
        return {"CANCELLED"}

    def _leave(self, context: Context) -> None:
        self._slicing = None
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
            _say(context, None)


class FileOperator(SlicedOperator):
    """Likewise, of a file that the person chooses; mix it into an operator with a property `filepath`."""

    chosen: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    """Whether the file was chosen already."""

    _asked = False

    def file(self) -> str:
        """Return the file that the dialog begins with."""
        raise NotImplementedError

    def invoke(self, context: Context, event: Event) -> set[str]:
        if self.chosen:
            return super().invoke(context, event)
        self.filepath = self.file()
        self._asked = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        if not self._asked or not with_window():
            return super().execute(context)
        # The dialog is closed by what is done here; the work goes on beside what the person does.
        module, name = type(self).bl_idname.split(".")
        try:
            getattr(getattr(bpy.ops, module), name)("INVOKE_DEFAULT", filepath=self.filepath, chosen=True)
        except RuntimeError as error:  # what it reported
            return self._failed(ChironomyError(str(error).removeprefix("Error: ").strip()))
        return {"FINISHED"}


def _say(context: Context, text: str | None) -> None:
    """Write a text into the status bar, or let Blender's own be there again."""
    if context.workspace is not None:
        context.workspace.status_text_set(text)
