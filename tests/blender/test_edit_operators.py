# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons of the section Edit: the pose asked for at its frame, smooth ways to it, and nothing changed beyond."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS, FPS = 6.0, 24
FRAMES = round(SECONDS * FPS)
LEFT, RIGHT = 0, 1
AT = np.arange(1, FRAMES + 1)


@pytest.fixture(scope="module")
def generated(addon, rig, character):
    """An action of generated motion, for each test to have a copy of."""
    from blender_motions import gestures

    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    addon["rig.write"].write_motion(character, rig, gestures(rig, SECONDS, seed=2), scene, 1)
    action = character.animation_data.action
    action.use_fake_user = True
    character.animation_data.action = None
    return action


@pytest.fixture
def keyed(addon, generated, character):
    """The character with a generated motion, shown at frame 70."""
    scene, data = bpy.context.scene, character.animation_data
    for curve in list(data.drivers):
        data.drivers.remove(curve)
    data.action = generated.copy()
    if hasattr(data, "action_slot"):
        data.action_slot = data.action.slots[0]
    scene.use_preview_range = False
    scene.chironomy.edit_hands = "BOTH"
    scene.frame_set(70)
    return character


@pytest.fixture
def hands(addon, rig, keyed):
    """The poses that the curves of both hands say, at every frame; called again after an edit."""

    def read():
        made = [addon["rig.hand_curves"].HandCurves(keyed, rig, hand) for hand in (LEFT, RIGHT)]
        return [curves.poses(AT) for curves in made]

    return read


def preview(first, last):
    scene = bpy.context.scene
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = first, last


def numbers(poses):
    """Numbers of one hand frame by frame, (frames, N): metres and rotation matrices."""
    from chironomy.motion import rotation

    turns = rotation.to_matrix(poses.rotation).reshape(len(poses), -1)
    return np.concatenate([poses.wrist_position, poses.elbow, turns], axis=1)


def check_untouched(before, after, outside):
    """Both hands are as they were at the frames of a mask."""
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(numbers(new)[outside], numbers(old)[outside], atol=1e-5)


def check_calm_borders(before, after, *borders, fade=7):
    """At a border nothing changes its speed at once, and the wrist bends no harder than its way and its fade ask for.

    Both are the poses at every frame; `fade` is how many frames the edit fades in or out at least.
    """
    for old, new in zip(before, after, strict=True):
        moved = np.abs(new.wrist_position - old.wrist_position).max()
        # A raised cosine over so many frames, and as much again.
        floor = 0.001 + moved * (np.pi / fade) ** 2
        for border in borders:
            near = slice(max(border - 4, 0), border + 3)
            bend = [np.linalg.norm(np.diff(each.wrist_position[near], 2, axis=0), axis=1).max() for each in (old, new)]
            assert bend[1] <= 1.6 * bend[0] + floor, f"at {border}: {bend}"


def check_no_kink(addon, rig, character, *borders):
    """What comes after a border begins at the speed that came before: per frame within 1 mm and 0.3 degrees."""
    from chironomy.motion import rotation

    for hand in (LEFT, RIGHT):
        curves, step = addon["rig.hand_curves"].HandCurves(character, rig, hand), 0.005
        for border in borders:
            poses = curves.poses([border - step, border, border + step])
            speed = np.diff(poses.wrist_position, axis=0) / step
            assert np.linalg.norm(speed[1] - speed[0]) < 0.001
            turned = rotation.multiply(poses.rotation[1:], rotation.inverse(poses.rotation[:-1]))
            turning = np.degrees(rotation.to_rotation_vector(turned)) / step
            assert np.linalg.norm(turning[1] - turning[0], axis=-1).max() < 0.3


def check_same_pose(left, right, metres=1e-4, degrees=0.1):
    from chironomy.motion import rotation

    assert np.abs(left.wrist_position - right.wrist_position).max() < metres
    assert np.degrees(rotation.angle(left.rotation, right.rotation)).max() < degrees


def key_types(addon, character, side):
    """The types of a hand's keys by frame, all of whose channels have one there."""
    curves = [curve for curve in addon["rig.actions"].all_curves(character) if f'.{side}"]' in curve.data_path]
    frames = {}
    for curve in curves:
        for point in curve.keyframe_points:
            frames.setdefault(round(point.co[0], 3), set()).add(point.type)
    return frames


