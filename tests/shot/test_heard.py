# SPDX-License-Identifier: GPL-3.0-or-later
"""What engines hear in a shot's frames."""

import numpy as np
import pytest

from chironomy.shot.heard import heard_speech
from chironomy.shot.retimed import retimed
from chironomy.shot.shot import Media
from takes import FPS


@pytest.fixture
def clicking(shot, tmp_path):
    """A shot whose sound has a click at 0.3 s, before and after which it is silent."""
    import soundfile

    samples = np.zeros(16000)
    samples[4800:4900] = 0.5
    soundfile.write(tmp_path / "click.wav", samples, 16000, subtype="FLOAT")
    return shot.replaced(speech=Media.from_file(tmp_path / "click.wav"))


def click(speech) -> float:
    """Seconds at which the click is heard."""
    return float(np.argmax(np.abs(speech.samples - np.median(speech.samples)) > 0.2)) / speech.sample_rate


@pytest.mark.parametrize("start", [0.0, 0.2, -0.5])
@pytest.mark.parametrize("frame", [0, 2])
def test_a_frame_hears_what_lies_beside_it(clicking, start, frame):
    heard = heard_speech(clicking.replaced(speech_start=start), frame)
    assert click(heard) == pytest.approx(0.3 - start - frame / FPS, abs=1e-3)


def test_speech_that_was_not_moved_is_the_recording_itself(clicking):
    assert heard_speech(clicking).sha256 == clicking.speech.sha256
    assert heard_speech(clicking.replaced(speech_start=0.1)).sha256 != clicking.speech.sha256


def test_after_the_speech_there_is_silence(clicking):
    heard = heard_speech(clicking.replaced(speech_start=30.0))
    assert not heard.samples.any()
    assert heard.duration >= 0.2


def test_a_silent_shot_is_heard_as_none(shot):
    assert heard_speech(shot) is None


def test_a_range_at_another_rate_hears_the_same(clicking):
    part = clicking.replaced(frame_start=2, speech_start=-0.1)
    timed, _ = retimed(part, 16.0)
    assert click(heard_speech(timed)) == pytest.approx(click(heard_speech(part, 2)), abs=1e-3)
