# SPDX-License-Identifier: GPL-3.0-or-later
"""Words where nobody speaks move no hand, and the person is told."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from chironomy.evaluation.beats import stroke_apexes
from chironomy.performance.gestures import make_gestures
from chironomy.performance.scripts import score_of_words
from chironomy.speech.decode import Speech, load_speech

CAPTIONS = """1
00:00:00,500 --> 00:00:02,500
I mean you, and me, and all of them.

2
00:00:06,000 --> 00:00:08,000
One, two, three!
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("talk.srt", CAPTIONS), ("talk.txt", "I love you all. [point left] Over there! One, two, three.")],
)
def test_a_script_moves_no_hand_in_silence(tmp_path: Path, name: str, text: str) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(16000 * 9), 16000)
    (tmp_path / name).write_text(text)
    motion = next(make_gestures({"speech": tmp_path / "silence.wav", "script": tmp_path / name}, {}))
    assert len(stroke_apexes(motion)) == 0
    told = " ".join(motion.source["remarks"])
    assert "no speech is heard in silence.wav where the script's words are" in told


def test_words_beside_what_is_said_are_left_out_and_the_others_are_not(tmp_path: Path) -> None:
    whole = load_speech(Path(__file__).parents[2] / "examples" / "speech.flac")
    samples = whole.samples[: 9 * whole.sample_rate].copy()
    samples[4 * whole.sample_rate :] = 0.0
    (tmp_path / "talk.srt").write_text(CAPTIONS)
    speech = Speech.from_samples(samples, whole.sample_rate)
    score = score_of_words(speech, tmp_path / "talk.srt")
    assert score.phrases
    assert all(phrase.end < 4.5 for phrase in score.phrases)
    (told,) = (remark for remark in score.source["remarks"] if "no speech is heard" in remark)
    assert "3 of 12 words" in told
    assert "'One,' at 6.0 s" in told


def test_a_script_that_is_said_is_told_nothing_of_silence(tmp_path: Path) -> None:
    whole = load_speech(Path(__file__).parents[2] / "examples" / "speech.flac")
    (tmp_path / "talk.srt").write_text(CAPTIONS.split("2\n")[0])
    score = score_of_words(whole, tmp_path / "talk.srt")
    assert not any("no speech" in remark for remark in score.source.get("remarks", []))
