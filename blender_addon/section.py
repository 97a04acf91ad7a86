# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sections of the tab Chironomy have in common."""

from bpy.types import Panel, UILayout

from .locale import OWN


class Section(Panel):
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Chironomy"
    bl_translation_context = OWN

    def body(self) -> UILayout:
        """Return the layout, with names at the left of what they name."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        return layout
