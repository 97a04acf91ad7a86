# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy doctor` and the other small manners of the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Command
from stand_in import extension

import chironomy
from chironomy.commands.doctor import Finding, examine
from chironomy.gesture.settings import STYLES
from chironomy.video.engines.registry import engine_names


def finding(name: str) -> Finding:
    return next(found for found in examine() if found.name == name)


def test_all_is_there(chironomy_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bpy")
    monkeypatch.setenv("CHIRONOMY_EXTENSION", str(extension(tmp_path / "chironomy.zip")))
    said = chironomy_command("doctor")
    assert said.code == 0, said.out
    assert "missing" not in said.out
    assert said.out.endswith("chironomy animate can run here\n")


def test_what_is_missing_says_what_to_do_and_fails(
    chironomy_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIRONOMY_EXTENSION", str(tmp_path / "none.zip"))
    said = chironomy_command("doctor")
    assert said.code == 1
    assert f"missing extension     {tmp_path / 'none.zip'} does not exist; name the extension's zip" in said.out
    assert said.out.endswith("cannot run here yet: see what is missing\n")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chironomy.commands.doctor.BACKEND_PACKAGES", ("numpy", "no-such-package"))
    found = finding("packages")
    assert (found.ok, found.detail) == (False, "no-such-package; pip install 'chironomy[backend]'")


def test_a_fault_while_looking_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("the drivers\nare at war")

    monkeypatch.setattr("chironomy.commands.doctor._torch", broken)
    assert finding("torch").detail == "RuntimeError: the drivers are at war"


def test_a_gpu_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    found = finding("GPU")
    assert not found.ok
    assert not found.needed


def test_the_version(chironomy_command: Command) -> None:
    assert chironomy_command("--version").out == f"chironomy {chironomy.__version__}\n"


def test_no_command_is_one_sentence(chironomy_command: Command) -> None:
    assert chironomy_command().refuses() == "the following arguments are required: COMMAND (see chironomy --help)"


def test_python_minus_m_is_the_same_program() -> None:
    said = subprocess.run([sys.executable, "-m", "chironomy", "--help"], capture_output=True, text=True, check=True)
    assert all(command in said.stdout for command in ("animate", "gesture", "video", "serve", "doctor"))


def test_help_names_every_style_and_engine(chironomy_command: Command) -> None:
    said = chironomy_command("animate", "--help").out
    assert all(name in said for name in (*STYLES, *engine_names(), "right@2.5:0.10"))


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from chironomy.cli import make_parser; make_parser()\n"
        "print([name for name in ('torch', 'numba', 'bpy', 'librosa', 'scipy', 'fastapi') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_out_of_range_is_named(chironomy_command: Command, port: str) -> None:
    assert chironomy_command("serve", "--port", port).refuses().startswith(f"argument --port: {port!r} is not a whole")


def test_a_backend_for_a_process_that_is_not_there_is_refused(chironomy_command: Command, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    said = chironomy_command("serve", "--data", tmp_path, "--parent-pid", gone.pid)
    assert said.refuses() == f"There is no process {gone.pid} to end with: give --parent-pid a running one"


@pytest.mark.usefixtures("without_perception")
def test_portraits_are_not_needed_and_say_what_they_need() -> None:
    found = finding("portraits")
    assert (found.ok, found.needed) == (False, False)
    assert "pip install 'chironomy[vision]'" in found.detail


def test_models_that_are_not_here_are_named_and_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    found = finding("portraits")
    assert (found.ok, found.needed) == (False, False)
    assert found.detail == "the models that look at them are not here yet: chironomy weights fetch perception"
    assert list(tmp_path.iterdir()) == []
