# SPDX-License-Identifier: GPL-3.0-or-later
import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from motions import random_motion, still_motion

from chironomy.motion import FACE_ACTIONS, MANO_JOINTS, FaceTrack, HandMotion, MotionError, mirror, offset_wrist
from chironomy.motion import rotation as quaternion


def refused(sentence: str) -> pytest.RaisesExc:
    return pytest.raises(MotionError, match=re.escape(sentence))


def test_joints_are_in_manos_order() -> None:
    assert len(MANO_JOINTS) == 16
    assert MANO_JOINTS[:5] == ("wrist", "index1", "index2", "index3", "middle1")
    assert MANO_JOINTS[7] == "pinky1"
    assert MANO_JOINTS[10] == "ring1"
    assert MANO_JOINTS[15] == "thumb3"


def test_a_motion_knows_its_times() -> None:
    motion = still_motion(frames=48, fps=24)
    assert motion.frame_count == 48
    assert motion.duration == 2.0
    assert motion.times[12] == 0.5


def test_a_motion_keeps_a_copy_that_nobody_can_change() -> None:
    position = np.zeros((2, 2, 3))
    motion = still_motion(frames=2).replaced(wrist_position=position)
    position[:] = 1.0
    assert np.all(motion.wrist_position == 0.0)
    with pytest.raises(ValueError, match="read-only"):
        motion.wrist_position[0] = 1.0


def test_signs_are_made_continuous() -> None:
    motion = still_motion(frames=4)
    flipped = motion.replaced(rotation=motion.rotation * np.array([1, -1, -1, 1]).reshape(4, 1, 1, 1))
    np.testing.assert_array_equal(flipped.rotation, motion.rotation)


def test_nearly_unit_quaternions_are_normalised() -> None:
    motion = still_motion()
    np.testing.assert_allclose(motion.replaced(rotation=motion.rotation * 1.0005).rotation, motion.rotation, atol=1e-15)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("rotation", np.zeros((5, 2, 15, 4)), "rotation has shape (5, 2, 15, 4); it must be (frames, 2, 16, 4)"),
        ("rotation", np.zeros((5, 2, 16, 4)), "rotation has a quaternion of length 0 at frame 0, left wrist"),
        ("rotation", np.zeros((4, 2, 16, 4)), "rotation has shape (4, 2, 16, 4); it must be (frames, 2, 16, 4) with 5"),
        ("wrist_position", np.zeros((5, 3)), "wrist_position has shape (5, 3); it must be (frames, 2, 3)"),
        ("wrist_position", np.zeros((0, 2, 3)), "wrist_position has no frames"),
        ("wrist_position", np.full((5, 2, 3), np.nan), "wrist_position is nan at frame 0, index (0, 0)"),
        ("wrist_position", 3.0, "wrist_position has shape ()"),
        ("wrist_position", "hello", "wrist_position is not an array of numbers"),
        ("confidence", np.full((5, 2), 1.5), "confidence is 1.5 at frame 0, index (0,); it must be from 0 to 1"),
        ("confidence", np.zeros((5, 3)), "confidence has shape (5, 3); it must be (frames, 2)"),
        ("fps", 0, "fps is 0; it must be from 1 to 240"),
        ("fps", float("nan"), "fps is nan; it must be from 1 to 240"),
        ("fps", float("inf"), "fps is inf; it must be from 1 to 240"),
        ("fps", "fast", "fps is 'fast'; it must be one number"),
        ("fps", [24, 25], "fps is [24, 25]; it must be one number"),
        ("source", "made up", "source is of type str; it must be a dictionary"),
    ],
)
def test_a_wrong_field_is_refused_by_name(field: str, value: object, sentence: str) -> None:
    with refused(sentence):
        still_motion(frames=5).replaced(**{field: value})


def test_slices_keep_the_frame_rate() -> None:
    motion = random_motion(seed=0, frames=6)
    part = motion.sliced(2, 4)
    assert part.frame_count == 2
    np.testing.assert_array_equal(part.wrist_position, motion.wrist_position[2:4])
    assert np.all(quaternion.angle(part.rotation, motion.rotation[2:4]) < 1e-7)
    with refused("frames 4 to 9 are not a range of a motion of 6 frames"):
        motion.sliced(4, 9)


def test_resampling_to_the_double_rate_keeps_every_frame() -> None:
    motion = random_motion(seed=3, frames=6, fps=24)
    double = motion.resampled(48)
    assert double.frame_count == 12
    np.testing.assert_allclose(double.wrist_position[:-1:2], motion.wrist_position, atol=1e-12)
    assert np.all(quaternion.angle(double.rotation[::2], motion.rotation) < 1e-7)
    np.testing.assert_allclose(
        quaternion.angle(double.rotation[0], double.rotation[1]),
        0.5 * quaternion.angle(motion.rotation[0], motion.rotation[1]),
        atol=1e-7,
    )


