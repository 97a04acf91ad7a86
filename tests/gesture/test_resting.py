# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances whose hands come to rest: within speech, and at the recording's end."""

import numpy as np
import pytest
from gesture_samples import babble

from chironomy.body.hand_anatomy import FLEXION, joint_angles
from chironomy.gesture import embedded_weights
from chironomy.gesture.planning.plan import planned_score
from chironomy.gesture.planning.resting import AT_THE_END
from chironomy.gesture.planning.resting import rested as planned_rests
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import REST, Phrase, Score, Stroke


def beats(*apexes: float, hands: str = "right") -> Phrase:
    return Phrase(apexes[0] - 0.8, apexes[-1] + 0.9, tuple(Stroke(apex) for apex in apexes), "beat", hands)


def rested(score: Score, spoken=((0.0, 60.0),), together=(1.5, 4.0), seed: int = 0) -> Score:
    return planned_rests(score, spoken, together, np.random.default_rng(seed))


def rests(score: Score) -> list[Phrase]:
    return [phrase for phrase in score.phrases if phrase.kind == REST]


def apexes(score: Score) -> list[float]:
    return [stroke.apex for phrase in score.phrases for stroke in phrase.strokes]


def fluent(seconds: float = 30.0) -> Score:
    """A stroke every 0.7 s, four to a phrase: nobody rests."""
    moments = np.arange(1.0, seconds - 0.2, 0.7)
    return Score(tuple(beats(*moments[at : at + 4]) for at in range(0, len(moments), 4)), seconds)


@pytest.mark.parametrize("seed", range(6))
def test_hands_rest_every_few_seconds_of_fluent_speech_and_at_its_end(seed: int) -> None:
    score = rested(fluent(), seed=seed)
    long = [phrase for phrase in rests(score) if phrase.end - phrase.start >= 1.0]
    ends = [0.0, *(phrase.end for phrase in long)]
    gestured = [phrase.start - before for before, phrase in zip(ends, long, strict=False)]
    assert max(gestured) < 6.0
    assert len(long) >= 4
    last = score.phrases[-1]
    assert (last.kind, last.end) == (REST, 30.0)
    assert last.start <= 30.0 - AT_THE_END[0] + 0.3
    # It costs a stroke or two each time, no more.
    assert len(apexes(score)) > len(apexes(fluent())) - 3 * len(long) - 2
    assert set(apexes(score)) <= set(apexes(fluent()))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("last", [4.3, 4.1])
def test_nobody_speaks_on_for_seconds_after_the_last_stroke(seed: int, last: float) -> None:
    score = Score((beats(1.3), beats(last)), 5.0)
    assert apexes(rested(score, spoken=((0.2, 4.9),), seed=seed)) == [1.3, last]


@pytest.mark.parametrize("seed", range(6))
def test_hands_that_gestured_just_now_are_done_in_time(seed: int) -> None:
    score = Score((beats(1.3), beats(3.4, 4.3)), 5.0)
    assert apexes(rested(score, spoken=((0.2, 4.9),), seed=seed)) == [1.3, 3.4]


def test_a_rest_that_is_there_anyhow_costs_nothing() -> None:
    score = Score((beats(1.0, 1.7), beats(4.5, 5.2)), 9.0)
    assert apexes(rested(score)) == [1.0, 1.7, 4.5, 5.2]
    first = next(phrase for phrase in rests(rested(score)) if phrase.start > 0.5)
    assert first.start < 2.5
    assert first.end > 3.5


def test_hands_rest_at_a_pause_rather_than_amid_words() -> None:
    moments = np.arange(1.0, 11.0, 0.6)
    score = Score((beats(*moments),), 14.0)
    pause = (3.7, 4.4)
    for seed in range(8):
        made = rested(score, ((0.0, pause[0]), (pause[1], 14.0)), (1.5, 6.0), seed)
        assert any(phrase.start < pause[1] and phrase.end > pause[0] for phrase in rests(made))


def test_both_hands_rest_and_nothing_is_done_meanwhile() -> None:
    left, right = beats(1.0, 1.8, 2.6, 3.4, 4.2, 5.0, hands="left"), beats(1.4, 2.2, 3.0, 3.8, 4.6, hands="right")
    score = rested(Score((left, right), 9.0), together=(1.0, 2.0))
    assert len(rests(score)) >= 2
    for rest in rests(score):
        for phrase in score.phrases:
            if phrase.kind != REST:
                assert phrase.end <= rest.start + 1e-6 or phrase.start >= rest.end - 1e-6
    for phrase in score.phrases:
        assert all(phrase.start <= each.apex <= each.apex + each.hold <= phrase.end + 1e-6 for each in phrase.strokes)


def test_nothing_planned_stays_a_rest() -> None:
    made = rested(Score((), 5.0))
    assert [(phrase.kind, phrase.start, phrase.end) for phrase in made.phrases] == [(REST, 0.0, 5.0)]


@pytest.fixture(scope="module")
def runtime() -> GestureRuntime:
    return GestureRuntime.from_folder(embedded_weights())


@pytest.mark.parametrize("style", ["neutral", "lively"])
def test_hands_that_were_raised_are_let_down_again_and_end_low(runtime: GestureRuntime, style: str) -> None:
    speech = babble(14.0)
    for seed in range(3):
        motion = runtime(speech, seed=seed, style=style)
        height = motion.wrist_position[:, :, 1]
        assert height[-1].max() < -0.2
        low = (height < -0.22).all(axis=1)
        raised = np.flatnonzero(~low)
        assert len(raised) > 24  # they do gesture
        inner = low[raised[0] : raised[-1]]
        assert inner.mean() > 0.04  # and rest in between
        edges = np.flatnonzero(np.diff(np.concatenate([[True], low, [True]]).astype(int)))
        assert np.diff(edges.reshape(-1, 2), axis=1).max() < 9.0 * motion.fps


def test_no_finger_points_on_at_nothing(runtime: GestureRuntime) -> None:
    speech = babble(8.0)
    for seed in range(4):
        motion = runtime(speech, seed=seed, style="lively")
        plan = runtime.plan_of(speech, motion)
        assert plan is not None
        flexion = joint_angles(motion.rotation)[..., 1:13, FLEXION].reshape(motion.frame_count, 2, 4, 3).sum(axis=-1)
        pointing = (flexion[..., 0] <= 75) & (flexion[..., 1:].min(axis=-1) >= 110)
        for side, hand in enumerate(("left", "right")):
            meant = np.zeros(motion.frame_count, bool)
            for phrase in plan.phrases:
                if phrase.strokes and phrase.hands in (hand, "both"):
                    # It is let go as soon as the hand can.
                    meant |= (motion.times > phrase.start - 0.5) & (motion.times < phrase.strokes[-1].apex + 1.1)
            assert (pointing[:, side] & ~meant).sum() <= 0.1 * motion.fps


def test_a_plan_names_little_that_nobody_said() -> None:
    speech = babble(30.0)
    kinds = [p.kind for seed in range(8) for p in planned_score(speech, style={"lively": 1.0}, seed=seed).phrases]
    gestures = [kind for kind in kinds if kind != REST]
    assert sum(kind in ("point_you", "point_out", "count", "wave", "thumb_up") for kind in gestures) < 0.1 * len(
        gestures
    )
