# SPDX-License-Identifier: GPL-3.0-or-later
"""Work: what it tells of its parts."""

import pytest

from chironomy.work import QUIET, Work


def told_by(*fractions: float, doing: str = "", message: str = "") -> list[tuple[float, str]]:
    """What is told of the second third of some work."""
    told: list[tuple[float, str]] = []
    part = Work(lambda fraction, said="": told.append((fraction, said))).part(1 / 3, 2 / 3, doing)
    for fraction in fractions:
        part.progress(fraction, message)
    return told


def test_a_part_begins_and_ends_exactly_where_its_neighbours_do() -> None:
    assert [fraction for fraction, _ in told_by(0.0, 0.5, 1.0)] == [1 / 3, pytest.approx(0.5), 2 / 3]


def test_a_part_says_what_it_does_where_it_says_nothing_else() -> None:
    assert told_by(0.0, doing="rendering") == [(1 / 3, "rendering")]
    assert told_by(0.0, doing="rendering", message="frame 3") == [(1 / 3, "frame 3")]


def test_a_part_is_stopped_and_shown_with_the_whole() -> None:
    seen: list[bytes] = []
    part = Work(cancelled=lambda: True, preview=seen.append).part(0.0, 0.5)
    assert part.cancelled()
    assert part.preview is not None
    part.preview(b"a picture")
    assert seen == [b"a picture"]


def test_nobody_is_told_of_quiet_work_and_nobody_stops_it() -> None:
    QUIET.part(0.0, 0.5).progress(1.0)
    assert not QUIET.cancelled()
    assert QUIET.preview is None
