# SPDX-License-Identifier: GPL-3.0-or-later
"""The character with its animation, for game engines and other programs."""

from pathlib import Path

import bpy
from bpy.props import StringProperty
from bpy.types import Context, Event, Operator

from chironomy.errors import ChironomyError

from .. import sequencer
from ..properties import character
from ..scene.fbx import export_fbx
from ..words import told
from .motion import needs_character, with_suffix


class CHIRONOMY_OT_export_fbx(Operator):
    """Write the character and its motion as FBX: the skeleton without controls, the mesh and one animation"""

    bl_idname = "chironomy.export_fbx"
    bl_label = "Export FBX"

    filepath: StringProperty(
        name="File",
        description="The file to write",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.fbx", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: Context) -> bool:
        return needs_character(cls, context)

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not self.filepath:
            self.filepath = f"{Path(bpy.data.filepath).stem or 'hands'}.fbx"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        path = sequencer.absolute(self.filepath)
        try:
            path = with_suffix(path, ".fbx")
            left_out = export_fbx(context, character(context.scene), path)
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        except (OSError, RuntimeError) as error:
            self.report({"ERROR"}, told(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"))
            return {"CANCELLED"}
        if left_out:
            self.report({"WARNING"}, told(f"wrote {path}, without {left_out}"))
        else:
            self.report({"INFO"}, told(f"wrote {path}"))
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_export_fbx,)
