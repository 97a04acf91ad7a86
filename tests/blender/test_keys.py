# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated keys are few, true to the motion, and never touch an animator's."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS = 8.0


@pytest.fixture(scope="module")
def motion(rig):
    from blender_motions import gestures

    return gestures(rig, SECONDS, seed=5)


@pytest.fixture
def keyed(addon, rig, character, motion):
    """The character with nothing but the motion's keys, from frame 1 on."""
    if character.animation_data and character.animation_data.action:
        bpy.data.actions.remove(character.animation_data.action)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, motion.frame_count
    addon["rig.write"].write_motion(character, rig, motion, scene, 1)
    return character


def curves_of(addon, character, end=""):
    return [curve for curve in addon["rig.actions"].all_curves(character) if curve.data_path.endswith(end)]


def test_there_are_the_134_channels_of_a_hand_motion(addon, keyed):
    locations = curves_of(addon, keyed, '["hand.L"].location') + curves_of(addon, keyed, '["hand.R"].location')
    assert len(locations) + len(curves_of(addon, keyed, "rotation_quaternion")) == 134


@pytest.mark.parametrize("side", ["L", "R"])
def test_all_of_a_hand_is_keyed_on_the_same_frames_four_a_second_at_most(addon, keyed, motion, side):
    def frames(curve):
        return tuple(point.co[0] for point in curve.keyframe_points)

    own = [curve for curve in curves_of(addon, keyed) if f'.{side}"]' in curve.data_path]
    assert len(own) == 3 + 4 * 16 + 3 + 1
    (poses,) = {frames(curve) for curve in own}
    assert len(poses) <= 4 * motion.duration
    assert np.diff(poses).min() > 1


def test_nothing_is_selected_and_a_group_has_its_hands_colour(addon, keyed):
    for curve in curves_of(addon, keyed):
        assert not curve.select
        assert not any(
            p.select_control_point or p.select_left_handle or p.select_right_handle for p in curve.keyframe_points
        )
    colours = {curve.group.name: tuple(curve.group.colors.normal) for curve in curves_of(addon, keyed)}
    for side, other in (("L", "R"), ("R", "L")):
        assert colours[f"hand.{side}"] == colours[f"index1.{side}"] != colours[f"hand.{other}"]


def test_every_key_is_generated_bezier_and_smooth(addon, keyed):
    for curve in curves_of(addon, keyed):
        for point in curve.keyframe_points:
            assert (point.type, point.interpolation) == ("GENERATED", "BEZIER")
            assert {point.handle_left_type, point.handle_right_type} <= {"ALIGNED", "FREE"}


def test_curves_are_grouped_by_bone(addon, keyed):
    for curve in curves_of(addon, keyed):
        assert curve.group.name == curve.data_path.split('"')[1]


@pytest.mark.parametrize(("detail", "millimetres", "degrees"), [(0.5, 6.0, 4.0), (1.0, 1.0, 1.0)])
def test_wrists_and_joints_stay_within_the_bounds_as_blender_shows_them(
    addon, rig, keyed, motion, detail, millimetres, degrees
):
    from chironomy.motion import rotation

    said = addon["rig.write"].write_motion(keyed, rig, motion, bpy.context.scene, 1, detail).miss
    _, hands = addon["rig.read"].read_pose(keyed, rig, bpy.context.scene, 1, motion.frame_count + 1)
    off = 1000 * np.linalg.norm(hands.wrist_position - motion.wrist_position, axis=-1)
    turned = np.degrees(rotation.angle(hands.rotation, motion.rotation))
    wrist, joint = np.percentile(off, 95, axis=0).max(), np.percentile(turned, 95, axis=0).max()
    assert wrist <= millimetres
    assert joint <= degrees
    # What the panel says is what is seen.
    assert 1000 * said.wrist == pytest.approx(wrist, abs=0.1)
    assert np.degrees(said.joint) == pytest.approx(joint, abs=0.1)


