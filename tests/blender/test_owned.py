# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose belongs to whoever made it: what is generated beside it leads into it and out of it."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS, FPS = 6.0, 24
UP = (0.0, 0.1, 0.0)
RIGHT = 1


@pytest.fixture
def scene(addon):
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, round(SECONDS * FPS)
    return scene


@pytest.fixture
def bare(scene, character):
    """The character without motion, as it was added."""
    if character.animation_data and character.animation_data.action:
        bpy.data.actions.remove(character.animation_data.action)
    return character


@pytest.fixture(scope="module")
def generated(addon, rig, character):
    """An action of generated motion, for each test to have a copy of."""
    put_on(addon, rig, character, seed=2)
    action = character.animation_data.action
    action.use_fake_user = True
    character.animation_data.action = None
    return action


@pytest.fixture
def keyed(addon, generated, scene, bare):
    """The character with a generated motion."""
    data = bare.animation_data
    data.action = generated.copy()
    if hasattr(data, "action_slot"):
        data.action_slot = data.action.slots[0]
    return bare


def put_on(addon, rig, character, seed):
    """Put a motion on the character, as generating does; return it, within the arms' reach."""
    from blender_motions import gestures

    from chironomy.body.ik import clamp_reach

    motion = gestures(rig, SECONDS, seed)
    addon["rig.write"].write_motion(character, rig, motion, bpy.context.scene, 1)
    return motion.replaced(wrist_position=clamp_reach(rig, motion.wrist_position))


def check_replaced(addon, rig, character, motion):
    """Nothing but the motion is on the character."""
    off = shown(addon, rig, character).wrist_position - motion.wrist_position
    assert np.linalg.norm(off, axis=-1).max() < 0.012


def shown(addon, rig, character):
    """What Blender shows of the hands, from frame 1 on."""
    return addon["rig.read"].read_pose(character, rig, bpy.context.scene, 1, round(SECONDS * FPS) + 1)[1]


def hand(motion, side=RIGHT):
    """Numbers of one hand frame by frame: metres and rotation matrices, as a quaternion and its negative are one."""
    from chironomy.motion import rotation

    turns = rotation.to_matrix(motion.rotation[:, side])
    return np.concatenate([motion.wrist_position[:, side], turns.reshape(len(turns), -1)], axis=1)


def span_of(addon, character, side=RIGHT):
    """The first and the last frame that are the animator's, or None."""
    owned = addon["rig.owned"]
    unit = owned.hand_unit(character, side)
    found = owned.spans(character, [unit], 24.0).get(unit.name)
    return None if found is None else (found.first, found.last)


def curves_of(addon, character, bone):
    return [curve for curve in addon["rig.actions"].all_curves(character) if f'"{bone}"' in curve.data_path]


def steps(motion, side=RIGHT):
    """Metres from each frame to the next, of the wrist."""
    return np.linalg.norm(np.diff(motion.wrist_position[:, side], axis=0), axis=-1)


