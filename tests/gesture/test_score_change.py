# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing one phrase of a performance: what is made anew, and what stays."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gesture_samples import TINY, babble

from chironomy.evaluation.shown import shows
from chironomy.gesture import GesturePipeline, GestureTransformer, embedded_weights
from chironomy.gesture.change import Range, change, changed_ranges, with_phrase, without_phrase
from chironomy.gesture.pipeline import default_scheduler
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import SCORE_KINDS, Phrase, Score, Stroke
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech

FIRST = Phrase(0.5, 1.5, (Stroke(1.0),), "beat", "right")
SECOND = Phrase(2.0, 3.0, (Stroke(2.5),), "present", "both")
THIRD = Phrase(3.1, 4.5, (Stroke(3.8),), "chop", "left")
SCORE = Score((FIRST, SECOND, THIRD), 5.0)


def ranges(after: Score) -> list[Range]:
    return [Range(round(start, 3), round(end, 3), hands) for start, end, hands in changed_ranges(SCORE, after)]


def test_nothing_is_made_anew_where_nothing_is_changed():
    said = tuple(replace(phrase, word="word", states={"kind": "locked"}) for phrase in SCORE.phrases)
    assert ranges(replace(SCORE, phrases=said)) == []


def test_another_kind_makes_the_phrase_and_its_surroundings_anew_in_its_hands():
    assert ranges(with_phrase(SCORE, replace(FIRST, kind="ring"), 0)) == [Range(0.1, 1.9, ("right",))]
    assert ranges(with_phrase(SCORE, replace(SECOND, size=0.3), 1)) == [Range(1.6, 3.4, ("left", "right"))]


def test_another_hand_and_another_time_reach_where_the_phrase_was_and_where_it_goes():
    assert ranges(with_phrase(SCORE, replace(FIRST, hands="left"), 0)) == [Range(0.1, 1.9, ("left", "right"))]
    later = replace(FIRST, start=1.0, end=1.8, strokes=(Stroke(1.4),))
    assert ranges(with_phrase(SCORE, later, 0)) == [Range(0.1, 2.2, ("right",))]


def test_a_phrase_that_is_deleted_or_added_is_made_anew():
    gone = without_phrase(SCORE, 0)
    assert gone.phrases[0] == Phrase(0.5, 1.5, kind="rest", hands="right")
    assert ranges(gone) == [Range(0.1, 1.9, ("right",))]
    more = with_phrase(SCORE, Phrase(4.7, 4.9, kind="wag", hands="right"))
    assert ranges(more) == [Range(4.3, 5.0, ("right",))]


def test_a_locked_neighbour_is_not_touched():
    locked = replace(SECOND, states={"kind": "locked"})
    after = Score((FIRST, locked, replace(THIRD, kind="fist")), 5.0)
    assert ranges(after) == [Range(3.0, 4.9, ("left",))]


@pytest.fixture(scope="module")
def scored(tiny: GesturePipeline) -> GesturePipeline:
    """A tiny model, untrained, that answers to a score."""
    torch.manual_seed(2)
    transformer = GestureTransformer(**TINY | {"score_kinds": list(SCORE_KINDS)}).eval()
    torch.nn.init.normal_(transformer.motion_out.weight, std=0.1)
    for name in ("motion_mean", "motion_std"):
        transformer.get_buffer(name).copy_(tiny.transformer.get_buffer(name))
    return GesturePipeline(transformer, default_scheduler())


def moved(a: HandMotion, b: HandMotion) -> np.ndarray:
    """(T, 2) metres between the wrists."""
    return np.linalg.norm(a.wrist_position - b.wrist_position, axis=-1)


def test_only_the_surroundings_of_a_changed_phrase_are_other_motion(scored: GesturePipeline, speech: Speech):
    options: dict[str, Any] = {"seed": 1, "num_inference_steps": 2}
    motion = scored(speech, **options, score=SCORE)
    after = with_phrase(SCORE, replace(FIRST, kind="point_out"), 0)
    made = change(scored, speech, motion, after, SCORE, **options)
    difference = moved(made, motion)
    frames = np.flatnonzero(difference[:, 1] > 0)
    assert 0.1 * 24 <= frames.min() < frames.max() < 1.9 * 24
    assert (difference[:, 0] == 0).all()
    outside = np.ones(len(difference), bool)
    outside[3:46] = False
    assert np.array_equal(made.rotation[outside], motion.rotation[outside])
    assert Score.from_dict(made.source["score"]) == after
    # Done twice, nothing is left to change: the motion knows its score.
    assert np.array_equal(change(scored, speech, made, after, **options).wrist_position, made.wrist_position)


def test_a_take_that_was_made_without_a_score_is_compared_with_its_own_plan() -> None:
    voice, options = babble(14.0), {"seed": 5, "style": "lively"}
    runtime = GestureRuntime.from_folder(embedded_weights())
    motion = runtime(voice, **options)
    plan = runtime.plan_of(voice, motion)
    assert plan is not None
    assert len([phrase for phrase in plan.phrases if phrase.kind != "rest"]) >= 3
    assert np.abs(motion.wrist_position - change(runtime, voice, motion, plan).wrist_position).max() == 0
    number = [phrase.kind != "rest" for phrase in plan.phrases].index(True, 2)
    phrase = plan.phrases[number]
    gone = change(runtime, voice, motion, without_phrase(plan, number), **options)
    frames = np.flatnonzero(moved(gone, motion).max(axis=1) > 1e-6) / 24.0
    assert len(frames)
    assert phrase.start - 0.5 <= frames.min()
    assert frames.max() <= phrase.end + 0.5
    # What is changed in a plan is asked for, so it is done as strictly as in a score of one's own.
    told = {"kind": "wave", "hands": "right", "shape": None, "place": None, "size": None}
    wave = Phrase(phrase.start, phrase.start + 1.6, (Stroke(phrase.start + 0.8),), **told)
    after = with_phrase(plan, wave, number)
    waving = change(runtime, voice, motion, after, **options)
    assert shows(waving, wave)
    assert not shows(motion, wave)
    # Of motion that does not say how it was made, nothing is known.
    assert runtime.plan_of(voice, motion.replaced(source={})) is None
    assert runtime.plan_of(voice, motion.replaced(source={**motion.source, "style": "gone"})) is None
