# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether another process still lives, on every platform and with the standard library."""

import os
import sys
from pathlib import Path

from chironomy.service.errors import ServiceError

_SYNCHRONIZE = 0x00100000
_WAIT_TIMEOUT = 0x00000102


class Parent:
    """The process that this one belongs to.

    A process that is this one's true parent is watched by `getppid`, which changes when it ends; another is looked up
    by its number and, where the system tells it (Linux), by its starting time, so that a number given to a new process
    is not mistaken for the old one.

    Args:
        pid: its number.

    Raises:
        ServiceError: there is no such process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._direct = os.name == "posix" and os.getppid() == pid
        self._handle = _windows_handle(pid) if sys.platform == "win32" else 0
        self._start = _start_time(pid)
        if not self.alive():
            raise ServiceError(f"There is no process {pid} to end with: give --parent-pid a running one")

    def alive(self) -> bool:
        """Whether it still runs (a process that has ended but is not yet reaped does not)."""
        if sys.platform == "win32":
            import ctypes

            return bool(self._handle) and ctypes.windll.kernel32.WaitForSingleObject(self._handle, 0) == _WAIT_TIMEOUT
        if self._direct:
            return os.getppid() == self.pid
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return _start_time(self.pid) == self._start


def _windows_handle(pid: int) -> int:
    if sys.platform != "win32":
        return 0
    import ctypes

    return ctypes.windll.kernel32.OpenProcess(_SYNCHRONIZE, False, pid)


def _start_time(pid: int) -> str | None:
    """Clock ticks from boot to the process's start, from /proc; None where there is no /proc or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