def pose_right_hand(character):
    """Move, turn and bend something of the right hand without a key, as G and R do."""
    from mathutils import Euler

    control, finger = character.pose.bones["hand.R"], character.pose.bones["index1.R"]
    control.location.z += 0.08
    control.location.x -= 0.03
    turn = Euler((0.3, -0.2, 0.25)).to_quaternion()
    control.rotation_quaternion = turn @ control.rotation_quaternion
    finger.rotation_quaternion = Euler((0.0, 0.0, 0.3)).to_quaternion() @ finger.rotation_quaternion


def sentence_of(operator, **options):
    with pytest.raises(RuntimeError) as raised:
        operator(**options)
    said = str(raised.value).strip()
    assert "\n" not in said
    return said


# Moving a pose


def test_the_posed_hand_is_kept_and_its_neighbours_follow(addon, rig, keyed, hands):
    before = hands()
    pose_right_hand(keyed)
    wanted = addon["rig.hand_curves"].HandCurves(keyed, rig, RIGHT).posed()
    assert bpy.ops.chironomy.move_pose(radius=0.5) == {"FINISHED"}
    after = hands()
    check_same_pose(after[RIGHT].at([69]), wanted)
    moved = np.linalg.norm(after[RIGHT].wrist_position - before[RIGHT].wrist_position, axis=1)
    assert moved[69] == pytest.approx(np.hypot(0.08, 0.03), abs=1e-5)
    assert moved[63] == pytest.approx(0.5 * moved[69], rel=0.15)
    assert moved[69] == moved.max()
    check_untouched(before, after, np.abs(AT - 70) >= 12)
    check_untouched(before[:1], after[:1], AT > 0)
    check_calm_borders(before, after, 58, 82, fade=12)
    check_no_kink(addon, rig, keyed, 58, 82)


def move_by_button(addon, character, options):
    """Do to the right hand what the button does; its options become what its panel then shows."""
    scene, plan = bpy.context.scene, addon["operators.edit"].CHIRONOMY_OT_move_pose.plan
    edit_hands = addon["scene.edit_place"].edit_hands
    addon["slices"].drained(edit_hands(scene, character, (RIGHT,), "", lambda place: plan(options, scene, place)))


def test_the_button_shows_how_a_hand_was_moved_and_goes_on_from_there(addon, rig, keyed, hands, generated):
    from mathutils import Euler

    nothing = dict.fromkeys(("offset", "turn", "posed_offset", "posed_turn"), (0.0, 0.0, 0.0))
    options = SimpleNamespace(radius=0.5, posed="", own=False, **nothing)
    pose_right_hand(keyed)
    wanted = addon["rig.hand_curves"].HandCurves(keyed, rig, RIGHT).posed()
    move_by_button(addon, keyed, options)
    check_same_pose(hands()[RIGHT].at([69]), wanted)
    assert tuple(options.offset) == pytest.approx((-0.03, 0.0, 0.08), abs=1e-5)
    # It was turned about the axes of the bone, as it rests.
    rest = keyed.data.bones["hand.R"].matrix_local.to_quaternion()
    turned = rest @ Euler((0.3, -0.2, 0.25)).to_quaternion() @ rest.inverted()
    assert tuple(options.turn) == pytest.approx(tuple(turned.to_euler()), abs=1e-4)

    def step_back():
        keyed.animation_data.action = generated.copy()
        if hasattr(keyed.animation_data, "action_slot"):
            keyed.animation_data.action_slot = keyed.animation_data.action.slots[0]
        bpy.context.scene.frame_set(70)

    step_back()
    options.radius = 0.3
    move_by_button(addon, keyed, options)
    check_same_pose(hands()[RIGHT].at([69]), wanted)
    step_back()
    before = hands()[RIGHT].at([69])
    options.offset, options.turn = (0.0, 0.0, 0.13), Euler((0.0, 0.0, 0.0))
    move_by_button(addon, keyed, options)
    after = hands()[RIGHT].at([69])
    # Up in Blender is the second axis of the body's frame; the finger stays as it was posed.
    np.testing.assert_allclose(after.wrist_position - before.wrist_position, [[0.0, 0.13, 0.0]], atol=1e-5)
    np.testing.assert_allclose(np.abs(after.rotation[0, 0]), np.abs(before.rotation[0, 0]), atol=1e-4)
    np.testing.assert_allclose(np.abs(after.rotation[0, 1:]), np.abs(wanted.rotation[0, 1:]), atol=1e-4)


