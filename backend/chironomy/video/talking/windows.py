# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows over the frames of a block, moved at every denoising step.

The denoiser sees a dozen frames at once. Neighbouring windows share some, where predictions are blended by weights that
fade (MultiDiffusion, arXiv 2302.08113), and at every step all windows begin elsewhere, as EchoMimicV2's do, so that no
two frames are always told apart. Other than those, windows move by the golden section of their distance instead of by
three frames, which meets every frame alike, and those at the ends are shorter instead of reaching round from the last
frame to the first, which do not follow each other.
"""

from collections.abc import Sequence

import torch

_GOLDEN = (5**0.5 - 1) / 2


def step_windows(frames: int, size: int, overlap: int, step: int) -> list[range]:
    """The windows of one denoising step.

    Args:
        frames: of the block.
        size: frames of a window.
        overlap: frames that neighbours share.
        step: number of the denoising step; the windows of step 0 begin at frame 0.

    Returns:
        Windows in order that cover every frame; the first and the last may be shorter than `size`, but not shorter
        than half of it unless the block is.
    """
    if frames <= size:
        return [range(frames)]
    hop = size - overlap
    shift = int(step * hop * _GOLDEN) % hop
    # Windows begin before the block where they are shifted; what is outside is cut off.
    edges = [(start, start + size) for start in range(shift - hop if shift else 0, frames - overlap, hop)]
    least = size // 2
    cut = [range(max(start, 0), min(stop, frames)) for start, stop in edges]
    windows: list[range] = []
    for window in cut:
        start, stop = window.start, window.stop
        if len(window) < least:
            # A stub sees too little of the motion: it is made longer, towards the middle of the block.
            start, stop = (0, least) if start == 0 else (frames - least, frames)
        windows.append(range(start, stop))
    return windows


def blend_weights(windows: Sequence[range], frames: int) -> torch.Tensor:
    """(windows, frames) weights of the windows' predictions; those of a frame sum to 1.

    A window's weight rises over the frames that it shares with the one before and falls over those that it shares with
    the one after.
    """
    weights = torch.zeros(len(windows), frames)
    for number, window in enumerate(windows):
        weight = torch.ones(len(window))
        if number and (shared := windows[number - 1].stop - window.start) > 0:
            weight[:shared] = torch.minimum(weight[:shared], _ramp(shared)[: len(window)])
        if number + 1 < len(windows) and (shared := window.stop - windows[number + 1].start) > 0:
            weight[-shared:] = torch.minimum(weight[-shared:], _ramp(shared).flip(0)[-len(window) :])
        weights[number, window.start : window.stop] = weight
    return weights / weights.sum(dim=0)


def _ramp(frames: int) -> torch.Tensor:
    return (torch.arange(frames) + 1.0) / (frames + 1.0)
