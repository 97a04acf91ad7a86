# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses that a person sets in odd places and ways, and what three more generations leave of them.

The pose is there at its frame, to a tenth of a millimetre and of a degree, and what is new leads into it and out of it.
"""

import numpy as np
import pytest
from desk import FPS, FRAMES, MILLIMETRE, TENTH_DEGREE, apart, shown

bpy = pytest.importorskip("bpy")

LEFT, RIGHT = 0, 1


@pytest.fixture(scope="module")
def performed(addon, rig, character):
    """A scene with a take of strokes and holds."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    add_take(addon, rig, scene, 1)
    return scene


@pytest.fixture
def take(performed):
    """The take as it was made."""
    performed.chironomy.take_index = 0
    assert bpy.ops.chironomy.duplicate_take() == {"FINISHED"}
    return performed


def add_take(addon, rig, scene, seed):
    """Put other motion on the character, as Generate does."""
    from blender_motions import gestures

    motion = gestures(rig, FRAMES / FPS, seed)
    addon["scene.new_takes"].new_take(scene, scene.chironomy.character, motion, f"seed {seed}", {"seed": seed})


def put_range(addon, rig, scene, seed):
    """Put other motion between two frames, as Regenerate Range does."""
    from blender_motions import gestures

    only = [addon["rig.owned"].Only(40.0, 100.0)]
    addon["scene.new_takes"].put_range(
        scene, scene.chironomy.character, gestures(rig, FRAMES / FPS, seed), only, f"seed {seed}", {"seed": seed}
    )


def curves_of(addon, scene, bone, path):
    curves = addon["rig.actions"].all_curves(scene.chironomy.character)
    return [curve for curve in curves if curve.data_path.endswith(f'"{bone}"].{path}')]


def key_frames(addon, scene, bone="hand.R"):
    return np.array([point.co[0] for point in curves_of(addon, scene, bone, "location")[0].keyframe_points])


def posed(scene, frame, offset=(0.0, 0.0, 0.06), bone="hand.R"):
    """Move a control by G and key it by I at a frame."""
    scene.frame_set(int(frame))
    control = scene.chironomy.character.pose.bones[bone]
    control.location = [a + b for a, b in zip(control.location, offset, strict=True)]
    control.keyframe_insert("location", frame=frame)


def turned(scene, frame, *fingers, angle=0.6):
    """Turn fingers by R and key them by I at a frame."""
    from mathutils import Quaternion

    scene.frame_set(int(frame))
    for name in fingers:
        bone = scene.chironomy.character.pose.bones[name]
        bone.rotation_quaternion = bone.rotation_quaternion @ Quaternion((1.0, 0.0, 0.0), angle)
        bone.keyframe_insert("rotation_quaternion", frame=frame)


def jolt(motion, hand):
    """What each frame's wrist is accelerated by, and the fingertips', in metres a second squared."""
    from chironomy.motion.hand_shape import NOMINAL_HAND

    places = [motion.wrist_position[:, hand, None], NOMINAL_HAND.fingertips(motion)[:, hand]]
    return [np.linalg.norm(np.diff(each, 2, axis=0), axis=-1).max(axis=-1) * FPS**2 for each in places]


def check_survives(addon, rig, scene, frames, hand=RIGHT, more=add_take):
    """Poses of a hand stay at their frames through three generations, and nothing pops beside them."""
    frames = np.atleast_1d(frames)
    edited = shown(addon, rig, scene)
    for seed in (2, 3, 4):
        more(addon, rig, scene, seed)
        after = shown(addon, rig, scene)
        place, turn = apart(after, edited, frames=frames - 1, hand=hand)
        assert place < MILLIMETRE, f"seed {seed}: {place * 1000:.2f} mm"
        assert turn < TENTH_DEGREE, f"seed {seed}: {np.degrees(turn):.2f} degrees"
        check_no_pop(edited, after, frames, hand)


def check_no_pop(edited, after, frames, hand):
    """Beside a pose a hand is no harder thrown than it throws itself elsewhere, or than the person threw it there."""
    at = np.arange(1, FRAMES - 1) + 1
    near = np.zeros(len(at), bool)
    for frame in (frames[0], frames[-1]):
        near |= np.abs(at - frame) <= 8
    for was, each in zip(jolt(edited, hand), jolt(after, hand), strict=True):
        assert each[near].max(initial=0.0) <= max(1.3 * each[~near].max(), 1.05 * was[near].max(initial=0.0))


@pytest.mark.parametrize("frame", [1, 2, FRAMES])
def test_on_the_first_and_the_last_frames(addon, rig, take, frame):
    posed(take, frame)
    check_survives(addon, rig, take, frame)


@pytest.mark.parametrize("step", [-1, 1])
def test_beside_a_generated_key(addon, rig, take, step):
    keys = key_frames(addon, take)
    frame = round(float(keys[np.argmin(np.abs(keys - 60))])) + step
    posed(take, frame)
    check_survives(addon, rig, take, frame)


def test_on_a_hold(addon, rig, take):
    place = shown(addon, rig, take).wrist_position[:, RIGHT]
    speed = np.linalg.norm(np.gradient(place, axis=0), axis=1)
    calm = np.convolve(speed, np.ones(9), mode="same")
    frame = 15 + int(np.argmin(calm[14 : FRAMES - 14]))
    posed(take, frame)
    check_survives(addon, rig, take, frame)


