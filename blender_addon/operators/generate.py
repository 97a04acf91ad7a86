# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the character, and let it gesture to the speech."""

from math import radians
from typing import Any

import bpy
from bpy.props import IntProperty
from bpy.types import Context, Object, Operator, Scene
from mathutils import Euler, Quaternion, Vector

import chironomy
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.gesture.ranges import joined
from chironomy.motion import HANDS, HandMotion

from .. import sequencer
from ..glimpses import Glimpsing
from ..properties import character, settings
from ..rig import build, read
from ..scene import early, new_takes, takes
from ..scene.chosen import chosen_hands, chosen_range
from ..scene.keeping import keep_performance, why_not_kept
from ..scene.performance import Again, Made, lanes_of, making_again, performing, performing_all
from ..scene.turns import speakers, turns, why_no_speech
from ..sliced import SlicedOperator
from ..slices import Slices
from ..target import Target, TargetGoneError
from ..tasks import JobOperator

_SILENT = "speech_silent"

_ASIDE = radians(50.0)
"""From here on, round the character from before it, a view shows more of its side than of its face."""

_FROM_BEFORE = Euler((radians(83.0), 0.0, radians(20.0)))
"""How a view is turned that looks at a character from before it, a little from its left and from above."""

_CHOOSE_FRAMES = "choose frames first: select the hands' keys of a range, or set the preview range (P)"


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
        figure = chosen.figure
        chosen.character = item
        build.show_figure(item, figure)
        build.dress(item, chosen.outfit)
        units = scene.unit_settings
        if units.system != "NONE":
            # As tall in a scene that counts in centimetres as in one of metres.
            item.scale = (1.0 / units.scale_length,) * 3
        _frame_selected(bpy.context)
        return ""


def _frame_selected(context: Context) -> None:
    """Let the 3D views show what is selected, from before it where they would show its side or its back."""
    for area in context.window.screen.areas if context.window is not None and not bpy.app.background else ():
        region = next((region for region in area.regions if region.type == "WINDOW"), None)
        if area.type == "VIEW_3D" and region is not None:
            view = area.spaces.active.region_3d
            if view.view_perspective == "PERSP":
                view.view_rotation = from_before(view.view_rotation)
            with context.temp_override(area=area, region=region):
                bpy.ops.view3d.view_selected()


def from_before(rotation: Quaternion) -> Quaternion:
    """Return how a view is turned that sees a new character's face: as it was where it does, else from before it."""
    towards = rotation @ Vector((0.0, 0.0, 1.0))
    aside = Vector((towards.x, towards.y)).angle(Vector((0.0, -1.0)), _ASIDE + 1.0)
    return rotation.copy() if aside < _ASIDE else _FROM_BEFORE.to_quaternion()


class CHIRONOMY_OT_generate(Glimpsing, JobOperator, Operator):
    """Make hand and lip motion for the speech, as keys on the character; your own poses, and all between them, stay"""

    bl_idname = "chironomy.generate"
    bl_label = "Generate"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if reason := why_no_speech(context.scene):
            return reason
        item = character(context.scene)
        return why_not_kept(context.scene, item) if item else "Add a character first"

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return lanes_of(context)

    def work(self, context: Context) -> Slices:
        return performing(context)

    @classmethod
    def glimpse(cls, parts: list[Any], shown: int, target: Target) -> Slices:
        scene, item = target.find()
        motions = [part.motion for part in parts]
        motion = joined(motions)
        return early.showing(scene, item, motion, sum(each.frame_count for each in motions[:shown]))

    def finish(self, context: Context, result: list[Made], target: Target) -> Slices:
        scene, item = target.find()
        said = (yield from new_takes.adding_takes(scene, item, _takes_of(result)))[-1].said
        if len(result) > 1:
            said += f"; {len(result)} takes are in the list"
        return said + _noted(scene, item, result[-1].performance.hands)

    @classmethod
    def keep(cls, context: Context, result: list[Made], target: Target) -> str:
        return [keep_performance(made.performance, target.name) for made in result][-1]


