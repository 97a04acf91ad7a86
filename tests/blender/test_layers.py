# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers over a take: more or less of an edit, by its weight, and none of it without a trace."""

import numpy as np
import pytest
from desk import FRAMES, MILLIMETRE, TENTH_DEGREE, apart, generate, names, shown

bpy = pytest.importorskip("bpy")

LEFT, RIGHT, AT = 0, 1, 70


@pytest.fixture
def take(addon, rig, desk):
    """A scene with a take, at frame 70, whose edits lie on layers."""
    generate(desk, 1)
    desk.frame_set(AT)
    desk.chironomy.on_layer = True
    return desk


def all_keys(addon, scene):
    """Every number of every key."""
    read = addon["rig.actions"].key_columns
    return {
        (curve.data_path, curve.array_index, name): column.tolist()
        for curve in addon["rig.actions"].all_curves(scene.chironomy.character)
        for name, column in read(curve).items()
    }


def poses(addon, rig, scene, hand):
    curves = addon["rig.hand_curves"].HandCurves(scene.chironomy.character, rig, hand)
    return curves.poses(np.arange(1, FRAMES + 1))


def action_of(scene):
    return scene.chironomy.character.animation_data.action


def raise_left(scene, height=0.1):
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, height), hands="LEFT", radius=0.5) == {"FINISHED"}


def test_without_weight_a_layer_is_not_there_to_the_bit(addon, rig, take):
    before, seen = all_keys(addon, take), shown(addon, rig, take)
    raise_left(take)
    assert [layer.title for layer in take.chironomy.layers] == ["Move With Fall-Off"]
    assert apart(shown(addon, rig, take), seen, hand=LEFT)[0] > 0.05
    layer = take.chironomy.layers[0]
    layer.weight = 0.0
    assert all_keys(addon, take) == before
    layer.weight = 1.0
    layer.muted = True
    assert all_keys(addon, take) == before
    layer.muted = False
    raised = all_keys(addon, take)
    assert raised != before
    layer.weight = 0.3
    layer.weight = 1.0
    assert all_keys(addon, take) == raised
    assert bpy.ops.chironomy.delete_layer() == {"FINISHED"}
    assert all_keys(addon, take) == before
    assert len(take.chironomy.layers) == 0
    assert not bpy.ops.chironomy.delete_layer.poll()


def test_half_of_a_layer_is_half_of_the_way(addon, rig, take):
    from mathutils import Quaternion

    from chironomy.motion import rotation

    turn = tuple(Quaternion(rotation.from_rotation_vector([0.9, 0.4, -0.5])).to_euler())
    before = poses(addon, rig, take, RIGHT)
    assert bpy.ops.chironomy.move_pose(offset=(0.1, 0.0, 0.06), turn=turn, hands="RIGHT") == {"FINISHED"}
    after = poses(addon, rig, take, RIGHT)
    take.chironomy.layers[0].weight = 0.5
    half, at = poses(addon, rig, take, RIGHT), AT - 1
    assert np.linalg.norm(after.wrist_position[at] - before.wrist_position[at]) == pytest.approx(0.117, abs=0.001)
    np.testing.assert_allclose(
        half.wrist_position[at], 0.5 * (before.wrist_position[at] + after.wrist_position[at]), atol=1e-5
    )
    wanted = rotation.slerp(before.rotation[at], after.rotation[at], 0.5)
    assert np.degrees(rotation.angle(half.rotation[at], wanted)).max() < 0.05
    assert rotation.angle(after.rotation[at, 0], before.rotation[at, 0]) == pytest.approx(np.sqrt(1.22), abs=0.01)
    # All around it, too, as exactly as edits are.
    middle = 0.5 * (before.wrist_position + after.wrist_position)
    assert np.linalg.norm(half.wrist_position - middle, axis=1).max() < 0.004
    far = np.abs(np.arange(1, FRAMES + 1) - AT) > 13
    np.testing.assert_allclose(half.wrist_position[far], before.wrist_position[far], atol=1e-6)


def test_the_edit_on_a_layer_is_the_edit(addon, rig, take):
    before = poses(addon, rig, take, LEFT)
    raise_left(take)
    on_layer = poses(addon, rig, take, LEFT)
    assert bpy.ops.chironomy.delete_layer() == {"FINISHED"}
    take.chironomy.on_layer = False
    raise_left(take)
    direct = poses(addon, rig, take, LEFT)
    assert np.linalg.norm(direct.wrist_position - before.wrist_position, axis=1).max() == pytest.approx(0.1, abs=1e-4)
    assert np.linalg.norm(on_layer.wrist_position - direct.wrist_position, axis=1).max() < 0.004
    np.testing.assert_allclose(on_layer.wrist_position[AT - 1], direct.wrist_position[AT - 1], atol=1e-5)


