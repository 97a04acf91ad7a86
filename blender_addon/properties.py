# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene knows of its speech, its character and how motion and video are made."""

from bpy.props import EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty
from bpy.types import Context, Object, PropertyGroup, Scene

from chironomy.gesture.styles import STYLES

from .rig.build import is_character

ENGINES = (("previz", "Preview", "The character itself, drawn on the processor without any model"),)


def _forget_fit(chosen: PropertyGroup, _context: Context) -> None:
    """A fit belongs to the portrait that it was made from."""
    chosen.fit = ""


class ChironomySettings(PropertyGroup):
    speech: StringProperty(
        name="Speech",
        description="The recording that the hands follow",
        subtype="FILE_PATH",
    )
    character: PointerProperty(
        name="Character",
        description="The character that gets the motion",
        type=Object,
        poll=lambda _self, item: is_character(item),
    )
    style: EnumProperty(
        name="Style",
        description="Manner of the gestures",
        items=[(style, style.capitalize(), "") for style in STYLES],
    )
    speed: FloatProperty(
        name="Speed",
        description="How fast the hands move, 1 being usual",
        default=1.0,
        min=0.25,
        max=4.0,
        soft_min=0.5,
        soft_max=2.0,
    )
    amplitude: FloatProperty(
        name="Amplitude",
        description="How large the gestures are, 1 being usual",
        default=1.0,
        min=0.0,
        max=3.0,
        soft_min=0.25,
        soft_max=2.0,
    )
    seed: IntProperty(
        name="Seed",
        description="Another seed gives other gestures, the same seed the same",
        default=0,
        min=0,
    )
    portrait: StringProperty(
        name="Portrait",
        description="A half-body picture of the person whom the video is to show",
        subtype="FILE_PATH",
        update=_forget_fit,
    )
    fit: StringProperty(
        name="Fit",
        description="Where the character is in the portrait (chironomy.fit/1)",
        options={"HIDDEN"},
    )
    engine: EnumProperty(
        name="Engine",
        description="What draws the video",
        items=ENGINES,
    )
    width: IntProperty(
        name="Width",
        description="Of the video, in pixels",
        default=512,
        min=64,
        max=4096,
        step=2,
        subtype="PIXEL",
    )
    height: IntProperty(
        name="Height",
        description="Of the video, in pixels",
        default=704,
        min=64,
        max=4096,
        step=2,
        subtype="PIXEL",
    )


def settings(scene: Scene) -> ChironomySettings:
    """Return the scene's settings."""
    return scene.chironomy


def character(scene: Scene) -> Object | None:
    """Return the scene's character, or None where it was deleted or never added."""
    item = settings(scene).character
    return item if is_character(item) and item.name in scene.objects else None
