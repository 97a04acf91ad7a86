# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of the tab Chironomy that makes scenes of many recordings."""

from bpy.types import Context

from .operators.batch import CHIRONOMY_OT_batch
from .properties import settings
from .section import Section
from .work_panel import work_button


class CHIRONOMY_PT_batch(Section):
    bl_idname = "CHIRONOMY_PT_batch"
    bl_label = "Batch"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        asked = settings(context.scene).batch
        layout.prop(asked, "recordings")
        layout.prop(asked, "out")
        column = layout.column(align=True)
        column.use_property_split = False
        column.label(text="Styles")
        column.grid_flow(columns=2, align=True).prop(asked, "styles")
        layout.prop(asked, "seeds")
        row = layout.row(align=True, heading="Files")
        for name in ("fbx", "motion", "video"):
            row.prop(asked, name, toggle=True)
        layout.prop(asked, "processes")
        work_button(layout, CHIRONOMY_OT_batch, "RENDER_ANIMATION")
        layout.operator("chironomy.open_batch", icon="FILE_FOLDER")


CLASSES = (CHIRONOMY_PT_batch,)