def _takes_of(result: list[Made]) -> list[new_takes.New]:
    """Return what was made as takes to be added."""
    return [
        new_takes.New(
            made.performance,
            f"{made.settings['style']}, seed {made.settings['seed']}",
            takes.remarked(made.settings, made.performance.hands),
            score=made.score,
            small=made.packed,
        )
        for made in result
    ]


class CHIRONOMY_OT_generate_scene(JobOperator, Operator):
    """Make new takes for all characters of the scene: each gestures in its own strips, and listens in the others'"""

    bl_idname = "chironomy.generate_scene"
    bl_label = "Generate All Speakers"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        characters = speakers(context.scene)
        if not characters:
            return "Add a character first"
        if not settings(context.scene).several:
            return "Switch Several Speakers on first"
        if reason := why_no_speech(context.scene):
            return reason
        return next(filter(None, (why_not_kept(context.scene, item) for item in characters)), "")

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return lanes_of(context, speakers(context.scene))

    def work(self, context: Context) -> Slices:
        return performing_all(context)

    def finish(self, context: Context, result: dict[int, list[Made]], target: Target) -> Slices:
        scene = target.find_scene()
        # The phrases in the list are those of the scene's character.
        there = sorted(speakers(scene), key=lambda item: item == character(scene))
        wanted = [(item, _takes_of(result[item.session_uid])) for item in there if item.session_uid in result]
        if not wanted:
            raise TargetGoneError("the characters were deleted meanwhile")
        yield from new_takes.adding_to_all(scene, wanted)
        spoken = [turn for turn in turns(scene) if turn.who is not None]
        said = f"{len(wanted)} characters have new takes for {len(spoken)} strips"
        if len(wanted) < len(result):
            said += f"; {len(result) - len(wanted)} were deleted meanwhile"
        for item, _ in wanted:
            remarks = result[item.session_uid][-1].performance.hands.source.get("remarks", [])
            said += "".join(f"; {item.name}: {remark}" for remark in remarks)
        silent = [item.name for item, _ in wanted if result[item.session_uid][-1].performance.hands.source.get(_SILENT)]
        return "; ".join([said, *(f"{name} says nothing and listens" for name in silent)])

    @classmethod
    def keep(cls, context: Context, result: dict[int, list[Made]], target: Target) -> str:
        kept = [keep_performance(made.performance, target.scene_name) for each in result.values() for made in each]
        return kept[-1]


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
        if reason := why_no_speech(context.scene):
            return reason
        item = character(context.scene)
        if item is None:
            return "Add a character first"
        if read.hand_key_count(item) == 0:
            return "Generate or import a take first"
        return why_not_kept(context.scene, item)

    @classmethod
    def reason_as_set(cls, context: Context) -> str:
        item = character(context.scene)
        assert item is not None
        return "" if chosen_range(context.scene, item) else _CHOOSE_FRAMES

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return lanes_of(context)

    def work(self, context: Context) -> Slices:
        scene, item = context.scene, character(context.scene)
        assert item is not None
        between = (self.first, self.last) if self.last > self.first else chosen_range(scene, item)
        if between is None:
            raise ChironomyError(_CHOOSE_FRAMES)
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
            scene, item, result.motion, result.only, label, takes.remarked(result.settings, result.motion), result.score
        )
        return said + _noted(scene, item, result.motion)


def _noted(scene: Scene, item: Object, motion: HandMotion) -> str:
    """Return what to tell of a motion that was made for a character, as clauses after others."""
    said, source, chosen = "", motion.source, settings(scene)
    if source.get(_SILENT):
        # The tracks and channels were heard one by one.
        speech = item.name if chosen.several else sequencer.absolute(chosen.speech).name
        said += f"; nothing is heard in {speech}, so they rest: check the recording's level"
    # A range keeps what is told of the motion around it, whose script may be gone.
    if source.get("script_unplayed") and chosen.script:
        said += "; the script changed nothing: this gesture model has not learned to follow words"
    if source.get("script_unheard") and chosen.script:
        said += "; the script does not sound like what is said: check that it belongs to this recording"
    return said + takes.told_of(motion)


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
    CHIRONOMY_OT_generate_scene,
    CHIRONOMY_OT_regenerate_range,
    CHIRONOMY_OT_new_seed,
)
