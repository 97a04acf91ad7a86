# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend's environment: built beside the one that works, part by part, tried, and only then put in its place.

A folder holds `backend`, the environment in use; `backend.new`, one that is being built and goes on where it stopped;
`backend.old`, one that was replaced and could not be removed yet; `set-up.log`, what the last set-up said; and
`set-up`, tools and Pythons that were fetched for it.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chironomy.files import atomic_path
from chironomy.installation.commands import Commands, Told, no_wheel
from chironomy.installation.errors import (
    FullDiskError,
    InstallationCancelled,
    InstallationError,
    NoWheelError,
    Unreachable,
)
from chironomy.installation.parts import (
    PARTS,
    SERVICE,
    UNPACKED,
    VERSIONS,
    Part,
    chosen_parts,
    from_another_index,
    megabytes,
    requirements,
    total_megabytes,
)
from chironomy.installation.pythons import Python, candidates
from chironomy.installation.wheels import PROGRESS, QUIETLY, pip_of
from chironomy.work import Work

ENVIRONMENT, NEW, OLD, LOG, TOOLS = "backend", "backend.new", "backend.old", "set-up.log", "set-up"

RECORD = "chironomy-backend.json"
"""In the environment: what is installed there."""

_LEAST_WEIGHT = 20
"""Megabytes that a part counts for in the progress, at least."""


@dataclass(frozen=True)
class Installed:
    """What an environment holds.

    Attributes:
        python: whose Python it was made with, and its version: "Blender's own Python 3.11".
        program: that Python's path.
        pytorch: `parts.CPU`, `NVIDIA` or `NONE`.
        missing: the parts that are not there: {extra: why, without a stop}.
        log: the file with what pip said.
    """

    python: str
    program: str
    pytorch: str
    missing: dict[str, str] = field(default_factory=dict)
    log: str = ""

    def lacks(self) -> list[tuple[Part, str]]:
        """The missing parts, each with the reason."""
        return [(part, self.missing[part.extra]) for part in PARTS if part.extra in self.missing]

    def sentence(self) -> str:
        """Tell what was set up, and what is missing, without a stop."""
        clauses = [f"the backend is set up with {self.python}"]
        clauses += [f"without {part.purpose}" for part, _ in self.lacks()]
        return "; ".join([*clauses, "the preferences tell why"] if self.missing else clauses)


