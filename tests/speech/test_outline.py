# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as an editor draws it."""

import numpy as np
import pytest

from chironomy.speech.accents import accent_onsets
from chironomy.speech.decode import Speech
from chironomy.speech.outline import RATE, outline_of, timed_words

SECONDS, RATE_OF_SOUND = 3.0, 16000


@pytest.fixture(scope="module")
def speech():
    """Two bursts, at 0.5 and at 2 s, of which the second is half as loud."""
    times = np.arange(round(SECONDS * RATE_OF_SOUND)) / RATE_OF_SOUND
    burst = np.where(np.abs(times - 0.6) < 0.1, 0.4, 0.0) + np.where(np.abs(times - 2.1) < 0.1, 0.2, 0.0)
    return Speech.from_samples((burst * np.sin(2 * np.pi * 150.0 * times)).astype(np.float32), RATE_OF_SOUND)


def test_the_wave_is_where_it_is_heard_and_fills_the_height(speech):
    outline = outline_of(speech)
    assert len(outline.envelope) == round(SECONDS * RATE)
    columns = outline.columns(0.0, 3.0, 30)
    assert columns.shape == (30, 2)
    assert columns[5:7, 1].min() == pytest.approx(1.0, abs=0.02)
    assert columns[20:22, 1].max() == pytest.approx(0.5, abs=0.05)
    assert np.abs(columns[10:18]).max() < 0.02
    assert columns[6, 0] == pytest.approx(-1.0, abs=0.02)
    assert outline.accents.tolist() == accent_onsets(speech).tolist()
    assert len(outline.strengths) == len(outline.accents)


def test_any_part_of_it_can_be_drawn(speech):
    outline = outline_of(speech)
    around = outline.columns(-3.0, 6.0, 90)
    assert np.abs(around[:29]).max() == np.abs(around[61:]).max() == 0.0
    assert around[30:60] == pytest.approx(outline.columns(0.0, 3.0, 30), abs=1e-6)
    # More columns than stretches, and a part without any.
    assert np.abs(outline.columns(0.55, 0.65, 400)).max() > 0.9
    assert np.abs(outline.columns(7.0, 8.0, 10)).max() == 0.0
    assert np.abs(outline.columns(-8.0, -7.0, 10)).max() == 0.0


def test_words_are_where_captions_say(tmp_path):
    captions = tmp_path / "words.srt"
    captions.write_text("1\n00:00:00,500 --> 00:00:00,900\nGood\n\n2\n00:00:01,000 --> 00:00:02,250\nmorning all\n")
    assert [(each.text, each.start, each.end) for each in timed_words(captions)] == [
        ("Good", 0.5, 0.9),
        ("morning all", 1.0, 2.25),
    ]
    plain = tmp_path / "words.txt"
    plain.write_text("Good morning")
    assert timed_words(plain) == ()
