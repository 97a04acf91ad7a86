# SPDX-License-Identifier: GPL-3.0-or-later
"""From the edited rig to a video, through the backend; and the videos that were made."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy.types import Context, Operator

from chironomy import processes
from chironomy.errors import ChironomyError

from .. import backend, sequencer
from ..asked import Asked
from ..explained import Explained
from ..properties import character, settings
from ..scene.keeping import why_not_kept
from ..scene.renders import fetching, last_render, left_at_backend, list_render, rendering
from ..scene.shot import shows_portrait
from ..slices import Slices
from ..target import Target
from ..tasks import Job, JobOperator
from ..words import sentence


class CHIRONOMY_OT_render_video(JobOperator, Operator):
    """Render the character's edited motion to a video and lay it in the sequencer"""

    bl_idname = "chironomy.render_video"
    bl_label = "Render Video"
    bl_options = {"UNDO"}

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
    overwrite: BoolProperty(
        name="Overwrite",
        description="Replace the file of that name, if there is one; else the new one has a number",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_kept(context.scene) if character(context.scene) else "Add a character first"

    @classmethod
    def reason_as_set(cls, context: Context) -> str:
        chosen = settings(context.scene)
        if shows_portrait(chosen) and not chosen.fit:
            return "choose a portrait and press Fit to Picture first: this video shows it"
        return backend.why_missing(context)

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return frozenset({backend.VIDEOS})

    def work(self, context: Context) -> Slices:
        return rendering(context, self.filepath, self.shot, replace=self.overwrite)

    def finish(self, context: Context, result: Path, target: Target) -> str:
        scene = target.find_scene()
        with context.temp_override(scene=scene):
            sequencer.lay_video(context, result, scene.frame_start)
        list_render(scene, result)
        return f"rendered {result}"

    @classmethod
    def keep(cls, context: Context, result: Path, target: Target) -> str:
        return f"the video is {result}"


class CHIRONOMY_OT_fetch_render(JobOperator, Operator):
    """Wait for a video that the backend was asked for before Blender ended, and put it where it was to go"""

    bl_idname = "chironomy.fetch_render"
    bl_label = "Fetch Render"
    bl_options = {"UNDO"}

    job: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if left_at_backend(context) else "The backend has no render of an earlier Blender"

    def work(self, context: Context) -> Job:
        found = [asked for asked in left_at_backend(context) if self.job in ("", asked.job)]
        if not found:
            raise ChironomyError("the backend has no render of an earlier Blender")
        return fetching(context, found[0])

    def finish(self, context: Context, result: tuple[Asked, Path], target: Target) -> str:
        asked, path = result
        scene = bpy.data.scenes.get(asked.scene) if asked.file and asked.file == bpy.data.filepath else None
        if scene is None or why_not_kept(scene):
            return self.keep(context, result, target)
        with context.temp_override(scene=scene):
            sequencer.lay_video(context, path, scene.frame_start)
        list_render(scene, path)
        return f"rendered {path}"

    @classmethod
    def keep(cls, context: Context, result: tuple[Asked, Path], target: Target) -> str:
        return f"the video is {result[1]}"


class _RenderOperator(Explained, Operator):
    """What is done with a render that was made; a subclass gives `open`."""

    filepath: StringProperty(
        name="Video",
        description="The video, or the folder of pictures; empty, the last of the scene",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if last_render(context.scene) else "Render a video first"

    def open(self, context: Context, path: Path) -> None:
        raise NotImplementedError

    def execute(self, context: Context) -> set[str]:
        path = sequencer.absolute(self.filepath or last_render(context.scene))
        if not path.exists():
            self.report({"ERROR"}, sentence(f"{path} is not there any more; it was moved or deleted"))
            return {"CANCELLED"}
        self.open(context, path)
        return {"FINISHED"}


class CHIRONOMY_OT_play_render(_RenderOperator):
    """Play the video in the player of the system, or the pictures in Blender's own"""

    bl_idname = "chironomy.play_render"
    bl_label = "Play"

    def open(self, context: Context, path: Path) -> None:
        pictures = sorted(item for item in path.iterdir() if item.suffix in sequencer.PICTURES) if path.is_dir() else []
        if not pictures or not bpy.app.binary_path:
            bpy.ops.wm.path_open(filepath=str(path))
            return
        rate = context.scene.render
        frames_a_second = [f"{rate.fps}", f"{rate.fps_base}"]
        processes.start([bpy.app.binary_path, "-a", "-f", *frames_a_second, str(pictures[0])], apart=True)


class CHIRONOMY_OT_open_renders(_RenderOperator):
    """Show the folder that the render is in"""

    bl_idname = "chironomy.open_renders"
    bl_label = "Open Folder"

    def open(self, context: Context, path: Path) -> None:
        bpy.ops.wm.path_open(filepath=str(path.parent))


CLASSES = (CHIRONOMY_OT_render_video, CHIRONOMY_OT_fetch_render, CHIRONOMY_OT_play_render, CHIRONOMY_OT_open_renders)
