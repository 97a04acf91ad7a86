# SPDX-License-Identifier: GPL-3.0-or-later
"""A light for Blender's solid 3D view that shows the character as the video does, fitted by `make view-light`."""

from pathlib import Path

import bpy
from bpy.types import Context, SpaceView3D

LIGHT = Path(__file__).with_name("lights") / "chironomy.sl"

BLENDERS_OWN = "Default"
"""The name of the light that Blender's views have before anybody chooses one."""


def light_view(space: SpaceView3D) -> bool:
    """Light a 3D view as the video is; return whether Blender could load the light."""
    if not _loaded():
        return False
    shading = space.shading
    shading.type, shading.light, shading.color_type = "SOLID", "STUDIO", "MATERIAL"
    shading.studio_light = LIGHT.name
    shading.use_world_space_lighting = False
    return True


def light_untouched(context: Context) -> None:
    """Light the 3D views of the window in which nobody has chosen another light or colour."""
    for area in context.window.screen.areas if context.window is not None and not bpy.app.background else ():
        if area.type != "VIEW_3D":
            continue
        shading = area.spaces.active.shading
        if (shading.type, shading.light, shading.studio_light) == ("SOLID", "STUDIO", BLENDERS_OWN) and (
            shading.color_type == "MATERIAL"
        ):
            light_view(area.spaces.active)


def register() -> None:
    """Let Blender know of the light from now on, so that views of saved files find it."""
    if not bpy.app.background:
        _loaded()


def unregister() -> None:
    """Take it out of Blender's lights; views that had it are lit by Blender's own."""
    lights = bpy.context.preferences.studio_lights
    for light in [each for each in lights if _is_ours(each)]:
        lights.remove(light)


def _loaded() -> bool:
    lights = bpy.context.preferences.studio_lights
    if any(map(_is_ours, lights)):
        return True
    lights.load(str(LIGHT), "STUDIO")
    return any(map(_is_ours, lights))


def _is_ours(light: bpy.types.StudioLight) -> bool:
    return light.name == LIGHT.name and light.type == "STUDIO"
