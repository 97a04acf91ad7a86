# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording is listened to as soon as it is loaded, so that Generate begins where that has come to."""

import contextlib
import threading
from pathlib import Path

from chironomy.errors import ChironomyError
from chironomy.work import Work


class _Ahead:
    """Who listens, and what ends it."""

    thread: threading.Thread | None = None
    stop = threading.Event()


def listen(path: Path) -> None:
    """Listen to a file by a thread, and no more to the one before."""
    end()
    _Ahead.thread = threading.Thread(target=_listen, args=(path, _Ahead.stop), name="chironomy ahead", daemon=True)
    _Ahead.thread.start()


def end() -> None:
    """Let the listening end early; who waits for it by now is not disturbed."""
    _Ahead.stop.set()
    _Ahead.stop = threading.Event()


def wait(seconds: float) -> bool:
    """Wait until it has ended, at most so long, and return whether it has."""
    if _Ahead.thread is not None:
        _Ahead.thread.join(seconds)
    return _Ahead.thread is None or not _Ahead.thread.is_alive()


def _listen(path: Path, stop: threading.Event) -> None:
    # Imported when they are needed: the add-on's registration waits for nothing of the room of speech.
    from chironomy.performance.listening import listen_ahead

    from .hearing import hear, why_deaf

    # What cannot be heard is told of where something is to be made of it.
    with contextlib.suppress(ChironomyError, OSError):
        if not why_deaf():
            listen_ahead(hear(path), Work(cancelled=stop.is_set))
