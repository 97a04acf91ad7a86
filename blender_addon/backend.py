# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend beside Blender: find it, start it, talk to it, stop it, set it up."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import bpy
from bpy.types import Context

from chironomy import processes
from chironomy.client import BackendProcess, Client, ClientError, JobCancelled, start_backend
from chironomy.work import Work

from .preferences import ADDON, preferences
from .sequencer import absolute


@dataclass(frozen=True)
class Address:
    """Where a backend is to be found, read from the preferences on the main thread.

    Attributes:
        url: of a backend that runs; empty where Blender starts its own.
        token: the secret of that backend.
        python: the interpreter to start one with; empty where none was set up.
    """

    url: str = ""
    token: str = field(default="", repr=False)
    python: str = ""


@dataclass
class _State:
    process: BackendProcess | None = None
    given: Address | None = None


_state = _State()
_starting = threading.Lock()

GESTURES, VIDEOS, PORTRAITS = "gestures by the backend", "videos", "portraits"
"""What jobs have for themselves of the backend: it does one of a kind at a time, and none while it is set up."""


def use(url: str, token: str) -> None:
    """Use a backend that runs already, for this session, whatever the preferences say."""
    _state.given = Address(url, token)


def address(context: Context) -> Address:
    """Return where the backend is to be found.

    Raises:
        ClientError: the preferences name an address, but no token file that can be read.
    """
    if _state.given is not None:
        return _state.given
    chosen = preferences(context)
    if not chosen.address:
        return Address(python=chosen.python and str(absolute(chosen.python)))
    if not chosen.token_file:
        raise ClientError(
            f"the backend at {chosen.address} needs its token file; choose it in the add-on's preferences"
        )
    path = absolute(chosen.token_file)
    try:
        return Address(chosen.address, path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeError) as error:
        raise ClientError(
            f"the token file {path} cannot be read ({error}); choose it again in the preferences"
        ) from error


def gestures_from(context: Context) -> Address | None:
    """Return where the backend is that makes the gestures; None where this Blender makes them itself.

    Raises:
        ClientError: as `address` does.
    """
    return None if gestures_here(context) else address(context)


def gestures_here(context: Context) -> bool:
    """Whether this Blender makes the gestures itself."""
    return _state.given is None and preferences(context).gestures == "BLENDER"


def running() -> bool:
    """Whether a backend that Blender started lives."""
    return _state.process is not None and _state.process.running()


def connect(where: Address, work: Work) -> Client:
    """Return a client of the backend, which is started where that is needed. Safe in a worker thread.

    Raises:
        ClientError: it is not there, cannot be started, refuses the token or is of another version.
    """
    if where.url:
        client = Client(where.url, where.token)
    else:
        # Of two jobs that need it at once, the one waits for what the other starts.
        with _starting:
            if not running():
                start(where, work)
            assert _state.process is not None
            client = _state.process.client()
    client.health()
    return client


def start(where: Address, work: Work) -> None:
    """Start a backend that ends with Blender. Safe in a worker thread.

    Raises:
        ClientError: there is none to start, or it did not come up.
    """
    if not where.python:
        raise ClientError("no backend is set up; press Set Up Backend in the add-on's preferences")
    work.progress(0.0, "starting the backend")
    _state.process = start_backend(where.python, work=work)


def stop() -> None:
    """Stop the backend that Blender started, if it did."""
    process, _state.process = _state.process, None
    if process is not None:
        process.stop()


def folder() -> Path:
    """Return the extension's own folder for files that it makes."""
    return Path(bpy.utils.extension_path_user(ADDON, create=True))


def bundled_wheel() -> Path:
    """Return the wheel that came with the extension.

    Raises:
        ClientError: it is not there.
    """
    wheels = sorted(Path(__file__).with_name("wheels").glob("chironomy-*.whl"))
    if not wheels:
        raise ClientError("the extension has lost its wheel; install it again")
    return wheels[-1]


def environment_python(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def set_up(
    environment: Path,
    wheel: Path,
    work: Work,
    extras: str = "[backend,exr,vision]",
    arguments: tuple[str, ...] = (),
    trial: str = "import chironomy.service.app",
) -> str:
    """Make a virtual environment and install the bundled wheel with its extras into it. Safe in a worker thread.

    Args:
        environment: its folder, emptied first.
        wheel: of the project.
        work: told the progress, and asked between steps and while they last.
        extras: what to install beside the wheel.
        arguments: more of pip's.
        trial: Python that must run in the environment afterwards.

    Returns:
        The environment's interpreter.

    Raises:
        ClientError: a step failed; the sentence ends with its last line.
        JobCancelled: it was stopped.
    """
    python = environment_python(environment)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    steps = (
        ("making an environment", [sys.executable, "-m", "venv", "--clear", str(environment)]),
        ("installing the backend", [*pip, f"{wheel}{extras}"]),
        ("trying it", [str(python), "-c", trial]),
    )
    for number, (message, command) in enumerate(steps):
        done = number / len(steps)
        work.progress(done, message)
        _run(command, lambda line, done=done, message=message: work.progress(done, f"{message}: {line[:60]}"), work)
    return str(python)


def _run(command: list[str], on_line: Callable[[str], None], work: Work) -> None:
    """Run a command and pass on what it prints.

    Raises:
        ClientError: it failed; the sentence ends with the last line that it printed.
        JobCancelled: it was stopped.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    try:
        process = processes.start(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=variables,
        )
    except OSError as error:
        raise ClientError(f"{command[0]} cannot be run: {error.strerror or error}") from error
    # A download may print nothing for minutes, and is to be stopped all the same.
    threading.Thread(target=_end_when, args=(process, work), daemon=True).start()
    last = "it said nothing"
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            last = line.strip() or last
            on_line(last)
    if work.cancelled():
        raise JobCancelled("Setting up the backend was cancelled")
    if process.returncode:
        raise ClientError(f"setting up the backend failed: {last}")


def _end_when(process: "subprocess.Popen[str]", work: Work) -> None:
    while process.poll() is None:
        if work.cancelled():
            process.terminate()
            return
        time.sleep(0.2)
