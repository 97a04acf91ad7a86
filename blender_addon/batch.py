# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks a batch for."""

# Not `import bpy`: see `properties`.
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from chironomy.gesture.settings import STYLES

from .entries import BLEND_RELATIVE
from .locale import OWN
from .titles import title


class ChironomyBatch(PropertyGroup):
    """Many recordings to scenes, as this file is set up."""

    recordings: StringProperty(
        name="Recordings",
        description="The folder with the recordings; a script (.txt, .srt, .vtt …) beside one, of its name, is used",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
    )
    out: StringProperty(
        name="Scenes",
        description="The folder for what is made, with a folder for each scene; what is there already stays",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
    )
    styles: EnumProperty(
        name="Styles",
        description="Make each recording in each of these; where none is chosen, in the style that is set",
        items=[(style, title(style), "") for style in STYLES],
        options={"ENUM_FLAG"},
        translation_context=OWN,
    )
    seeds: IntProperty(
        name="Seeds",
        description="How many scenes are made of each recording and style, each with the next seed",
        default=1,
        min=1,
        max=20,
    )
    fbx: BoolProperty(name="FBX", description="Write the character as FBX, too", default=True)
    motion: BoolProperty(name="Motion", description="Write the hands' motion (.npz), too")
    video: BoolProperty(
        name="Video",
        translation_context=OWN,
        description="Render the video, too, as it is set in Render; by the backend",
    )
    processes: IntProperty(
        name="At a Time",
        description="How many Blenders without a window make scenes at the same time",
        default=2,
        min=1,
        max=64,
    )
