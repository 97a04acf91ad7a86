# SPDX-License-Identifier: GPL-3.0-or-later
"""Words to gestures: `chironomy score propose`, and `chironomy gesture --script`."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_recordings import speech
from command_line import Command, still_hands

from chironomy.gesture.score import Score
from chironomy.motion.files import load_hands

CAPTIONS = """1
00:00:00,500 --> 00:00:01,000
Welcome

2
00:00:04,000 --> 00:00:04,500
Huge!
"""


class Model:
    """A gesture model that keeps the hands still; `score_kinds` are those that it takes."""

    def __init__(self, score_kinds: list[str] | None) -> None:
        self.calls: list[dict[str, Any]] = []
        self.network = SimpleNamespace(config={"score_kinds": score_kinds})

    def loaded_network(self) -> Any:
        return self.network

    def __call__(self, speech: Any, *, fps: float, **settings: Any) -> Any:
        self.calls.append(settings)
        return still_hands(max(1, round(speech.duration * fps)), fps)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    (tmp_path / "s.srt").write_text(CAPTIONS)
    return speech(tmp_path / "s.wav", 12.0)


def test_a_script_proposes_a_score(chironomy_command: Command, recording: Path, tmp_path: Path) -> None:
    said = chironomy_command(
        "score", "propose", recording, "--script", tmp_path / "s.srt", "--out", tmp_path / "score.json"
    )
    assert said.code == 0
    assert "2 gestures, 2 strokes and 0 rests in 12.0 s" in said.out
    score = Score.load(tmp_path / "score.json")
    assert [(phrase.kind, phrase.word) for phrase in score.phrases] == [("welcome", "Welcome"), ("big", "Huge!")]
    assert all(low <= phrase.strokes[0].apex <= high for phrase, (low, high) in zip(
        score.phrases, ((0.4, 1.0), (3.9, 4.5)), strict=True
    ))  # fmt: skip


def test_a_script_is_told_to_a_model_that_takes_a_score(
    chironomy_command: Command, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(["welcome", "big"])
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: model)
    said = chironomy_command("gesture", recording, "--script", tmp_path / "s.srt", "--out", tmp_path / "m.npz")
    assert said.code == 0
    assert [phrase.kind for phrase in model.calls[0]["score"].phrases] == ["welcome", "big"]
    assert "script changed nothing" not in said.err
    assert "does not sound" not in said.err
    # Where most words are others than are heard, that is said.
    monkeypatch.setattr("chironomy.performance.scripts._OTHERWISE", -1.0)
    said = chironomy_command("gesture", recording, "--script", tmp_path / "s.srt", "--out", tmp_path / "m.npz")
    assert said.code == 0
    assert "the script does not sound like what is said" in said.err
    assert load_hands(tmp_path / "m.npz").source["script_unheard"] is True


def test_a_model_that_takes_none_says_that_the_script_changed_nothing(
    chironomy_command: Command, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(None)
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: model)
    said = chironomy_command("gesture", recording, "--script", tmp_path / "s.srt", "--out", tmp_path / "m.npz")
    assert said.code == 0
    assert "has not learned to follow words, so the script changed nothing" in said.err
    assert "score" not in model.calls[0]
    assert load_hands(tmp_path / "m.npz").source["script_unplayed"] is True
    again = chironomy_command("gesture", recording, "--out", tmp_path / "m.npz")
    assert "script" not in again.err
    assert "script_unheard" not in load_hands(tmp_path / "m.npz").source
    assert "script_unplayed" not in load_hands(tmp_path / "m.npz").source
    first, second = ({**call, "work": None} for call in model.calls)
    assert first == second


def test_what_cannot_be_used_is_one_sentence(chironomy_command: Command, recording: Path, tmp_path: Path) -> None:
    script, out = tmp_path / "s.txt", tmp_path / "score.json"
    script.write_text("Hello\n[waev] you\n")
    said = chironomy_command("score", "propose", recording, "--script", script, "--out", out)
    assert said.refuses() == f"{script}, line 2: [waev] is no gesture; did you mean [wave]?"
    said = chironomy_command("score", "propose", recording, "--script", script, "--language", "x1", "--out", out)
    assert "argument --language: 'x1' is no code of a language: write two letters, such as en or ko" in said.refuses()
    script.write_text("")
    said = chironomy_command("gesture", recording, "--script", script, "--out", tmp_path / "m.npz")
    assert said.refuses() == f"{script} has no text; write what is said in the recording"
    Score((), 12.0).save(out)
    said = chironomy_command(
        "gesture", recording, "--script", tmp_path / "s.srt", "--score", out, "--out", tmp_path / "m.npz"
    )
    assert said.refuses().startswith("A score and a script are given")
    said = chironomy_command("score", "propose", recording, "--out", out)
    assert "one of the arguments --script --recogniser is required" in said.refuses()
    assert not (tmp_path / "m.npz").exists()
