# SPDX-License-Identifier: GPL-3.0-or-later
"""What is performed where nobody gives a score, as a file: `chironomy score plan`."""

from pathlib import Path

from cli_recordings import speech
from command_line import Command

from chironomy.gesture.planning import plan
from chironomy.gesture.score import Score


def test_a_plan_is_written_and_goes_by_the_seed(chironomy_command: Command, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(plan, "spoken_phrases", lambda speech: [(0.3, speech.duration - 0.3)])
    recording = speech(tmp_path / "s.wav", 12.0)
    plans = []
    for seed in (1, 1, 2):
        said = chironomy_command(
            "score", "plan", recording, "--seed", seed, "--style", "lively", "--out", tmp_path / "p"
        )
        assert said.code == 2
        out = tmp_path / "p.json"
        said = chironomy_command("score", "plan", recording, "--seed", seed, "--style", "lively", "--out", out)
        assert said.code == 0, said.err
        assert "gestures" in said.out
        plans.append(Score.load(out))
        out.unlink()
    assert plans[0] == plans[1] != plans[2]
    assert [(each.source["seed"], each.source["style"], each.source["planned"]) for each in plans[1:]] == [
        (1, "lively", True),
        (2, "lively", True),
    ]


def test_the_gestures_of_a_script_come_first(chironomy_command: Command, tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,400 --> 00:00:03,000\nWelcome everybody.\n")
    recording, out = speech(tmp_path / "s.wav", 8.0), tmp_path / "p.json"
    said = chironomy_command("score", "plan", recording, "--script", tmp_path / "s.srt", "--out", out)
    assert said.code == 0, said.err
    assert "welcome" in [phrase.kind for phrase in Score.load(out).phrases]


def test_a_style_that_is_not_there_is_told(chironomy_command: Command, tmp_path: Path) -> None:
    recording = speech(tmp_path / "s.wav", 3.0)
    said = chironomy_command("score", "plan", recording, "--style", "bold", "--out", tmp_path / "p.json")
    assert said.code
    assert "bold" in said.err
