# SPDX-License-Identifier: GPL-3.0-or-later
"""The moments that tell a performance from another."""

from chironomy.gesture.score.moments import telling_moments
from chironomy.gesture.score.phrases import Phrase, Score, Stroke


def test_of_each_part_the_largest_stroke_is_shown_or_its_middle():
    phrases = (
        Phrase(0.0, 1.5, (Stroke(0.4), Stroke(1.2)), kind="beat", size=0.1),
        Phrase(1.5, 2.0, (Stroke(1.8),), kind="sweep", size=0.4),
        Phrase(3.0, 4.0, kind="rest"),
        Phrase(6.5, 8.0, (Stroke(7.0),), kind="ring"),
    )
    assert telling_moments(Score(phrases, 8.0), 8.0, 4) == [1.8, 3.0, 5.0, 7.0]
    assert telling_moments(None, 8.0, 2) == [2.0, 6.0]