def test_the_scene_shows_the_moved_pose_and_the_arm_follows(addon, rig, keyed):
    keyed.pose.bones["hand.R"].location.z -= 0.03
    place = keyed.pose.bones["hand.R"].location.copy()
    bpy.ops.chironomy.move_pose()
    assert (keyed.pose.bones["hand.R"].location - place).length < 1e-5
    bpy.context.scene.frame_set(20)
    bpy.context.scene.frame_set(70)
    assert (keyed.pose.bones["hand.R"].location - place).length < 1e-5


def test_a_moved_pose_is_the_animators_with_all_its_channels(addon, keyed):
    pose_right_hand(keyed)
    bpy.ops.chironomy.move_pose(radius=0.5)
    types = key_types(addon, keyed, "R")
    assert all(kinds == {"KEYFRAME"} for frame, kinds in types.items() if 58 <= frame <= 82)
    assert all(kinds == {"GENERATED"} for frame, kinds in types.items() if not 58 <= frame <= 82)
    assert all(kinds == {"GENERATED"} for kinds in key_types(addon, keyed, "L").values())
    counts = [
        sum(58 <= point.co[0] <= 82 for point in curve.keyframe_points)
        for curve in addon["rig.actions"].all_curves(keyed)
        if '.R"]' in curve.data_path and not curve.data_path.startswith('pose.bones["shoulder')
    ]
    assert len(set(counts)) == 1


def test_what_an_edit_does_not_reach_stays_the_machines(addon, keyed):
    owned = addon["rig.owned"]
    pose_right_hand(keyed)
    bpy.ops.chironomy.move_pose(radius=0.5)
    units = [owned.hand_unit(keyed, hand) for hand in (LEFT, RIGHT)]
    spans = owned.spans(keyed, units, FPS)
    assert spans.keys() == {"hand.R"}
    assert 58 <= spans["hand.R"].first <= 59
    assert 81 <= spans["hand.R"].last <= 82


def test_generating_again_leaves_an_edited_passage_as_it_is(addon, rig, keyed, hands):
    from blender_motions import gestures

    bpy.ops.chironomy.curl_fingers(angle=0.5, hands="RIGHT")
    edited = hands()
    addon["rig.write"].write_motion(keyed, rig, gestures(rig, SECONDS, seed=8), bpy.context.scene, 1)
    again = hands()
    inside = (AT >= 59) & (AT <= 81)
    np.testing.assert_allclose(numbers(again[RIGHT])[inside], numbers(edited[RIGHT])[inside], atol=1e-5)
    assert np.abs(numbers(again[RIGHT]) - numbers(edited[RIGHT]))[~inside].max() > 0.05


def test_a_script_moves_and_turns_a_hand_by_numbers(keyed, hands):
    before = hands()
    turn = (0.0, 0.0, 0.4)
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.06), turn=turn, hands="LEFT", radius=0.4) == {"FINISHED"}
    after = hands()
    from chironomy.motion import rotation

    np.testing.assert_allclose(
        after[LEFT].wrist_position[69] - before[LEFT].wrist_position[69], [0.0, 0.06, 0.0], atol=1e-5
    )
    assert rotation.angle(after[LEFT].rotation[69, 0], before[LEFT].rotation[69, 0]) == pytest.approx(0.4, abs=1e-4)
    check_same_pose(
        after[LEFT].at([69]),
        type(after[LEFT])(
            after[LEFT].wrist_position[69:70],
            np.concatenate([after[LEFT].rotation[69:70, :1], before[LEFT].rotation[69:70, 1:]], axis=1),
            after[LEFT].elbow[69:70],
            after[LEFT].confidence[69:70],
        ),
    )
    check_untouched(before[1:], after[1:], AT > 0)


def test_nothing_posed_is_said(keyed):
    said = sentence_of(bpy.ops.chironomy.move_pose)
    assert "hand.L and hand.R: posed as keyed at frame 70" in said


def key_right_hand(character, frame, path="location"):
    """Lift the right hand by a decimetre and a half and key it, by I or by Auto Keying."""
    bpy.context.scene.frame_set(frame)
    bone = character.pose.bones["hand.R"]
    bone.location.z += 0.15
    bone.keyframe_insert(path, frame=frame)


