# SPDX-License-Identifier: GPL-3.0-or-later
"""What our character knows of the person's own character that gets its motion."""

# Not `import bpy`: see `properties`.
from typing import Any

from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import Context, Object, PropertyGroup

from chironomy.errors import ChironomyError

from .entries import answers
from .locale import OWN


def _map_bone(row: "ChironomyOwnBone", _context: Context) -> None:
    """Look at the map of a person's character with the bone that was picked for a role."""
    if not row.quiet:
        _answer_own("map bone", row, row.id_data.chironomy_own)


def _hand_over(own: "ChironomyOwn", _context: Context) -> None:
    """Make the keys of a person's character anew with what was chosen."""
    if not own.quiet:
        _answer_own("hand over", own, own)


def _answer_own(wish: str, chosen: Any, own: "ChironomyOwn") -> None:
    """Do something for a person's character; where it cannot be done, the panel says why."""
    try:
        if wish in answers:
            answers[wish](chosen.id_data, chosen)
    except ChironomyError as error:
        own.trouble = str(error)


class ChironomyOwnBone(PropertyGroup):
    """The bone of a role of a person's character; its name is the role."""

    bone: StringProperty(name="Bone", description="The bone that moves so", update=_map_bone)
    status: StringProperty(options={"HIDDEN"})
    reason: StringProperty(options={"HIDDEN"})
    quiet: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})


class ChironomyOwn(PropertyGroup):
    """A person's own character that gets the hands' motion of ours."""

    item: PointerProperty(name="Own Character", type=Object, options={"HIDDEN"})
    bone_map: StringProperty(options={"HIDDEN"})
    bones: CollectionProperty(type=ChironomyOwnBone)
    bone_index: IntProperty(name="Bone", description="The bone of the list that is looked at")
    standard: StringProperty(options={"HIDDEN"})
    confidence: FloatProperty(options={"HIDDEN"})
    reason: StringProperty(options={"HIDDEN"})
    trouble: StringProperty(options={"HIDDEN"})
    quiet: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    part: EnumProperty(
        name="Part",
        translation_context=OWN,
        description="What of the gestures the character gets; everything else stays as its own animation has it",
        items=(
            ("ARMS", "Whole Arms", "Arms, wrists and fingers"),
            ("WRISTS", "Wrists and Fingers", "The arms go on as in its own animation"),
            ("FINGERS", "Fingers Alone", "Arms and wrists go on as in its own animation"),
        ),
        update=_hand_over,
    )
    hands: EnumProperty(
        name="Hands",
        description="Which hands it gets; the other one, which may hold something, stays as its own animation has it",
        items=(
            ("BOTH", "Both", "Both hands"),
            ("LEFT", "Left", "The person's left hand"),
            ("RIGHT", "Right", "The person's right hand"),
        ),
        update=_hand_over,
    )
    weight: FloatProperty(
        name="Weight",
        description="How much of the gestures there is over the character's own animation",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_hand_over,
    )


def own_of(character: Object) -> ChironomyOwn:
    """Return what is known of the person's own character that gets the motion of ours."""
    return character.chironomy_own
