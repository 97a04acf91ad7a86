# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures of life, on motions whose right values follow from how they are made."""

import numpy as np
import pytest
from evaluation_motions import hands
from numpy.typing import NDArray

from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.pose import BodyPose, bind_pose
from chironomy.body.rig import load_rig
from chironomy.evaluation.people import MEASURES, beside_people
from chironomy.evaluation.strokes import find_strokes
from chironomy.evaluation.vitality import Take, compare_takes, figures_of_takes, measure
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech import Speech

Array = NDArray[np.float64]
FPS = 24.0


def circling(seconds: float = 60.0, radius: float = 0.1, hertz: float = 0.7) -> HandMotion:
    """Both wrists on circles in the plane before the body, at 2 pi radius hertz."""
    turn = 2 * np.pi * hertz * np.arange(round(seconds * FPS)) / FPS
    offset = np.zeros((len(turn), 2, 3))
    offset[..., 0], offset[..., 1] = radius * np.cos(turn)[:, None], radius * np.sin(turn)[:, None]
    return hands(offset, fps=FPS)


def moved(moves: list[tuple[float, float, int, tuple[float, float, float]]], seconds: float) -> HandMotion:
    """Wrists that go by minimum-jerk moves, each (begin, duration, hand, displacement), and stay otherwise."""
    now = np.arange(round(seconds * FPS)) / FPS
    offset = np.zeros((len(now), 2, 3))
    for begin, duration, hand, way in moves:
        part = np.clip((now - begin) / duration, 0, 1)[:, None]
        offset[:, hand] += np.array(way) * (10 * part**3 - 15 * part**4 + 6 * part**5)
    return hands(offset, fps=FPS)


def test_a_wrist_on_a_circle_has_the_circles_speed() -> None:
    found = measure(circling())
    speed = 2 * np.pi * 0.1 * 0.7
    assert found.wrist_speed == pytest.approx(speed, rel=0.03)
    assert found.wrist_speed_median == pytest.approx(speed, rel=0.03)
    assert (found.still, found.motionless, found.both_moving) == (pytest.approx(0, abs=2e-3), 0, 1)
    # The 5th and 95th percentile of a sine of amplitude a are -a and a times cos(0.05 pi).
    assert found.range_x == pytest.approx(0.2 * np.cos(0.05 * np.pi), rel=0.01)
    assert found.range_y == pytest.approx(found.range_x, rel=0.01)
    assert found.range_z == pytest.approx(0, abs=1e-9)
    assert found.jerk == pytest.approx(0.1 * (2 * np.pi * 0.7) ** 3, rel=0.08)
    assert found.velocity_to_1_5_hertz == pytest.approx(1, abs=0.02)
    assert found.strokes_per_minute == 0


@pytest.mark.parametrize("duration", [0.3, 0.5])
def test_strokes_are_counted_and_timed(duration: float) -> None:
    moves = [(1 + 2 * k, duration, k % 2, (0, -0.3 if k % 4 < 2 else 0.3, 0.05)) for k in range(29)]
    motion = moved(moves, 60)
    strokes = find_strokes(motion)
    assert [stroke.hand for stroke in strokes] == [k % 2 for k in range(29)]
    assert [stroke.peak for stroke in strokes] == pytest.approx([1 + 2 * k + duration / 2 for k in range(29)], abs=0.03)
    found = measure(motion)
    assert found.strokes_per_minute == 29
    assert found.stroke_interval == pytest.approx(2, abs=0.03)
    # The low-pass adds what a tenth of the peak speed at either end takes away, and flattens a short move's peak.
    assert found.stroke_duration == pytest.approx(duration, abs=0.04)
    assert found.stroke_speed == pytest.approx(
        1.875 * np.hypot(0.3, 0.05) / duration, rel=0.2 if duration < 0.4 else 0.1
    )
    assert found.straightness == pytest.approx(1, abs=1e-3)


def test_strokes_go_where_they_are_told() -> None:
    ways = [(0, -0.3, 0.1), (0, -0.3, 0), (0, 0.3, 0), (0.3, 0, 0), (-0.3, 0.1, 0), (0.1, 0.1, 0.3)]
    found = measure(moved([(1 + k, 0.4, 1, way) for k, way in enumerate(ways)], 8))
    assert (found.strokes_down, found.strokes_up, found.strokes_sideways) == pytest.approx((2 / 6, 1 / 6, 2 / 6))


