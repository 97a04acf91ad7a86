# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet."""

import itertools

import numpy as np
import pytest
from PIL import Image

from chironomy.motion.edit import offset_wrist
from chironomy.shot.errors import VideoError
from chironomy.speech.decode import load_speech
from chironomy.video.film.encode import encode_mp4
from chironomy.video.film.sheet import HAND_COLOURS, MARGIN, WIDTH, contact_sheet, wrist_speed
from takes import FPS, hands_before_the_chest, write_tone

PLOT = (120, WIDTH - MARGIN)
"""Columns where the plots begin and end."""


def frames(count):
    """Each frame is one grey, brighter with time."""
    for index in range(count):
        yield np.full((64, 48, 3), 10 + 5 * index, np.uint8)


def pixels_of(sheet, colour):
    return np.nonzero(np.abs(np.asarray(sheet).astype(int) - colour).max(axis=-1) < 12)


def test_speed_is_metres_a_second():
    hands = hands_before_the_chest(10)
    position = np.zeros((10, 2, 3))
    position[:, 1, 0] = np.arange(10) * 0.05
    speed = wrist_speed(hands.replaced(wrist_position=position))
    np.testing.assert_allclose(speed[:, 0], 0)
    np.testing.assert_allclose(speed[:, 1], 0.05 * FPS)


def test_a_sheet_shows_frames_over_waveform_and_speed(tmp_path):
    speech = load_speech(write_tone(tmp_path / "tone.wav", 2.0))
    hands = offset_wrist(hands_before_the_chest(48), "left", 1.5, 0.3, [0, 0.3, 0])
    path = contact_sheet(frames(48), speech, hands, tmp_path / "sheet.png", title="A take", columns=12)
    with Image.open(path) as sheet:
        sheet.load()
        assert sheet.width == 2400
        assert sheet.mode == "RGB"
        rows, columns = pixels_of(sheet, HAND_COLOURS[0])
    # The left hand's stroke stands high in the last half of the plot and nowhere else.
    curve = columns < 1900
    highest = columns[curve][rows[curve].argmin()]
    assert 120 + 0.6 * 2232 < highest < 120 + 0.9 * 2232
    assert path.stat().st_size < 500_000


def test_a_sheet_is_made_from_a_video_file(tmp_path):
    video = tmp_path / "take.mp4"
    encode_mp4(frames(24), video, FPS, 48, 64)
    path = contact_sheet(video, None, hands_before_the_chest(24), tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        assert sheet.width == 2400


def test_frames_stand_in_order_of_time(tmp_path):
    path = contact_sheet(frames(40), None, hands_before_the_chest(40), tmp_path / "sheet.png", columns=10)
    with Image.open(path) as sheet:
        row = np.asarray(sheet.convert("L"))[100, 120:2352].astype(int)
    greys = [row[int((column + 0.5) / 10 * len(row))] for column in range(10)]
    np.testing.assert_allclose(greys, [10 + 5 * (4 * column + 2) for column in range(10)], atol=1)


@pytest.mark.parametrize("count", [2, 5, 12, 13, 29, 288])
def test_frames_stand_evenly_and_apart(tmp_path, count):
    white = (np.full((64, 48, 3), 255, np.uint8) for _ in range(count))
    path = contact_sheet(white, None, hands_before_the_chest(count), tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        lit = np.asarray(sheet.convert("L"))[MARGIN + 20] > 250
    edges = np.flatnonzero(np.diff(lit.astype(int)))
    starts, ends = edges[::2], edges[1::2]
    shown = min(count, 12)
    assert len(starts) == shown
    slot = (PLOT[1] - PLOT[0]) / shown
    np.testing.assert_allclose((starts + ends) / 2 + 1, PLOT[0] + (np.arange(shown) + 0.5) * slot, atol=1)
    assert np.all(starts[1:] - ends[:-1] >= 7)
    assert np.ptp(starts[1:] - ends[:-1]) <= 1


def test_wider_films_show_fewer_frames_which_are_as_high(tmp_path):
    wide = (np.full((64, 70, 3), 255, np.uint8) for _ in range(40))
    path = contact_sheet(wide, None, hands_before_the_chest(40), tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        lit = np.asarray(sheet.convert("L")) > 250
    assert (np.diff(lit[MARGIN + 20].astype(int)) == 1).sum() == 8
    assert lit[:, 120 + 100][: MARGIN + 400].sum() == pytest.approx(245, abs=15)


def test_a_very_short_clip_fills_its_plots(tmp_path):
    speech = load_speech(write_tone(tmp_path / "tone.wav", 0.2))
    path = contact_sheet(frames(5), speech, hands_before_the_chest(5), tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet).astype(int)
    left, right = PLOT
    for colour in HAND_COLOURS:
        reached = np.nonzero(np.abs(pixels - colour).max(axis=-1) < 40)[1]
        assert reached.min() <= left + 3
        assert reached.max() >= right - 3
    # Nothing but the waveform is that bright here. Columns next to each other share rows, or touch.
    wave = pixels[-(MARGIN + 44 + 240 + 20 + 120) : -(MARGIN + 44 + 240 + 20), left : left + 2000]
    rows = [np.flatnonzero(column.max(axis=-1) > 70) for column in wave.transpose(1, 0, 2)]
    assert all(len(row) for row in rows)
    assert all(
        row.min() <= following.max() + 1 and following.min() <= row.max() + 1
        for row, following in itertools.pairwise(rows)
    )


def test_one_frame_is_enough(tmp_path):
    contact_sheet(frames(1), None, hands_before_the_chest(1), tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").exists()


def test_no_frames_are_refused(tmp_path):
    with pytest.raises(VideoError, match="no frames"):
        contact_sheet([], None, hands_before_the_chest(3), tmp_path / "sheet.png")
    with pytest.raises(VideoError, match=r"must end in \.png"):
        contact_sheet(frames(3), None, hands_before_the_chest(3), tmp_path / "sheet.jpg")
