# SPDX-License-Identifier: GPL-3.0-or-later
"""Timecode and take in the picture."""

import numpy as np
import pytest

from chironomy.shot.errors import VideoError
from chironomy.shot.take import take_name
from chironomy.video.film.burn_in import burned_in, timecode


@pytest.mark.parametrize(
    ("frame", "fps", "shown"),
    [
        (0, 24.0, "00:00:00:00"),
        (23, 24.0, "00:00:00:23"),
        (24, 24.0, "00:00:01:00"),
        (24 * 3600 + 24 * 61 + 5, 24.0, "01:01:01:05"),
        # An hour by the clock at 23.976 frames a second is 86,314 frames: 3.6 s short of an hour of timecode.
        (86314, 24000 / 1001, "00:59:56:10"),
        (24, 24000 / 1001, "00:00:01:00"),
        (25, 25.0, "00:00:01:00"),
        (30, 30000 / 1001, "00:00:01:00"),
        (30, 30.0, "00:00:01:00"),
        (120, 120.0, "00:00:01:000"),
        (24 * 86400, 24.0, "00:00:00:00"),
    ],
)
def test_timecode_counts_frames(frame, fps, shown):
    assert timecode(frame, fps) == shown


def frames(count, shape=(240, 320, 3), value=130):
    return (np.full(shape, value, np.uint8) for _ in range(count))


def test_the_bottom_is_written_on_and_the_rest_stays():
    plain = next(frames(1))
    written = next(burned_in(frames(1), 0, 24.0, "Take 3"))
    assert np.array_equal(plain[:200], written[:200])
    assert written.max() > 200
    # The box makes the text legible: white on dark.
    assert written[200:].min() < 70
    assert (written[:, :100] != 130).any()
    assert (written[:, -100:] != 130).any()


def test_running_numbers_stand_still():
    """Only the digits that count change from frame to frame."""
    first, second = burned_in(frames(2), 0, 24.0)
    changed = np.flatnonzero((first != second).any(axis=(0, 2)))
    written = np.flatnonzero((first != 130).any(axis=(0, 2)))
    assert len(changed) < 0.25 * len(written)


def test_the_number_is_the_shots_own():
    assert np.array_equal(list(burned_in(frames(5), 0, 24.0))[4], next(burned_in(frames(1), 4, 24.0)))


@pytest.mark.parametrize("shape", [(64, 64, 3), (90, 60, 3), (720, 1280, 3)])
def test_it_fits_into_every_picture(shape):
    written = next(burned_in(frames(1, shape), 0, 24.0, "a very long name of a take that cannot fit " * 1))
    assert written.shape == shape
    assert (written != 130).any()


def test_a_transparent_picture_keeps_its_writing_opaque():
    written = next(burned_in(frames(1, (240, 320, 4), 0), 0, 24.0))
    assert written[..., 3].max() > 230
    assert written[:150, :, 3].max() == 0


def test_light_is_written_on_as_light():
    linear = next(burned_in([np.full((240, 320, 3), 0.2, np.float32)], 0, 24.0))
    assert linear.dtype == np.float32
    assert 0.7 < linear.max() < 1
    assert np.all(linear[:200] == np.float32(0.2))


@pytest.mark.parametrize("name", ["two\nlines", "x" * 61, 3])
def test_a_take_that_cannot_be_shown_is_said(name):
    with pytest.raises(VideoError, match="take is"):
        take_name(name)
