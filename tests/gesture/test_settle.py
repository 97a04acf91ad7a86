# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that a plan lets rest come down in time, in one piece, and come back up for what follows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chironomy.gesture.score import REST, Phrase, Stroke
from chironomy.gesture.settle import resting, settled
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS

FPS = 24.0
SECONDS = 8.0
TIMES = np.arange(round(SECONDS * FPS)) / FPS
FREE = np.ones((len(TIMES), 2))
REST_OF_BOTH = Phrase(2.0, 5.0, kind=REST, hands="both")


def held(left: tuple[float, float, float], right: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Eight seconds of hands that stay in the air, straight on from their forearms."""
    position = np.tile(np.array([left, right], dtype=float), (len(TIMES), 1, 1))
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (len(TIMES), 2, len(MANO_JOINTS), 1))
    for _ in range(10):
        rotation[:, :, 0] = neutral_of(position, rotation[:, :, 0])
    return position, rotation


@pytest.mark.parametrize("left", [(0.2, 0.05, 0.3), (0.35, -0.1, 0.35), (0.05, -0.15, 0.35)])
def test_hands_that_were_left_in_the_air_come_down_and_go_up_again(left) -> None:
    position, rotation = held(left, (-0.25, -0.1, 0.3))
    moved, turned = settled(position, rotation, resting([REST_OF_BOTH], TIMES, SECONDS), FREE)
    inside = (TIMES > 3.0) & (TIMES < 4.6)
    assert moved[inside, :, 1].max() < -0.22
    outside = (TIMES < 2.0) | (TIMES > 5.1)
    assert_allclose(moved[outside], position[outside], atol=1e-9)
    assert_allclose(turned[outside], rotation[outside], atol=1e-9)
    speed = np.linalg.norm(np.diff(moved, axis=0), axis=-1) * FPS
    assert speed.max() < 2.2
    turn = np.degrees(quaternion.angle(turned[1:, :, 0], turned[:-1, :, 0])) * FPS
    assert turn.max() < 600.0


def test_a_hand_that_sinks_goes_with_its_forearm() -> None:
    position, rotation = held((0.25, 0.0, 0.3), (-0.25, 0.0, 0.3))
    moved, turned = settled(position, rotation, resting([REST_OF_BOTH], TIMES, SECONDS), FREE)
    at = round(3.5 * FPS)
    bent = quaternion.angle(neutral_of(moved, turned[:, :, 0])[at], turned[at, :, 0])
    # Left as it was it would be bent by the whole turn of the forearm.
    left_alone = quaternion.angle(neutral_of(moved, rotation[:, :, 0])[at], rotation[at, :, 0])
    assert np.degrees(bent).max() < 25.0 < np.degrees(left_alone).min()


def test_hands_that_rest_on_each_other_keep_to_each_other() -> None:
    position, rotation = held((0.06, -0.36, 0.24), (-0.09, -0.36, 0.24))
    moved, turned = settled(position, rotation, resting([REST_OF_BOTH], TIMES, SECONDS), FREE)
    assert_allclose(moved[:, 0] - moved[:, 1], position[:, 0] - position[:, 1], atol=0.012)
    assert np.abs(moved - position).max() < 0.1
    assert np.degrees(quaternion.angle(turned[:, :, 0], rotation[:, :, 0])).max() < 12.0


def test_no_two_rests_are_in_one_place() -> None:
    position, rotation = held((0.2, -0.36, 0.2), (-0.2, -0.36, 0.2))
    rests = [Phrase(0.0, 3.0, kind=REST, hands="both"), Phrase(5.0, 8.0, kind=REST, hands="both")]
    moved, _ = settled(position, rotation, resting(rests, TIMES, SECONDS), FREE)
    first, second = moved[round(1.0 * FPS)], moved[round(6.5 * FPS)]
    assert np.linalg.norm(first - second, axis=-1).min() > 0.01
    again, _ = settled(position, rotation, resting(rests, TIMES, SECONDS), FREE)
    assert_allclose(again, moved, atol=0.0)


def test_who_has_not_begun_rests_already_and_gestures_are_left_alone() -> None:
    rests = resting(
        [Phrase(0.0, 2.0, kind=REST, hands="both"), Phrase(2.0, 4.0, (Stroke(3.0),), "beat")], TIMES, SECONDS
    )
    assert rests.part[0] == 1.0
    assert rests.part[round(2.2 * FPS) :].max() == 0.0
    position, rotation = held((0.2, 0.05, 0.3), (-0.2, 0.05, 0.3))
    moved, turned = settled(position, rotation, resting([], TIMES, SECONDS), FREE)
    assert moved is position
    assert turned is rotation


def test_a_hand_sinks_slowly_where_there_is_time_and_is_down_when_the_recording_ends() -> None:
    position, rotation = held((0.25, 0.0, 0.3), (-0.25, 0.0, 0.3))
    way = []
    for start in (2.0, SECONDS - 0.85):
        rests = resting([Phrase(start, 20.0, kind=REST, hands="both")], TIMES, SECONDS)
        moved, _ = settled(position, rotation, rests, FREE)
        assert moved[-1, :, 1].max() < -0.25
        down = np.flatnonzero(moved[:, 0, 1] < -0.25)[0] / FPS - start
        speed = np.linalg.norm(np.diff(moved, axis=0), axis=-1).max() * FPS
        way.append((down, speed))
    (slow, slowly), (quick, quickly) = way
    assert slow > quick
    assert slowly < quickly


def test_a_hand_that_is_kept_is_not_brought_down() -> None:
    position, rotation = held((0.25, 0.0, 0.3), (-0.25, 0.0, 0.3))
    free = np.ones((len(TIMES), 2))
    free[:, 1] = 0.0
    moved, turned = settled(position, rotation, resting([REST_OF_BOTH], TIMES, SECONDS), free)
    at = round(3.5 * FPS)
    assert moved[at, 0, 1] < -0.2
    assert_allclose(moved[:, 1], position[:, 1], atol=1e-12)
    assert_allclose(turned[:, 1], rotation[:, 1], atol=1e-9)
