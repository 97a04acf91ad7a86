# SPDX-License-Identifier: GPL-3.0-or-later
"""From the edited rig to a video, through the backend."""

from pathlib import Path

from bpy.props import StringProperty
from bpy.types import Context, Operator

from .. import sequencer
from ..properties import character
from ..scene.keeping import why_not_kept
from ..scene.renders import rendering
from ..slices import Slices
from ..target import Target
from ..tasks import JobOperator


class CHIRONOMY_OT_render_video(JobOperator, Operator):
    """Render the character's edited motion to a video and lay it in the sequencer"""

    bl_idname = "chironomy.render_video"
    bl_label = "Render Video"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="Video",
        description="The file to write, or the folder of pictures; empty, a new one in the folder for renders",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    shot: StringProperty(
        name="Shot",
        description="Where to keep the shot that the video is rendered from; empty, it is not kept",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_kept(context.scene) if character(context.scene) else "Add a character first"

    def work(self, context: Context) -> Slices:
        return rendering(context, self.filepath, self.shot)

    def finish(self, context: Context, result: Path, target: Target) -> str:
        scene = target.find_scene()
        with context.temp_override(scene=scene):
            sequencer.lay_video(context, result, scene.frame_start)
        return f"rendered {result}"

    @classmethod
    def keep(cls, context: Context, result: Path, target: Target) -> str:
        return f"the video is {result}"


CLASSES = (CHIRONOMY_OT_render_video,)
