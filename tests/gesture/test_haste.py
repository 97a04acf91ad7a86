# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands go and turn no faster than people's; what is slower, and what somebody asked for, stays to the bit."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from chironomy.gesture.haste import without_haste
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS

FPS = 24.0
FRAMES = 60


def held(free: float = 1.0):
    """Two hands that are held still, and how free they are."""
    position = np.tile([[0.25, -0.2, 0.3], [-0.25, -0.2, 0.3]], (FRAMES, 1, 1))
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (FRAMES, 2, len(MANO_JOINTS), 1))
    return position, rotation, np.full((FRAMES, 2), free)


def step(frames: int) -> np.ndarray:
    """From 0 to 1 in so many frames in the middle, with a speed that comes and goes."""
    part = np.clip((np.arange(FRAMES) - 0.5 * (FRAMES - frames)) / frames, 0, 1)
    return part**2 * (3 - 2 * part)


def speeds(position: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(position, axis=0), axis=-1) * FPS


def turns(rotation: np.ndarray) -> np.ndarray:
    return np.degrees(quaternion.angle(rotation[1:, :, 0], rotation[:-1, :, 0])) * FPS


def test_a_hand_that_is_thrown_takes_more_time_and_arrives():
    position, rotation, free = held()
    position[:, 1, 1] += 0.4 * step(3)
    calm, turned = without_haste(position, rotation, FPS, free)
    assert speeds(position)[:, 1].max() > 4.0
    assert speeds(calm)[:, 1].max() < 2.3
    assert_array_equal(calm[[0, -1]], position[[0, -1]])
    assert abs(int(np.argmax(speeds(calm)[:, 1])) - int(np.argmax(speeds(position)[:, 1]))) <= 1
    assert_array_equal(calm[:, 0], position[:, 0])
    assert_array_equal(turned, rotation)


def test_a_palm_that_is_flipped_takes_more_time_and_arrives():
    position, rotation, free = held()
    rotation[:, 0, 0] = quaternion.from_rotation_vector(np.radians([[150.0, 0.0, 0.0]]) * step(2)[:, None])
    calm, turned = without_haste(position, rotation, FPS, free)
    assert turns(rotation)[:, 0].max() > 1700
    assert turns(turned)[:, 0].max() < 1000
    assert np.degrees(quaternion.angle(turned[-1, 0, 0], rotation[-1, 0, 0])) < 1e-4
    assert_array_equal(calm, position)
    assert_array_equal(turned[:, :, 1:], rotation[:, :, 1:])


@pytest.mark.parametrize("metres", [0.1, 0.25])
def test_a_stroke_stays_as_it_is(metres):
    position, rotation, free = held()
    position[:, 1, 0] += metres * step(8)
    calm, turned = without_haste(position, rotation, FPS, free)
    assert_array_equal(calm, position)
    assert_array_equal(turned, rotation)


def test_what_is_kept_stays_however_fast():
    position, rotation, free = held(free=0.0)
    position[:, 1, 1] += 0.4 * step(3)
    calm, turned = without_haste(position, rotation, FPS, free)
    assert_array_equal(calm, position)
    assert_array_equal(turned, rotation)


def test_one_frame_is_left_alone():
    position, rotation, free = held()
    assert_array_equal(without_haste(position[:1], rotation[:1], FPS, free[:1])[0], position[:1])
