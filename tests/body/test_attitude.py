# SPDX-License-Identifier: GPL-3.0-or-later
"""A face says how its speaker takes each stretch of speech, whatever is felt."""

import numpy as np
import pytest

from chironomy.body.attitude import attitudes
from chironomy.body.face import express
from chironomy.motion.face import FACE_ACTIONS, FaceTrack

FPS = 24.0
PHRASES = [(0.5, 2.5), (3.5, 5.0), (6.0, 8.0), (9.0, 11.0), (12.0, 14.0), (15.0, 17.0)]
ACCENTS = np.arange(0.7, 17.0, 0.45)
STRENGTHS = np.full(len(ACCENTS), 0.4)  # too weak for the brows to rise on their own
PAUSE = slice(round(18.5 * FPS), None)


def of(values, name):
    return values[:, FACE_ACTIONS.index(name)]


def shown(seed=0, **settings):
    still = FaceTrack(FPS, np.zeros((round(20 * FPS), len(FACE_ACTIONS))))
    return express(still, (ACCENTS, STRENGTHS), PHRASES, seed, **settings).values


def middles(values):
    """(phrases, 52) what the face shows in the middle second of each phrase."""
    return np.array(
        [values[round((a + b) / 2 * FPS) - 12 : round((a + b) / 2 * FPS) + 12].mean(axis=0) for a, b in PHRASES]
    )


@pytest.mark.parametrize("seed", range(4))
def test_phrases_next_to_each_other_are_said_with_different_faces(seed):
    each = middles(shown(seed))
    assert (np.abs(np.diff(each, axis=0)).max(axis=1) > 0.15).all()


def test_brows_rise_and_are_drawn_together_for_whole_phrases():
    all_middles = np.concatenate([middles(shown(seed)) for seed in range(4)])
    assert of(all_middles, "browOuterUpLeft").max() > 0.4
    assert of(all_middles, "browDownLeft").max() > 0.4
    assert of(all_middles, "mouthSmileLeft").max() > 0.2
    assert of(all_middles, "browOuterUpLeft").min() < 0.1


def test_a_face_without_speech_shows_nothing():
    assert np.abs(attitudes(np.random.default_rng(0), np.arange(48) / FPS, np.zeros(0), np.zeros(0), [])).max() == 0
    assert of(shown(), "mouthSmileLeft")[PAUSE].max() < 0.01
    assert of(shown(), "browDownLeft")[PAUSE].max() < 0.01


def test_it_comes_and_goes_without_a_jump():
    smiles = of(shown(3, style="lively"), "mouthSmileLeft")
    assert np.abs(np.diff(smiles)).max() * FPS < 2.5  # of its range a second


def test_who_is_sad_shows_that_alone():
    sad = middles(shown(emotion="sad"))
    assert of(sad, "mouthSmileLeft").max() < 0.01
    assert of(sad, "mouthFrownLeft").min() > 0.5


def test_another_seed_takes_it_in_another_way():
    assert np.abs(middles(shown(0)) - middles(shown(1))).max() > 0.2


def test_a_reserved_speaker_shows_less_than_a_lively_one():
    reserved, lively = (
        np.mean([np.abs(middles(shown(seed, style=style))).sum() for seed in range(6)])
        for style in ("reserved", "lively")
    )
    assert reserved < 0.75 * lively


def test_long_stretches_change_their_face_at_a_strong_accent():
    strengths = STRENGTHS.copy()
    strengths[15] = 0.9
    now = np.arange(0, 17, 1 / FPS)
    values = attitudes(np.random.default_rng(1), now, ACCENTS, strengths, [(0.5, 5.5 + ACCENTS[15])])
    at = ACCENTS[15]
    before, after = (
        values[(now > a) & (now < b)].mean(axis=0) for a, b in ((at - 1.5, at - 0.8), (at + 1.0, at + 1.7))
    )
    assert np.abs(before - after).max() > 0.15
