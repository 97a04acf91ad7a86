# SPDX-License-Identifier: GPL-3.0-or-later
"""The character in Blender is the character of `chironomy.body`, joint by joint and vertex by vertex."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

MILLIMETRE = 1e-3
POSES = 24


@pytest.fixture(scope="module")
def hands(rig):
    """Random poses of both hands."""
    from blender_motions import random_hands

    return random_hands(rig, POSES, seed=3)


@pytest.fixture(scope="module")
def posed(addon, rig, character, hands):
    """A function that puts one of the poses on the character, at frame 1."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 1

    def pose(number):
        addon["rig.write"].write_motion(character, rig, hands.sliced(number, number + 1), scene, 1)
        scene.frame_set(1)

    return pose


@pytest.fixture(scope="module")
def solved(rig, hands):
    from chironomy.body.pose import solve_pose

    return solve_pose(rig, hands)


@pytest.fixture(scope="module")
def read(addon, rig, character, posed):
    """What Blender shows of all poses."""
    poses = []
    for number in range(POSES):
        posed(number)
        poses.append(addon["rig.read"].read_pose(character, rig, bpy.context.scene, 1, 2)[0])
    fields = ("joint_rotation", "joint_position")
    return SimpleNamespace(**{name: np.concatenate([getattr(pose, name) for pose in poses]) for name in fields})


def test_deform_bones_have_the_names_and_parents_of_the_rig(rig, character):
    deform = {bone.name: bone.parent and bone.parent.name for bone in character.data.bones if bone.use_deform}
    parents = [rig.joint_names[parent] if parent >= 0 else None for parent in rig.parents]
    assert deform == dict(zip(rig.joint_names, parents, strict=True))


def test_controls_do_not_deform_and_carry_no_deform_bone(addon, character):
    for name in addon["rig.space"].CONTROLS:
        bone = character.data.bones[name]
        assert not bone.use_deform
        assert not [child.name for child in bone.children_recursive if child.use_deform]


def test_rest_is_the_bind_pose(addon, character):
    for bone in character.pose.bones:
        bone.matrix_basis.identity()
    bpy.context.view_layer.update()
    for bone in character.pose.bones:
        np.testing.assert_allclose(np.array(bone.matrix), np.array(bone.bone.matrix_local), atol=1e-5)


def test_every_joint_agrees_with_the_body(rig, solved, read):
    off = np.linalg.norm(read.joint_position - solved.joint_position, axis=-1)
    assert off.max() < 0.05 * MILLIMETRE, rig.joint_names[off.max(axis=0).argmax()]


def test_every_rotation_agrees_with_the_body(rig, solved, read):
    from chironomy.motion import rotation

    off = np.degrees(rotation.angle(read.joint_rotation, solved.joint_rotation))
    assert off.max() < 0.01, rig.joint_names[off.max(axis=0).argmax()]


def test_the_wrist_is_where_its_control_is(addon, rig, character, hands, posed):
    from chironomy.body.ik import clamp_reach

    wanted = addon["rig.space"].to_armature(rig, clamp_reach(rig, hands.wrist_position))
    for frame in range(POSES):
        posed(frame)
        for hand, side in enumerate("LR"):
            wrist = np.array(character.pose.bones[f"wrist.{side}"].head)
            assert np.linalg.norm(wrist - wanted[frame, hand]) < 0.05 * MILLIMETRE


def test_the_mesh_agrees_with_the_body(addon, rig, character, solved, posed):
    from chironomy.body.skinning import skin

    body = addon["rig.build"].body_of(character)
    hand_joints = np.concatenate([rig.hand_joints(0), rig.hand_joints(1)])
    on_hand = (np.isin(rig.weight_joint, hand_joints) * rig.weight).sum(axis=1) > 0.999
    for frame in range(POSES):
        posed(frame)
        shown = addon["rig.space"].to_body(rig, evaluated_vertices(body))
        wanted = skin(rig, solved.joint_rotation[frame], solved.joint_position[frame])
        off = np.linalg.norm(shown - wanted, axis=-1)
        assert off[on_hand].max() < 0.1 * MILLIMETRE
        assert off.max() < 0.2 * MILLIMETRE


