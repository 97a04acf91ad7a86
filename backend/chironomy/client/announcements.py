# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends that a person runs: each says where it is in a folder of that person's, so that nobody types a port."""

import json
import os
import platform
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import chironomy
from chironomy.client.errors import ClientError
from chironomy.client.http import Client
from chironomy.errors import ChironomyError
from chironomy.files import announcements_folder, atomic_path

_HEALTH_SECONDS = 60.0
"""The first time, a backend loads what it can do before it answers."""

_LARGEST = 1 << 16


@dataclass(frozen=True)
class Announced:
    """A backend that said that it runs.

    Attributes:
        url: its address.
        token_file: the file with its secret, which stands nowhere else.
        pid: of its process.
        version: of its chironomy.
    """

    url: str
    token_file: str
    pid: int
    version: str

    def token(self) -> str:
        """Return the secret.

        Raises:
            ClientError: it cannot be read.
        """
        path = Path(self.token_file)
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise ClientError(f"the token file {path} of the backend at {self.url} cannot be read ({error})") from error


@contextmanager
def announce(url: str, token_file: Path) -> Iterator[None]:
    """Say that this process serves at an address, for as long as the block lasts.

    Raises:
        ChironomyError: the file cannot be written.
    """
    told = Announced(url, str(token_file.absolute()), os.getpid(), chironomy.__version__)
    path = _path(os.getpid())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with atomic_path(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(told), stream)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()


def announced() -> list[Announced]:
    """Return the backends that this user's processes announced, the latest first; no process that is gone.

    Whoever has the port of one that is gone is not to be told its secret; what it announced is removed.
    """
    found = []
    for path in announcements_folder().glob(_path("*").name):
        told = _read(path)
        if told is not None and _alive(told[1].pid):
            found.append(told)
        elif told is not None:
            with suppress(OSError):
                path.unlink()
    return [told for _, told in sorted(found, key=lambda pair: pair[0], reverse=True)]


def running_backend() -> Announced | None:
    """Return the latest announced backend that answers as one of this version; it asks, so in a worker thread."""
    for told in announced():
        try:
            with Client(told.url, told.token(), timeout=_HEALTH_SECONDS) as client:
                client.health()
        except ChironomyError:
            continue
        else:
            return told
    return None


def _path(pid: int | str) -> Path:
    """The announcement of a process of this machine, whose user may have the same folder on another one, too."""
    machine = re.sub(r"[^\w.-]", "_", platform.node())
    return announcements_folder() / f"{machine}-{pid}.json"


def _alive(pid: int) -> bool:
    """Whether a process of this user has this number; always so on Windows, where asking would end it."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return pid > 0


def _read(path: Path) -> tuple[float, Announced] | None:
    try:
        status = path.stat()
        if os.name == "posix" and (status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o022):
            return None
        if status.st_size > _LARGEST:
            return None
        fields = json.loads(path.read_text(encoding="utf-8"))
        told = Announced(str(fields["url"]), str(fields["token_file"]), int(fields["pid"]), str(fields["version"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    # It is asked with a secret, so it must be this computer.
    return (status.st_mtime, told) if told.url.startswith("http://127.0.0.1:") else None
