# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores that are put together, and phrases that are moved in time."""

from itertools import pairwise

import pytest

from chironomy.gesture.score.merge import at_other_times, giving_way, in_other_hand, merged, retimed
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


def spans(score, hand):
    """What a hand does: start, end and kind of its phrases in order."""
    return [(each.start, each.end, each.kind) for each in score.phrases if each.hands in (hand, "both", None)]


def test_of_a_phrase_of_both_hands_the_hand_that_is_not_anew_goes_on():
    one, other = score(phrase(1.0, 2.0, "both")), score(phrase(1.0, 2.0, "left", "refuse"))
    both = merged(one, other, 0.0, 5.0, ["left"])
    assert spans(both, "left") == [(1.0, 2.0, "refuse")]
    assert spans(both, "right") == [(1.0, 2.0, "beat")]


def test_phrases_of_one_hand_never_lie_over_each_other_after_a_part_was_made_anew():
    one = score(phrase(1.0, 2.6), phrase(2.6, 4.2, "both"), phrase(4.2, 6.0), phrase(6.0, 8.0, "left"))
    other = score(phrase(1.8, 3.4, "both", "wag"), phrase(3.4, 5.4, "right", "ring"), phrase(5.5, 6.5, "left", "ring"))
    for hands in (["left"], ["right"], ["left", "right"]):
        both = merged(one, other, 2.0, 5.0, hands)
        for hand in ("left", "right"):
            found = spans(both, hand)
            assert all(before[1] <= after[0] + 1e-9 for before, after in pairwise(found)), found
    # What stays ends where the part begins, or where what is new does.
    assert spans(merged(one, other, 2.0, 5.0), "right")[:2] == [(1.0, 2.0, "beat"), (2.0, 3.4, "wag")]


def test_what_a_moved_phrase_runs_into_gives_way():
    moved = phrase(1.5, 2.5, kind="welcome")
    before = score(phrase(0.0, 1.7), moved, phrase(2.0, 4.0), phrase(2.1, 2.6, "both"), phrase(2.2, 2.8, "left"))
    after = giving_way(before, [moved])
    assert spans(after, "right") == [(0.0, 1.5, "beat"), (1.5, 2.5, "welcome")]
    # The stroke at 2.4 s was run over, so that nothing is left of the phrase from 2 s on.
    assert spans(after, "left") == [(2.1, 2.6, "beat"), (2.2, 2.8, "beat")]
    untouched = score(phrase(0.0, 1.0, "both"), phrase(0.5, 2.0), phrase(5.0, 6.0))
    assert giving_way(untouched, [untouched.phrases[2]]) == untouched


def test_hands_that_exchange_what_they_do_exchange_their_phrases():
    placed = Phrase(1.0, 2.0, (Stroke(1.5),), "point_out", "right", place=(-0.3, 0.1, 0.4))
    one = score(placed, phrase(3.0, 4.0, "both"), phrase(5.0, 6.0, "left"))
    other = in_other_hand(one, 0.0, 4.5)
    assert spans(other, "left") == [(1.0, 2.0, "point_out"), (3.0, 4.0, "beat"), (5.0, 6.0, "beat")]
    assert other.phrases[0].place == (0.3, 0.1, 0.4)
    assert in_other_hand(other, 0.0, 4.5) == one
    # One hand alone does what the other did, too.
    right = in_other_hand(one, 4.5, 9.0, ["right"])
    assert spans(right, "right")[-1] == spans(right, "left")[-1] == (5.0, 6.0, "beat")


def test_phrases_follow_what_is_moved_in_time():
    one = score(phrase(1.0, 2.0), phrase(3.0, 4.0, "both"))
    later = at_other_times(one, lambda time: time + 0.5)
    assert spans(later, "right") == [(1.5, 2.5, "beat"), (3.5, 4.5, "beat")]
    assert later.phrases[0].strokes[0].apex == pytest.approx(1.9)
    assert later.phrases[0].strokes[0].hold == pytest.approx(0.2)
    left = at_other_times(one, lambda time: time * 2.0, ["left"])
    assert spans(left, "right") == spans(one, "right")
    assert spans(left, "left") == [(6.0, 8.0, "beat")]


@pytest.mark.parametrize(("start", "end", "apex", "hold"), [(3.0, 4.0, 3.4, 0.2), (1.0, 3.0, 1.8, 0.4)])
def test_strokes_move_with_their_phrase(start, end, apex, hold):
    moved = retimed(phrase(1.0, 2.0), start, end)
    assert (moved.start, moved.end) == (start, end)
    assert moved.strokes[0].apex == pytest.approx(apex)
    assert moved.strokes[0].hold == pytest.approx(hold)