def test_less_detail_is_fewer_poses(addon, rig, keyed, motion):
    counts = []
    for detail in (0.0, 0.25, 0.5, 0.75, 1.0):
        addon["rig.write"].write_motion(keyed, rig, motion, bpy.context.scene, 1, detail)
        counts.append(addon["rig.read"].hand_key_count(keyed))
    assert counts == sorted(counts)
    assert counts[-1] > 4 * counts[0]


def test_a_motion_read_from_the_rig_and_put_back_is_the_same(addon, rig, keyed, motion):
    from chironomy.body.pose import fingertips, solve_pose

    read, write = addon["rig.read"], addon["rig.write"]
    _, once = read.read_pose(keyed, rig, bpy.context.scene, 1, motion.frame_count + 1)
    write.write_motion(keyed, rig, once, bpy.context.scene, 1, detail=1.0)
    _, twice = read.read_pose(keyed, rig, bpy.context.scene, 1, motion.frame_count + 1)
    off = fingertips(rig, solve_pose(rig, twice)) - fingertips(rig, solve_pose(rig, once))
    assert np.linalg.norm(off, axis=-1).max() <= 0.002
    assert twice.source == motion.source


def test_another_frame_rate_keeps_the_time(addon, rig, keyed, motion):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.001
    try:
        frames = addon["rig.write"].write_motion(keyed, rig, motion, scene, 1, detail=1.0).frames
        assert frames == round(motion.duration * 30 / 1.001)
        _, hands = addon["rig.read"].read_pose(keyed, rig, scene, 1, frames + 1)
    finally:
        scene.render.fps, scene.render.fps_base = 24, 1.0
    wanted = motion.resampled(30 / 1.001, frames)
    assert np.linalg.norm(hands.wrist_position - wanted.wrist_position, axis=-1).max() < 0.002


def test_confidence_is_kept_on_the_hand_controls(addon, rig, keyed, motion):
    confidence = np.ones((motion.frame_count, 2))
    confidence[40:80, 1] = 0.0
    addon["rig.write"].write_motion(keyed, rig, motion.replaced(confidence=confidence), bpy.context.scene, 1)
    _, hands = addon["rig.read"].read_pose(keyed, rig, bpy.context.scene, 1, motion.frame_count + 1)
    np.testing.assert_allclose(hands.confidence, confidence, atol=0.1)
    # On the columns of the hand: nothing of a bone's row lies beside its other keys.
    columns = [
        {point.co[0] for curve in curves_of(addon, keyed, f'["hand.R"].{name}') for point in curve.keyframe_points}
        for name in ("location", "rotation_quaternion")
    ]
    sure = {p.co[0] for c in curves_of(addon, keyed, '["hand.R"]["confidence"]') for p in c.keyframe_points}
    assert sure <= columns[0] == columns[1]
    assert np.diff(sorted(columns[0] | sure)).min() > 1


def test_an_animators_key_survives_generation_untouched(addon, rig, keyed, motion):
    from blender_motions import gestures

    bone = keyed.pose.bones["index2.L"]
    bone.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    bone.keyframe_insert("rotation_quaternion", frame=50, keytype="EXTREME")
    before = keys_at(addon, keyed, "index2.L", 50)
    addon["rig.write"].write_motion(keyed, rig, gestures(rig, SECONDS, seed=6), bpy.context.scene, 1)
    after = keys_at(addon, keyed, "index2.L", 50)
    assert [kind for kind, _, _ in after] == ["EXTREME"] * 4
    # The same rotation: a quaternion and its negative are one.
    sign = 1.0 if after[0][1] * before[0][1] > 0.0 else -1.0
    np.testing.assert_allclose([sign * value for _, value, _ in after], [value for _, value, _ in before], atol=1e-6)
    bpy.context.scene.frame_set(50)
    assert abs(bone.rotation_quaternion.dot((0.8, 0.6, 0.0, 0.0))) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("change", ["keyed over", "dragged in time", "bent by its handle"])
