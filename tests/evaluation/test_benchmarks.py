# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of `make bench-gesture` that judge: borders of pins, the style classifier, the verdicts."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_motions import hands, waving

from chironomy.motion.hand_motion import HandMotion
from chironomy.speech import Speech


@pytest.fixture(autouse=True)
def tools(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(repository / "tools"), *sys.path])


def test_a_jump_at_a_pin_is_measured_against_its_neighbourhood() -> None:
    from gesture_benchmarks.controls import _held

    mask = np.zeros((60, 2), bool)
    mask[30:] = True
    offset = np.zeros((60, 2, 3))
    offset[..., 1] = (0.01 * np.arange(60))[:, None]  # 0.24 m/s
    smooth = hands(offset)
    assert _held(smooth, smooth, mask).ratios == pytest.approx([1.0, 1.0])
    jolted = offset.copy()
    jolted[30:, 0, 1] += 0.02  # the step at the border is three times as long
    assert _held(hands(jolted), hands(jolted), mask).ratios == pytest.approx([3.0, 1.0])


def test_pins_that_slip_are_measured() -> None:
    from gesture_benchmarks.controls import _held

    mask = np.zeros((60, 2), bool)
    mask[10:20, 0] = True
    offset = np.zeros((60, 2, 3))
    offset[12, 0, 2] = 0.003
    held = _held(hands(offset), hands(frames=60), mask)
    assert held.millimetres == pytest.approx(3.0)
    assert held.degrees == pytest.approx(0.0, abs=1e-4)


def test_the_classifier_tells_clouds_apart_and_not_noise() -> None:
    from gesture_benchmarks.styles import Discriminant

    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    noise = random.normal(size=(120, 8))
    shifted = noise + 4 * np.eye(8)[labels]
    assert np.mean(Discriminant(shifted[::2], labels[::2]).predict(shifted[1::2]) == labels[1::2]) > 0.95
    assert np.mean(Discriminant(noise[::2], labels[::2]).predict(noise[1::2]) == labels[1::2]) < 0.55


def test_a_row_says_pass_or_short() -> None:
    from gesture_benchmarks.bench import Figure

    assert Figure("a", "1", "≥ 1", True, "how").cells() == ["a", "1", "≥ 1", "PASS", "how"]
    assert Figure("a", "0", "≥ 1", False).cells()[3] == "**short**"
    assert Figure("a", "0").cells()[3] == ""


def test_a_check_of_training_is_no_target() -> None:
    from bench_gesture import _judged, _section
    from gesture_benchmarks.bench import Figure

    check = Figure("FGD", "0.3", "≤ 0.25", False, of_training=True)
    assert check.cells()[3] == "not learned"
    rows = _section([check, Figure("speed", "1", "≥ 1", True), Figure("still", "1", "≤ 0", False)])
    assert _judged({"a": rows}) == [["speed", "1", "≥ 1", "PASS"], ["still", "1", "≤ 0", "**short**"]]


def test_styles_stand_beside_people_and_those_with_targets_are_judged() -> None:
    from gesture_benchmarks.bench import Bench, Figure, Table
    from gesture_benchmarks.people import measure_people

    class Waving:
        transformer = SimpleNamespace(config={"style_names": ["neutral", "open"], "styles": 2})

        def __call__(self, speech: object, seed: int, style: str) -> HandMotion:
            return waving(4.0, hertz=1 + 0.1 * seed, metres=0.08)

    bench = Bench(Path(), None, None, None, 1, 0, False)
    bench.pipeline = Waving()
    bench.recordings = [Speech.from_samples(np.zeros(4 * 16000, np.float32), 16000, "silence")]
    rows = measure_people(bench)
    figures = {row.name: row for row in rows if isinstance(row, Figure)}
    speed = figures["wrist speed, mean, neutral"]
    assert (speed.target, speed.passed, speed.how) == ("≥ 0.27", True, "A 0.52, B 0.45")
    assert figures["all fingers below 10°/s, neutral"].passed is False
    assert not [name for name in figures if name.endswith("open")]
    (table,) = (row for row in rows if isinstance(row, Table))
    assert table.headings == ["measure", "person A", "person B", "neutral", "open"]
    assert table.rows[0][:3] == ["wrist speed, mean, m/s", "0.52", "0.45"]


def test_recordings_are_joined_to_any_length() -> None:
    from gesture_benchmarks.bench import joined

    second = Speech.from_samples(np.sin(np.arange(16000) / 10).astype(np.float32), 16000)
    assert joined([second, second], 7.25).duration == pytest.approx(7.25)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_is_proposed_for_the_scripts_is_what_a_person_wrote_there(language: str) -> None:
    from chironomy.gesture.meaning import MOST_A_MINUTE, TABLES, find, propose
    from chironomy.speech.words import Word
    from gesture_benchmarks.words import SCRIPTS, against

    script = SCRIPTS[language]
    assert len(script.meant) == 20
    texts = script.text.split()
    each = 60 / len(texts)
    words = [Word(text, number * each, (number + 0.9) * each) for number, text in enumerate(texts)]
    found = find(words, TABLES[language])
    for number, meant in script.meant.items():
        (own,) = (saying for saying in found if saying.first <= number <= saying.last)
        assert set(meant.split()) <= set(own.meaning.show or ())
    proposed = script.meant_by(propose(words, 60.0))
    assert 8 <= len(proposed) <= MOST_A_MINUTE
    assert sum(bool(meant) for _, meant in proposed) >= 7
    assert not [phrase.word for phrase, meant in proposed if against(phrase, meant)]


def test_a_gesture_against_its_word_is_told() -> None:
    from chironomy.gesture.score import Phrase, Score, Stroke
    from gesture_benchmarks.words import Script, against

    script = Script.of("Well, welcome<welcome> to the hut on the left<point_out left>.")
    assert script.text == "Well, welcome to the hut on the left."
    phrases = (
        Phrase(0.2, 1.0, (Stroke(0.8),), "refuse", word="welcome"),
        Phrase(2.0, 3.0, (Stroke(2.8),), "point_out", "left", word="on the left."),
    )
    found = script.meant_by(Score(phrases, 4.0))
    assert [(meant, against(phrase, meant)) for phrase, meant in found] == [
        ("welcome", True),
        ("point_out left", False),
    ]


def test_what_is_not_done_is_not_seen_and_its_opposite_is_counted() -> None:
    from chironomy.gesture.score import Phrase, Score, Stroke
    from gesture_benchmarks.words import seen

    score = Score((Phrase(0.5, 2.0, (Stroke(1.5),), "all", "both", word="all"),), 6.0)
    offset = np.zeros((144, 2, 3))
    still = seen("English", score, [hands(offset)], [hands(offset)])[:2]
    assert [(figure.value, figure.passed) for figure in still] == [("0%", False), ("0", True)]
    offset[24:, 0, 0], offset[24:, 1, 0] = -0.16, 0.16
    near = hands(offset)
    rotation = near.rotation.copy()
    rotation[:, :, 0] = np.sqrt(0.5) * np.array([[1.0, 0.0, 0.0, -1.0], [1.0, 0.0, 0.0, 1.0]])  # palm to palm
    small = seen("English", score, [near.replaced(rotation=rotation)], [near])[:2]
    assert [(figure.value, figure.passed, figure.how) for figure in small[1:]] == [("1", False, "small for 'all'")]
