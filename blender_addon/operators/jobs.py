# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop jobs, and take over what they made when its place was not there."""

from bpy.props import IntProperty
from bpy.types import Context, Operator

from chironomy.errors import ChironomyError

from .. import late, line, seen_panels, tasks
from ..explained import Explained
from ..words import sentence

_NUMBER = {"default": 0, "options": {"HIDDEN", "SKIP_SAVE"}}
"""The number of a job; 0 where none is named."""


class CHIRONOMY_OT_stop_work(Explained, Operator):
    """Stop this work, or take it out of the line; from a menu, all work"""

    bl_idname = "chironomy.stop_work"
    bl_label = "Stop"

    job: IntProperty(**_NUMBER)

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if line.tasks() else "No work is running"

    def execute(self, context: Context) -> set[str]:
        for task in line.tasks():
            if self.job in (0, task.number):
                task.cancel()
        seen_panels.redraw(context)
        return {"FINISHED"}


class CHIRONOMY_OT_take_over(Explained, Operator):
    """Put what was made while its file was closed, or could not be changed, where it was asked for"""

    bl_idname = "chironomy.take_over"
    bl_label = "Take Over"

    job: IntProperty(**_NUMBER)

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        found = any(entry.can_be_taken for entry in late.entries())
        return "" if found else "No result waits for this file"

    def execute(self, context: Context) -> set[str]:
        try:
            for entry in late.entries():
                if self.job == entry.number or (not self.job and entry.can_be_taken):
                    tasks.take_over(entry.number)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class CHIRONOMY_OT_dismiss_result(Explained, Operator):
    """Tell of this no more; what was made stays on the disk"""

    bl_idname = "chironomy.dismiss_result"
    bl_label = "Dismiss"

    job: IntProperty(**_NUMBER)

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if late.entries() else "No result waits"

    def execute(self, context: Context) -> set[str]:
        for entry in late.entries():
            if self.job in (0, entry.number):
                late.forget(entry.number)
        seen_panels.redraw(context)
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_stop_work, CHIRONOMY_OT_take_over, CHIRONOMY_OT_dismiss_result)
