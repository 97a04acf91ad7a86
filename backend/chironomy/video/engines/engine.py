# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine is: what turns a shot into frames, and says what it needs before it starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.shot import Shot
from chironomy.work import QUIET, Work


@dataclass(frozen=True)
class Requirements:
    """What an engine needs.

    Attributes:
        memory_bytes: of main memory, or of the device's where it uses one.
        device: "cpu" or "cuda".
        weights: names of the weights it must find; none for an engine that needs none.
        licence: under which its pictures may be used, in one sentence.
        packages: names of the Python packages that it needs beyond those of the backend.
        plan: how it will render this shot, for people to read before it starts; "" where there is nothing to say.
    """

    memory_bytes: int
    device: str
    weights: tuple[str, ...]
    licence: str
    plan: str = ""
    packages: tuple[str, ...] = ()


class Engine(Protocol):
    """Renders shots.

    Attributes:
        name: as a shot asks for it.
        frames_independent: its frames are the same whatever was made before them, so that a sequence of pictures can be
            taken up again at any of them.
        makes_linear: it has a setting `pixels` that may be "linear": light instead of display values.
    """

    name: str
    frames_independent: bool
    makes_linear: bool

    def requirements(self, shot: Shot | None = None) -> Requirements:
        """What it needs for this shot, or for a usual one."""
        ...

    def check(self, wanted: str | None = None) -> str:
        """See that what it renders with is whole and of the right kind, without reading it all.

        Args:
            wanted: the name of a folder among the weights; the preferred one that is there when None.

        Returns:
            what was found and where, for people.

        Raises:
            VideoError: something is missing or damaged; the sentence says what.
        """
        ...

    def render(self, shot: Shot, work: Work = QUIET) -> Iterator[NDArray[np.uint8]]:
        """Yield the shot's frames in order, (height, width, 3) uint8 RGB, made as they are asked for.

        Args:
            shot: what to render.
            work: told after every frame; asked between frames, and where it says so the render ends with
                `RenderCancelled`.
        """
        ...


@runtime_checkable
class PromptedEngine(Protocol):
    """An engine that reads a prompt, whose numbers can be saved beside its weights."""

    def save_prompt(self, name: str, text: str, negative: str | None = None, wanted: str | None = None) -> Path:
        """Save a prompt; see `PipelineEngine.save_prompt`."""
        ...
