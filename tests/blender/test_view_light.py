# SPDX-License-Identifier: GPL-3.0-or-later
"""The light that shows the character in the 3D view as in the video."""

from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")


def ours():
    return [light for light in bpy.context.preferences.studio_lights if light.name == "chironomy.sl"]


@pytest.fixture
def light(addon, desk):
    light = addon["view_light"]
    light.copy_of_light().unlink(missing_ok=True)
    yield light
    light.unregister()
    light.copy_of_light().unlink(missing_ok=True)


@pytest.fixture
def space(desk):
    return next(area.spaces.active for screen in bpy.data.screens for area in screen.areas if area.type == "VIEW_3D")


def delete_as_blender_does(found):
    """What the button beside a light in the preferences does."""
    Path(found.path).unlink()
    bpy.context.preferences.studio_lights.remove(found)


def test_a_view_gets_the_light_when_it_is_asked_for(light, space):
    assert not ours()
    assert not light.is_lit(space)
    light.light_view(space)
    light.light_view(space)
    assert light.is_lit(space)
    (found,) = ours()
    shading = space.shading
    assert (shading.type, shading.light, shading.studio_light) == ("SOLID", "STUDIO", "chironomy.sl")
    # A key from the picture's upper left, as in the video.
    key = found.solid_lights[0]
    assert key.direction[0] < -0.3
    assert key.direction[1] > 0.5
    assert min(key.diffuse_color) > 0.5
    light.unregister()
    assert not ours()


def test_the_button_lights_a_view_and_gives_it_back_what_it_had(light, space):
    space.shading.color_type = "OBJECT"
    before = (space.shading.light, space.shading.studio_light, space.shading.color_type)
    light.light_view(space)
    light.light_view(space)
    light.unlight_view(space)
    assert (space.shading.light, space.shading.studio_light, space.shading.color_type) == before
    light.light_view(space)
    # As in another session, where a saved file is lit.
    light._before.clear()
    light.unlight_view(space)
    assert (space.shading.light, space.shading.color_type) == ("STUDIO", "MATERIAL")
    assert not light.is_lit(space)


def test_neither_the_add_on_nor_a_character_changes_a_view_or_blenders_lights(light, space):
    before = (space.shading.studio_light, space.shading.color_type)
    light.register()
    assert bpy.ops.chironomy.add_character() == {"FINISHED"}
    assert (space.shading.studio_light, space.shading.color_type) == before
    assert not ours()


def test_what_blender_can_delete_is_no_file_of_the_extension(light, space):
    light.light_view(space)
    (found,) = ours()
    assert Path(found.path) == light.copy_of_light()
    assert not Path(found.path).is_relative_to(light.LIGHT.parents[1])
    delete_as_blender_does(found)
    assert light.LIGHT.is_file()


def test_a_deleted_light_stays_away_until_it_is_asked_for(light, space, monkeypatch):
    light.light_view(space)
    delete_as_blender_does(*ours())
    # As at the next start with a window.
    monkeypatch.setattr(light.bpy, "app", type("App", (), {"background": False}), raising=False)
    light.register()
    assert not ours()
    light.light_view(space)
    assert len(ours()) == 1
    light.unregister()
    light.register()
    assert len(ours()) == 1


def test_the_light_of_another_version_is_replaced(light, space):
    light.light_view(space)
    text = light.LIGHT.read_text()
    light.copy_of_light().write_text(text.replace("light[0].flag 1", "light[0].flag 0"))
    light.unregister()
    light.light_view(space)
    assert light.copy_of_light().read_text() == text
    assert len(ours()) == 1


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(light, space):
    folder = light.copy_of_light().parent
    if folder.is_dir():
        folder.rmdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("no folder")
    try:
        with pytest.raises(Exception, match=r"the light .*chironomy\.sl cannot be written"):
            light.light_view(space)
    finally:
        folder.unlink()