def test_layers_lie_over_each_other_and_are_applied(addon, rig, take):
    raise_left(take)
    assert bpy.ops.chironomy.curl_fingers(hands="LEFT") == {"FINISHED"}
    assert bpy.ops.chironomy.move_pose(offset=(0.0, -0.05, 0.0), hands="BOTH") == {"FINISHED"}
    listed = [layer.title for layer in take.chironomy.layers]
    assert listed == ["Move With Fall-Off", "Curl", "Move With Fall-Off 2"]
    seen = shown(addon, rig, take)
    take.chironomy.layers[0].title = "Higher"
    assert [layer.name for layer in addon["scene.layers"].stack_of(action_of(take)).layers] == ["Higher", *listed[1:]]
    take.chironomy.layer_index = 1
    assert bpy.ops.chironomy.apply_layer() == {"FINISHED"}
    assert [layer.title for layer in take.chironomy.layers] == ["Move With Fall-Off 2"]
    assert apart(shown(addon, rig, take), seen)[0] < 0.004
    take.chironomy.layers[0].weight = 0.0
    off = poses(addon, rig, take, LEFT).wrist_position[AT - 1] - seen.wrist_position[AT - 1, LEFT]
    assert np.linalg.norm(off) == pytest.approx(0.05, abs=0.012)


def test_what_is_keyed_over_layers_is_kept(addon, rig, take):
    bare = poses(addon, rig, take, LEFT)
    raise_left(take)
    item = take.chironomy.character
    bone = item.pose.bones["hand.L"]
    # One pose within the layer's frames, one far from them.
    for frame in (AT + 4, 20):
        take.frame_set(frame)
        bone.location.x += 0.04
        bone.keyframe_insert("location", frame=frame)
    keyed = poses(addon, rig, take, LEFT)
    take.chironomy.layers[0].weight = 0.5
    addon["scene.layers"].list_again()
    assert [layer.title for layer in take.chironomy.layers] == ["Move With Fall-Off", "Own Keys"]
    half = poses(addon, rig, take, LEFT)
    far = slice(0, 50)
    np.testing.assert_allclose(half.wrist_position[far], keyed.wrist_position[far], atol=1e-6)
    here = AT + 4 - 1
    fall = 0.5 * (1.0 + np.cos(np.pi * 4 / 12)) * 0.1
    moved = half.wrist_position[here] - bare.wrist_position[here]
    np.testing.assert_allclose(moved[1], 0.5 * fall, atol=0.004)
    assert np.abs(moved[0]) == pytest.approx(0.04, abs=0.004)
    take.chironomy.layers[0].weight = 1.0
    again = poses(addon, rig, take, LEFT)
    assert np.linalg.norm(again.wrist_position - keyed.wrist_position, axis=1).max() < 0.01


def test_layers_go_with_their_take_into_the_file_and_its_copies(addon, rig, take, tmp_path):
    before = shown(addon, rig, take)
    raise_left(take)
    raised = shown(addon, rig, take)
    generate(take, 2)
    assert len(take.chironomy.layers) == 0
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "layers.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "layers.blend"))
    scene = bpy.context.scene
    scene.chironomy.take_index = 0
    assert [layer.title for layer in scene.chironomy.layers] == ["Move With Fall-Off"]
    assert bpy.ops.chironomy.duplicate_take() == {"FINISHED"}
    assert names(scene) == ["Take 1", "Take 2", "Take 3"]
    scene.chironomy.layers[0].weight = 0.0
    assert apart(shown(addon, rig, scene), before) == (0.0, 0.0)
    scene.chironomy.take_index = 0
    assert apart(shown(addon, rig, scene), raised) == (0.0, 0.0)
    assert scene.chironomy.layers[0].weight == 1.0


def test_keys_made_anew_in_another_detail_have_the_layer_over_them(addon, rig, take):
    before = shown(addon, rig, take)
    raise_left(take)
    take.chironomy.takes[0].detail = 1.0
    assert take.chironomy.takes[0].trouble == ""
    raised = shown(addon, rig, take)
    assert apart(raised, before, hand=LEFT)[0] > 0.05
    take.chironomy.layers[0].weight = 0.0
    dense = addon["scene.takes"].dense_of(take.chironomy.takes[0]).hands
    off = np.linalg.norm(shown(addon, rig, take).wrist_position - dense.wrist_position, axis=-1)
    assert np.percentile(off[:, LEFT], 95) < 0.001


