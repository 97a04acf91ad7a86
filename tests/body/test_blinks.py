# SPDX-License-Identifier: GPL-3.0-or-later
"""A speaker blinks as often as people do, by seed, style and emotion, and shuts the eyes at it."""

import numpy as np
import pytest

from chironomy.body.face import express
from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS

FPS = 48.0
MINUTES = 2.0
PHRASES = [(begin, begin + 3.1) for begin in np.arange(0.4, 60.0 * MINUTES - 4.0, 3.9)]


def lids(seed=0, style=None, emotion=None):
    face = FaceTrack(FPS, np.zeros((round(60 * MINUTES * FPS), len(FACE_ACTIONS))))
    made = express(face, phrases=PHRASES, seed=seed, style=style, emotion=emotion)
    np.testing.assert_allclose(made.action("eyeBlinkLeft"), made.action("eyeBlinkRight"), atol=0.05)
    return made.action("eyeBlinkLeft")


def blinks(curve, beyond=0.5):
    """Seconds at which the lids come down beyond a part of their way, and how long they are there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], curve > beyond, [0]])))
    return edges[::2] / FPS, np.diff(edges)[::2] / FPS


def rate(**options):
    return np.mean([len(blinks(lids(seed, **options))[0]) for seed in range(4)]) / MINUTES


@pytest.mark.parametrize("seed", range(3))
def test_a_speaker_blinks_12_to_20_times_a_minute_and_briefly(seed):
    times, lengths = blinks(lids(seed), beyond=0.02)
    assert 12 <= len(times) / MINUTES <= 20
    assert 0.1 <= lengths.min() < lengths.max() <= 0.4


def test_another_seed_blinks_at_other_moments():
    first, again, other = (blinks(lids(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.mean(np.abs(first[:, None] - other).min(axis=1) < 0.1) < 0.5


def test_people_who_are_roused_blink_more_and_calm_and_sad_ones_less():
    usual = rate()
    for quiet in ({"style": "calm"}, {"emotion": "sad"}, {"style": "reserved"}):
        assert rate(**quiet) < 0.92 * usual
    for roused in ({"style": "lively"}, {"emotion": "surprised"}, {"emotion": "angry"}):
        assert rate(**roused) > 1.08 * usual


def test_the_rate_changes_with_the_emotion_within_a_take():
    parts = [blinks(lids(seed, emotion="0=sad;60=sad;61=surprised;120=surprised"))[0] for seed in range(4)]
    assert sum((times > 61).sum() for times in parts) > 1.3 * sum((times < 60).sum() for times in parts)


def test_eyes_that_are_wide_shut_as_far_as_others():
    curve, face = lids(emotion="surprised"), FaceTrack(FPS, np.zeros((round(60 * MINUTES * FPS), len(FACE_ACTIONS))))
    wide = express(face, phrases=PHRASES, emotion="surprised").action("eyeWideLeft")
    assert wide[curve > 0.99].max() < 0.02
    assert np.median(wide) > 0.7
