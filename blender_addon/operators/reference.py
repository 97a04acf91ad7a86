# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the character over a portrait: its camera, its picture behind the character, and what rendering takes from it."""

from pathlib import Path

from bpy.props import BoolProperty, StringProperty
from bpy.types import Context, Operator

from chironomy.errors import ChironomyError
from chironomy.shot.fit import Fit

from .. import backend, sequencer
from ..explained import Explained
from ..properties import character, forget_fit, settings
from ..scene.keeping import why_not_kept
from ..scene.portrait import fitting, look_through, remember
from ..target import Target
from ..tasks import Job, JobOperator


class CHIRONOMY_OT_fit_to_picture(JobOperator, Operator):
    """Find the person in the portrait, and look at the character through the portrait's camera"""

    bl_idname = "chironomy.fit_to_picture"
    bl_label = "Fit to Picture"
    bl_options = {"UNDO"}

    filepath: StringProperty(
        name="Portrait",
        description="The picture to fit to; empty, the scene's",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    keep_size: BoolProperty(
        name="Keep Size",
        description="Leave the video's size as it is, instead of giving it the portrait's shape",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_kept(context.scene) if character(context.scene) else "Add a character first"

    @classmethod
    def reason_as_set(cls, context: Context) -> str:
        if not settings(context.scene).portrait:
            return "Choose a portrait under Picture first"
        return backend.why_missing(context)

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return frozenset({backend.PORTRAITS})

    def work(self, context: Context) -> Job:
        chosen = settings(context.scene)
        if not (self.filepath or chosen.portrait):
            raise ChironomyError("choose a portrait first")
        portrait = sequencer.absolute(self.filepath or chosen.portrait)
        if not portrait.is_file():
            raise ChironomyError(f"there is no file {portrait}; choose a portrait")
        return fitting(context, portrait)

    def finish(self, context: Context, result: tuple[Path, Fit, bytes], target: Target) -> str:
        portrait, fit, upright = result
        scene, item = target.find()
        remember(scene, portrait, fit, keep_size=self.keep_size)
        look_through(scene, item, fit, upright, portrait.name)
        point, miss = fit.worst
        notes = "".join(f"; {note}" for note in fit.notes)
        return f"{portrait.name} is fitted, {point} worst by {100 * miss:.1f} % of the picture's height{notes}"

    @classmethod
    def keep(cls, context: Context, result: tuple[Path, Fit, bytes], target: Target) -> str:
        return "fit once more"


class CHIRONOMY_OT_forget_picture(Explained, Operator):
    """Render with the usual camera and the character's own body again"""

    bl_idname = "chironomy.forget_picture"
    bl_label = "Forget Picture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if settings(context.scene).fit else "Fit to a picture first"

    def execute(self, context: Context) -> set[str]:
        forget_fit(settings(context.scene))
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_fit_to_picture, CHIRONOMY_OT_forget_picture)
