# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy animate`: the backend and the driver of the add-on, with a stand-in for Blender.

What the real add-on does in a real Blender is tested with the add-on.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_recordings import BAD, speech
from command_line import Command
from PIL import Image
from stand_in import extension

from chironomy.service.server import serve

PATIENCE = 60.0


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A backend that runs already, as options of the command."""
    stop, listening, found = threading.Event(), threading.Event(), []

    def told(url: str, token_file: Path) -> None:
        found.extend(["--backend", url, "--token-file", str(token_file)])
        listening.set()

    options = {"data": tmp_path_factory.mktemp("data"), "on_listening": told, "stop": stop}
    thread = threading.Thread(target=serve, kwargs=options)
    thread.start()
    assert listening.wait(PATIENCE)
    yield found
    stop.set()
    thread.join(PATIENCE)


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in's zip, named in the environment and run by this Python."""
    path = extension(tmp_path / "chironomy-9.zip")
    monkeypatch.setenv("CHIRONOMY_EXTENSION", str(path))
    monkeypatch.setattr("chironomy.commands.animate.find_blender", lambda given: None)
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return speech(tmp_path / "speech.wav")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_it_writes_five_files(chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]) -> None:
    out = tmp_path / "out"
    said = chironomy_command("animate", recording, "--out", out, "--size", "64x96", *backend)
    assert said.code == 0, said.err
    assert names(out) == {"motion.npz", "scene.blend", "hands.fbx", "video.mp4", "sheet.png"}
    assert all(str(out / name) in said.out for name in ("scene.blend", "sheet.png"))
    assert re.search(r"generate +1\.2\n", said.out)
    assert "80, 10 % of one in every frame" in said.out


