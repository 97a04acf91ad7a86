# SPDX-License-Identifier: GPL-3.0-or-later
"""New motion beside kept frames: place and speed go on across every border."""

import numpy as np
import pytest
from motions import gestures

from chironomy.motion import rotation
from chironomy.motion.joins import joined, joined_hands, joined_rotation

FRAMES = 144


def masks():
    """Kept stretches: in the middle, at either end, one frame alone, and two with little room between them."""
    for name, stretches in {
        "middle": [(60, 80)],
        "beginning": [(0, 30)],
        "end": [(100, 144)],
        "alone": [(70, 71)],
        "two": [(40, 50), (58, 90)],
        "all": [(0, 144)],
    }.items():
        mask = np.zeros(FRAMES, bool)
        for start, stop in stretches:
            mask[start:stop] = True
        yield pytest.param(mask, id=name)


def borders(mask):
    """Steps from a kept frame to a free one or back: index k is from frame k to k + 1."""
    return np.flatnonzero(np.diff(mask.astype(int)))


def speeds(motion, hand):
    return np.linalg.norm(np.diff(motion.wrist_position[:, hand], axis=0), axis=-1)


@pytest.mark.parametrize("mask", masks())
@pytest.mark.parametrize("seed", range(4))
def test_kept_frames_stay_and_no_step_beside_them_is_the_fastest(mask, seed):
    new, kept = gestures(seed, FRAMES), gestures(seed + 50, FRAMES)
    made = joined_hands(new, kept, np.stack([mask, np.zeros(FRAMES, bool)], axis=1))
    np.testing.assert_array_equal(made.wrist_position[mask, 0], kept.wrist_position[mask, 0])
    np.testing.assert_allclose(rotation.angle(made.rotation[mask, 0], kept.rotation[mask, 0]), 0.0, atol=1e-7)
    np.testing.assert_array_equal(made.wrist_position[:, 1], new.wrist_position[:, 1])
    step, free = speeds(made, 0), ~(mask[1:] & mask[:-1])
    if mask.all():
        return
    for border in borders(mask):
        near = np.abs(np.arange(FRAMES - 1) - border) <= 12
        assert step[near & free].max() <= max(step[~near & free].max(initial=0.0), speeds(new, 0).max()) + 1e-9
        inner = step[[border - 1, border + 1]].max()
        assert step[border] <= 1.5 * inner + 0.003


def test_far_from_kept_frames_new_motion_is_as_it_was_made():
    new, kept = gestures(1, FRAMES), gestures(2, FRAMES)
    mask = np.zeros((FRAMES, 2), bool)
    mask[20:30, 0] = True
    made = joined_hands(new, kept, mask)
    np.testing.assert_allclose(made.wrist_position[80:], new.wrist_position[80:], atol=1e-12)


def test_values_and_their_speed_go_on_across_a_border():
    times = np.arange(60.0)[:, None]
    new, kept, mask = 5.0 + 0.0 * times, 0.1 * times, times[:, 0] < 20
    made = joined(new, kept, mask, 15)
    step = np.diff(made[:, 0])
    np.testing.assert_allclose(step[:19], 0.1)
    assert step[19] == pytest.approx(0.1, abs=0.06)
    np.testing.assert_allclose(made[36:], 5.0)


def test_turns_go_the_short_way_whatever_their_sign():
    angles = np.linspace(0.0, 1.0, 60)
    turns = np.stack([np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], axis=-1)
    mask = np.arange(60) < 20
    made = joined_rotation(-turns, turns, mask, 10)
    np.testing.assert_allclose(rotation.angle(made, turns), 0.0, atol=1e-7)
    assert (np.sum(made[1:] * made[:-1], axis=-1) > 0.0).all()
