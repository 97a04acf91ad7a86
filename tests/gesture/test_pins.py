# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion that is given stays exactly as it is, and what is made meets it."""

from typing import Any

import numpy as np
import pytest
from gesture_samples import babble
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chironomy.gesture import GestureError, GesturePipeline
from chironomy.gesture.encoding import decode
from chironomy.gesture.pins import Pins, checked_pins, eased, put_back
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech
from chironomy.work import Work


def held_exactly(motion: HandMotion, given: HandMotion, mask: np.ndarray) -> bool:
    """Whether pinned joints, mask (T, 2, 16), are within a micrometre and a millionth of a degree."""
    wrist = mask[:, :, 0]
    moved = np.abs(motion.wrist_position - given.wrist_position)[wrist]
    turned = np.degrees(quaternion.angle(motion.rotation, given.rotation))[mask]
    return (not wrist.any() or moved.max() < 1e-6) and (not mask.any() or turned.max() < 1e-6)


def wandering(frames: int, seed: int, fps: float = 24.0) -> HandMotion:
    """Smooth motion of wrists before the body and of all joints."""
    random = np.random.default_rng(seed)
    times = np.arange(frames)[:, None] / fps

    def curves(count: int, size: float) -> np.ndarray:
        return size * np.sin(2 * np.pi * (times * random.uniform(0.1, 0.9, count) + random.uniform(0, 1, count)))

    position = curves(6, 0.08).reshape(frames, 2, 3) + np.array([[0.2, -0.3, 0.3], [-0.2, -0.3, 0.3]])
    rotation = quaternion.from_rotation_vector(curves(96, 0.2).reshape(frames, 2, 16, 3))
    return HandMotion(fps, position, rotation, np.ones((frames, 2)))


def border_ratios(motion: HandMotion, given_motion: HandMotion, mask: np.ndarray) -> np.ndarray:
    """Speed of wrists across the borders of pins, (T, 2), over the greatest within half a second of them.

    A pin in the midst of a stroke has the stroke's greatest speed at its border; that is the given motion's own.
    """
    speed, given_speed = (
        np.linalg.norm(np.diff(m.wrist_position, axis=0), axis=-1) * motion.fps for m in (motion, given_motion)
    )
    reach, ratios = round(0.5 * motion.fps), []
    for hand in range(2):
        for at in np.flatnonzero(mask[1:, hand] != mask[:-1, hand]):
            near = np.concatenate([speed[max(at - reach, 0) : at, hand], speed[at + 1 : at + 1 + reach, hand]])
            usual = max(near.max(initial=0.0), given_speed[at, hand], 0.02)
            ratios.append(speed[at, hand] / usual)
    return np.array(ratios)


masks = st.integers(0, 10**6).map(np.random.default_rng)


def random_mask(random: np.random.Generator, frames: int) -> np.ndarray:
    """(T, 2, 16): single frames and stretches, of whole hands and of some joints."""
    mask = np.zeros((frames, 2, 16), bool)
    for _ in range(random.integers(1, 6)):
        start, length = random.integers(0, frames), random.choice([1, 2, 10, 40])
        hands = slice(None) if random.random() < 0.5 else random.integers(2)
        joints = slice(None) if random.random() < 0.5 else random.choice(16, random.integers(1, 8), replace=False)
        mask[start : start + length, hands, joints] = True
    return mask


@settings(max_examples=40, deadline=None)
@given(masks, st.sampled_from([1.0, 12.0, 24.0, 60.0]), st.integers(1, 150))
def test_what_is_put_back_is_exact_and_what_is_far_is_untouched(
    random: np.random.Generator, fps: float, frames: int
) -> None:
    motion, given_motion = wandering(frames, 1, fps), wandering(frames, 2, fps)
    mask = random_mask(random, frames)
    result = put_back(motion, Pins(given_motion, mask))
    assert held_exactly(result, given_motion, mask)
    near = np.array([mask[max(t - int(fps + 2), 0) : t + int(fps + 2)].any(axis=0) for t in range(frames)])
    assert held_exactly(result, motion, ~near)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(1, 20))
def test_corrections_of_two_pins_never_add_up(pattern: list[bool], reach: float) -> None:
    mask = np.array(pattern)
    (before, inner, first, lead), (after, _, second, _) = eased(mask, reach)
    assert (first + second <= 1 + 1e-9).all()
    assert (first[mask] == 0).all()
    assert (second[mask] == 0).all()
    assert mask[before[first > 0]].all()
    assert mask[after[second > 0]].all()
    # What goes on as it went goes on from pinned frames side by side, and comes to an end.
    assert mask[inner[lead > 0]].all()
    assert (np.abs(inner - before)[lead > 0] <= 1).all()
    assert (lead[mask] == 0).all()
    assert lead.max(initial=0) <= reach + 1


