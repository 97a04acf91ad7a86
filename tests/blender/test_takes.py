# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: nothing that was there is lost, what is the animator's goes from take to take, and parts are made anew."""

import numpy as np
import pytest
from desk import FRAMES, MILLIMETRE, SECONDS, TENTH_DEGREE, apart, generate, names, shown

bpy = pytest.importorskip("bpy")


@pytest.fixture
def takes(addon):
    return addon["scene.takes"]


def action_of(scene):
    return scene.chironomy.character.animation_data.action


def steps(motion, hand):
    return np.linalg.norm(np.diff(motion.wrist_position[:, hand], axis=0), axis=-1)


def test_each_generation_is_a_take_and_the_ones_before_are_as_they_were(addon, rig, desk, takes):
    generate(desk, 1)
    first = shown(addon, rig, desk)
    generate(desk, 2)
    second = shown(addon, rig, desk)
    assert apart(first, second)[0] > 0.05
    assert names(desk) == ["Take 1", "Take 2"]
    assert [take.label for take in desk.chironomy.takes] == ["lively, seed 1", "lively, seed 2"]
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)
    desk.chironomy.take_index = 1
    assert apart(shown(addon, rig, desk), second) == (0.0, 0.0)
    assert bpy.ops.chironomy.flip_take() == {"FINISHED"}
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)
    assert bpy.ops.chironomy.flip_take() == {"FINISHED"}
    assert apart(shown(addon, rig, desk), second) == (0.0, 0.0)
    mesh = addon["rig.build"].body_of(desk.chironomy.character).data.shape_keys
    assert addon["rig.actions"].count(mesh) > 0


def test_several_takes_in_one_go_have_seeds_of_their_own(addon, rig, desk):
    desk.chironomy.variants = 2
    generate(desk, 7)
    assert [take.label for take in desk.chironomy.takes] == ["lively, seed 7", "lively, seed 8"]
    assert bpy.ops.chironomy.new_seed() == {"FINISHED"}
    assert desk.chironomy.seed == 9


def test_an_action_of_ones_own_is_never_touched(addon, rig, desk, takes):
    item = desk.chironomy.character
    torso = item.pose.bones["torso"]
    for frame, turn in ((1, 0.0), (40, 0.2)):
        torso.rotation_quaternion = (1.0, turn, 0.0, 0.0)
        torso.keyframe_insert("rotation_quaternion", frame=frame)
    own = action_of(desk)
    own.name = "Walk"

    def points():
        return [tuple(p.co) for curve in addon["rig.actions"].all_curves(item) for p in curve.keyframe_points]

    before = points()
    generate(desk, 1)
    assert action_of(desk) != own
    assert names(desk) == ["Walk", "Take 2"]
    assert desk.chironomy.takes[0].label == "your own"
    # Their own keys are heeded in the take, too.
    desk.frame_set(40)
    assert torso.rotation_quaternion[1] / torso.rotation_quaternion[0] == pytest.approx(0.2, abs=1e-4)
    desk.chironomy.take_index = 0
    assert action_of(desk) == own
    assert points() == before


def test_an_edited_pose_a_moved_stroke_and_a_retimed_one_survive_three_generations(addon, rig, desk, takes):
    item = desk.chironomy.character
    generate(desk, 1)
    # A pose set with I on a generated key.
    curve = next(c for c in addon["rig.actions"].all_curves(item) if c.data_path.endswith('"hand.R"].location'))
    frames = [point.co[0] for point in curve.keyframe_points]
    frame = round(min(frames, key=lambda each: abs(each - 30)))
    desk.frame_set(frame)
    bone = item.pose.bones["hand.R"]
    bone.location.z += 0.06
    bone.keyframe_insert("location", frame=frame)
    # A stroke of the left hand moved with fall-off.
    moved = addon["rig.edit"].offset_hand(item, 0, desk, [0.0, 0.08, 0.0], 0.3, 4.0).frame
    edited = shown(addon, rig, desk)
    for seed in (2, 3, 4):
        generate(desk, seed)
        after = shown(addon, rig, desk)
        place, turn = apart(after, edited, frames=frame - 1, hand=1)
        assert place < MILLIMETRE
        assert turn < TENTH_DEGREE
        place, turn = apart(after, edited, frames=slice(moved - 7, moved + 6), hand=0)
        assert place < MILLIMETRE
        assert turn < TENTH_DEGREE
        # Elsewhere it is another take, and nothing pops beside what is kept.
        assert apart(after, edited, frames=slice(60, None), hand=1)[0] > 0.03
        for hand, at in ((1, frame - 1), (0, moved - 1)):
            step = steps(after, hand)
            assert step[at - 1 : at + 1].max() <= 1.5 * max(step.max() * 0.67, np.sort(step)[-3])


