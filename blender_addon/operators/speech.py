# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the recording that the hands follow."""

from bpy.props import StringProperty
from bpy.types import Context, Operator

from .. import backend, sequencer
from ..scene.keeping import why_not_kept
from ..scene.speech import loading_speech
from ..sliced import FileOperator, Said
from ..slices import Slices
from ..target import Target


class CHIRONOMY_OT_load_speech(FileOperator, Operator):
    """Lay a recording in the sequencer, and let the scene be as long"""

    bl_idname = "chironomy.load_speech"
    bl_label = "Load Speech"
    own_step = True

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
    def disabled_reason(cls, context: Context) -> str:
        return why_not_kept(context.scene)

    def file(self) -> str:
        return self.filepath

    def slices(self, context: Context, target: Target) -> Slices:
        scene = target.find_scene()
        warning = yield from loading_speech(context, scene, sequencer.absolute(self.filepath))
        scene.frame_set(scene.frame_start)
        backend.warm_up(context)
        return Said(warning, short=True)


CLASSES = (CHIRONOMY_OT_load_speech,)
