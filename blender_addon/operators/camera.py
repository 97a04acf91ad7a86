# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera that a video is seen through, as an object of the scene, and the video's light in the 3D view."""

from bpy.types import Context, Operator

from chironomy.errors import ChironomyError

from ..explained import Explained
from ..properties import character
from ..scene.keeping import why_not_kept
from ..scene.lens import adding_camera
from ..sliced import SlicedOperator
from ..slices import Slices
from ..target import Target
from ..view_light import is_lit, light_view, unlight_view
from ..words import sentence


class CHIRONOMY_OT_add_camera(SlicedOperator, Operator):
    """Add a camera that sees just what the video shows, and see the video through it from now on"""

    bl_idname = "chironomy.add_camera"
    bl_label = "Add Camera"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_kept(context.scene) if character(context.scene) else "Add a character first"

    def slices(self, context: Context, target: Target) -> Slices:
        camera = yield from adding_camera(*target.find())
        return f"the video is seen through {camera.name}"


class CHIRONOMY_OT_light_view(Explained, Operator):
    """Light this 3D view as the video is lit, so that skin looks alike in both, or as it was before"""

    bl_idname = "chironomy.light_view"
    bl_label = "Light View as Video"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if context.area is not None and context.area.type == "VIEW_3D" else "Go to a 3D view first"

    def execute(self, context: Context) -> set[str]:
        try:
            if is_lit(context.space_data):
                unlight_view(context.space_data)
            else:
                light_view(context.space_data)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_add_camera, CHIRONOMY_OT_light_view)