@pytest.mark.parametrize("beside", [0, 2, 3])
def test_the_poses_around_follow_a_pose_that_was_keyed_by_blender(addon, keyed, hands, beside):
    """On a generated key or beside one: what was generated is the way from which it falls off."""
    curve = next(c for c in addon["rig.actions"].all_curves(keyed) if c.data_path.endswith('"hand.R"].location'))
    frame = min((round(point.co[0]) for point in curve.keyframe_points), key=lambda each: abs(each - 70)) + beside
    before = hands()
    key_right_hand(keyed, frame)
    popped = hands()[RIGHT].wrist_position
    assert bpy.ops.chironomy.move_pose(radius=0.5) == {"FINISHED"}
    after = hands()
    np.testing.assert_allclose(after[RIGHT].wrist_position[frame - 1], popped[frame - 1], atol=1e-5)
    lift = np.linalg.norm(after[RIGHT].wrist_position - before[RIGHT].wrist_position, axis=1)
    assert np.abs(np.diff(lift)).max() < 1.2 * 0.15 * np.pi / 2 / 12
    check_untouched(before[LEFT:1], after[LEFT:1], AT > 0)
    check_untouched(before, after, np.abs(AT - frame) > 13)
    said = sentence_of(bpy.ops.chironomy.move_pose)
    assert f"posed as keyed at frame {frame}" in said


def test_quaternions_go_on_without_a_jump_of_sign(addon, keyed):
    pose_right_hand(keyed)
    bpy.ops.chironomy.move_pose(radius=1.0)
    curves = [
        c for c in addon["rig.actions"].all_curves(keyed) if c.data_path.endswith('"hand.R"].rotation_quaternion')
    ]
    q = np.array([[curve.evaluate(frame) for curve in curves] for frame in AT])
    assert np.sum(q[1:] * q[:-1], axis=1).min() > 0.8


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "AXIS_ANGLE"])
def test_bones_of_other_rotation_modes_are_edited_too(addon, rig, keyed, mode):
    from chironomy.motion import rotation

    edited = ("hand.R", "index1.R")
    write, curves_of = addon["rig.write"], addon["rig.hand_curves"].HandCurves
    from blender_motions import gestures

    bones = [keyed.pose.bones[name] for name in edited]
    try:
        for bone in bones:
            bone.rotation_mode = mode
        write.write_motion(keyed, rig, gestures(rig, SECONDS, seed=2), bpy.context.scene, 1)
        bpy.context.scene.frame_set(70)
        before = curves_of(keyed, rig, RIGHT).poses(AT)
        turn = (0.0, 0.0, 0.5)
        bpy.ops.chironomy.move_pose(turn=turn, hands="RIGHT", radius=0.5)
        after = curves_of(keyed, rig, RIGHT).poses(AT)
        assert rotation.angle(after.rotation[69, 0], before.rotation[69, 0]) == pytest.approx(0.5, abs=2e-3)
        far = np.abs(AT - 70) >= 12
        np.testing.assert_allclose(numbers(after)[far], numbers(before)[far], atol=2e-5)
        step = rotation.angle(after.rotation[1:, 0], after.rotation[:-1, 0])
        was = rotation.angle(before.rotation[1:, 0], before.rotation[:-1, 0])
        assert step.max() < was.max() + 0.09
    finally:
        for bone in bones:
            bone.rotation_mode = "QUATERNION"


# Fingers


def test_fingers_curl_at_the_frame_within_their_limits(addon, rig, keyed, hands):
    from chironomy.body.hand_anatomy import FLEXION, HAND_LIMITS, joint_angles

    before = hands()
    assert bpy.ops.chironomy.curl_fingers(angle=np.radians(25.0), radius=0.5, hands="RIGHT") == {"FINISHED"}
    after = hands()
    was, now = (joint_angles(each[RIGHT].rotation[69], RIGHT) for each in (before, after))
    bent = (now - was)[1:, FLEXION]
    free = was[1:, FLEXION] < 40.0
    assert (bent[free] > 5.0).all()
    assert (now[1:] <= np.maximum(HAND_LIMITS[1:, :, 1], was[1:]) + 0.1).all()
    np.testing.assert_allclose(after[RIGHT].wrist_position, before[RIGHT].wrist_position, atol=1e-5)
    check_untouched(before, after, np.abs(AT - 70) >= 12)
    check_calm_borders(before, after, 58, 82, fade=12)
    check_no_kink(addon, rig, keyed, 58, 82)


def test_fingers_spread_and_close_again(keyed, hands):
    from chironomy.body.hand_anatomy import ABDUCTION, joint_angles

    before = hands()
    bpy.ops.chironomy.spread_fingers(angle=np.radians(10.0), radius=0.5, hands="LEFT")
    now, was = (joint_angles(each[LEFT].rotation[69], LEFT)[:, ABDUCTION] for each in (hands(), before))
    apart = now - was
    assert apart[1] - apart[7] > 8.0  # index and little finger
    check_untouched(before, hands(), np.abs(AT - 70) >= 12)


