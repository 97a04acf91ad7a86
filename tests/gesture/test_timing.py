# SPDX-License-Identifier: GPL-3.0-or-later
"""Strokes arrive when a score says so."""

from dataclasses import replace

import numpy as np
import pytest
from gesture_samples import babble
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chironomy.evaluation.beats import wrist_speed
from chironomy.gesture import embedded_weights
from chironomy.gesture.encoding import encode
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import Phrase, Score, Stroke
from chironomy.gesture.timing import _shift, _Ways, lateness, on_time, stroke_times, unhurried
from chironomy.motion.hand_motion import HandMotion

FPS = 24.0
NOTHING = np.zeros(0)


def strokes(*arrivals: float, seconds: float = 6.0) -> NDArray[np.float32]:
    """(T, 198): the left hand goes to and fro over 20 cm in 0.4 s; the right one sways.

    A twelfth of a second after these moments it stands still: about when strokes of plans do after their apexes.
    """
    times = np.arange(round(seconds * FPS)) / FPS
    position = np.zeros((len(times), 2, 3))
    for number, arrival in enumerate(arrivals):
        part = np.clip((times - arrival + 0.317) / 0.4, 0, 1)
        position[:, 0, 1] += (-1) ** number * 0.2 * part**3 * (10 + part * (6 * part - 15))
    position[:, 1, 0] = 0.05 * np.sin(2 * np.pi * 0.8 * times)
    return encode(position, np.tile([1.0, 0.0, 0.0, 0.0], (len(times), 2, 16, 1)))


def arrivals(motion: NDArray[np.floating]) -> NDArray[np.float64]:
    """Seconds at which the left hand's speed falls to a fifth of a stroke's, between frames."""
    speed = np.linalg.norm(np.gradient(np.asarray(motion, np.float64)[:, :3], axis=0), axis=1) * FPS
    fine = np.arange(0, len(speed) - 1, 0.02)
    curve = np.interp(fine, np.arange(len(speed)), speed)
    fast = curve > 0.2 * 1.875 * 0.2 / 0.4
    return fine[1:][fast[:-1] & ~fast[1:]] / FPS


def test_late_and_early_strokes_come_on_time_and_nothing_else_changes() -> None:
    punctual, asked = strokes(1.5, 3.0, 4.5), np.array([1.5, 3.0, 4.5])
    made = on_time(strokes(1.4, 3.12, 4.5), (asked, NOTHING), FPS)
    assert np.abs(arrivals(strokes(1.4, 3.12, 4.5)) - arrivals(punctual)).max() > 0.09
    assert np.abs(arrivals(made) - arrivals(punctual)).max() < 0.03
    assert np.abs(made[:, 99:] - punctual[:, 99:]).max() < 1e-6
    # What lies half a second away from any stroke that was moved stays.
    assert np.abs(made[: round(1.0 * FPS)] - strokes(1.4, 3.12, 4.5)[: round(1.0 * FPS)]).max() < 1e-3
    assert np.abs(on_time(punctual, (asked, NOTHING), FPS) - punctual).max() < 0.012


def test_a_hand_without_strokes_and_strokes_without_a_hand_are_left_alone() -> None:
    motion = strokes(1.5)
    assert np.array_equal(on_time(motion, (NOTHING, NOTHING), FPS), motion)
    assert np.array_equal(on_time(motion, (np.array([4.0]), NOTHING), FPS), motion)
    assert np.isnan(lateness(motion[:, :3], np.array([4.0]), FPS)).all()
    assert len(on_time(motion[:2], (np.array([0.0]), NOTHING), FPS)) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 1.5), st.floats(-0.3, 0.3)), min_size=1, max_size=5))