def test_face_actions_move_the_mesh_as_the_body_does(addon, rig, character):
    from chironomy.motion import FACE_ACTIONS

    body = addon["rig.build"].body_of(character)
    blocks = body.data.shape_keys.key_blocks
    assert [block.name for block in blocks] == ["Basis", *FACE_ACTIONS]
    for name in FACE_ACTIONS:
        block = np.empty(rig.vertex_count * 3, dtype=np.float32)
        blocks[name].data.foreach_get("co", block)
        moved = addon["rig.space"].to_body(rig, block.reshape(-1, 3)) - rig.vertices
        wanted = np.zeros_like(moved)
        vertices, offsets = rig.action_offsets(name)
        wanted[vertices] = offsets
        np.testing.assert_allclose(moved, wanted, atol=1e-6)


def test_every_region_has_a_material(addon, rig, character):
    from chironomy.body.rig import REGION_NAMES

    mesh = addon["rig.build"].body_of(character).data
    assert [material.name for material in mesh.materials] == [f"Chironomy {region}" for region in REGION_NAMES]
    used = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("material_index", used)
    np.testing.assert_array_equal(used, rig.regions)


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize("bone", ["index2", "middle1", "ring3", "pinky2", "thumb2", "thumb3", "hand"])
def test_a_positive_turn_about_x_closes_the_hand(rig, character, bone, side):
    """An animator curls every finger of both hands by the same channel and sign."""
    bones = character.data.bones
    tip = bones[f"{bone}.{side}" if bone != "hand" else f"middle3.{side}"]
    axes = np.array(bones[f"{bone}.{side}"].matrix_local)[:3, :3]
    origin = np.array(bones[f"{bone}.{side}"].head_local)
    turn = np.array([[1, 0, 0], [0, np.cos(0.5), -np.sin(0.5)], [0, np.sin(0.5), np.cos(0.5)]])
    end = np.array(tip.tail_local)
    moved = origin + axes @ turn @ axes.T @ (end - origin)
    knuckles = [np.array(bones[f"{name}1.{side}"].head_local) for name in ("index", "pinky")]
    wrist = np.array(bones[f"wrist.{side}"].head_local)
    palm = np.cross(knuckles[0] - wrist, knuckles[1] - wrist) * (-1.0 if side == "L" else 1.0)
    if bone.startswith("thumb"):
        assert np.linalg.norm(moved - knuckles[1]) < np.linalg.norm(end - knuckles[1])
    else:
        assert np.dot(moved - end, palm) > 0.0


@pytest.mark.parametrize("hand", [0, 1])
def test_fingers_and_thumbs_turn_about_the_axes_of_the_one_anatomy(addon, rig, character, hand):
    from chironomy.body.hand_anatomy import bending_directions
    from chironomy.motion import rotation

    joints = rig.hand_joints(hand)[1:]
    bending = rotation.apply(rotation.inverse(rig.rest_rotation[joints]), bending_directions(hand)[1:])
    for joint, direction in zip(joints, addon["rig.space"].turned(bending), strict=True):
        z_axis = np.array(character.data.bones[rig.joint_names[joint]].matrix_local)[:3, 2]
        assert z_axis @ direction > np.cos(np.radians(1.0)), rig.joint_names[joint]


def test_torso_and_head_controls_turn_what_they_hold(character):
    bones = character.pose.bones
    for control, last in (("torso", "upper_chest"), ("head_control", "head")):
        for bone in bones:
            bone.matrix_basis.identity()
        bones[control].rotation_quaternion = (np.cos(0.15), np.sin(0.15), 0.0, 0.0)
        bpy.context.view_layer.update()
        turned = bones[last].matrix.to_quaternion() @ bones[last].bone.matrix_local.to_quaternion().inverted()
        assert turned.angle == pytest.approx(0.3, abs=1e-3)
    bones["head_control"].matrix_basis.identity()


def evaluated_vertices(body):
    mesh = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    vertices = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", vertices)
    return vertices.reshape(-1, 3)
