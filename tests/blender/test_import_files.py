# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of other programs' files, put on the character as keys."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FPS, SECONDS = 24, 2.0
FRAMES = round(FPS * SECONDS)


@pytest.fixture
def made(rig):
    """Hands and the body for them."""
    from blender_motions import gestures

    from chironomy.body import hands_of_pose, solve_pose

    pose = solve_pose(rig, gestures(rig, SECONDS, seed=6))
    return hands_of_pose(rig, pose), pose


def on_the_character(addon, rig, character):
    scene = bpy.context.scene
    return addon["rig.read"].read_pose(character, rig, scene, scene.frame_start, scene.frame_start + FRAMES)[1]


@pytest.mark.parametrize("kind", ["bvh", "vrma", "mano"])
def test_a_file_is_a_take_that_shows_what_is_in_it(addon, rig, character, made, tmp_path, kind):
    from chironomy.exchange.bvh import save_bvh
    from chironomy.exchange.mano_file import save_mano
    from chironomy.exchange.names import HUMAN_IK
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
    from chironomy.exchange.vrma import save_vrma
    from chironomy.motion import rotation as quaternion

    hands, pose = made
    skeleton = in_t_pose(rig, skeleton_of_pose(rig, pose))
    path = tmp_path / f"walk.{kind.replace('mano', 'npz')}"
    if kind == "bvh":
        save_bvh(skeleton.renamed({name: f"mixamorig:{other}" for name, other in HUMAN_IK.items()}), path)
    elif kind == "vrma":
        save_vrma(skeleton, path)
    else:
        save_mano(hands, path)
    assert bpy.ops.chironomy.import_motion(filepath=str(path)) == {"FINISHED"}
    shown = on_the_character(addon, rig, character)
    # Keys are sparse: what they are off by at the usual detail is told beside them.
    assert np.linalg.norm(shown.wrist_position - hands.wrist_position, axis=-1).max() < 0.02
    off = np.rad2deg(quaternion.angle(shown.rotation, hands.rotation))[:, :, :13]
    assert np.percentile(off, 95) < 6.0
    take = addon["scene.takes"].shown_take(bpy.context.scene, character)
    assert take.label == path.name


def test_what_a_file_lacks_is_reported(addon, rig, character, made, tmp_path, capfd):
    from chironomy.exchange.bvh import save_bvh
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose

    skeleton = in_t_pose(rig, skeleton_of_pose(rig, made[1]))
    fingers = ("index", "middle", "ring", "pinky", "thumb")
    save_bvh(skeleton.only([name for name in skeleton.names if not name.startswith(fingers)]), tmp_path / "walk.bvh")
    assert bpy.ops.chironomy.import_motion(filepath=str(tmp_path / "walk.bvh")) == {"FINISHED"}
    assert "its skeleton has no fingers, so they are at ease" in capfd.readouterr().out
    save_bvh(skeleton.only([name for name in skeleton.names if "wrist" not in name]), tmp_path / "no.bvh")
    with pytest.raises(RuntimeError, match="has no left hand"):
        bpy.ops.chironomy.import_motion(filepath=str(tmp_path / "no.bvh"))


@pytest.mark.parametrize("preset", ["unreal", "maya"])
def test_hands_come_back_from_an_fbx_that_blender_imports(addon, rig, character, made, tmp_path, preset):
    from chironomy.motion import rotation as quaternion

    scene, hands = bpy.context.scene, made[0]
    scene.frame_end = scene.frame_start + FRAMES - 1
    addon["scene.new_takes"].new_take(scene, character, hands, "own", {}, detail=1.0)
    scene.frame_end = scene.frame_start + FRAMES - 1
    bpy.context.view_layer.objects.active = character
    assert not bpy.ops.chironomy.read_armature.poll()
    before = on_the_character(addon, rig, character)
    path = tmp_path / "there.fbx"
    assert bpy.ops.chironomy.export_character(filepath=str(path), preset=preset) == {"FINISHED"}
    known = set(bpy.data.objects)
    bpy.ops.import_scene.fbx(filepath=str(path))
    (other,) = [item for item in bpy.data.objects if item not in known and item.type == "ARMATURE"]
    # Its first frame is the importer's.
    action = other.animation_data.action
    shift = scene.frame_start - action.frame_range[0]
    for curve in addon["rig.actions"].all_curves(other):
        for point in curve.keyframe_points:
            point.co.x += shift
    other.rotation_euler.z, other.location.x = 0.7, 3.0
    bpy.context.view_layer.objects.active = other
    assert bpy.ops.chironomy.read_armature() == {"FINISHED"}
    after = on_the_character(addon, rig, character)
    assert addon["scene.takes"].shown_take(scene, character).label == other.name
    assert np.linalg.norm(after.wrist_position - before.wrist_position, axis=-1).max() < 0.02
    off = np.rad2deg(quaternion.angle(after.rotation, before.rotation))
    assert np.percentile(off, 95) < 6.0
    for item in set(bpy.data.objects) - known:
        bpy.data.objects.remove(item)


@pytest.mark.parametrize("kind", ["fbx", "usd"])
def test_hands_come_back_from_a_file_that_blender_reads_in_another_process(addon, rig, character, made, tmp_path, kind):
    from chironomy.motion import rotation as quaternion

    scene, hands = bpy.context.scene, made[0]
    if kind == "usd" and not bpy.app.build_options.usd:
        kind = "fbx"
    addon["scene.new_takes"].new_take(scene, character, hands, "own", {}, detail=1.0)
    scene.frame_end = scene.frame_start + FRAMES - 1
    bpy.context.view_layer.update()
    before = on_the_character(addon, rig, character)
    path = tmp_path / f"there.{'usdc' if kind == 'usd' else kind}"
    export = addon["scene.export"]
    export.export(bpy.context, character, path, export.Wishes(format=kind))
    known = {name: set(getattr(bpy.data, name)) for name in ("objects", "scenes", "armatures", "meshes")}
    assert bpy.ops.chironomy.import_motion(filepath=str(path)) == {"FINISHED"}
    after = on_the_character(addon, rig, character)
    assert addon["scene.takes"].shown_take(scene, character).label == path.name
    assert np.linalg.norm(after.wrist_position - before.wrist_position, axis=-1).max() < 0.02
    assert np.percentile(np.rad2deg(quaternion.angle(after.rotation, before.rotation)), 95) < 6.0
    # Nothing of the file is in the person's own.
    assert {name: set(getattr(bpy.data, name)) for name in known} == known


def test_a_file_without_a_skeleton_and_one_that_is_none_are_reported(addon, character, tmp_path):
    (tmp_path / "none.fbx").write_bytes(b"Kaydara FBX Binary")
    with pytest.raises(RuntimeError, match=r"none\.fbx cannot be read \(.*\); import it by Blender's File menu"):
        bpy.ops.chironomy.import_motion(filepath=str(tmp_path / "none.fbx"))
    with pytest.raises(RuntimeError, match=r"There is no file .*gone\.usda"):
        bpy.ops.chironomy.import_motion(filepath=str(tmp_path / "gone.usda"))
