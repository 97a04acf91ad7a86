# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the recording that the hands follow."""

import contextlib

from bpy.props import StringProperty
from bpy.types import Context, Operator, Scene

from chironomy.errors import ChironomyError

from .. import ahead, backend, sequencer
from ..preferences import preferences
from ..properties import settings
from ..scene.keeping import why_not_kept
from ..scene.speech import loading_speech, scene_speech
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
        _listen_ahead(context, scene)
        return Said(warning, short=True)


def _listen_ahead(context: Context, scene: Scene) -> None:
    """Let what Generate needs be heard while the animator looks at the settings."""
    if not backend.gestures_here(context) or not preferences(context).warm_up or settings(scene).several:
        return
    # What cannot be heard is told of where something is to be made of it.
    with contextlib.suppress(ChironomyError):
        speech = scene_speech(scene)
        if speech is not None:
            ahead.listen(speech.path)


CLASSES = (CHIRONOMY_OT_load_speech,)
