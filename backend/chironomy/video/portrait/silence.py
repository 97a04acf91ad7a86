# SPDX-License-Identifier: GPL-3.0-or-later
"""Native code that speaks to standard error of itself is not heard."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_quiet = threading.Lock()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep what native code writes to standard error away while models load; Python's errors come through as ever."""
    with _quiet:
        try:
            number = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
            kept = os.dup(number)
        except (OSError, ValueError):
            yield
            return
        try:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
                os.dup2(nowhere.fileno(), number)
            yield
        finally:
            os.dup2(kept, number)
            os.close(kept)
