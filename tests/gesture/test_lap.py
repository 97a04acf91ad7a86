# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands of a person who sits rest on the lap, as it is seen: on the thighs, not over them and not in them."""

from pathlib import Path

import numpy as np
import pytest
from gesture_samples import babble

from chironomy.body.collision import (
    arm_balls,
    arm_penetration,
    ball_radii,
    depth_in,
    hand_ball_count,
    hands_penetration,
)
from chironomy.body.joint_limits import limit_violation
from chironomy.body.pose import BodyPose, solve_pose
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.gesture import GestureError
from chironomy.gesture.lap import Lap
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import REST, Phrase, Score, Stroke
from chironomy.gesture.shipped import embedded_weights
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import SAMPLE_RATE, Speech, load_speech

SECONDS = 12.0
LIE_AFTER = 1.3
"""Seconds after a rest begins in which hands have come down."""


@pytest.fixture(scope="module")
def model() -> GestureRuntime:
    return GestureRuntime.from_folder(embedded_weights())


@pytest.fixture(scope="module")
def spoken() -> Speech:
    whole = load_speech(Path(__file__).parents[2] / "examples" / "speech.flac")
    return Speech.from_samples(whole.samples[: round(SECONDS * SAMPLE_RATE)], SAMPLE_RATE)


@pytest.fixture(scope="module")
def takes(model: GestureRuntime, spoken: Speech) -> list[HandMotion]:
    return model.variants(spoken, 3, seated=True, style="neutral")


def rests(model: GestureRuntime, spoken: Speech, motion: HandMotion) -> list[tuple[int, int]]:
    """Hand and frame of the middle of every rest in which a hand has lain down."""
    score = model.plan_of(spoken, motion)
    assert score is not None
    lap, found = Lap(score.phrases, spoken.duration, motion.source["seed"]), []
    for hand, own in enumerate(lap.rests):
        for start, end, _ in own:
            first, last = (0.0 if start == 0.0 else start + LIE_AFTER), min(end, motion.duration) - 0.2
            if last > first:
                found.append((hand, round(0.5 * (first + last) * motion.fps)))
    return found


def lying(motion: HandMotion, hand: int, frame: int) -> np.ndarray:
    """Metres by which the points of a hand's mesh are above the thighs' skin, or the skin of the hand below it."""
    rig, whole = load_rig(), solve_pose(load_rig(), motion.sliced(frame, frame + 1))
    joints = np.isin(np.arange(rig.joint_count), rig.hand_joints(hand))
    mesh = np.flatnonzero((rig.weight * joints[rig.weight_joint]).sum(axis=1) > 0.9)
    points = skin(rig, whole.joint_rotation[0], whole.joint_position[0], vertex_subset=mesh).astype(float)
    above = -depth_in(rig, whole, points[None])[0]
    other = arm_balls(rig, whole)[0][0, 1 - hand, : hand_ball_count()]
    apart = np.linalg.norm(points[:, None] - other, axis=-1) - ball_radii()[: hand_ball_count()]
    return np.minimum(above, apart.min(axis=1))


def test_resting_hands_lie_on_the_thighs(model: GestureRuntime, spoken: Speech, takes: list[HandMotion]) -> None:
    nearest = []
    for motion in takes:
        for hand, frame in rests(model, spoken, motion):
            above = lying(motion, hand, frame)
            nearest.append(above.min())
            # Much of the hand lies, not a fingertip alone.
            assert np.mean(above < 0.03) > 0.12
    assert len(nearest) >= 8
    assert min(nearest) > -0.004
    assert max(nearest) < 0.012
    assert np.median(nearest) < 0.005


def test_nothing_is_in_the_thighs_or_in_the_other_hand(takes: list[HandMotion]) -> None:
    rig = load_rig()
    for motion in takes:
        pose = solve_pose(rig, motion)
        assert arm_penetration(rig, pose).max() < 0.005
        assert hands_penetration(rig, pose).max() < 0.003
        assert limit_violation(motion.rotation).max() < 0.5


def test_hands_are_above_the_lap_while_they_gesture(
    model: GestureRuntime, spoken: Speech, takes: list[HandMotion]
) -> None:
    for motion in takes:
        standing = model(spoken, seed=motion.source["seed"], style="neutral")
        score = model.plan_of(spoken, motion)
        assert score is not None
        on_lap = np.median([motion.wrist_position[frame, hand, 1] for hand, frame in rests(model, spoken, motion)])
        for phrase in score.phrases:
            for stroke in phrase.strokes:
                frame = round(stroke.apex * motion.fps)
                for hand, name in enumerate(("left", "right")):
                    if phrase.kind == REST or phrase.hands not in (name, "both"):
                        continue
                    here, there = motion.wrist_position[frame, hand], standing.wrist_position[frame, hand]
                    # What is gestured high enough is gestured as it is by who stands.
                    if there[1] > -0.24:
                        assert np.linalg.norm(here - there) < 0.03
                    assert here[1] > on_lap - 0.02


