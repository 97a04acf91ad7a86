# SPDX-License-Identifier: GPL-3.0-or-later
"""What keys make of a character is what Blender shows of it, and where keys do not tell all, Blender is asked."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS = 4.0
LAST = round(SECONDS * 24)
MILLIMETRE, TENTH_DEGREE = 1e-3, 0.1


@pytest.fixture
def moving(addon, rig, character):
    """A character whose hands, torso, head, shoulders, hips and legs move."""
    from blender_motions import gestures

    from chironomy.body.accompaniment import Accompaniment
    from chironomy.motion import rotation

    scene, random = bpy.context.scene, np.random.default_rng(3)
    scene.frame_start, scene.frame_end = 1, LAST
    addon["rig.write"].write_motion(character, rig, gestures(rig, SECONDS, 5), scene, 1)

    def swaying(size, *shape):
        phase, way = random.uniform(0, 6, (*shape, 3)), random.normal(scale=size, size=(*shape, 3))
        time = np.arange(LAST).reshape(-1, *[1] * (len(shape) + 1)) / 24
        return way * np.sin(2 * time + phase)

    def turning(size, *shape):
        return rotation.from_rotation_vector(swaying(size, *shape))

    body = Accompaniment(24.0, turning(0.1), turning(0.2), turning(0.05, 2), turning(0.04), swaying(0.02) - 0.03)
    addon["rig.write_body"].write_accompaniment(character, rig, body, scene, 1)
    yield character
    bpy.data.actions.remove(character.animation_data.action)


def by_keys(addon, rig, character):
    reading = addon["rig.keyed_pose"].reading_keyed_pose(character, rig, bpy.context.scene)
    return addon["slices"].drained(reading)


def shown(addon, rig, character, monkeypatch=None):
    """What the rig is read as; with a monkeypatch, as Blender evaluates it frame by frame."""
    read = addon["rig.read"]
    if monkeypatch is None:
        return read.read_pose(character, rig, bpy.context.scene, 1, LAST + 1)

    def none(*_):
        return None
        yield

    with monkeypatch.context() as patched:
        patched.setattr(read, "reading_keyed_pose", none)
        return read.read_pose(character, rig, bpy.context.scene, 1, LAST + 1)


def check_same(addon, rig, character, monkeypatch):
    from chironomy.motion import rotation

    body, hands = shown(addon, rig, character)
    wanted, held = shown(addon, rig, character, monkeypatch)
    assert np.linalg.norm(body.joint_position - wanted.joint_position, axis=-1).max() < 0.2 * MILLIMETRE
    assert np.degrees(rotation.angle(body.joint_rotation, wanted.joint_rotation)).max() < TENTH_DEGREE
    assert np.linalg.norm(hands.wrist_position - held.wrist_position, axis=-1).max() < 0.2 * MILLIMETRE
    np.testing.assert_allclose(hands.confidence, held.confidence, atol=1e-4)
    return wanted


def test_keys_tell_what_blender_shows(addon, rig, moving, monkeypatch):
    assert by_keys(addon, rig, moving) is not None
    body = check_same(addon, rig, moving, monkeypatch)
    # The whole body is in motion, the feet apart.
    travelled = np.ptp(body.joint_position, axis=0).max(axis=-1)
    assert (travelled[[rig.index(name) for name in ("hips", "head", "shoulder.L", "lower_leg.R")]] > 0.005).all()


@pytest.mark.parametrize("mode", ["XYZ", "ZYX", "AXIS_ANGLE"])
def test_in_any_rotation_mode(addon, rig, moving, monkeypatch, mode):
    bones = [moving.pose.bones[name] for name in ("hand.L", "index2.R", "torso")]
    path = "rotation_axis_angle" if mode == "AXIS_ANGLE" else "rotation_euler"
    try:
        for bone in bones:
            bone.rotation_mode = mode
            for frame in (20, 50):
                setattr(bone, path, (0.3, 0.1, 0.7, 0.2)[: len(getattr(bone, path))])
                getattr(bone, path)[0] += frame / 100
                bone.keyframe_insert(path, frame=frame)
        assert by_keys(addon, rig, moving) is not None
        check_same(addon, rig, moving, monkeypatch)
    finally:
        for bone in bones:
            bone.rotation_mode = "QUATERNION"


def test_what_is_posed_without_a_key_is_read(addon, rig, moving, monkeypatch):
    toes = moving.pose.bones["toes.L"]
    toes.rotation_quaternion = (0.9, 0.3, 0.1, 0.0)
    try:
        check_same(addon, rig, moving, monkeypatch)
    finally:
        toes.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)


def test_a_hand_beyond_the_arms_reach_is_where_blender_shows_it(addon, rig, moving, monkeypatch):
    bone = moving.pose.bones["hand.R"]
    for frame in (30, 40):
        bone.location = (-0.9, -0.6, 0.3)
        bone.keyframe_insert("location", frame=frame)
    check_same(addon, rig, moving, monkeypatch)


@pytest.mark.parametrize(
    "how",
    [
        "constraint added",
        "constraint muted",
        "constraint weaker",
        "driver",
        "noise",
        "muted",
        "spine",
        "spine posed",
        "scale",
        "finger moved",
        "nla",
        "straight on",
        "elastic",
        "inheritance",
    ],
)
def test_what_keys_do_not_tell_blender_is_asked(addon, rig, moving, monkeypatch, how):
    bones, undo = moving.pose.bones, lambda: None
    curve = next(c for c in addon["rig.actions"].all_curves(moving) if '"hand.R"].location' in c.data_path)
    if how == "constraint added":
        made = bones["head"].constraints.new("LIMIT_ROTATION")
        made.use_limit_x = made.use_limit_y = made.use_limit_z = True
        undo = lambda: bones["head"].constraints.remove(made)  # noqa: E731
    elif how.startswith("constraint"):
        reach = bones["wrist.L"].constraints[0]
        reach.mute, reach.influence = how == "constraint muted", 1.0 if how == "constraint muted" else 0.5

        def undo():
            reach.mute, reach.influence = False, 1.0
    elif how == "driver":
        bones["hand.R"].driver_add("location", 2).driver.expression = "0.1"
        undo = lambda: bones["hand.R"].driver_remove("location", 2)  # noqa: E731
    elif how == "noise":
        curve.modifiers.new("NOISE")
    elif how == "muted":
        curve.mute = True
    elif how.startswith("spine"):
        bones["chest"].rotation_quaternion = (0.95, 0.2, 0.0, 0.2)
        if how == "spine":
            bones["chest"].keyframe_insert("rotation_quaternion", frame=20)

        def undo():
            bones["chest"].rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    elif how == "scale":
        bones["head"].scale = (1.2, 1.0, 1.0)

        def undo():
            bones["head"].scale = (1.0, 1.0, 1.0)
    elif how == "finger moved":
        bones["index1.R"].location = (0.0, 0.02, 0.0)
        bones["index1.R"].keyframe_insert("location", frame=20)

        def undo():
            bones["index1.R"].location = (0.0, 0.0, 0.0)
    elif how == "nla":
        data = moving.animation_data
        data.nla_tracks.new().strips.new("below", 1, data.action)
        undo = lambda: data.nla_tracks.remove(data.nla_tracks[0])  # noqa: E731
    elif how == "straight on":
        curve.extrapolation = "LINEAR"
    elif how == "elastic":
        curve.keyframe_points[2].interpolation = "ELASTIC"
    else:
        moving.data.bones["wrist.L"].use_inherit_rotation = False

        def undo():
            moving.data.bones["wrist.L"].use_inherit_rotation = True

    try:
        bpy.context.view_layer.update()
        assert by_keys(addon, rig, moving) is None
        check_same(addon, rig, moving, monkeypatch)
    finally:
        undo()


def test_a_key_of_the_scale_or_of_an_arm_that_changes_nothing_is_no_hindrance(addon, rig, moving, monkeypatch):
    for bone in moving.pose.bones:
        for path in ("location", "rotation_quaternion", "scale"):
            if not (bone.name == "index1.R" and path == "location"):
                bone.keyframe_insert(path, frame=20)
    check_same(addon, rig, moving, monkeypatch)


def test_an_armature_in_edit_mode_is_refused(addon, rig, moving):
    from chironomy.motion import MotionError

    bpy.context.view_layer.objects.active = moving
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        with pytest.raises(MotionError, match="is in edit mode"):
            shown(addon, rig, moving)
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
