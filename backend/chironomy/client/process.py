# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend of one's own: started beside this process, stopped with it, and started again where it was killed."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import chironomy
from chironomy import processes
from chironomy.client.errors import BackendMissing, ClientError, JobCancelled, VersionMismatch
from chironomy.client.http import Client
from chironomy.work import QUIET, Work


@dataclass(frozen=True)
class Handshake:
    """What a backend writes once it listens; `joined` where it is another's that worked in the data folder already."""

    url: str
    token: str
    pid: int
    version: str
    joined: bool = False


def read_handshake(path: Path | str) -> Handshake | None:
    """The handshake in a file, or None while there is none.

    Raises:
        ClientError: the file holds something else.
    """
    path = Path(path)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        told = Handshake(str(fields["url"]), str(fields["token"]), int(fields["pid"]), str(fields["version"]))
        return replace(told, joined=fields.get("joined") is True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ClientError(f"{path} is not a backend's handshake file: delete it and start the backend again") from error


class BackendProcess:
    """A backend that was started here and is stopped here; use it as a context manager or call `stop`.

    Where another one works in the same data folder, it is that one, which is not stopped here.

    Args:
        start: starts a backend; called again where it has died.
    """

    def __init__(self, start: "Callable[[], _Started]") -> None:
        self._start = start
        self._lock = threading.Lock()
        self._stopped = False
        self._started = start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._started.handshake.url

    @property
    def token(self) -> str:
        """What its clients bear."""
        return self._started.handshake.token

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._started.handshake.pid

    def client(self, timeout: float = 30.0) -> Client:
        """A client for it, which starts it again where it has died."""
        return Client(self.url, self.token, timeout, self._revived)

    def running(self) -> bool:
        """Whether it lives."""
        return self._started.running()

    def stop(self, timeout: float = 10.0) -> None:
        """End the process, kindly and then not, and remove its private folder."""
        with self._lock:
            self._stopped = True
            self._started.stop(timeout)

    def _revived(self) -> tuple[str, str]:
        """Address and token of the backend, which is started again where it has died.

        Raises:
            ClientError: it did not come up, was stopped, or lives and does not answer.
        """
        with self._lock:
            if self._stopped:
                raise BackendMissing(f"The backend at {self.url} was stopped: start it again")
            if self._started.ended():
                self._started.stop(0.0)
                self._started = self._start()
            return self.url, self.token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def start_backend(
    python: Path | str,
    *,
    data: Path | str | None = None,
    parent_pid: int | None = None,
    timeout: float = 60.0,
    environment: Mapping[str, str] | None = None,
    online: bool = True,
    work: Work = QUIET,
) -> BackendProcess:
    """Start a backend beside this process and wait until it listens.

    It binds a free port of 127.0.0.1, and ends by itself when `parent_pid` ends. Where a backend works in the data
    folder already, that one is used.

    Args:
        python: the interpreter of the environment in which chironomy[backend] is installed.
        data: the backend's data folder; by default its own.
        parent_pid: by default this process.
        timeout: seconds until it must listen.
        environment: of the process; by default this one's, without Python's own variables.
        online: whether it may fetch models when work first needs them.
        work: asked while waiting whether to give up.

    Raises:
        ClientError: it did not come up; the sentence ends with the last line of its log.
    """
    first = [work]

    def start() -> _Started:
        # Who asked for it may stop its first start; later ones are asked for by others.
        return _start(python, data, parent_pid, timeout, environment, online, first.pop() if first else QUIET)

    return BackendProcess(start)


@dataclass(frozen=True)
class _Started:
    """A backend that listens.

    Attributes:
        handshake: where.
        process: what was started here; None where another backend had the data folder.
        folder: private, of this start.
    """

    handshake: Handshake
    process: "subprocess.Popen[Any] | None"
    folder: "tempfile.TemporaryDirectory[str]"

    def running(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        address = urllib.parse.urlsplit(self.handshake.url)
        try:
            socket.create_connection((address.hostname or "", address.port or 0), timeout=1.0).close()
        except OSError:
            return False
        return True

    def ended(self) -> bool:
        """Whether it does not run any more; a process that has been killed may take a moment to end."""
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        return not self.running()

    def stop(self, timeout: float) -> None:
        if self.process is not None:
            processes.end(self.process, timeout)
        self.folder.cleanup()


def _start(
    python: Path | str,
    data: Path | str | None,
    parent_pid: int | None,
    timeout: float,
    environment: Mapping[str, str] | None,
    online: bool,
    work: Work,
) -> _Started:
    folder = tempfile.TemporaryDirectory(prefix="chironomy-backend-", ignore_cleanup_errors=True)
    handshake_file, log_file = Path(folder.name) / "handshake.json", Path(folder.name) / "backend.log"
    command = [str(python), "-m", "chironomy", "serve", "--handshake", str(handshake_file)]
    command += ["--parent-pid", str(parent_pid or os.getpid())]
    command += ["--data", str(data)] if data is not None else []
    variables = dict(os.environ if environment is None else environment)
    if environment is None:
        # Blender's Python is not the backend's.
        variables = {name: value for name, value in variables.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    variables["PYTHONUNBUFFERED"] = "1"
    if not online:
        variables["CHIRONOMY_OFFLINE"] = "1"
    try:
        with log_file.open("wb") as log:
            # A Ctrl+C is meant for its parent, which stops it.
            process = processes.start(
                command, apart=True, cwd=folder.name, env=variables, stdout=log, stderr=subprocess.STDOUT
            )
    except OSError as error:
        folder.cleanup()
        message = f"The backend could not be started with {python} ({error.strerror or error}): set it up again"
        raise ClientError(message) from error
    handshake: Handshake | None = None
    try:
        deadline = time.monotonic() + timeout
        while (handshake := read_handshake(handshake_file)) is None:
            if process.poll() is not None:
                if (handshake := read_handshake(handshake_file)) is not None:
                    break
                message = f"The backend ended at its start (exit code {process.returncode}): {_reason(log_file)}"
                raise ClientError(message)
            if time.monotonic() > deadline:
                message = f"The backend did not listen within {timeout:g} s: {_reason(log_file)}"
                raise ClientError(message)
            if work.cancelled():
                raise JobCancelled("Starting the backend was cancelled")
            time.sleep(0.05)
        if handshake.version != chironomy.__version__:
            message = (
                f"The backend in {python} is version {handshake.version} and this is version "
                f"{chironomy.__version__}: set the backend up again"
            )
            raise VersionMismatch(message)
    except BaseException:
        processes.end(process, 5.0)
        folder.cleanup()
        raise
    return _Started(handshake, None if handshake.joined else process, folder)


def _tail(path: Path, lines: int) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 32768))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _reason(log: Path) -> str:
    words = [line.strip().removeprefix("chironomy: ") for line in _tail(log, 50).splitlines() if line.strip()]
    return words[-1] if words else "it said nothing; check that its Python has chironomy[backend] installed"
