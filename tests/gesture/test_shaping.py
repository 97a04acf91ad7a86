# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand shapes that somebody asked for are seen at the apexes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gesture_samples import TINY

from chironomy.evaluation.shown import Seen
from chironomy.gesture import GesturePipeline, GestureTransformer
from chironomy.gesture.pipeline import default_scheduler
from chironomy.gesture.score import SCORE_KINDS, Phrase, Score, Stroke
from chironomy.gesture.shaping import shape_of, shaped_frames
from chironomy.speech.decode import Speech

COUNT = Phrase(1.0, 2.4, (Stroke(1.5, 0.5),), "count", "left", "two")


@pytest.fixture(scope="module")
def scored(tiny: GesturePipeline) -> GesturePipeline:
    """A tiny model, untrained, that takes a score and whose fingers hardly do what they are told."""
    torch.manual_seed(2)
    transformer = GestureTransformer(**TINY | {"score_kinds": list(SCORE_KINDS)}).eval()
    for name in ("motion_mean", "motion_std"):
        transformer.get_buffer(name).copy_(tiny.transformer.get_buffer(name))
    return GesturePipeline(transformer, default_scheduler())


def test_two_fingers_are_two_fingers_about_the_apex_and_while_it_is_held(
    scored: GesturePipeline, speech: Speech
) -> None:
    options: dict[str, Any] = {"seed": 1, "num_inference_steps": 2}
    none, made = (scored(speech, **options, score=score) for score in (None, Score((COUNT,), 5.0)))
    curl = Seen(made).curl[36:47, 0]
    assert (curl[:, :2] < 60).all()
    assert (curl[:, 2:4] > 110).all()
    # The other hand, the wrists and other moments are nobody's business.
    assert np.abs(Seen(made).curl[36:47, 1] - Seen(none).curl[36:47, 1]).max() < 12
    assert np.abs(Seen(made).curl[72:] - Seen(none).curl[72:]).max() < 12
    # Nothing snaps: the fingers come and go over a few frames.
    assert np.abs(np.diff(Seen(made).curl[:, 0], axis=0)).max() < 60


def test_what_is_free_or_has_no_shape_of_its_own_is_left_to_the_model() -> None:
    assert shape_of(COUNT) == "two"
    assert shape_of(replace(COUNT, states={"shape": "free"})) is None
    assert shape_of(Phrase(0, 1, (Stroke(0.5),), "ring", "left")) == "ring"
    assert shape_of(Phrase(0, 1, (Stroke(0.5),), "beat", "left")) is None
    assert shape_of(replace(COUNT, shape=None, states={"kind": "free"})) is None
    for states in ({"hands": "free"}, {"strokes": "free"}):
        assert not shaped_frames([replace(COUNT, states=states)], 24.0, 0, 72)[1].any()
    both = shaped_frames([replace(COUNT, hands="both")], 24.0, 24, 24)[1]
    assert both[:, 0].any()
    assert (both[:, 0] == both[:, 1]).all()
    assert not both[:, :, 0].any()