def test_one_free_frame_between_pins_lies_between_them() -> None:
    motion, given_motion = wandering(48, 1), wandering(48, 2)
    mask = np.ones((48, 2, 16), bool)
    mask[20] = False
    result = put_back(motion, Pins(given_motion, mask))
    middle = (given_motion.wrist_position[19] + given_motion.wrist_position[21]) / 2
    assert np.abs(result.wrist_position[20] - middle).max() < 0.005


@pytest.mark.parametrize("fps", [12.0, 24.0, 25.0, 60.0])
def test_pins_on_the_models_frames_are_the_motion_there(fps: float) -> None:
    motion = wandering(round(4 * fps), 3, fps)
    mask = np.zeros((motion.frame_count, 2, 16), bool)
    begin, end = round(1 * fps), round(3 * fps)
    mask[begin : end + 1] = True
    values, joints = Pins(motion, mask).at(24.0, 10, 90)
    given_times = (np.arange(10, 90) / 24.0)[joints.all(axis=(1, 2))]
    assert given_times[0] == pytest.approx(1.0, abs=0.5 / 12)
    assert given_times[-1] == pytest.approx(3.0, abs=0.5 / 12)
    position, _ = decode(values[joints.all(axis=(1, 2))])
    wanted = motion.resampled(24.0).wrist_position[np.round(given_times * 24).astype(int)]
    assert np.abs(position - wanted)[1:-1].max() < 0.005


def test_a_single_pinned_frame_is_known_to_the_model_at_any_rate() -> None:
    motion = wandering(240, 3, 60.0)
    for frame in range(60, 80):
        mask = np.zeros((240, 2, 16), bool)
        mask[frame] = True
        _, joints = Pins(motion, mask).at(24.0, 0, 96)
        at = np.flatnonzero(joints.all(axis=(1, 2)))
        assert len(at) <= 1
        assert all(abs(number / 24 - frame / 60) <= 0.5 / 60 + 1e-9 for number in at)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(masks, st.sampled_from([12.0, 24.0, 30.0]), st.integers(1, 4))
def test_the_pipeline_keeps_any_pins(
    tiny: GesturePipeline, random: np.random.Generator, fps: float, windows: int
) -> None:
    speech = babble(7.0)
    given_motion = wandering(speech.frame_count(fps), int(random.integers(100)), fps)
    mask = random_mask(random, given_motion.frame_count)
    tiny.block_windows = (windows, windows)
    try:
        motion = tiny(speech, fps=fps, num_inference_steps=1, pinned=given_motion, pinned_mask=mask)
    finally:
        del tiny.block_windows
    assert held_exactly(motion, given_motion, mask)
    assert motion.frame_count == given_motion.frame_count


@pytest.mark.parametrize("source", [{"style": "neutral"}, {"style": "lively", "amplitude": 1.8}])
@pytest.mark.parametrize("fps", [24.0, 30.0])
def test_speed_across_the_borders_of_pins_is_that_of_their_neighbourhood(
    embedded: GesturePipeline, speech: Speech, source: dict[str, Any], fps: float
) -> None:
    ratios = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        given_motion = embedded(speech, fps=fps, seed=100 + seed, **source)
        mask = random_mask(random, given_motion.frame_count)
        motion = embedded(speech, fps=fps, seed=seed, pinned=given_motion, pinned_mask=mask)
        assert held_exactly(motion, given_motion, mask)
        ratios.append(border_ratios(motion, given_motion, mask[:, :, 0]))
    assert np.concatenate(ratios).max() <= 1.5


def test_pinned_joints_shape_what_is_made_of_the_others(embedded: GesturePipeline, speech: Speech) -> None:
    usual = embedded(speech, seed=1)
    mask = np.zeros((usual.frame_count, 2, 16), bool)
    mask[30:60, 0, 0] = True
    raised = usual.replaced(wrist_position=usual.wrist_position + np.array([0.0, 0.15, 0.05]))
    motion = embedded(speech, seed=1, pinned=raised, pinned_mask=mask)
    assert held_exactly(motion, raised, mask)
    beside = (motion.wrist_position - usual.wrist_position)[[25, 64], 0, 1]
    assert (beside > 0.03).all()


