# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of the tab Chironomy that sends the character to another program."""

from bpy.types import Context

from .properties import settings
from .scene import live
from .section import Section
from .words import label, sentence


class CHIRONOMY_PT_live(Section):
    bl_idname = "CHIRONOMY_PT_live"
    bl_label = "Live"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        asked, sender = settings(context.scene).live, live.sending()
        column = layout.column()
        column.enabled = sender is None
        for name in ("host", "port", "face"):
            column.prop(asked, name)
        if sender is None:
            layout.operator("chironomy.live", icon="PLAY")
            return
        layout.operator("chironomy.live", text="Stop Sending", icon="PAUSE", depress=True)
        layout.label(text=label("Sends to {where}", where=sender.told), icon="CHECKMARK")
        if sender.trouble:
            layout.label(text=sentence(sender.trouble), icon="ERROR")


CLASSES = (CHIRONOMY_PT_live,)
