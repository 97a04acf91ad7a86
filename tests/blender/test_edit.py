# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits move an animator's keys, smoothly and nowhere else."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS, FPS = 6.0, 24
FRAMES = round(SECONDS * FPS)
UP = (0.0, 0.1, 0.0)


@pytest.fixture
def keyed(addon, rig, character):
    from blender_motions import gestures

    if character.animation_data and character.animation_data.action:
        bpy.data.actions.remove(character.animation_data.action)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    addon["rig.write"].write_motion(character, rig, gestures(rig, SECONDS, seed=2), scene, 1)
    return character


def wrists(addon, rig, character):
    _, hands = addon["rig.read"].read_pose(character, rig, bpy.context.scene, 1, FRAMES + 1)
    return hands.wrist_position


def places(addon, character, side):
    """Where the keys put a hand control, (frames, 3), whether the arm reaches it or not."""
    curves = [
        c for c in addon["rig.actions"].all_curves(character) if c.data_path.endswith(f'["hand.{side}"].location')
    ]
    curves.sort(key=lambda curve: curve.array_index)
    return np.array([[curve.evaluate(frame) for curve in curves] for frame in range(1, FRAMES + 1)])


@pytest.mark.parametrize("time", [0.0, 1.3, 2.9, 5.9])
def test_the_hand_is_moved_by_the_offset_at_its_key(addon, keyed, time):
    before = places(addon, keyed, "R")
    edit = addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, UP, 0.5, time)
    moved = places(addon, keyed, "R") - before
    np.testing.assert_allclose(moved[edit.frame - 1], [0.0, 0.0, 0.1], atol=1e-6)


@pytest.mark.parametrize("time", [0.0, 1.3, 2.9, 5.9])
def test_nothing_moves_beyond_the_radius(addon, keyed, time):
    before = [places(addon, keyed, side) for side in "LR"]
    edit = addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, UP, 0.5, time)
    moved = [places(addon, keyed, side) - old for side, old in zip("LR", before, strict=True)]
    far = np.abs(np.arange(1, FRAMES + 1) - edit.frame) >= round(0.5 * FPS)
    assert np.abs(moved[1][far]).max() < 1e-5
    assert np.abs(moved[0]).max() == 0.0


def test_the_way_up_and_down_is_smooth(addon, keyed):
    before = places(addon, keyed, "R")
    edit = addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, UP, 0.5, 2.9)
    rise = (places(addon, keyed, "R") - before)[:, 2]
    assert rise.min() > -0.005
    assert rise.argmax() == pytest.approx(edit.frame - 1, abs=1)
    # A raised cosine of 10 cm within 12 frames bends by 3.4 mm a frame at most; sparse keys may double that.
    assert np.abs(np.diff(rise, 2)).max() < 0.008


def test_every_pose_of_the_hand_that_moved_belongs_to_the_animator(addon, keyed):
    edit = addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, UP, 0.5, 2.9)
    for curve in addon["rig.actions"].all_curves(keyed):
        for point in curve.keyframe_points:
            near = abs(point.co[0] - edit.frame) <= round(0.5 * FPS)
            own = near and '.R"]' in curve.data_path
            assert point.type == ("KEYFRAME" if own else "GENERATED")


def test_an_edit_survives_generation(addon, rig, keyed):
    from blender_motions import gestures

    edit = addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, UP, 0.5, 2.9)
    edited = places(addon, keyed, "R")
    addon["rig.write"].write_motion(keyed, rig, gestures(rig, SECONDS, seed=8), bpy.context.scene, 1)
    near = np.abs(np.arange(1, FRAMES + 1) - edit.frame) <= round(0.5 * FPS)
    again = places(addon, keyed, "R")
    np.testing.assert_allclose(again[edit.frame - 1], edited[edit.frame - 1], atol=1e-6)
    assert np.abs(again - edited)[~near].max() > 0.05


def test_the_arm_follows_the_edited_hand(addon, rig, keyed):
    before = wrists(addon, rig, keyed)
    edit = addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, (0.0, 0.0, -0.03), 0.5, 2.9)
    moved = wrists(addon, rig, keyed) - before
    np.testing.assert_allclose(moved[edit.frame - 1, 1], [0.0, 0.0, -0.03], atol=1e-4)


def test_radius_zero_moves_one_key_alone(addon, keyed):
    edit = addon["rig.edit"].offset_hand(keyed, 0, bpy.context.scene, UP, 0.0, 2.0)
    owned = {
        round(point.co[0])
        for curve in addon["rig.actions"].all_curves(keyed)
        for point in curve.keyframe_points
        if point.type == "KEYFRAME"
    }
    assert owned == {edit.frame}


def test_without_a_time_the_middle_of_the_active_hand_is_taken(addon, rig, keyed):
    from blender_motions import gestures

    confidence = np.zeros((FRAMES, 2))
    confidence[100:140] = 1.0
    motion = gestures(rig, SECONDS, seed=2).replaced(confidence=confidence)
    addon["rig.write"].write_motion(keyed, rig, motion, bpy.context.scene, 1)
    edit = addon["rig.edit"].offset_hand(keyed, 0, bpy.context.scene, UP, 0.3)
    assert 100 <= edit.frame <= 141


@pytest.mark.parametrize("frame", [2, 40, 143, 200])
def test_a_key_put_into_a_curve_does_not_change_it(addon, keyed, frame):
    from chironomy.motion.keys import with_key

    actions = addon["rig.actions"]
    for curve in list(actions.all_curves(keyed))[:6]:
        before = [curve.evaluate(at / 4.0) for at in range(4 * 210)]
        actions.write_points(curve, with_key(actions.key_columns(curve), frame))
        assert frame in [round(point.co[0]) for point in curve.keyframe_points]
        np.testing.assert_allclose([curve.evaluate(at / 4.0) for at in range(4 * 210)], before, atol=1e-5)


def test_a_time_outside_the_clip_is_refused_with_a_sentence(addon, keyed):
    with pytest.raises(ValueError, match=r"the edit's time is 99 s; it must lie in the clip"):
        addon["rig.edit"].offset_hand(keyed, 1, bpy.context.scene, UP, 0.5, 99.0)
