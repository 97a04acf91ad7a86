# SPDX-License-Identifier: GPL-3.0-or-later
"""Long shots have no seams.

What a window's frames look like must not depend on where the window ends. The network of these tests is the ideal one
for videos that change slowly in time: each number of the latents is a Gaussian process, of which the best guess from
noisy frames is known. It sees a window and nothing else, so windows made one by one do not fit together at all.
"""

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from chironomy.gesture.windows import blocks
from chironomy.video.talking.configs import SCHEDULER
from chironomy.video.talking.network import Encoded
from chironomy.video.talking.noise import frame_noise
from chironomy.video.talking.sampling import Guidance, Held, denoise_block
from chironomy.video.talking.windows import step_windows
from chironomy.work import QUIET

FRAMES, STEPS, SHAPE = 30, 30, (4, 12, 12)


class IdealNetwork:
    """The best guess from the frames of a window alone; `length` frames are alike, and a little flickers."""

    def __init__(self, scheduler, length=10.0, flicker=0.01):
        self.scheduler, self.length, self.flicker = scheduler, length, flicker

    def denoise(self, latents, timestep, encoded):
        level = self.scheduler.alphas_cumprod[int(timestep)].double()
        signal, noise = level.sqrt(), (1 - level).sqrt()
        apart = torch.arange(latents.shape[2])[:, None] - torch.arange(latents.shape[2])
        alike = (1 - self.flicker) * torch.exp(-0.5 * (apart / self.length) ** 2).double()
        alike += self.flicker * torch.eye(len(apart))
        guess = signal * alike @ torch.linalg.inv(signal**2 * alike + noise**2 * torch.eye(len(apart)))
        clean = torch.einsum("ij,bcjhw->bcihw", guess, latents.double())
        return ((signal * latents - clean) / noise).float()


def rendered(size: int, overlap: int, block_windows: int, linked: bool = True) -> torch.Tensor:
    """(channels, frames, height, width), as the pipeline puts blocks together."""
    scheduler = DDIMScheduler(**SCHEDULER)
    network, parts, before, kept = IdealNetwork(scheduler), [], None, max(1, overlap // 2)
    for block in blocks(FRAMES, size, overlap, overlap, block_windows, block_windows):
        frames = range(block.start, block.start + block.layout.frames)
        held = None if before is None or not linked else Held(before[:, -overlap:], kept)
        silence = Encoded(None, None, torch.zeros(1, len(frames), 1, 1))
        noise = frame_noise(5, frames, SHAPE)
        made = denoise_block(
            network, scheduler, noise, silence, held, STEPS, Guidance(), (size, overlap), torch.float32,
            QUIET,
        )  # fmt: skip
        parts.append(made[:, (0 if before is None else kept) : (None if block.final else kept - overlap)])
        before = made
    return torch.cat(parts, dim=1)


def changes(latents: torch.Tensor) -> np.ndarray:
    """(frames - 1,) root mean square difference of neighbouring frames."""
    return torch.diff(latents, dim=1).square().mean((0, 2, 3)).sqrt().numpy()


@pytest.mark.parametrize(("size", "overlap"), [(12, 3), (24, 6), (8, 2)])
def test_windows_made_one_after_the_other_leave_no_seam(size, overlap) -> None:
    latents = rendered(size, overlap, block_windows=1)
    assert latents.shape[1] == FRAMES
    change = changes(latents)
    assert change.max() <= 1.2 * np.median(change)


@pytest.mark.parametrize(("size", "overlap"), [(12, 3), (24, 6)])
def test_windows_made_together_leave_no_seam(size, overlap) -> None:
    change = changes(rendered(size, overlap, block_windows=8))
    seams = sorted({window.stop - 1 for window in step_windows(FRAMES, size, overlap, STEPS - 1)[:-1]})
    elsewhere = np.delete(change, seams)
    assert change[seams].mean() <= 1.2 * elsewhere.mean()


def test_windows_that_know_nothing_of_each_other_would_leave_one() -> None:
    change = changes(rendered(12, 3, block_windows=1, linked=False))
    assert change.max() > 5 * np.median(change)
