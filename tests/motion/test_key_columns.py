# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as arrays: dividing, moving, merging, and whose they are."""

import numpy as np
import pytest

from chironomy.motion import SparseKeys, evaluate, keys
from chironomy.motion.keys import HandleType, Interpolation, KeyType

FRAMES = np.array([1.0, 7.0, 12.0, 30.0])
SIDE = np.column_stack([np.array([0.0, 4.0, 6.0, 11.0, 12.0, 19.0]), np.full(6, 0.3)])
VALUES = np.array([0.0, 1.0, -0.5, 0.2])


def curve(left=2.0, right=2.0, slope=0.1):
    """Keys of one curve, whose handles reach so many frames to the left and right."""
    before = np.stack([FRAMES - left, VALUES - left * slope], axis=-1)
    after = np.stack([FRAMES + right, VALUES + right * slope], axis=-1)
    return keys.Channel("location", 0, "hand.R", FRAMES, VALUES, before, after).points()


def drawn(columns, at):
    """What Blender draws of Bezier keys, piece by piece: keys may lie between frames."""
    times, values = columns["co"].T
    result = np.interp(at, times, values)
    for k in range(len(times) - 1):
        inside = (at > times[k]) & (at < times[k + 1])
        scale = np.array([1.0 / (times[k + 1] - times[k]), 1.0])
        left, right = ((columns[name][k : k + 2] - [times[k], 0.0]) * scale for name in ("handle_left", "handle_right"))
        piece = SparseKeys([0, 1], values[k : k + 2, None], left[:, None], right[:, None])
        result[inside] = evaluate(piece, (at[inside] - times[k]) * scale[0])[:, 0] if inside.any() else 0.0
    return result


@pytest.mark.parametrize("reach", [0.0, 2.0, 5.0, 11.0, 40.0])
@pytest.mark.parametrize("frame", [3, 9, 20, 29])
def test_a_key_put_into_a_curve_changes_nothing_however_long_its_handles(reach, frame):
    """Each of two handles is shortened to the keys' distance by itself, not both by their sum."""
    before = curve(left=reach, right=0.7 * reach)
    after = keys.with_key(before, frame)
    assert frame in after["co"][:, 0]
    at = np.linspace(1.0, 30.0, 400)
    np.testing.assert_allclose(drawn(after, at), drawn(before, at), atol=2e-5)


@pytest.mark.parametrize("frame", [-4.0, 7.0, 9.5, 30.0, 40.0])
def test_a_key_of_a_value_is_the_animators_and_touches_no_other(frame):
    before = curve()
    before["type"][:] = KeyType.GENERATED
    before["interpolation"][:] = Interpolation.LINEAR
    after = keys.with_value(before, frame, 0.7)
    at = after["co"][:, 0] == frame
    assert np.flatnonzero(at).size == 1
    np.testing.assert_allclose(after["co"][at], [[frame, 0.7]])
    assert after["type"][at] == KeyType.KEYFRAME
    assert after["handle_left_type"][at] == HandleType.AUTO_CLAMPED
    assert after["interpolation"][at] == (Interpolation.BEZIER if frame < 1.0 else Interpolation.LINEAR)
    for name, column in before.items():
        np.testing.assert_array_equal(after[name][~at], column[frame != FRAMES])
    assert np.all(np.diff(after["co"][:, 0]) > 0.0)


def test_the_first_key_of_a_curve_has_its_value():
    empty = {name: column[:0] for name, column in curve().items()}
    assert keys.with_value(empty, 5.0, 0.25)["co"].tolist() == [[5.0, 0.25]]


@pytest.mark.parametrize("frame", [-4, 40])
def test_a_key_beyond_the_last_holds_its_value(frame):
    before = curve()
    after = keys.with_key(before, frame)
    at = np.linspace(-6.0, 42.0, 300)
    np.testing.assert_allclose(drawn(after, at), drawn(before, at), atol=1e-9)


@pytest.mark.parametrize(("kind", "value"), [(Interpolation.LINEAR, 0.25), (Interpolation.CONSTANT, 1.0)])
def test_straight_and_constant_pieces_are_divided_as_such(kind, value):
    before = curve()
    before["interpolation"][:] = kind
    after = keys.with_key(before, 9.5)
    assert after["co"][2].tolist() == [9.5, value]
    assert set(after["interpolation"]) == {kind}