def test_rests_differ_from_each_other_and_from_seed_to_seed(
    model: GestureRuntime, spoken: Speech, takes: list[HandMotion]
) -> None:
    places: list[list[np.ndarray]] = [[], []]
    for motion in takes:
        for hand, frame in rests(model, spoken, motion):
            places[hand].append(motion.wrist_position[frame, hand])
    for own in places:
        apart = np.linalg.norm(np.array(own)[:, None] - np.array(own), axis=-1)
        assert np.mean(apart[np.triu_indices(len(own), 1)] > 0.01) > 0.85
        assert np.ptp(own, axis=0).max() > 0.06


def test_now_and_then_one_hand_lies_on_the_other() -> None:
    rig, found = load_rig(), 0
    for seed in range(8):
        lap = Lap([Phrase(4.0, 5.0, (Stroke(4.6),), "beat", "both")], 8.0, seed)
        position, rotation = np.zeros((1, 2, 3)), np.tile(quaternion.IDENTITY, (1, 2, 16, 1))
        position, rotation = lap.on_lap(position, rotation, np.array([2.0]), np.ones((1, 2)))
        motion = HandMotion(24.0, position, rotation, np.ones((1, 2)), {"seated": True})
        middle = arm_balls(rig, solve_pose(rig, motion))[0][0]
        palms = middle[:, : hand_ball_count()].mean(axis=1)
        if np.linalg.norm(palms[0] - palms[1]) < 0.08:
            found += 1
            assert abs(palms[0, 1] - palms[1, 1]) > 0.01
    assert 1 <= found <= 7


def test_a_take_that_is_not_seated_is_the_same_to_the_bit(model: GestureRuntime, spoken: Speech) -> None:
    usual, standing = model(spoken, seed=2), model(spoken, seed=2, seated=False)
    np.testing.assert_array_equal(usual.wrist_position, standing.wrist_position)
    np.testing.assert_array_equal(usual.rotation, standing.rotation)
    assert "seated" not in standing.source


def test_in_parts_and_at_once_it_is_the_same(model: GestureRuntime, spoken: Speech, takes: list[HandMotion]) -> None:
    parts = [part.motion for part in model.stream(spoken, seed=0, seated=True, style="neutral")]
    position = np.concatenate([part.wrist_position for part in parts])
    np.testing.assert_array_equal(position, takes[0].wrist_position)
    assert takes[0].source["seated"] is True


def test_a_range_that_is_made_anew_sits_as_what_is_kept(
    model: GestureRuntime, spoken: Speech, takes: list[HandMotion]
) -> None:
    again = model.regenerate(spoken, takes[0], 3.0, 9.0, seed=9)
    assert again.source["seated"] is True
    rig = load_rig()
    assert arm_penetration(rig, solve_pose(rig, again)).max() < 0.005
    assert not np.array_equal(again.wrist_position, takes[0].wrist_position)


def test_a_rest_that_somebody_asks_for_is_on_the_lap_too(model: GestureRuntime, spoken: Speech) -> None:
    score = Score((Phrase(0.0, spoken.duration, kind=REST, hands="both"),), spoken.duration)
    motion = model(spoken, score=score, seated=True, seed=1)
    for hand in range(2):
        assert lying(motion, hand, motion.frame_count // 2).min() < 0.012


def test_resting_fingers_stir(takes: list[HandMotion], model: GestureRuntime, spoken: Speech) -> None:
    motion = takes[0]
    hand, frame = rests(model, spoken, motion)[0]
    near = motion.rotation[max(frame - 4, 0) : frame + 5, hand, 1:]
    turned = np.degrees(quaternion.angle(near[0], near[-1]))
    assert 0.0 < turned.max() < 4.0


def test_weights_that_perform_no_plan_refuse(tiny) -> None:
    with pytest.raises(GestureError, match="nobody knows when its hands rest"):
        tiny(babble(2.0), seated=True)


def test_the_bodys_pose_has_legs_that_sit() -> None:
    rig = load_rig()
    position = np.tile([[0.2, -0.2, 0.3], [-0.2, -0.2, 0.3]], (1, 1, 1))
    motion = HandMotion(24.0, position, np.tile(quaternion.IDENTITY, (1, 2, 16, 1)), np.ones((1, 2)), {"seated": True})
    pose: BodyPose = solve_pose(rig, motion)
    for side in "LR":
        thigh, knee, foot = (
            pose.joint_position[0, rig.index(f"{name}.{side}")] for name in ("upper_leg", "lower_leg", "foot")
        )
        assert knee[2] - thigh[2] > 0.35
        assert abs(knee[1] - thigh[1]) < 0.05
        assert foot[1] < knee[1] - 0.35
