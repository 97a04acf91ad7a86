# SPDX-License-Identifier: GPL-3.0-or-later
"""Gestures that are moved in time or made larger stay what they are, and hands rest where a gesture is taken out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chironomy.gesture.change import change, with_phrase, without_phrase
from chironomy.gesture.planning.plan import planned_score
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import REST, Phrase, Score
from chironomy.gesture.score.merge import giving_way, retimed
from chironomy.gesture.shipped import embedded_weights
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.speech.decode import Speech, load_speech

FPS, SHIFT = 24, 12


@pytest.fixture(scope="module")
def maker() -> GestureRuntime:
    return GestureRuntime.from_folder(embedded_weights())


@pytest.fixture(scope="module")
def example_speech(repository: Path) -> Speech:
    """Some seconds of the example's voice."""
    speech = load_speech(repository / "examples" / "speech.flac")
    return replace(speech, samples=speech.samples[: round(14 * speech.sample_rate)])


@pytest.fixture(scope="module", params=[1, 2, 3])
def performed(request, maker, example_speech):
    """A performance of the embedded model at 24 frames a second, its score and its seed."""
    seed = request.param
    motion = maker(example_speech, style="lively", seed=seed, fps=float(FPS))
    return motion, planned_score(example_speech, style={"lively": 1.0}, seed=seed), seed


def hands_of(phrase: Phrase) -> list[int]:
    return [0, 1] if phrase.hands in ("both", None) else [HANDS.index(phrase.hands)]


def steps(motion: HandMotion, phrase: Phrase) -> np.ndarray:
    """(frames, hands) metres a second of the wrists from a phrase's first stroke, not the way there, to its last."""
    start = max(phrase.start, phrase.strokes[0].apex - 0.3)
    span = slice(round(start * FPS), min(round(phrase.strokes[-1].apex * FPS) + 2, motion.frame_count - 1))
    speed = np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1) * FPS
    return speed[span][:, hands_of(phrase)]


def gestures(score: Score) -> list[int]:
    """The numbers of some phrases that have room to be moved."""
    return [
        number
        for number, phrase in enumerate(score.phrases)
        if phrase.kind != REST and phrase.strokes and phrase.start > 1.0 and phrase.end < score.seconds - 1.0
    ][:6]


def hardest(motion: HandMotion) -> np.ndarray:
    """(2,) metres a second and second, the most of each wrist."""
    return np.linalg.norm(np.diff(motion.wrist_position, 2, axis=0), axis=-1).max(axis=0) * FPS**2


def test_a_phrase_that_is_moved_is_the_same_gesture_later(maker, example_speech, performed):
    motion, score, seed = performed
    for number in gestures(score):
        old = score.phrases[number]
        new = retimed(old, old.start + SHIFT / FPS, old.end + SHIFT / FPS)
        after = giving_way(with_phrase(score, new, number), [new])
        made = change(maker, example_speech, motion, after, score, style="lively", seed=seed)
        strongest, path = steps(made, new).max() / steps(motion, old).max(), steps(made, new).sum()
        assert 0.9 <= strongest <= 1.5, f"{old.kind} at {old.start:g} s"
        assert 0.85 <= path / steps(motion, old).sum() <= 1.25
        # Its strokes are the very same, frame by frame.
        for hand in hands_of(old):
            stroke = old.strokes[0]
            span = slice(round((stroke.apex - 0.15) * FPS), round(stroke.apex * FPS) + 1)
            later = slice(span.start + SHIFT, span.stop + SHIFT)
            np.testing.assert_allclose(made.wrist_position[later, hand], motion.wrist_position[span, hand], atol=1e-3)
            alike = np.abs((made.rotation[later, hand] * motion.rotation[span, hand]).sum(axis=-1))
            np.testing.assert_allclose(alike, 1.0, atol=1e-5)
        # Where the next gesture gives way, less time is left for it, and it is done quicker.
        crowded = any(new.start < other.end and other.start < new.end for other in score.phrases if other is not old)
        assert (hardest(made) <= (2.8 if crowded else 1.6) * hardest(motion)).all()


def test_a_phrase_that_is_made_larger_has_as_much_longer_strokes(maker, example_speech, performed):
    motion, score, seed = performed
    for factor in (0.7, 1.25):
        longer = []
        for number in gestures(score):
            old = score.phrases[number]
            after = with_phrase(score, replace(old, size=old.size * factor), number)
            made = change(maker, example_speech, motion, after, score, style="lively", seed=seed)
            longer.append(steps(made, old).sum() / steps(motion, old).sum())
            assert (longer[-1] - 1.0) * np.sign(factor - 1.0) > 0.05, f"{old.kind} at {old.start:g} s"
            outside = np.ones(motion.frame_count, bool)
            outside[int(old.start * FPS) : int(old.end * FPS) + 2] = False
            np.testing.assert_allclose(made.wrist_position[outside], motion.wrist_position[outside], atol=1e-12)
        assert np.mean(longer) == pytest.approx(factor, rel=0.15)


def test_hands_rest_where_a_phrase_is_taken_out(maker, example_speech, performed):
    motion, score, seed = performed
    still = []
    for number in gestures(score):
        gone = score.phrases[number]
        made = change(maker, example_speech, motion, without_phrase(score, number), score, style="lively", seed=seed)
        speed = steps(made, gone).max(axis=1)
        still.append(float((speed < 0.1).mean()))
        assert still[-1] >= 0.3, f"{gone.kind} at {gone.start:g} s"
        assert hardest(made).max() <= 1.3 * hardest(motion).max()
    assert np.median(still) >= 0.5


def test_what_is_locked_stays_where_it_is(maker, example_speech, performed):
    motion, score, seed = performed
    number = gestures(score)[0]
    old = score.phrases[number]
    locked = np.zeros((motion.frame_count, 2), bool)
    locked[round(old.strokes[0].apex * FPS) + 2] = True
    new = retimed(old, old.start + SHIFT / FPS, old.end + SHIFT / FPS)
    after = giving_way(with_phrase(score, new, number), [new])
    made = change(maker, example_speech, motion, after, score, style="lively", seed=seed, locked=locked)
    np.testing.assert_array_equal(made.wrist_position[locked], motion.wrist_position[locked])
