# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that are names or weights, and gesture jobs that remake a range."""

from pathlib import Path
from typing import Any

import pytest

from chironomy.performance.errors import PerformanceError
from chironomy.service.errors import ServiceError
from chironomy.service.kinds import KINDS, run_gesture
from chironomy.service.settings import Weights, check_settings
from chironomy.work import Work

STYLE = {"style": Weights("calm", lambda: ("calm", "lively"))}


def test_weights_are_a_name_or_an_object() -> None:
    assert check_settings("gesture", STYLE, {}) == {"style": "calm"}
    assert check_settings("gesture", STYLE, {"style": "lively"}) == {"style": "lively"}
    assert check_settings("gesture", STYLE, {"style": {"lively": 1, "calm": 0.5}}) == {
        "style": {"lively": 1.0, "calm": 0.5}
    }
    hands = {"handedness": Weights(None, lambda: ("left", "right"))}
    assert check_settings("gesture", hands, {"handedness": None}) == {"handedness": None}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("wild", "The setting 'style' is 'wild': choose one of calm, lively"),
        (None, "The setting 'style' is None: choose one of calm, lively"),
        ({"wild": 1}, "The setting 'style' has 'wild': choose from calm, lively"),
        ({"calm": -1}, "The setting 'style' gives calm the weight -1: give a number from 0 on"),
        ({"calm": float("nan")}, "The setting 'style' gives calm the weight nan"),
        ({"calm": True}, "The setting 'style' gives calm the weight True"),
    ],
)
def test_weights_that_are_none_are_refused(value: object, sentence: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        check_settings("gesture", STYLE, {"style": value})
    assert str(refusal.value).startswith(sentence)


def test_every_setting_of_a_gesture_job_is_one_of_the_pipelines_or_the_use_cases() -> None:
    from chironomy.gesture.controls import Settings

    of_the_use_case = {"range_start", "range_end", "range_hands", "emotion"}
    assert set(KINDS["gesture"].settings) - of_the_use_case <= set(Settings.__annotations__)


@pytest.mark.parametrize(
    ("inputs", "asked", "sentence"),
    [
        ({}, {"range_start": 1.0}, "A range is given without the motion it is in"),
        ({"kept": "kept.npz"}, {"range_end": 1.0}, "A motion is to be kept, so give range_start and range_end"),
    ],
)
def test_half_a_range_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, str], asked: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr("chironomy.performance.gestures.load_hands", lambda path: path)
    settings = check_settings("gesture", KINDS["gesture"].settings, asked)
    paths = {"speech": tmp_path / "none.wav", **{name: tmp_path / path for name, path in inputs.items()}}
    with pytest.raises(PerformanceError, match=sentence):
        run_gesture(paths, settings, tmp_path / "out.npz", Work(lambda *_: None, lambda: False))
