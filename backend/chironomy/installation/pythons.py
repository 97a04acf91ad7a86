# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python a backend is installed with: Blender's own, one of the system's, or one that uv fetches."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chironomy import processes
from chironomy.installation.commands import Commands
from chironomy.installation.errors import InstallationError
from chironomy.installation.parts import PYTHONS, locked_version
from chironomy.installation.wheels import install_program

OWN, SYSTEM, FETCHED = "Blender's own", "the system's", "uv's"

PREFERRED = ("3.11", "3.13", "3.12", "3.14")
"""Of the system's, those first for which every part has wheels, or most."""

FETCH = "3.11"
"""What uv is asked for: all parts have wheels for it."""

_PROBE = """\
import json, struct, sys, venv
print(json.dumps([list(sys.version_info[:2]), sys.implementation.name, struct.calcsize("P")]))
"""
_PROBE_SECONDS = 20


@dataclass(frozen=True)
class Python:
    """An interpreter that can make an environment.

    Attributes:
        program: its path.
        version: (3, 11).
        whose: OWN, SYSTEM or FETCHED.
    """

    program: str
    version: tuple[int, int]
    whose: str

    def __str__(self) -> str:
        return f"{self.whose} Python {self.version[0]}.{self.version[1]}"


def candidates(commands: Commands, tools: Path, pip: Path, own: str | None = None) -> Iterator[Python]:
    """Yield the interpreters that may do, the nearest first; the last is fetched only when it is asked for.

    Args:
        commands: runs uv, and keeps the log.
        tools: folder for a uv, and for what uv fetches.
        pip: the wheel of pip, which brings uv.
        own: this process's interpreter; by default `own_program()`.

    Raises:
        InstallationError: none is left, and none can be fetched.
    """
    seen: set[str] = set()
    for whose, programs in ((OWN, [own or own_program()]), (SYSTEM, system_programs())):
        for program in programs:
            real = os.path.realpath(program) if program else ""
            if not program or real in seen:
                continue
            seen.add(real)
            found = examined(program, whose)
            commands.note(f"{program}: {found or 'cannot make an environment for a backend'}")
            if found is not None:
                yield found
    yield fetched(commands, tools, pip, own or own_program())


def own_program() -> str:
    """This process's interpreter as a program; "" where Blender has none, or `sys.executable` is Blender itself."""
    version = "{}.{}".format(*sys.version_info[:2])
    beside = Path(sys.prefix, "bin" if os.name != "nt" else "")
    for program in (sys.executable, beside / f"python{version}", beside / "python3", beside / "python.exe"):
        path = Path(program or "")
        if re.match(r"python[\d.]*(\.exe)?$", path.name, re.IGNORECASE) and path.is_file():
            return str(path)
    return ""


def system_programs() -> Iterator[str]:
    """Yield the paths of the system's Pythons; what a launcher of Windows knows, pyenv's and Homebrew's among them."""
    if os.name == "nt":
        yield from _of_the_launcher()
    folders = [Path("/usr/local/bin"), Path("/opt/homebrew/bin"), Path("/usr/bin")]
    for version in PREFERRED:
        on_path = shutil.which(f"python{version}")
        # A shim of pyenv's runs whichever version is chosen in its folder, or none.
        if on_path and Path(on_path).parent.name != "shims":
            yield on_path
        yield from (str(folder / f"python{version}") for folder in folders if (folder / f"python{version}").is_file())
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
        for pattern in (f"versions/{version}.*/bin/python", f"pyenv-win/versions/{version}.*/python.exe"):
            yield from (str(path) for path in sorted(pyenv.glob(pattern), reverse=True))
        framework = Path(f"/Library/Frameworks/Python.framework/Versions/{version}/bin/python{version}")
        if framework.is_file():
            yield str(framework)


def launcher_programs(said: str) -> list[str]:
    """Return the programs that `py -0p` lists, those of `PREFERRED` in its order."""
    found = re.findall(r"^\s*-V?:?(\d\.\d+)\S*\s+\*?\s*(\S.*?)\s*$", said, re.MULTILINE)
    return [program for version in PREFERRED for listed, program in found if listed == version]


def _of_the_launcher() -> Iterable[str]:
    try:
        said = processes.run(["py", "-0p"], capture_output=True, text=True, timeout=_PROBE_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return []
    return launcher_programs(said.stdout)


def examined(program: str, whose: str) -> Python | None:
    """Return what an interpreter is; None where it cannot make an environment for a backend."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    try:
        done = processes.run(
            [program, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, env=variables
        )
        version, kind, pointer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if kind != "cpython" or pointer != 8 or tuple(version) not in PYTHONS:
        return None
    return Python(program, (version[0], version[1]), whose)


def fetched(commands: Commands, tools: Path, pip: Path, own: str) -> Python:
    """Let uv fetch a Python, with a uv that is there or that pip brings.

    Untried against the real thing: uv takes Pythons from GitHub, which the machine where this was written does not
    reach. That `python install` and `python find` have these arguments was tried, and what is done with their answers.

    Args:
        commands: runs uv, and keeps the log.
        tools: folder for it and for what it fetches.
        pip: the wheel of pip.
        own: this process's interpreter, which may run pip though it makes no environment; "" where there is none.

    Raises:
        InstallationError: it could not.
    """
    commands.variables = {**commands.variables, "UV_PYTHON_INSTALL_DIR": str(tools / "python")}
    program = shutil.which("uv") or str(_uv(commands, tools, pip, own))
    commands.work.progress(0.0, f"fetching Python {FETCH} with uv")
    commands.run([program, "python", "install", "--no-bin", FETCH])
    path = commands.run([program, "python", "find", "--managed-python", "--no-project", FETCH])
    found = examined(path, FETCHED)
    if found is None:
        raise InstallationError(
            f"the Python that uv fetched does not run: {path}; install Python {FETCH} and try again"
        )
    return found


def _uv(commands: Commands, tools: Path, pip: Path, own: str) -> Path:
    python = own or shutil.which("python3") or shutil.which("python")
    if not python:
        raise InstallationError(f"there is no Python here to do it with; install Python {FETCH} or uv and try again")
    return install_program(commands, python, pip, "uv", locked_version("uv"), tools, commands.work)
