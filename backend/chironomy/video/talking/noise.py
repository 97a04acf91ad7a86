# SPDX-License-Identifier: GPL-3.0-or-later
"""The noise that frames begin as: of each frame a function of the seed and its number alone."""

import hashlib

import torch


def frame_noise(seed: int, frames: range, shape: tuple[int, int, int], limit: float | None = None) -> torch.Tensor:
    """Noise of some frames of a shot; the same whatever else is rendered, and on every device.

    Args:
        seed: of the shot.
        frames: their numbers.
        shape: channels, height and width of the latents.
        limit: noise is kept within ± this; EchoMimicV2's pipeline keeps it within 1.5. None: as it is drawn.

    Returns:
        (channels, frames, height, width) float32 in main memory.
    """
    drawn = []
    for frame in frames:
        digest = hashlib.sha256(f"{int(seed)}/{int(frame)}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") % 2**63)
        drawn.append(torch.randn(shape, generator=generator))
    noise = torch.stack(drawn, dim=1)
    return noise if limit is None else noise.clamp(-limit, limit)
