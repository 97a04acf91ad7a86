# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks odd is eased out of motion; what was asked for, and motion that has nothing odd, stays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chironomy.body.hand_anatomy import (
    ABDUCTION,
    FLEXION,
    angles_of_wrist,
    joint_angles,
    neutral_wrist,
    rotation_of_angles,
    wrist_of_angles,
)
from chironomy.body.ik import elbow_position
from chironomy.body.rig import load_rig
from chironomy.gesture.ease import at_ease
from chironomy.gesture.repertoire.hand_shapes import SHAPES, fingers_of_shape
from chironomy.gesture.space import neutral_of, shoulders
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion
from chironomy.motion.hand_shape import NOMINAL_HAND

FREE = np.ones((1, 2))


def hands(left: tuple[float, float, float], right: tuple[float, float, float], flexion: float = 0.0):
    """One frame of flat hands that go on along their forearms, bent towards the palm by degrees."""
    position = np.array([[left, right]], dtype=float)
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (1, 2, len(MANO_JOINTS), 1))
    angles = np.radians(np.tile([0.0, flexion, 0.0], (1, 2, 1)))
    for _ in range(20):  # the elbow follows the hand's turn
        elbow = elbow_position(load_rig(), position, rotation[:, :, 0])
        neutral = neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, position)
        rotation[:, :, 0] = wrist_of_angles(neutral, angles)
    return position, rotation


