# SPDX-License-Identifier: GPL-3.0-or-later
"""An accepted take stays as it is, to the bit: what edits it goes into a copy, and says so."""

import pytest
from desk import FPS

bpy = pytest.importorskip("bpy")


@pytest.fixture
def scene(addon, rig):
    """A scene at frame 30 whose only take is accepted."""
    from blender_motions import gestures

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = FPS
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    addon["scene.new_takes"].new_take(scene, item, gestures(rig, 3.0, seed=2), "captured", {"seed": 2})
    scene.chironomy.takes[0].accepted = True
    scene.chironomy.edit_hands = "LEFT"
    scene.frame_set(30)
    return scene


def keys_of(addon, take):
    """Every number of every key of a take, and what its action carries."""
    read = addon["rig.actions"].key_columns
    curves = {
        (curve.data_path, curve.array_index, name): column.tolist()
        for curve in addon["rig.actions"].curves_of(take.action, take.slot)
        for name, column in read(curve).items()
    }
    return curves, sorted(take.action.keys())


EDITS = {
    "calm": lambda: bpy.ops.chironomy.amplify(factor=0.8),
    "mirror": lambda: bpy.ops.chironomy.mirror_motion(),
    "hand pose": lambda: bpy.ops.chironomy.apply_hand_pose(pose="fist", side="LEFT"),
    "lock": lambda: bpy.ops.chironomy.lock_poses(),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_an_accepted_take_goes_into_a_copy(addon, scene, capfd, name):
    taken = scene.chironomy.takes[0]
    before, action = keys_of(addon, taken), taken.action
    assert EDITS[name]() == {"FINISHED"}
    assert "in a copy, Take 2: Take 1 is accepted" in "".join(capfd.readouterr())
    first, copy = scene.chironomy.takes
    assert (first.name, copy.name, first.accepted, copy.accepted) == ("Take 1", "Take 2", True, False)
    assert keys_of(addon, first) == before
    assert first.action == action
    assert keys_of(addon, copy) != before
    assert scene.chironomy.character.animation_data.action == copy.action
    assert scene.chironomy.take_index == 1
    assert copy.label == "captured"
    # The copy is nobody's choice yet: what is edited next is edited in it.
    assert EDITS[name]() == {"FINISHED"}
    assert "in a copy" not in "".join(capfd.readouterr())
    assert len(scene.chironomy.takes) == 2
    # To compare both with one click.
    bpy.ops.chironomy.flip_take()
    assert scene.chironomy.character.animation_data.action == action


def test_a_layer_lies_over_the_copy_alone(addon, scene):
    scene.chironomy.on_layer = True
    taken = scene.chironomy.takes[0]
    before = keys_of(addon, taken)
    assert bpy.ops.chironomy.amplify(factor=0.5) == {"FINISHED"}
    assert keys_of(addon, scene.chironomy.takes[0]) == before
    assert [layer.title for layer in scene.chironomy.layers] == ["Amplitude"]
    # Accepted with its layer, the copy keeps it, whatever is done with the list.
    scene.chironomy.takes[1].accepted = True
    layered = keys_of(addon, scene.chironomy.takes[1])
    scene.chironomy.layers[0].weight = 0.5
    assert "Take 2 is accepted" in scene.chironomy.layer_trouble
    assert scene.chironomy.layers[0].weight == 1.0
    assert bpy.ops.chironomy.delete_layer() == {"FINISHED"}
    assert keys_of(addon, scene.chironomy.takes[1]) == layered
    assert [take.name for take in scene.chironomy.takes] == ["Take 1", "Take 2", "Take 3"]
    assert len(scene.chironomy.layers) == 0
    scene.chironomy.take_index = 1
    assert [layer.title for layer in scene.chironomy.layers] == ["Amplitude"]


def test_a_hand_that_is_posed_without_keys_is_kept_in_the_copy(addon, scene):
    hand = scene.chironomy.character.pose.bones["hand.L"]
    hand.location.z += 0.2
    there = hand.location.z
    assert bpy.ops.chironomy.move_pose() == {"FINISHED"}
    scene.frame_set(1)
    scene.frame_set(30)
    assert hand.location.z == pytest.approx(there, abs=1e-5)
    scene.chironomy.take_index = 0
    scene.frame_set(30)
    assert hand.location.z < there - 0.1


def test_an_edit_that_cannot_be_made_leaves_no_copy(addon, scene):
    before = len(bpy.data.actions)
    with pytest.raises(RuntimeError, match="No pose of yours"):
        bpy.ops.chironomy.release_poses()
    scene.frame_set(4000)
    with pytest.raises(RuntimeError, match="no range with keys"):
        bpy.ops.chironomy.amplify(frames="AROUND")
    assert [take.name for take in scene.chironomy.takes] == ["Take 1"]
    assert len(bpy.data.actions) == before
    assert scene.chironomy.character.animation_data.action == scene.chironomy.takes[0].action


def test_undo_takes_the_copy_back(addon, scene):
    bpy.context.preferences.edit.use_global_undo = True
    before = keys_of(addon, scene.chironomy.takes[0])
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.chironomy.amplify(factor=0.5) == {"FINISHED"}
    bpy.ops.ed.undo_push(message="Amplitude")
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert [take.name for take in scene.chironomy.takes] == ["Take 1"]
    assert keys_of(addon, scene.chironomy.takes[0]) == before
    assert scene.chironomy.character.animation_data.action == scene.chironomy.takes[0].action
