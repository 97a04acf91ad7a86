# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips in the timeline as geometry: what is hit, what a drag does, and what has room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("bpy")


@pytest.fixture(scope="module")
def strips(addon):
    return addon["strips"]


def x_of(frame):
    return 100.0 + 4.0 * frame


@pytest.fixture(scope="module")
def row(strips):
    """Two strips of the right hand that lie over each other, one of the left, one of both."""
    return [
        strips.Strip(10, 30, "beat", "right", chosen=False, number=0),
        strips.Strip(25, 45, "ring", "right", chosen=False, number=1),
        strips.Strip(12, 40, "wave", "left", chosen=False, number=2),
        strips.Strip(60, 90, "all", "both", chosen=False, number=3),
    ]


def test_a_click_hits_the_strip_of_its_row_by_its_middle_or_an_end(strips, row):
    band = strips.band(200.0, sound=True)
    right, left = (sum(band.rows(hand)) / 2 for hand in ("right", "left"))

    def at(frame, y):
        return strips.hit(row, band, x_of, x_of(frame), y)

    assert at(20, right) == (0, "whole")
    assert at(20, left) == (2, "whole")
    assert at(75, right) == at(75, left) == (3, "whole")
    assert at(60.5, left) == (3, "first")
    assert at(89, left) == (3, "last")
    assert at(50, right) is None
    assert at(20, band.top + 3) is None
    assert at(20, band.bottom - 3) is None


def test_in_a_low_timeline_a_strip_takes_both_rows_where_the_other_hand_does_nothing(strips, row):
    found = strips.placed([*row, strips.Strip(100, 130, "point", "left", chosen=False, number=4)])
    assert [strip.alone for strip in found] == [False, False, False, True, True]
    low, tall = strips.band(69.0, sound=True), strips.band(200.0, sound=True)

    def height(strip, band):
        box = strips.box(strip, band, x_of)
        return box.top - box.bottom

    # There it can be read: letters of a timeline are 11 pixels high, and of less than 7 there are none.
    assert height(found[4], low) > 11
    assert height(found[0], low) == height(found[2], low) == strips.LOWEST_ROW
    assert height(found[4], tall) == height(found[0], tall) >= 11
    for y in (low.bottom + 2, low.top - 3):
        assert strips.hit(found, low, x_of, x_of(115), y) == (4, "whole")
    assert strips.hit(found, tall, x_of, x_of(115), tall.bottom + 2) is None


def test_of_two_strips_over_each_other_the_chosen_one_is_hit(strips, row):
    band = strips.band(200.0)
    y = sum(band.rows("right")) / 2
    assert strips.hit(row, band, x_of, x_of(27.5), y).number == 1
    row = [row[0]._replace(chosen=True), *row[1:]]
    assert strips.hit(row, band, x_of, x_of(27.5), y).number == 0


def test_a_narrow_strip_can_still_be_taken_as_a_whole(strips):
    band, strip = strips.band(200.0), strips.Strip(10, 12, "beat", "right", chosen=False)
    y = sum(band.rows("right")) / 2
    parts = [strips.hit([strip], band, x_of, 140.0 + x, y).part for x in (0.5, 3.5, 6.5)]
    assert parts == ["first", "whole", "last"]


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_band_leaves_the_keys_their_room_and_lays_the_wave_behind_the_strips_where_there_is_little(strips, scale):
    for height in (70.0, 90.0, 140.0, 400.0):
        band = strips.band(scale * height, scale, sound=True)
        assert band.row >= scale * strips.LOWEST_ROW
        assert not band.slim
        assert band.top <= scale * (strips.PART * height + 2)
    low, high = (strips.band(scale * height, scale, sound=True) for height in (70.0, 400.0))
    assert low.wave == (low.words[0], low.top)
    assert low.words[0] == low.words[1]
    assert high.wave[1] - high.wave[0] >= scale * strips.LOWEST_WAVE
    assert high.wave[1] <= high.bottom
    assert high.words[1] > high.words[0]
    silent = strips.band(scale * 400.0, scale)
    assert silent.wave[0] == silent.wave[1] == silent.words[1]


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("sound", [False, True])
def test_the_ruler_and_the_row_of_keys_below_it_are_left_to_blender_however_low_the_timeline_is(
    strips, row, scale, sound
):
    for tall in range(20, 200):
        band = strips.band(scale * tall, scale, sound=sound, markers=tall % 2 == 0)
        below_the_keys = scale * (tall - strips.SCRUB - strips.KEYS)
        taken = [y for y in range(round(scale * tall)) if strips.hit(row, band, x_of, x_of(20), y) is not None]
        assert all(y <= below_the_keys + 1 for y in taken)
        assert bool(taken) is not band.slim


