# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from chironomy.evaluation.alignment import Alignment, against_shifted, align
from chironomy.evaluation.beats import beat_alignment, librosa_onsets, stroke_apexes, wrist_speed
from chironomy.gesture import GestureError
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.rotation import IDENTITY
from chironomy.speech import Speech


def moving(position: np.ndarray, fps: float = 24.0) -> HandMotion:
    """The left wrist along +y at the given heights, the right one still."""
    frames = len(position)
    wrists = np.zeros((frames, 2, 3))
    wrists[:, 0, 1] = position
    return HandMotion(fps, wrists, np.tile(IDENTITY, (frames, 2, 16, 1)), np.ones((frames, 2)))


def step(times: np.ndarray, start: float, duration: float, height: float) -> np.ndarray:
    """A minimum-jerk movement."""
    part = np.clip((times - start) / duration, 0, 1)
    return height * part**3 * (10 + part * (6 * part - 15))


def test_beats_that_coincide_score_one() -> None:
    beats = np.array([0.5, 1.0, 2.0])
    assert beat_alignment(beats, beats) == pytest.approx(1.0)


def test_a_beat_that_is_one_sigma_off_scores_the_root_of_e() -> None:
    assert beat_alignment(np.array([1.1]), np.array([1.0]), sigma=0.1) == pytest.approx(np.exp(-0.5))


def test_the_direction_is_from_motion_to_speech() -> None:
    assert beat_alignment(np.array([1.0]), np.array([1.0, 5.0])) == pytest.approx(1.0)
    assert beat_alignment(np.array([1.0, 5.0]), np.array([1.0])) == pytest.approx(0.5)


def test_nothing_to_compare_is_not_a_number() -> None:
    assert np.isnan(beat_alignment(np.array([]), np.array([1.0])))


def test_speed_is_in_metres_a_second() -> None:
    speed = wrist_speed(moving(np.arange(48) / 24 * 0.3))
    assert speed[10:-10, 0] == pytest.approx(np.full(28, 0.3))
    assert speed[:, 1] == pytest.approx(np.zeros(48))


def test_the_apex_is_where_the_stroke_arrives_and_not_where_the_preparation_does() -> None:
    times = np.arange(72) / 24
    height = step(times, 0.8, 0.45, 0.08) + step(times, 1.2, 0.22, -0.1)
    assert stroke_apexes(moving(height)) == pytest.approx([1.4], abs=0.05)


def test_a_hand_at_rest_has_no_strokes() -> None:
    assert len(stroke_apexes(moving(0.004 * np.sin(np.arange(96) / 10)))) == 0


def test_own_speech_is_told_from_another() -> None:
    random = np.random.default_rng(0)
    beats = [np.sort(random.uniform(0, 10, 8)) for _ in range(4)]
    apexes = [[own + random.normal(0, 0.03, 8) for _ in range(5)] for own in beats]
    result = align(apexes, beats, [10.0] * 4)
    assert len(result.own) == 20
    assert result.own.mean() > result.other.mean() + 0.3
    assert max(result.p_values()) < 1e-4
    assert result.effect > 1


def test_motion_without_strokes_cannot_be_compared() -> None:
    with pytest.raises(GestureError, match="no motion has a stroke"):
        align([[np.array([])], [np.array([])]], [np.array([1.0]), np.array([1.0])], [2.0, 2.0])


def test_the_independent_reference_hears_bursts() -> None:
    times = np.arange(48000) / 16000
    bursts = np.array([0.5, 1.2, 2.3])
    loudness = sum(np.exp(-(((times - burst) / 0.03) ** 2)) for burst in bursts)
    noise = np.random.default_rng(0).normal(0, 0.2, len(times))
    found = librosa_onsets(Speech.from_samples((loudness * noise).astype(np.float32), 16000, "bursts"))
    assert np.abs(found[:, None] - bursts).min(axis=0).max() < 0.08


def test_the_figures_of_a_comparison_are_as_defined() -> None:
    own, other = np.array([0.9, 0.8, 0.7, 0.4]), np.array([0.5, 0.5, 0.5, 0.5])
    near, far = np.array([0.02, 0.04, 0.06, 0.2]), np.array([0.1, 0.2, 0.2, 0.3])
    result = Alignment(np.array([0, 0, 1, 1]), own, other, near, far, np.full(4, 60.0))
    difference = own - other  # 0.4, 0.3, 0.2, -0.1: mean 0.2, squared deviations 0.04, 0.01, 0, 0.09
    assert result.effect == pytest.approx(0.2 / np.sqrt(0.14 / 3))
    assert difference.mean() == pytest.approx(0.2)
    assert result.distance_ratio == pytest.approx(0.05 / 0.2)
    for figure, value in zip(result.intervals(), (result.effect, 0.75, 0.25), strict=True):
        assert figure.value == pytest.approx(value)
        assert figure.low <= figure.value <= figure.high


def test_own_beats_moved_round_are_a_control_of_the_same_density() -> None:
    random = np.random.default_rng(1)
    beats = [np.sort(random.uniform(0, 20, 12)) for _ in range(3)]
    following = [[own + random.normal(0, 0.03, 12) for _ in range(5)] for own in beats]
    wandering = [[np.sort(random.uniform(0, 20, 12)) for _ in range(20)] for _ in beats]
    assert against_shifted(following, beats, [20.0] * 3).effect > 1
    assert abs(against_shifted(wandering, beats, [20.0] * 3).effect) < 0.6
