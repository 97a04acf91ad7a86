# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the character, and let it gesture to the speech."""

from bpy.types import Context, Operator

import chironomy
from chironomy.body.performance import Performance
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError

from .. import sequencer
from ..properties import character, settings
from ..rig import build
from ..scene.keeping import keep_performance, why_not_kept
from ..scene.performance import performing
from ..scene.put_on import put_on
from ..target import Target
from ..tasks import Job, JobOperator


class CHIRONOMY_OT_add_character(Operator):
    """Add the character with its controls to the scene"""

    bl_idname = "chironomy.add_character"
    bl_label = "Add Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = "" if context.mode in ("OBJECT", "POSE") else "Switch to the object mode first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: Context) -> set[str]:
        try:
            rig = load_rig()
        except ChironomyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        chosen = settings(context.scene)
        chosen.character = build.build_character(context, rig, chironomy.__version__)
        build.dress(chosen.character, chosen.outfit)
        units = context.scene.unit_settings
        if units.system != "NONE":
            # As tall in a scene that counts in centimetres as in one of metres.
            chosen.character.scale = (1.0 / units.scale_length,) * 3
        return {"FINISHED"}


class CHIRONOMY_OT_generate(JobOperator, Operator):
    """Make hand and lip motion for the speech, as keys on the character; your own poses, and all between them, stay"""

    bl_idname = "chironomy.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if not settings(context.scene).speech:
            return "Load a speech first"
        item = character(context.scene)
        return why_not_kept(context.scene, item) if item else "Add a character first"

    def work(self, context: Context) -> Job:
        return performing(context)

    def finish(self, context: Context, result: Performance, target: Target) -> str:
        scene, item = target.find()
        said = put_on(scene, item, result.hands, result.face, result.body)
        if result.hands.source.get("speech_silent"):
            # The tracks and channels were heard one by one.
            speech = sequencer.absolute(settings(scene).speech).name
            said += f"; nothing is heard in {speech}, so they rest: check the recording's level"
        if result.hands.source.get("script_unplayed"):
            said += "; the script changed nothing: this gesture model has not learned to follow words"
        return said

    @classmethod
    def keep(cls, context: Context, result: Performance, target: Target) -> str:
        return keep_performance(result, target.name)


CLASSES = (CHIRONOMY_OT_add_character, CHIRONOMY_OT_generate)
