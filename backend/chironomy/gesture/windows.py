# SPDX-License-Identifier: GPL-3.0-or-later
"""A long timeline as overlapping windows that are denoised together.

At every step each window is predicted on its own and the predictions are blended into one timeline by weights that fade
over the overlaps (after MultiDiffusion, Bar-Tal et al. 2023, arXiv 2302.08113), so that no seam can form, the cost is
linear in the length, and a prediction never needs more than a batch of windows at once.

A timeline that is longer still is cut into blocks of windows, made one after the other, so that memory is bounded and
the first motion is there while the rest is made. The end of one block is the beginning of the next: some of its frames
are pinned there, and those after them are let go gradually.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """Windows of `size` frames every `size - overlap` frames, covering `frames` frames (padded to the last window)."""

    frames: int
    size: int
    overlap: int

    @property
    def count(self) -> int:
        """How many windows there are."""
        hop = self.size - self.overlap
        return 1 + max(0, -(-(self.frames - self.size) // hop))

    @property
    def padded_frames(self) -> int:
        """Frames to the end of the last window."""
        return self.size + (self.count - 1) * (self.size - self.overlap)

    def starts(self, first: int, last: int) -> NDArray[np.intp]:
        """First frames of windows `first` to `last - 1`."""
        return np.arange(first, last) * (self.size - self.overlap)

    def rows(self, first: int, last: int) -> NDArray[np.intp]:
        """(windows, size) frame numbers."""
        return self.starts(first, last)[:, None] + np.arange(self.size)

    def fade(self) -> Array:
        """(size,) weight of a window's frames: rising over the overlap, 1, falling over the overlap."""
        ramp = ((np.arange(self.overlap) + 1.0) / (self.overlap + 1.0)).astype(np.float32)
        weight = np.ones(self.size, np.float32)
        if self.overlap:
            weight[: self.overlap] = ramp
            weight[-self.overlap :] = np.minimum(weight[-self.overlap :], ramp[::-1])
        return weight


class Blend:
    """Gathers the windows' predictions into one timeline."""

    def __init__(self, layout: Layout, channels: int):
        self.layout = layout
        self.total = np.zeros((layout.padded_frames, channels), np.float32)
        self.weight = np.zeros((layout.padded_frames, 1), np.float32)
        self.fade = layout.fade()[:, None]

    def add(self, first: int, predictions: Array) -> None:
        """Add the predictions (windows, size, channels) of windows `first` and following, in order."""
        starts = self.layout.starts(first, first + len(predictions)).tolist()
        for start, prediction in zip(starts, predictions * self.fade, strict=True):
            self.total[start : start + self.layout.size] += prediction
            self.weight[start : start + self.layout.size] += self.fade

    def timeline(self) -> Array:
        """(frames, channels), the weighted mean."""
        return self.total / self.weight


@dataclass(frozen=True)
class Block:
    """Windows that are denoised together.

    Attributes:
        start: its first frame on the timeline.
        layout: its windows.
        carried: how many of its first frames the block before has made; 0 in the first block.
        final: whether it is the last.
    """

    start: int
    layout: Layout
    carried: int
    final: bool


def blocks(frames: int, size: int, overlap: int, carried: int, first: int, usual: int) -> Iterator[Block]:
    """Cut a timeline into blocks, each of which begins in the end of the block before.

    Args:
        frames: frames of the timeline.
        size: frames of a window.
        overlap: frames that neighbouring windows of a block share.
        carried: frames that neighbouring blocks share.
        first: windows of the first block, which is short so that its motion is there soon.
        usual: windows of the others. A block takes up to half as many more where that makes it the last.
    """
    start, windows = 0, first
    while True:
        rest = Layout(frames - start, size, overlap)
        shared = carried if start else 0
        if rest.count <= windows + windows // 2:
            yield Block(start, rest, shared, final=True)
            return
        layout = Layout(size + (windows - 1) * (size - overlap), size, overlap)
        yield Block(start, layout, shared, final=False)
        start, windows = start + layout.frames - carried, usual
