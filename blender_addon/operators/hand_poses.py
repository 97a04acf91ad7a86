# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand poses: put one on the fingers, keep one's own, and have all of them in Blender's asset shelf."""

from contextlib import suppress

from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty
from bpy.types import Context, Event, Operator

from chironomy.errors import ChironomyError
from chironomy.gesture.repertoire.hand_poses import HandPose
from chironomy.gesture.repertoire.own_hand_poses import PREFIX

from .. import hand_pictures
from ..explained import Explained
from ..locale import OWN
from ..properties import FALL_OFF, HAND_POSE_SIDES, hand_pose_items, settings
from ..rig.fingers import Fingers
from ..scene import hand_poses, pose_assets
from ..scene.keeping import why_not_kept
from ..words import label, sentence, word

_DRAG = 400.0
"""Pixels of the mouse's way from none of a pose to all of it."""

_STEP = 0.1
"""Of the blend, that Ctrl keeps to."""


class CHIRONOMY_OT_apply_hand_pose(Explained, Operator):
    """Pose the fingers of a hand and key all of them at the current frame, whether auto keying is on or not. Generated keys of the fingers within the fall-off go, so that they come and go smoothly; your own stay, as do wrist and place"""  # noqa: E501

    bl_idname = "chironomy.apply_hand_pose"
    bl_label = "Apply Hand Pose"
    bl_options = {"REGISTER", "UNDO", "BLOCKING", "GRAB_CURSOR_X"}

    pose: EnumProperty(
        name="Pose",
        description="Of the library or your own",
        items=hand_pose_items,
        translation_context=OWN,
    )
    side: EnumProperty(name="Hand", description="Whose fingers are posed", items=HAND_POSE_SIDES, default="SELECTED")
    blend: FloatProperty(
        name="Blend",
        description="How far the fingers go from how they are to the pose",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options={"SKIP_SAVE"},
    )
    radius: FloatProperty(**FALL_OFF)

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_posed(context)

    def invoke(self, context: Context, event: Event) -> set[str]:
        """Blend by dragging, from where the mouse is."""
        try:
            self._begin(context)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self._from, self.blend = event.mouse_x, 0.0
        self._show(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}
        if event.type in {"LEFTMOUSE", "RET", "NUMPAD_ENTER"} and event.value == "PRESS":
            self.cancel(context)
            return self.execute(context)
        if event.type in {"MOUSEMOVE", "LEFT_CTRL", "RIGHT_CTRL"}:
            blend = min(max((event.mouse_x - self._from) / _DRAG, 0.0), 1.0)
            self.blend = round(blend / _STEP) * _STEP if event.ctrl else blend
            self._show(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: Context) -> None:
        """Put the fingers back; Blender calls it, too, when it ends what is running."""
        context.workspace.status_text_set(None)
        with suppress(ReferenceError):  # another file may have been opened
            for hand in self._fingers:
                hand.show(hand.shown)

    def execute(self, context: Context) -> set[str]:
        try:
            pose = self._begin(context)
            message = hand_poses.key(context.scene, self._fingers, pose, self.blend, self.radius)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, sentence(message))
        return {"FINISHED"}

    def _begin(self, context: Context) -> HandPose:
        """Remember how the fingers are; return the pose."""
        item = hand_poses.chosen_character(context)
        hands = hand_poses.chosen_hands(context, item, self.side)
        self._fingers: list[Fingers] = hand_poses.fingers_of(item, hands)
        self._pose = hand_poses.find_pose(self.pose)
        return self._pose

    def _show(self, context: Context) -> None:
        hand_poses.show(self._fingers, self._pose, self.blend)
        keys = label("Drag: blend  Ctrl: steps  Click, Enter: key  Esc: back")
        context.workspace.status_text_set(f"{word(self._pose.label)}: {100 * self.blend:.0f} %  |  {keys}")


class CHIRONOMY_OT_save_hand_pose(Explained, Operator):
    """Keep how the fingers of a hand are posed now, for either hand, under a name of your own"""

    bl_idname = "chironomy.save_hand_pose"
    bl_label = "Save Own Pose"

    label: StringProperty(name="Name", description="What the pose is called", options={"SKIP_SAVE"})
    side: EnumProperty(name="Hand", description="Whose fingers are kept", items=HAND_POSE_SIDES, default="SELECTED")
    overwrite: BoolProperty(
        name="Overwrite",
        description="Replace your pose of the same name, if there is one",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_posed(context)

    def invoke(self, context: Context, event: Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: Context) -> set[str]:
        item = hand_poses.chosen_character(context)
        try:
            hands = hand_poses.chosen_hands(context, item, self.side)
            if len(hands) != 1:
                raise ChironomyError("a pose is of one hand; choose Left or Right")
            pose = hand_poses.save(item, hands[0], self.label, self.overwrite)
            settings(context.scene).hand_pose = pose.name
            if pose_assets.is_written():
                pose_assets.write_library(item)
                pose_assets.refresh_shelves(context)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, sentence(f"{pose.label} is kept with your hand poses"))
        return {"FINISHED"}


class CHIRONOMY_OT_delete_hand_pose(Explained, Operator):
    """Delete the picked pose of your own"""

    bl_idname = "chironomy.delete_hand_pose"
    bl_label = "Delete Own Pose"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        own = settings(context.scene).hand_pose.startswith(PREFIX)
        return "" if own else "Only poses of your own can be deleted"

    def invoke(self, context: Context, event: Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Context) -> set[str]:
        try:
            pose = hand_poses.find_pose(settings(context.scene).hand_pose)
            hand_pictures.delete(pose)
            settings(context.scene).property_unset("hand_pose")
            item = hand_poses.chosen_character(context)
            if item is not None and pose_assets.is_written():
                pose_assets.write_library(item)
                pose_assets.refresh_shelves(context)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, sentence(f"{pose.label} is deleted"))
        return {"FINISHED"}


class CHIRONOMY_OT_add_pose_library(Explained, Operator):
    """Write every hand pose as a pose asset into this extension's own folder, and add that to the asset libraries of the preferences, so that the asset shelf of pose mode shows them"""  # noqa: E501

    bl_idname = "chironomy.add_pose_library"
    bl_label = "Add Hand Poses to Asset Library"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_posed(context)

    def execute(self, context: Context) -> set[str]:
        try:
            count = pose_assets.write_library(hand_poses.chosen_character(context))
            new = pose_assets.register_library(context)
        except ChironomyError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        pose_assets.refresh_shelves(context)
        message = f"{count} hand poses are in the asset library {pose_assets.NAME}"
        self.report({"INFO"}, sentence(message if new else f"{message}; it was there already"))
        return {"FINISHED"}


def why_not_posed(context: Context) -> str:
    """Return why the hands of a character cannot be posed; empty where they can."""
    item = hand_poses.chosen_character(context)
    return why_not_kept(context.scene, item) if item is not None else "Add a character first"


CLASSES = (
    CHIRONOMY_OT_apply_hand_pose,
    CHIRONOMY_OT_save_hand_pose,
    CHIRONOMY_OT_delete_hand_pose,
    CHIRONOMY_OT_add_pose_library,
)