def environment_python(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def installed(environment: Path) -> Installed | None:
    """Return what an environment holds; None where that is not known."""
    try:
        fields = json.loads((environment / RECORD).read_text(encoding="utf-8"))
        return Installed(**fields)
    except (OSError, ValueError, TypeError):
        return None


def install(
    folder: Path,
    wheel: Path,
    pytorch: str,
    work: Work,
    trial: Callable[[Path], None],
    *,
    pip: Path,
    arguments: tuple[str, ...] = (),
    own: str | None = None,
) -> Installed:
    """Build an environment, try it, and put it in the place of the one before. Safe in a worker thread.

    Args:
        folder: of the extension; see above.
        wheel: of the project.
        pytorch: `parts.CPU`, `NVIDIA` or `NONE`.
        work: told the progress, and asked while it lasts.
        trial: called with the new environment's interpreter; raises a ChironomyError where that does not work.
        pip: the wheel of the pip that installs everything: not every Python brings one, and most bring an older one.
        arguments: more of pip's.
        own: this process's interpreter, where it is to be another than `pythons.own_program()`.

    Raises:
        InstallationError: it could not; the environment that was there works as before.
        InstallationCancelled: it was stopped; the next time goes on from there.
    """
    commands = Commands(folder / LOG, work)
    commands.begin(f"Set up {wheel.name} with PyTorch {pytorch} in {folder / ENVIRONMENT}")
    last: InstallationError | None = None
    try:
        for python in candidates(commands, folder / TOOLS, pip, own):
            try:
                made = _built(commands, folder, wheel, pytorch, python, pip, arguments)
            except NoWheelError as error:
                # Another Python may have one.
                last = error
                commands.note(f"{python}: {error}")
                continue
            work.progress(0.97, "trying it")
            trial(environment_python(folder / NEW))
            _write_record(folder / NEW, made)
            put_in_place(folder)
            work.progress(1.0, "trying it")
            return made
    except InstallationCancelled:
        raise
    except InstallationError as error:
        if isinstance(error, Unreachable) and last is None:
            raise type(error)(f"{error}; what came so far is kept, and Set Up Backend goes on from there") from error
        raise type(error)(f"setting up the backend failed: {last or error}; {commands.log} tells more") from error
    raise AssertionError


def _built(
    commands: Commands, folder: Path, wheel: Path, pytorch: str, python: Python, pip: Path, arguments: tuple[str, ...]
) -> Installed:
    """Install all parts into `backend.new`; what is missing but for the service is told and no failure."""
    _make_room(folder, pytorch, python)
    environment, work = folder / NEW, commands.work
    work.progress(0.0, f"making an environment with {python}")
    begun = Installed(str(python), python.program, pytorch, log=str(commands.log))
    program = environment_python(environment)
    if _as_begun(environment, begun, commands):
        commands.note(f"going on with {environment}")
    else:
        _remove(environment)
        commands.run([python.program, "-I", "-m", "venv", "--without-pip", str(environment)])
        _write_record(environment, begun)
    _install_pip(commands, environment, pip)
    install = [str(program), "-I", "-m", "pip", "install", *QUIETLY, *PROGRESS, "--constraint", str(VERSIONS)]
    install += arguments
    commands.run([*install, "--no-deps", "--force-reinstall", str(wheel)])
    parts, missing = chosen_parts(pytorch), dict[str, str]()
    weights = [max(megabytes(part, pytorch, python.version) or 0, _LEAST_WEIGHT) for part in parts]
    for number, part in enumerate(parts):
        begin, end = (0.02 + 0.94 * sum(weights[:count]) / sum(weights) for count in (number, number + 1))
        expected = megabytes(part, pytorch, python.version)
        try:
            with Told(part.name, environment, expected, work.part(begin, end)) as told:
                commands.run([*install, *requirements(part, pytorch, wheel)], told.line)
            if part.extra != SERVICE:
                commands.run([str(program), "-I", "-c", part.trial])
        except InstallationError as error:
            if part.extra == SERVICE or isinstance(error, (InstallationCancelled, FullDiskError)):
                raise
            if isinstance(error, Unreachable) and not from_another_index(part, pytorch):
                # It may be there the next time; an environment with less than the one before is no gain.
                raise
            commands.note(f"without {part.name}: {error}")
            gone = [name for name in part.packages if not _imports(commands, program, name)]
            told_why = isinstance(error, (NoWheelError, Unreachable)) or not gone
            # A package may be left out by its marker, and no pip complains.
            missing[part.extra] = _reason(str(error if told_why else no_wheel(gone[0])))
    return Installed(str(python), python.program, pytorch, missing, str(commands.log))


def _install_pip(commands: Commands, environment: Path, pip: Path) -> None:
    """See that an environment has this pip, whose wheel runs as it is."""
    version = pip.name.split("-")[1]
    if not any(environment.glob(f"**/site-packages/pip-{version}.dist-info")):
        program = str(environment_python(environment))
        commands.run([*pip_of(pip, program), "install", *QUIETLY, "--no-index", "--no-deps", str(pip)])


def _imports(commands: Commands, program: Path, name: str) -> bool:
    """Whether a package was installed at all."""
    try:
        commands.run([str(program), "-I", "-c", f"import importlib.util; importlib.util.find_spec({name!r}).name"])
    except InstallationCancelled:
        raise
    except InstallationError:
        return False
    return True


def _as_begun(environment: Path, begun: Installed, commands: Commands) -> bool:
    """Whether an environment is there that was begun in the same way and still runs."""
    before = installed(environment)
    if before is None or (before.program, before.python, before.pytorch) != (
        begun.program,
        begun.python,
        begun.pytorch,
    ):
        return False
    try:
        commands.run([str(environment_python(environment)), "-I", "-c", ""])
    except InstallationCancelled:
        raise
    except InstallationError:
        return False
    return True


def _make_room(folder: Path, pytorch: str, python: Python) -> None:
    """See that the disk has room before anything is downloaded.

    Raises:
        InstallationError: it has not.
    """
    size = total_megabytes(pytorch, python.version)
    _remove(folder / OLD)
    free = shutil.disk_usage(folder).free / 1e6
    if size is not None and free < UNPACKED * size and not (folder / NEW).is_dir():
        raise InstallationError(
            f"the backend takes up to {UNPACKED * size / 1e3:.1f} GB and {folder} has {free / 1e3:.1f} GB free; "
            "free some space"
        )


def put_in_place(folder: Path) -> None:
    """Let `backend.new` be `backend`; the one before is removed, or left aside where a backend still runs in it.

    Raises:
        InstallationError: a running backend holds the one before; `backend.new` stays.
    """
    environment, new, old = folder / ENVIRONMENT, folder / NEW, folder / OLD
    _remove(old)
    try:
        if environment.exists():
            environment.replace(old)
        new.replace(environment)
    except OSError as error:
        if old.exists() and not environment.exists():
            old.replace(environment)
        raise InstallationError(
            f"{environment} is in use ({error.strerror or error}): stop the backend and press Set Up Backend again, "
            "which goes on from there"
        ) from error
    _remove(old)
    _rename_inside(environment, new)


def _rename_inside(environment: Path, before: Path) -> None:
    """Let an environment's scripts know its new name; on Windows they are programs, and python -m runs the same."""
    if os.name == "nt":
        return
    for path in (environment / "bin").iterdir():
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if str(before).encode() in data and b"\0" not in data[:1024]:
                path.write_bytes(data.replace(str(before).encode(), str(environment).encode()))


def _write_record(environment: Path, record: Installed) -> None:
    with atomic_path(environment / RECORD) as temporary:
        temporary.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)


def _reason(sentence: str) -> str:
    """The reason in the last line of a traceback, or the sentence as it is."""
    kind, colon, rest = sentence.partition(": ")
    return rest if colon and " " not in kind and kind[:1].isidentifier() else sentence