def test_in_blenders_own_low_timeline_the_lines_end_below_the_numbers_of_the_frames(strips):
    # Of a region of 34 pixels the ruler takes the upper 23, and its digits are from 18 to 27.
    for tall in (34.0, 30.0, 26.0):
        band = strips.band(tall, sound=True)
        assert band.slim
        assert max(band.top, *band.wave, *band.words) <= tall - 15.0


def test_over_the_channels_of_a_dope_sheet_phrases_are_lines_that_take_no_clicks(strips, row):
    band = strips.band(400.0, sound=True, slim=True)
    assert band.top - strips.BOTTOM <= 10
    assert {strips.hit(row, band, x_of, x_of(20), y) for y in range(400)} == {None}
    assert strips.box(strips.placed(row)[3], band, x_of).top == band.top - strips.GAP


def test_what_is_not_applied_is_hatched_within_its_strip(strips):
    corners = strips.Box(10.0, 5.0, 60.0, 20.0)
    ends = strips.hatching(corners, 9.0)
    assert len(ends) % 2 == 0
    assert len(ends) >= 10
    for (x, y), (to_x, to_y) in zip(ends[::2], ends[1::2], strict=True):
        assert 10.0 <= x < to_x <= 60.0
        assert 5.0 <= y < to_y <= 20.0
        assert to_x - x == pytest.approx(to_y - y)


def test_strips_lie_above_markers_where_there_is_room(strips):
    tall, low = (strips.band(height, markers=True) for height in (300.0, 70.0))
    assert tall.bottom >= strips.MARKERS
    assert tall.top < 300.0 * 0.75
    assert low == strips.band(70.0)


def test_a_strip_is_moved_and_its_ends_are(strips):
    assert strips.dragged(10, 30, "whole", 7, 5, 1) == (17, 37)
    assert strips.dragged(10, 30, "first", 7, 5, 1) == (17, 30)
    assert strips.dragged(10, 30, "last", -7, 5, 1) == (10, 23)
    # Not before the speech, not shorter than it may be, not beyond the end.
    assert strips.dragged(10, 30, "whole", -40, 5, 1) == (1, 21)
    assert strips.dragged(10, 30, "first", 60, 5, 1) == (25, 30)
    assert strips.dragged(10, 30, "last", -60, 5, 1) == (10, 15)
    assert strips.dragged(10, 30, "whole", 400, 5, 1, 100) == (95, 115)


@given(
    first=st.integers(-20, 200),
    length=st.integers(1, 60),
    part=st.sampled_from(["first", "last", "whole"]),
    frames=st.integers(-300, 300),
)
def test_whatever_is_dragged_ends_after_it_begins(strips, first, length, part, frames):
    last = first + length
    a, b = strips.dragged(first, last, part, frames, 6, 1, 150)
    assert b - a >= min(6, length)
    assert part != "whole" or b - a == length
    assert strips.dragged(first, last, part, 0, 6, 1, 10_000) == (first, last)


def test_a_stroke_at_the_beginning_of_a_strip_leaves_its_name_to_be_read(strips):
    assert strips.name_begin(100.0, [], 5.0, 1.0) == 104.0
    assert strips.name_begin(100.0, [150.0], 5.0, 1.0) == 104.0
    # Diamonds from 98 to 108 and from 107 to 117.
    assert strips.name_begin(100.0, [103.0, 112.0], 5.0, 1.0) == 119.0
    # One that has gone by on the left.
    assert strips.name_begin(100.0, [80.0], 5.0, 1.0) == 104.0
