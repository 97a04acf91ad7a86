# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting up a backend from a folder of tiny wheels: what is there afterwards, whatever goes wrong on the way."""

import os
import subprocess
import sys
import zipfile

import pytest
from tiny_wheels import FITS, index_folder, project_wheel

from build_extension import bundled_pip
from chironomy.errors import ChironomyError
from chironomy.installation import environment, pythons
from chironomy.installation.environment import environment_python, install, installed
from chironomy.installation.errors import (
    FullDiskError,
    InstallationCancelled,
    InstallationError,
    NoWheelError,
    Unreachable,
)
from chironomy.installation.parts import CPU, NONE
from chironomy.installation.pythons import OWN, SYSTEM, Python
from chironomy.work import QUIET, Work


@pytest.fixture(scope="module")
def pip_folder(tmp_path_factory):
    """The pip that comes with the extension, unpacked once."""
    folder = tmp_path_factory.mktemp("pip")
    with zipfile.ZipFile(bundled_pip()) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(autouse=True)
def only_this_python(monkeypatch, pip_folder):
    """No other Python is looked for, uv fetches none, and all environments share a pip."""

    def nothing(*_):
        raise InstallationError("uv cannot be had here")

    monkeypatch.setattr(pythons, "system_programs", lambda: iter(()))
    monkeypatch.setattr(pythons, "fetched", nothing)
    monkeypatch.setattr(environment, "UNPACKED", 0.0)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    def shared(_commands, made, _pip):
        (packages,) = made.glob("**/site-packages")
        (packages / "shared.pth").write_text(str(pip_folder))

    monkeypatch.setattr(environment, "_install_pip", shared)


@pytest.fixture
def desk(tmp_path):
    """Sets up in a folder from an index; whatever is given to it is changed."""

    class Desk:
        folder = tmp_path / "extension"
        environment = folder / "backend"

        def set_up(self, pytorch=NONE, work=QUIET, trial=lambda _python: None, without=(), perception=FITS, **options):
            index, wheels = tmp_path / f"index-{'-'.join(without)}", tmp_path / "wheels"
            if not index.is_dir():
                index_folder(index, without)
            wheels.mkdir(exist_ok=True)
            wheel = project_wheel(wheels, perception, options.pop("python", ">=3.11"))
            arguments = ("--no-index", "--find-links", str(index))
            return install(self.folder, wheel, pytorch, work, trial, pip=bundled_pip(), arguments=arguments, **options)

        def runs(self, code):
            program = environment_python(self.environment)
            return subprocess.run([program, "-c", code], check=False, capture_output=True).returncode == 0

        def log(self):
            return (self.folder / "set-up.log").read_text(encoding="utf-8")

    made = Desk()
    made.folder.mkdir()
    return made


def test_all_parts_are_installed_in_the_locked_versions_and_told_of(desk):
    told, tried = [], []
    made = desk.set_up(CPU, Work(lambda *said: told.append(said)), tried.append)
    assert made.missing == {}
    version = "{}.{}".format(*sys.version_info[:2])
    assert made.sentence() == f"the backend is set up with Blender's own Python {version}"
    assert tried == [environment_python(desk.folder / "backend.new")]
    assert desk.runs("import fastapi, pocketsphinx, OpenEXR, mediapipe, torch, diffusers")
    assert installed(desk.environment) == made
    assert not (desk.folder / "backend.new").exists()
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[0] == (0.0, f"making an environment with Blender's own Python {version}")
    assert "looking for PyTorch" in [message for _, message in told]
    assert told[-1][0] == 1.0


def test_without_pytorch_there_is_none_and_scripts_run_where_they_are_in_the_end(desk):
    assert desk.set_up(NONE).missing == {}
    script = desk.environment / ("Scripts/chironomy.exe" if os.name == "nt" else "bin/chironomy")
    apart = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    said = subprocess.run([script], capture_output=True, text=True, check=os.name != "nt", env=apart)
    assert said.stdout == "hands\n" or os.name == "nt"
    assert desk.runs("import fastapi, OpenEXR")
    assert not desk.runs("import torch")