def test_kept_keys_stay_and_new_ones_lead_to_them():
    kept = keys.within(curve(), [(7.0, 12.0)])
    new = keys.Channel("location", 0, "", np.array([1.0, 5.0, 7.0, 12.0, 12.5, 20.0]), np.arange(6.0), *[SIDE] * 2)
    led, outside = keys.led(kept, new.points(), [(7.0, 12.0)], ())
    assert led["co"].tolist() == [[7.0, 1.0], [12.0, -0.5]]
    assert outside["co"][:, 0].tolist() == [1.0, 5.0, 20.0]
    # Handles that face each other stay; those that face new motion are the new motion's.
    np.testing.assert_allclose(led["handle_right"][0], kept["handle_right"][0])
    np.testing.assert_allclose(led["handle_left"][1], kept["handle_left"][1])
    np.testing.assert_allclose(led["handle_left"][0], [7.0 + SIDE[2, 0] - 7.0, 1.0 + SIDE[2, 1] - 2.0])
    bent, _ = keys.led(kept, new.points(), [(7.0, 12.0)], [7.0, 12.0])
    np.testing.assert_allclose(bent["handle_left"], kept["handle_left"])


@pytest.mark.parametrize("name", ["co", "handle_left", "handle_right"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_generated_key_that_is_not_as_it_was_written_is_told(name, axis):
    columns = curve()
    written = keys.shapes(columns)
    assert not any(which.any() for which in keys.changed(columns, written))
    columns[name][2, axis] += 0.01
    changed, bent = keys.changed(columns, written)
    assert changed.tolist() == [False, False, True, False]
    assert bent.any() == (name != "co")
    columns["type"][2] = KeyType.BREAKDOWN
    assert not keys.changed(columns, written)[0].any()


def test_another_interpolation_is_a_change_too():
    columns = curve()
    written = keys.shapes(columns)
    columns["interpolation"][1] = Interpolation.CONSTANT
    assert keys.changed(columns, written)[0].tolist() == [False, True, False, False]


def test_a_handle_that_blender_shortened_beside_a_new_key_was_not_changed():
    before = curve()
    written = keys.shapes(before)
    after = keys.with_key(before, 9)
    after["co"][2, 1] += 0.3
    changed, bent = keys.changed(after, written)
    assert changed.tolist() == [False, False, True, False, False]
    assert not bent.any()


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 24.0), (1.0, -3.5), (1.25, 0.0), (0.5, 40.0)])
def test_keys_that_all_moved_alike_were_not_edited(scale, shift):
    columns = [curve(), curve(slope=0.3), curve(1.0)]
    written = [keys.shapes(each) for each in columns]
    for each in columns:
        for name in keys.COORDINATES:
            each[name][:, 0] = scale * each[name][:, 0] + shift
    columns[1]["co"][2, 1] += 0.2
    timing = keys.moved_alike((old, keys.shapes(now)) for old, now in zip(written, columns, strict=True))
    assert (timing.scale, timing.shift) == pytest.approx((scale, shift))
    changed = [keys.changed(now, old, timing)[0] for old, now in zip(written, columns, strict=True)]
    assert [each.tolist() for each in changed] == [[False] * 4, [False, False, True, False], [False] * 4]


def test_a_stretched_take_whose_keys_snapped_to_whole_frames_was_not_edited():
    columns = curve()
    written = keys.shapes(columns)
    for name in keys.COORDINATES:
        columns[name][:, 0] = np.rint(1.1 * columns[name][:, 0] + 3.0)
    timing = keys.moved_alike([(written, keys.shapes(columns))])
    assert not keys.changed(columns, written, timing)[0].any()


def test_one_key_that_is_dragged_moved_alone():
    columns = curve()
    written = keys.shapes(columns)
    for name in keys.COORDINATES:
        columns[name][2, 0] += 4.0
    assert keys.moved_alike([(written, keys.shapes(columns))]) == keys.Timing()


def test_handles_on_one_line_are_aligned():
    assert set(curve()["handle_left_type"]) == {HandleType.ALIGNED}
    bent = keys.Channel("location", 0, "", FRAMES, VALUES, *(np.stack([FRAMES + d, VALUES + 1.0], 1) for d in (-2, 2)))
    assert set(bent.points()["handle_right_type"]) == {HandleType.FREE}
