# SPDX-License-Identifier: GPL-3.0-or-later
"""The plainest movement that does what a score says, from which the network starts."""

import numpy as np
import torch
from gesture_samples import TINY

from chironomy.gesture import GestureTransformer
from chironomy.gesture.repertoire.kinds import HOME
from chironomy.gesture.score import FIELDS, SCORE_KINDS, Phrase, Stroke, score_dim, score_frames, told
from chironomy.gesture.score.sketch import SKETCH_SIZE, sketch_frames

FPS = 24.0
POINT = Phrase(1.0, 2.4, (Stroke(1.5, 0.25),), "point_out", "left", "point", (0.3, -0.1, 0.3), 0.2)


def places(frames: np.ndarray) -> np.ndarray:
    """(T, 2, 3) metres out, up and forward."""
    return frames[..., 1:4] * 0.25 + HOME


def test_the_hand_is_at_its_place_at_the_apex_and_came_the_way_of_the_stroke() -> None:
    made = sketch_frames(told([POINT]), FPS, 0, 96)
    at = places(made)
    np.testing.assert_allclose(at[36, 0], POINT.place, atol=1e-3)
    # It went back before the stroke, and is fastest on the way.
    speed = np.linalg.norm(np.diff(at[24:48, 0], axis=0), axis=1) * FPS
    assert np.linalg.norm(at[24:37, 0] - at[36, 0], axis=1).max() > 0.15
    assert 24 + speed.argmax() < 36
    assert speed.max() > 0.7
    # Held for a quarter of a second: the next six frames hardly move.
    assert np.linalg.norm(at[37:42, 0] - at[36, 0], axis=1).max() < 0.03


def test_the_place_of_both_hands_is_the_right_ones() -> None:
    both = Phrase(1.0, 2.4, (Stroke(1.5),), "beat", "both", "open", (-0.3, -0.1, 0.3), 0.2)
    at = places(sketch_frames(told([both]), FPS, 0, 96))
    np.testing.assert_allclose(at[36], [(0.3, -0.1, 0.3)] * 2, atol=1e-3)


def test_nothing_is_said_where_there_is_no_phrase_and_a_rest_is_a_rest() -> None:
    rest = Phrase(2.4, 4.0, kind="rest", hands="both")
    made = sketch_frames(told([POINT, rest]), FPS, 0, 120)
    assert not made[:24].any()
    assert not made[97:].any()
    at = places(made)
    assert at[90, 0, 1] < at[36, 0, 1] - 0.2
    assert np.abs(np.diff(at[85:96], axis=0)).max() < 1e-3
    assert not sketch_frames([(rest, ["hands"])], FPS, 0, 120).any()


def test_a_sketch_lies_where_the_recording_does_and_needs_no_field() -> None:
    whole = sketch_frames(told([POINT]), FPS, 0, 96)
    np.testing.assert_array_equal(sketch_frames(told([POINT]), FPS, 30, 40), whole[30:70])
    for number in range(2 ** len(FIELDS)):
        fields = [name for place, name in enumerate(FIELDS) if number >> place & 1]
        made = sketch_frames([(POINT, fields)], FPS, -10, 96)
        assert np.isfinite(made).all()
        assert made.any()


def test_strokes_however_close_are_in_order_and_finite() -> None:
    quick = Phrase(0.0, 1.0, tuple(Stroke(0.1 * n, 0.5) for n in range(1, 10)), "sweep", "right", None, None, 0.3)
    again = Phrase(0.95, 1.6, (Stroke(1.0),), "beat", "both")
    made = sketch_frames(told([quick, again]), FPS, 0, 48)
    assert np.isfinite(made).all()
    assert np.linalg.norm(np.diff(places(made), axis=0), axis=-1).max() * FPS < 12


def test_a_model_starts_from_what_the_score_says_by_itself() -> None:
    kinds = list(SCORE_KINDS)
    model = GestureTransformer(**TINY | {"score_kinds": kinds, "score_sketch": True, "skip": True}).eval()
    assert model.score_dim == score_dim(kinds) + 2 * SKETCH_SIZE
    score = torch.from_numpy(score_frames(told([POINT]), kinds, FPS, 0, 48, True))
    random = torch.Generator().manual_seed(0)
    course = torch.randn(model.score_dim, 198, generator=random) * 0.1
    model.set_score_course(score[24:], score[24:] @ course)
    ones = torch.ones(1)
    given = {"audio": torch.zeros(1, 48, TINY["audio_dim"]), "style": torch.ones(1, 4), "speed": ones}
    noise = torch.randn(1, 48, 198, generator=random)
    made = model(noise, ones, **given, amplitude=ones, score=score[None]).sample
    assert (made[0] - score @ course).abs().max() < 0.05
    assert (model(noise, ones, **given, amplitude=ones).sample).abs().max() < 1e-6
