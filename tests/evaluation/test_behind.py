# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands behind the body are counted in motions, and told of in scores."""

import numpy as np
import pytest

from chironomy.evaluation.behind import behind_body
from chironomy.evaluation.report import Sample, measure
from chironomy.gesture.score import SCORE_KINDS, Phrase, Score, Stroke
from chironomy.gesture.score.check import remarks
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion


def hands(*forward: float) -> HandMotion:
    """A frame for each, in which the right hand is so far forward."""
    position = np.tile([[0.3, -0.4, 0.1], [-0.3, -0.4, 0.1]], (len(forward), 1, 1))
    position[:, 1, 2] = forward
    return HandMotion(
        24.0, position, np.tile(quaternion.IDENTITY, (len(forward), 2, 16, 1)), np.ones((len(forward), 2))
    )


def test_frames_with_a_hand_behind_the_back_are_counted() -> None:
    assert behind_body(hands(0.3, 0.1, 0.0, -0.05)) == 0.0
    assert behind_body(hands(0.3, 0.1, -0.3, -0.25)) == 0.5


def test_the_report_tells_of_them() -> None:
    figures = measure(Sample("m", hands(*[0.3] * 30, *[-0.3] * 10), "clip"))
    assert figures["frames with a hand behind the body"] == 0.25


@pytest.mark.parametrize(("forward", "told"), [(0.3, False), (0.05, False), (-0.2, True)])
def test_a_place_behind_the_body_is_remarked_on(forward: float, told: bool) -> None:
    phrase = Phrase(1.0, 3.0, (Stroke(2.0),), "present", "right", place=(-0.25, -0.3, forward))
    said = remarks(Score((phrase,), 4.0), {"score_kinds": SCORE_KINDS})
    assert any("behind the shoulders" in each for each in said) is told
