# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of the walk share: the person at the window, files, a backend, and what is to be seen."""

import math
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from window_walk.desk import Desk, UnseenError


class Files(NamedTuple):
    """What the walk opens and writes."""

    extension: Path
    speech: Path
    folder: Path


class Backend(NamedTuple):
    """A backend that runs, and the file with its secret."""

    url: str
    token_file: Path


class Walk:
    """What steps share: the desk, the files and what was seen earlier.

    Attributes:
        backend: for rendering; None where there is none.
    """

    def __init__(self, desk: Desk, files: Files, backend: Backend | None) -> None:
        self.desk, self.files, self.backend = desk, files, backend
        self.paths: dict[str, list[Any]] = {}


def check(true: bool, otherwise: str) -> None:
    """Go on only where something is so.

    Raises:
        UnseenError: it is not; `otherwise` says what is.
    """
    if not true:
        raise UnseenError(otherwise)


def show_gesture(walk: Walk) -> None:
    """Go to a frame within a gesture: the middle of the first phrase of the right hand or of both."""
    seen = walk.desk.see()
    chosen = next((phrase for phrase in seen["phrases"] if phrase[1] != "left"), [0, 0, *seen["frames"]])
    walk.desk.ask("go_to", frame=(chosen[2] + chosen[3]) // 2)


def shown_take(desk: Desk) -> str:
    """Return the name of the take that is shown."""
    return next((take["name"] for take in desk.see()["takes"] if take["shown"]), "no take")


def length(path: list[Any]) -> float:
    """Metres that both wrists travel."""
    return sum(math.dist(a, b) for one, other in pairwise(path) for a, b in zip(one, other, strict=True))


def farthest(one: list[Any], other: list[Any]) -> float:
    """The farthest that a wrist of one path is from the other's, in metres."""
    return max(
        math.dist(a, b) for left, right in zip(one, other, strict=False) for a, b in zip(left, right, strict=True)
    )


def turn(one: list[float], other: list[float]) -> float:
    """Degrees between two unit quaternions."""
    return math.degrees(2 * math.acos(min(1.0, abs(sum(a * b for a, b in zip(one, other, strict=True))))))


def wait_edited(desk: Desk) -> None:
    """Wait until an edit is done that a button or a slider began."""
    time.sleep(0.5)
    desk.wait_until("the end of the edit", lambda seen: not seen["editing"], 30)


def wait_for(path: Path, seconds: float = 60.0) -> None:
    """Wait until a file is there.

    Raises:
        UnseenError: it does not come.
    """
    end = time.monotonic() + seconds
    while not path.exists():
        check(time.monotonic() < end, f"{path.name} is not there after {seconds:.0f} seconds")
        time.sleep(0.2)