def test_the_job_says_all_that_was_asked(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    options = ["--seed", 3, "--style", "calm", "--speed", 1.5, "--fps", 25, "--size", "64x96"]
    options += ["--edit", "raise=right@0.5:0.10", "--edit", "left:-0.05"]
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", *options, *backend)
    job = json.loads((tmp_path / "out" / "scene.blend").read_text())
    assert job["format"] == "chironomy.job/1"
    assert job["speech"] == str(recording)
    assert job["backend"]["url"] == backend[1]
    assert job["settings"] == {
        "seed": 3,
        "style": "calm",
        "speed": 1.5,
        "amplitude": 1.0,
        "fps": 25.0,
        "engine": "previz",
        "width": 64,
        "height": 96,
    }
    assert job["edits"] == [
        {"hand": "right", "bone": "hand.R", "time": 0.5, "offset": [0.0, 0.10, 0.0], "radius": 0.5},
        {"hand": "left", "bone": "hand.L", "time": None, "offset": [0.0, -0.05, 0.0], "radius": 0.5},
    ]
    assert "right wrist +10 cm at frame 12" in said.out
    assert "left wrist -5 cm at frame 12" in said.out


def test_a_rate_goes_with_the_job_where_it_is_not_the_usual_one(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    options = ["animate", recording, "--out", tmp_path / "out", "--size", "64x96", *backend]
    assert chironomy_command(*options, "--rate", 0.5).code == 0
    job = json.loads((tmp_path / "out" / "scene.blend").read_text())
    assert job["settings"]["rate"] == 0.5
    assert "'3' is not a number from 0.25 to 2.5" in chironomy_command(*options, "--rate", 3).err


def test_a_portrait_goes_with_the_job_and_must_be_a_picture(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    portrait = tmp_path / "portrait.png"
    Image.new("RGB", (80, 100)).save(portrait)
    options = [recording, "--out", tmp_path / "d", "--portrait", portrait, *backend]
    assert chironomy_command("animate", *options, "--size", "64x96").code == 0
    job = json.loads((tmp_path / "d" / "scene.blend").read_text())
    assert job["portrait"] == {"filepath": str(portrait), "keep_size": True}
    portrait.write_text("no picture")
    said = chironomy_command("animate", *options)
    assert "portrait.png is not a picture that can be read" in said.refuses()


def test_it_starts_a_backend_of_its_own(chironomy_command: Command, tmp_path: Path, recording: Path) -> None:
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", "--size", "64x96")
    assert said.code == 0, said.err
    assert (tmp_path / "out" / "video.mp4").is_file()


def test_earlier_results_are_kept_beside_the_new_ones(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "hands.fbx").write_bytes(b"older")
    (out / "notes.txt").write_text("mine")
    # Of a run with another format: beside the new results it would be taken for one of them.
    (out / "video.webm").write_bytes(b"older film")
    said = chironomy_command("animate", recording, "--out", out, "--size", "64x96", *backend)
    assert said.code == 0
    assert not (out / "video.webm").exists()
    assert (out / "previous-001" / "video.webm").read_bytes() == b"older film"
    assert (out / "hands.fbx").read_bytes() == b"fbx"
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "previous-001" / "hands.fbx").read_bytes() == b"older"
    assert f"kept the earlier hands.fbx, video.webm in {out / 'previous-001'}" in said.err


def test_an_edit_after_the_end_is_found_out_first(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", "--edit", "right@99:0.1", *backend)
    assert said.refuses().startswith("the edit at 99 s is after the end of ")
    assert not (tmp_path / "out").exists()


def test_the_recording_is_never_replaced(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    film = recording.rename(tmp_path / "video.mp4")
    said = chironomy_command("animate", film, "--out", tmp_path, *backend)
    assert "is what the work starts from; give --out another folder" in said.refuses()
    assert film.is_file()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recording_is_one_sentence_and_no_folder(
    chironomy_command: Command, tmp_path: Path, backend: list[str], name: str
) -> None:
    make, sentence = BAD[name]
    said = chironomy_command("animate", make(tmp_path), "--out", tmp_path / "out" / "deep", *backend)
    assert re.search(sentence, said.refuses())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("refuse", "the rig has no hand.R; add the character again"),
        ("crash", "Blender ended before the work was done (exit code 11): RuntimeError: out of video memory"),
        ("forget", "hands.fbx did not come out of the work; nothing was written to "),
    ],
)
def test_a_failure_in_blender_leaves_the_older_results(
    chironomy_command: Command,
    tmp_path: Path,
    recording: Path,
    backend: list[str],
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("STAND_IN", mode)
    out = tmp_path / "out"
    out.mkdir()
    (out / "hands.fbx").write_bytes(b"older")
    said = chironomy_command("animate", recording, "--out", out, "--size", "64x96", *backend)
    assert said.refuses().startswith(sentence)
    assert names(out) == {"hands.fbx"}
    assert (out / "hands.fbx").read_bytes() == b"older"


def test_a_folder_that_cannot_be_written_is_found_out_first(
    chironomy_command: Command, recording: Path, blocked: Path
) -> None:
    said = chironomy_command("animate", recording, "--out", blocked)
    assert said.refuses() == f"{blocked} cannot be written (Not a directory); choose a folder that you may write to"


def test_a_file_is_no_output_folder(chironomy_command: Command, recording: Path) -> None:
    said = chironomy_command("animate", recording, "--out", recording)
    assert said.refuses() == f"{recording} is a file; give --out the name of a folder"


def test_a_backend_that_is_not_there_is_one_sentence(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    options = ["--backend", "http://127.0.0.1:9", *backend[2:]]
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", *options)
    assert said.refuses().startswith(
        "No backend answers at http://127.0.0.1:9: start one with `chironomy serve --port 9`"
    )
    assert not (tmp_path / "out").exists()


def test_a_wrong_token_is_one_sentence(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    (tmp_path / "token").write_text("a-token-of-another-backend")
    options = ["--backend", backend[1], "--token-file", tmp_path / "token"]
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", *options)
    assert "refuses the token: use the one in its token file" in said.refuses()
    assert not (tmp_path / "out").exists()


def test_a_token_file_that_is_not_there_is_named(chironomy_command: Command, tmp_path: Path, recording: Path) -> None:
    options = ["--backend", "http://127.0.0.1:9", "--token-file", tmp_path / "token"]
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", *options)
    assert said.refuses() == f"the token file {tmp_path / 'token'} cannot be read (No such file or directory)"


def test_a_backend_without_its_token_file_is_refused(
    chironomy_command: Command, tmp_path: Path, recording: Path
) -> None:
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", "--backend", "http://127.0.0.1:9")
    assert said.refuses().startswith("--backend needs --token-file")


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--style", "wild", "there is no style 'wild'; choose one of neutral, calm, lively, emphatic"),
        ("--engine", "dream", "there is no engine 'dream'; choose one of previz"),
    ],
)
def test_what_the_backend_has_not_is_known_before_blender_starts(
    chironomy_command: Command,
    tmp_path: Path,
    recording: Path,
    backend: list[str],
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("STAND_IN", "refuse")
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", option, value, *backend)
    assert said.refuses().startswith(sentence)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--size", "640", "argument --size: '640' is not a size: write WIDTHxHEIGHT, such as 512x704"),
        ("--size", "641x480", "argument --size: '641x480' is not a size for video: both must be even"),
        ("--edit", "raise=right", "argument --edit: 'raise=right' is not an edit: write raise=right@middle:0.10"),
        ("--edit", "raise=right@2:9", "argument --edit: 'raise=right@2:9' moves the wrist by more than an arm"),
    ],
)
def test_an_option_out_of_range_is_named(
    chironomy_command: Command, tmp_path: Path, option: str, value: str, sentence: str
) -> None:
    said = chironomy_command("animate", "speech.wav", "--out", tmp_path / "out", option, value)
    assert said.refuses().startswith(sentence)


def test_a_zip_that_is_not_the_extension_is_named(chironomy_command: Command, tmp_path: Path, recording: Path) -> None:
    for path, sentence in (
        (recording, "name the zip of the Chironomy extension"),
        (tmp_path / "x.zip", "does not exist"),
    ):
        said = chironomy_command("animate", recording, "--out", tmp_path / "out", "--extension", path)
        assert sentence in said.refuses()


def test_a_blender_that_is_not_there_is_named(
    chironomy_command: Command, tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", "--blender", tmp_path / "blender")
    assert (
        said.refuses() == f"{tmp_path / 'blender'} is not a program that can be run; give --blender the path of Blender"
    )


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_it_leaves_no_process_and_no_file(
    tmp_path: Path, recording: Path, stand_in: Path, number: signal.Signals
) -> None:
    marker = tmp_path / "marker"
    # A shell starts what runs in its background deaf to SIGINT, and the suite may be there.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, chironomy.commands.animate as animate; from chironomy.cli import main\n"
        "animate.find_blender = lambda given: None\n"
        f"sys.exit(main(['animate', {str(recording)!r}, '--out', {str(tmp_path / 'out')!r}]))"
    )
    variables = {**os.environ, "STAND_IN": "hang", "STAND_IN_PID": str(marker)}
    with subprocess.Popen([sys.executable, "-c", program], env=variables, stderr=subprocess.PIPE, text=True) as command:
        pause = threading.Event()
        for _ in range(int(PATIENCE / 0.05)):
            if marker.exists() and marker.read_text():
                break
            pause.wait(0.05)
        blender, url = marker.read_text().split()
        command.send_signal(number)
        try:
            _, said = command.communicate(timeout=PATIENCE)
        finally:
            command.kill()
    assert command.returncode == 130
    assert said == "chironomy: stopped before it was done\n"
    assert not (tmp_path / "out").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(blender), 0)
    from chironomy.client import BackendMissing, Client

    with pytest.raises(BackendMissing):
        Client(url, "any-token").health()


def test_the_look_and_the_format_reach_the_job(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    options = ["--size", "64x96", "--outfit", "navy", "--backdrop", "dusk", "--burn-in", "--still"]
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", *options, *backend)
    assert said.code == 0, said.err
    settings = json.loads((tmp_path / "out" / "scene.blend").read_text())["settings"]
    assert {name: settings[name] for name in ("outfit", "backdrop", "burn_in", "accompany")} == {
        "outfit": "navy",
        "backdrop": "dusk",
        "burn_in": True,
        "accompany": False,
    }


def test_a_sequence_is_not_what_animate_makes(
    chironomy_command: Command, tmp_path: Path, recording: Path, backend: list[str]
) -> None:
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", "--format", "exr", *backend)
    assert said.code != 0
    assert "invalid choice: 'exr'" in said.err


def test_a_remote_backend_proves_its_name_by_the_authority_that_is_given(
    chironomy_command: Command, tmp_path: Path, recording: Path
) -> None:
    (tmp_path / "token").write_text("a-token-of-more-than-16-characters")
    remote = ["--backend", "https://localhost:9", "--token-file", tmp_path / "token"]
    said = chironomy_command("animate", recording, "--out", tmp_path / "out", *remote, "--ca", tmp_path / "ca.pem")
    assert f"There is no file {tmp_path / 'ca.pem'} of authorities" in said.refuses()