def test_what_is_moved_in_time_goes_into_the_take_itself(addon, rig, take):
    raise_left(take)
    assert bpy.ops.chironomy.shift_time(shift=2, hands="BOTH") == {"FINISHED"}
    assert [layer.title for layer in take.chironomy.layers] == ["Move With Fall-Off"]


def lock_left(addon, scene):
    """Lock the curves of a hand as the graph editor does."""
    for curve in addon["rig.actions"].all_curves(scene.chironomy.character):
        curve.lock |= 'hand.L"' in curve.data_path


def of_left(numbers):
    return {place: column for place, column in numbers.items() if '.L"' in place[0] and "shoulder" not in place[0]}


def test_a_locked_hand_keeps_its_keys_and_its_layers(addon, rig, take):
    raise_left(take)
    lock_left(addon, take)
    before = all_keys(addon, take)
    take.chironomy.layers[0].weight = 0.5
    assert "hand.L is locked" in take.chironomy.layer_trouble
    assert all_keys(addon, take) == before
    assert take.chironomy.layers[0].weight == 1.0
    with pytest.raises(RuntimeError, match="is locked, muted or driven"):
        bpy.ops.chironomy.delete_layer()
    assert all_keys(addon, take) == before
    assert len(take.chironomy.layers) == 1
    # The other hand is free.
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.1), hands="RIGHT", radius=0.5) == {"FINISHED"}
    take.chironomy.takes[0].detail = 0.9
    assert take.chironomy.takes[0].trouble == ""
    after = all_keys(addon, take)
    assert of_left(after) == of_left(before)
    assert after != before
    assert [layer.title for layer in take.chironomy.layers] == ["Move With Fall-Off", "Move With Fall-Off 2"]


def test_a_pose_that_is_locked_in_a_layers_frames_stays_in_every_detail(addon, rig, take):
    raise_left(take)
    assert bpy.ops.chironomy.lock_poses(first=AT, last=AT) == {"FINISHED"}
    seen = shown(addon, rig, take)
    for detail in (0.0, 1.0):
        take.chironomy.takes[0].detail = detail
        place, turn = apart(shown(addon, rig, take), seen, frames=[AT - 1])
        assert place < MILLIMETRE
        assert turn < TENTH_DEGREE
    take.chironomy.layers[0].weight = 0.0
    owned, item = addon["rig.owned"], take.chironomy.character
    left = owned.spans(item, [owned.hand_unit(item, LEFT)], 24.0)["hand.L"]
    assert left.stretches == ((AT, AT),)


def test_a_hand_whose_keys_are_deleted_loses_its_layers(addon, rig, take):
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.1), hands="BOTH", radius=0.5) == {"FINISHED"}
    curves = addon["rig.actions"].curves(take.chironomy.character)
    for curve in [curve for curve in curves if '.L"' in curve.data_path]:
        curves.remove(curve)
    right = poses(addon, rig, take, RIGHT)
    take.chironomy.layers[0].weight = 0.5
    assert take.chironomy.layer_trouble == ""
    assert not of_left(all_keys(addon, take))
    assert np.linalg.norm(poses(addon, rig, take, RIGHT).wrist_position - right.wrist_position, axis=1).max() > 0.04
    for curve in list(curves):
        curves.remove(curve)
    take.chironomy.layers[0].weight = 0.25
    addon["scene.layers"].list_again()
    assert take.chironomy.layer_trouble == ""
    assert len(take.chironomy.layers) == 0


def test_a_layer_is_kept_where_no_slot_is_played(addon, rig, take):
    raise_left(take)
    data, before = take.chironomy.character.animation_data, all_keys(addon, take)
    slot = getattr(data, "action_slot", None)
    if slot is None:
        return  # an action of this Blender is played as a whole
    data.action_slot = None
    take.chironomy.layers[0].weight = 0.5
    assert "plays no slot of its action" in take.chironomy.layer_trouble
    data.action_slot = slot
    assert all_keys(addon, take) == before
    raised = shown(addon, rig, take)
    take.chironomy.layers[0].weight = 0.25
    assert take.chironomy.layer_trouble == ""
    assert apart(shown(addon, rig, take), raised)[0] > 0.05
    take.chironomy.layers[0].weight = 1.0
    assert apart(shown(addon, rig, take), raised)[0] < MILLIMETRE
