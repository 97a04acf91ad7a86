# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop jobs, and take over what they made when its place was not there."""

from bpy.props import IntProperty
from bpy.types import Context, Operator

from chironomy.errors import ChironomyError

from .. import late, line, seen_panels, tasks
from ..words import tip, told

_NUMBER = {"default": 0, "options": {"HIDDEN", "SKIP_SAVE"}}
"""The number of a job; 0 where none is named."""


class CHIRONOMY_OT_stop_work(Operator):
    """Stop this work, or take it out of the line; from a menu, all work"""

    bl_idname = "chironomy.stop_work"
    bl_label = "Stop"

    job: IntProperty(**_NUMBER)

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not line.tasks():
            cls.poll_message_set(tip("No work is running"))
        return bool(line.tasks())

    def execute(self, context: Context) -> set[str]:
        for task in line.tasks():
            if self.job in (0, task.number):
                task.cancel()
        seen_panels.redraw(context)
        return {"FINISHED"}


class CHIRONOMY_OT_take_over(Operator):
    """Put what was made while its file was closed, or could not be changed, where it was asked for"""

    bl_idname = "chironomy.take_over"
    bl_label = "Take Over"

    job: IntProperty(**_NUMBER)

    @classmethod
    def poll(cls, context: Context) -> bool:
        found = any(entry.can_be_taken for entry in late.entries())
        if not found:
            cls.poll_message_set(tip("No result waits for this file"))
        return found

    def execute(self, context: Context) -> set[str]:
        try:
            for entry in late.entries():
                if self.job == entry.number or (not self.job and entry.can_be_taken):
                    tasks.take_over(entry.number)
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class CHIRONOMY_OT_dismiss_result(Operator):
    """Tell of this no more; what was made stays on the disk"""

    bl_idname = "chironomy.dismiss_result"
    bl_label = "Dismiss"

    job: IntProperty(**_NUMBER)

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not late.entries():
            cls.poll_message_set(tip("No result waits"))
        return bool(late.entries())

    def execute(self, context: Context) -> set[str]:
        for entry in late.entries():
            if self.job in (0, entry.number):
                late.forget(entry.number)
        seen_panels.redraw(context)
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_stop_work, CHIRONOMY_OT_take_over, CHIRONOMY_OT_dismiss_result)
