# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy evaluate gesture`: motions or recordings go in, a table and a file come out; bad input is one sentence."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_recordings import speech
from command_line import Command, still_hands

from chironomy.evaluation import extractor
from chironomy.motion.files import save_hands, save_smplx
from chironomy.motion.hand_motion import HandMotion


def swinging(seconds: float = 3.0, fps: float = 24.0, hertz: float = 1.0) -> HandMotion:
    motion = still_hands(round(seconds * fps), fps)
    position = np.array(motion.wrist_position)
    position[..., 1] += 0.08 * np.sin(2 * np.pi * hertz * motion.times)[:, None]
    return motion.replaced(wrist_position=position)


@pytest.fixture
def motion_file(tmp_path: Path) -> Path:
    save_hands(swinging(), tmp_path / "speech.npz")
    return tmp_path / "speech.npz"


def figures(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text())
    assert record["format"] == "chironomy.evaluation/1"
    return record["figures"]


def beside_people(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())["beside_people"]


def test_a_motion_file_is_measured(chironomy_command: Command, motion_file: Path, tmp_path: Path) -> None:
    said = chironomy_command("evaluate", "gesture", motion_file, "--json", tmp_path / "out.json")
    assert said.code == 0
    assert "1 motions of 1 clips, 0 with their speech" in said.out
    assert re.search(r"joints beyond limits by over 2° +0\.00000", said.out)
    found = figures(tmp_path / "out.json")
    assert found["frames clear to 5 mm"]["value"] == 1.0
    assert "FGD" not in found
    assert "lag to accent onsets" not in found


def test_a_motion_stands_beside_two_people(chironomy_command: Command, motion_file: Path, tmp_path: Path) -> None:
    said = chironomy_command("evaluate", "gesture", motion_file, "--json", tmp_path / "out.json")
    assert re.search(r"wrist speed, mean +0\.3\d +m/s +0\.52 +0\.45 +≥ 0\.27 +PASS +0\.4 to 0\.6 +short", said.out)
    assert "torso" not in said.out
    assert "of 3 s" in said.out
    found = beside_people(tmp_path / "out.json")
    speed = found["wrist_speed"]
    assert speed["value"] == pytest.approx(0.08 * 4, rel=0.1)  # the mean of |cos| times 2 pi
    assert (speed["unit"], speed["person_a"], speed["person_b"]) == ("m/s", 0.52, 0.45)
    assert speed["neutral"] == {"least": 0.27, "most": None, "met": True}
    assert speed["lively"] == {"least": 0.4, "most": 0.6, "met": False}
    assert found["torso_speed"]["value"] is None


def test_smplx_is_measured_alike(chironomy_command: Command, tmp_path: Path) -> None:
    save_smplx(swinging(), tmp_path / "beat.npz")
    assert chironomy_command("evaluate", "gesture", tmp_path / "beat.npz", "--json", tmp_path / "out.json").code == 0
    assert beside_people(tmp_path / "out.json")["wrist_speed"]["value"] == pytest.approx(0.32, rel=0.15)


def test_speech_of_the_same_name_adds_what_needs_it(
    chironomy_command: Command, motion_file: Path, tmp_path: Path
) -> None:
    said = chironomy_command(
        "evaluate", "gesture", motion_file, "--speech", speech(tmp_path / "speech.wav"), "--json", tmp_path / "o.json"
    )
    assert said.code == 0
    assert "1 with their speech" in said.out
    assert json.loads((tmp_path / "o.json").read_text())["motions"][0]["clip"] == "speech.wav"


def test_a_reference_adds_distance_and_closeness(
    chironomy_command: Command, motion_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extractor, "_BATCH", 4)
    reference = tmp_path / "reference"
    reference.mkdir()
    save_hands(swinging(4.0, hertz=0.8), reference / "speech.npz")
    save_hands(swinging(4.0), reference / "other.npz")
    said = chironomy_command(
        "evaluate", "gesture", motion_file, "--reference", reference, "--json", tmp_path / "out.json"
    )
    assert said.code == 0
    found = figures(tmp_path / "out.json")
    assert found["FGD"]["value"] >= 0
    assert found["FGD"]["low"] is None
    assert 0.5 < found["PCK at 0.1 m"]["value"] <= 1
    assert re.search(r"FGD in the space of extractor [0-9a-f]{12}, trained on the reference reference", said.out)


def test_a_model_is_measured_over_recordings(
    chironomy_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def pipeline(recording: Any, **settings: Any) -> HandMotion:
        asked.append(settings)
        return swinging(recording.duration, hertz=1 + settings["seed"])

    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda model: pipeline)
    said = chironomy_command(
        "evaluate", "gesture", speech(tmp_path / "speech.wav"), "--seeds", 2, "--style", "calm", "--json",
        tmp_path / "out.json",
    )  # fmt: skip
    assert said.code == 0
    assert asked == [{"seed": 0, "style": "calm"}, {"seed": 1, "style": "calm"}]
    assert figures(tmp_path / "out.json")["DIV, L1"]["value"] > 0
    found = beside_people(tmp_path / "out.json")
    assert found["seeds_apart"]["value"] > 0
    assert found["head_speed"]["value"] > 0
    assert re.search(r"head's turning speed +\d+\.\d  °/s", said.out)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.npz"], "nowhere.npz does not exist; give motion files or recordings or folders of them"),
        (["empty"], "holds no motion files or recordings"),
        (["speech.npz", "speech.wav"], "is a motion and speech.wav a recording"),
        (["speech.npz", "--model", "m"], "--model makes motion for recordings; these are motion files"),
        (["speech.wav", "--speech", "speech.wav"], "--speech belongs to motion files"),
        (["speech.npz", "--extractor", "e"], "--extractor is of no use without --reference"),
        (["speech.npz", "--reference", "empty"], "empty holds no motion files"),
        (["speech.npz", "--reference", "speech.wav"], "is not a folder; give one of motion files or of clips"),
        (["speech.npz", "--reference", "motions", "--extractor", "empty"], "holds no extractor; train one with"),
        (["speech.npz", "--json", "o.txt"], "o.txt does not end in .json"),
        (["broken.npz"], "broken.npz is no whole zip file"),
        (["speech.npz", "--seeds", "0"], "'0' is not a whole number from 1 to 1000"),
    ],
)
def test_bad_input_is_one_sentence(
    chironomy_command: Command,
    motion_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "motions"):
        (tmp_path / name).mkdir()
    save_hands(swinging(), tmp_path / "motions" / "a.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK")
    speech(tmp_path / "speech.wav")
    before = set(tmp_path.iterdir())
    assert sentence in chironomy_command("evaluate", "gesture", *arguments).refuses()
    assert set(tmp_path.iterdir()) == before


def test_what_to_evaluate_must_be_said(chironomy_command: Command) -> None:
    assert "KIND" in chironomy_command("evaluate").refuses()


def test_a_model_is_measured_without_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from chironomy.cli import main; "
        f"code = main(['evaluate', 'gesture', {str(speech(tmp_path / 's.wav', 2.0))!r}, '--seeds', '1']); "
        "print('torch' in sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 motions of 1 clips, 1 with their speech" in done.stdout
    assert done.stdout.split()[-1] == "False"
