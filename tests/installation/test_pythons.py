# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python a backend is set up with, and what is fetched where Python has no pip or there is none."""

import hashlib
import http.server
import json
import os
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from chironomy.installation import environment, pythons, wheels
from chironomy.installation.commands import Commands, Download
from chironomy.installation.environment import environment_python
from chironomy.installation.errors import InstallationError, NoWheelError, Unreachable
from chironomy.installation.pythons import FETCHED, OWN, SYSTEM, Python
from chironomy.installation.wheels import fetch_wheel
from chironomy.work import QUIET

VERSION = sys.version_info[:2]


@pytest.fixture
def commands(tmp_path):
    made = Commands(tmp_path / "set-up.log", QUIET)
    made.begin("test")
    return made


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A packages' index on this computer: `index(name, wheel)` adds to it."""
    folder = tmp_path / "index"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            pass

    def add(package, wheel, sha256=None):
        data = Path(wheel).read_bytes()
        page = folder / "simple" / package / "index.html"
        page.parent.mkdir(parents=True)
        (folder / Path(wheel).name).write_bytes(data)
        entry = {
            "filename": Path(wheel).name,
            "url": f"/{Path(wheel).name}",
            "size": len(data),
            "hashes": {"sha256": sha256 or hashlib.sha256(data).hexdigest()},
        }
        page.write_text(json.dumps({"files": [{**entry, "filename": f"{package}-1.tar.gz"}, entry]}))

    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield add
        server.shutdown()
        thread.join()


def test_blenders_own_python_comes_first_and_the_systems_next(commands, tmp_path, monkeypatch):
    monkeypatch.setattr(pythons, "system_programs", lambda: iter([sys.executable, "/no/python3.11"]))
    asked = []
    monkeypatch.setattr(pythons, "fetched", lambda *_: asked.append(1) or Python("uv's", (3, 11), FETCHED))
    found = pythons.candidates(commands, tmp_path)
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


def test_uv_is_fetched_and_asked_for_a_python_where_there_is_none(commands, tmp_path, monkeypatch, index):
    """With a uv of the test's own, which answers as the real one does."""
    name = "uv.exe" if os.name == "nt" else "uv"
    wheel = tmp_path / "uv-7-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            f"uv-7.data/scripts/{name}",
            f"#!{sys.executable}\nimport os, sys\n"
            "open(os.environ['UV_PYTHON_INSTALL_DIR'] + '.asked', 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
            f"print({sys.executable!r})\n",
        )
    index("uv", wheel)
    monkeypatch.setattr(pythons, "locked_version", lambda _package: "7")
    monkeypatch.setattr(pythons.shutil, "which", lambda _name: None)
    assert pythons.fetched(commands, tmp_path / "tools") == Python(sys.executable, VERSION, FETCHED)
    assert (tmp_path / "tools" / "python.asked").read_text().splitlines() == [
        "python install --no-bin 3.11",
        "python find --managed-python --no-project 3.11",
    ]


def test_a_python_without_pip_gets_the_wheel_of_pip(commands, tmp_path, monkeypatch, index):
    import ensurepip

    (bundled,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    index("pip", bundled)
    monkeypatch.setattr(environment, "locked_version", lambda _package: bundled.name.split("-")[1])
    made = tmp_path / "backend"
    commands.run([sys.executable, "-m", "venv", "--without-pip", str(made)])
    python = Python(sys.executable, VERSION, OWN, has_pip=False)
    environment._pip_itself(commands, made, python, tmp_path / "tools", [])
    assert "pip" in commands.run([str(environment_python(made)), "-m", "pip", "--version"])


def test_what_comes_damaged_is_not_kept(tmp_path, index):
    wheel = tmp_path / "pip-1-py3-none-any.whl"
    wheel.write_bytes(b"whole")
    index("pip", wheel, sha256="0" * 64)
    with pytest.raises(InstallationError, match="arrived damaged"):
        fetch_wheel("pip", "1", tmp_path / "tools", lambda *_: None)
    assert list((tmp_path / "tools").iterdir()) == []


def test_an_index_that_is_not_there_and_one_without_the_wheel_are_told_apart(tmp_path, monkeypatch, index):
    wheel = tmp_path / "uv-1-py3-none-win_arm64.whl"
    wheel.write_bytes(b"elsewhere")
    index("uv", wheel)
    monkeypatch.setattr(wheels.platform, "machine", lambda: "riscv64")
    with pytest.raises(NoWheelError, match="there is no wheel of uv 1 for this system"):
        fetch_wheel("uv", "1", tmp_path, lambda *_: None)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(Unreachable, match="see to the network"):
        fetch_wheel("uv", "1", tmp_path, lambda *_: None)


@pytest.mark.parametrize(
    ("system", "machine", "tags", "runs"),
    [
        ("linux", "x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64", True),
        ("linux", "x86_64", "musllinux_1_1_x86_64", False),
        ("linux", "aarch64", "manylinux_2_17_x86_64", False),
        ("win32", "AMD64", "win_amd64", True),
        ("win32", "ARM64", "win_amd64", False),
        ("darwin", "arm64", "macosx_11_0_arm64", True),
        ("darwin", "x86_64", "macosx_10_12_x86_64", True),
        ("freebsd", "amd64", "any", True),
    ],
)
def test_the_wheel_of_this_system_is_known(monkeypatch, system, machine, tags, runs):
    monkeypatch.setattr(wheels.sys, "platform", system)
    monkeypatch.setattr(wheels.platform, "machine", lambda: machine)
    assert wheels._runs_here(tags) == runs


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
