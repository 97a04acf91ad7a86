# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes time tells how far it is, shows what it makes, and can be stopped: one shape for all of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """What a running job may ask and tell.

    Attributes:
        progress: `progress(fraction 0..1, message)`.
        cancelled: True once the job should stop; looked at between steps.
        preview: takes a JPEG of what is being made, to be looked at while the job runs.
    """

    progress: Callable[..., None]
    cancelled: Callable[[], bool]
    preview: Callable[[bytes], None] = lambda _: None