def test_time_never_stops_nor_runs_backwards(asked: list[tuple[float, float]]) -> None:
    apexes = 0.6 + np.cumsum([gap for gap, _ in asked])
    came = np.sort(apexes + np.array([late for _, late in asked]))
    motion = strokes(*came, seconds=10.0)
    # A number that grows evenly shows the hand's own time.
    motion[:, 9] = np.arange(len(motion)) / FPS
    clock = np.diff(on_time(motion, (apexes, NOTHING), FPS)[:, 9]) * FPS
    assert clock.min() > 0.3
    assert clock.max() < 1.7


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.02, 0.5), st.floats(-0.3, 0.3)), min_size=1, max_size=12))
def test_however_close_strokes_are_a_hand_s_time_goes_on(asked: list[tuple[float, float]]) -> None:
    apexes = np.cumsum([gap for gap, _ in asked])
    times = np.arange(-1.0, 8.0, 0.01)
    shift = _shift(times, apexes, np.array([late for _, late in asked]))
    assert np.diff(times + shift).min() > 0.39 * 0.01
    assert np.abs(shift).max() <= 0.16


def test_strokes_are_those_of_the_hands_and_fields_that_are_told() -> None:
    left = Phrase(1.0, 2.0, (Stroke(1.2), Stroke(1.7)), "beat", "left")
    both = Phrase(2.0, 3.0, (Stroke(2.5),), "beat", "both")
    free = [replace(left, states={"strokes": "free"}), replace(left, states={"hands": "free"})]
    one, other = stroke_times([both, left, *free, Phrase(3.0, 4.0, kind="beat", hands="right")])
    assert one.tolist() == [1.2, 1.7, 2.5]
    assert other.tolist() == [2.5]


@pytest.fixture(scope="module")
def runtime() -> GestureRuntime:
    return GestureRuntime.from_folder(embedded_weights())


def test_the_product_s_hands_arrive_when_they_are_asked_to(runtime: GestureRuntime) -> None:
    """Of strokes of both hands, 2 s apart: half within 40 ms and 95 % within 100 ms of the apex."""
    speech, late = babble(16.0), []
    for seed in range(3):
        asked = [1.6 + 2.0 * number + 0.1 * seed for number in range(7)]
        score = Score(tuple(Phrase(at - 0.7, at + 0.8, (Stroke(at, 0.1),), "chop", "both") for at in asked), 16.0)
        motion = runtime(speech, seed=seed, score=score)
        late += [_arrival(motion, hand, at) - at for hand in (0, 1) for at in asked]
    assert np.median(np.abs(late)) <= 0.04
    assert np.percentile(np.abs(late), 95) <= 0.1


def _arrival(motion: HandMotion, hand: int, near: float) -> float:
    """Seconds at which a movement has come down to a fifth of its speed, or turns: the nearest of those around that are
    at least half as fast as the fastest, for a preparation may be fast, too."""
    frames = np.arange(round((near - 0.7) * motion.fps), round((near + 0.6) * motion.fps), 0.05)
    speed = np.interp(frames, np.arange(motion.frame_count), wrist_speed(motion)[:, hand])
    arrivals = []
    for peak in np.flatnonzero((speed[1:-1] > speed[:-2]) & (speed[1:-1] >= speed[2:])) + 1:
        after = speed[peak:]
        slow, rising = np.flatnonzero(after <= 0.2 * after[0]), np.flatnonzero(np.diff(after) > 0)
        if speed[peak] >= 0.5 * speed.max():
            arrivals.append(frames[peak + min([*slow[:1], *rising[:1]], default=0)] / motion.fps)
    return min(arrivals, key=lambda arrival: abs(arrival - near))


def test_a_plan_that_is_given_unchanged_is_performed_as_it_would_have_been(runtime: GestureRuntime) -> None:
    from chironomy.gesture.planning.plan import planned_score

    speech = babble(6.0)
    plan = planned_score(speech, style={"neutral": 1.0}, seed=3)
    made, given_it = runtime(speech, seed=3), runtime(speech, seed=3, score=plan)
    assert np.abs(made.wrist_position - given_it.wrist_position).max() < 1e-6
    # What somebody locks in it is followed more strictly.
    first = next(number for number, phrase in enumerate(plan.phrases) if phrase.strokes)
    locked = replace(plan.phrases[first], states={"kind": "locked"})
    phrases = (*plan.phrases[:first], locked, *plan.phrases[first + 1 :])
    stricter = runtime(speech, seed=3, score=replace(plan, phrases=phrases))
    moved = np.linalg.norm(stricter.wrist_position - made.wrist_position, axis=-1)
    assert moved[round(locked.start * 24) : round(locked.end * 24)].max() > 0.005


