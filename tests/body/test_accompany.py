# SPDX-License-Identifier: GPL-3.0-or-later
"""Torso, head and shoulders go with the hands; the hands do not go with them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.body.accompaniment import Accompaniment, load_accompaniment, save_accompaniment
from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.collision import arm_penetration, depth_in, push_out, signed_depth
from chironomy.body.errors import BodyError
from chironomy.body.pose import fingertips, hands_of_pose, solve_pose
from chironomy.body.rhythm import wander
from chironomy.body.rig import load_rig
from chironomy.body.standing import legs
from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion
from chironomy.motion.edit import offset_wrist
from takes import hands_before_the_chest

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


SPOKEN = [(0.3, 3.6), (4.1, 6.0), (6.4, 9.9), (10.4, 12.2), (12.6, 16.0), (16.5, 19.8)]
STRESSED = np.concatenate([np.arange(begin + 0.3, end, 0.72) for begin, end in SPOKEN])
STYLED = [("neutral", 0), ("neutral", 1), ("lively", 0), ("lively", 1)]


def gesturing(seed, frames=480):
    """Two hands that go about as far and as fast as a calm speaker's."""
    time = np.arange(frames) / FPS
    rng = np.random.default_rng(seed)
    position = np.stack(
        [np.array([0.18 * side, -0.22, 0.3]) + wander(rng, time, [0.05, 0.08, 0.04], (0.15, 1.0)) for side in (1, -1)],
        axis=1,
    )
    rotation = np.tile(quaternion.IDENTITY, (frames, 2, 16, 1))
    return HandMotion(FPS, position, rotation, np.ones((frames, 2)))


def spoken(rig, style, seed, **options):
    strengths = np.random.default_rng(seed).uniform(0.4, 1.0, len(STRESSED))
    return accompany(rig, gesturing(seed), (STRESSED, strengths), SPOKEN, [0, 0.2, 2.8], seed, style, **options)


def turning(pose, joint):
    """(T - 1, 3) degrees a second of a joint in the room."""
    world = pose.joint_rotation[:, joint]
    return degrees(quaternion.multiply(world[1:], quaternion.inverse(world[:-1]))) * pose.fps


def yaw(pose, joint):
    """Degrees that hold a joint's yaw nine tenths of the time."""
    ahead = quaternion.apply(pose.joint_rotation[:, joint], [0.0, 0.0, 1.0])
    low, high = np.percentile(np.degrees(np.arctan2(ahead[:, 0], ahead[:, 2])), [5, 95])
    return high - low


@pytest.mark.parametrize(("style", "seed"), STYLED)
def test_trunk_and_head_turn_as_fast_and_as_far_as_peoples(character, style, seed):
    """Means of two recorded speakers: chest 22 and 23 degrees a second over 31 and 45, head 27 and 31."""
    pose = accompanied_pose(character, gesturing(seed), spoken(character, style, seed))
    chest, head = character.index("upper_chest"), character.index("head")
    torso_speed, head_speed = (np.linalg.norm(turning(pose, joint), axis=1).mean() for joint in (chest, head))
    lowest = {"neutral": (9, 15, 14), "lively": (18, 22, 25)}[style]
    highest = {"neutral": (18, 24, 32), "lively": (28, 35, 45)}[style]
    for value, low, high in zip((torso_speed, head_speed, yaw(pose, chest)), lowest, highest, strict=True):
        assert low <= value <= high


@pytest.mark.parametrize("style", ["neutral", "lively"])
def test_the_trunk_goes_slowly(character, style):
    """Most of its speed lies below 1.5 Hz: it sways and turns, and does not shake."""
    pose = accompanied_pose(character, gesturing(2), spoken(character, style, 2))
    speed = turning(pose, character.index("upper_chest"))
    power = np.abs(np.fft.rfft((speed - speed.mean(axis=0)) * np.hanning(len(speed))[:, None], axis=0)) ** 2
    assert power[np.fft.rfftfreq(len(speed), 1 / FPS) < 1.5].sum() > 0.8 * power.sum()


def test_styles_of_one_seed_are_other_performances(character):
    first, second = (spoken(character, style, 3) for style in ("neutral", "open"))
    assert np.abs(np.corrcoef(degrees(first.torso)[:, 1], degrees(second.torso)[:, 1])[0, 1]) < 0.9
    with_two = spoken(character, {"neutral": 0.5, "lively": 0.5}, 3)
    assert np.isfinite(with_two.torso).all()


def test_the_head_turns_back_to_the_listener_when_the_trunk_turns_away(character):
    pose = accompanied_pose(character, gesturing(1), spoken(character, "lively", 1))
    assert yaw(pose, character.index("head")) < 1.2 * yaw(pose, character.index("upper_chest"))
    made = spoken(character, "lively", 1)
    trunk = degrees(quaternion.multiply(made.hips, made.torso))[:, 1]
    assert np.corrcoef(trunk, degrees(made.head)[:, 1])[0, 1] < -0.2


def test_the_weight_goes_from_foot_to_foot_and_the_feet_stay(character):
    made = spoken(character, "lively", 0)
    pose = accompanied_pose(character, gesturing(0), made)
    assert np.ptp(made.hips_shift[:, 0]) > 0.03
    for side in "LR":
        thigh, knee, foot = (character.index(f"{name}.{side}") for name in ("upper_leg", "lower_leg", "foot"))
        place, bind = pose.joint_position, character.joint_position
        np.testing.assert_allclose(place[:, foot], np.tile(bind[foot], (480, 1)), atol=1e-4)
        assert quaternion.angle(pose.joint_rotation[:, foot], quaternion.IDENTITY).max() < 1e-6
        for a, b in ((thigh, knee), (knee, foot)):
            length = np.linalg.norm(place[:, b] - place[:, a], axis=-1)
            np.testing.assert_allclose(length, np.linalg.norm(bind[b] - bind[a]), atol=1e-6)
        assert (place[:, knee, 2] > place[:, thigh, 2] - 0.03).all()


