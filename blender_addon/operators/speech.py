# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the recording that the hands follow."""

from bpy.props import StringProperty
from bpy.types import Context, Event, Operator

from chironomy.errors import ChironomyError

from .. import sequencer
from ..properties import settings
from ..rig.read import scene_fps


class CHIRONOMY_OT_load_speech(Operator):
    """Lay a recording in the sequencer and set the scene to its length"""

    bl_idname = "chironomy.load_speech"
    bl_label = "Load Speech"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(
        default="*.wav;*.flac;*.mp3;*.ogg;*.oga;*.opus;*.m4a;*.aac;*.aif;*.aiff;*.mp4;*.mov;*.mkv;*.webm",
        options={"HIDDEN"},
    )

    def invoke(self, context: Context, event: Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        scene = context.scene
        path = sequencer.absolute(self.filepath)
        try:
            seconds = sequencer.sound_seconds(path)
        except ChironomyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        sequencer.lay_speech(context, path)
        settings(scene).speech = str(path)
        if seconds is not None:
            scene.frame_end = scene.frame_start + max(1, round(seconds * scene_fps(scene))) - 1
        scene.frame_set(scene.frame_start)
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_load_speech,)
