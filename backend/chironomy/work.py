# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes time tells how far it is, shows what it makes, and can be stopped: one shape for all of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self


class Progress(Protocol):
    """Takes how far the work is, 0 to 1, and what it does now, for a person."""

    def __call__(self, fraction: float, message: str = "", /) -> None:
        """Called as often as the work likes, with a fraction that never falls."""
        ...


def _untold(_fraction: float, _message: str = "") -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Work:
    """What a piece of work may ask and tell.

    Attributes:
        progress: told how far it is.
        cancelled: asked between steps; True once the work should stop.
        preview: takes a JPEG of what is being made, to be looked at meanwhile; None where nobody looks.
        finished: takes parts of what is being made, in order, as soon as they are as they will be, such as a
            `gesture.maker.Part`; None where nobody waits for them.
    """

    progress: Progress = _untold
    cancelled: Callable[[], bool] = _never
    preview: Callable[[bytes], None] | None = None
    finished: Callable[[Any], None] | None = None

    def part(self, start: float, stop: float, doing: str = "") -> Self:
        """The same for a piece of the work: its 0 to 1 become `start` to `stop` of the whole.

        `doing` is the message where the piece gives none of its own.
        """

        def progress(fraction: float, message: str = "") -> None:
            # Exact at both ends, as 1 is what tells that all is done.
            self.progress(start * (1 - fraction) + stop * fraction, message or doing)

        return replace(self, progress=progress)


QUIET = Work()
"""Nobody is told, and nobody stops it."""