def flexion_of(position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    return np.degrees(angles_of_wrist(neutral_of(position, rotation[:, :, 0]), rotation[:, :, 0]))[0, :, 1]


def palm_down(position: np.ndarray, rotation: np.ndarray, pronation: float, flexion: float) -> np.ndarray:
    turned = rotation.copy()
    for _ in range(20):
        elbow = elbow_position(load_rig(), position, turned[:, :, 0])
        neutral = neutral_wrist(np.broadcast_to(shoulders(), elbow.shape), elbow, position)
        turned[:, :, 0] = wrist_of_angles(neutral, np.radians(np.tile([pronation, flexion, 0.0], (1, 2, 1))))
    return turned


def shaped(rotation: np.ndarray, shape: str) -> np.ndarray:
    turned = rotation.copy()
    turned[:, :, 1:] = fingers_of_shape(np.tile(SHAPES[shape], (1, 2, 1)))
    return turned


def droop(position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Degrees by which the four fingertips, seen from the wrist, lie lower than the forearm goes on."""
    forearm = position - elbow_position(load_rig(), position, rotation[:, :, 0])
    motion = HandMotion(24.0, position, rotation, np.ones(position.shape[:2]))
    fingers = NOMINAL_HAND.fingertips(motion)[:, :, :4].mean(axis=2) - position
    height = [np.degrees(np.arcsin(way[0, :, 1] / np.linalg.norm(way[0], axis=-1))) for way in (forearm, fingers)]
    return height[0] - height[1]


@pytest.mark.parametrize("place", [(0.25, 0.0, 0.25), (0.25, -0.15, 0.35), (0.2, -0.25, 0.3)])
@pytest.mark.parametrize(("pronation", "flexion", "shape"), [(60, 55, "flat"), (70, 10, "relaxed"), (45, 30, "soft")])
def test_a_hand_that_hangs_between_beats_comes_back_to_life(place, pronation, flexion, shape) -> None:
    position, rotation = hands(place, (-place[0], *place[1:]))
    rotation = shaped(palm_down(position, rotation, pronation, flexion), shape)
    eased, turned = at_ease(position, rotation, FREE)
    assert droop(position, rotation).min() > 28.0
    assert droop(eased, turned).max() < 25.0
    assert flexion_of(eased, turned).max() < 28.0


def test_a_raised_hand_with_bent_fingers_is_no_claw() -> None:
    position, rotation = hands((0.25, -0.02, 0.25), (-0.25, -0.02, 0.25))
    rotation = shaped(palm_down(position, rotation, 70.0, -20.0), "cupped")
    eased, turned = at_ease(position, rotation, FREE)
    wrist = turned[:, :, 0]
    pronation = np.degrees(angles_of_wrist(neutral_of(eased, wrist), wrist))[0, :, 0]
    assert pronation.max() < 30.0


def test_a_folded_finger_keeps_its_meaning() -> None:
    position, rotation = hands((0.25, -0.1, 0.3), (-0.25, -0.1, 0.3))
    rotation = shaped(palm_down(position, rotation, 60.0, 40.0), "point")
    _, turned = at_ease(position, rotation, FREE)
    bent = [MANO_JOINTS.index(f"{finger}2") for finger in ("index", "middle", "ring", "pinky")]
    before, after = (joint_angles(each)[0, 0, bent, FLEXION] for each in (rotation, turned))
    assert_allclose(after, before, atol=3.0)
    folded = [MANO_JOINTS.index(f"{finger}1") for finger in ("middle", "ring", "pinky")]
    assert joint_angles(turned)[0, 0, folded, FLEXION].min() > 70.0


def test_a_hand_that_hangs_with_its_arm_stays() -> None:
    position, rotation = hands((0.2, -0.45, 0.1), (-0.2, -0.45, 0.1), flexion=40.0)
    assert_allclose(flexion_of(*at_ease(position, rotation, FREE)), 40.0, atol=2.0)


def test_forearms_do_not_cross_before_the_belly() -> None:
    position, rotation = hands((-0.08, -0.25, 0.3), (0.08, -0.26, 0.26))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, 0, 0] - eased[0, 1, 0] > 0.08


def test_a_hand_does_not_reach_far_to_the_other_side() -> None:
    position, rotation = hands((-0.15, -0.3, 0.3), (-0.25, 0.0, 0.25))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, 0, 0] > -0.04


def test_hands_are_clasped_before_the_navel_and_touch() -> None:
    position, rotation = hands((0.12, -0.42, 0.2), (-0.12, -0.43, 0.2))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, :, 1].min() > -0.34
    assert eased[0, 0, 0] - eased[0, 1, 0] < 0.17
    assert_allclose(eased[0, 0, 1], eased[0, 1, 1], atol=0.01)


def test_hands_hang_beside_the_body() -> None:
    position, rotation = hands((0.255, -0.455, 0.085), (-0.255, -0.455, 0.085))
    eased, _ = at_ease(position, rotation, FREE)
    assert_allclose(eased, position, atol=4e-3)


def test_the_face_is_left_to_be_seen() -> None:
    position, rotation = hands((0.25, -0.25, 0.25), (-0.06, 0.0, 0.22))
    eased, _ = at_ease(position, rotation, FREE)
    mouth = np.array([0.0, 0.16])
    assert np.linalg.norm(eased[0, 1, :2] - mouth) > np.linalg.norm(position[0, 1, :2] - mouth) + 0.03


@pytest.mark.parametrize("seed", range(40))
def test_what_is_eased_goes_no_faster_than_a_few_times_what_it_was(seed: int) -> None:
    random = np.random.default_rng(seed)
    begin, end = random.uniform([-0.4, -0.5, 0.1], [0.1, 0.35, 0.4], (2, 3))
    way = np.linspace(begin, end, max(round(np.linalg.norm(end - begin) / 0.005), 4))
    position = np.stack([np.tile([0.25, -0.25, 0.25], (len(way), 1)), way], axis=1)
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (len(way), 2, len(MANO_JOINTS), 1))
    rotation[:, 1, 0] = quaternion.normalize(random.normal([1.0, 0.0, 0.0, 0.0], 0.3))
    eased, _ = at_ease(position, rotation, np.ones((len(way), 2)))
    steps, were = (np.linalg.norm(np.diff(each[:, 1], axis=0), axis=1) for each in (eased, position))
    assert (steps / were).max() < 3.5


def test_arms_do_not_go_over_the_head() -> None:
    position, rotation = hands((0.35, 0.4, 0.15), (-0.25, -0.2, 0.25))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, 0, 1] < 0.21
    assert_allclose(eased[0, 1], position[0, 1], atol=2e-3)


def test_fingers_are_not_spread_for_nothing() -> None:
    position, rotation = hands((0.25, -0.25, 0.25), (-0.25, -0.25, 0.25))
    angles = joint_angles(rotation)
    for name, out in (("index1", 18.0), ("middle1", 6.0), ("ring1", -8.0), ("pinky1", -24.0)):
        angles[:, :, MANO_JOINTS.index(name), ABDUCTION] = out
    wrist = rotation[:, :, 0].copy()
    rotation = rotation_of_angles(angles)
    rotation[:, :, 0] = wrist
    _, eased = at_ease(position, rotation, FREE)
    out = joint_angles(eased)[0, :, :, ABDUCTION]
    spread = out[:, MANO_JOINTS.index("index1")] - out[:, MANO_JOINTS.index("pinky1")]
    assert np.all((spread > 15.0) & (spread < 25.0))


@pytest.mark.parametrize(
    ("left", "right"),
    [((0.22, -0.22, 0.28), (-0.2, -0.25, 0.26)), ((0.35, -0.15, 0.25), (-0.22, -0.35, 0.2))],
)
def test_motion_with_nothing_odd_hardly_changes(left, right) -> None:
    position, rotation = hands(left, right)
    eased, turned = at_ease(position, rotation, FREE)
    assert_allclose(eased, position, atol=4e-3)
    assert_allclose(flexion_of(eased, turned), 0.0, atol=6.0)


def test_what_was_asked_for_stays() -> None:
    position, rotation = hands((-0.1, 0.3, 0.25), (0.06, 0.1, 0.22), flexion=50.0)
    eased, turned = at_ease(position, rotation, np.zeros((1, 2)))
    assert_allclose(eased, position, atol=1e-12)
    assert_allclose(turned, rotation, atol=1e-9)


def test_both_hands_are_eased_alike() -> None:
    position, rotation = hands((0.1, 0.12, 0.25), (-0.3, -0.1, 0.3), flexion=40.0)
    eased, turned = at_ease(position, rotation, FREE)
    flipped = position[:, ::-1] * [-1.0, 1.0, 1.0]
    other = rotation[:, ::-1] * [1.0, 1.0, -1.0, -1.0]
    mirrored, twisted = at_ease(flipped, other, FREE)
    assert_allclose(mirrored[:, ::-1] * [-1.0, 1.0, 1.0], eased, atol=1e-9)
    assert_allclose(np.abs(np.sum(twisted[:, ::-1] * [1.0, 1.0, -1.0, -1.0] * turned, axis=-1)), 1.0, atol=1e-9)


@pytest.mark.parametrize(("lower", "most"), [(0.0, 0.04), (0.06, -0.01), (0.15, -0.02)])
def test_one_hand_at_most_is_raised_to_the_head(lower: float, most: float) -> None:
    position, rotation = hands((0.3, 0.1, 0.25), (-0.3, 0.1 - lower, 0.25))
    eased, _ = at_ease(position, rotation, FREE)
    assert eased[0, :, 1].min() < most
    assert eased[0, 0, 1] >= eased[0, 1, 1] - 1e-9


def test_one_raised_hand_stays_raised() -> None:
    position, rotation = hands((0.3, 0.08, 0.25), (-0.25, -0.25, 0.25))
    eased, _ = at_ease(position, rotation, FREE)
    assert_allclose(eased, position, atol=0.012)


def test_hands_that_change_which_is_higher_do_so_without_a_jump() -> None:
    heights = np.linspace(-0.1, 0.1, 49)
    position = np.stack(
        [hands((0.3, 0.05 + h, 0.25), (-0.3, 0.05 - h, 0.25))[0][0] for h in heights],
    )
    rotation = np.repeat(hands((0.3, 0.0, 0.25), (-0.3, 0.0, 0.25))[1], len(heights), axis=0)
    eased, _ = at_ease(position, rotation, np.ones((len(heights), 2)))
    steps = np.abs(np.diff(eased[..., 1], axis=0)) / np.diff(heights)[:, None]
    assert steps.max() < 2.5
