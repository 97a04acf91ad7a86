# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy score`, and gestures by a score."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_recordings import speech
from command_line import Command, still_hands

from chironomy.gesture.score import Phrase, Score, Stroke
from chironomy.motion.files import load_hands, save_hands

SCORE = Score((Phrase(0.2, 0.9, (Stroke(0.6),), "beat", "right"),), 1.0)


def test_it_reads_the_score_of_a_motion(chironomy_command: Command, tmp_path: Path) -> None:
    save_hands(still_hands(48), tmp_path / "m.npz")
    said = chironomy_command("score", "read", tmp_path / "m.npz", "--out", tmp_path / "s.json")
    assert said.code == 0
    assert "0 gestures, 0 strokes and 1 rests in 2.0 s" in said.out
    assert [phrase.kind for phrase in Score.load(tmp_path / "s.json").phrases] == ["rest"]


def test_it_says_what_cannot_be_done(chironomy_command: Command, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    Score((Phrase(0.2, 2.0, (Stroke(0.3),), "beat"),), 1.0).save(path)
    said = chironomy_command("score", "check", path)
    assert said.code == 1
    assert "the phrase at 0.2 s ends at 2 s, after the score's end at 1 s" in said.out
    assert "less than 0.25 s to prepare its first stroke" in said.out
    path.write_text("{}")
    said = chironomy_command("score", "check", path)
    assert said.code == 2
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("still_model")
def test_gestures_are_made_by_a_score(
    chironomy_command: Command, tmp_path: Path, still_model: list[Mapping[str, Any]]
) -> None:
    SCORE.save(tmp_path / "s.json")
    options = ["--out", tmp_path / "m.npz", "--score", tmp_path / "s.json", "--score-guidance", 2]
    assert chironomy_command("gesture", speech(tmp_path / "speech.wav"), *options).code == 0
    assert still_model[0]["score"] == SCORE
    assert still_model[0]["score_guidance_scale"] == 2


@pytest.mark.usefixtures("still_model")
def test_a_plan_is_performed_with_the_seed_and_the_style_that_it_was_planned_with(
    chironomy_command: Command, tmp_path: Path, still_model: list[Mapping[str, Any]]
) -> None:
    told = {"seed": 7, "style": "lively", "handedness": "left", "speed": 1.2}
    replace(SCORE, source={"planned": True, **told}).save(tmp_path / "s.json")
    options = [speech(tmp_path / "speech.wav"), "--out", tmp_path / "m.npz", "--score", tmp_path / "s.json"]
    assert chironomy_command("gesture", *options).code == 0
    assert chironomy_command("gesture", *options, "--seed", 0, "--style", "calm").code == 0
    as_planned, other = still_model
    assert {name: as_planned[name] for name in told} == told
    assert (other["seed"], other["style"], other["handedness"]) == (0, "calm", "left")


@pytest.mark.usefixtures("still_model")
def test_what_of_a_score_cannot_be_done_is_said_where_it_is_performed(
    chironomy_command: Command, tmp_path: Path
) -> None:
    beat = SCORE.phrases[0]
    Score((beat, replace(beat, start=0.5, end=0.52, strokes=())), 1.0).save(tmp_path / "s.json")
    options = ["--out", tmp_path / "m.npz", "--score", tmp_path / "s.json"]
    said = chironomy_command("gesture", speech(tmp_path / "speech.wav"), *options)
    assert said.code == 0
    checked = chironomy_command("score", "check", tmp_path / "s.json")
    assert said.err.splitlines() == checked.out.splitlines()[1:]
    assert "lie over each other in the right hand" in said.err
    assert load_hands(tmp_path / "m.npz").source["remarks"] == said.err.splitlines()


@pytest.mark.usefixtures("still_model")
def test_a_score_of_another_recording_is_remarked_on(chironomy_command: Command, tmp_path: Path) -> None:
    late = replace(SCORE.phrases[0], start=20.0, end=21.0, strokes=(Stroke(20.5),))
    Score((*SCORE.phrases, late), 30.0, {"speech": 64 * "0"}).save(tmp_path / "s.json")
    options = ["--out", tmp_path / "m.npz", "--score", tmp_path / "s.json"]
    said = chironomy_command("gesture", speech(tmp_path / "speech.wav"), *options)
    assert said.code == 0
    assert said.err.splitlines() == [
        "the score was made for another recording than speech.wav",
        "the score is of 30 s, and speech.wav lasts 1.00 s; phrases that are after the end and not seen: 1",
    ]
    # Its own plan is not.
    chironomy_command("score", "plan", tmp_path / "speech.wav", "--out", tmp_path / "plan.json")
    said = chironomy_command(
        "gesture", tmp_path / "speech.wav", "--out", tmp_path / "m.npz", "--score", tmp_path / "plan.json"
    )
    assert (said.code, said.err) == (0, "")


@pytest.mark.usefixtures("still_model")
def test_many_remarks_are_counted(chironomy_command: Command, tmp_path: Path) -> None:
    ticks = tuple(Phrase(n / 50, (n + 1) / 50, kind="beat", hands="left") for n in range(40))
    Score(ticks, 1.0).save(tmp_path / "s.json")
    options = ["--out", tmp_path / "m.npz", "--score", tmp_path / "s.json"]
    said = chironomy_command("gesture", speech(tmp_path / "speech.wav"), *options)
    assert said.code == 0
    assert "lasts 0.02 s, too short to be seen" in said.err
    assert said.err.splitlines()[-1] == "and 28 more of the kind"


def test_a_slip_in_a_score_keeps_the_work_in_it(chironomy_command: Command, tmp_path: Path) -> None:
    SCORE.save(tmp_path / "s.json")
    text = (tmp_path / "s.json").read_text()
    (tmp_path / "s.json").write_text(text.rstrip()[:-1] + ",}")
    said = chironomy_command("score", "check", tmp_path / "s.json")
    assert "a comma stands before the end of a list or object; mend it" in said.refuses()
    assert (
        chironomy_command("score", "check", tmp_path / "no.json")
        .refuses()
        .endswith("no.json does not exist; check the path of the score")
    )