def test_a_generated_key_that_the_animator_changes_becomes_the_animators(addon, rig, keyed, change):
    """Blender itself leaves it the type GENERATED."""
    from blender_motions import gestures

    (curve,) = [c for c in curves_of(addon, keyed, '["hand.R"].location') if c.array_index == 2]
    point = curve.keyframe_points[3]
    frame = round(point.co[0])
    if change == "keyed over":
        keyed.pose.bones["hand.R"].location[2] = 0.321
        keyed.pose.bones["hand.R"].keyframe_insert("location", index=2, frame=frame)
    elif change == "dragged in time":
        frame = point.co[0] = frame + 1
    else:
        point.handle_right[1] += 0.05
    curve.update()
    assert curve.keyframe_points[3].type == "GENERATED"
    kept = tuple(curve.keyframe_points[3].co), tuple(curve.keyframe_points[3].handle_right)
    addon["rig.write"].write_motion(keyed, rig, gestures(rig, SECONDS, seed=6), bpy.context.scene, 1)
    (curve,) = [c for c in curves_of(addon, keyed, '["hand.R"].location') if c.array_index == 2]
    own = [point for point in curve.keyframe_points if point.type == "KEYFRAME"]
    assert [round(point.co[0]) for point in own] == [frame]
    np.testing.assert_allclose(own[0].co, kept[0], atol=1e-5)
    if change == "bent by its handle":
        # Handles that nobody bent lead into the new motion.
        np.testing.assert_allclose(own[0].handle_right, kept[1], atol=1e-5)


def test_generating_again_replaces_every_generated_key(addon, rig, keyed):
    from blender_motions import gestures

    short = gestures(rig, 2.0, seed=9)
    addon["rig.write"].write_motion(keyed, rig, short, bpy.context.scene, 1)
    last = max(point.co[0] for curve in curves_of(addon, keyed) for point in curve.keyframe_points)
    assert last <= short.frame_count


def test_an_animators_curve_on_another_bone_is_left_alone(addon, rig, keyed, motion):
    keyed.pose.bones["torso"].keyframe_insert("rotation_quaternion", frame=12)
    addon["rig.write"].write_motion(keyed, rig, motion, bpy.context.scene, 1)
    assert len(curves_of(addon, keyed, '["torso"].rotation_quaternion')) == 4


def test_face_keys_are_sparse_and_share_the_action_where_it_has_slots(addon, keyed, motion):
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    times = np.arange(motion.frame_count) / 24.0
    values = np.zeros((motion.frame_count, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.3 + 0.3 * np.sin(2.0 * np.pi * 1.3 * times)
    track = FaceTrack(24.0, values)
    scene = bpy.context.scene
    addon["rig.write_body"].write_face(keyed, track, scene, 1)
    shapes = addon["rig.build"].body_of(keyed).data.shape_keys
    curves = list(addon["rig.actions"].all_curves(shapes))
    assert [curve.data_path for curve in curves] == ['key_blocks["jawOpen"].value']
    assert len(curves[0].keyframe_points) < 0.5 * motion.frame_count
    read = addon["rig.read"].read_face(keyed, scene, 1, motion.frame_count + 1)
    np.testing.assert_allclose(read.values, values, atol=0.03)
    shared = shapes.animation_data.action == keyed.animation_data.action
    assert shared == hasattr(keyed.animation_data.action, "slots")


def keys_at(addon, character, bone, frame):
    curves = curves_of(addon, character, f'["{bone}"].rotation_quaternion')
    curves.sort(key=lambda curve: curve.array_index)
    return [
        (point.type, point.co[1], tuple(point.handle_left))
        for curve in curves
        for point in curve.keyframe_points
        if round(point.co[0]) == frame
    ]


@pytest.mark.parametrize(
    ("name", "enumeration"),
    [("type", "KeyType"), ("interpolation", "Interpolation"), ("handle_left_type", "HandleType")],
)
def test_the_numbers_of_enumerations_are_this_blenders(name, enumeration):
    from chironomy.motion import keys

    items = bpy.types.Keyframe.bl_rna.properties[name].enum_items
    for member in getattr(keys, enumeration):
        assert items[member.name].value == member