def test_an_optional_wheel_that_is_missing_fails_nothing_else(desk):
    made = desk.set_up(CPU, without=("pocketsphinx", "torch"))
    assert set(made.missing) == {"phones", "networks"}
    assert made.missing["phones"] == "there is no wheel of pocketsphinx for this Python and system"
    assert made.sentence().endswith(
        "; without lips by the sounds of English; without the engines emo2, vace and animate; the preferences tell why"
    )
    assert desk.runs("import fastapi, OpenEXR, mediapipe")


def test_an_optional_part_that_is_installed_and_does_not_work_is_missing(desk):
    made = desk.set_up(perception="raise ImportError('libGL.so.1: cannot open shared object file')")
    assert made.missing == {"vision": "libGL.so.1: cannot open shared object file"}


def test_a_failure_leaves_the_backend_that_was_there(desk):
    desk.set_up()
    with pytest.raises(InstallationError) as caught:
        desk.set_up(CPU, without=("fastapi",))
    assert str(caught.value) == (
        "setting up the backend failed: there is no wheel of fastapi for this Python and system; "
        f"{desk.folder / 'set-up.log'} tells more"
    )
    assert "fastapi" in desk.log()

    def broken(_python):
        raise ChironomyError("it does not answer")

    with pytest.raises(ChironomyError, match="it does not answer"):
        desk.set_up(CPU, trial=broken)
    assert installed(desk.environment).pytorch == NONE
    assert desk.runs("import fastapi")


def test_one_that_was_stopped_goes_on_where_it_was(desk):
    desk.set_up()
    told = []
    stopping = Work(lambda *said: told.append(said), lambda: any("OpenEXR" in message for _, message in told))
    with pytest.raises(InstallationCancelled):
        desk.set_up(CPU, stopping)
    assert installed(desk.environment).pytorch == NONE
    assert desk.set_up(CPU).missing == {}
    assert "going on with" in desk.log()
    assert "-m venv" not in desk.log()
    assert desk.runs("import torch")


def test_one_that_was_begun_otherwise_is_begun_anew(desk):
    told = []
    stopping = Work(lambda *said: told.append(said), lambda: any("OpenEXR" in message for _, message in told))
    with pytest.raises(InstallationCancelled):
        desk.set_up(CPU, stopping)
    desk.set_up(NONE)
    assert "-m venv" in desk.log()


def test_another_python_is_taken_where_the_first_has_no_wheels(desk, monkeypatch):
    here = Python(sys.executable, sys.version_info[:2], SYSTEM)
    first = Python(sys.executable, sys.version_info[:2], OWN)
    monkeypatch.setattr(environment, "candidates", lambda *_: iter((first, here)))
    built = environment._built

    def no_wheel(commands, folder, wheel, pytorch, python, *more):
        if python.whose == OWN:
            raise NoWheelError("there is no wheel of numba for this Python and system")
        return built(commands, folder, wheel, pytorch, python, *more)

    monkeypatch.setattr(environment, "_built", no_wheel)
    assert desk.set_up().python == "the system's Python {}.{}".format(*sys.version_info[:2])


@pytest.mark.parametrize("error", [Unreachable("no network"), FullDiskError("no room")])
def test_a_fault_that_may_pass_does_not_replace_a_whole_backend_by_less(desk, monkeypatch, error):
    desk.set_up()
    run = environment.Commands.run

    def failing(commands, command, *more):
        if any("[vision]" in word for word in command):
            raise error
        return run(commands, command, *more)

    monkeypatch.setattr(environment.Commands, "run", failing)
    with pytest.raises(InstallationError, match=str(error)):
        desk.set_up()
    assert desk.runs("import mediapipe")


def test_a_wheel_that_is_not_for_this_python_is_no_fault_of_the_network(desk):
    with pytest.raises(InstallationError, match="this version does not run on this Python"):
        desk.set_up(python=">=3.99")


def test_a_disk_without_room_is_told_before_anything_is_made(desk, monkeypatch):
    monkeypatch.setattr(environment, "UNPACKED", 1e9)
    monkeypatch.setattr(environment, "total_megabytes", lambda *_: 500)
    with pytest.raises(InstallationError, match=r"takes up to .* GB and .* GB free; free some space"):
        desk.set_up()
    assert not (desk.folder / "backend.new").exists()
