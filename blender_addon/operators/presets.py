# SPDX-License-Identifier: GPL-3.0-or-later
"""Manners of gesturing by name: those that come with the add-on, and one's own in Blender's folder for presets."""

from typing import NamedTuple

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import EnumProperty
from bpy.types import Context, Operator, Panel

from ..locale import OWN
from ..properties import settings

SETTINGS = (
    "style",
    "speed",
    "amplitude",
    "rate",
    "emotion",
    "emotion_strength",
    "emotion_mixture",
    "accompany",
    "seated",
)
"""What a preset sets."""


class Manner(NamedTuple):
    """A preset that comes with the add-on; its fields after the first two are `SETTINGS`."""

    label: str
    description: str
    style: str
    speed: float = 1.0
    amplitude: float = 1.0
    rate: float = 1.0
    emotion: str = "neutral"
    emotion_strength: float = 1.0
    emotion_mixture: str = ""
    accompany: bool = True
    seated: bool = False


SHIPPED = {
    "PRESENTER": Manner(
        "Presenter",
        "Explains to an audience: open hands of usual size, friendly",
        style="open",
        amplitude=1.1,
        emotion="happy",
        emotion_strength=0.3,
    ),
    "STORYTELLER": Manner(
        "Storyteller",
        "Tells with the whole upper body: large, quick and frequent gestures",
        style="lively",
        speed=1.1,
        amplitude=1.3,
        rate=1.2,
        emotion="happy",
        emotion_strength=0.5,
    ),
    "INTERVIEW": Manner(
        "Interview",
        "Sits and answers: easy gestures, the hands on the lap in between",
        style="open",
        amplitude=0.9,
        rate=0.8,
        emotion="happy",
        emotion_strength=0.2,
        seated=True,
    ),
    "RESERVED": Manner(
        "Reserved",
        "Speaks with few small gestures, the hands mostly at rest",
        style="reserved",
        speed=0.9,
        amplitude=0.7,
        rate=0.7,
    ),
}


class CHIRONOMY_OT_apply_preset(Operator):
    """Set style, speed, size, rate and emotion of the gestures, and whether one sits, as the preset has them"""

    bl_idname = "chironomy.apply_preset"
    bl_label = "Apply Gesture Preset"
    bl_options = {"REGISTER", "UNDO"}

    preset: EnumProperty(
        name="Preset",
        description="The manner of gesturing",
        items=[(name, manner.label, manner.description) for name, manner in SHIPPED.items()],
        translation_context=OWN,
    )

    def execute(self, context: Context) -> set[str]:
        chosen = settings(context.scene)
        for name in SETTINGS:
            setattr(chosen, name, getattr(SHIPPED[self.preset], name))
        return {"FINISHED"}


class CHIRONOMY_OT_add_preset(AddPresetBase, Operator):
    """Keep the gestures' settings as a preset of your own, or remove one"""

    bl_idname = "chironomy.add_preset"
    bl_label = "Add Gesture Preset"

    preset_menu = "CHIRONOMY_PT_presets"
    preset_subdir = "chironomy/gestures"
    preset_values = tuple(f"bpy.context.scene.chironomy.{name}" for name in SETTINGS)


class CHIRONOMY_PT_presets(PresetPanel, Panel):
    bl_idname = "CHIRONOMY_PT_presets"
    bl_label = "Gesture Presets"

    preset_subdir = CHIRONOMY_OT_add_preset.preset_subdir
    preset_operator = "script.execute_preset"
    preset_add_operator = CHIRONOMY_OT_add_preset.bl_idname

    def draw(self, context: Context) -> None:
        # As Blender's own list of presets is drawn, which follows.
        self.layout.emboss = "PULLDOWN_MENU"
        self.layout.operator_enum(CHIRONOMY_OT_apply_preset.bl_idname, "preset")
        self.layout.separator()
        if bpy.utils.preset_paths(self.preset_subdir):
            super().draw(context)
            return
        # There is no folder before the first preset of one's own, of which Blender's list would complain.
        row, name = self.layout.row(), context.window_manager.preset_name
        field = row.row()
        field.emboss = "NORMAL"
        field.prop(context.window_manager, "preset_name", text="")
        row.operator(self.preset_add_operator, text="", icon="ADD").name = name


CLASSES = (CHIRONOMY_OT_apply_preset, CHIRONOMY_OT_add_preset, CHIRONOMY_PT_presets)
