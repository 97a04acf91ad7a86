# SPDX-License-Identifier: GPL-3.0-or-later
"""The small parts: folded pixels, noise, what training adds and compares."""

from itertools import pairwise

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.video.talking import losses
from chironomy.video.talking.configs import SCHEDULER
from chironomy.video.talking.misalignment import keypoints_moved_in_time
from chironomy.video.talking.noise import frame_noise
from chironomy.video.talking.pixel_autoencoder import PixelAutoencoder
from chironomy.video.talking.pose_discriminator import PoseDiscriminator
from chironomy.video.talking.windows import blend_weights, step_windows


@pytest.mark.parametrize("factor", [1, 4])
def test_folded_pixels_come_back_unchanged(factor) -> None:
    vae = PixelAutoencoder(factor=factor)
    vae.set_centre(torch.tensor([0.25, 0.0, -0.5]))
    pixels = torch.rand(2, 3, 16, 12) * 2 - 1
    latents = vae.encode(pixels).latent_dist.mean
    assert latents.shape == (2, 3 * factor**2, 16 // factor, 12 // factor)
    torch.testing.assert_close(vae.decode(latents).sample, pixels)


def test_noise_belongs_to_the_seed_and_the_frame() -> None:
    some = frame_noise(7, range(10, 14), (4, 3, 2))
    assert torch.equal(some[:, 1:3], frame_noise(7, range(11, 13), (4, 3, 2)))
    assert not torch.equal(some, frame_noise(8, range(10, 14), (4, 3, 2)))
    assert not torch.equal(some[:, 0], some[:, 1])
    assert frame_noise(7, range(50), (4, 8, 8), limit=1.5).abs().max() == 1.5


def test_noise_is_normal() -> None:
    noise = frame_noise(0, range(100), (4, 8, 8))
    assert abs(float(noise.mean())) < 0.02
    assert abs(float(noise.std()) - 1) < 0.02


@settings(max_examples=60, deadline=None)
@given(frames=st.integers(1, 80), size=st.integers(2, 24), overlap=st.integers(1, 23), step=st.integers(0, 60))
def test_windows_cover_every_frame_and_their_weights_sum_to_one(frames, size, overlap, step) -> None:
    overlap = min(overlap, size - 1)
    windows = step_windows(frames, size, overlap, step)
    assert all(0 <= window.start < window.stop <= frames and len(window) <= size for window in windows)
    assert {frame for window in windows for frame in window} == set(range(frames))
    assert all(len(window) >= min(size // 2, frames) for window in windows)
    weights = blend_weights(windows, frames)
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(frames))
    assert (weights >= 0).all()


def test_windows_begin_elsewhere_at_every_step() -> None:
    starts = [step_windows(60, 12, 3, step)[2].start % 9 for step in range(18)]
    assert set(starts) == set(range(9))
    assert all(start != after for start, after in pairwise(starts))


def test_the_clean_latents_follow_from_the_velocity() -> None:
    scheduler = DDIMScheduler(**SCHEDULER)
    clean, noise = torch.randn(2, 4, 3, 5, 5), torch.randn(2, 4, 3, 5, 5)
    steps = torch.tensor([50, 999])  # at 999 there is no signal left
    noisy = scheduler.add_noise(clean, noise, steps)
    velocity = scheduler.get_velocity(clean, noise, steps)
    torch.testing.assert_close(losses.clean_of_velocity(scheduler, noisy, velocity, steps), clean, atol=1e-5, rtol=1e-4)


def test_regions_weigh_more_and_the_mean_stays_one() -> None:
    face = torch.zeros(1, 2, 64, 64)
    face[:, :, :16, :16] = 1
    weights = losses.region_weights(8, 8, face=face, face_weight=3.0)
    assert weights.shape == (1, 1, 2, 8, 8)
    assert float(weights.mean()) == pytest.approx(1.0)
    assert float(weights[0, 0, 0, 0, 0] / weights[0, 0, 0, 7, 7]) == pytest.approx(4.0)
    assert float(
        losses.weighted_error(torch.ones(1, 4, 2, 8, 8), torch.zeros(1, 4, 2, 8, 8), weights)
    ) == pytest.approx(1)


def test_keypoints_are_late_and_the_surfaces_are_not() -> None:
    maps = torch.arange(5.0).view(1, 1, 5, 1, 1).expand(2, 6, 5, 2, 2)
    moved = keypoints_moved_in_time(maps, torch.tensor([2, -1]))
    assert moved[0, :3, :, 0, 0].tolist() == [[0, 1, 2, 3, 4]] * 3
    assert moved[0, 3:, :, 0, 0].tolist() == [[0, 0, 0, 1, 2]] * 3
    assert moved[1, 3:, :, 0, 0].tolist() == [[1, 2, 3, 4, 4]] * 3


def test_the_discriminator_learns_to_tell_a_pose_that_fits_from_one_that_does_not() -> None:
    torch.manual_seed(0)
    judge = PoseDiscriminator(latent_channels=1, map_channels=1, width=8)
    optimizer = torch.optim.Adam(judge.parameters(), 3e-3)

    def clips(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        maps = (torch.rand(8, 1, 2, 16, 16, generator=torch.Generator().manual_seed(seed)) > 0.7).float()
        return torch.nn.functional.avg_pool3d(maps, (1, 2, 2)), maps

    for seed in range(60):
        latents, maps = clips(seed)
        loss = losses.discriminator_loss(judge(latents, maps), judge(latents.roll(1, 0), maps))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    latents, maps = clips(1000)
    with torch.no_grad():
        assert judge(latents, maps).mean() > judge(latents.roll(1, 0), maps).mean() + 0.5
    fake = latents.clone().requires_grad_()
    losses.generator_loss(judge(fake, maps)).backward()
    assert fake.grad.any()
