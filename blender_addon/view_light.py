# SPDX-License-Identifier: GPL-3.0-or-later
"""A light for Blender's solid 3D view that shows the character as the video does, fitted by `make view-light`.

Blender lists a loaded light among the person's own, in *Preferences > Lights*, with a button that deletes its file. So
what is loaded is a copy, in the extension's folder for files that it makes; and only from when the light was first
asked for. One that was deleted stays away until it is asked for again.
"""

from contextlib import suppress
from pathlib import Path

import bpy
from bpy.types import SpaceView3D

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path

_LOOKS = ("type", "light", "color_type", "studio_light", "use_world_space_lighting")

_BLENDERS_OWN = ("SOLID", "STUDIO", "MATERIAL", "Default", False)
"""What a 3D view has before anybody chooses another light."""

_before: dict[int, tuple[object, ...]] = {}
"""What views had before they were lit as the video is, by their place in memory in this session."""

LIGHT = Path(__file__).with_name("lights") / "chironomy.sl"


def light_view(space: SpaceView3D) -> None:
    """Light a 3D view as the video is.

    Raises:
        ChironomyError: the light cannot be kept where Blender loads it from, or Blender does not load it.
    """
    _load()
    shading = space.shading
    if not is_lit(space):
        _before[space.as_pointer()] = tuple(getattr(shading, name) for name in _LOOKS)
    shading.type, shading.light, shading.color_type = "SOLID", "STUDIO", "MATERIAL"
    shading.studio_light = LIGHT.name
    shading.use_world_space_lighting = False


def unlight_view(space: SpaceView3D) -> None:
    """Light a 3D view as it was before, or by Blender's own light where that is not known."""
    for name, value in zip(_LOOKS, _before.pop(space.as_pointer(), _BLENDERS_OWN), strict=True):
        # A light that was there may have been removed.
        with suppress(TypeError):
            setattr(space.shading, name, value)


def is_lit(space: SpaceView3D) -> bool:
    """Whether a 3D view is lit as the video is."""
    shading = space.shading
    return (shading.type, shading.light, shading.color_type) == ("SOLID", "STUDIO", "MATERIAL") and (
        shading.studio_light == LIGHT.name
    )


def register() -> None:
    """Let Blender know of the light where it was asked for before, so that views of saved files find it."""
    if not bpy.app.background and copy_of_light().is_file():
        try:
            _load()
        except ChironomyError as error:
            print(error)


def unregister() -> None:
    """Take it out of Blender's lights; views that had it are lit by Blender's own."""
    lights = bpy.context.preferences.studio_lights
    for light in [each for each in lights if _is_ours(each)]:
        lights.remove(light)


def copy_of_light() -> Path:
    """Return the file that Blender loads; it may not be there."""
    return Path(bpy.utils.extension_path_user(__package__, path="lights")) / LIGHT.name


def _load() -> None:
    """Let Blender have the light; what it has already stays."""
    lights = bpy.context.preferences.studio_lights
    copy, wanted = copy_of_light(), LIGHT.read_bytes()
    if not copy.is_file() or copy.read_bytes() != wanted:
        # An earlier version's goes with its file.
        unregister()
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(copy) as unfinished:
                unfinished.write_bytes(wanted)
        except OSError as error:
            raise ChironomyError(f"the light {copy} cannot be written: {error.strerror or error}") from error
    if not any(map(_is_ours, lights)):
        lights.load(str(copy), "STUDIO")
    if not any(map(_is_ours, lights)):
        raise ChironomyError("Blender cannot load the light; install the extension again")


def _is_ours(light: bpy.types.StudioLight) -> bool:
    return light.name == LIGHT.name and light.type == "STUDIO"
