# SPDX-License-Identifier: GPL-3.0-or-later
"""Long shots in pieces that a video model can make, and shots at the rate of a video model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRIDE = 4
"""Frames that Wan's VAE makes one latent of, after the first: clips have 4k + 1 frames (arXiv 2503.20314, 4.1)."""


@dataclass(frozen=True)
class Segment:
    """Frames that are made together.

    Attributes:
        start: the first of them.
        stop: the frame after the last one that is wanted.
        length: how many are made, 4k + 1; those from `stop` on hold the last control frame and are thrown away.
        kept: how many of the first are the last ones of the segment before.
    """

    start: int
    stop: int
    length: int
    kept: int


def clip_length(frames: int) -> int:
    """The smallest 4k + 1 that holds some frames."""
    return STRIDE * math.ceil((frames - 1) / STRIDE) + 1


def segments(frames: int, longest: int, overlap: int, shortest: int = 1) -> list[Segment]:
    """Cut a shot into segments that share frames, all but the last of the same length.

    Cutting evenly leaves no last segment of a few frames, which video models make badly.

    Args:
        frames: of the shot.
        longest: frames of a segment at most, 4k + 1.
        overlap: frames that neighbours share, 4k + 1 and less than `longest`.
        shortest: frames of a segment at least, 4k + 1.
    """
    if frames <= longest:
        return [Segment(0, frames, max(clip_length(frames), shortest), 0)]
    count = math.ceil((frames - overlap) / (longest - overlap))
    # As `longest` and `overlap` are 4k + 1, rounding up to whole latents stays within `longest`.
    fresh = STRIDE * math.ceil((frames - overlap) / count / STRIDE)
    found = []
    start = 0
    while not found or found[-1].stop < frames:
        stop = min(start + overlap + fresh, frames)
        found.append(Segment(start, stop, max(clip_length(stop - start), shortest), overlap if found else 0))
        start += fresh
    return found


def blended(before: NDArray[np.float32], after: NDArray[np.float32], kept: int) -> NDArray[np.float32]:
    """Lead over from one segment to the next in the frames that they share.

    The next one's share grows evenly from nothing in the first of them: of a single one the earlier segment's is kept.

    Args:
        before: (kept, height, width, 3) the last frames of the one before.
        after: (frames, height, width, 3) the next one, beginning with the same moments.
        kept: how many frames they share.

    Returns:
        the next one with its first frames blended.
    """
    share = (np.arange(kept, dtype=np.float32) / kept)[:, None, None, None]
    return np.concatenate([before + share * (after[:kept] - before), after[kept:]])


def model_rate(fps: float, native: float) -> float:
    """Frames a second at which a model makes a shot that has `fps`.

    The shot's own where they lie between two thirds and twice the model's, so that every frame the animator sees is a
    frame that the model makes; else half or a third of them and so on, or a multiple. The control says where everything
    is in every frame, so a model follows it at other rates than its own, within limits.

    Args:
        fps: of the shot.
        native: of the videos that the model was trained on.
    """
    if fps > 2 * native:
        return fps / math.ceil(fps / (2 * native))
    if fps < native / 1.5:
        return fps * math.ceil(native / (1.5 * fps))
    return fps