def test_pins_hold_across_the_blocks_of_a_stream(tiny: GesturePipeline) -> None:
    speech = babble(12.0)
    given_motion = wandering(speech.frame_count(24), 5)
    mask = np.zeros((given_motion.frame_count, 2), bool)
    mask[20:240, 1] = True
    tiny.block_windows = (2, 2)
    try:
        parts = list(tiny.stream(speech, num_inference_steps=2, pinned=given_motion, pinned_mask=mask))
    finally:
        del tiny.block_windows
    assert len(parts) > 1
    position = np.concatenate([part.motion.wrist_position for part in parts])
    assert np.abs(position - given_motion.wrist_position)[mask].max() < 1e-9


@pytest.mark.parametrize("shape", [(3, 2), (120,), (120, 2, 15)])
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    motion = wandering(120, 1)
    with pytest.raises(GestureError, match=r"pinned_mask has shape \("):
        checked_pins(motion, np.ones(shape, bool), 24.0, 120)


def test_nothing_pinned_is_no_pins() -> None:
    motion = wandering(120, 1)
    assert checked_pins(motion, np.zeros((120, 2), bool), 24.0, 120) is None
    assert checked_pins(motion.replaced(confidence=np.zeros((120, 2))), None, 24.0, 120) is None


@pytest.fixture(scope="module")
def performance(embedded: GesturePipeline, speech: Speech) -> HandMotion:
    return embedded(speech, seed=1)


@pytest.mark.parametrize(("hands", "changed"), [("right", [1]), (("left", "right"), [0, 1])])
def test_a_range_is_made_anew_and_the_rest_is_kept(
    embedded: GesturePipeline, speech: Speech, performance: HandMotion, hands: Any, changed: list[int]
) -> None:
    motion = embedded.regenerate(speech, performance, 2.0, 3.5, hands=hands, seed=9)
    mask = np.ones((performance.frame_count, 2), bool)
    mask[48:84, changed] = False
    assert np.array_equal(motion.wrist_position[mask], performance.wrist_position[mask])
    assert quaternion.angle(motion.rotation, performance.rotation)[mask].max() < 1e-9
    assert np.abs(motion.wrist_position - performance.wrist_position)[48:84, changed].max() > 0.01
    assert border_ratios(motion, performance, mask).max() <= 1.5
    entry = motion.source["regenerated"][0]
    assert (entry["start"], entry["end"], entry["seed"]) == (48, 84, 9)
    assert motion.source["seed"] == 1


@pytest.mark.parametrize("fps", [12.0, 30.0, 60.0])
def test_a_range_of_another_frame_rate(embedded: GesturePipeline, speech: Speech, fps: float) -> None:
    given_motion = embedded(speech, seed=1, fps=fps)
    motion = embedded.regenerate(speech, given_motion, 1.0, 2.0, seed=5)
    new = np.any(motion.wrist_position != given_motion.wrist_position, axis=(1, 2))
    assert np.flatnonzero(new)[[0, -1]].tolist() == [round(fps), round(2 * fps) - 1]


def test_a_range_of_long_motion_is_made_in_its_surroundings_alone(tiny: GesturePipeline) -> None:
    speech = babble(60.0)
    whole = tiny(speech, seed=1, num_inference_steps=1)
    told: list[float] = []
    motion = tiny.regenerate(
        speech, whole, 40.0, 41.0, seed=2, num_inference_steps=1, work=Work(lambda done, _="": told.append(done))
    )
    mask = np.ones((whole.frame_count, 2), bool)
    mask[960:984] = False
    assert np.array_equal(motion.wrist_position[mask], whole.wrist_position[mask])
    assert told[-1] == 1.0
    all_of_it = tiny.regenerate(speech, whole, 0.0, 60.0, seed=2, num_inference_steps=1)
    assert np.abs(all_of_it.wrist_position - tiny(speech, seed=2, num_inference_steps=1).wrist_position).max() < 1e-6


@pytest.mark.parametrize(
    ("start", "end", "options", "sentence"),
    [
        (9.0, 10.0, {}, "the range 9 to 10 s holds no frame of a motion of 5.00 s"),
        (3.0, 2.0, {}, "holds no frame"),
        (float("nan"), 2.0, {}, "the range is nan to 2"),
        (1.0, 2.0, {"hands": "feet"}, "hands is 'feet'"),
        (1.0, 2.0, {"hands": ()}, "hands is"),
        (1.0, 2.0, {"fps": 24.0}, "takes fps and pins from the motion"),
    ],
)
def test_a_range_that_cannot_be_made_is_one_sentence(
    tiny: GesturePipeline, speech: Speech, start: float, end: float, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(GestureError, match=sentence):
        tiny.regenerate(speech, wandering(120, 1), start, end, **options)
