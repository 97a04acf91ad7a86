# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten edits that an animator makes of a generated take, each by three keys at most or by one button.

What is asked for is there at its frame, what lies around follows without a pop, and elsewhere nothing changes.
"""

import numpy as np
import pytest
from desk import FPS, FRAMES, generate

bpy = pytest.importorskip("bpy")

LEFT, RIGHT = 0, 1
FAR = 18  # frames from an edit beyond which nothing may be another


@pytest.fixture(scope="module")
def performed(addon, rig, short_speech):
    """A scene with a lively take, and the action to begin each edit with."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    bpy.ops.chironomy.add_character()
    scene.chironomy.style = "lively"
    generate(scene, 1)
    return scene


@pytest.fixture
def take(performed):
    """The take as it was made; undone after each edit."""
    assert bpy.ops.chironomy.duplicate_take() == {"FINISHED"}
    performed.use_preview_range = False
    yield performed
    performed.chironomy.take_index = 0


@pytest.fixture
def hands(addon, rig, take):
    """Metres and quaternions of the wrists and fingers as Blender shows them, frame by frame."""

    def read():
        return addon["rig.read"].read_pose(take.chironomy.character, rig, take, 1, FRAMES + 1)[1]

    return read


def keys_of(addon, scene, hand):
    curves = addon["rig.actions"].all_curves(scene.chironomy.character)
    curve = next(c for c in curves if c.data_path == f'pose.bones["hand.{"LR"[hand]}"].location')
    return np.array([point.co[0] for point in curve.keyframe_points])


def stroke(addon, scene):
    """The hand and the whole frame of a key near the middle, where a gesture arrives."""
    score = addon["scene.score"].score_of(scene.chironomy.character.animation_data.action)
    found = [
        (abs(each.apex - 3.0), phrase, each) for phrase in score.phrases for each in phrase.strokes if each.apex < 4.6
    ]
    _, phrase, each = min(found, key=lambda one: one[0])
    hand = LEFT if phrase.hands == "left" else RIGHT
    keys = keys_of(addon, scene, hand)
    return hand, round(float(keys[np.argmin(np.abs(keys - 1 - each.apex * FPS))])), phrase


def acceleration(motion, hand):
    return np.linalg.norm(np.diff(motion.wrist_position[:, hand], 2, axis=0), axis=-1) * FPS**2


def check_borders(before, after, hand, first, last):
    """Where an edit begins and ends, a hand is no harder moved than 1.5 times what it is in 95 % of the take."""
    limit = 1.5 * np.percentile(acceleration(before, hand), 95)
    for border in (first, last):
        near = slice(max(border - 4, 0), border + 2)
        was = acceleration(before, hand)[near].max(initial=0.0)
        assert acceleration(after, hand)[near].max(initial=0.0) <= max(limit, 1.05 * was), f"at {border}"


def check_elsewhere(before, after, hand, first, last):
    """Beyond the edit, and in the other hand, all is as it was."""
    frames = np.arange(1, FRAMES + 1)
    far = (frames < first - 1) | (frames > last + 1)
    np.testing.assert_allclose(after.wrist_position[far, hand], before.wrist_position[far, hand], atol=2e-3)
    np.testing.assert_allclose(after.wrist_position[:, 1 - hand], before.wrist_position[:, 1 - hand], atol=1e-3)


def nudge(addon, scene, hand, frame, offset):
    """Pose a hand at a frame with G, without a key, and press Move With Fall-Off."""
    scene.frame_set(frame)
    bone = scene.chironomy.character.pose.bones[f"hand.{'LR'[hand]}"]
    bone.location = [a + b for a, b in zip(bone.location, offset, strict=True)]
    assert bpy.ops.chironomy.move_pose(hands="LR"[hand].replace("L", "LEFT").replace("R", "RIGHT")) == {"FINISHED"}


def test_1_a_stroke_is_raised(addon, take, hands):
    hand, frame, _ = stroke(addon, take)
    before = hands()
    nudge(addon, take, hand, frame, (0.0, 0.0, 0.06))
    after = hands()
    moved = after.wrist_position[:, hand] - before.wrist_position[:, hand]
    np.testing.assert_allclose(moved[frame - 1], [0.0, 0.06, 0.0], atol=2e-3)
    # The neighbours follow: half of it half way.
    assert 0.015 < moved[frame + 5, 1] < 0.045
    check_borders(before, after, hand, frame - 12, frame + 12)
    check_elsewhere(before, after, hand, frame - 13, frame + 13)


