# SPDX-License-Identifier: GPL-3.0-or-later
"""The score and the speech's accents as Blender's own markers, for every editor that shows time."""

from bpy.types import Context, Operator

from chironomy.gesture.score.phrases import REST
from chironomy.work import Work

from ..explained import Explained
from ..properties import character, settings
from ..rig.read import scene_fps
from ..scene import markers, score
from ..scene.speech import scene_speech
from ..scene.turns import why_no_speech
from ..target import Target
from ..tasks import Job, JobOperator
from ..titles import title
from ..words import sentence, word


class CHIRONOMY_OT_phrases_to_markers(Explained, Operator):
    """Lay a marker where each stroke arrives, named by its kind, in place of those laid before; others stay"""

    bl_idname = "chironomy.phrases_to_markers"
    bl_label = "Phrases to Markers"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if character(context.scene) is None:
            return "Add a character first"
        return "" if len(settings(context.scene).phrases) else "Read the score first"

    def execute(self, context: Context) -> set[str]:
        scene = context.scene
        wanted = [
            (round(apex), word(title(phrase.kind)))
            for phrase in settings(scene).phrases
            if phrase.kind != REST
            for apex in score.apex_frames(scene, phrase)
        ]
        count = markers.lay(scene, markers.PHRASES, sorted(wanted))
        self.report({"INFO"}, sentence(f"{count} markers lie at the strokes"))
        return {"FINISHED"}


class CHIRONOMY_OT_accents_to_markers(JobOperator, Operator):
    """Lay a marker where each accented syllable of the speech begins, in place of those laid before; others stay"""

    bl_idname = "chironomy.accents_to_markers"
    bl_label = "Accents to Markers"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_no_speech(context.scene)

    def work(self, context: Context) -> Job:
        speech = scene_speech(context.scene)
        assert speech is not None

        def listen(work: Work) -> list[float]:
            # Imported when they are needed: the add-on's registration waits for nothing of the room of speech.
            from chironomy.speech.accents import accent_onsets

            from ..hearing import hear

            work.progress(0.0, "reading the speech")
            return accent_onsets(hear(speech.path)).tolist()

        self._begin = speech.frame
        return listen

    def finish(self, context: Context, result: list[float], target: Target) -> str:
        scene = target.find_scene()
        frames = [round(self._begin + time * scene_fps(scene)) for time in result]
        count = markers.lay(scene, markers.ACCENTS, [(frame, word("Accent")) for frame in frames])
        return f"{count} markers lie at the accents"


class CHIRONOMY_OT_remove_markers(Explained, Operator):
    """Remove the markers that were laid for phrases and accents, but for those that you have renamed or moved"""

    bl_idname = "chironomy.remove_markers"
    bl_label = "Remove Markers"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if markers.ours(context.scene) else "No markers were laid here"

    def execute(self, context: Context) -> set[str]:
        self.report({"INFO"}, sentence(f"{markers.remove(context.scene)} markers are removed"))
        return {"FINISHED"}


CLASSES = (
    CHIRONOMY_OT_phrases_to_markers,
    CHIRONOMY_OT_accents_to_markers,
    CHIRONOMY_OT_remove_markers,
)
