# SPDX-License-Identifier: GPL-3.0-or-later
"""Key poses: few, on the frames where the movement has them, and near the motion."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import gestures, still_motion

from chironomy.motion import MotionError, evaluate
from chironomy.motion import rotation as quaternion
from chironomy.motion.key_poses import Part, coarseness, contact_weight, hand_key_poses, hand_parts, key_poses, missed
from chironomy.motion.spline import cheapest_knots, fitted


def keyed(motion, hand=1, detail=0.5, required=()):
    kept = np.zeros(motion.frame_count, bool)
    kept[list(required)] = True
    return hand_parts(motion, hand, detail), hand_key_poses(motion, hand, detail, kept=kept)[0]


@pytest.mark.parametrize(("seed", "fps"), [(0, 24.0), (1, 24.0), (2, 25.0), (3, 60.0), (4, 29.97)])
@pytest.mark.parametrize("hand", [0, 1])
def test_a_hand_has_four_poses_a_second_at_most_and_keeps_its_way(seed, fps, hand):
    motion = gestures(seed, frames=round(10 * fps), fps=fps)
    parts, sparse = keyed(motion, hand)
    for other in sparse:
        np.testing.assert_array_equal(other.frames, sparse[0].frames)
    assert len(sparse[0].frames) <= 4 * motion.duration
    assert np.diff(sparse[0].frames).min() >= max(2, fps // 12)
    miss = missed(parts, sparse)
    assert miss.wrist <= 0.006
    assert miss.joint <= np.radians(4)


def test_what_is_said_to_be_missed_is_what_is_missed():
    motion = gestures(5, frames=120)
    parts, sparse = keyed(motion)
    off = np.linalg.norm(evaluate(sparse[0], np.arange(120)) - motion.wrist_position[:, 1], axis=1)
    miss = missed(parts, sparse)
    assert miss.wrist == pytest.approx(np.percentile(off, 95))
    assert miss.wrist_most == pytest.approx(off.max())
    turned = quaternion.normalize(evaluate(sparse[1], np.arange(120)))
    assert miss.joint_most >= quaternion.angle(turned, motion.rotation[:, 1, 0]).max() - 1e-9
    # What somebody else holds does not count.
    masked = missed(parts, sparse, off >= np.percentile(off, 50))
    assert masked.wrist_most < np.percentile(off, 51)


def test_detail_leads_from_few_poses_to_exact_ones():
    motion = gestures(6, frames=240)
    found = [keyed(motion, detail=detail) for detail in (0.0, 0.25, 0.5, 0.75, 1.0)]
    counts = [len(sparse[0].frames) for _, sparse in found]
    wrists = [missed(*each).wrist for each in found]
    assert counts == sorted(counts)
    assert wrists == sorted(wrists, reverse=True)
    assert counts[0] <= 1.5 * motion.duration
    assert wrists[-1] <= 0.001
    assert np.diff(found[-1][1][0].frames).min() > 1


def stroke(start, stop, count=96):
    """A hand that rests, moves between two frames, and holds."""
    s = np.clip((np.arange(count) - start) / (stop - start), 0.0, 1.0)
    return (s**3 * (10 - 15 * s + 6 * s * s))[:, None] * np.array([[0.1, 0.3, 0.05]])


def test_a_stroke_has_its_keys_where_it_begins_and_where_it_arrives():
    (sparse,) = key_poses([Part(stroke(40, 52), 0.036)], 24.0)
    inside = sparse.frames[(sparse.frames > 30) & (sparse.frames < 62)]
    assert len(inside) <= 4
    assert np.abs(inside - 38).min() <= 3
    assert np.abs(inside - 52).min() <= 2


def test_arcs_are_carried_by_the_handles():
    angle = np.linspace(0.0, np.pi, 25)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 0.2
    (sparse,) = key_poses([Part(arc, 0.036)], 24.0)
    assert len(sparse.frames) <= 5
    np.testing.assert_allclose(np.linalg.norm(evaluate(sparse, np.arange(25)), axis=1), 0.2, atol=0.004)


def test_required_frames_have_keys_exactly_on_the_motion_and_never_one_beside_them():
    motion = gestures(7, frames=96)
    _, sparse = keyed(motion, required=[30, 31, 50])
    frames = sparse[0].frames
    assert {30, 31, 50} <= set(frames.tolist())
    assert np.diff(frames[(frames != 30)]).min() > 1
    np.testing.assert_allclose(sparse[0].values[np.isin(frames, [30, 31, 50])], motion.wrist_position[[30, 31, 50], 1])


def test_keys_are_smooth():
    _, (place, *_) = keyed(gestures(9, frames=72))
    at = place.frames[:, None]
    before = (place.values - place.left[..., 1]) / (at - place.left[..., 0])
    after = (place.right[..., 1] - place.values) / (place.right[..., 0] - at)
    np.testing.assert_allclose(before, after, atol=1e-9)


def test_hands_that_may_touch_are_kept_nearer_to_their_way():
    motion = gestures(10, frames=240)
    near = motion.replaced(wrist_position=motion.wrist_position * 0.0 + [[0.04, -0.3, 0.2], [-0.04, -0.3, 0.2]])
    assert contact_weight(near).min() > 1.5
    assert contact_weight(motion.replaced(wrist_position=near.wrist_position * [5, 1, 1])).max() == 1.0


def test_what_does_not_move_has_one_key():
    parts, sparse = keyed(still_motion(frames=100))
    assert {len(each.frames) for each in sparse} == {1}
    assert missed(parts, sparse).wrist_most < 1e-9
    _, pinned = keyed(still_motion(frames=100), required=[40])
    assert pinned[0].frames[[0, -1]].tolist() == [0, 99]
    assert 40 in pinned[0].frames


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_short_motion(count):
    parts, sparse = keyed(gestures(11, frames=24).sliced(3, 3 + count))
    assert sparse[0].frames[[0, -1]].tolist() == [0, count - 1]
    assert missed(parts, sparse).wrist_most < 0.02


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 80), st.lists(st.integers(0, 79), max_size=6), st.floats(0.0, 1.0))
def test_any_values_get_keys_that_hold_what_is_required(seed, count, required, detail):
    required = sorted({frame for frame in required if frame < count})
    values = np.random.default_rng(seed).normal(size=(count, 3)).cumsum(axis=0)
    (sparse,) = key_poses([Part(values, coarseness(detail))], 24.0, required)
    frames = sparse.frames
    if count > 1:
        assert frames[[0, -1]].tolist() == [0, count - 1]
    assert set(required) <= set(frames.tolist())
    must = {0, count - 1, *required}
    for first, last in itertools.pairwise(frames.tolist()):
        assert last - first > 1 or {first, last} <= must
    np.testing.assert_allclose(
        evaluate(sparse, np.array(required))[:, 0], values[required, 0], atol=1e-6
    ) if required else None


def test_a_spline_through_a_cubic_is_that_cubic():
    frames = np.arange(30.0)
    cubic = (0.001 * frames**3 - 0.04 * frames**2 + frames)[:, None]
    knots = np.array([0, 11, 29])
    values, slopes = fitted(cubic, knots, np.zeros(0, np.int64))
    np.testing.assert_allclose(values[:, 0], cubic[knots, 0], atol=1e-2)
    np.testing.assert_allclose(slopes[:, 0], 0.003 * knots**2 - 0.08 * knots + 1, atol=1e-2)


def test_the_cheapest_way_may_be_the_longer_one():
    cost = np.array([[1.0, 5.0, 9.0], [1.0, 4.0, np.inf], [1.0, np.inf, np.inf], [np.inf] * 3])
    assert cheapest_knots(cost).tolist() == [0, 1, 2, 3]
    cost[0, 2] = 2.5
    assert cheapest_knots(cost).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: key_poses([Part(np.full((5, 3), np.nan), 0.1)], 24.0), "not all finite; repair the motion"),
        (lambda: key_poses([Part(np.zeros((5, 3)), 0.1), Part(np.zeros((4, 3)), 0.1)], 24.0), r"have \[4, 5\] frames"),
        (lambda: key_poses([Part(np.zeros((5, 3)), 0.1)], 24.0, [5]), "required frame 5 is not one"),
        (lambda: coarseness(1.2), "the detail is 1.2; give a number from 0, blocking, to 1, exact"),
    ],
)
def test_what_cannot_be_keyed_is_one_sentence(call, said):
    with pytest.raises(MotionError, match=said):
        call()