def test_the_same_stroke_again_correlates_and_its_mirror_image_is_the_same() -> None:
    again = [(1.0 + k, 0.4, k % 2, (0.3 if k % 2 else -0.3, -0.1, 0)) for k in range(6)]
    assert measure(moved(again, 8)).path_correlation == pytest.approx(1, abs=0.02)
    there_and_back = [(1.0 + k, 0.4, 1, (0.3 * (-1) ** k, 0, 0)) for k in range(6)]
    # 3 forth and 3 back: of 30 ordered pairs 12 are alike and 18 opposite.
    assert measure(moved(there_and_back, 8)).path_correlation == pytest.approx(-0.2, abs=0.02)


def test_half_a_circle_is_as_straight_as_its_diameter_by_its_arc() -> None:
    now = np.arange(round(3 * FPS)) / FPS
    part = np.clip((now - 1) / 0.6, 0, 1)
    turn = np.pi * (10 * part**3 - 15 * part**4 + 6 * part**5)
    offset = np.zeros((len(now), 2, 3))
    offset[:, 1, 0], offset[:, 1, 1] = 0.2 * np.cos(turn), 0.2 * np.sin(turn)
    found = measure(hands(offset, fps=FPS))
    # The slow ends, and so a part of the arc, are not of the stroke.
    assert 2 / np.pi < found.straightness < 2 / np.pi + 0.06


def test_hands_that_rest_between_moves_are_still() -> None:
    found = measure(moved([(2, 0.4, 0, (0, 0.3, 0)), (7, 0.4, 1, (0, 0.3, 0))], 10))
    assert found.still == pytest.approx(1 - 0.06, abs=0.02)
    assert found.longest_still == pytest.approx(7.05 - 2.35, abs=0.1)
    assert found.both_moving == 0
    nothing = measure(hands(frames=240))
    assert (nothing.still, nothing.motionless, nothing.longest_still) == (1, 1, 10)
    assert np.isnan([nothing.both_moving, nothing.stroke_duration, nothing.path_correlation, nothing.torso_speed]).all()


def test_hands_may_rest_longer_than_speech_lasts() -> None:
    noise = np.random.default_rng(0).normal(
        0, np.repeat([1e-4, 0.2, 1e-4, 0.2, 1e-4], [8000, 24000, 8000, 24000, 64000])
    )
    speech = Speech.from_samples(noise.astype(np.float32), 16000, "speech until 4 s of 8 s")
    still = hands(frames=192)
    assert measure(still).longest_still == 8
    assert measure(still, speech).longest_still == pytest.approx(3.5, abs=0.4)
    assert measure([still, still], [None, speech]).longest_still == 8


