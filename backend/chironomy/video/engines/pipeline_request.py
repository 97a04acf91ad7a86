# SPDX-License-Identifier: GPL-3.0-or-later
"""A render by a diffusers pipeline, checked before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.shot import Shot
from chironomy.video.engines.pipeline_loading import Loading
from chironomy.video.engines.pipeline_memory import Placement
from chironomy.video.engines.prompt import Prompt
from chironomy.video.engines.segments import Segment
from chironomy.video.film.finished import digest
from chironomy.video.weights.saved_pipeline import SavedPipeline


@dataclass(frozen=True, eq=False)
class Request:
    """A render, checked.

    Attributes:
        shot: at the rate of the model, from the first frame that is wanted to the last.
        shown: for every frame that is wanted, which frame of `shot` shows it.
        picture: the portrait, (height, width, 3) uint8 RGB.
        plan: the segments.
        saved: the pipeline's folder.
        prompt: what to tell the model.
        loading: how to load.
        placement: what that takes.
        seed: of the noise.
        steps: denoising steps of a segment.
        guidance: of the prompt; 1 is none.
        extra: the subclass's own settings.
        keep_finished: whether finished segments are kept for a week, so that a stopped render can go on.
    """

    shot: Shot
    shown: NDArray[np.intp]
    picture: NDArray[np.uint8]
    plan: list[Segment]
    saved: SavedPipeline
    prompt: Prompt
    loading: Loading
    placement: Placement
    seed: int
    steps: int
    guidance: float
    extra: dict[str, Any]
    keep_finished: bool

    def digest(self) -> str:
        """Hash of everything that determines the pictures beside the segments and their control."""
        described = {
            "kind": [self.loading.kind, version("diffusers")],
            "weights": self.saved.stamp(),
            "numbers": [self.loading.dtype, self.loading.float8, self.loading.vae_tiling],
            "prompt": [self.prompt.text, self.prompt.negative],
            "sampling": [self.seed, self.steps, self.guidance],
            "extra": self.extra,
        }
        spoken = b"" if self.prompt.file is None else self.prompt.file.read_bytes()
        return digest(described, spoken, self.picture)
