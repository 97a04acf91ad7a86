# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: the score of a performance that nobody has written."""

from pathlib import Path

import numpy as np
import pytest
from gesture_samples import babble

from chironomy.gesture import GestureError
from chironomy.gesture.corpus.sounds import sound
from chironomy.gesture.planning.plan import _PLAIN, completed, planned_score
from chironomy.gesture.planning.spoken import Judge, spoken_phrases
from chironomy.gesture.score import REST, Phrase, Score, Stroke
from chironomy.gesture.training.spoken import gathered, train_judge
from chironomy.speech.accents import accent_onsets
from chironomy.speech.decode import Speech


@pytest.fixture(scope="module")
def voice() -> Speech:
    return babble(30.0)


def apexes(score: Score) -> np.ndarray:
    return np.array([stroke.apex for phrase in score.phrases for stroke in phrase.strokes])


def test_a_plan_is_of_the_seed_covers_the_speech_and_falls_on_its_accents(voice: Speech) -> None:
    plan = planned_score(voice, style={"neutral": 1.0}, seed=3)
    assert plan == planned_score(voice, style={"neutral": 1.0}, seed=3)
    assert plan != planned_score(voice, style={"neutral": 1.0}, seed=4)
    assert plan.seconds == pytest.approx(voice.duration)
    assert all(phrase.end <= plan.seconds + 1e-6 for phrase in plan.phrases)
    times = apexes(plan)
    assert 12 < len(times) < 45
    onsets = accent_onsets(voice)
    near = np.abs(times[:, None] - onsets).min(axis=1)
    assert np.median(near) < 0.08


def test_rate_and_hands_are_planned(voice: Speech) -> None:
    few, many = (len(apexes(planned_score(voice, style={"neutral": 1.0}, rate=rate))) for rate in (0.4, 2.0))
    assert many > 1.8 * few
    left = planned_score(voice, style={"lively": 1.0}, handedness="left")
    assert {phrase.hands for phrase in left.phrases if phrase.kind != REST} == {"left"}


def test_beside_words_kinds_that_mean_something_are_left_out(voice: Speech) -> None:
    kinds = {
        phrase.kind
        for seed in range(5)
        for phrase in planned_score(voice, style={"lively": 1.0}, seed=seed, plain=True).phrases
    }
    assert kinds - {REST} <= set(_PLAIN)


def test_what_is_given_stays_and_the_plan_goes_round_it() -> None:
    rest = Phrase(0.0, 4.0, kind=REST, hands="both")
    planned = Score((rest, Phrase(4.0, 6.0, (Stroke(5.0),), "beat", "left"), Phrase(7.0, 8.0, (Stroke(7.5),))), 10.0)
    given = Score((Phrase(1.0, 2.0, (Stroke(1.5),), "point_out", "right"), Phrase(5.9, 6.5, (Stroke(6.2),))), 10.0)
    made = completed(given, planned)
    assert [(phrase.start, phrase.end, phrase.kind) for phrase in made.phrases] == [
        (0.0, pytest.approx(0.85), REST),
        (1.0, 2.0, "point_out"),
        (pytest.approx(2.15), 4.0, REST),
        (5.9, 6.5, None),
        (7.0, 8.0, None),
    ]
    assert completed(Score((), 10.0), planned) == planned
    # A score of the beginning alone is one of the whole recording, too.
    assert completed(Score((), 3.0), planned) == planned


def test_hands_rest_over_music_and_noise() -> None:
    for number in range(8):
        random = np.random.default_rng(number)
        other = Speech.from_samples(sound(random, 8.0).astype(np.float32), 16000)
        plan = planned_score(other, style={"lively": 1.0}, seed=number)
        assert {phrase.kind for phrase in plan.phrases} <= {REST}


def test_the_judge_is_learned_and_kept(tmp_path: Path, voice: Speech) -> None:
    judge = train_judge(*gathered(5, 24))
    features, spoken = gathered(6, 4)
    assert (judge(features) == spoken).mean() > 0.75
    judge.save(tmp_path / "judge.npz")
    again = Judge.load(tmp_path / "judge.npz")
    assert np.array_equal(again(features), judge(features))
    assert spoken_phrases(voice)
    with pytest.raises(GestureError):
        Judge.load(tmp_path / "none.npz")