def test_in_full_motion(addon, rig, take):
    place = shown(addon, rig, take).wrist_position[:, RIGHT]
    frame = 15 + int(np.argmax(np.linalg.norm(np.gradient(place, axis=0), axis=1)[14 : FRAMES - 14]))
    posed(take, frame)
    check_survives(addon, rig, take, frame)


def test_on_fingers_only(addon, rig, take):
    turned(take, 70, "index1.R", "middle2.R")
    check_survives(addon, rig, take, 70)


def test_on_neighbouring_frames(addon, rig, take):
    posed(take, 70)
    posed(take, 71, (0.0, 0.0, 0.01))
    check_survives(addon, rig, take, [70, 71])


def test_after_the_weight_of_a_layer_is_changed(addon, rig, take):
    take.chironomy.on_layer = True
    try:
        assert bpy.ops.chironomy.amplify(factor=1.4, frames="ALL", hands="BOTH") == {"FINISHED"}
    finally:
        take.chironomy.on_layer = False
    posed(take, 70)
    take.chironomy.layers[0].weight = 0.4
    check_survives(addon, rig, take, 70)


def test_before_and_after_detail_is_changed(addon, rig, take):
    posed(take, 40)
    shown_take = addon["scene.takes"].shown_take(take, take.chironomy.character)
    before = shown(addon, rig, take)
    shown_take.detail = 1.0
    place, turn = apart(shown(addon, rig, take), before, frames=[39], hand=RIGHT)
    assert place < MILLIMETRE
    assert turn < TENTH_DEGREE
    posed(take, 110)
    check_survives(addon, rig, take, [40, 110])


def test_moved_in_time_by_its_keys(addon, rig, take):
    """A generated pose dragged by three frames in the dope sheet, with all its channels."""
    keys = key_frames(addon, take)
    frame = float(keys[np.argmin(np.abs(keys - 60))])
    paths = addon["rig.owned"].hand_unit(take.chironomy.character, RIGHT).channels
    for curve in addon["rig.actions"].all_curves(take.chironomy.character):
        for point in curve.keyframe_points if curve.data_path in paths else ():
            if abs(point.co[0] - frame) < 0.01:
                point.co[0] += 1.0
                point.handle_left[0] += 1.0
                point.handle_right[0] += 1.0
        curve.update()
    check_survives(addon, rig, take, round(frame) + 1)


@pytest.mark.parametrize("frame", [40, 41, 70])
def test_in_and_beside_a_range_that_is_made_anew(addon, rig, take, frame):
    posed(take, frame)
    check_survives(addon, rig, take, frame, more=put_range)


def test_of_the_elbow_alone(addon, rig, take):
    posed(take, 70, (0.0, 0.0, 0.2), bone="elbow.R")
    check_survives(addon, rig, take, 70)


def add_with_body(addon, rig, scene, seed):
    """Put other motion on the character, as Generate does: it has the animator's poses, and the torso goes with it."""
    from blender_motions import gestures

    from chironomy.body.accompany import accompany
    from chironomy.body.performance import Performance
    from chironomy.motion import FACE_ACTIONS, FaceTrack
    from chironomy.motion.joins import joined_hands

    character = scene.chironomy.character
    motion = gestures(rig, FRAMES / FPS, seed)
    mask = np.zeros((FRAMES, 2), bool)
    pins = addon["rig.owned"].pins(character, rig, scene, 1)
    if pins is not None:
        count = pins[0].frame_count
        mask[:count] = pins[1]
        fields = {name: getattr(motion, name).copy() for name in ("wrist_position", "rotation", "confidence")}
        for name, values in fields.items():
            values[:count][pins[1]] = getattr(pins[0], name)[pins[1]]
        motion = joined_hands(motion, motion.replaced(**fields), mask)
    face = FaceTrack(FPS, np.zeros((FRAMES, len(FACE_ACTIONS))))
    performance = Performance(motion, face, accompany(rig, motion, seed=seed, style="lively"))
    addon["scene.new_takes"].new_take(scene, character, performance, f"seed {seed}", {"seed": seed})


def test_beyond_the_arms_reach(addon, rig, take):
    """What is keyed is where the hand was seen, however the torso moves in other takes."""
    scene, frame = take, 70
    add_with_body(addon, rig, scene, 11)
    posed(scene, frame, (0.0, -0.5, 0.1))
    scene.frame_set(frame)
    bones = scene.chironomy.character.pose.bones
    seen = np.array(bones["wrist.R"].head)
    assert np.linalg.norm(seen - np.array(bones["hand.R"].head)) > 0.1
    edited = shown(addon, rig, scene)
    add_with_body(addon, rig, scene, 2)
    first = shown(addon, rig, scene)
    # Where the torso leant towards the hand, another one that does not reaches a little less far.
    assert apart(first, edited, frames=[frame - 1], hand=RIGHT)[0] < 0.003
    for seed in (3, 4):
        add_with_body(addon, rig, scene, seed)
        after = shown(addon, rig, scene)
        assert apart(after, first, frames=[frame - 1], hand=RIGHT)[0] < MILLIMETRE
        check_no_pop(edited, after, [frame], RIGHT)
    assert np.abs(np.array(bones["hand.R"].head) - seen).max() < 0.003
    # The take that it was keyed in is not touched.
    scene.chironomy.take_index = len(scene.chironomy.takes) - 4
    scene.frame_set(frame)
    assert np.linalg.norm(np.array(bones["wrist.R"].head) - np.array(bones["hand.R"].head)) > 0.1