def test_2_a_gesture_is_widened(addon, take, hands):
    hand, _frame, phrase = stroke(addon, take)
    side = "LEFT" if hand == LEFT else "RIGHT"
    before = hands()
    take.use_preview_range = True
    first, last = round(1 + phrase.start * FPS), min(round(1 + phrase.end * FPS), FRAMES)
    take.frame_preview_start, take.frame_preview_end = first, last
    assert bpy.ops.chironomy.amplify(factor=1.3, hands=side) == {"FINISHED"}
    after = hands()
    path = [np.linalg.norm(np.diff(m.wrist_position[first:last, hand], axis=0), axis=1).sum() for m in (before, after)]
    assert 1.08 < path[1] / path[0] < 1.35
    check_borders(before, after, hand, first, last)
    check_elsewhere(before, after, hand, first, last)


def test_3_a_stroke_is_delayed(addon, take, hands):
    hand, frame, _ = stroke(addon, take)
    before = hands()
    take.frame_set(frame)
    assert bpy.ops.chironomy.shift_time(shift=3, hands="LEFT" if hand == LEFT else "RIGHT") == {"FINISHED"}
    after = hands()
    off = np.linalg.norm(after.wrist_position[frame + 2, hand] - before.wrist_position[frame - 1, hand])
    assert off < 0.01
    check_borders(before, after, hand, frame - 24, frame + 24)


def check_held(before, after, hand, frame, longer):
    """The pose of a frame is there for so many more, still, and elsewhere before it nothing changes."""
    from chironomy.motion import rotation

    held = slice(frame - 1, frame + longer)
    off = np.linalg.norm(after.wrist_position[held, hand] - before.wrist_position[frame - 1, hand], axis=1)
    assert off.max() < 1e-3
    assert rotation.angle(after.rotation[held, hand], before.rotation[frame - 1, hand]).max() < np.radians(1.0)
    # A hand that was in full motion there brakes and sets out not much harder than it moves elsewhere.
    assert acceleration(after, hand).max() <= 1.8 * acceleration(before, hand).max()
    np.testing.assert_allclose(after.wrist_position[: frame - 9], before.wrist_position[: frame - 9], atol=1e-3)


def test_4_a_pose_is_held_longer(addon, take, hands):
    hand, frame, _ = stroke(addon, take)
    before = hands()
    take.frame_set(frame)
    assert bpy.ops.chironomy.hold_longer(longer=6, hands="LEFT" if hand == LEFT else "RIGHT") == {"FINISHED"}
    after = hands()
    check_held(before, after, hand, frame, 6)


@pytest.mark.parametrize("hand", [LEFT, RIGHT])
def test_4_a_pose_that_is_passed_through_quickly_is_held_as_long_as_asked_for(addon, take, hands, hand):
    before = hands()
    speed = np.linalg.norm(np.gradient(before.wrist_position[:, hand], axis=0), axis=1)
    frame = 20 + int(np.argmax(speed[19 : FRAMES - 40]))
    take.frame_set(frame)
    assert bpy.ops.chironomy.hold_longer(longer=8, hands="LEFT" if hand == LEFT else "RIGHT") == {"FINISHED"}
    check_held(before, hands(), hand, frame, 8)


def test_5_a_palm_is_turned(addon, take, hands):
    from chironomy.motion import rotation

    hand, frame, _ = stroke(addon, take)
    before = hands()
    take.frame_set(frame)
    bone = take.chironomy.character.pose.bones[f"hand.{'LR'[hand]}"]
    from mathutils import Quaternion

    bone.rotation_quaternion = bone.rotation_quaternion @ Quaternion((0.0, 1.0, 0.0), 0.5)
    assert bpy.ops.chironomy.move_pose(hands="LEFT" if hand == LEFT else "RIGHT") == {"FINISHED"}
    after = hands()
    turned = rotation.angle(after.rotation[:, hand, 0], before.rotation[:, hand, 0])
    assert turned[frame - 1] == pytest.approx(0.5, abs=0.02)
    assert turned[frame - 1] >= turned.max() - 0.02
    steps = rotation.angle(after.rotation[1:, hand, 0], after.rotation[:-1, hand, 0])
    was = rotation.angle(before.rotation[1:, hand, 0], before.rotation[:-1, hand, 0])
    assert steps.max() <= was.max() + 0.09
    check_elsewhere(before, after, hand, frame - 13, frame + 13)


def test_6_a_hand_is_closed(addon, take, hands):
    from chironomy.body.hand_anatomy import FLEXION, joint_angles

    hand, frame, _ = stroke(addon, take)
    before = hands()
    take.frame_set(frame)
    assert bpy.ops.chironomy.curl_fingers(angle=np.radians(60), hands="LEFT" if hand == LEFT else "RIGHT") == {
        "FINISHED"
    }
    after = hands()
    was, now = (joint_angles(each.rotation[frame - 1, hand], hand)[1:13, FLEXION] for each in (before, after))
    assert (now >= was - 0.5).all()
    assert now.mean() > was.mean() + 15.0
    np.testing.assert_allclose(after.wrist_position, before.wrist_position, atol=1e-3)


