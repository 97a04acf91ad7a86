# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig is read in slices: between them Blender shows what it showed, and whatever a person does, nothing is left.

Its keys do not tell all of it, so that Blender is asked frame by frame.
"""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FRAMES = 12


@pytest.fixture
def moving(addon, rig, monkeypatch):
    """A character with a motion and with a bone that was turned without a key; each frame is a slice."""
    from blender_motions import gestures

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 24, FRAMES
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    addon["scene.new_takes"].new_take(scene, item, gestures(rig, FRAMES / 24.0, seed=2), "a", {})
    item.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    scene.frame_set(5)
    item.pose.bones["hand.L"].location.x += 0.25
    monkeypatch.setattr(addon["slices"], "SLICE", 0.0)
    return item


def reading(addon, rig, item):
    return addon["rig.read"].reading_pose(item, rig, bpy.context.scene, 1, FRAMES + 1)


def held():
    """Return what the file holds."""
    return {name: sorted(getattr(bpy.data, name).keys()) for name in ("scenes", "objects", "meshes", "actions")}


def test_between_slices_everything_is_as_the_person_left_it(addon, rig, moving):
    before, posed = held(), tuple(moving.pose.bones["hand.L"].location)
    slices, count = reading(addon, rig, moving), 0
    for said in slices:
        if isinstance(said, tuple):
            count += 1
            assert tuple(moving.pose.bones["hand.L"].location) == posed
            assert bpy.context.scene.frame_current == 5
        else:
            break
    assert count == FRAMES
    assert held() == before


def test_what_is_moved_between_slices_stays_moved(addon, rig, moving):
    slices = addon["slices"].Slicing(lambda: reading(addon, rig, moving))
    assert not slices.go_on(0.0)
    moving.pose.bones["hand.L"].location.x = 0.75
    bpy.context.scene.frame_set(7)
    moving.pose.bones["hand.R"].location.x = 0.5
    _, hands = slices.to_the_end()
    assert hands.frame_count == FRAMES
    assert moving.pose.bones["hand.R"].location.x == 0.5
    assert bpy.context.scene.frame_current == 7


def test_reading_that_is_stopped_leaves_nothing(addon, rig, moving):
    before, posed = held(), tuple(moving.pose.bones["hand.L"].location)
    slices = addon["slices"].Slicing(lambda: reading(addon, rig, moving))
    assert not slices.go_on(0.0)
    assert held() != before
    slices.stop()
    assert held() == before
    assert tuple(moving.pose.bones["hand.L"].location) == posed


def test_a_step_back_in_history_begins_the_reading_again(addon, rig, moving):
    bpy.ops.ed.undo_push(message="before")
    target = addon["target"].Target.of(bpy.context.scene)
    _, whole = addon["slices"].drained(reading(addon, rig, moving))
    before = held()

    def read():
        _, item = target.find()
        return (yield from reading(addon, rig, item))

    slices = addon["slices"].Slicing(read)
    assert not slices.go_on(0.0)
    # A person's step while it is read holds what is there to read it.
    moving.pose.bones["hand.R"].location.x = 0.5
    bpy.ops.ed.undo_push(message="meanwhile")
    bpy.ops.ed.undo()
    _, again = slices.to_the_end()
    np.testing.assert_allclose(again.wrist_position, whole.wrist_position, atol=1e-6)
    assert held() == before
    bpy.ops.ed.redo()
    assert held() == before


def test_a_character_that_is_deleted_meanwhile_is_told_of(addon, rig, moving):
    slices = addon["slices"].Slicing(lambda: reading(addon, rig, moving))
    assert not slices.go_on(0.0)
    bpy.data.objects.remove(moving)
    with pytest.raises(addon["slices"].GoneError, match="was deleted meanwhile"):
        slices.to_the_end()
    assert len(bpy.data.scenes) == 1


def test_another_file_ends_the_reading(addon, rig, moving, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    slices = addon["slices"].Slicing(lambda: reading(addon, rig, moving))
    assert not slices.go_on(0.0)
    # What a person saves meanwhile holds what is there to read the rig, and it goes when the file is opened.
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "meanwhile.blend"))
    slices.stop()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "meanwhile.blend"))
    assert len(bpy.data.scenes) == 1
    assert not [name for name in bpy.data.objects.keys() if "Watcher" in name]  # noqa: SIM118


def test_an_armature_whose_bones_are_edited_meanwhile_is_told_of(addon, rig, moving):
    slices = addon["slices"].Slicing(lambda: reading(addon, rig, moving))
    assert not slices.go_on(0.0)
    bpy.context.view_layer.objects.active = moving
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(Exception, match="is in edit mode"):
        slices.to_the_end()
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_face_is_read_of_its_keys_as_blender_shows_it(addon, rig, moving, monkeypatch):
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    random = np.random.default_rng(0)
    values = np.clip(np.cumsum(random.normal(0.0, 0.15, (FRAMES, len(FACE_ACTIONS))), axis=0), 0.0, 1.0)
    scene, read = bpy.context.scene, addon["rig.read"]
    addon["rig.write_body"].write_face(moving, FaceTrack(24.0, values), scene, 1)
    blocks = addon["rig.build"].body_of(moving).data.shape_keys.key_blocks
    blocks["jawOpen"].mute = True
    quick = read.read_face(moving, scene, -3, FRAMES + 5).values
    monkeypatch.setattr(read, "_keys_tell_all", lambda *_: False)
    shown = read.read_face(moving, scene, -3, FRAMES + 5).values
    assert shown.max() > 0.2
    np.testing.assert_allclose(quick, shown, atol=5e-5)


@pytest.mark.parametrize("what", ["driver", "track", "modifier", "mute", "easing"])
def test_a_face_that_more_than_keys_moves_is_evaluated(addon, rig, moving, what):
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    scene, read = bpy.context.scene, addon["rig.read"]
    ramp = np.repeat(np.linspace(0.0, 1.0, FRAMES)[:, None], len(FACE_ACTIONS), axis=1)
    addon["rig.write_body"].write_face(moving, FaceTrack(24.0, ramp), scene, 1)
    shapes = addon["rig.build"].body_of(moving).data.shape_keys
    (curve,) = [curve for curve in addon["rig.actions"].all_curves(shapes) if '"jawOpen"' in curve.data_path]
    jaw = FACE_ACTIONS.index("jawOpen")
    if what == "driver":
        driven = shapes.driver_add('key_blocks["cheekPuff"].value').driver
        driven.type, driven.expression = "SCRIPTED", "0.25"
    elif what == "track":
        shapes.animation_data.nla_tracks.new()
    elif what == "modifier":
        curve.modifiers.new("NOISE")
    elif what == "mute":
        curve.mute = True
    else:
        curve.keyframe_points[0].interpolation = "EXPO"
    face = read.read_face(moving, scene, 1, FRAMES + 1).values
    scene.frame_set(7)
    assert face[6, jaw] == pytest.approx(min(max(shapes.key_blocks["jawOpen"].value, 0.0), 1.0), abs=1e-4)
