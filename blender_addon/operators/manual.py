# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the manual."""

import bpy
from bpy.types import Context, Operator

from .. import manual
from ..explained import Explained


class CHIRONOMY_OT_open_manual(Explained, Operator):
    """Open the manual that came with the extension, from its tutorial on, in the web browser"""

    bl_idname = "chironomy.open_manual"
    bl_label = "Manual"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        there = manual.page_file(manual.BEGIN).is_file()
        return "" if there else "The manual is missing; install the extension again"

    def execute(self, context: Context) -> set[str]:
        bpy.ops.wm.url_open(url=manual.page_file(manual.BEGIN).as_uri())
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_open_manual,)
