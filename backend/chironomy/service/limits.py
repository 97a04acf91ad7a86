# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory one worker may take: said before the work where it is known, and enforced while it lasts."""

import contextlib
import sys
from pathlib import Path

import psutil

from chironomy.service.errors import ServiceError

SHARE = 0.8
"""Of the machine's memory, what one worker may take."""

_CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

_limit: list[int] = []


def usual_limit() -> int:
    """Bytes that one worker may take unless told otherwise: a share of what the machine, or its container, has."""
    memory = psutil.virtual_memory().total
    for name in _CONTAINER:
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(Path(name).read_text(encoding="ascii")))
    return int(SHARE * memory)


def set_limit(limit: int) -> None:
    """Hold this process to some bytes, where its system can; `check_memory` knows them from now on.

    On Linux what goes beyond is refused to whoever asks for it, which raises MemoryError. Elsewhere, and where a GPU's
    driver reserves addresses without end, whoever started the process watches it.
    """
    _limit[:] = [limit]
    if sys.platform == "linux" and not Path("/dev/nvidiactl").exists():
        import resource

        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def check_memory(needed: int, what: str) -> None:
    """Refuse work that needs more memory than this process may take.

    Args:
        needed: bytes.
        what: needs them, the beginning of a sentence.

    Raises:
        ServiceError: it is too much.
    """
    limit = _limit[0] if _limit else usual_limit()
    if needed > limit:
        message = (
            f"{what} needs about {needed / 2**30:.1f} GiB of memory and the backend may take {limit / 2**30:.1f}: "
            "choose a smaller size or fewer threads, or start the backend with a larger --memory"
        )
        raise ServiceError(message)


def memory_of(process: psutil.Process) -> int:
    """Bytes of memory that a process and all that it started take now; 0 where it has ended."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
    return total
