# SPDX-License-Identifier: GPL-3.0-or-later
"""Where gestures are made, where the backend is and where renders go."""

from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy.types import Context

from .entries import BLEND_RELATIVE
from .locale import OWN

ADDON = __package__


class Choices:
    """What a person chooses once for all files; `preferences_page` registers it."""

    gestures: EnumProperty(
        name="Gestures",
        description="Where Generate makes them",
        items=(
            ("BLENDER", "In Blender", "Within Blender, with nothing set up"),
            ("BACKEND", "By the Backend", "Another process, which Set Up Backend installs or the address names"),
        ),
        default="BLENDER",
    )
    address: StringProperty(
        name="Address",
        description="Of a backend that you run yourself, such as http://127.0.0.1:8123; "
        "empty, Blender starts one of its own",
    )
    token_file: StringProperty(
        name="Token File",
        description="The file with the secret of the backend at that address; chironomy serve names it",
        subtype="FILE_PATH",
    )
    ca: StringProperty(
        name="Authority",
        description="PEM file of the authority that vouches for the backend at that address; "
        "empty, those that this computer knows",
        subtype="FILE_PATH",
    )
    python: StringProperty(
        name="Python",
        description="Interpreter of the environment that the backend is installed in; Set Up Backend fills it in",
        subtype="FILE_PATH",
    )
    find: BoolProperty(
        name="Find a Backend That Runs",
        description="Use a backend of yours that runs on this computer, by chironomy serve, before starting one",
        default=True,
    )
    warm_up: BoolProperty(
        name="Warm Up",
        description="As soon as a speech is loaded, start the backend that makes the gestures, or else listen to it",
        default=True,
    )
    pytorch: EnumProperty(
        name="PyTorch",
        description="What Set Up Backend installs for the video engines that are networks",
        items=(
            ("DETECT", "As This Machine Has", "NVIDIA's where an NVIDIA GPU is found, and else the one for the CPU"),
            ("CPU", "CPU", "PyTorch that computes on the processor, on Apple's own also on their GPU"),
            ("NVIDIA", "NVIDIA GPU", "PyTorch with NVIDIA's libraries, some GB"),
            ("NONE", "Without PyTorch", "The smallest: previews, portraits and gestures, but no emo2, vace or animate"),
        ),
        default="DETECT",
    )
    renders: StringProperty(
        name="Renders",
        translation_context=OWN,
        description="Folder for rendered videos; in an unsaved file // is this extension's own folder",
        subtype="DIR_PATH",
        options=BLEND_RELATIVE,
        default="//renders",
    )


def preferences(context: Context) -> Choices:
    """Return the add-on's preferences."""
    return context.preferences.addons[ADDON].preferences