def check_borders(motion, span, side=RIGHT, new=None):
    """A border is not crossed faster than its surroundings, and nothing near it is faster than new motion elsewhere.

    The new motion is what is shown, or as it was before it was led to the border.
    """
    from chironomy.motion.hand_shape import NOMINAL_HAND

    frames = np.arange(1, motion.frame_count)
    inside = (frames >= span[0]) & (frames + 1 <= span[1])
    distance = np.where(frames < span[0], span[0] - frames - 1, frames - span[1])
    near, far = ~inside & (distance < FPS // 2), ~inside & (distance >= FPS // 2)
    step = steps(motion, side)
    assert step[near].max() <= (step if new is None else steps(new, side))[far].max()
    tips = np.linalg.norm(np.diff(NOMINAL_HAND.fingertips(motion)[:, side], axis=0), axis=-1)
    for track in (step, *tips.T):
        for border in span:
            # The step across it; the next one inside is the animator's own.
            beside = (np.abs(frames + 0.5 - border) < 1.0) & ~inside
            around = (np.abs(frames + 0.5 - border) < FPS // 3) & ~beside
            # Slower than a decimetre a second nothing is seen to jump.
            assert track[beside].max() <= 1.5 * max(track[around].max(), 0.1 / FPS)


def test_a_channel_at_a_frame_makes_the_whole_hands_pose_there_the_animators(addon, rig, keyed):
    """Posed in a window and keyed with I: one value has changed, the others are as they were generated."""
    frame = 60
    bpy.context.scene.frame_set(frame)
    bone = keyed.pose.bones["hand.R"]
    bone.location.x += 0.04
    for path in ("location", "rotation_quaternion"):
        bone.keyframe_insert(path, frame=frame, keytype="GENERATED")
    before = shown(addon, rig, keyed)
    other = hand(before, 0)
    put_on(addon, rig, keyed, seed=6)
    after = shown(addon, rig, keyed)
    np.testing.assert_allclose(hand(after)[frame - 1], hand(before)[frame - 1], atol=2e-6)
    assert span_of(addon, keyed) == (frame, frame)
    kinds = {
        (curve.data_path, point.type)
        for name in ("hand.R", "elbow.R", "index1.R", "thumb3.R")
        for curve in curves_of(addon, keyed, name)
        for point in curve.keyframe_points
        if point.co[0] == frame
    }
    assert {kind for _, kind in kinds} == {"KEYFRAME"}
    assert len(kinds) == 6
    assert span_of(addon, keyed, 0) is None
    assert np.abs(hand(after, 0) - other).max() > 0.05
    check_borders(after, (frame, frame))


def test_between_two_of_the_animators_frames_nothing_is_generated(addon, rig, keyed):
    for frame in (50, 71):
        bpy.context.scene.frame_set(frame)
        keyed.pose.bones["ring2.R"].rotation_quaternion = (0.9, 0.3, 0.3, 0.1)
        keyed.pose.bones["ring2.R"].keyframe_insert("rotation_quaternion", frame=frame)
    before = hand(shown(addon, rig, keyed))
    put_on(addon, rig, keyed, seed=6)
    once = shown(addon, rig, keyed)
    put_on(addon, rig, keyed, seed=7)
    twice = shown(addon, rig, keyed)
    theirs = slice(49, 71)
    np.testing.assert_allclose(hand(once)[theirs], before[theirs], atol=2e-6)
    np.testing.assert_allclose(hand(twice)[theirs], hand(once)[theirs], atol=1e-6)
    assert np.abs(hand(twice) - hand(once)).max() > 0.05
    check_borders(once, (50, 71))
    check_borders(twice, (50, 71))


@pytest.mark.parametrize("beside", [2, 3])
def test_generated_keys_beside_moved_poses_give_way(addon, rig, keyed, beside):
    """Two poses lifted and keyed with I, a generated key two or three frames within either: nothing flickers."""
    curve = next(each for each in curves_of(addon, keyed, "hand.R") if each.data_path.endswith("location"))
    at = [round(point.co[0]) for point in curve.keyframe_points]
    first = next(frame for frame in at if frame > 30)
    last = next(frame for frame in at if frame > first + 16)
    poses, bone = (first - beside, last + beside), keyed.pose.bones["hand.R"]
    generated = shown(addon, rig, keyed).wrist_position[:, RIGHT]

    def jerked(motion):
        """The most by which the lift changes from frame to frame between the poses, in metres."""
        lift = motion.wrist_position[poses[0] - 1 : poses[1], RIGHT] - generated[poses[0] - 1 : poses[1]]
        return np.linalg.norm(np.diff(lift, axis=0), axis=1).max()

    for frame in poses:
        bpy.context.scene.frame_set(frame)
        bone.location.z += 0.15
        bone.keyframe_insert("location", frame=frame)
    before = shown(addon, rig, keyed)
    assert jerked(before) > 0.15 / (beside + 1)
    for seed in (6, 7):
        put_on(addon, rig, keyed, seed=seed)
        after = shown(addon, rig, keyed)
        np.testing.assert_allclose(hand(after)[np.array(poses) - 1], hand(before)[np.array(poses) - 1], atol=3e-6)
        assert jerked(after) < 0.15 / (beside + 1)
        for name in ("hand.R", "elbow.R", "index1.R"):
            between = [point.co[0] for each in curves_of(addon, keyed, name) for point in each.keyframe_points]
            assert not any(poses[0] < frame <= first or last <= frame < poses[1] for frame in between)


def test_generated_keys_beside_a_pose_that_was_only_locked_stay(addon, rig, keyed):
    owned = addon["rig.owned"]
    units = [owned.hand_unit(keyed, RIGHT)]
    curve = next(each for each in curves_of(addon, keyed, "hand.R") if each.data_path.endswith("location"))
    at = [point.co[0] for point in curve.keyframe_points if 30 < point.co[0] < 110]
    owned.lock(keyed, units, [at[0] - 2.0, at[3] + 2.0])
    before = hand(shown(addon, rig, keyed))
    put_on(addon, rig, keyed, seed=6)
    theirs = slice(round(at[0]) - 3, round(at[3]) + 2)
    np.testing.assert_allclose(hand(shown(addon, rig, keyed))[theirs], before[theirs], atol=2e-6)


def key(bone, path, frame, **options):
    bpy.context.scene.frame_set(round(frame))
    bone.keyframe_insert(path, frame=frame, **options)


def pose_kept(addon, rig, character, frames, seed=6):
    """Generate another motion, and check that a hand's pose at some frames is what it was."""
    before = hand(shown(addon, rig, character))
    put_on(addon, rig, character, seed)
    after = shown(addon, rig, character)
    at = np.asarray(frames) - 1
    np.testing.assert_allclose(hand(after)[at], before[at], atol=3e-6)
    return after


def test_a_key_of_any_kind_of_ones_own_counts(addon, rig, keyed):
    bone, kinds = keyed.pose.bones["elbow.R"], ("BREAKDOWN", "EXTREME", "JITTER", "MOVING_HOLD", "KEYFRAME")
    frames = range(70, 90, 4)
    for frame, kind in zip(frames, kinds, strict=True):
        bpy.context.scene.frame_set(frame)
        bone.location.z += 0.02
        key(bone, "location", frame, keytype=kind)
    pose_kept(addon, rig, keyed, list(frames))
    found = {point.co[0]: point.type for c in curves_of(addon, keyed, "elbow.R") for point in c.keyframe_points}
    assert [found[frame] for frame in frames] == list(kinds)


def test_a_generated_key_with_another_interpolation_or_handle_type_counts(addon, rig, keyed):
    curve = next(c for c in curves_of(addon, keyed, "hand.R") if c.data_path.endswith("location"))
    first, second = curve.keyframe_points[2], curve.keyframe_points[4]
    first.interpolation = "CONSTANT"
    second.handle_left_type = second.handle_right_type = "VECTOR"
    curve.update()
    frames = [round(first.co[0]), round(second.co[0])]
    pose_kept(addon, rig, keyed, np.arange(frames[0], frames[1] + 1))
    assert span_of(addon, keyed) == tuple(frames)


def test_keys_between_frames_are_kept_where_they_are(addon, rig, keyed):
    bone = keyed.pose.bones["hand.R"]
    for frame in (60.5, 66.25):
        key(bone, "location", frame)
    before = hand(shown(addon, rig, keyed))
    put_on(addon, rig, keyed, seed=6)
    after = shown(addon, rig, keyed)
    np.testing.assert_allclose(hand(after)[60:66], before[60:66], atol=3e-6)
    assert span_of(addon, keyed) == (60.5, 66.25)
    check_borders(after, (60.5, 66.25))


def test_a_pose_without_generated_motion_is_met(addon, rig, bare):
    """Keyed on the bare character, on one channel: the others have no curves yet."""
    bone = bare.pose.bones["hand.R"]
    bone.location = (0.15, -0.2, 0.1)
    key(bone, "location", 40, index=2)
    before = [list(bone.location), *(list(bare.pose.bones[n].rotation_quaternion) for n in ("hand.R", "thumb1.R"))]
    put_on(addon, rig, bare, seed=6)
    bpy.context.scene.frame_set(40)
    assert bone.location[2] == pytest.approx(before[0][2], abs=1e-6)
    assert list(bare.pose.bones["thumb1.R"].rotation_quaternion) == pytest.approx(before[2], abs=1e-6)
    assert span_of(addon, bare) == (40, 40)
    check_borders(shown(addon, rig, bare), (40, 40))


@pytest.mark.parametrize("beside", [-3, 0, 1, 4])
def test_a_pose_just_before_or_after_the_motion_is_led_to(addon, rig, scene, bare, beside):
    last = round(SECONDS * FPS)
    frame = beside if beside < 1 else last + beside
    bone = bare.pose.bones["hand.R"]
    bone.location = (0.1, 0.1, -0.2)
    key(bone, "location", frame)
    put_on(addon, rig, bare, seed=6)
    start, stop = min(frame, 1), max(frame, last) + 1
    read = addon["rig.read"].read_pose(bare, rig, scene, start, stop)[1]
    step, frames = steps(read), np.arange(start, stop - 1)
    near = np.abs(frames - (1 if beside < 1 else last)) < FPS // 2
    assert step[near].max() <= step[~near].max()


def test_keys_that_were_deleted_are_made_anew(addon, rig, keyed):
    for curve in curves_of(addon, keyed, "hand.R"):
        for point in reversed([point for point in curve.keyframe_points if 40 <= point.co[0] <= 90]):
            curve.keyframe_points.remove(point)
    motion = put_on(addon, rig, keyed, seed=6)
    assert span_of(addon, keyed) is None
    check_replaced(addon, rig, keyed, motion)


@pytest.mark.parametrize("how", ["curve locked", "group locked", "curve muted", "bone locked", "driven", "sampled"])
def test_what_is_set_aside_belongs_to_whoever_did_so(addon, rig, keyed, how):
    """The whole hand stays as it is shown, keys and all; the other hand is generated."""
    curve = next(c for c in curves_of(addon, keyed, "hand.R") if c.data_path.endswith("location"))
    bone = keyed.pose.bones["hand.R"]
    if how == "curve locked":
        curve.lock = True
    elif how == "group locked":
        curve.group.lock = True
    elif how == "curve muted":
        curve.mute = True
    elif how == "bone locked":
        bone.lock_rotation[1] = True
    elif how == "driven":
        bone.driver_add("location", 2).driver.expression = "0.1"
    else:
        curve.convert_to_samples(1, 145)
    try:
        before = shown(addon, rig, keyed)
        put_on(addon, rig, keyed, seed=6)
        after = shown(addon, rig, keyed)
    finally:
        bone.lock_rotation[1] = False
        bone.driver_remove("location", 2)
    np.testing.assert_allclose(hand(after), hand(before), atol=1e-6)
    assert np.abs(hand(after, 0) - hand(before, 0)).max() > 0.05


def test_a_modifier_on_a_curve_stays_on_it(addon, rig, keyed):
    curve = next(c for c in curves_of(addon, keyed, "index2.R"))
    curve.modifiers.new("NOISE").strength = 0.2
    path, index = curve.data_path, curve.array_index
    put_on(addon, rig, keyed, seed=6)
    again = addon["rig.actions"].curves(keyed).find(path, index=index)
    assert [modifier.type for modifier in again.modifiers] == ["NOISE"]
    assert span_of(addon, keyed) is None


def test_handles_that_blender_places_do_not_bend_what_is_kept(addon, rig, keyed):
    """Automatic handles look at their neighbours, and the neighbours outside are new."""
    bone = keyed.pose.bones["hand.R"]
    for frame, height in ((50, 0.1), (56, 0.2), (63, 0.05)):
        bpy.context.scene.frame_set(frame)
        bone.location.z = height
        key(bone, "location", frame)
    for curve in curves_of(addon, keyed, "hand.R"):
        for point in curve.keyframe_points:
            if point.co[0] in (50, 56, 63):
                point.handle_left_type = point.handle_right_type = "AUTO"
        curve.update()
    pose_kept(addon, rig, keyed, np.arange(50, 64))


@pytest.mark.parametrize("mode", ["XYZ", "ZYX", "AXIS_ANGLE"])
def test_bones_turn_in_their_own_mode_and_lose_nothing(addon, rig, keyed, mode):
    from chironomy.motion import rotation

    bones = [keyed.pose.bones[name] for name in ("hand.R", "index2.R", "head_control")]
    other = keyed.pose.bones["hand.R"]
    key(other, "rotation_axis_angle" if mode != "AXIS_ANGLE" else "rotation_euler", 33)
    try:
        for bone in bones:
            bone.rotation_mode = mode
        motion = put_on(addon, rig, keyed, seed=6)
        after = shown(addon, rig, keyed)
        assert np.degrees(rotation.angle(after.rotation, motion.rotation)).max() <= 3.0
        # Posed in this mode, it is as much the animator's.
        path = "rotation_axis_angle" if mode == "AXIS_ANGLE" else "rotation_euler"
        for frame in (60, 70):
            bpy.context.scene.frame_set(frame)
            getattr(other, path)[1] += 0.3
            other.keyframe_insert(path, frame=frame)
        after = pose_kept(addon, rig, keyed, np.arange(60, 71), seed=7)
        assert span_of(addon, keyed) == (60, 70)
        turned = rotation.angle(after.rotation[1:, RIGHT, 0], after.rotation[:-1, RIGHT, 0])
        assert turned[55:75].max() < 0.4
    finally:
        for bone in bones:
            bone.rotation_mode = "QUATERNION"
    kept = {curve.data_path.rpartition(".")[2] for curve in curves_of(addon, keyed, "hand.R")}
    assert {"rotation_axis_angle", "rotation_euler"} <= kept


def test_one_action_animates_two_characters_and_knows_them_apart(addon, rig, scene, bare):
    """What was written is remembered by slot, not by data path alone."""
    put_on(addon, rig, bare, seed=2)
    other = addon["rig.build"].build_character(bpy.context, rig, "test")
    try:
        slots = addon["rig.actions"].share_action(other, bare.animation_data.action)
        if not slots:
            other.animation_data_create().action = bare.animation_data.action
        put_on(addon, rig, other, seed=3)
        kept = shown(addon, rig, other)
        motion = put_on(addon, rig, bare, seed=4)
        assert span_of(addon, bare) is None
        assert (other.animation_data.action == bare.animation_data.action) == slots
        np.testing.assert_array_equal(hand(shown(addon, rig, other)), hand(kept))
        check_replaced(addon, rig, bare, motion)
    finally:
        remove(other)


def test_a_linked_copy_keeps_its_motion_when_the_other_gets_a_new_one(addon, rig, keyed):
    """Alt+D: both play the same curves."""
    copy = keyed.copy()
    bpy.context.scene.collection.objects.link(copy)
    copy.animation_data.action = keyed.animation_data.action
    if hasattr(copy.animation_data, "action_slot"):
        copy.animation_data.action_slot = keyed.animation_data.action_slot
    try:
        before = shown(addon, rig, copy)
        motion = put_on(addon, rig, keyed, seed=6)
        np.testing.assert_array_equal(hand(shown(addon, rig, copy)), hand(before))
        check_replaced(addon, rig, keyed, motion)
    finally:
        bpy.data.objects.remove(copy)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 24.0), (1.3, -5.0)])
