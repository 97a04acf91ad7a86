# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python a backend is set up with, and what is fetched where Python has no pip or there is none."""

import os
import sys
from pathlib import Path

import pytest
from tiny_wheels import tiny_wheel

from build_extension import bundled_pip
from chironomy.installation import environment, pythons
from chironomy.installation.commands import Commands, Download
from chironomy.installation.environment import environment_python
from chironomy.installation.errors import InstallationError
from chironomy.installation.parts import locked_version
from chironomy.installation.pythons import FETCHED, OWN, SYSTEM, Python
from chironomy.installation.wheels import pip_of
from chironomy.work import QUIET

VERSION = sys.version_info[:2]


@pytest.fixture
def commands(tmp_path):
    made = Commands(tmp_path / "set-up.log", QUIET)
    made.begin("test")
    return made


def test_blenders_own_python_comes_first_and_the_systems_next(commands, tmp_path, monkeypatch):
    monkeypatch.setattr(pythons, "system_programs", lambda: iter([sys.executable, "/no/python3.11"]))
    asked = []
    monkeypatch.setattr(pythons, "fetched", lambda *_: asked.append(1) or Python("uv's", (3, 11), FETCHED))
    found = pythons.candidates(commands, tmp_path, bundled_pip())
    assert next(found) == Python(sys.executable, VERSION, OWN)
    assert not asked, "nothing is fetched while there is one"
    assert next(found).whose == FETCHED
    assert "/no/python3.11: cannot make an environment" in commands.log.read_text()


def test_a_blender_is_not_taken_for_a_python(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "blender"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert pythons.own_program() == ""
    beside = tmp_path / ("python.exe" if os.name == "nt" else "bin/python3")
    beside.parent.mkdir(exist_ok=True)
    beside.touch()
    assert pythons.own_program() == str(beside)


def test_what_is_no_python_of_ours_is_passed_over(tmp_path):
    assert pythons.examined(str(tmp_path / "nothing"), SYSTEM) is None
    assert pythons.examined(sys.executable, SYSTEM) == Python(sys.executable, VERSION, SYSTEM)


def test_an_older_python_does_not_do(monkeypatch):
    monkeypatch.setattr(pythons, "PYTHONS", ((3, 99),))
    assert pythons.examined(sys.executable, SYSTEM) is None


def test_pythons_of_pyenv_and_of_the_path_are_found(monkeypatch, tmp_path):
    if os.name == "nt":
        made = tmp_path / "pyenv-win" / "versions" / "3.13.2" / "python.exe"
    else:
        made = tmp_path / "versions" / "3.13.2" / "bin" / "python"
    made.parent.mkdir(parents=True)
    made.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert str(made) in list(pythons.system_programs())


def test_what_the_launcher_of_windows_lists_is_read():
    said = (
        " -V:3.14          C:\\Python314\\python.exe\n"
        " -V:3.13 *        C:\\Users\\A B\\Python313\\python.exe\n"
        " -V:3.11-arm64    C:\\Python311\\python.exe\n"
        " -V:3.9           C:\\Python39\\python.exe\n"
        " -3.12-64         C:\\Python312\\python.exe\n"
    )
    assert pythons.launcher_programs(said) == [
        "C:\\Python311\\python.exe",
        "C:\\Users\\A B\\Python313\\python.exe",
        "C:\\Python312\\python.exe",
        "C:\\Python314\\python.exe",
    ]


def test_pip_brings_uv_which_is_asked_for_a_python_where_there_is_none(commands, tmp_path, monkeypatch):
    """With a uv of the test's own, which answers as the real one does."""
    uv = (
        "import os, sys\n"
        "def main():\n"
        "    open(os.environ['UV_PYTHON_INSTALL_DIR'] + '.asked', 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"    print({sys.executable!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", "")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    tiny_wheel(wheels, "uv", "7", {"uv_program.py": uv}, script="uv = uv_program:main")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(pythons, "locked_version", lambda _package: "7")
    monkeypatch.setattr(pythons.shutil, "which", lambda _name: None)
    tools = tmp_path / "tools"
    commands.variables = {"PYTHONPATH": str(tools)}
    assert pythons.fetched(commands, tools, bundled_pip(), sys.executable) == Python(sys.executable, VERSION, FETCHED)
    assert (tools / "python.asked").read_text().splitlines() == [
        "python install --no-bin 3.11",
        "python find --managed-python --no-project 3.11",
    ]
    pythons.fetched(commands, tools, bundled_pip(), sys.executable)
    assert commands.log.read_text().count("Successfully installed uv-7") == 1, "it is brought once"


def test_without_any_python_to_run_pip_in_the_sentence_says_what_to_install(commands, tmp_path, monkeypatch):
    monkeypatch.setattr(pythons.shutil, "which", lambda _name: None)
    with pytest.raises(InstallationError, match=r"install Python 3\.11 or uv and try again"):
        pythons.fetched(commands, tmp_path, bundled_pip(), "")


def test_pip_does_not_take_itself_for_a_program_called_pip(commands, tmp_path):
    """As such it installs no pip on Windows."""
    modules = {"pip/__init__.py": "", "pip/__main__.py": "import sys\nprint(*sys.argv, sep='|')\n"}
    said = commands.run([*pip_of(tiny_wheel(tmp_path, "pip", "1", modules), sys.executable), "install", "pip"])
    name, *arguments = said.split("|")
    assert (Path(name).name, arguments) == ("__main__.py", ["install", "pip"])


def test_a_python_without_ensurepip_gets_the_pip_that_the_extension_brings(commands, tmp_path):
    made = tmp_path / "backend"
    commands.run([sys.executable, "-m", "venv", "--without-pip", str(made)])
    environment._install_pip(commands, made, bundled_pip())
    said = commands.run([str(environment_python(made)), "-m", "pip", "--version"])
    assert said.startswith(f"pip {locked_version('pip')} from")


def test_megabytes_are_read_from_what_pip_says():
    download = Download()
    for line in (
        "Using cached numpy-2.whl (16.0 MB)",
        "Downloading scipy-1.whl (30.0 MB)",
        "Progress 0 of 30000000",
        "Progress 12000000 of 30000000",
    ):
        download.read(line)
    assert download.done == 28e6
    for line in ("Downloading small.whl (500 kB)", "Downloading tiny.whl (900 bytes)"):
        download.read(line)
    assert download.done == 46.5e6
    assert not download.unpacking
    download.read("Installing collected packages: scipy, numpy")
    assert (download.done, download.unpacking) == (pytest.approx(46.5009e6), True)
