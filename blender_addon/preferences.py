# SPDX-License-Identifier: GPL-3.0-or-later
"""Where gestures are made, where the backend is and where renders go."""

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy.types import AddonPreferences, Context

from . import keymap
from .locale import OWN
from .properties import BLEND_RELATIVE

ADDON = __package__


class ChironomyPreferences(AddonPreferences):
    bl_idname = ADDON

    gestures: EnumProperty(
        name="Gestures",
        description="Where Generate makes them",
        items=(
            ("BLENDER", "In Blender", "Within Blender, with nothing set up"),
            ("BACKEND", "By the Backend", "Another process, which Set Up Backend installs or the address names"),
        ),
        default="BLENDER",
    )
    address: StringProperty(
        name="Address",
        description="Of a backend that you run yourself, such as http://127.0.0.1:8123; "
        "empty, Blender starts one of its own",
    )
    token_file: StringProperty(
        name="Token File",
        description="The file with the secret of the backend at that address; chironomy serve names it",
        subtype="FILE_PATH",
    )
    python: StringProperty(
        name="Python",
        description="Interpreter of the environment that the backend is installed in; Set Up Backend fills it in",
        subtype="FILE_PATH",
    )
    renders: StringProperty(
        name="Renders",
        translation_context=OWN,
        description="Folder for rendered videos; in an unsaved file // is this extension's own folder",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
        default="//renders",
    )

    def draw(self, context: Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "gestures")
        box = layout.box()
        box.label(text="Backend, for videos and portraits", icon="CONSOLE")
        box.prop(self, "python")
        row = box.row()
        row.operator("chironomy.set_up_backend", icon="IMPORT")
        row.operator("chironomy.start_backend", icon="PLAY")
        row.operator("chironomy.stop_backend", icon="PAUSE")
        if not bpy.app.online_access:
            box.label(text="Setting up needs Allow Online Access in System", icon="INTERNET_OFFLINE")
        box = layout.box()
        box.label(text="A backend that runs already", icon="LINKED")
        box.prop(self, "address")
        box.prop(self, "token_file")
        layout.prop(self, "renders")
        box = layout.box()
        box.label(text="Shortcuts in the pose mode", icon="KEYINGSET")
        keymap.draw(box, context)


def preferences(context: Context) -> ChironomyPreferences:
    """Return the add-on's preferences."""
    return context.preferences.addons[ADDON].preferences
