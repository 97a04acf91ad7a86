# SPDX-License-Identifier: GPL-3.0-or-later
"""An emotion that changes is felt by the hands when it comes, and not before."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chironomy.body.emotion import emotion_track
from chironomy.gesture.course import course_of
from chironomy.gesture.score import REST, Score
from chironomy.gesture.shipped import embedded_weights
from chironomy.motion.hand_motion import HandMotion
from chironomy.performance.gestures import gesture_pipeline, make_gestures, plan_gestures
from chironomy.speech.decode import Speech, load_speech

SECONDS, CHANGE = 16, 9.0
LATER = f"0=neutral;{CHANGE}=neutral;{CHANGE + 0.5}=sad"


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = load_speech(Path(__file__).parents[2] / "examples" / "speech.flac")
    path = tmp_path_factory.mktemp("course") / "speech.wav"
    samples = np.tile(whole.samples, 3)[: SECONDS * whole.sample_rate]
    soundfile.write(path, samples, whole.sample_rate)
    return path


@functools.cache
def heard(path: Path) -> Speech:
    return load_speech(path)


@functools.cache
def planned(speech: Path, emotion: str, seed: int) -> Score:
    return plan_gestures({"speech": speech}, {"emotion": emotion, "seed": seed, "style": "lively"}, hear=heard)


def sizes(score: Score, first: float, last: float) -> list[float]:
    """Metres, of the gestures that begin between these seconds."""
    return [each.size or 0.0 for each in score.phrases if each.kind != REST and first <= each.start < last]


def test_nothing_is_planned_otherwise_before_an_emotion_begins(speech: Path) -> None:
    for seed in range(3):
        usual, later = planned(speech, "neutral", seed), planned(speech, LATER, seed)
        before = [[each for each in score.phrases if each.end < CHANGE - 2.0] for score in (usual, later)]
        assert len(before[0]) >= 3
        assert before[0] == before[1]


def test_what_is_planned_after_it_begins_is_as_large_as_it_asks(speech: Path) -> None:
    usual, later, always = (
        np.mean([size for seed in range(16) for size in sizes(planned(speech, emotion, seed), CHANGE + 1, SECONDS)])
        for emotion in ("neutral", LATER, "sad")
    )
    # Lively hands go as far as arms reach anyhow, so they are not as much smaller as is asked.
    assert later < 0.92 * usual
    assert later == pytest.approx(always, rel=0.1)


def test_the_hands_do_not_know_of_it_before(speech: Path) -> None:
    usual, later, always = (
        next(make_gestures({"speech": speech}, {"emotion": emotion, "seed": 2, "style": "lively"}))
        for emotion in ("neutral", LATER, "sad")
    )
    before = slice(0, round(4.0 * usual.fps))

    def apart(one: HandMotion, other: HandMotion) -> float:
        return float(np.linalg.norm(one.wrist_position[before] - other.wrist_position[before], axis=-1).mean())

    assert apart(usual, later) < 0.01
    assert apart(usual, always) > 0.04
    assert later.source["speed"] == usual.source["speed"]
    assert later.source["emotion"] == json.loads(json.dumps(emotion_track(LATER).told))


def test_an_emotion_that_stays_is_one_size_and_tempo() -> None:
    assert course_of(emotion_track("sad")) is None
    assert course_of(emotion_track("0=sad;4=sad")) is None
    course = course_of(emotion_track("0=neutral;10=sad"))
    assert course is not None
    assert course.at(-1.0) == (1.0, 1.0)
    assert course.at(5.0) == pytest.approx((0.85, 0.875))
    assert course.between(10.0, 20.0) == pytest.approx((0.7, 0.75))


@pytest.mark.parametrize("emotion", [LATER, "happy"])
def test_the_plan_of_a_take_is_drawn_again_with_what_was_felt(speech: Path, emotion: str) -> None:
    motion = next(make_gestures({"speech": speech}, {"emotion": emotion, "seed": 1}))
    again = gesture_pipeline(embedded_weights()).plan_of(load_speech(speech), motion)
    assert again is not None
    assert again.phrases == plan_gestures({"speech": speech}, {"emotion": emotion, "seed": 1}).phrases