def test_detail_makes_a_takes_keys_anew_and_leaves_ones_own_poses(addon, rig, desk, takes):
    generate(desk, 1)
    item = desk.chironomy.character
    desk.frame_set(70)
    bone = item.pose.bones["hand.L"]
    bone.location.z += 0.05
    bone.keyframe_insert("location", frame=70)
    edited, take, counts = shown(addon, rig, desk), desk.chironomy.takes[0], []
    for detail in (0.0, 0.5, 1.0):
        take.detail = detail
        counts.append(addon["rig.read"].hand_key_count(item))
        assert apart(shown(addon, rig, desk), edited, frames=69, hand=0)[0] < MILLIMETRE
    assert counts[0] < counts[1] < counts[2]
    dense = takes.dense_of(take).hands
    exact = shown(addon, rig, desk)
    off = np.linalg.norm(exact.wrist_position - dense.wrist_position, axis=-1)[:, 1]
    assert np.percentile(off, 95) < 0.001
    assert take.wrist_miss <= 0.001
    assert take.trouble == ""


def key_frames(addon, scene, bone="hand.R"):
    curves = addon["rig.actions"].all_curves(scene.chironomy.character)
    curve = next(c for c in curves if c.data_path.endswith(f'"{bone}"].location'))
    return np.array([point.co[0] for point in curve.keyframe_points])


@pytest.mark.parametrize("hands", ["both", "right"])
def test_a_range_is_made_anew_and_nothing_else_is(addon, rig, desk, takes, hands):
    generate(desk, 1)
    before = shown(addon, rig, desk)
    curve = addon["rig.actions"].key_columns
    outside = {}
    for c in addon["rig.actions"].all_curves(desk.chironomy.character):
        columns = curve(c)
        outside[c.data_path, c.array_index] = columns["co"][(columns["co"][:, 0] < 48) | (columns["co"][:, 0] > 96)]
    desk.use_preview_range = True
    desk.frame_preview_start, desk.frame_preview_end = 48, 96
    desk.chironomy.edit_hands = hands.upper()
    assert bpy.ops.chironomy.regenerate_range() == {"FINISHED"}
    assert names(desk) == ["Take 1", "Take 2"]
    after = shown(addon, rig, desk)
    kept = np.r_[0:48, 95:FRAMES]
    place, turn = apart(after, before, frames=kept)
    assert place < 1e-6
    assert turn < 1e-4
    assert apart(after, before, frames=slice(50, 94), hand=1)[0] > 0.05
    assert (apart(after, before, hand=0)[0] > 0.05) == (hands == "both")
    for c in addon["rig.actions"].all_curves(desk.chironomy.character):
        columns = curve(c)
        now = columns["co"][(columns["co"][:, 0] < 48) | (columns["co"][:, 0] > 96)]
        np.testing.assert_allclose(now, outside[c.data_path, c.array_index], atol=1e-6)
    # It is left and reached without a jerk.
    for hand in (0, 1):
        jerk = np.linalg.norm(np.diff(after.wrist_position[:, hand], 2, axis=0), axis=-1)
        was = np.linalg.norm(np.diff(before.wrist_position[:, hand], 2, axis=0), axis=-1)
        near = np.r_[44:50, 91:97]
        assert jerk[near].max() <= 1.001 * max(was.max(), np.percentile(jerk, 97))
    # The take before is as it was, and another range another gesture.
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), before) == (0.0, 0.0)
    assert bpy.ops.chironomy.regenerate_range() == {"FINISHED"}
    assert apart(shown(addon, rig, desk), after, frames=slice(50, 94), hand=1)[0] > 0.03


