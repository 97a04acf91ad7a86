# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend beside Blender: find it, start it, talk to it, stop it, set it up."""

import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bpy
from bpy.types import Context

import chironomy
from chironomy.client import BackendProcess, Client, ClientError, JobCancelled, announced, start_backend
from chironomy.installation.environment import LOG, Installed, install, installed
from chironomy.installation.parts import CPU, NVIDIA
from chironomy.work import QUIET, Work

from . import surroundings
from .online import is_barred
from .preferences import ADDON, preferences
from .sequencer import absolute


@dataclass(frozen=True)
class Address:
    """Where a backend is to be found, read from the preferences on the main thread.

    Attributes:
        url: of a backend that runs; empty where Blender starts its own.
        token: the secret of that backend.
        python: the interpreter to start one with, also where the one at `url` has ended; empty where none was set up.
        online: whether one that Blender starts may use the network, by Allow Online Access.
        ca: path of the file of authorities that vouch for the backend at `url`; empty for the usual ones.
    """

    url: str = ""
    token: str = field(default="", repr=False)
    python: str = ""
    online: bool = True
    ca: str = ""


@dataclass
class _State:
    process: BackendProcess | None = None
    given: Address | None = None


_state = _State()
_starting = threading.Lock()
_ending = threading.Event()

_WAIT_SECONDS = 0.1
_TRIAL_SECONDS = 180.0
"""The first start of an installation reads all of it from the disk."""

GESTURES, VIDEOS, PORTRAITS = "gestures by the backend", "videos", "portraits"
"""What jobs have for themselves of the backend: it does one of a kind at a time, and none while it is set up."""


def use(url: str, token: str, ca: str = "") -> None:
    """Use a backend that runs already, for this session, whatever the preferences say."""
    _state.given = Address(url, token, ca=ca)


def address(context: Context) -> Address:
    """Return where the backend is to be found.

    Raises:
        ClientError: the preferences name an address, but no token file that can be read; or one of another computer,
            and Blender's Allow Online Access is off.
    """
    if _state.given is not None:
        return _state.given
    chosen = preferences(context)
    if not chosen.address:
        python, online = chosen.python and str(absolute(chosen.python)), bpy.app.online_access
        found = next(iter(announced()), None) if chosen.find else None
        if found is not None and found.version == chironomy.__version__:
            with suppress(ClientError):
                return Address(found.url, found.token(), python, online)
        return Address(python=python, online=online)
    if reason := _refusal(chosen):
        raise ClientError(reason)
    path = absolute(chosen.token_file)
    try:
        ca = str(absolute(chosen.ca)) if chosen.ca else ""
        return Address(chosen.address, path.read_text(encoding="utf-8").strip(), ca=ca)
    except (OSError, UnicodeError) as error:
        raise ClientError(
            f"the token file {path} cannot be read ({error}); choose it again in the preferences"
        ) from error


def why_missing(context: Context) -> str:
    """Return why there is no backend to ask, as far as the preferences tell; empty where there may be one."""
    if _state.given is not None or running():
        return ""
    chosen = preferences(context)
    if chosen.address:
        return _refusal(chosen)
    if chosen.python or (chosen.find and surroundings.running() is not None):
        return ""
    return "Set up the backend first"


def _refusal(chosen: Any) -> str:
    """Return why the backend at the address in the preferences must not be asked, or could not answer."""
    if is_barred(_host(chosen.address)):
        return _barred(chosen.address)
    if not chosen.token_file:
        return f"the backend at {chosen.address} needs its token file; choose it in the add-on's preferences"
    return ""


def _barred(url: str) -> str:
    return (
        f"the backend at {url} is on another computer, which needs Allow Online Access in System, in Blender's "
        "preferences"
    )


def _host(url: str) -> str:
    """Return the computer that an address names; this one where it is no address, which the client will say."""
    with suppress(ValueError):
        return urlsplit(url.strip()).hostname or "localhost"
    return "localhost"


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
        ClientError: it is not there, cannot be started, refuses the token or is of another version; or it is on another
            computer, and Blender's Allow Online Access is off, maybe since the work was asked for.
    """
    if is_barred(_host(where.url)):
        raise ClientError(_barred(where.url))
    if where.url:
        client = Client(where.url, where.token, ca=where.ca or None)
        try:
            client.health()
        except ClientError:
            # One that was found, and not asked for, has ended since.
            if not where.python:
                raise
        else:
            return client
    # Of two that need it at once, the one waits for what the other starts.
    while not _starting.acquire(timeout=_WAIT_SECONDS):
        if work.cancelled():
            raise JobCancelled("Starting the backend was cancelled")
    try:
        if not running():
            start(where, work)
        assert _state.process is not None
        client = _state.process.client()
    finally:
        _starting.release()
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
    wanted = Work(work.progress, lambda: work.cancelled() or _ending.is_set())
    _state.process = start_backend(where.python, online=where.online, work=wanted)


def stop() -> None:
    """Stop the backend that Blender started, if it did, or that it is just starting."""
    _ending.set()
    with _starting:
        process, _state.process = _state.process, None
        _ending.clear()
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
    return _brought("wheels", "chironomy")


def bundled_pip() -> Path:
    """Return the wheel of pip that came with the extension, which sets up the backend; Blender does not install it.

    Raises:
        ClientError: it is not there.
    """
    return _brought("set_up", "pip")


def _brought(folder: str, package: str) -> Path:
    wheels = sorted(Path(__file__).with_name(folder).glob(f"{package}-*.whl"))
    if not wheels:
        raise ClientError("the extension has lost a wheel; install it again")
    return wheels[-1]


def set_up(home: Path, wheel: Path, pytorch: str, work: Work) -> Installed:
    """Install a backend into the extension's folder; the one before works until the new one answers.

    Safe in a worker thread.

    Raises:
        InstallationError: it could not be, or was stopped.
        ClientError: the new one does not answer.
    """

    def trial(python: Path) -> None:
        # In a data folder of its own: in the usual one it would only join a backend that works there.
        with (
            tempfile.TemporaryDirectory(prefix="chironomy-trial-", ignore_cleanup_errors=True) as data,
            start_backend(python, data=data, timeout=_TRIAL_SECONDS, work=work) as process,
            process.client() as client,
        ):
            client.health()
        # It is to make way for the new one.
        stop()

    return install(home, wheel, pytorch, work, trial, pip=bundled_pip())


def what_is_installed(python: str) -> Installed | None:
    """Return what the environment of an interpreter holds, where Set Up Backend made it."""
    return installed(absolute(python).parents[1]) if python else None


def set_up_log() -> Path:
    """Return the file that tells how the last set-up went; it may not be there."""
    return folder() / LOG


def pytorch_of(context: Context) -> str:
    """Which PyTorch Set Up Backend installs: the chosen one, or the one for this machine."""
    chosen = preferences(context).pytorch
    if chosen != "DETECT":
        return chosen
    return NVIDIA if surroundings.nvidia() and sys.platform != "darwin" else CPU


def warm_up(context: Context) -> None:
    """Start the backend in a thread where the next Generate will need it, and say nothing."""
    chosen = preferences(context)
    if not chosen.warm_up or running() or _state.given is not None or gestures_here(context):
        return
    try:
        where = address(context)
    except ClientError:
        return
    if where.python and not where.url:
        threading.Thread(target=_warm_up, args=(where,), name="chironomy warm-up", daemon=True).start()


def _warm_up(where: Address) -> None:
    try:
        connect(where, QUIET)
    except ClientError as error:
        # Generate tells it, too, to somebody who waits.
        print(error)
