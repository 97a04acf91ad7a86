# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks for who sends the character to another program while Blender plays."""

# Not `import bpy`: see `properties`.
from bpy.props import EnumProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from chironomy.exchange.vmc import PORT

from .locale import OWN


class ChironomyLive(PropertyGroup):
    """Where the character is sent to."""

    host: StringProperty(
        name="Host",
        description="The computer that receives: its name or its address",
        default="127.0.0.1",
    )
    port: IntProperty(
        name="Port",
        translation_context=OWN,
        description="Where it listens for the Virtual Motion Capture Protocol",
        default=PORT,
        min=1,
        max=65535,
    )
    face: EnumProperty(
        name="Face",
        translation_context=OWN,
        description="What the face's movements are called",
        items=(
            ("ARKIT", "ARKit's Names", "The 52 face actions, for models with perfect sync"),
            ("VRM", "VRM's Presets", "A, U, O and blinking, for models that have no others"),
            ("NONE", "No Face", "Bones alone"),
        ),
    )
