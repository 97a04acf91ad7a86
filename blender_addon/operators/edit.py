# SPDX-License-Identifier: GPL-3.0-or-later
"""Buttons that edit poses of the hands, with a smooth way into them and out of them."""

from collections.abc import Callable
from functools import partial
from math import degrees, radians

from bpy.props import BoolProperty, EnumProperty, FloatProperty, FloatVectorProperty, IntProperty, StringProperty
from bpy.types import Context, Object, Operator, Scene
from mathutils import Euler, Quaternion, Vector

from ..locale import OWN
from ..properties import FALL_OFF, character, settings
from ..scene import editing
from ..scene.chosen import HANDS_MEANT, chosen_hands, chosen_range
from ..scene.edit_place import AROUND, Made, Place, edit_hands, has_motion
from ..scene.keeping import why_not_kept
from ..sliced import Said, SlicedOperator
from ..slices import Slices
from ..target import Target


class _HandEdit(SlicedOperator):
    """Of the hands whose bones are selected in the pose mode, or else of those that the tab names."""

    bl_options = {"REGISTER", "UNDO"}
    layered = True
    """Whether it can lie on a layer: what is moved in time or exchanged between hands cannot be half done."""

    hands: EnumProperty(
        name="Hands",
        description="Which hands are edited",
        items=(
            ("AUTO", "Selected", "Those with selected bones in the pose mode; where there are none, as set in the tab"),
            ("BOTH", "Both", "Both hands"),
            ("LEFT", "Left", "The person's left hand"),
            ("RIGHT", "Right", "The person's right hand"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the button is grey; empty where it is not."""
        item = character(context.scene)
        if item is None:
            return "Add a character first"
        if item.mode == "EDIT":
            return f"{item.name} is in edit mode; leave it first"
        reason = why_not_kept(context.scene, item)
        if reason:
            return reason
        return "" if has_motion(item) else "The hands have no keys yet; generate or import a motion first"

    def slices(self, context: Context, target: Target) -> Slices:
        scene, item = target.find()
        layer = self.bl_label if self.layered and settings(scene).on_layer else ""
        hands = self.chosen_hands(context, item)
        outcome = yield from edit_hands(scene, item, hands, layer, lambda place: self.plan(scene, place))
        return Said(outcome.message, outcome.short)

    def chosen_hands(self, context: Context, item: Object) -> tuple[int, ...]:
        """Return the hands to edit, 0 left, 1 right."""
        if self.hands != "AUTO":
            return HANDS_MEANT[self.hands]
        return chosen_hands(context, item)

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        """Read what the edit needs from Blender; return what computes it without."""
        raise NotImplementedError


class _PoseEdit(_HandEdit):
    """At the current frame, with a fall-off."""

    radius: FloatProperty(**FALL_OFF)


class _RangeEdit(_HandEdit):
    """Over a range of frames."""

    frames: EnumProperty(
        name="Frames",
        description="Which frames are edited",
        items=(
            ("AUTO", "Chosen", "Those of the hands' selected keys, or the preview range, or else as the button says"),
            ("AROUND", "Around", "Half a second to either side of the current frame"),
            ("ALL", "All", "All that the hands do"),
        ),
        options={"SKIP_SAVE"},
    )
    around: float | None = None
    """Seconds to either side of the current frame where nothing is chosen; None for all frames."""

    says_whole = True
    """Whether it tells that nothing was chosen, so that all frames are edited; not where it begins at the current."""
    _whole = 0
    """Frames that are edited where nothing was chosen."""

    def range(self, scene: Scene, place: Place) -> tuple[int, int]:
        """Return the first and the last frame to edit."""
        first, last = place.frames(scene, self.frames, self.around)
        chosen = self.frames != "AUTO" or self.around is not None or chosen_range(scene, place.keys.item) is not None
        self._whole = 0 if chosen else last - first + 1
        return first, last

    def slices(self, context: Context, target: Target) -> Slices:
        said = yield from super().slices(context, target)
        if not self._whole or not self.says_whole:
            return said
        return Said(f"{said.sentence}; no frames were chosen, so all {self._whole} frames are edited", said.short)


class CHIRONOMY_OT_move_pose(_PoseEdit, Operator):
    bl_idname = "chironomy.move_pose"
    bl_label = "Move With Fall-Off"
    bl_description = (
        "Keep how the hands are posed now, moved and turned with a key or without, and let the poses around follow "
        "with a smooth fall-off"
    )

    offset: FloatVectorProperty(
        name="Offset",
        description="How far the hands' controls move, along the character's axes; at first as they are posed",
        subtype="TRANSLATION",
        unit="LENGTH",
        options={"SKIP_SAVE"},
    )
    turn: FloatVectorProperty(
        name="Turn",
        description="How far the hands' controls turn, about the character's axes; at first as they are posed",
        subtype="EULER",
        unit="ROTATION",
        options={"SKIP_SAVE"},
    )
    posed: StringProperty(name="Posed", description="How the hands were posed", options={"HIDDEN", "SKIP_SAVE"})
    own: BoolProperty(name="Keyed", description="Whether they were keyed so", options={"HIDDEN", "SKIP_SAVE"})
    posed_offset: FloatVectorProperty(options={"HIDDEN", "SKIP_SAVE"})
    posed_turn: FloatVectorProperty(options={"HIDDEN", "SKIP_SAVE"})
    """What the offset and the turn were as they were posed."""

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        keyed = editing.keyed(place) if self.own else {}
        # What was posed without keys is gone when the button's settings are changed.
        if not self.posed and not any(self.offset) and not any(self.turn):
            self.posed = editing.posed(place)
            if not self.posed:
                keyed = editing.keyed(place)
                self.posed, self.own = editing.as_keyed(place, keyed), bool(keyed)
            if self.posed:
                offset, turn = editing.moved_by(place, self.posed, keyed)
                self.offset = self.posed_offset = offset
                self.turn = self.posed_turn = Quaternion(turn).to_euler()
        offset = Vector(self.offset) - Vector(self.posed_offset)
        turn = Quaternion()
        if tuple(self.turn) != tuple(self.posed_turn):
            turn = Euler(self.turn).to_quaternion() @ Euler(self.posed_turn).to_quaternion().inverted()
        return partial(editing.move_pose, place, self.radius, self.posed, tuple(offset), tuple(turn), keyed)


class CHIRONOMY_OT_curl_fingers(_PoseEdit, Operator):
    """Close the fingers at the current frame, or stretch them, as far as joints go; the poses around follow"""

    bl_idname = "chironomy.curl_fingers"
    bl_label = "Curl"

    angle: FloatProperty(
        name="Curl",
        translation_context=OWN,
        description="By how much the knuckles bend; the other joints go along. Negative stretches the fingers",
        default=radians(20.0),
        min=radians(-120.0),
        max=radians(120.0),
        subtype="ANGLE",
        unit="ROTATION",
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.curl, place, self.radius, degrees(self.angle))


class CHIRONOMY_OT_spread_fingers(_PoseEdit, Operator):
    """Part the fingers at the current frame, or bring them together, as far as joints go; the poses around follow"""

    bl_idname = "chironomy.spread_fingers"
    bl_label = "Spread"

    angle: FloatProperty(
        name="Spread",
        translation_context=OWN,
        description="By how much the index finger goes aside; the others go along. Negative closes the fingers",
        default=radians(8.0),
        min=radians(-40.0),
        max=radians(40.0),
        subtype="ANGLE",
        unit="ROTATION",
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.spread_fingers, place, self.radius, degrees(self.angle))


class CHIRONOMY_OT_mirror_pose(_PoseEdit, Operator):
    bl_idname = "chironomy.mirror_pose"
    bl_label = "Mirror Pose"
    bl_description = (
        "Give the hands the mirrored pose that the other hand has at the current frame; both exchange theirs, "
        "and the poses around follow"
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.mirror_pose, place, self.radius)


class CHIRONOMY_OT_mirror_motion(_RangeEdit, Operator):
    layered = False
    bl_idname = "chironomy.mirror_motion"
    bl_label = "Mirror Motion"
    bl_description = (
        "Let the hands do, mirrored, what the other hand does in the selected keys' frames, the preview range "
        "or else all frames"
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.mirror_range, place, *self.range(scene, place))


class CHIRONOMY_OT_swap_hands(_RangeEdit, Operator):
    layered = False
    bl_idname = "chironomy.swap_hands"
    bl_label = "Swap Hands"
    bl_description = (
        "Let both hands exchange what they do, mirrored, in the selected keys' frames, the preview range or "
        "else all frames"
    )

    def chosen_hands(self, context: Context, item: Object) -> tuple[int, ...]:
        return HANDS_MEANT["BOTH"]

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.mirror_range, place, *self.range(scene, place))


class CHIRONOMY_OT_shift_time(_RangeEdit, Operator):
    layered = False
    bl_idname = "chironomy.shift_time"
    bl_label = "Shift"
    bl_description = (
        "Move the selected keys' frames in time, or the preview range, or else half a second around the "
        "current frame. What lies beside gives way and is not run over"
    )
    around = AROUND

    shift: IntProperty(
        name="Frames",
        description="Later, or earlier where negative",
        default=3,
        soft_min=-48,
        soft_max=48,
        subtype="TIME",
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.shift_time, place, *self.range(scene, place), self.shift)


class CHIRONOMY_OT_stretch_time(_RangeEdit, Operator):
    layered = False
    bl_idname = "chironomy.stretch_time"
    bl_label = "Stretch"
    bl_translation_context = OWN
    bl_description = (
        "Make the selected keys' frames longer or shorter, or the preview range, or else half a second around "
        "the current frame, which stays. What lies beside gives way"
    )
    around = AROUND

    factor: FloatProperty(
        name="Factor",
        description="How many times as long the frames take",
        default=1.25,
        min=0.1,
        soft_min=0.5,
        soft_max=2.0,
        max=10.0,
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.stretch_time, place, *self.range(scene, place), self.factor)


class CHIRONOMY_OT_hold_longer(_RangeEdit, Operator):
    layered = False
    says_whole = False
    bl_idname = "chironomy.hold_longer"
    bl_label = "Hold Longer"
    bl_description = (
        "Stand still in the current pose for longer; what leads to it slows down, what follows comes later, and "
        "the next time that the hands are still gets shorter, up to the end of the selected keys, the preview range "
        "or all frames"
    )

    longer: IntProperty(
        name="Frames",
        description="For how many frames more",
        default=6,
        min=1,
        soft_max=48,
        subtype="TIME",
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.hold_longer, place, self.range(scene, place)[1], self.longer)


class CHIRONOMY_OT_ease_to_rest(_RangeEdit, Operator):
    says_whole = False
    bl_idname = "chironomy.ease_to_rest"
    bl_label = "Ease to Rest"
    bl_description = (
        "Let the hands go from the current frame to where they rest, and stay there up to the end of the "
        "selected keys, the preview range or all frames"
    )

    seconds: FloatProperty(
        name="Time",
        description="Seconds on the way",
        default=0.8,
        min=0.05,
        soft_max=3.0,
        max=60.0,
        step=10,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.ease_to_rest, place, self.range(scene, place)[1], self.seconds)


class CHIRONOMY_OT_amplify(_RangeEdit, Operator):
    """Make what the hands do larger or smaller in the selected keys' frames, the preview range or else all frames"""

    bl_idname = "chironomy.amplify"
    bl_label = "Amplitude"

    factor: FloatProperty(
        name="Amplitude",
        translation_context=OWN,
        description="1 changes nothing, more strengthens, less calms",
        default=1.25,
        min=0.0,
        soft_max=2.0,
        max=4.0,
    )
    about: EnumProperty(
        name="About",
        translation_context=OWN,
        description="From where the hands are farther away, or less far",
        items=(
            ("LINE", "Ends", "The way from the first pose of the frames to the last, so that these stay"),
            ("MEAN", "Middle", "The middle of all poses of the frames"),
        ),
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.amplify, place, *self.range(scene, place), self.factor, self.about)


class CHIRONOMY_OT_smooth(_RangeEdit, Operator):
    """Take what is abrupt out of the hands' way in the selected keys' frames, the preview range or else all frames"""

    bl_idname = "chironomy.smooth"
    bl_label = "Smooth"

    factor: FloatProperty(
        name="Smooth",
        description="How much",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )

    def plan(self, scene: Scene, place: Place) -> Callable[[], Made]:
        return partial(editing.smooth, place, *self.range(scene, place), self.factor)


BUTTONS = (
    (("chironomy.move_pose", {}, "", "PROP_ON"),),
    (("chironomy.curl_fingers", {}, "", "NONE"), ("chironomy.spread_fingers", {}, "", "NONE")),
    (("chironomy.mirror_pose", {}, "", "NONE"), ("chironomy.mirror_motion", {}, "", "NONE")),
    (("chironomy.swap_hands", {}, "", "NONE"), ("chironomy.ease_to_rest", {}, "", "NONE")),
    (("chironomy.shift_time", {}, "", "NONE"), ("chironomy.stretch_time", {}, "", "NONE")),
    (("chironomy.hold_longer", {}, "", "NONE"), ("chironomy.smooth", {}, "", "NONE")),
    (
        ("chironomy.amplify", {"factor": 0.8}, "Calm", "NONE"),
        ("chironomy.amplify", {"factor": 1.25}, "Strengthen", "NONE"),
    ),
)
"""Rows of buttons: operator, its settings, another label, icon."""


def draw_buttons(layout, in_rows: bool) -> None:
    """Draw every button of this file, in rows or one below the other."""
    for buttons in BUTTONS:
        row = layout.row(align=True) if in_rows else layout
        for operator, chosen, label, icon in buttons:
            drawn = row.operator(operator, icon=icon, **({"text": label} if label else {}))
            for name, value in chosen.items():
                setattr(drawn, name, value)


CLASSES = (
    CHIRONOMY_OT_move_pose,
    CHIRONOMY_OT_curl_fingers,
    CHIRONOMY_OT_spread_fingers,
    CHIRONOMY_OT_mirror_pose,
    CHIRONOMY_OT_mirror_motion,
    CHIRONOMY_OT_swap_hands,
    CHIRONOMY_OT_shift_time,
    CHIRONOMY_OT_stretch_time,
    CHIRONOMY_OT_hold_longer,
    CHIRONOMY_OT_ease_to_rest,
    CHIRONOMY_OT_amplify,
    CHIRONOMY_OT_smooth,
)
