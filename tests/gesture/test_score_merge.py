# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores that are put together, and phrases that are moved in time."""

import pytest

from chironomy.gesture.score.merge import merged, retimed
from chironomy.gesture.score.phrases import Phrase, Score, Stroke


def score(*phrases, seconds=10.0):
    return Score(tuple(phrases), seconds)


def phrase(start, end, hands="right", kind="beat"):
    return Phrase(start, end, (Stroke(start + 0.4, 0.2),), kind=kind, hands=hands)


def test_of_a_part_the_other_scores_phrases_are_taken():
    one = score(phrase(0.0, 1.0), phrase(3.0, 4.0), phrase(5.0, 6.0, "left"), phrase(8.0, 9.0))
    other = score(
        phrase(0.2, 1.2, kind="welcome"), phrase(3.5, 4.5, kind="welcome"), phrase(5.0, 7.0, "left", "refuse")
    )
    both = merged(one, other, 2.5, 7.0)
    assert [(each.start, each.kind) for each in both.phrases] == [
        (0.0, "beat"),
        (3.5, "welcome"),
        (5.0, "refuse"),
        (8.0, "beat"),
    ]
    left = merged(one, other, 2.5, 7.0, ["left"])
    assert [(each.start, each.kind) for each in left.phrases] == [
        (0.0, "beat"),
        (3.0, "beat"),
        (5.0, "refuse"),
        (8.0, "beat"),
    ]


def test_a_phrase_of_both_hands_belongs_to_either():
    one, other = score(phrase(1.0, 2.0, "both")), score(phrase(1.0, 2.0, "left", "refuse"))
    assert [each.kind for each in merged(one, other, 0.0, 5.0, ["left"]).phrases] == ["refuse"]


@pytest.mark.parametrize(("start", "end", "apex", "hold"), [(3.0, 4.0, 3.4, 0.2), (1.0, 3.0, 1.8, 0.4)])
def test_strokes_move_with_their_phrase(start, end, apex, hold):
    moved = retimed(phrase(1.0, 2.0), start, end)
    assert (moved.start, moved.end) == (start, end)
    assert moved.strokes[0].apex == pytest.approx(apex)
    assert moved.strokes[0].hold == pytest.approx(hold)