def test_space_is_counted_in_cubes() -> None:
    # Ten places in as many cubes, each for a tenth of the time: nine hold 90 %.
    place = np.zeros((600, 2, 3))
    place[..., 1] = 0.04 * (np.arange(600) // 60)[:, None] + 0.01
    found = measure(hands(place))
    assert found.cells == 9
    assert found.densest == pytest.approx(0.2)
    # The same again does not fill more, and a minute elsewhere is another minute.
    assert measure([hands(place), hands(place)]).cells == 9
    minute = np.repeat(place[::5], 12, axis=0)
    assert measure(hands(np.concatenate([minute, minute + np.array([0.5, 0, 0])]))).cells == 9


def test_a_hand_over_the_shoulder_is_seen() -> None:
    offset = np.zeros((100, 2, 3))
    offset[:30, 1, 1] = 0.4
    assert measure(hands(offset)).above_shoulder == pytest.approx(0.3)


def _turning(degrees: Array, joint: int) -> HandMotion:
    """Both hands' `joint` at so many degrees (T,) about z."""
    motion = hands(frames=len(degrees))
    rotation = motion.rotation.copy()
    rotation[:, :, joint] = quaternion.from_rotation_vector(np.radians(degrees)[:, None, None] * (0, 0, 1))
    return motion.replaced(rotation=rotation)


def test_turning_hands_and_fingers_are_timed() -> None:
    degrees = 2.0 * np.arange(100)  # 48°/s
    assert measure(_turning(degrees, 0)).orientation_speed == pytest.approx(48)
    found = measure(_turning(degrees / 2, 4))
    assert found.finger_speed == pytest.approx(24 / 15)
    assert (found.fingers_still, found.finger_components) == (0, 1)
    assert found.finger_speed_while_still == pytest.approx(24 / 15)
    assert measure(_turning(degrees / 8, 4)).fingers_still == 1


def test_independent_fingers_have_as_many_components() -> None:
    now = np.arange(1200) / FPS
    motion = hands(frames=1200)
    rotation = motion.rotation.copy()
    for number, joint in enumerate((1, 4, 7, 10, 13)):
        bend = 0.3 * np.sin(2 * np.pi * (number + 1) * now / 50)
        rotation[:, :, joint] = quaternion.from_rotation_vector(bend[:, None, None] * (0, 0, 1))
    assert measure(motion.replaced(rotation=rotation)).finger_components == 5


def _upright(frames: int, **turns: Array) -> BodyPose:
    """A body of which only some joints are turned, as evaluated."""
    rig = load_rig()
    pose = bind_pose(rig, frames, FPS)
    for name, turn in turns.items():
        pose.joint_rotation[:, rig.index(name)] = quaternion.from_rotation_vector(turn[:, None] * (0, 1, 0))
    return pose


def test_chest_and_head_turn_in_the_frame_of_the_body() -> None:
    turn = np.radians(10 * np.sin(2 * np.pi * 0.5 * np.arange(240) / FPS))
    found = measure(hands(frames=240), accompaniment=_upright(240, upper_chest=turn, head=turn / 2))
    wide = 20 * np.cos(0.05 * np.pi)
    assert found.chest_yaw_range == pytest.approx(wide, rel=0.02)
    assert found.head_yaw_range == pytest.approx(wide / 2, rel=0.02)
    # 40° a period of 2 s.
    assert found.torso_speed == pytest.approx(20, rel=0.02)
    assert found.head_speed == pytest.approx(10, rel=0.02)


def test_an_accompaniment_is_measured_as_it_is_evaluated() -> None:
    motion = moved([(1, 0.4, 1, (0, 0.3, 0))], 6)
    body = accompany(load_rig(), motion, ([1.2, 3.0], [1.0, 0.8]), seed=3)
    found = measure(motion, accompaniment=body)
    assert found.head_speed > found.torso_speed > 0
    assert found == measure(motion, accompaniment=accompanied_pose(load_rig(), motion, body))


def test_other_frame_rates_are_brought_to_one() -> None:
    slow, fast = measure(circling()), measure(circling().resampled(60))
    assert fast.wrist_speed == pytest.approx(slow.wrist_speed, rel=0.01)
    assert fast.cells == pytest.approx(slow.cells, abs=1)


def test_takes_that_stroke_together_share_their_strokes() -> None:
    first = moved([(1.0 + k, 0.4, 1, (0, 0.1 * (-1) ** k, 0.2 * (-1) ** k)) for k in range(8)], 10)
    same = first.replaced(wrist_position=first.wrist_position + np.array([0.03, 0, 0.04]))
    found = compare_takes([first, same])
    assert (found.strokes_shared, found.seeds_apart) == (1, pytest.approx(5))
    half = moved([(1.0 + k, 0.4, 1, (0, 0.1 * (-1) ** k, 0.2 * (-1) ** k)) for k in range(4)], 10)
    # All 4 of one are among the 8 of the other, of which 4 are shared.
    assert compare_takes([first, half]).strokes_shared == pytest.approx(0.75)
    later = moved([(1.5 + k, 0.4, 1, (0, 0.1 * (-1) ** k, 0.2 * (-1) ** k)) for k in range(8)], 10)
    assert compare_takes([first, later]).strokes_shared == 0


def test_takes_of_several_recordings_are_measured_together() -> None:
    calm, brisk = circling(10, hertz=0.4), circling(20, hertz=0.8)
    takes: list[list[Take]] = [[(calm, None, None), (calm, None, None)], [(brisk, None, None)]]
    found = figures_of_takes(takes)
    assert set(MEASURES) <= set(found)
    slow = measure(calm).wrist_speed
    # The first performance is of both, 20 s of them twice as fast; the second of the calm one alone.
    assert found["wrist_speed"] == pytest.approx(slow * ((1 + 2 * 2) / 3 + 1) / 2, rel=0.03)
    assert found["seeds_apart"] == 0
    assert np.isnan(found["strokes_shared"])


def test_figures_stand_beside_people_and_targets() -> None:
    rows = beside_people({"stroke_duration": 0.25, "still": 0.4, "jerk": 30.0, "torso_speed": float("nan")})
    assert rows[1:] == [
        ("both wrists below 0.2 m/s", "0.40", "", "0.11", "0.29", "≤ 0.45", "PASS", "≤ 0.3", "short"),
        ("stroke's duration, median", "0.25", "s", "0.50", "0.38", "0.33 to 0.55", "short", "0.33 to 0.55", "short"),
        ("jerk of wrists, low-passed", "30", "m/s³", "40", "66", "", "", "", ""),
    ]
    # People move as lively speakers are to, in what both were measured by; B is above the targets of two.
    for field, known in MEASURES.items():
        if known.neutral is not None:
            values = [value for value in (known.person_a, known.person_b) if value is not None]
            assert all(map(known.neutral.met, values)) or field == "strokes_per_minute", field
