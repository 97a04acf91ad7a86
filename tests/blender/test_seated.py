# SPDX-License-Identifier: GPL-3.0-or-later
"""A character that sits in Blender, feet on the floor and hands on the lap, and stands up with another take."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FPS = 24.0


@pytest.fixture(scope="module")
def performed(rig):
    """A second of hands on the lap, with what goes with them."""
    from chironomy.body.accompany import accompany
    from chironomy.body.performance import Performance
    from chironomy.gesture.lap import Lap
    from chironomy.motion import FACE_ACTIONS, FaceTrack, HandMotion
    from chironomy.motion import rotation as quaternion

    times = np.arange(24) / FPS
    position, rotation = np.zeros((24, 2, 3)), np.tile(quaternion.IDENTITY, (24, 2, 16, 1))
    position, rotation = Lap([], 1.0, 0).on_lap(position, rotation, times, np.ones((24, 2)))
    hands = HandMotion(FPS, position, rotation, np.ones((24, 2)), {"seated": True})
    face = FaceTrack(FPS, np.zeros((24, len(FACE_ACTIONS))))
    return Performance(hands, face, accompany(rig, hands, phrases=[(0.2, 0.9)], seed=2))


@pytest.fixture(scope="module")
def takes(addon, character, rig, performed):
    """A take that sits, and one that stands, which is shown."""
    from blender_motions import gestures

    scene, new_takes = bpy.context.scene, addon["scene.new_takes"]
    new_takes.new_take(scene, character, performed, "seated", {"seed": 1, "seated": True})
    seated = scene.chironomy.takes[-1].action
    new_takes.new_take(scene, character, gestures(rig, 1.0, seed=3), "standing", {"seed": 2})
    return seated, scene.chironomy.takes[-1].action


def show(addon, action):
    scene = bpy.context.scene
    addon["scene.takes"].show(scene, next(take for take in scene.chironomy.takes if take.action == action))
    bpy.context.view_layer.update()


def soles(character):
    """Height of the lowest point of the character's mesh in the scene."""
    body = next(child for child in character.children if child.type == "MESH")
    bpy.context.scene.frame_set(10)
    shown = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(len(shown.data.vertices) * 3, np.float32)
    shown.data.vertices.foreach_get("co", points)
    world = np.array(shown.matrix_world)
    return float((points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])[:, 2].min())


def test_a_character_sits_with_its_feet_on_the_floor_and_stands_up_again(addon, character, takes):
    seated, standing = takes
    show(addon, seated)
    assert soles(character) == pytest.approx(0.0, abs=0.01)
    assert character.delta_location[2] < -0.3
    assert tuple(character.location) == (0.0, 0.0, 0.0)
    show(addon, standing)
    assert soles(character) == pytest.approx(0.0, abs=0.01)
    assert character.delta_location[2] == pytest.approx(0.0, abs=1e-6)
    show(addon, seated)
    show(addon, seated)
    assert soles(character) == pytest.approx(0.0, abs=0.01)


def test_where_an_animator_moved_it_it_sits_there(addon, character, takes):
    seated, standing = takes
    show(addon, standing)
    character.delta_location[2] = 0.5
    show(addon, seated)
    assert soles(character) == pytest.approx(0.5, abs=0.01)
    show(addon, standing)
    assert character.delta_location[2] == pytest.approx(0.5, abs=1e-6)
    character.delta_location[2] = 0.0


def test_blender_shows_the_hands_on_the_thighs(addon, character, rig, takes, performed):
    from chironomy.body.collision import arm_penetration

    show(addon, takes[0])
    pose, hands = addon["rig.read"].read_pose(character, rig, bpy.context.scene, 1, 25)
    wanted = performed.pose(rig)
    for name in ("upper_leg.L", "lower_leg.R", "foot.L", "toes.R", "hips"):
        off = pose.joint_position[:, rig.index(name)] - wanted.joint_position[:, rig.index(name)]
        assert np.abs(off).max() < 0.002
    assert np.abs(hands.wrist_position - performed.hands.wrist_position).max() < 0.004
    assert arm_penetration(rig, pose).max() < 0.005
    assert hands.source["seated"] is True
    show(addon, takes[1])
    _, hands = addon["rig.read"].read_pose(character, rig, bpy.context.scene, 1, 25)
    assert "seated" not in hands.source


def test_hands_of_who_sits_alone_bring_their_legs(addon, character, rig, performed):
    scene = bpy.context.scene
    addon["scene.new_takes"].new_take(scene, character, performed.hands, "hands", {})
    bpy.context.view_layer.update()
    assert soles(character) == pytest.approx(0.0, abs=0.01)
    assert character.delta_location[2] < -0.3


def test_a_duplicate_sits_as_well_and_who_has_no_take_stands(addon, character, takes):
    scene, module = bpy.context.scene, addon["scene.takes"]
    show(addon, takes[0])
    copy = module.duplicate(scene, module.shown_take(scene, character))
    assert character.delta_location[2] < -0.3
    assert addon["rig.seat"].is_seated(character)
    module.delete(scene, copy)
    show(addon, takes[1])
    assert character.delta_location[2] == pytest.approx(0.0, abs=1e-6)


def test_seated_is_asked_for_where_the_panel_says_so(addon):
    chosen, manner_of = bpy.context.scene.chironomy, addon["scene.performance"].manner_of
    assert "seated" not in manner_of(chosen)
    chosen.seated = True
    assert manner_of(chosen)["seated"] is True
    bpy.ops.chironomy.apply_preset(preset="PRESENTER")
    assert not chosen.seated
    bpy.ops.chironomy.apply_preset(preset="INTERVIEW")
    assert chosen.seated
    chosen.seated = False


def test_a_range_is_made_anew_as_the_take_sits(addon, character, takes):
    chosen, module = bpy.context.scene.chironomy, addon["scene.performance"]
    show(addon, takes[0])
    assert module._as_it_sits(character, module.manner_of(chosen))["seated"] is True
    chosen.seated = True
    show(addon, takes[1])
    assert "seated" not in module._as_it_sits(character, module.manner_of(chosen))
    chosen.seated = False