# Mirror and swap


def test_a_mirrored_pose_is_the_other_hands(keyed, hands):
    from chironomy.motion.hand_poses import mirrored

    before = hands()
    bpy.ops.chironomy.mirror_pose(hands="RIGHT", radius=0.6)
    after = hands()
    check_same_pose(after[RIGHT].at([69]), mirrored(before[LEFT].at([69])))
    check_untouched(before, after, np.abs(AT - 70) >= round(0.6 * FPS))
    check_untouched(before[:1], after[:1], AT > 0)


def test_hands_swapped_over_everything_do_what_the_other_did(keyed, hands, capfd):
    from chironomy.motion.hand_poses import mirrored

    before = hands()
    bpy.ops.chironomy.swap_hands()
    said = "".join(capfd.readouterr())
    assert "Swapped what the hands do, mirrored, from frame" in said
    first, last = (int(number) for number in re.search(r"from frame (\d+) to (\d+);", said).groups())
    assert f"; no frames were chosen, so all {last - first + 1} frames are edited" in said
    after = hands()
    for hand in (LEFT, RIGHT):
        check_same_pose(after[hand], mirrored(before[1 - hand]), metres=0.0015, degrees=1.0)


def test_what_is_chosen_is_not_called_all_frames(keyed, hands, capfd):
    for operator in (bpy.ops.chironomy.mirror_motion, bpy.ops.chironomy.smooth):
        bpy.context.scene.use_preview_range = True
        bpy.context.scene.frame_preview_start, bpy.context.scene.frame_preview_end = 20, 60
        try:
            assert operator(hands="RIGHT") == {"FINISHED"}
        finally:
            bpy.context.scene.use_preview_range = False
        assert "no frames were chosen" not in "".join(capfd.readouterr())


def test_hands_swapped_twice_are_as_they_were(keyed, hands):
    before = hands()
    bpy.ops.chironomy.swap_hands()
    bpy.ops.chironomy.swap_hands()
    for old, new in zip(before, hands(), strict=True):
        check_same_pose(old, new, metres=0.002, degrees=1.0)


def test_hands_swapped_in_a_range_lead_there_and_back(addon, rig, keyed, hands):
    from chironomy.motion.hand_poses import mirrored

    before = hands()
    preview(25, 120)
    bpy.ops.chironomy.swap_hands()
    after = hands()
    check_untouched(before, after, (AT <= 25) | (AT >= 120))
    check_calm_borders(before, after, 25, 120)
    check_no_kink(addon, rig, keyed, 25, 120)
    inside = (AT > 56) & (AT < 89)
    for hand in (LEFT, RIGHT):
        check_same_pose(after[hand].at(inside), mirrored(before[1 - hand].at(inside)), metres=0.003, degrees=1.0)
        speed = [np.linalg.norm(np.diff(each.wrist_position, axis=0), axis=1).max() for each in (*before, after[hand])]
        assert speed[2] < 1.25 * max(speed[:2])


# Time


def test_a_range_is_shifted_and_what_lies_outside_stays(rig, addon, keyed, hands):
    before = hands()
    preview(60, 80)
    bpy.ops.chironomy.shift_time(shift=4)
    after = hands()
    for old, new in zip(before, after, strict=True):
        check_same_pose(new.at(AT[63:84] - 1), old.at(AT[59:80] - 1), metres=0.0015, degrees=0.6)
    check_untouched(before, after, (AT <= 60 - 12) | (AT >= 80 + 12))
    check_calm_borders(before, after, 48, 92)
    check_no_kink(addon, rig, keyed, 48, 92)
    types = key_types(addon, keyed, "R")
    assert types[64] == {"KEYFRAME"}
    assert all(float(frame).is_integer() for frame in types)


def test_a_shift_and_a_shift_back_leave_the_range_as_it_was(keyed, hands):
    before = hands()
    preview(60, 80)
    bpy.ops.chironomy.shift_time(shift=4)
    preview(64, 84)
    bpy.ops.chironomy.shift_time(shift=-4)
    inside = (AT >= 60) & (AT <= 80)
    for old, new in zip(before, hands(), strict=True):
        check_same_pose(new.at(inside), old.at(inside), metres=0.003, degrees=1.2)
    check_untouched(before, hands(), (AT < 45) | (AT > 95))


