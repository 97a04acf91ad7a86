# SPDX-License-Identifier: GPL-3.0-or-later
"""A character that is deleted takes its body with it, and nothing else goes."""

import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture
def scene(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.chironomy.add_character()
    return bpy.context.scene


def delete(scene):
    """Select the character and press X."""
    bpy.ops.object.select_all(action="DESELECT")
    scene.chironomy.character.select_set(True)
    bpy.ops.object.delete()


def names(scene):
    return sorted(item.name for item in scene.objects)


def test_the_body_goes_with_a_deleted_character(addon, scene):
    left_behind = addon["scene.left_behind"]
    assert left_behind.clear() == 0
    delete(scene)
    assert names(scene) == ["Character Body"]
    assert left_behind.clear() == 1
    assert names(scene) == []
    assert scene.chironomy.character is None
    assert "Character Body" not in bpy.data.meshes
    bpy.ops.chironomy.add_character()
    assert scene.chironomy.character.name in scene.objects


def test_another_character_keeps_its_body(addon, scene):
    bpy.ops.chironomy.add_character()
    delete(scene)
    assert addon["scene.left_behind"].clear() == 1
    assert names(scene) == ["Character", "Character Body"]


def test_a_body_that_somebody_made_their_own_stays(addon, scene):
    body = scene.objects["Character Body"]
    body.hide_select = False
    delete(scene)
    assert addon["scene.left_behind"].clear() == 0
    assert names(scene) == ["Character Body"]


def test_a_statue_that_no_armature_moves_stays(addon, scene):
    body = scene.objects["Character Body"]
    body.modifiers.clear()
    delete(scene)
    assert addon["scene.left_behind"].clear() == 0


def test_a_character_of_another_scene_is_left_alone(addon, scene):
    other = bpy.data.scenes.new("Other")
    other.collection.objects.link(scene.chironomy.character)
    delete(scene)
    assert addon["scene.left_behind"].clear() == 0
