# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a score that cannot be done as it stands."""

from dataclasses import replace

import pytest

from chironomy.gesture.score import SCORE_KINDS, Phrase, Score, Stroke, with_rests
from chironomy.gesture.score.check import remarks

GOOD = Phrase(0.5, 2.0, (Stroke(1.0, 0.3), Stroke(1.5)), "beat", "right", place=(-0.2, -0.25, 0.3))
CONFIG = {"score_kinds": list(SCORE_KINDS)}


def test_nothing_is_said_of_a_score_that_can_be_done():
    assert remarks(Score((GOOD, Phrase(2.0, 3.0, kind="rest", hands="both")), 5.0), CONFIG) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"strokes": (Stroke(0.6),)}, "less than 0.25 s to prepare its first stroke, at 0.6 s"),
        (
            {"strokes": (Stroke(1.0, 0.9), Stroke(1.5))},
            "has 0.5 s from the stroke at 1 s to the next one, and needs 0.9",
        ),
        ({"strokes": (Stroke(1.0, 50.0),)}, "holds its stroke at 1 s for 50 s, beyond its end at 2 s"),
        ({"end": 0.5, "strokes": ()}, "the phrase at 0.5 s lasts 0 s, too short to be seen; give it 0.25 s or more"),
        ({"end": 0.52, "strokes": ()}, "the phrase at 0.5 s lasts 0.02 s, too short to be seen"),
        ({"end": 6.0}, "the phrase at 0.5 s ends at 6 s, after the score's end at 5 s"),
        ({"hands": "left"}, "has the left hand's place 20 cm on the other side of the body; where hands was changed"),
        ({"place": (-0.2, -0.25, 1.2)}, "cm outside of what the arm reaches at ease"),
    ],
)
def test_what_hands_cannot_do_is_said_of_its_phrase(changes: dict[str, object], sentence: str):
    said = remarks(Score((replace(GOOD, **changes),), 5.0), CONFIG)
    assert len(said) == 1
    assert sentence in said[0]


def test_phrases_that_lie_over_each_other_are_named():
    other = Phrase(1.5, 3.0, (Stroke(1.6),), "present", "both")
    said = remarks(Score((GOOD, other), 5.0), CONFIG)
    assert said[-2:] == [
        "the phrases at 0.5 and 1.5 s lie over each other in the right hand, which does the second from 1.5 s on",
        "the right hand has less than 0.25 s from the stroke at 1.5 s to that at 1.6 s",
    ]
    assert remarks(Score((GOOD, replace(other, hands="left", strokes=())), 5.0), CONFIG) == []


def test_what_the_model_does_not_know_is_said():
    assert "has not learned to take a score" in remarks(Score((GOOD,), 5.0), {})[0]
    assert remarks(Score((GOOD,), 5.0), {"score_kinds": ["rest"]}) == [
        "this model does not know the kind beat, and does what it likes in its place"
    ]


def test_rests_fill_where_no_hand_gestures_for_long():
    made = with_rests(Score((GOOD, Phrase(2.3, 3.0, kind="wag", hands="left")), 5.0))
    assert [(phrase.kind, phrase.start, phrase.end) for phrase in made.phrases] == [
        ("beat", 0.5, 2.0),
        ("wag", 2.3, 3.0),
        ("rest", 3.0, 5.0),
    ]


def test_places_that_are_too_far_apart_for_the_time_are_told() -> None:
    here, there = (0.25, 0.1, 0.3), (-0.4, -0.4, 0.2)
    phrases = [
        Phrase(1.0, 1.5, (Stroke(1.25),), "beat", "right", place=here),
        Phrase(1.5, 2.0, (Stroke(1.75),), "beat", "right", place=there),
        Phrase(2.6, 3.4, (Stroke(3.0),), "beat", "right", place=here),
    ]
    said = [each for each in remarks(Score(tuple(phrases), 6.0), {"score_kinds": ["beat"]}) if "throw" in each]
    assert len(said) == 1
    assert "the right hand has 83 cm to go from the stroke at 1.25 s to that at 1.75 s" in said[0]
    # Ends that differ in the last digits alone do not lie over each other.
    touching = Score(tuple(Phrase(1 + 0.6 * n, 1 + 0.6 * n + 0.6, kind="beat", hands="left") for n in range(4)), 6.0)
    assert not [each for each in remarks(touching, {"score_kinds": ["beat"]}) if "lie over" in each]