def test_what_is_locked_in_a_range_is_held_and_led_into(addon, rig, desk, takes):
    generate(desk, 1)
    before = shown(addon, rig, desk)
    desk.frame_set(72)
    assert bpy.ops.chironomy.lock_poses() == {"FINISHED"}
    assert apart(shown(addon, rig, desk), before)[0] < 1e-6
    assert bpy.ops.chironomy.regenerate_range(first=40, last=104) == {"FINISHED"}
    after = shown(addon, rig, desk)
    place, turn = apart(after, before, frames=71)
    assert place < MILLIMETRE
    assert turn < TENTH_DEGREE
    assert apart(after, before, frames=slice(45, 66))[0] > 0.03
    for hand in (0, 1):
        step = steps(after, hand)
        assert step[68:74].max() <= step.max()
    # Released, the pose is replaced, too.
    desk.frame_set(72)
    assert bpy.ops.chironomy.release_poses() == {"FINISHED"}
    assert bpy.ops.chironomy.regenerate_range(first=40, last=104) == {"FINISHED"}
    assert apart(shown(addon, rig, desk), before, frames=71)[0] > 0.005


def test_a_range_needs_to_be_chosen(addon, desk):
    generate(desk, 1)
    with pytest.raises(RuntimeError, match="Choose frames first"):
        bpy.ops.chironomy.regenerate_range()
    for curve in addon["rig.actions"].all_curves(desk.chironomy.character):
        for point in curve.keyframe_points:
            point.select_control_point = 40 <= point.co[0] <= 90
    item = desk.chironomy.character
    first, last = addon["scene.chosen"].chosen_range(desk, item)
    assert 40 <= first < last <= 90
    assert bpy.ops.chironomy.regenerate_range() == {"FINISHED"}
    assert desk.chironomy.takes[1].label.startswith(f"{first} to {last}, ")


def test_a_hand_of_another_take_is_brought_in(addon, rig, desk, takes):
    def controls():
        return addon["rig.read"].read_controls(desk.chironomy.character, rig, desk, range(1, FRAMES + 1))

    generate(desk, 1)
    first = controls()
    generate(desk, 2)
    second = shown(addon, rig, desk)
    assert bpy.ops.chironomy.bring_in_take(source="0", hands="left") == {"FINISHED"}
    after = shown(addon, rig, desk)
    assert names(desk) == ["Take 1", "Take 2", "Take 3"]
    assert apart(after, second, hand=1)[0] < 1e-6
    # The controls: whether the arm reaches them is a matter of where the other take's shoulders are.
    off = np.linalg.norm(controls().wrist_position - first.wrist_position, axis=-1)[:, 0]
    assert np.percentile(off, 95) < 0.006


def test_a_hand_is_blended_half_way_to_another_take(addon, rig, desk, takes):
    from chironomy.motion import rotation

    generate(desk, 1)
    first = shown(addon, rig, desk)
    generate(desk, 2)
    second = shown(addon, rig, desk)
    assert bpy.ops.chironomy.bring_in_take(source="0", hands="left", weight=0.5) == {"FINISHED"}
    after = shown(addon, rig, desk)
    assert names(desk) == ["Take 1", "Take 2", "Take 3"]
    assert desk.chironomy.takes[2].label == "50 % of Take 1"
    assert apart(after, second, hand=1)[0] < 1e-6
    middle = 0.5 * (first.wrist_position + second.wrist_position)[:, 0]
    assert np.percentile(np.linalg.norm(after.wrist_position[:, 0] - middle, axis=-1), 95) < 0.006
    turns = rotation.slerp(first.rotation[:, 0], second.rotation[:, 0], 0.5)
    assert np.degrees(np.percentile(rotation.angle(after.rotation[:, 0], turns), 95)) < 6.0
    # Without weight it is this take; the two that it is made of are as they were.
    assert bpy.ops.chironomy.bring_in_take(source="0", hands="both", weight=0.0) == {"FINISHED"}
    assert np.percentile(apart(shown(addon, rig, desk), after)[0], 95) < 0.02
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)


