# SPDX-License-Identifier: GPL-3.0-or-later
"""Who speaks in a sound strip, as a person chose it."""

# Not `import bpy`: see `properties`.
from bpy import types
from bpy.props import BoolProperty, PointerProperty
from bpy.types import Object, PropertyGroup

from .rig.build import is_character

STRIP = types.Strip if hasattr(types, "Strip") else types.Sequence
"""What a strip of the sequencer is, which was called otherwise before Blender 4.4."""


class ChironomyTurn(PropertyGroup):
    """Who speaks in a sound strip."""

    who: PointerProperty(
        name="Speaker",
        description=(
            "The character who speaks in this strip; where none is chosen, the one whose name is in the name of the "
            "strip, its file or its channel, else the channels belong to the characters in their order"
        ),
        type=Object,
        poll=lambda _self, item: is_character(item),
    )
    nobody: BoolProperty(
        name="Nobody Speaks",
        description="The strip is music or noise, to which nobody gestures and nobody listens",
    )


def turn_of(strip: STRIP) -> ChironomyTurn:
    """Return what was chosen for a strip."""
    return strip.chironomy_turn
