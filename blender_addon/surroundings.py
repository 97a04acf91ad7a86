# SPDX-License-Identifier: GPL-3.0-or-later
"""What is around Blender: a backend that runs, an NVIDIA GPU. A thread looks, so that drawing never waits."""

import threading
import time
from dataclasses import dataclass

from chironomy.client import Announced, running_backend
from chironomy.installation.graphics import has_nvidia

_SECONDS = 10.0
"""How long what was seen of a backend is believed."""


@dataclass
class _Seen:
    running: Announced | None = None
    nvidia: bool | None = None
    looked: float = float("-inf")
    looking: bool = False


_seen = _Seen()


def running() -> Announced | None:
    """Return the backend that was seen to run, and look again where that is long ago."""
    _look()
    return _seen.running


def nvidia() -> bool | None:
    """Whether there is an NVIDIA GPU; None until that is known."""
    _look()
    return _seen.nvidia


def _look() -> None:
    if _seen.looking or time.monotonic() - _seen.looked < _SECONDS:
        return
    _seen.looking = True
    threading.Thread(target=look, name="chironomy surroundings", daemon=True).start()


def look() -> None:
    """Look now. Safe in a worker thread."""
    try:
        _seen.running = running_backend()
        if _seen.nvidia is None:
            _seen.nvidia = has_nvidia()
    finally:
        _seen.looked, _seen.looking = time.monotonic(), False
