# SPDX-License-Identifier: GPL-3.0-or-later
"""The light that shows the character in the 3D view as in the video."""

import pytest

bpy = pytest.importorskip("bpy")


def names():
    return [light.name for light in bpy.context.preferences.studio_lights if light.type == "STUDIO"]


def test_blender_has_the_light_while_the_add_on_is_in_use(addon, desk):
    light = addon["view_light"]
    space = next(area.spaces.active for screen in bpy.data.screens for area in screen.areas if area.type == "VIEW_3D")
    assert light.light_view(space)
    assert names().count("chironomy.sl") == 1
    shading = space.shading
    assert (shading.type, shading.light, shading.studio_light) == ("SOLID", "STUDIO", "chironomy.sl")
    found = next(each for each in bpy.context.preferences.studio_lights if each.name == "chironomy.sl")
    # A key from the picture's upper left, as in the video.
    key = found.solid_lights[0]
    assert key.direction[0] < -0.3
    assert key.direction[1] > 0.5
    assert min(key.diffuse_color) > 0.5
    light.unregister()
    assert "chironomy.sl" not in names()
