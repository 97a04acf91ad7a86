# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the hands' motion to a character of one's own."""

from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy.types import Context, Object, Operator
from bpy_extras.io_utils import ExportHelper, ImportHelper

import chironomy
from chironomy.body.builds import BUILDS, built
from chironomy.body.rig import load_rig
from chironomy.body.smplx_body import load_smplx_body
from chironomy.errors import ChironomyError
from chironomy.retarget import BoneMap, Detection, judge
from chironomy.retarget.detect import USABLE

from ..explained import Explained
from ..locale import OWN
from ..own import own_of
from ..properties import character, settings
from ..rig import build
from ..rig.build_other import build_other, follow
from ..rig.build_smplx import build_smplx
from ..rig.target import skeleton_of
from ..scene import retarget
from ..scene.keeping import why_not_kept
from ..titles import title
from ..words import sentence


class _OwnOperator(Explained):
    """Of the person's own character that the scene's hands its motion to."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the button is grey; empty where it is not."""
        item = character(context.scene)
        if item is None or own_of(item).item is None:
            return "Pick a character of your own and press Detect first"
        return why_not_kept(context.scene, item)


class CHIRONOMY_OT_detect_bones(_OwnOperator, Operator):
    bl_idname = "chironomy.detect_bones"
    bl_label = "Detect"
    bl_description = (
        "Find the arms and fingers of the picked armature, or of the active one, and let it get the hands' motion. "
        "Its own animation is not written to"
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if context.mode not in ("OBJECT", "POSE"):
            return "Switch to the object mode first"
        item = _picked(context)
        if item is None:
            return "Pick an armature with arms and fingers first"
        if item.library is not None:
            return f"{item.name} is linked, where nothing is kept; make a library override of it first"
        ours = character(context.scene)
        return why_not_kept(context.scene, ours) if ours is not None else ""

    def execute(self, context: Context) -> set[str]:
        item = _picked(context)
        assert item is not None
        try:
            found = _connected(context, item)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        said = f"{item.name} is known by {found.title or 'some of its bones'}"
        if found.reason:
            self.report({"WARNING"}, sentence(f"{said}; {found.reason}"))
        else:
            self.report({"INFO"}, sentence(said))
        return {"FINISHED"}


class _AddOperator(_OwnOperator):
    """Adds a body that gets the hands' motion."""

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the button is grey; empty where it is not."""
        if context.mode not in ("OBJECT", "POSE"):
            return "Switch to the object mode first"
        return why_not_kept(context.scene, character(context.scene))


class CHIRONOMY_OT_add_body(_AddOperator, Operator):
    bl_idname = "chironomy.add_body"
    bl_label = "Add Other Body"
    bl_description = (
        "Add the character with another build and let it get the hands' motion; its face, head and eyes do what "
        "the hidden character's do"
    )

    build: EnumProperty(
        name="Build",
        description="Build of the body",
        items=[(name, title(name), "") for name in BUILDS],
        translation_context=OWN,
    )

    def execute(self, context: Context) -> set[str]:
        try:
            item = build_other(context, built(load_rig(), self.build), self.build)
            _connected(context, item)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        ours = character(context.scene)
        assert ours is not None
        follow(item, ours)
        return {"FINISHED"}


class CHIRONOMY_OT_add_smplx_body(_AddOperator, Operator, ImportHelper):
    bl_idname = "chironomy.add_smplx_body"
    bl_label = "Add SMPL-X Body"
    bl_description = (
        "Add the body of your own SMPL-X model file to the scene and let it get the hands' motion. "
        "Its licence is yours to keep: the file that you save holds its mesh"
    )
    filter_glob: StringProperty(default="*.npz;*.pkl", options={"HIDDEN"})

    def execute(self, context: Context) -> set[str]:
        try:
            body = load_smplx_body(self.filepath)
            item = build_smplx(context, body, "SMPL-X")
            _connected(context, item)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, sentence(f"added the body of {Path(self.filepath).name}"))
        return {"FINISHED"}


class CHIRONOMY_OT_forget_own_character(_OwnOperator, Operator):
    """Let the character of one's own be animated as before, and show ours again"""

    bl_idname = "chironomy.forget_own_character"
    bl_label = "Forget Own Character"

    def execute(self, context: Context) -> set[str]:
        item = character(context.scene)
        assert item is not None
        retarget.disconnect(item)
        settings(context.scene).own_character = None
        return {"FINISHED"}


class CHIRONOMY_OT_save_bone_map(_OwnOperator, Operator, ExportHelper):
    """Save which bones are arms and fingers, for other characters of the same kind"""

    bl_idname = "chironomy.save_bone_map"
    bl_label = "Save Bone Map"
    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def execute(self, context: Context) -> set[str]:
        item = character(context.scene)
        assert item is not None
        try:
            retarget.map_of(own_of(item)).save(self.filepath)
        except (ChironomyError, OSError) as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, sentence(f"saved {Path(self.filepath).name}"))
        return {"FINISHED"}


class CHIRONOMY_OT_load_bone_map(_OwnOperator, Operator, ImportHelper):
    """Load which bones are arms and fingers from a file"""

    bl_idname = "chironomy.load_bone_map"
    bl_label = "Load Bone Map"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def execute(self, context: Context) -> set[str]:
        ours = character(context.scene)
        assert ours is not None
        own = own_of(ours)
        try:
            assert own.item is not None
            found = judge(skeleton_of(own.item), BoneMap.load(self.filepath))
            retarget.connect(context, ours, own.item, found)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        retarget.hand_over(context.scene, ours)
        self.report({"INFO"}, sentence(f"loaded {Path(self.filepath).name}"))
        return {"FINISHED"}


def _picked(context: Context) -> Object | None:
    """Return the armature that was picked, or else the active one."""
    item = settings(context.scene).own_character or context.view_layer.objects.active
    if item is None or item.type != "ARMATURE" or build.is_character(item) or item.name not in context.scene.objects:
        return None
    return item


def _connected(context: Context, item: Object) -> Detection:
    """Let an armature be the scene's own character; return what its bones are.

    Raises:
        ChironomyError: it is none, or lacks what the arms need.
    """
    scene = context.scene
    found = retarget.detected(item)
    if found.confidence < USABLE and not found.bone_map.has_arm(0):
        raise ChironomyError(f"{item.name} is not taken for a character: {found.reason}")
    ours = character(scene) or _added(context)
    retarget.connect(context, ours, item, found)
    retarget.hand_over(scene, ours)
    settings(scene).own_character = item
    context.view_layer.objects.active = item
    item.select_set(True)
    return found


def _added(context: Context) -> Object:
    """Add our character, whose action is the truth, as the scene's."""
    chosen = settings(context.scene)
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    chosen.character = build.build_character(context, load_rig(), chironomy.__version__, "Chironomy Hands")
    build.dress(chosen.character, chosen.outfit)
    chosen.character.select_set(False)
    return chosen.character


CLASSES = (
    CHIRONOMY_OT_detect_bones,
    CHIRONOMY_OT_add_body,
    CHIRONOMY_OT_add_smplx_body,
    CHIRONOMY_OT_forget_own_character,
    CHIRONOMY_OT_save_bone_map,
    CHIRONOMY_OT_load_bone_map,
)
