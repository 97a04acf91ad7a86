# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the character, and let it gesture to the speech."""

import bpy
from bpy.props import IntProperty
from bpy.types import Context, Operator, Scene

import chironomy
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import HANDS, HandMotion

from .. import sequencer, view_light
from ..properties import character, settings
from ..rig import build, read
from ..scene import new_takes, takes
from ..scene.chosen import chosen_hands, chosen_range
from ..scene.keeping import keep_performance, why_not_kept
from ..scene.performance import Again, Made, lanes_of, making_again, performing
from ..sliced import SlicedOperator
from ..slices import Slices
from ..target import Target
from ..tasks import JobOperator


class CHIRONOMY_OT_add_character(SlicedOperator, Operator):
    """Add the character with its controls to the scene"""

    bl_idname = "chironomy.add_character"
    bl_label = "Add Character"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if context.mode in ("OBJECT", "POSE") else "Switch to the object mode first"

    def slices(self, context: Context, target: Target) -> Slices:
        scene = target.find_scene()
        rig = yield lambda _: load_rig()
        item = yield from build.building_character(bpy.context, rig, chironomy.__version__)
        chosen = settings(scene)
        chosen.character = item
        build.dress(item, chosen.outfit)
        units = scene.unit_settings
        if units.system != "NONE":
            # As tall in a scene that counts in centimetres as in one of metres.
            item.scale = (1.0 / units.scale_length,) * 3
        _frame_selected(bpy.context)
        view_light.light_untouched(bpy.context)
        return ""


def _frame_selected(context: Context) -> None:
    """Let the 3D views of the window show what is selected."""
    for area in context.window.screen.areas if context.window is not None and not bpy.app.background else ():
        region = next((region for region in area.regions if region.type == "WINDOW"), None)
        if area.type == "VIEW_3D" and region is not None:
            with context.temp_override(area=area, region=region):
                bpy.ops.view3d.view_selected()


class CHIRONOMY_OT_generate(JobOperator, Operator):
    """Make hand and lip motion for the speech, as keys on the character; your own poses, and all between them, stay"""

    bl_idname = "chironomy.generate"
    bl_label = "Generate"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if not settings(context.scene).speech:
            return "Load a speech first"
        item = character(context.scene)
        return why_not_kept(context.scene, item) if item else "Add a character first"

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return lanes_of(context)

    def work(self, context: Context) -> Slices:
        return performing(context)

    def finish(self, context: Context, result: list[Made], target: Target) -> Slices:
        scene, item = target.find()
        wanted = [
            new_takes.New(
                made.performance,
                f"{made.settings['style']}, seed {made.settings['seed']}",
                made.settings,
                score=made.score,
                small=made.packed,
            )
            for made in result
        ]
        said = (yield from new_takes.adding_takes(scene, item, wanted))[-1].said
        if len(result) > 1:
            said += f"; {len(result)} takes are in the list"
        return said + _noted(scene, result[-1].performance.hands)

    @classmethod
    def keep(cls, context: Context, result: list[Made], target: Target) -> str:
        return [keep_performance(made.performance, target.name) for made in result][-1]


class CHIRONOMY_OT_regenerate_range(JobOperator, Operator):
    bl_idname = "chironomy.regenerate_range"
    bl_label = "Regenerate Range"
    bl_description = (
        "Make the hands' frames between the selected keys, or of the preview range, anew as a new take. "
        "Your own and locked poses stay, and what is new leads into them"
    )
    bl_options = {"UNDO"}

    first: IntProperty(
        name="First Frame",
        description="Frame; 0 takes what is chosen",
        default=0,
        subtype="TIME",
        options={"SKIP_SAVE"},
    )
    last: IntProperty(
        name="Last Frame",
        description="Frame; 0 takes what is chosen",
        default=0,
        subtype="TIME",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if not settings(context.scene).speech:
            return "Load a speech first"
        item = character(context.scene)
        if item is None:
            return "Add a character first"
        if read.hand_key_count(item) == 0:
            return "Generate or import a take first"
        return why_not_kept(context.scene, item)

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return lanes_of(context)

    def work(self, context: Context) -> Slices:
        scene, item = context.scene, character(context.scene)
        assert item is not None
        between = (self.first, self.last) if self.last > self.first else chosen_range(scene, item)
        if between is None:
            raise ChironomyError("choose frames first: select the hands' keys of a range, or set the preview range (P)")
        chosen = settings(scene)
        seed = takes.next_seed(scene, item, chosen.seed)
        meant = chosen_hands(context, item)
        hands = HANDS[meant[0]] if len(meant) == 1 else "both"
        return making_again(context, item, hands, *between, seed)

    def finish(self, context: Context, result: Again, target: Target) -> Slices:
        scene, item = target.find()
        takes.show_action(scene, item, result.action)
        (only,) = result.only
        style, seed = result.settings["style"], result.settings["seed"]
        # What tells it from others first: a list may be narrow.
        label = f"{only.first:g} to {only.last:g}, {style}, seed {seed}"
        said = yield from new_takes.putting_range(
            scene, item, result.motion, result.only, label, result.settings, result.score
        )
        return said + _noted(scene, result.motion)


def _noted(scene: Scene, motion: HandMotion) -> str:
    """Return what to tell of a motion that was made, as clauses after others."""
    said, source, chosen = "", motion.source, settings(scene)
    if source.get("speech_silent"):
        # The tracks and channels were heard one by one.
        speech = sequencer.absolute(chosen.speech).name
        said += f"; nothing is heard in {speech}, so they rest: check the recording's level"
    # A range keeps what is told of the motion around it, whose script may be gone.
    if source.get("script_unplayed") and chosen.script:
        said += "; the script changed nothing: this gesture model has not learned to follow words"
    if source.get("script_unheard") and chosen.script:
        said += "; the script does not sound like what is said: check that it belongs to this recording"
    return said


class CHIRONOMY_OT_new_seed(Operator):
    """Choose a seed that no take of the character was made with: the next take has other gestures"""

    bl_idname = "chironomy.new_seed"
    bl_label = "New Seed"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Context) -> set[str]:
        chosen = settings(context.scene)
        chosen.seed = takes.next_seed(context.scene, character(context.scene), chosen.seed)
        return {"FINISHED"}


CLASSES = (
    CHIRONOMY_OT_add_character,
    CHIRONOMY_OT_generate,
    CHIRONOMY_OT_regenerate_range,
    CHIRONOMY_OT_new_seed,
)