def test_what_else_is_fast_arrives_on_an_accent_if_one_is_near() -> None:
    came, asked = strokes(1.4, 3.1, 4.6), np.array([4.6])
    made = on_time(came, (asked, NOTHING), FPS, np.array([1.55, 2.2, 4.0, 4.7]))
    first, second, third = arrivals(made) - arrivals(came)
    # The first goes to the accent a tenth of a second later, the second has none near, the third is the score's.
    assert 0.06 < first < 0.12
    assert np.abs([second, third]).max() < 0.02
    assert np.abs(on_time(came, (NOTHING, NOTHING), FPS, np.array([2.2])) - came).max() < 1e-9


def test_a_hand_that_rested_sets_out_for_its_stroke_in_time() -> None:
    # It rests, goes 20 cm in 0.4 s to where the stroke begins, and strokes from there; then once more at once.
    came, asked = strokes(2.0, 2.6, 3.2, 3.7), np.array([2.6, 3.7])
    made = unhurried(came, (asked, NOTHING), FPS)
    before, after = (_speed_of(motion) for motion in (came, made))
    way, stroke = slice(round(1.2 * FPS), round(2.2 * FPS)), slice(round(2.4 * FPS), None)
    assert after[way].max() < 0.75 * before[way].max()
    # It goes all the way, the stroke stays as it was, and so does what follows without a rest.
    assert abs(made[way.stop, 1] - came[way.stop, 1]) < 0.01
    assert np.abs(made[stroke] - came[stroke]).max() < 0.01
    assert np.abs(made[:, 99:] - came[:, 99:]).max() < 1e-9


def test_a_hand_is_ready_by_the_accent_before_its_stroke_and_waits() -> None:
    came, asked = strokes(2.0, 2.6), np.array([2.6])
    ready = 1.75
    made = unhurried(came, (asked, NOTHING), FPS, np.array([ready, 2.6]))
    assert abs(lateness(made[:, :3], np.array([ready]), FPS)[0] + 0.05) < 0.03  # a little before it, as strokes are
    assert abs(arrivals(made)[1] - arrivals(came)[1]) < 0.03
    waiting = slice(round(1.9 * FPS), round(2.2 * FPS))
    assert _speed_of(made)[waiting].max() < 0.15


def test_a_hand_that_comes_slowly_is_left_alone() -> None:
    slow = strokes(2.6)
    assert np.abs(unhurried(slow, (np.array([2.6]), NOTHING), FPS) - slow).max() < 1e-9


@given(
    st.lists(st.floats(0.3, 5.8), min_size=1, max_size=8),
    st.lists(st.floats(0.3, 5.8), max_size=12),
    st.integers(0, 2**16),
)
@settings(max_examples=200, deadline=None)
def test_time_never_runs_backwards_on_the_way_to_a_stroke(apexes: list[float], beats: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    position = np.cumsum(
        np.cumsum(random.normal(0, 0.004, (144, 3)), axis=0) * np.exp(-np.arange(144) / 200)[:, None], axis=0
    )
    bends = _Ways(position, np.sort(apexes), np.sort(beats), FPS).bends()
    if bends:
        now, late = np.array(bends).T
        assert (np.diff(now) >= 0).all()
        assert (np.diff(now + late) >= -1e-9).all()


def _speed_of(motion: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T,) metres a second of the left wrist."""
    return np.linalg.norm(np.gradient(motion[:, :3].astype(np.float64), axis=0), axis=1) * FPS
