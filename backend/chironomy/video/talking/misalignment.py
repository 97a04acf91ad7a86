# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoints that are early or late on purpose, in training.

EMO2 guides the body by keypoints that do not quite fit in time, so that the model treats them as a hint, and moves the
body as the hands and the speech ask ("pixels prior IK"). By how much was not to be found.
"""

import torch


def keypoints_moved_in_time(
    maps: torch.Tensor, offsets: torch.Tensor, channels: tuple[int, int] = (3, 6)
) -> torch.Tensor:
    """The maps with the keypoint map of each sample moved in time; the MANO map stays as it is.

    Args:
        maps: (batch, map channels, frames, height, width).
        offsets: (batch,) whole frames; positive is late. The first and the last frame are held.
        channels: the first of the keypoint map, and the one after its last.
    """
    frames = maps.shape[2]
    rows = (torch.arange(frames, device=maps.device) - offsets.to(maps.device)[:, None]).clamp(0, frames - 1)
    moved = maps.clone()
    first, last = channels
    for sample, row in enumerate(rows):
        moved[sample, first:last] = maps[sample, first:last, row]
    return moved
