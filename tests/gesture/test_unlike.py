# SPDX-License-Identifier: GPL-3.0-or-later
"""A range made anew with another seed shows something else; with its own seed, the like."""

import numpy as np
import pytest
from gesture_samples import babble

from chironomy.gesture import GesturePipeline
from chironomy.gesture.planning.plan import planned_score
from chironomy.gesture.planning.unlike import Before, other_seeds
from chironomy.gesture.score import Phrase, Score, Stroke
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion


def held(left: tuple[float, float, float], right: tuple[float, float, float], **source) -> HandMotion:
    position = np.tile([left, right], (96, 1, 1))
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (96, 2, len(MANO_JOINTS), 1))
    return HandMotion(24.0, position, rotation, np.ones((96, 2)), source)


def once(hands: str, place: tuple[float, float, float], apex: float = 2.0) -> Score:
    return Score((Phrase(apex - 0.5, apex + 0.5, (Stroke(apex),), "beat", hands, place=place),), 4.0)


def test_how_far_a_plan_is_from_what_was_there() -> None:
    before = Before(held((0.2, 0.0, 0.3), (-0.2, 0.0, 0.3)), 24, 72)
    assert before.differs(once("right", (-0.2, 0.0, 0.3))) == pytest.approx(0.0)
    assert before.differs(once("both", (-0.2, -0.3, 0.3))) == pytest.approx(0.3)
    assert before.differs(once("left", (0.2, 0.1, 0.3))) == pytest.approx(0.1)


def test_what_lies_outside_the_range_does_not_count() -> None:
    before = Before(held((0.2, 0.0, 0.3), (-0.2, 0.0, 0.3)), 24, 72)
    assert before.differs(once("right", (-0.2, 0.4, 0.3), apex=3.2)) == 0.0


def test_seeds_that_made_it_are_known() -> None:
    before = Before(held((0.2, 0.0, 0.3), (-0.2, 0.0, 0.3), seed=4, regenerated=[{"seed": 7}]), 24, 72)
    assert [before.made_with(seed) for seed in (4, 7, 5)] == [True, True, False]


def test_other_seeds_are_of_the_seed() -> None:
    assert list(other_seeds(3)) == list(other_seeds(3))
    assert len({*other_seeds(3), *other_seeds(4), 3, 4}) == 8


def test_a_range_differs_more_than_a_plan_of_its_own_seed_would(embedded: GesturePipeline) -> None:
    speech = babble(10.0)
    first = embedded(speech, seed=1)
    before, rows = Before(first, 72, 168), slice(84, 156)
    apart, likewise = [], []
    for seed in (11, 12, 13):
        again = embedded.regenerate(speech, first, 3.0, 7.0, seed=seed)
        twice = embedded.regenerate(speech, first, 3.0, 7.0, seed=seed)
        assert np.array_equal(again.wrist_position, twice.wrist_position)
        apart.append(np.linalg.norm(again.wrist_position - first.wrist_position, axis=-1)[rows].mean())
        other = embedded(speech, seed=seed)
        likewise.append(np.linalg.norm(other.wrist_position - first.wrist_position, axis=-1)[rows].mean())
        plans = [planned_score(speech, style={"neutral": 1.0}, seed=each) for each in (seed, *other_seeds(seed))]
        assert max(map(before.differs, plans)) >= before.differs(plans[0])
    assert np.mean(apart) > 0.8 * np.mean(likewise)