def test_a_take_that_moved_with_its_sound_is_replaced_whole(addon, rig, keyed, scale, shift):
    for curve in addon["rig.actions"].all_curves(keyed):
        for point in curve.keyframe_points:
            for name in ("co", "handle_left", "handle_right"):
                value = getattr(point, name)
                setattr(point, name, (scale * value[0] + shift, value[1]))
        curve.update()
    motion = put_on(addon, rig, keyed, seed=6)
    assert span_of(addon, keyed) is None
    check_replaced(addon, rig, keyed, motion)


def test_the_model_is_told_what_is_the_animators(addon, rig, keyed):
    """Seen in a window: both travel to the model as pins."""
    pins = addon["rig.owned"].pins
    assert pins(keyed, rig, bpy.context.scene, 1) is None
    for frame in (50, 60):
        key(keyed.pose.bones["thumb1.R"], "rotation_quaternion", frame)
    before = shown(addon, rig, keyed)
    motion, mask = pins(keyed, rig, bpy.context.scene, 5)
    assert mask.shape == (motion.frame_count, 2) == (56, 2)
    assert np.flatnonzero(mask[:, RIGHT]).tolist() == list(range(45, 56))
    assert not mask[:, 0].any()
    np.testing.assert_allclose(hand(motion)[45:56], hand(before)[49:60], atol=1e-6)


