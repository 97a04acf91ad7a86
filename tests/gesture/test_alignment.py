# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest
from gesture_samples import babble

from chironomy.evaluation.alignment import align, main
from chironomy.evaluation.beats import stroke_apexes
from chironomy.gesture import GesturePipeline
from chironomy.speech.accents import accent_onsets


def test_hands_follow_the_speech_they_are_given(embedded: GesturePipeline) -> None:
    recordings = [babble(8.0, seed) for seed in range(3)]
    apexes = [[stroke_apexes(embedded(speech, seed=seed)) for seed in range(8)] for speech in recordings]
    beats = [accent_onsets(speech) for speech in recordings]  # strokes arrive as accented syllables begin
    result = align(apexes, beats, [speech.duration for speech in recordings])
    assert result.own.mean() > result.other.mean()
    assert max(result.p_values()) < 0.01


def test_hands_follow_real_recordings(shared_speech: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(shared_speech), "--seeds", "8", "--threads", "1"]) == 0
    assert "own higher in" in capsys.readouterr().out


def test_one_recording_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "two or more are needed" in capsys.readouterr().err