def test_a_shift_that_has_no_room_goes_as_far_as_it_can(keyed, hands, capsys):
    preview(1 + 4, 40)
    before = hands()
    bpy.ops.chironomy.shift_time(shift=-40)
    after = hands()
    check_untouched(before, after, AT >= 90)
    check_same_pose(after[0].at([0]), before[0].at([0]))


def test_a_stretched_range_is_as_long_as_asked_for(addon, rig, keyed, hands):
    before = hands()
    preview(60, 80)
    bpy.ops.chironomy.stretch_time(factor=1.4)
    after = hands()
    # About frame 70: from 56 to 84.
    for old, new in zip(before, after, strict=True):
        check_same_pose(new.at([55, 69, 83]), old.at([59, 69, 79]), metres=0.0015, degrees=0.6)
    check_untouched(before, after, (AT <= 45) | (AT >= 95))
    check_calm_borders(before, after, 46, 94)
    check_no_kink(addon, rig, keyed, 46, 94)


def test_a_pose_is_held_longer(addon, rig, keyed, hands):
    before = hands()
    preview(70, 130)
    assert bpy.ops.chironomy.hold_longer(longer=5) == {"FINISHED"}
    after = hands()
    # It comes to a stand on the way there.
    check_untouched(before, after, AT <= 62)
    for old, new in zip(before, after, strict=True):
        check_same_pose(new.at(np.arange(69, 75)), old.at([69] * 6), metres=0.001, degrees=0.3)
    check_untouched(before, after, AT >= 130)
    check_calm_borders(before, after, 62, 70, 75)
    check_no_kink(addon, rig, keyed, 62, 70, 75)


def test_noise_on_a_curve_is_not_added_twice(addon, keyed, hands):
    for curve in addon["rig.actions"].all_curves(keyed):
        if curve.data_path == 'pose.bones["hand.R"].location':
            noise = curve.modifiers.new("NOISE")
            noise.strength = 0.2
    before = hands()
    preview(60, 80)
    bpy.ops.chironomy.shift_time(shift=4)
    after = hands()
    assert np.abs(after[RIGHT].wrist_position - before[RIGHT].wrist_position).max() > 0.01
    check_untouched(before, after, (AT <= 60 - 12) | (AT >= 80 + 12))


# Amplitude, smoothing, rest


def test_amplitude_one_changes_nothing(keyed, hands):
    before = hands()
    preview(30, 110)
    bpy.ops.chironomy.amplify(factor=1.0)
    check_untouched(before, hands(), AT > 0)


@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_amplitude_scales_about_the_middle_and_fades_at_the_borders(addon, rig, keyed, hands, factor):
    before = hands()
    preview(30, 110)
    bpy.ops.chironomy.amplify(factor=factor, about="MEAN")
    after = hands()
    inside = (AT >= 30) & (AT <= 110)
    core = (AT >= 38) & (AT <= 102)
    for old, new in zip(before, after, strict=True):
        middle = old.wrist_position[inside].mean(axis=0)
        was, now = (each.wrist_position[core] - middle for each in (old, new))
        assert np.linalg.norm(now, axis=1).mean() == pytest.approx(factor * np.linalg.norm(was, axis=1).mean(), rel=0.1)
    check_untouched(before, after, (AT <= 30) | (AT >= 110))
    check_calm_borders(before, after, 30, 110)
    check_no_kink(addon, rig, keyed, 30, 110)


def test_a_strengthened_hand_stays_within_reach(rig, keyed, hands):
    from chironomy.body.ik import FARTHEST

    bpy.ops.chironomy.amplify(factor=3.0, about="MEAN")
    for hand, poses in enumerate(hands()):
        shoulder = rig.joint_position[rig.arm_joints(hand)[1]]
        away = np.linalg.norm(poses.wrist_position - shoulder, axis=1)
        assert away.max() <= FARTHEST * rig.arm_lengths[hand].sum() + 0.03


def test_smoothing_lowers_the_jerk(addon, keyed, hands):
    for curve in addon["rig.actions"].all_curves(keyed):
        if curve.data_path.endswith('"hand.R"].location'):
            for point in curve.keyframe_points:
                point.co[1] += 0.004 * (-1) ** round(point.co[0])
            curve.update()
    before = hands()
    preview(20, 130)
    bpy.ops.chironomy.smooth(factor=1.0)
    after = hands()
    jerk = [
        np.linalg.norm(np.diff(each[RIGHT].wrist_position[30:120], 3, axis=0), axis=1).mean()
        for each in (before, after)
    ]
    assert jerk[1] < 0.6 * jerk[0]
    check_untouched(before, after, (AT <= 20) | (AT >= 130))


