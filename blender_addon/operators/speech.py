# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the recording that the hands follow."""

from bpy.props import StringProperty
from bpy.types import Context, Event, Operator

from chironomy.errors import ChironomyError

from .. import backend, sequencer
from ..scene.keeping import why_not_kept
from ..scene.speech import load_speech
from ..words import tip, told


class CHIRONOMY_OT_load_speech(Operator):
    """Lay a recording in the sequencer, and let the scene be as long"""

    bl_idname = "chironomy.load_speech"
    bl_label = "Load Speech"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="File",
        description="A recording of speech, or a film with one",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(
        default="*.wav;*.flac;*.mp3;*.ogg;*.oga;*.opus;*.m4a;*.aac;*.aif;*.aiff;*.mp4;*.mov;*.mkv;*.webm",
        options={"HIDDEN"},
    )

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = why_not_kept(context.scene)
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    def invoke(self, context: Context, event: Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        scene = context.scene
        try:
            warning = load_speech(context, sequencer.absolute(self.filepath))
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        if warning:
            self.report({"WARNING"}, told(warning))
        scene.frame_set(scene.frame_start)
        backend.warm_up(context)
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_load_speech,)
