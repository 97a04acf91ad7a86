# SPDX-License-Identifier: GPL-3.0-or-later
"""Import, export and adding a character change what they are asked to, and nothing else of the scene."""

import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture
def scene(addon):
    """A scene that its person has set up: rate, range, a cube that is chosen and animated, a frame in between."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.001
    scene.frame_start, scene.frame_end = 11, 77
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 20, 40
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    cube.keyframe_insert("location", frame=3)
    cube.location.x = 2.0
    cube.keyframe_insert("location", frame=50)
    scene.tool_settings.use_keyframe_insert_auto = True
    scene.frame_set(33, subframe=0.25)
    return scene


def alone(addon, scene, *but):
    """What nobody asked to be changed."""
    layer, actions = bpy.context.view_layer, addon["rig.actions"]
    found = {
        "rate": (scene.render.fps, scene.render.fps_base),
        "range": (scene.frame_start, scene.frame_end),
        "preview": (scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end),
        "frame": (scene.frame_current, scene.frame_subframe),
        "camera": scene.camera,
        "size": (scene.render.resolution_x, scene.render.resolution_y),
        "auto keys": scene.tool_settings.use_keyframe_insert_auto,
        "sync": scene.sync_mode,
        "mode": bpy.context.mode,
        "active": layer.objects.active.name,
        "selected": sorted(item.name for item in scene.objects if item.select_get()),
        "bones": sorted(
            bone.name
            for item in scene.objects
            if item.type == "ARMATURE"
            for bone in item.pose.bones
            if holder(bone).select
        ),
        "places": {item.name: tuple(map(tuple, item.matrix_world)) for item in scene.objects if item.name == "Cube"},
        "actions": {
            action.name: [actions.key_columns(curve)["co"].tolist() for curve in curves_of(action)]
            for action in bpy.data.actions
        },
        "scenes": [each.name for each in bpy.data.scenes],
    }
    return {name: value for name, value in found.items() if name not in but}


def holder(bone):
    """What knows whether a pose bone is selected: since Blender 5 itself, earlier its bone."""
    return bone if hasattr(bone, "select") else bone.bone


def curves_of(action):
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves
    ]


def only_more_actions(before, after):
    """Compare, where a new action may be there beside those of before."""
    kept = {name: keys for name, keys in after["actions"].items() if name in before["actions"]}
    assert before == after | {"actions": kept}
    assert len(after["actions"]) > len(before["actions"])


@pytest.fixture
def motion(rig, tmp_path):
    import numpy as np
    from blender_motions import gestures

    from chironomy.body.performance import Performance, save_performance
    from chironomy.motion import FACE_ACTIONS, FaceTrack, save_hands

    hands = gestures(rig, 2.0, seed=1)
    save_hands(hands, tmp_path / "hands.npz")
    face = FaceTrack(24.0, np.zeros((hands.frame_count, len(FACE_ACTIONS))))
    save_performance(Performance(hands, face, None), tmp_path / "all.zip")
    return tmp_path


@pytest.mark.parametrize("name", ["hands.npz", "all.zip"])
@pytest.mark.parametrize("mode", ["OBJECT", "POSE", "EDIT_MESH"])
def test_importing_a_motion_changes_the_character_alone(addon, scene, motion, name, mode):
    cube = bpy.context.active_object
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    if mode == "POSE":
        bpy.ops.object.mode_set(mode="POSE")
        holder(item.pose.bones["index1.L"]).select = True
    else:
        bpy.ops.object.select_all(action="DESELECT")
        cube.select_set(True)
        bpy.context.view_layer.objects.active = cube
        if mode == "EDIT_MESH":
            bpy.ops.object.mode_set(mode="EDIT")
    scene.frame_set(33, subframe=0.25)
    before = alone(addon, scene)
    assert before["mode"] == mode
    assert bpy.ops.chironomy.import_motion(filepath=str(motion / name)) == {"FINISHED"}
    only_more_actions(before, alone(addon, scene))


def test_a_second_import_leaves_the_first_as_it_was(addon, scene, motion):
    bpy.ops.chironomy.add_character()
    bpy.ops.chironomy.import_motion(filepath=str(motion / "all.zip"))
    before = alone(addon, scene)
    bpy.ops.chironomy.import_motion(filepath=str(motion / "hands.npz"))
    only_more_actions(before, alone(addon, scene))


def test_adding_a_character_chooses_it_and_changes_nothing_else(addon, scene):
    before = alone(addon, scene, "active", "selected", "bones")
    bpy.ops.chironomy.add_character()
    after = alone(addon, scene, "active", "selected", "bones")
    after["places"] = {name: after["places"][name] for name in before["places"]}
    assert after == before
    assert bpy.context.view_layer.objects.active == scene.chironomy.character


@pytest.mark.parametrize("operator", ["export_motion", "export_fbx"])
@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
def test_exporting_changes_nothing(addon, scene, motion, operator, mode):
    bpy.ops.chironomy.add_character()
    bpy.ops.chironomy.import_motion(filepath=str(motion / "all.zip"))
    bpy.ops.object.mode_set(mode=mode)
    scene.frame_set(33, subframe=0.25)
    before = alone(addon, scene)
    suffix = {"export_motion": ".npz", "export_fbx": ".fbx"}[operator]
    assert getattr(bpy.ops.chironomy, operator)(filepath=str(motion / f"out{suffix}")) == {"FINISHED"}
    assert alone(addon, scene) == before
