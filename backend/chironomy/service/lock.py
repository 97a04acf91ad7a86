# SPDX-License-Identifier: GPL-3.0-or-later
"""One backend a data folder: a lock that ends with its process, and the address of whoever holds it."""

import contextlib
import time
from pathlib import Path

from filelock import FileLock, Timeout

from chironomy.client.process import Handshake, read_handshake
from chironomy.errors import ChironomyError
from chironomy.service.errors import ServiceError

ADDRESS_FILE = "server.json"
"""In the data folder, readable by its owner alone: where the backend listens that works there, as a handshake."""

_SECONDS = 10.0


class DataInUse(ServiceError):  # noqa: N818 - named for what happened
    """Another backend works in the data folder.

    Attributes:
        holder: where it listens; None where it has not said so.
    """

    def __init__(self, folder: Path, holder: Handshake | None) -> None:
        who = f"the backend at {holder.url} (process {holder.pid})" if holder else "another backend"
        message = f"The data folder {folder} is in use by {who}: use that one, stop it, or choose another --data"
        super().__init__(message, status=409)
        self.holder = holder


class DataLock:
    """The right to work in a data folder; use it as a context manager.

    Args:
        folder: of the data; made when missing, readable by its owner only.
        seconds: how long to wait for a backend that has just started to say where it listens.

    Raises:
        DataInUse: another backend works there.
        ServiceError: the folder cannot be used.
    """

    def __init__(self, folder: Path, seconds: float = _SECONDS) -> None:
        self.folder = folder
        self.address = folder / ADDRESS_FILE
        self._lock = FileLock(folder / "lock", mode=0o600)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._acquire(seconds)
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"The backend's data folder {folder} cannot be used ({reason}): choose another with --data"
            raise ServiceError(message) from error

    def _acquire(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._lock.acquire(timeout=0)
                with contextlib.suppress(OSError):
                    self.address.unlink()
                return
            except Timeout:
                holder = self._holder()
                if holder is not None or time.monotonic() > deadline:
                    raise DataInUse(self.folder, holder) from None
            time.sleep(0.1)

    def _holder(self) -> Handshake | None:
        with contextlib.suppress(ChironomyError):
            return read_handshake(self.address)
        return None

    def release(self) -> None:
        """Let others work in the folder."""
        with contextlib.suppress(OSError):
            self.address.unlink()
        self._lock.release()

    def __enter__(self) -> "DataLock":
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