def test_takes_are_copied_accepted_and_thrown_away(addon, rig, desk, takes):
    generate(desk, 1)
    first = shown(addon, rig, desk)
    assert bpy.ops.chironomy.duplicate_take() == {"FINISHED"}
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)
    addon["rig.edit"].offset_hand(desk.chironomy.character, 1, desk, [0.0, 0.1, 0.0], 0.4)
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)
    desk.chironomy.takes[0].accepted = True
    assert not bpy.ops.chironomy.delete_take.poll()
    desk.chironomy.takes[0].accepted = False
    gone = action_of(desk).name
    assert bpy.ops.chironomy.delete_take() == {"FINISHED"}
    assert gone not in bpy.data.actions
    assert names(desk) == ["Take 2"]
    assert apart(shown(addon, rig, desk), first)[0] > 0.05
    assert bpy.ops.chironomy.delete_take() == {"FINISHED"}
    assert names(desk) == []
    generate(desk, 1)
    assert names(desk) == ["Take 1"]


def test_a_renamed_take_gives_its_action_and_its_files_its_name(addon, rig, desk, takes):
    generate(desk, 1)
    take, item = desk.chironomy.takes[0], desk.chironomy.character
    face = take.face_action
    take.name = "hero: 2/3"
    assert action_of(desk).name == "Character hero: 2/3"
    assert face in (None, take.action) or face.name == "Character hero: 2/3 Face"
    assert takes.file_stem(desk, item) == "hero- 2-3"
    # Another detail has the name, too, and one that a person gave the action stays.
    take.detail = 0.3
    desk.chironomy.takes[0].name = "villain"
    assert action_of(desk).name == "Character villain"
    action_of(desk).name = "My Walk"
    desk.chironomy.takes[0].name = "hero"
    assert action_of(desk).name == "My Walk"
    desk.chironomy.takes[0].name = "..."
    assert takes.file_stem(desk, item) == "hands"
    assert takes.file_stem(desk, None) == "hands"


def test_an_action_of_ones_own_keeps_its_name_in_a_renamed_take(addon, desk, takes):
    item = desk.chironomy.character
    item.pose.bones["torso"].keyframe_insert("location", frame=1)
    action_of(desk).name = "Walk"
    takes.list_shown(desk, item)
    desk.chironomy.takes[0].name = "hero"
    assert action_of(desk).name == "Walk"


def test_a_take_plays_in_the_nla(addon, rig, desk):
    generate(desk, 1)
    first = shown(addon, rig, desk)
    assert bpy.ops.chironomy.take_to_nla() == {"FINISHED"}
    item = desk.chironomy.character
    assert item.animation_data.action is None
    assert [len(track.strips) for track in item.animation_data.nla_tracks] == [1]
    assert apart(shown(addon, rig, desk), first)[0] < MILLIMETRE


def test_takes_are_in_the_file(addon, rig, desk, takes, tmp_path):
    generate(desk, 1)
    generate(desk, 2)
    second, dense = shown(addon, rig, desk), takes.dense_of(desk.chironomy.takes[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "takes.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "takes.blend"))
    desk = bpy.context.scene
    assert names(desk) == ["Take 1", "Take 2"]
    assert apart(shown(addon, rig, desk), second) == (0.0, 0.0)
    again = takes.dense_of(desk.chironomy.takes[0])
    np.testing.assert_array_equal(again.hands.wrist_position, dense.hands.wrist_position)
    assert takes.made_of(desk.chironomy.takes[1].action)["seed"] == 2
    desk.chironomy.takes[0].detail = 0.2
    assert desk.chironomy.takes[0].trouble == ""


def test_an_imported_motion_is_a_take_and_what_was_there_stays(addon, rig, desk, tmp_path):
    from blender_motions import gestures

    from chironomy.motion import save_hands

    generate(desk, 1)
    first = shown(addon, rig, desk)
    save_hands(gestures(rig, SECONDS, seed=3), tmp_path / "captured.npz")
    assert bpy.ops.chironomy.import_motion(filepath=str(tmp_path / "captured.npz")) == {"FINISHED"}
    assert [take.label for take in desk.chironomy.takes] == ["lively, seed 1", "captured.npz"]
    desk.chironomy.takes[1].detail = 1.0
    assert desk.chironomy.takes[1].trouble == ""
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)


def test_what_cannot_be_put_on_changes_nothing(addon, rig, desk, takes, monkeypatch):
    from chironomy.errors import ChironomyError

    generate(desk, 1)
    first, before = shown(addon, rig, desk), set(bpy.data.actions.keys())
    dense = takes.dense_of(desk.chironomy.takes[0])

    def refuse(*_):
        raise ChironomyError("the motion cannot be put on")

    # The hands' keys are written by then.
    monkeypatch.setattr(addon["rig.write_body"], "writing_accompaniment", refuse)
    with pytest.raises(ChironomyError):
        addon["scene.new_takes"].new_take(desk, desk.chironomy.character, dense.hands, "", {})
    assert names(desk) == ["Take 1"]
    assert set(bpy.data.actions.keys()) == before
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)


