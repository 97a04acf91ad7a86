# SPDX-License-Identifier: GPL-3.0-or-later
"""Strokes keep their edge; hands at rest do not tremble."""

import numpy as np

from chironomy.gesture.encoding import HAND_DIM, MOTION_DIM
from chironomy.gesture.finish import from_standstill, smooth

FPS = 24.0


def stroke_and_rest() -> np.ndarray:
    """(144, 198): the left wrist makes one minimum-jerk stroke of 0.25 s over 20 cm, all else rests."""
    motion = np.zeros((144, MOTION_DIM))
    part = np.clip((np.arange(144) - 69) / 6, 0, 1)
    motion[:, 1] = -0.2 * part**3 * (10 + part * (6 * part - 15))
    return motion


def test_a_stroke_keeps_its_speed_and_its_moment() -> None:
    motion = stroke_and_rest()
    before, after = (np.abs(np.diff(m[:, 1])) for m in (motion, smooth(motion, FPS)))
    assert after.max() > 0.85 * before.max()
    assert abs(int(after.argmax()) - int(before.argmax())) <= 1


def test_a_hand_at_rest_does_not_tremble_while_the_other_strokes() -> None:
    motion = stroke_and_rest()
    trembling = motion + np.random.default_rng(0).normal(0, 0.0007, motion.shape)
    smoothed = smooth(trembling, FPS)
    for rest, numbers in ((slice(0, 50), slice(0, 3)), (slice(0, 144), slice(HAND_DIM, HAND_DIM + 3))):
        jerk, left = (np.abs(np.diff(m[rest, numbers], 3, axis=0)).mean() for m in (trembling, smoothed))
        assert left < 0.05 * jerk


def test_smoothing_a_part_is_smoothing_the_whole() -> None:
    motion = stroke_and_rest() + np.random.default_rng(1).normal(0, 0.002, (144, MOTION_DIM))
    np.testing.assert_allclose(smooth(motion[20:], FPS)[24:], smooth(motion, FPS)[44:], atol=1e-6)


def test_one_frame_stays() -> None:
    assert np.array_equal(smooth(np.ones((1, MOTION_DIM)), FPS), np.ones((1, MOTION_DIM)))


def test_motion_that_is_under_way_begins_with_a_frame_of_rest_and_is_itself_again_soon() -> None:
    motion = np.arange(48.0)[:, None] / FPS * np.array([1.0, -0.4])
    begun = from_standstill(motion, FPS)
    np.testing.assert_allclose(begun[1], begun[0], atol=1e-12)
    np.testing.assert_allclose(begun[11:], motion[11:], atol=1e-12)
    assert np.abs(np.diff(begun, 2, axis=0)).max() < 0.6 / FPS
