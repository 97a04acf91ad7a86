# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy gesture`: settings go in, a motion file comes out; bad input is one sentence and no file."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from cli_recordings import BAD, ODD, speech
from command_line import Command, still_hands

from chironomy.errors import ChironomyError
from chironomy.gesture.score import Score
from chironomy.motion.files import load_hands, save_hands
from chironomy.motion.hand_motion import HandMotion

pytestmark = pytest.mark.usefixtures("still_model")


def test_it_writes_a_motion(chironomy_command: Command, tmp_path: Path) -> None:
    said = chironomy_command(
        "gesture", speech(tmp_path / "speech.wav"), "--out", tmp_path / "new" / "m.npz", "--fps", 30
    )
    assert said.code == 0
    assert load_hands(tmp_path / "new" / "m.npz").frame_count == 30
    assert "30 frames at 30 a second" in said.out


def test_a_recording_that_was_cut_short_is_used_as_far_as_it_goes_and_that_is_told(
    chironomy_command: Command, tmp_path: Path
) -> None:
    path = speech(tmp_path / "cut.wav")
    path.write_bytes(path.read_bytes()[:20000])
    said = chironomy_command("gesture", path, "--out", tmp_path / "m.npz")
    assert said.code == 0
    assert "cut.wav breaks off: of the 1.0 s that its header tells, 0.6 s are there and are used" in said.err


def test_where_nothing_is_heard_the_person_is_told(chironomy_command: Command, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "muted.wav", np.zeros(16000), 16000)
    said = chironomy_command("gesture", tmp_path / "muted.wav", "--out", tmp_path / "m.npz")
    assert said.code == 0
    assert "nothing is heard in muted.wav" in said.err
    assert load_hands(tmp_path / "m.npz").source["speech_silent"] is True
    assert "the hands rest" in said.err
    Score((), 1.0).save(tmp_path / "s.json")
    options = ["--out", tmp_path / "m.npz", "--score", tmp_path / "s.json"]
    said = chironomy_command("gesture", tmp_path / "muted.wav", *options)
    assert "the hands do what the score asks for" in said.err
    assert "the hands rest" not in said.err
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz")
    assert "nothing is heard" not in said.err
    assert "speech_silent" not in load_hands(tmp_path / "m.npz").source


def test_its_settings_reach_the_model(
    chironomy_command: Command, tmp_path: Path, still_model: list[Mapping[str, Any]]
) -> None:
    options = ["--seed", 7, "--style", "calm", "--speed", 1.5, "--amplitude", 0.5, "--rate", 2]
    assert chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz", *options).code == 0
    asked = {name: still_model[0][name] for name in ("seed", "style", "speed", "amplitude", "rate", "fps")}
    assert asked == {"seed": 7, "style": "calm", "speed": 1.5, "amplitude": 0.5, "rate": 2.0, "fps": 24.0}


def test_all_that_the_model_can_be_told_reaches_it(
    chironomy_command: Command, tmp_path: Path, still_model: list[Mapping[str, Any]]
) -> None:
    options = ["--style", "lively:0.5,calm:0.25", "--handedness", "left:0.7,both:0.3", "--steps", 4, "--guidance", 2]
    options += ["--style-guidance", 1.5, "--hide-below", -0.4]
    assert chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz", *options).code == 0
    wanted = {
        "style": {"lively": 0.5, "calm": 0.25},
        "handedness": {"left": 0.7, "both": 0.3},
        "num_inference_steps": 4,
        "guidance_scale": 2.0,
        "style_guidance_scale": 1.5,
        "hide_below": -0.4,
    }
    assert {name: still_model[0][name] for name in wanted} == wanted


