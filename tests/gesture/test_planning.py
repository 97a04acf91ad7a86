# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: the score of a performance that nobody has written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gesture_samples import babble

from chironomy.evaluation.shown import contradictions, shows
from chironomy.gesture import GestureError, embedded_weights
from chironomy.gesture.corpus.sounds import sound
from chironomy.gesture.planning.plan import _PLAIN, completed, planned_score, said_in_full
from chironomy.gesture.planning.spoken import Judge, spoken_phrases
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import REST, Phrase, Score, Stroke
from chironomy.gesture.training.spoken import gathered, train_judge
from chironomy.speech.accents import accent_onsets
from chironomy.speech.decode import Speech

OPEN = (Phrase(5.0, 6.0, (Stroke(5.5),)), Phrase(7.0, 8.0, (Stroke(7.5),), "ring", states={"kind": "free"}))


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
    few, many = (
        sum(len(apexes(planned_score(voice, style={"neutral": 1.0}, rate=rate, seed=seed))) for seed in range(8))
        for rate in (0.4, 2.0)
    )
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
        (4.0, pytest.approx(5.75), "beat"),
        (5.9, 6.5, None),
        (7.0, 8.0, None),
        (8.0, 10.0, REST),
    ]
    rests = [Phrase(start, start + length, kind=REST, hands="both") for start, length in ((6.0, 1.0), (8.0, 2.0))]
    whole = (*planned.phrases[:2], rests[0], planned.phrases[2], rests[1])
    planned = replace(planned, phrases=whole)
    assert completed(Score((), 10.0), planned) == planned
    # Nothing is left of a gesture that has no time to be prepared, and hands that have nothing to do are let down.
    late = replace(given, phrases=(given.phrases[0], replace(given.phrases[1], start=4.7, end=6.5)))
    assert [phrase.kind for phrase in completed(late, planned).phrases if phrase.kind != REST] == [
        "point_out",
        None,
        None,
    ]
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


def test_what_a_named_kind_leaves_open_is_said_before_it_is_performed() -> None:
    manner = {"style": {"neutral": 1.0}, "speed": 1.0, "amplitude": 1.0, "handedness": None}
    score = Score((Phrase(1.0, 2.0, (Stroke(1.5),), "point_out"), Phrase(3.0, 4.0, (Stroke(3.5),), "all"), *OPEN), 9.0)
    made = [said_in_full(score, **manner, seed=seed) for seed in range(12)]
    assert {each.phrases[0].hands for each in made} == {"left", "right"}
    assert {each.phrases[0].shape for each in made} == {"point"}
    assert {each.phrases[1].hands for each in made} == {"both"}
    assert all(phrase.size and phrase.size > 0.1 for each in made for phrase in each.phrases[:2])
    # What is nobody's kind, or free, stays open.
    assert all(each.phrases[2:] == OPEN for each in made)
    assert said_in_full(score, **manner | {"handedness": "left"}, seed=0).phrases[0].hands == "left"


def test_fingers_that_are_counted_are_seen_whichever_hand_counts() -> None:
    runtime, speech = GestureRuntime.from_folder(embedded_weights()), babble(6.0)
    count = Phrase(2.0, 4.0, (Stroke(2.8, 0.6),), "count", shape="three")
    for seed in range(4):
        motion = runtime(speech, seed=seed, score=Score((count,), 6.0))
        assert shows(motion, count)
        assert not [other.shape for other in contradictions(count) if shows(motion, other)]
        assert Score.from_dict(motion.source["score"]).phrases == (count,)


def test_counts_go_on_and_a_wave_is_to_and_fro() -> None:
    manner = {"style": {"neutral": 1.0}, "speed": 1.0, "amplitude": 1.0, "handedness": None, "seed": 0}
    count = Phrase(1.0, 2.0, (Stroke(1.5),), "count")
    phrases = (count, replace(count, start=1.0, shape="three"), count, replace(count, states={"kind": "free"}), count)
    made = said_in_full(Score(phrases, 5.0), **manner)
    assert [phrase.shape for phrase in made.phrases] == ["point", "three", "four", None, "five"]
    wave = Phrase(1.0, 2.6, (Stroke(1.5, 0.3),), "wave")
    told = [replace(wave, end=1.7), replace(wave, states={"strokes": "locked"}), replace(wave, kind="sweep")]
    made = said_in_full(Score((wave, *told), 5.0), **manner)
    assert [stroke.apex for stroke in made.phrases[0].strokes] == [1.5, 1.84, 2.18]
    assert [phrase.strokes for phrase in made.phrases[1:]] == [phrase.strokes for phrase in told]