def test_legs_that_are_keyed_stand_where_the_pose_has_them(character):
    made = spoken(character, "lively", 0)
    pose = accompanied_pose(character, gesturing(0), made)
    keyed = legs(character, made)
    for side in "LR":
        world = made.hips
        for name in ("upper_leg", "lower_leg", "foot"):
            world = quaternion.multiply(world, keyed[f"{name}.{side}"])
            shown = pose.joint_rotation[:, character.index(f"{name}.{side}")]
            assert quaternion.angle(world, shown).max() < 1e-6


def test_no_arm_is_stretched_further_than_its_hand_asked_or_than_looks_well(character):
    for style, seed in STYLED:
        motion = gesturing(seed)
        motion = motion.replaced(wrist_position=motion.wrist_position + np.array([0.0, 0.12, 0.12]))
        strengths = np.ones(len(STRESSED))
        made = accompany(character, motion, (STRESSED, strengths), SPOKEN, [0, 0.2, 2.8], seed, style)
        pose, still = accompanied_pose(character, motion, made), solve_pose(character, motion)
        for hand in range(2):
            _, upper, _, _, wrist = character.arm_joints(hand)
            reach = character.arm_lengths[hand].sum()
            now, before = (
                np.linalg.norm(of.joint_position[:, wrist] - of.joint_position[:, upper], axis=-1)
                for of in (pose, still)
            )
            assert (now <= np.maximum(before, 0.975 * reach) + 1e-6).all()
            np.testing.assert_allclose(pose.joint_position[:, wrist], still.joint_position[:, wrist], atol=1e-4)


def test_the_body_does_not_come_into_hands_that_rest_before_it(character):
    before = hands_before_the_chest(1)
    near = before.wrist_position + np.array([[-0.08, -0.08, -0.12], [0.08, -0.08, -0.12]])
    one = push_out(character, before.replaced(wrist_position=near))
    motion = HandMotion(
        FPS,
        np.repeat(one.wrist_position, 480, axis=0),
        np.repeat(one.rotation, 480, axis=0),
        np.ones((480, 2)),
    )
    assert arm_penetration(character, solve_pose(character, one)).max() < 1e-3
    for seed in range(2):
        strengths = np.ones(len(STRESSED))
        made = accompany(character, motion, (STRESSED, strengths), SPOKEN, [0, 0.2, 2.8], seed, "lively")
        pose = accompanied_pose(character, motion, made)
        assert np.mean(arm_penetration(character, pose).max(axis=1) > 0.005) <= 0.005
        assert yaw(pose, character.index("upper_chest")) > 5
        np.testing.assert_allclose(hands_of_pose(character, pose).wrist_position, motion.wrist_position, atol=1e-4)


def test_how_deep_an_arm_is_in_a_body_counts_the_body_where_it_is(character):
    motion = waving(2, 0.2)
    still = solve_pose(character, motion)
    leaning = accompany(character, motion).scaled(0.0)
    forward = quaternion.from_rotation_vector(np.radians([[25.0, 0.0, 0.0]] * 2))
    pose = accompanied_pose(character, motion, replace(leaning, torso=forward))
    points = np.array([[[0.0, -0.1, 0.16]]] * 2)
    assert depth_in(character, still, points).max() < 0.0 < depth_in(character, pose, points).min()
    np.testing.assert_allclose(depth_in(character, still, points), signed_depth(character, points)[0], atol=1e-12)


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
    with_accent = accompany(character, motion, ([2.0], [1.0]), [(1.9, 2.3)], seed=4)
    without = accompany(character, motion, phrases=[(1.9, 2.3)], seed=4)
    down = (degrees(with_accent.head) - degrees(without.head))[:, 0]
    assert np.argmax(down) == pytest.approx(48, abs=2)
    assert 1.5 < down.max() < 11
    assert np.abs(down[:24]).max() < 0.05


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
    np.testing.assert_allclose(back.hips_shift, made.hips_shift)
    fields = {name: getattr(made, name) for name in ("torso", "head", "shoulder")}
    np.savez(tmp_path / "first.npz", format="chironomy.accompaniment/1", fps=made.fps, **fields)
    old = load_accompaniment(tmp_path / "first.npz")
    assert not old.hips_shift.any()
    assert np.array_equal(old.torso, back.torso)
    np.savez(tmp_path / "other.npz", format="something/1")
    with pytest.raises(BodyError, match=r"has the format 'something/1', not 'chironomy\.accompaniment/3'"):
        load_accompaniment(tmp_path / "other.npz")


def test_what_does_not_fit_is_said(character):
    motion = waving(24)
    with pytest.raises(BodyError, match="2 accents with 1 strengths"):
        accompany(character, motion, ([1, 2], [1]))
    with pytest.raises(BodyError, match="the lens is at"):
        accompany(character, motion, lens=[0, 1])
    with pytest.raises(BodyError, match="24 frames at 24 a second, but the hands have 12"):
        accompanied_pose(character, waving(12), accompany(character, motion))
    none = np.zeros((2, 4))
    with pytest.raises(BodyError, match="torso must hold unit quaternions"):
        Accompaniment(FPS, none, none, np.zeros((2, 2, 4)), none, np.zeros((2, 3)))
