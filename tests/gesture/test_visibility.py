# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.gesture import GesturePipeline
from chironomy.gesture.visibility import Visibility
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech


def at_heights(left: np.ndarray) -> HandMotion:
    """Flat hands, the left one at these heights, the right one before the breast."""
    frames = len(left)
    position = np.tile([[0.2, 0.0, 0.3], [-0.2, -0.2, 0.3]], (frames, 1, 1))
    position[:, 0, 1] = left
    return HandMotion(24.0, position, np.tile([1.0, 0, 0, 0], (frames, 2, 16, 1)), np.ones((frames, 2)))


def seen(left: np.ndarray, height: float = -0.4) -> np.ndarray:
    return Visibility(height).confidence(at_heights(left), 0, len(left))


def test_a_hand_that_rests_below_is_hidden_until_just_before_it_comes() -> None:
    left = np.concatenate([np.full(48, -0.2), np.full(72, -0.6), np.full(48, -0.2)])
    confidence = seen(left)
    assert (confidence[:, 1] == 1).all()
    hidden = np.flatnonzero(confidence[:, 0] == 0)
    assert hidden[0] == 48 + 2
    assert hidden[-1] == 48 + 72 - 1 - 2
    assert len(hidden) == 68


def test_a_short_dip_and_a_wobble_at_the_edge_do_not_flicker() -> None:
    dip = np.full(100, -0.3)
    dip[40:50] = -0.6
    assert (seen(dip) == 1).all()
    wobble = -0.41 + 0.02 * np.sin(np.arange(400) * 0.2)
    assert np.abs(np.diff(seen(wobble)[:, 0])).sum() <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(20, 200))
def test_parts_see_what_the_whole_sees_and_stays_last(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    left = -0.45 + np.cumsum(random.normal(0, 0.02, 240))
    whole, eye, motion = seen(left, -0.45), Visibility(-0.45), at_heights(left)
    reach = 20
    first = eye.confidence(motion.sliced(0, min(cut + reach, 240)), 0, cut)
    start = max(cut - reach, 0)
    second = eye.confidence(motion.sliced(start, 240), cut - start, 240 - start)
    assert np.array_equal(np.concatenate([first, second]), whole)
    runs = np.diff(np.flatnonzero(np.diff(whole[:, 0])))
    assert (runs >= 4).all()


def test_the_pipeline_hides_hands_when_asked(tiny: GesturePipeline, speech: Speech) -> None:
    usual = tiny(speech, num_inference_steps=2)
    assert (usual.confidence == 1).all()
    hidden = tiny(speech, num_inference_steps=2, hide_below=0.5)
    assert (hidden.confidence == 0).all()
    assert np.array_equal(hidden.wrist_position, usual.wrist_position)
    assert (tiny(speech, num_inference_steps=2, hide_below=-1.5).confidence == 1).all()
    kept = tiny(
        speech, num_inference_steps=2, hide_below=0.5, pinned=usual, pinned_mask=np.eye(2, dtype=bool)[[0] * 120]
    )
    assert (kept.confidence[:, 0] == 1).all()
    assert (kept.confidence[:, 1] == 0).all()