class Recorded:
    """A model that keeps the hands still in every way it can be called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.settings: list[dict[str, Any]] = []

    def variants(self, speech: Any, count: int, *, fps: float, seed: int, **_: Any) -> list[HandMotion]:
        self.calls.append(("variants", count, seed))
        return [still_hands(24, fps) for _ in range(count)]

    def regenerate(self, speech: Any, motion: HandMotion, start: float, end: float, **settings: Any) -> HandMotion:
        self.calls.append(("regenerate", start, end, settings["hands"], settings["seed"]))
        self.settings.append(settings)
        return motion


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    model = Recorded()
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: model)
    return model


def test_variants_are_numbered(chironomy_command: Command, tmp_path: Path, recorded: Recorded) -> None:
    said = chironomy_command(
        "gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz", "--variants", 3, "--seed", 5
    )
    assert said.code == 0
    assert recorded.calls == [("variants", 3, 5)]
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["m-1.npz", "m-2.npz", "m-3.npz"]


def test_a_range_of_a_motion_is_made_anew(chironomy_command: Command, tmp_path: Path, recorded: Recorded) -> None:
    save_hands(still_hands(30, 30.0), tmp_path / "old.npz")
    options = ["--keep", tmp_path / "old.npz", "--range", "0.2:0.8", "--hands", "right", "--seed", 4]
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "new.npz", *options)
    assert said.code == 0
    assert recorded.calls == [("regenerate", 0.2, 0.8, ("right",), 4)]
    assert load_hands(tmp_path / "new.npz").fps == 30


def test_a_range_is_made_anew_as_the_motion_was_made_unless_other_is_said(
    chironomy_command: Command, tmp_path: Path, recorded: Recorded
) -> None:
    told = {
        "style": {"lively": 0.5, "open": 0.5},
        "amplitude": 1.2,
        "rate": 1.5,
        "handedness": "right",
        "emotion": "sad",
    }
    save_hands(still_hands(30, 30.0).replaced(source={**told, "seed": 3}), tmp_path / "old.npz")
    common = [speech(tmp_path / "s.wav"), "--keep", tmp_path / "old.npz", "--range", "0.2:0.8"]
    assert chironomy_command("gesture", *common, "--out", tmp_path / "new.npz").code == 0
    own = ["--style", "calm", "--handedness", "both", "--rate", 1, "--emotion", "neutral"]
    assert chironomy_command("gesture", *common, "--out", tmp_path / "other.npz", *own).code == 0
    as_it_was, other = recorded.settings
    assert {name: as_it_was[name] for name in ("style", "rate", "handedness")} == {
        name: told[name] for name in ("style", "rate", "handedness")
    }
    # Sad hands are smaller than they were asked to be, as in the rest of the motion.
    assert 0.8 < as_it_was["amplitude"] < 1.2
    assert (other["style"], other["rate"], other["handedness"], other["amplitude"]) == ("calm", 1, "both", 1.2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--range", "1:2"], "--keep and --range belong together"),
        (["--keep", "old.npz"], "--keep and --range belong together"),
        (["--keep", "none.npz", "--range", "1:2"], "none.npz"),
        (["--range", "2:1"], "argument --range: '2:1' is not a range of time"),
        (["--range", "-1:2"], "argument --range: '-1:2' is not a range of time: write START:END in seconds, from 0 on"),
        (["--hands", "left"], "--hands belongs to --range"),
        (["--keep", "old.npz", "--range", "1:2", "--fps", "30"], "--fps does not go with --keep"),
        (["--style", ""], "argument --style: it is empty: write a name"),
        (["--handedness", ""], "argument --handedness: it is empty: write a name"),
        (["--style", "lively:0,calm:0"], "The setting 'style' gives no name a weight above 0"),
        (["--emotion", "happy:5"], "argument --emotion: the weight of the emotion happy is 5.0; give 0 to 1"),
        (["--style", "calm:x"], "argument --style: 'calm:x' is not a name or names with weights"),
        (["--style", "calm:0.5,calm:0.2"], "argument --style: 'calm:0.5,calm:0.2' has 'calm' twice: write lively or"),
        (["--emotion", "sad:x"], "argument --emotion: 'sad:x' is not a name or names with weights: give one of"),
        (["--style", "wild:1"], "The setting 'style' has 'wild': choose from neutral, calm, lively, emphatic"),
        (["--style", "calm:-1"], "The setting 'style' gives calm the weight -1.0"),
        (["--handedness", "feet"], "The setting 'handedness' is 'feet': choose one of left, right, both"),
        (["--model", "nowhere"], "does not exist; give the folder of a gesture model"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    chironomy_command: Command, tmp_path: Path, recorded: Recorded, options: list[str], sentence: str
) -> None:
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz", *options)
    assert sentence in said.refuses()
    assert recorded.calls == []


def test_what_does_not_belong_to_the_recording_is_remarked_on(
    chironomy_command: Command, tmp_path: Path, recorded: Recorded
) -> None:
    save_hands(still_hands(24).replaced(source={"speech": 64 * "0", "remarks": ["of before"]}), tmp_path / "old.npz")
    options = ["--keep", tmp_path / "old.npz", "--range", "0.2:0.8", "--emotion", "0=neutral;99=happy"]
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "new.npz", *options)
    assert said.code == 0
    assert said.err.splitlines() == [
        "the emotion changes at 99 s, after the end of s.wav at 1.00 s",
        "the motion that is kept was made for another recording than s.wav",
    ]


def test_hands_that_are_faster_than_peoples_are_remarked_on(
    chironomy_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hurried(speech: Any, *, fps: float, **_: Any) -> HandMotion:
        motion = still_hands(24, fps)
        position = motion.wrist_position.copy()
        position[12:, 1, 1] += 0.5
        return motion.replaced(wrist_position=position)

    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: hurried)
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz")
    assert said.code == 0
    assert "a hand reaches 6.0 m/s at 0.5 s, faster than people gesture" in said.err


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), ImportError("numpy cannot be loaded (KeyboardInterrupt: )")])
def test_who_stops_it_is_told_so_however_early(
    chironomy_command: Command, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def stopped() -> None:
        raise raised

    monkeypatch.setattr("chironomy.cli.make_parser", stopped)
    said = chironomy_command("gesture", "s.wav", "--out", "m.npz")
    assert (said.code, said.err) == (130, "chironomy: stopped before it was done\n")


def test_a_result_never_replaces_the_motion_it_is_made_from(
    chironomy_command: Command, tmp_path: Path, recorded: Recorded
) -> None:
    save_hands(still_hands(24), tmp_path / "m.npz")
    options = ["--keep", tmp_path / "m.npz", "--range", "0.2:0.8"]
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz", *options)
    assert "is what the work starts from" in said.refuses()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recording_is_one_sentence_and_no_file(chironomy_command: Command, tmp_path: Path, name: str) -> None:
    make, sentence = BAD[name]
    said = chironomy_command("gesture", make(tmp_path), "--out", tmp_path / "out" / "m.npz")
    assert re.search(sentence, said.refuses())
    assert not (tmp_path / "out").exists()


def test_the_recording_is_never_replaced(chironomy_command: Command, tmp_path: Path) -> None:
    recording = speech(tmp_path / "speech.wav").rename(tmp_path / "speech.npz")
    before = recording.read_bytes()
    said = chironomy_command("gesture", recording, "--out", tmp_path / "." / "speech.npz")
    assert "is what the work starts from; give --out another name" in said.refuses()
    assert recording.read_bytes() == before


@pytest.mark.parametrize("name", ODD)
def test_an_odd_recording_is_handled(chironomy_command: Command, tmp_path: Path, name: str) -> None:
    make, seconds = ODD[name]
    assert chironomy_command("gesture", make(tmp_path), "--out", tmp_path / "m.npz").code == 0
    assert load_hands(tmp_path / "m.npz").duration == pytest.approx(seconds, abs=0.5 / 24)


def test_a_folder_that_cannot_be_written_is_found_out_first(
    chironomy_command: Command, tmp_path: Path, blocked: Path, still_model: list[Mapping[str, Any]]
) -> None:
    said = chironomy_command("gesture", speech(tmp_path / "speech.wav"), "--out", blocked / "m.npz")
    assert "cannot be written (Not a directory); choose a folder that you may write to" in said.refuses()
    assert still_model == [], "nothing was computed"


@pytest.mark.parametrize(
    ("out", "sentence"),
    [("m.txt", "must be a .npz file"), ("folder.npz", "is a folder; give --out the name of a file in it")],
)
def test_an_output_that_is_no_motion_file_is_refused(
    chironomy_command: Command, tmp_path: Path, out: str, sentence: str
) -> None:
    (tmp_path / "folder.npz").mkdir()
    assert sentence in chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / out).refuses()


def test_an_unknown_style_lists_those_there_are(chironomy_command: Command, tmp_path: Path) -> None:
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz", "--style", "wild")
    assert (
        said.refuses()
        == "The setting 'style' is 'wild': choose one of neutral, calm, lively, emphatic, precise, open, reserved"
    )


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--fps", "0", "argument --fps: '0' is not a number from 1 to 240"),
        ("--fps", "nan", "argument --fps: 'nan' is not a number from 1 to 240"),
        ("--seed", "-1", "argument --seed: '-1' is not a whole number from 0 to 2147483647"),
        ("--speed", "fast", "argument --speed: 'fast' is not a number from 0.25 to 2.5"),
        ("--colour", "red", "unrecognized arguments: --colour red"),
    ],
)
def test_an_option_out_of_range_is_named(
    chironomy_command: Command, tmp_path: Path, option: str, value: str, sentence: str
) -> None:
    said = chironomy_command("gesture", "s.wav", "--out", tmp_path / "m.npz", option, value)
    assert said.refuses().startswith(sentence)


def test_a_failure_on_the_way_keeps_the_older_file(
    chironomy_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ChironomyError("the weights were made for another rig")

    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: fails)
    (tmp_path / "m.npz").write_bytes(b"older")
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz")
    assert said.refuses() == "the weights were made for another rig"
    assert (tmp_path / "m.npz").read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.npz", "s.wav"]


def test_a_missing_package_says_how_to_install_it(
    chironomy_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", fails)
    said = chironomy_command("gesture", speech(tmp_path / "s.wav"), "--out", tmp_path / "m.npz")
    assert said.refuses() == "the Python package 'torch' is missing: install it with pip install 'chironomy[backend]'"


def test_the_command_imports_nothing_that_only_training_needs(tmp_path: Path) -> None:
    heavy = "torch", "diffusers", "transformers", "scipy", "librosa", "numba", "soundfile", "pocketsphinx", "fastapi"
    arguments = ["gesture", str(speech(tmp_path / "speech.wav")), "--out", str(tmp_path / "m.npz")]
    program = (
        f"import sys\nfrom chironomy.cli import main\nassert main({arguments}) == 0\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[-1] == "[]"
