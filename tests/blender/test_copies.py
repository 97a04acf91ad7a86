# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of scenes and takes that are good: nothing is changed behind a person's back."""

import pytest
from desk import apart, generate, names, shown

bpy = pytest.importorskip("bpy")


def test_a_full_copy_of_a_scene_has_takes_of_its_own(addon, rig, desk):
    generate(desk, 1)
    generate(desk, 2)
    desk.chironomy.take_index = 0
    first = shown(addon, rig, desk)
    desk.chironomy.take_index = 1
    second = shown(addon, rig, desk)
    bpy.ops.scene.new(type="FULL_COPY")
    copy = bpy.context.scene
    # As the window's next redraw does.
    copy.chironomy.character.update_tag()
    bpy.context.view_layer.update()
    assert copy != desk
    assert names(copy) == names(desk)
    assert copy.chironomy.character != desk.chironomy.character
    for one, other in zip(copy.chironomy.takes, desk.chironomy.takes, strict=True):
        assert one.item == copy.chironomy.character
        assert one.action != other.action
        assert one.face_action is None or one.face_action != other.face_action
    # Each take is edited in the copy; the scene that was copied is as it was.
    for index in (0, 1):
        copy.chironomy.take_index = index
        copy.frame_set(70)
        assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.06), hands="LEFT") == {"FINISHED"}
    assert apart(shown(addon, rig, copy), second)[0] > 0.04
    bpy.context.window.scene = desk
    assert apart(shown(addon, rig, desk), second) == (0.0, 0.0)
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)


def test_a_full_copy_shows_its_take_with_the_layers_over_it(addon, rig, desk):
    generate(desk, 1)
    desk.frame_set(70)
    desk.chironomy.on_layer = True
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.1), hands="LEFT", radius=0.5) == {"FINISHED"}
    raised = shown(addon, rig, desk)
    bpy.ops.scene.new(type="FULL_COPY")
    copy = bpy.context.scene
    copy.chironomy.character.update_tag()
    bpy.context.view_layer.update()
    assert addon["scene.takes"].shown_take(copy, copy.chironomy.character) == copy.chironomy.takes[0]
    copy.chironomy.layers[0].weight = 0.0
    assert copy.chironomy.layer_trouble == ""
    assert apart(shown(addon, rig, copy), raised)[0] > 0.05
    bpy.context.window.scene = desk
    assert apart(shown(addon, rig, desk), raised) == (0.0, 0.0)
    desk.chironomy.layers[0].weight = 0.5
    assert desk.chironomy.layer_trouble == ""


def test_the_keys_of_an_accepted_take_are_not_made_anew(addon, rig, desk):
    generate(desk, 1)
    take, before = desk.chironomy.takes[0], shown(addon, rig, desk)
    take.accepted, detail = True, take.detail
    take.detail = 0.1
    assert take.trouble == "Take 1 is accepted; take its check mark away first, or change a duplicate"
    assert take.detail == pytest.approx(detail)
    assert apart(shown(addon, rig, desk), before) == (0.0, 0.0)
    assert bpy.ops.chironomy.duplicate_take() == {"FINISHED"}
    desk.chironomy.takes[1].detail = 0.1
    assert desk.chironomy.takes[1].trouble == ""
    assert apart(shown(addon, rig, desk), before)[0] > 0.001
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), before) == (0.0, 0.0)


def test_a_click_cannot_select_the_skin_over_the_rig(addon, desk, tmp_path):
    item = desk.chironomy.character
    body = addon["rig.build"].body_of(item)
    bpy.ops.object.select_all(action="SELECT")
    assert bpy.context.selected_objects == [item]
    # A file of before is as one of now.
    body.hide_select = False
    desk.chironomy.steps_taken = 2
    addon["migration"].migrate()
    assert body.hide_select
