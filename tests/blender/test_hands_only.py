# SPDX-License-Identifier: GPL-3.0-or-later
"""*Hands Only*: the same rig with nothing to see of it but hands, in Blender, in files and in the shot, and back."""

import numpy as np
import pytest
from own_characters import built, detect

bpy = pytest.importorskip("bpy")

FPS, FRAMES = 24, 12
MILLIMETRE = 1e-3


@pytest.fixture
def scene(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    found = bpy.context.scene
    found.render.fps, found.render.fps_base = FPS, 1.0
    found.frame_start, found.frame_end = 1, FRAMES
    found.chironomy.width, found.chironomy.height = 320, 180
    return found


@pytest.fixture
def alone(addon, rig, scene):
    """Hands alone that gesture, and whose hidden face talks."""
    from blender_motions import gestures

    from chironomy.motion import FACE_ACTIONS, FaceTrack

    scene.chironomy.figure = "hands"
    assert bpy.ops.chironomy.add_character() == {"FINISHED"}
    item = scene.chironomy.character
    addon["rig.write"].write_motion(item, rig, gestures(rig, FRAMES / FPS, seed=1), scene, 1)
    values = np.zeros((FRAMES, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = np.linspace(0.1, 0.6, FRAMES)
    addon["rig.write_body"].write_face(item, FaceTrack(float(FPS), values), scene, 1)
    return item


def seen_of(item):
    """The meshes that are shown of a character in the viewport, and those that Blender renders."""
    bpy.context.view_layer.update()
    meshes = [child for child in item.children if child.type == "MESH"]
    return [mesh for mesh in meshes if mesh.visible_get()], [mesh for mesh in meshes if not mesh.hide_render]


def points_of(mesh):
    """Where Blender shows the vertices of a mesh, (V, 3)."""
    evaluated = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([(evaluated.matrix_world @ vertex.co).to_tuple() for vertex in evaluated.data.vertices])


def test_hands_are_all_that_is_seen_and_they_are_in_the_keyed_pose(addon, rig, scene, alone):
    from chironomy.body.figures import hands_only
    from chironomy.body.skinning import skin

    shown, rendered = seen_of(alone)
    assert [mesh.name for mesh in shown] == [mesh.name for mesh in rendered] == [f"{alone.name} Hands"]
    pose, _ = addon["rig.read"].read_pose(alone, rig, scene, 1, FRAMES + 1)
    hands = hands_only(rig)
    for frame in (1, FRAMES // 2, FRAMES):
        scene.frame_set(frame)
        wanted = skin(hands, pose.joint_rotation[frame - 1], pose.joint_position[frame - 1])
        wanted = addon["rig.space"].to_armature(rig, wanted)
        assert np.abs(points_of(shown[0]) - wanted).max() < 0.2 * MILLIMETRE
    # The rings of torso and head would hang in the air.
    assert not alone.data.collections["Torso and Head"].is_visible
    assert alone.data.collections["Hands"].is_visible


def test_the_whole_body_comes_back_with_its_keys_and_its_talking_face(addon, rig, scene, alone):
    before = addon["rig.read"].read_pose(alone, rig, scene, 1, FRAMES + 1)[1]
    keys = addon["rig.read"].hand_key_count(alone)
    scene.chironomy.figure = "whole"
    shown, rendered = seen_of(alone)
    assert [mesh.name for mesh in shown] == [mesh.name for mesh in rendered] == [f"{alone.name} Body"]
    assert alone.data.collections["Torso and Head"].is_visible
    after = addon["rig.read"].read_pose(alone, rig, scene, 1, FRAMES + 1)[1]
    assert np.array_equal(after.wrist_position, before.wrist_position)
    assert addon["rig.read"].hand_key_count(alone) == keys
    jaw = addon["rig.read"].read_face(alone, scene, 1, FRAMES + 1).action("jawOpen")
    assert jaw == pytest.approx(np.linspace(0.1, 0.6, FRAMES), abs=0.01)
    scene.chironomy.figure = "hands"
    assert len([child for child in alone.children if child.type == "MESH"]) == 2
    assert [mesh.name for mesh in seen_of(alone)[0]] == [f"{alone.name} Hands"]
    # While it is hidden, the face goes on being read, for takes and for other programs.
    jaw = addon["rig.read"].read_face(alone, scene, 1, FRAMES + 1).action("jawOpen")
    assert jaw == pytest.approx(np.linspace(0.1, 0.6, FRAMES), abs=0.01)


def test_an_fbx_has_the_hands_alone_on_the_whole_skeleton(addon, rig, scene, alone, played_by_three, tmp_path):
    path = tmp_path / "hands.fbx"
    assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"FINISHED"}
    played = played_by_three(path, FPS)
    (mesh,) = played["meshes"]
    assert mesh["skinned"]
    assert not mesh["morphs"]
    assert sorted(played["bones"]) == sorted(name.replace(".", "") for name in rig.joint_names)
    pose, _ = addon["rig.read"].read_pose(alone, rig, scene, 1, FRAMES + 1)
    wanted = addon["rig.space"].to_armature(rig, pose.joint_position)
    order = [played["bones"].index(name.replace(".", "")) for name in rig.joint_names]
    assert np.linalg.norm(np.array(played["frames"])[:, order] - wanted, axis=-1).max() < 0.1 * MILLIMETRE


def test_the_video_is_a_close_up_of_hands(addon, rig, scene, alone):
    from chironomy.body.figures import hands_only
    from chironomy.body.skinning import skin

    shot = addon["scene.shot"].make_shot(bpy.context)
    assert shot.settings == {"figure": "hands"}
    points = skin(hands_only(rig), shot.pose.joint_rotation, shot.pose.joint_position)
    pixels, _ = shot.camera.project(points)
    assert (pixels >= 0).all()
    assert (pixels <= (320, 180)).all()
    near = shot.camera.focal
    scene.chironomy.figure = "whole"
    shot = addon["scene.shot"].make_shot(bpy.context)
    assert shot.settings == {}
    assert near > 1.2 * shot.camera.focal


def test_they_wear_the_outfit(addon, scene, alone):
    hands = addon["rig.build"].hands_of(alone)
    scene.chironomy.outfit = "burgundy"
    top = next(material for material in hands.data.materials if material.name.startswith("Chironomy top"))
    assert top.diffuse_color[0] > 3 * top.diffuse_color[1]
    scene.chironomy.outfit = "teal"


def test_the_choice_is_that_of_the_chosen_character(scene, alone):
    scene.chironomy.character = None
    scene.chironomy.figure = "whole"
    assert bpy.ops.chironomy.add_character() == {"FINISHED"}
    other = scene.chironomy.character
    assert scene.chironomy.figure == "whole"
    assert [mesh.name for mesh in seen_of(other)[0]] == [f"{other.name} Body"]
    scene.chironomy.character = alone
    assert scene.chironomy.figure == "hands"


def test_hands_alone_stay_hidden_while_a_character_of_ones_own_has_them(addon, scene, alone):
    from characters import KINDS

    item = built(next(kind for kind in KINDS if kind.standard == "mixamo"))
    assert detect(scene, item) == alone
    assert seen_of(alone) == ([], [])
    scene.chironomy.figure = "whole"
    scene.chironomy.figure = "hands"
    assert seen_of(alone) == ([], [])
    assert bpy.ops.chironomy.forget_own_character() == {"FINISHED"}
    shown, rendered = seen_of(alone)
    assert [mesh.name for mesh in shown] == [mesh.name for mesh in rendered] == [f"{alone.name} Hands"]