def test_hands_go_to_rest_and_stay(addon, rig, keyed, hands):
    from chironomy.motion.hand_poses import resting

    before = hands()
    bpy.ops.chironomy.ease_to_rest(seconds=1.0)
    after = hands()
    check_untouched(before, after, AT <= 70)
    check_calm_borders(before, after, 70)
    check_no_kink(addon, rig, keyed, 70)
    for old, new in zip(before, after, strict=True):
        rest = old.at([resting(old)])
        check_same_pose(new.at([94]), rest, metres=0.001, degrees=0.3)
        check_same_pose(new.at([FRAMES - 1]), rest, metres=0.001, degrees=0.3)
    late = [frame for frame in key_types(addon, keyed, "R") if frame > 95]
    assert len(late) <= 3


def test_hands_that_rest_are_back_for_what_comes_after(addon, rig, keyed, hands):
    before = hands()
    bpy.context.scene.frame_set(30)
    preview(30, 110)
    bpy.ops.chironomy.ease_to_rest(seconds=0.8)
    after = hands()
    check_untouched(before, after, (AT <= 30) | (AT >= 110))
    check_calm_borders(before, after, 30, 110)
    check_no_kink(addon, rig, keyed, 30, 110)


# Which hands, which frames


def test_selected_keys_give_the_range_and_stay_selected(addon, keyed, hands):
    actions = addon["rig.actions"]
    before = hands()
    for curve in actions.all_curves(keyed):
        frames = actions.key_columns(curve)["co"][:, 0]
        actions.select(curve, (frames >= 50) & (frames <= 90) & ('"hand.R"' in curve.data_path))
    bpy.ops.chironomy.amplify(factor=1.5, hands="RIGHT")
    after = hands()
    changed = np.abs(numbers(after[RIGHT]) - numbers(before[RIGHT])).max(axis=1) > 1e-4
    assert AT[changed].min() >= 50
    assert AT[changed].max() <= 90
    chosen = [actions.selection(curve) for curve in actions.all_curves(keyed) if '"hand.R"' in curve.data_path]
    assert all(mask.any() and not mask.all() for mask in chosen)


def test_selected_bones_give_the_hands(keyed, hands):
    before = hands()
    bpy.context.view_layer.objects.active = keyed
    bpy.ops.object.mode_set(mode="POSE")
    try:
        bpy.ops.pose.select_all(action="DESELECT")
        bone = keyed.pose.bones["middle2.L"]
        (bone if hasattr(bone, "select") else bone.bone).select = True
        bpy.context.view_layer.update()
        bpy.ops.chironomy.curl_fingers(angle=0.3)
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    after = hands()
    check_untouched(before[1:], after[1:], AT > 0)
    assert np.abs(numbers(after[LEFT]) - numbers(before[LEFT])).max() > 0.05


def test_the_tab_gives_the_hands_where_no_bone_is_selected(keyed, hands):
    before = hands()
    bpy.context.scene.chironomy.edit_hands = "RIGHT"
    bpy.ops.chironomy.curl_fingers(angle=0.3)
    check_untouched(before[:1], hands()[:1], AT > 0)


def test_a_locked_hand_stays_and_a_sentence_says_so(addon, keyed, hands):
    before = hands()
    for curve in addon["rig.actions"].all_curves(keyed):
        if '"thumb2.L"' in curve.data_path:
            curve.lock = True

    def plan(place):
        return lambda: addon["scene.editing"].curl(place, 0.5, 20.0)

    edit = addon["scene.edit_place"].edit_hands(bpy.context.scene, keyed, (LEFT, RIGHT), "", plan)
    outcome = addon["slices"].drained(edit)
    assert outcome.message.endswith("hand.L is locked, muted or driven and stays as it is")
    check_untouched(before[:1], hands()[:1], AT > 0)
    said = sentence_of(bpy.ops.chironomy.curl_fingers, hands="LEFT")
    assert "hand.L is locked, muted or driven" in said


def test_buttons_are_grey_without_motion_and_say_why(addon, keyed):
    keyed.animation_data.action = None
    edit = addon["operators.edit"]
    reason = edit.CHIRONOMY_OT_smooth.disabled_reason(bpy.context)
    assert reason == "The hands have no keys yet; generate or import a motion first"
    assert not bpy.ops.chironomy.smooth.poll()
    assert "generate or import a motion first" in sentence_of(bpy.ops.chironomy.smooth)


