# SPDX-License-Identifier: GPL-3.0-or-later
"""Torso, head and shoulders go with the hands; the hands do not go with them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.body.accompaniment import Accompaniment, load_accompaniment, save_accompaniment
from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.errors import BodyError
from chironomy.body.pose import fingertips, hands_of_pose, solve_pose
from chironomy.body.rig import load_rig
from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion
from chironomy.motion.edit import offset_wrist

FPS = 24.0
FRAMES = 96
ACCENTS = ([1.0, 2.2, 3.1], [0.9, 0.6, 0.8])
PHRASES = [(0.3, 1.6), (2.0, 3.6)]


@pytest.fixture(scope="module")
def character():
    return load_rig()


def waving(frames=FRAMES, reach=0.30):
    """Both hands before the belly, the right one going out and up and back."""
    time = np.arange(frames) / FPS
    position = np.tile([[0.18, -0.25, reach], [-0.18, -0.25, reach]], (frames, 1, 1))
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * time / 3)
    position[:, 1] += swing[:, None] * np.array([-0.12, 0.2, 0.05])
    rotation = np.tile(quaternion.IDENTITY, (frames, 2, 16, 1))
    return HandMotion(FPS, position, rotation, np.ones((frames, 2)))


def degrees(turns):
    return np.degrees(quaternion.to_rotation_vector(turns))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31 - 1), st.floats(0.15, 0.62))
def test_the_hands_stay_where_the_animator_left_them(seed, reach):
    rig, motion = load_rig(), waving(48, reach)
    made = accompany(rig, motion, ACCENTS, PHRASES, [0, -0.2, 2.8], seed)
    still, moving = solve_pose(rig, motion), accompanied_pose(rig, motion, made)
    before, after = hands_of_pose(rig, still), hands_of_pose(rig, moving)
    assert np.abs(after.wrist_position - before.wrist_position).max() < 1e-4
    assert np.abs(fingertips(rig, moving) - fingertips(rig, still)).max() < 1e-4
    assert quaternion.angle(after.rotation, before.rotation).max() < 1e-6


def test_arms_keep_their_lengths_on_moved_shoulders(character):
    motion = waving()
    pose = accompanied_pose(character, motion, accompany(character, motion, ACCENTS, PHRASES, seed=3))
    for hand in range(2):
        _, upper, fore, _, wrist = character.arm_joints(hand)
        lengths = [
            np.linalg.norm(pose.joint_position[:, b] - pose.joint_position[:, a], axis=-1)
            for a, b in ((upper, fore), (fore, wrist))
        ]
        for length, bone in zip(lengths, character.arm_lengths[hand], strict=True):
            np.testing.assert_allclose(length, bone, atol=1e-6)


def test_without_turns_the_pose_is_that_of_the_hands_alone(character):
    motion = waving(24)
    none = accompany(character, motion).scaled(0.0)
    pose, plain = accompanied_pose(character, motion, none), solve_pose(character, motion)
    np.testing.assert_allclose(pose.joint_position, plain.joint_position, atol=1e-9)
    assert quaternion.angle(pose.joint_rotation, plain.joint_rotation).max() < 1e-6


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(character):
    motion = waving()
    first, again, other = (accompany(character, motion, ACCENTS, PHRASES, seed=seed) for seed in (1, 1, 2))
    for name in ("torso", "head", "shoulder"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert np.abs(degrees(first.head) - degrees(other.head)).max() > 0.5


def test_turns_are_a_few_degrees(character):
    made = accompany(character, waving(480), ACCENTS, PHRASES, seed=4)
    assert 0.3 < degrees(made.torso).std(axis=0).max() < 3
    assert 0.7 < degrees(made.head).std(axis=0).max() < 5
    assert np.abs(degrees(made.torso)).max() < 8
    assert np.abs(degrees(made.head)).max() < 12


def test_nothing_twitches(character):
    """Of the power of every turn next to nothing lies above 6 Hz."""
    made = accompany(character, waving(480), (np.arange(0.5, 19, 0.45), np.full(42, 1.0)), PHRASES, seed=4)
    for turn in (made.torso, made.head, made.shoulder[:, 0], made.shoulder[:, 1]):
        curve = degrees(turn)
        power = np.abs(np.fft.rfft((curve - curve.mean(axis=0)) * np.hanning(len(curve))[:, None], axis=0)) ** 2
        fast = np.fft.rfftfreq(len(curve), 1 / FPS) > 6
        assert power[fast].sum() < 1e-3 * power.sum()


def test_the_head_nods_on_an_accent(character):
    motion = waving()
    with_accent = accompany(character, motion, ([2.0], [1.0]), seed=1)
    without = accompany(character, motion, seed=1)
    down = (degrees(with_accent.head) - degrees(without.head))[:, 0]
    assert np.argmax(down) == pytest.approx(48, abs=2)
    assert 1.5 < down.max() < 5
    assert np.abs(down[:30]).max() < 0.05


def test_the_torso_turns_after_the_hands(character):
    aside = waving()
    right = offset_wrist(aside, "right", 2.0, 2.0, [-0.1, 0, 0])
    right = offset_wrist(right, "left", 2.0, 2.0, [-0.1, 0, 0])
    turn = degrees(accompany(character, right, seed=1).torso) - degrees(accompany(character, aside, seed=1).torso)
    # To the person's right is a negative turn about the vertical.
    assert -4 < turn[48, 1] < -0.7


def test_the_breast_rises_and_falls_about_fifteen_times_a_minute(character):
    motion = waving(24 * 60)
    lift = degrees(accompany(character, motion, phrases=[], seed=2).shoulder)[:, 0, 2]
    lift = lift - degrees(accompany(character, waving(24 * 60), seed=2).shoulder)[:, 0, 2].mean()
    peaks = np.flatnonzero((lift[1:-1] > lift[:-2]) & (lift[1:-1] >= lift[2:]) & (lift[1:-1] > 0.3))
    assert 10 <= len(peaks) <= 21


def test_the_head_turns_towards_the_lens(character):
    low = degrees(accompany(character, waving(), lens=[0, -1.0, 2.0], seed=1).head)
    ahead = degrees(accompany(character, waving(), seed=1).head)
    assert (low - ahead)[:, 0].mean() > 10


def test_a_hand_at_the_end_of_its_reach_holds_the_body_back(character):
    motion = waving()
    position = motion.wrist_position.copy()
    shoulder = character.joint_position[character.arm_joints(0)[1]]
    far = (
        shoulder + np.array([0.3, 0.1, 0.9]) / np.linalg.norm([0.3, 0.1, 0.9]) * 0.9985 * character.arm_lengths[0].sum()
    )
    position[40:56, 0] = far
    reaching = motion.replaced(wrist_position=position)
    made = accompany(character, reaching, ACCENTS, PHRASES, seed=1)
    wrist = accompanied_pose(character, reaching, made).joint_position[:, character.arm_joints(0)[4]]
    np.testing.assert_allclose(wrist, position[:, 0], atol=1e-4)


def test_a_file_gives_back_what_was_written(character, tmp_path):
    made = accompany(character, waving(24), seed=1)
    save_accompaniment(made, tmp_path / "body.npz")
    back = load_accompaniment(tmp_path / "body.npz")
    assert back.fps == made.fps
    for name in ("torso", "head", "shoulder"):
        np.testing.assert_allclose(getattr(back, name), getattr(made, name), atol=1e-15)
    np.savez(tmp_path / "other.npz", format="something/1")
    with pytest.raises(BodyError, match=r"has the format 'something/1', not 'chironomy\.accompaniment/1'"):
        load_accompaniment(tmp_path / "other.npz")


def test_what_does_not_fit_is_said(character):
    motion = waving(24)
    with pytest.raises(BodyError, match="2 accents with 1 strengths"):
        accompany(character, motion, ([1, 2], [1]))
    with pytest.raises(BodyError, match="the lens is at"):
        accompany(character, motion, lens=[0, 1])
    with pytest.raises(BodyError, match="24 frames at 24 a second, but the hands have 12"):
        accompanied_pose(character, waving(12), accompany(character, motion))
    with pytest.raises(BodyError, match="torso must hold unit quaternions"):
        Accompaniment(FPS, np.zeros((2, 4)), np.zeros((2, 4)), np.zeros((2, 2, 4)))
