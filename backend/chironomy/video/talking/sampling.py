# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoising one block of frames: windows, guidance, and the frames that the block before has made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from chironomy.video.errors import RenderCancelled, VideoError
from chironomy.video.talking.network import Encoded, TalkingNetwork
from chironomy.video.talking.windows import blend_weights, step_windows


@dataclass(frozen=True)
class Guidance:
    """How much what the conditions ask for is exaggerated; 1 is not at all, and costs nothing.

    Attributes:
        every: of all conditions together, as EchoMimicV2 is guided: against a run without any.
        reference: of the pictures, against a run without them.
        audio: of the speech, likewise.
        pose: of the maps and the confidence, likewise.
    """

    every: float = 1.0
    reference: float = 1.0
    audio: float = 1.0
    pose: float = 1.0

    def runs(self) -> list[tuple[float, tuple[str, ...]]]:
        """The runs of the denoiser that a step takes: each one's part in the result, and the conditions it lacks.

        p + (g - 1) (p - p without any) + sum over conditions of (g_c - 1) (p - p without c): classifier-free guidance
        (arXiv 2207.12598), conditions composed as by Liu et al. 2022 (arXiv 2206.01714).
        """
        lacking = [
            (self.every, ("reference", "audio", "pose")),
            (self.reference, ("reference",)),
            (self.audio, ("audio",)),
            (self.pose, ("pose",)),
        ]
        runs = [(1 - scale, names) for scale, names in lacking if scale != 1]
        return [(1 - sum(part for part, _ in runs), ()), *runs]


@dataclass
class Held:
    """Frames at the beginning of a block that the block before has made.

    Attributes:
        latents: clean, (channels, frames, height, width).
        hold: how much of each is kept, 1 to 0, (frames,).
    """

    latents: torch.Tensor
    hold: torch.Tensor


@torch.no_grad()
def denoise_block(
    network: TalkingNetwork,
    scheduler: Any,
    noise: torch.Tensor,
    encoded: Encoded,
    held: Held | None,
    steps: int,
    guidance: Guidance,
    window: tuple[int, int],
    dtype: torch.dtype,
    on_step: Callable[[int], None],
    cancelled: Callable[[], bool] | None,
) -> torch.Tensor:
    """Denoise a block.

    Args:
        network: predicts what the scheduler's prediction type says.
        scheduler: of diffusers, with `alphas_cumprod`, such as DDIM.
        noise: (channels, frames, height, width) float32.
        encoded: conditions of these frames, of a batch of 1.
        held: what the block before has made of the first frames, or None.
        steps: denoising steps.
        guidance: of the conditions.
        window: frames of a window, and frames that neighbours share.
        dtype: that the network computes in; the latents stay float32 between steps.
        on_step: told how many steps are done.
        cancelled: asked before every run of the network.

    Returns:
        (channels, frames, height, width) clean latents, float32, where the network is.

    Raises:
        RenderCancelled: `cancelled` said so.
        VideoError: the scheduler cannot be used, or the network's numbers are not finite.
    """
    check_scheduler(scheduler)
    device = encoded.audio.device
    noise = noise.to(device)
    state = noise * float(scheduler.init_noise_sigma)
    frames = state.shape[1]
    scheduler.set_timesteps(steps, device=device)
    timesteps = scheduler.timesteps
    runs = guidance.runs()
    for step, t in enumerate(timesteps):
        windows = step_windows(frames, *window, step)
        weights = blend_weights(windows, frames).to(device)
        prediction = torch.zeros_like(state)
        for number, rows in enumerate(windows):
            shown = state[None, :, rows.start : rows.stop].to(dtype)
            part = encoded.of_frames(rows.start, rows.stop)
            share = weights[number, rows.start : rows.stop, None, None]
            for scale, lacking in runs:
                if cancelled is not None and cancelled():
                    raise RenderCancelled
                made = network.denoise(shown, t, part.without(*lacking))[0].float()
                prediction[:, rows.start : rows.stop] += scale * share * made
        state = scheduler.step(prediction, t, state, return_dict=False)[0]
        if held is not None:
            later = timesteps[step + 1] if step + 1 < len(timesteps) else None
            state = _with_held(scheduler, state, noise, held, later)
        on_step(step + 1)
    if not torch.isfinite(state).all():
        raise VideoError(
            f"the video model made numbers that are not finite in {dtype}; render with dtype float32 or bfloat16, or "
            "check its weights"
        )
    return state


def check_scheduler(scheduler: Any) -> None:
    """See that a scheduler can be used.

    Raises:
        VideoError: it cannot; the sentence names one that can.
    """
    name = type(scheduler).__name__
    if not hasattr(scheduler, "alphas_cumprod") or scheduler.order != 1 or float(scheduler.init_noise_sigma) != 1:
        raise VideoError(f"videos cannot be sampled with {name}; save the model with a DDIMScheduler")
    if scheduler.config.get("clip_sample") or scheduler.config.get("thresholding"):
        raise VideoError(f"this {name} clips what it samples, but latents have no bounds; save it without clip_sample")


def _with_held(
    scheduler: Any, state: torch.Tensor, noise: torch.Tensor, held: Held, later: torch.Tensor | None
) -> torch.Tensor:
    """The state with the held frames at the noise level that it has now; each frame keeps its own noise.

    DDIM draws straight lines between clean latents and noise, so this is where the held frames would be themselves.
    """
    count = held.latents.shape[1]
    known = held.latents.to(state)
    if later is not None:
        kept = scheduler.alphas_cumprod[int(later)].to(state)
        known = kept.sqrt() * known + (1 - kept).clamp(min=0).sqrt() * noise[:, :count]
    state = state.clone()
    state[:, :count] = torch.lerp(state[:, :count], known, held.hold.to(state)[:, None, None])
    return state