def test_edits_touch_nothing_but_the_characters_action(addon, keyed):
    before = {(block.name, type(block).__name__) for block in (*bpy.data.actions, *bpy.data.objects, *bpy.data.scenes)}
    face = addon["rig.build"].body_of(keyed).data.shape_keys
    assert face.animation_data is None or face.animation_data.action is None
    bpy.ops.chironomy.curl_fingers(angle=0.3)
    bpy.ops.chironomy.shift_time(shift=2)
    after = {(block.name, type(block).__name__) for block in (*bpy.data.actions, *bpy.data.objects, *bpy.data.scenes)}
    assert after == before


def test_every_button_is_listed_and_is_undone_as_one(addon):
    edit = addon["operators.edit"]
    operators = [cls for cls in edit.CLASSES if hasattr(cls, "plan")]
    assert len(operators) == 12
    assert all(cls.bl_options == {"REGISTER", "UNDO"} for cls in operators)
    listed = {operator for buttons in edit.BUTTONS for operator, *_ in buttons}
    assert listed == {cls.bl_idname for cls in operators}


def test_a_linked_character_is_refused_and_an_overridden_ones_action_is_copied(addon, keyed, tmp_path):
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {keyed})
    scene = bpy.context.scene
    with bpy.data.libraries.load(str(library), link=True) as (there, here):
        here.objects = there.objects
    linked = next(item for item in here.objects if item.type == "ARMATURE")
    scene.collection.objects.link(linked)
    try:
        scene.chironomy.character = linked
        assert "is linked from library.blend" in addon["operators.edit"].CHIRONOMY_OT_smooth.disabled_reason(
            bpy.context
        )
        own = linked.override_create(remap_local_usages=True)
        scene.chironomy.character = own
        theirs = own.animation_data.action
        assert bpy.ops.chironomy.curl_fingers(angle=0.3) == {"FINISHED"}
        assert own.animation_data.action.library is None
        assert theirs.library is not None
    finally:
        scene.chironomy.character = keyed
        for item in list(scene.collection.objects):
            if item.name.startswith(keyed.name) and item != keyed and (item.library or item.override_library):
                bpy.data.objects.remove(item)


# Undoing makes every data-block anew, so this comes last.


def test_every_edit_is_undone_to_the_bit(addon, keyed):
    """The keys, what the action remembers of them, and the pose that is shown."""
    actions, scene = addon["rig.actions"], bpy.context.scene
    asked = {
        "move_pose": {"offset": (0.0, 0.0, 0.05)},
        "hold_longer": {"longer": 4},
        "shift_time": {"shift": 4},
        "amplify": {"factor": 1.4, "frames": "ALL"},
        "smooth": {"frames": "ALL"},
    }
    names = [cls.bl_idname.partition(".")[2] for cls in addon["operators.edit"].CLASSES]

    def plain(value):
        way = next((way for way in ("to_dict", "to_list") if hasattr(value, way)), None)
        return repr(getattr(value, way)() if way else value)

    def state():
        character = bpy.context.scene.chironomy.character
        action = character.animation_data.action
        keys = {
            (curve.data_path, curve.array_index): {
                name: column.tobytes() for name, column in actions.key_columns(curve).items()
            }
            for curve in actions.all_curves(character)
        }
        carried = {name: plain(value) for name, value in action.items()}
        pose = {bone.name: (*bone.location, *bone.rotation_quaternion) for bone in character.pose.bones}
        return action.name, keys, carried, pose

    bpy.context.preferences.edit.use_global_undo = True
    scene.frame_set(70)
    for layer in (False, True):
        for name in [*names, "lock_poses", "apply_hand_pose"]:
            if layer and name not in ("move_pose", "curl_fingers", "amplify", "smooth", "ease_to_rest"):
                continue
            bpy.context.scene.chironomy.on_layer = layer
            bpy.ops.ed.undo_push(message="before")
            before = state()
            options = {"side": "RIGHT"} if name == "apply_hand_pose" else asked.get(name, {})
            assert getattr(bpy.ops.chironomy, name)(**options) == {"FINISHED"}, name
            bpy.ops.ed.undo_push(message=name)
            assert state() != before, name
            bpy.ops.ed.undo()
            assert state() == before, name