def test_resampling_can_be_told_the_frame_count_and_holds_the_end() -> None:
    motion = random_motion(seed=1, frames=3)
    longer = motion.resampled(24, frame_count=7)
    assert longer.frame_count == 7
    np.testing.assert_array_equal(longer.wrist_position[-1], motion.wrist_position[-1])
    with refused("frame_count is 0"):
        motion.resampled(24, frame_count=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.floats(1, 240), st.floats(1, 240))
def test_resampling_keeps_the_duration_within_half_a_frame(frames: int, fps: float, new_fps: float) -> None:
    motion = still_motion(frames, fps)
    resampled = motion.resampled(new_fps)
    assert abs(resampled.duration - motion.duration) <= max(0.5 / new_fps + 1e-9, 1 / new_fps - motion.duration)


def test_a_mirror_swaps_the_hands_and_reflects_them() -> None:
    motion = still_motion(frames=2)
    # The left palm turned up: about +x by half a turn. In the mirror it is the right one's.
    rotation = motion.rotation.copy()
    rotation[:, 0, 0] = quaternion.from_rotation_vector([3.0, 0.2, 0.0])
    reflected = mirror(motion.replaced(rotation=rotation, wrist_position=motion.wrist_position + 0.1))
    np.testing.assert_allclose(quaternion.to_rotation_vector(reflected.rotation[0, 1, 0]), [3.0, -0.2, 0.0], atol=1e-12)
    np.testing.assert_allclose(reflected.wrist_position[0], [[0.1, -0.1, 0.4], [-0.3, -0.1, 0.4]])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_mirror_of_a_mirror_is_the_motion(seed: int) -> None:
    motion = random_motion(seed, frames=4)
    twice = mirror(mirror(motion))
    np.testing.assert_array_equal(twice.wrist_position, motion.wrist_position)
    np.testing.assert_array_equal(twice.rotation, motion.rotation)
    np.testing.assert_array_equal(twice.confidence, motion.confidence)
    assert mirror(motion).source["edits"] == [{"edit": "mirror"}]
    assert twice.source["edits"] == []


def test_an_offset_is_a_bump_that_leaves_the_rest_alone() -> None:
    motion = still_motion(frames=49, fps=24)
    edited = offset_wrist(motion, "right", centre_s=1.0, radius_s=0.5, offset=[0.0, 0.1, 0.0])
    change = edited.wrist_position - motion.wrist_position
    np.testing.assert_allclose(change[24, 1], [0.0, 0.1, 0.0], atol=1e-15)
    np.testing.assert_allclose(change[18, 1, 1], 0.05, atol=1e-12)
    assert np.all(change[:13] == 0.0)
    assert np.all(change[36:] == 0.0)
    assert np.all(change[:, 0] == 0.0)
    assert edited.source["edits"][-1]["edit"] == "offset_wrist"


def test_an_offset_needs_a_hand_and_a_radius() -> None:
    with refused("hand is 'both'; it must be left or right"):
        offset_wrist(still_motion(), "both", 0.0, 1.0, [0, 0, 0])
    with refused("radius_s is 0"):
        offset_wrist(still_motion(), "left", 0.0, 0, [0, 0, 0])


def test_the_face_has_arkits_52_actions() -> None:
    assert len(set(FACE_ACTIONS)) == 52
    assert list(FACE_ACTIONS) == sorted(FACE_ACTIONS)
    assert {"jawOpen", "mouthClose", "eyeBlinkLeft", "mouthFunnel", "mouthPucker", "tongueOut"} <= set(FACE_ACTIONS)


def test_a_face_track_is_resampled_linearly() -> None:
    values = np.zeros((3, 52))
    values[:, FACE_ACTIONS.index("jawOpen")] = [0.0, 1.0, 0.0]
    track = FaceTrack(fps=10, values=values).resampled(20, frame_count=6)
    np.testing.assert_allclose(track.action("jawOpen"), [0.0, 0.5, 1.0, 0.5, 0.0, 0.0])


def test_a_face_track_is_checked() -> None:
    with refused("values has shape (3, 51); it must be (frames, 52)"):
        FaceTrack(fps=24, values=np.zeros((3, 51)))
    with refused("values is -0.5 at frame 0, index (0,); it must be from 0 to 1"):
        FaceTrack(fps=24, values=np.full((3, 52), -0.5))
    with refused("fps is -1"):
        FaceTrack(fps=-1, values=np.zeros((3, 52)))


def test_hand_motion_needs_no_source() -> None:
    motion = still_motion()
    assert HandMotion(24, motion.wrist_position, motion.rotation, motion.confidence).source == {}
