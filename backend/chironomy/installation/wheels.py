# SPDX-License-Identifier: GPL-3.0-or-later
"""Single wheels by pip, which knows the index, the mirror and the proxy that a person has set for it."""

import hashlib
import importlib.metadata
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from chironomy.installation.commands import Commands, Download
from chironomy.installation.errors import InstallationError
from chironomy.work import Work

QUIETLY = ("--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--timeout", "30", "--retries", "3")
"""What every pip is told."""

PROGRESS = ("--progress-bar", "raw", "--resume-retries", "5")
"""Since 25.1 pip tells its progress where nobody looks, and goes on with what broke off."""

_PROGRESS_SINCE = (25, 1)

_RUN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class PublishedWheel:
    """One wheel as it was published, whichever Python and platform it is for.

    Attributes:
        package: its name on the index.
        version: exactly.
        python: the Python that it is for, "3.12".
        platform: the last part of its file's name.
        bytes: its size.
        sha256: of the file.
    """

    package: str
    version: str
    python: str
    platform: str
    bytes: int
    sha256: str

    @property
    def file(self) -> str:
        """Its file's name."""
        tag = f"cp{self.python.replace('.', '')}"
        return f"{self.package}-{self.version}-{tag}-{tag}-{self.platform}.whl"


def pip_of(wheel: Path, python: str) -> list[str]:
    """The command that runs the pip of a wheel, as it is, in an interpreter that has none.

    As `python WHEEL/pip` it would be the same, but that pip on Windows then takes itself for a program called pip, and
    refuses to install one.
    """
    return [python, "-I", "-c", _RUN, str(wheel)]


def download_wheel(wheel: PublishedWheel, folder: Path, work: Work, message: str) -> Path:
    """Download a wheel with this Python's pip, and return where it lies.

    Args:
        wheel: which.
        folder: an empty one, for it, pip's list and its log.
        work: told how far it is, and asked whether to stop.
        message: what it is told.

    Raises:
        InstallationError: there is no pip, the index does not answer or has no such wheel, or what came is another one.
        InstallationCancelled: it was stopped.
    """
    if importlib.util.find_spec("pip") is None:
        raise InstallationError(f"the Python {sys.executable} has no pip (python -m ensurepip brings it)")
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-I", "-m", "pip", "download", *QUIETLY, "--no-deps", "--require-hashes"]
    command += ["--requirement", str(wanted), "--dest", str(folder)]
    command += ["--implementation", "cp", "--python-version", wheel.python, "--platform", wheel.platform]
    command += progress_here()
    commands, download = Commands(folder / "pip.log", work), Download()
    commands.begin(f"Download {wheel.file}")

    def told(line: str) -> None:
        download.read(line)
        work.progress(min(1.0, download.done / wheel.bytes), message)

    commands.run(command, told)
    work.progress(1.0, message)
    path = folder / wheel.file
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        raise InstallationError(f"pip did not bring {wheel.file}")
    return path


def install_program(
    commands: Commands, python: str, pip: Path, package: str, version: str, folder: Path, work: Work
) -> Path:
    """Install a package that is a program into a folder of its own, and return the program's path.

    Args:
        commands: runs pip.
        python: any interpreter that pip runs in.
        pip: the wheel of pip.
        package: its name, which is the program's, too.
        version: exactly.
        folder: where to; a program that is there already is not fetched again.
        work: told how far it is.

    Raises:
        InstallationError: pip could not, or the package holds no such program.
    """
    program = folder / "bin" / (f"{package}.exe" if os.name == "nt" else package)
    if program.is_file():
        return program
    download = Download()

    def told(line: str) -> None:
        download.read(line)
        work.progress(0.0, f"downloading {package}, {download.done / 1e6:.0f} MB")

    wanted = f"{package}=={version}"
    command = [*pip_of(pip, python), "install", *QUIETLY, *PROGRESS, "--no-deps", "--target", str(folder)]
    commands.run([*command, wanted], told)
    if not program.is_file():
        raise InstallationError(f"{wanted} holds no program {program.name}")
    return program


def progress_here() -> tuple[str, ...]:
    """`PROGRESS`, where this Python's pip knows it."""
    numbers = importlib.metadata.version("pip").split(".")[:2]
    return PROGRESS if tuple(int(number) for number in numbers if number.isdigit()) >= _PROGRESS_SINCE else ()
