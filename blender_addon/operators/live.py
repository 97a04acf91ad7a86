# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the character to another program while Blender plays."""

from bpy.types import Context, Operator

from chironomy.errors import ChironomyError

from ..explained import Explained
from ..properties import character
from ..scene import live
from ..words import sentence


class CHIRONOMY_OT_live(Explained, Operator):
    """Send the character's bones and face to another program, by VMC over OSC, as Blender plays or poses it"""

    bl_idname = "chironomy.live"
    bl_label = "Send Live"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "Add a character first" if live.sending() is None and character(context.scene) is None else ""

    def execute(self, context: Context) -> set[str]:
        if live.sending() is not None:
            live.stop()
            return {"FINISHED"}
        item = character(context.scene)
        assert item is not None
        try:
            live.start(context.scene, item, context.evaluated_depsgraph_get())
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_live,)