def test_7_a_stroke_is_removed_by_deleting_its_keys(addon, take, hands):
    hand, frame, _ = stroke(addon, take)
    before = hands()
    keys = keys_of(addon, take, hand)
    gone = sorted(keys, key=lambda key: abs(key - frame))[:3]
    owned = addon["rig.owned"]
    paths = owned.hand_unit(take.chironomy.character, hand).channels
    for curve in addon["rig.actions"].all_curves(take.chironomy.character):
        if curve.data_path in paths:
            points = curve.keyframe_points
            for index in reversed(range(len(points))):
                if min(abs(points[index].co[0] - key) for key in gone) < 0.01:
                    points.remove(points[index])
    take.frame_set(frame)
    after = hands()
    first, last = min(gone), max(gone)
    inside = slice(round(first) - 1, round(last))
    path = [np.linalg.norm(np.diff(m.wrist_position[inside, hand], axis=0), axis=1).sum() for m in (before, after)]
    assert path[1] <= path[0] + 0.01
    outside = np.round(keys[(keys < first) | (keys > last)]).astype(int) - 1
    np.testing.assert_allclose(after.wrist_position[outside, hand], before.wrist_position[outside, hand], atol=1e-3)


def test_8_a_hand_points_elsewhere(addon, take, hands):
    hand, frame, _ = stroke(addon, take)
    outward = 0.08 if hand == LEFT else -0.08
    before = hands()
    nudge(addon, take, hand, frame, (outward, -0.05, 0.02))
    after = hands()
    moved = after.wrist_position[frame - 1, hand] - before.wrist_position[frame - 1, hand]
    assert np.linalg.norm(moved) > 0.06
    way = after.wrist_position[frame - 13 : frame + 12, hand]
    # Its arcs stay arcs: no frame turns back on itself against the edit's own way, more than the take itself does.
    own = np.abs(np.diff(before.wrist_position[frame - 13 : frame + 12, hand], 2, axis=0)).max()
    assert np.abs(np.diff(way, 2, axis=0)).max() < max(0.06, own + 0.01)
    check_borders(before, after, hand, frame - 12, frame + 12)
    check_elsewhere(before, after, hand, frame - 13, frame + 13)


def test_9_hands_are_brought_together(addon, take, hands):
    _, frame, _ = stroke(addon, take)
    before = hands().wrist_position[frame - 1]
    gap = before[LEFT] - before[RIGHT]
    inward = 0.3 * float(np.clip(gap[0], 0.05, 0.3))
    nudge(addon, take, LEFT, frame, (-inward, 0.0, 0.0))
    nudge(addon, take, RIGHT, frame, (inward, 0.0, 0.0))
    after = hands().wrist_position[frame - 1]
    assert (after[LEFT] - after[RIGHT])[0] == pytest.approx(gap[0] - 2 * inward, abs=5e-3)


def test_10_everything_is_calmer(addon, take, hands):
    before = hands()
    assert bpy.ops.chironomy.amplify(factor=0.6, about="MEAN", frames="ALL", hands="BOTH") == {"FINISHED"}
    after = hands()
    for hand in (LEFT, RIGHT):
        path = [np.linalg.norm(np.diff(m.wrist_position[:, hand], axis=0), axis=1).sum() for m in (before, after)]
        assert path[1] == pytest.approx(0.6 * path[0], rel=0.08)
        assert acceleration(after, hand).max() <= acceleration(before, hand).max()


def test_a_key_that_is_moved_by_hand_leads_the_curve_without_a_pop(addon, take, hands):
    """One key pose moved by G in the graph, as an animator does without any button."""
    hand, frame, _ = stroke(addon, take)
    before = hands()
    for curve in addon["rig.actions"].all_curves(take.chironomy.character):
        if curve.data_path == f'pose.bones["hand.{"LR"[hand]}"].location' and curve.array_index == 2:
            for point in curve.keyframe_points:
                if abs(point.co[0] - frame) < 0.01:
                    point.co[1] += 0.05
                    point.handle_left[1] += 0.05
                    point.handle_right[1] += 0.05
            curve.update()
    after = hands()
    assert after.wrist_position[frame - 1, hand, 1] - before.wrist_position[frame - 1, hand, 1] == pytest.approx(
        0.05, abs=2e-3
    )
    keys = keys_of(addon, take, hand)
    beside = int(np.searchsorted(keys, frame - 0.5))
    first, last = keys[max(beside - 1, 0)], keys[min(beside + 1, len(keys) - 1)]
    check_elsewhere(before, after, hand, first, last)