def test_of_two_takes_of_one_name_the_chosen_one_is_thrown_away(addon, rig, desk):
    generate(desk, 1)
    first = shown(addon, rig, desk)
    generate(desk, 2)
    for take in desk.chironomy.takes:
        take.name = "Good"
    desk.chironomy.takes[0].accepted = True
    assert bpy.ops.chironomy.delete_take() == {"FINISHED"}
    assert [take.accepted for take in desk.chironomy.takes] == [True]
    assert apart(shown(addon, rig, desk), first) == (0.0, 0.0)


def test_an_action_of_ones_own_outlives_its_entry(addon, desk):
    item = desk.chironomy.character
    torso = item.pose.bones["torso"]
    torso.keyframe_insert("rotation_quaternion", frame=1)
    own = action_of(desk)
    own.name = "Walk"
    generate(desk, 1)
    desk.chironomy.take_index = 0
    assert bpy.ops.chironomy.delete_take() == {"FINISHED"}
    assert "Walk" in bpy.data.actions


def test_an_action_that_was_deleted_elsewhere_leaves_the_list(addon, desk):
    generate(desk, 1)
    generate(desk, 2)
    bpy.data.actions.remove(desk.chironomy.takes[1].action)
    generate(desk, 3)
    assert names(desk) == ["Take 1", "Take 2"]
    assert bpy.ops.chironomy.delete_take() == {"FINISHED"}
    assert names(desk) == ["Take 1"]


@pytest.mark.parametrize("change", ["frame rate", "speech"])
def test_keys_that_cannot_be_made_anew_stay_and_that_is_said(addon, rig, desk, change):
    generate(desk, 1)
    take, keys = desk.chironomy.takes[0], addon["rig.read"].hand_key_count(desk.chironomy.character)
    if change == "frame rate":
        desk.render.fps = 30
    elif strips := list(addon["sequencer"].sounds(desk)):
        strips[0].strip.frame_start += 40
    else:  # a Blender without sound, where the speech begins with the scene
        desk.frame_start += 40
    take.detail = 0.9
    assert take.trouble
    assert take.detail == pytest.approx(0.5)
    assert addon["rig.read"].hand_key_count(desk.chironomy.character) == keys
    if change == "frame rate":
        desk.render.fps = 24
        take.detail = 0.9
        assert take.trouble == ""


def test_a_range_after_the_speech_is_refused_by_a_sentence(addon, desk):
    generate(desk, 1)
    with pytest.raises(RuntimeError, match="after the speech's end"):
        bpy.ops.chironomy.regenerate_range(first=FRAMES + 10, last=FRAMES + 60)


def test_a_stretch_is_released_as_a_whole_at_any_frame_rate(addon, desk):
    desk.render.fps = 60
    generate(desk, 1)
    item = desk.chironomy.character
    hand = addon["rig.owned"].hand_unit(item, 1)
    # A second and a half apart: one stretch.
    addon["rig.owned"].lock(item, [hand], [60.0, 150.0])
    (span,) = addon["rig.owned"].spans(item, [hand], 60.0).values()
    assert span.stretches == ((60.0, 150.0),)
    desk.frame_set(100)
    assert bpy.ops.chironomy.release_poses() == {"FINISHED"}
    assert addon["rig.owned"].spans(item, [hand], 60.0) == {}