def test_a_pose_in_a_take_that_moved_stays_the_animators(addon, rig, keyed):
    for frame in (50, 60):
        key(keyed.pose.bones["hand.R"], "location", frame)
    put_on(addon, rig, keyed, seed=3)
    for curve in addon["rig.actions"].all_curves(keyed):
        for point in curve.keyframe_points:
            point.co_ui[0] += 10.0
        curve.update()
    assert span_of(addon, keyed) == (60, 70)
    pose_kept(addon, rig, keyed, np.arange(60, 71))
    assert span_of(addon, keyed, 0) is None


def test_a_file_of_an_earlier_version_remembers_without_slots(addon, keyed):
    owned, actions = addon["rig.owned"], addon["rig.actions"]
    action = keyed.animation_data.action
    written = action[owned.WRITTEN_PROPERTY][actions.slot_name(keyed)].to_dict()
    action[owned.WRITTEN_PROPERTY] = written
    assert span_of(addon, keyed) is None
    curve = next(c for c in curves_of(addon, keyed, "hand.R") if c.data_path.endswith("location"))
    curve.keyframe_points[3].co_ui[1] += 0.05
    curve.update()
    assert span_of(addon, keyed) == (curve.keyframe_points[3].co[0],) * 2


def test_a_new_action_of_ones_own_holds_what_is_generated(addon, rig, keyed):
    old = keyed.animation_data.action
    count = len(list(addon["rig.actions"].all_curves(keyed)))
    keyed.animation_data.action = bpy.data.actions.new("Second Take")
    put_on(addon, rig, keyed, seed=6)
    assert keyed.animation_data.action.name == "Second Take"
    assert len(list(addon["rig.actions"].all_curves(keyed))) == count
    assert span_of(addon, keyed) is None
    bpy.data.actions.remove(old)


def test_in_tweak_mode_one_sentence_says_how_to_leave_it(addon, rig, keyed):
    data, action = keyed.animation_data, keyed.animation_data.action
    strip = data.nla_tracks.new().strips.new("take", 20, action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = data.action_slot
    data.action = None
    data.nla_tracks.active = data.nla_tracks[0]
    strip.select = data.nla_tracks[0].select = True
    data.use_tweak_mode = True
    try:
        with pytest.raises(ValueError, match="tweak mode"):
            put_on(addon, rig, keyed, seed=6)
    finally:
        data.use_tweak_mode = False
        data.nla_tracks.remove(data.nla_tracks[0])


def test_a_face_action_between_two_keys_of_ones_own_stays(addon, rig, keyed):
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    jaw = FACE_ACTIONS.index("jawOpen")
    times = np.arange(round(SECONDS * FPS)) / FPS

    def speak(phase):
        values = np.zeros((len(times), len(FACE_ACTIONS)))
        values[:, jaw] = 0.4 + 0.35 * np.sin(8.0 * times + phase)
        track = FaceTrack(float(FPS), values)
        addon["rig.write_body"].write_face(keyed, track, bpy.context.scene, 1)
        return addon["rig.read"].read_face(keyed, bpy.context.scene, 1, len(times) + 1).values[:, jaw]

    speak(0.0)
    shapes = addon["rig.build"].body_of(keyed).data.shape_keys
    for frame, value in ((60, 0.9), (72, 0.1)):
        shapes.key_blocks["jawOpen"].value = value
        shapes.key_blocks["jawOpen"].keyframe_insert("value", frame=frame)
    once, twice = speak(0.0), speak(2.0)
    assert once[[59, 71]] == pytest.approx([0.9, 0.1], abs=1e-4)
    np.testing.assert_array_equal(twice[59:72], once[59:72])
    assert np.abs(twice - once)[:50].max() > 0.3
    # Lips are quick, but do not jump.
    assert np.abs(np.diff(twice)).max() < 0.35


def remove(character):
    for child in list(character.children):
        bpy.data.objects.remove(child)
    bpy.data.objects.remove(character)


MAKE = """
import sys
from chironomy.gesture.pipeline import GesturePipeline, embedded_weights
from chironomy.gesture.pins import load_pinned_mask
from chironomy.motion import load_hands, save_hands
from chironomy.speech.decode import load_speech

recording, fps, pinned, mask, *takes = sys.argv[1:]
kept = {"pinned": load_hands(pinned), "pinned_mask": load_pinned_mask(mask)} if pinned else {}
pipeline, speech = GesturePipeline.from_pretrained(embedded_weights()), load_speech(recording)
for take in takes:
    seed = int(take.rpartition("-")[2].removesuffix(".npz"))
    save_hands(pipeline(speech, fps=float(fps), seed=seed, num_inference_steps=4, **kept), take)
"""
"""Makes takes with the model that ships, in the environment of a backend."""


def test_five_other_seeds_over_an_edited_passage(addon, rig, scene, bare, repository, tmp_path):
    """The whole way with the model that ships: what the animator left, it leads into and out of."""
    import soundfile

    from chironomy.motion import load_hands, save_hands

    def make(*seeds, pinned="", mask=""):
        python = os.environ.get("CHIRONOMY_BACKEND_PYTHON", sys.executable)
        takes = [tmp_path / f"take-{seed}.npz" for seed in seeds]
        command = [python, "-c", MAKE, tmp_path / "speech.wav", FPS, pinned, mask, *takes]
        subprocess.run([str(part) for part in command], check=True)
        return [load_hands(take) for take in takes]

    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    soundfile.write(tmp_path / "speech.wav", samples[rate : rate + round(SECONDS * rate)], rate)
    write, owned = addon["rig.write"], addon["rig.owned"]
    (made,) = make(1)
    write.write_motion(bare, rig, made, scene, 1)
    addon["rig.edit"].offset_hand(bare, RIGHT, scene, UP, 0.5)
    first, last = (round(frame) for frame in span_of(addon, bare))
    assert last - first == FPS
    takes = [shown(addon, rig, bare)]
    motion, mask = owned.pins(bare, rig, scene, 1)
    save_hands(motion, tmp_path / "pinned.npz")
    np.savez(tmp_path / "mask.npz", mask=mask)
    for made in make(2, 3, 4, 5, 6, pinned=tmp_path / "pinned.npz", mask=tmp_path / "mask.npz"):
        write.write_motion(bare, rig, made, scene, 1)
        takes.append(shown(addon, rig, bare))
        assert span_of(addon, bare) == (first, last)
    theirs = slice(first - 1, last)
    for before, after in itertools.pairwise(takes):
        np.testing.assert_allclose(hand(after)[theirs], hand(takes[0])[theirs], atol=1e-6)
        assert np.abs(hand(after) - hand(before)).max() > 0.05
        check_borders(after, (first, last), new=made)
    for after in takes[2:]:
        np.testing.assert_array_equal(hand(after)[theirs], hand(takes[1])[theirs])
