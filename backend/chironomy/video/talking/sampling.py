# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoising one block of frames: windows, guidance, and the frames that the block before has made."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.talking.network import Encoded, TalkingNetwork
from chironomy.video.talking.windows import blend_weights, step_windows
from chironomy.work import Work

EASE_FRAMES = 24
"""Frames over which a block lets go of what the block before has made: about a second."""

PREDICTIONS = ("v_prediction", "epsilon", "sample")


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
        kept: how many of them stay exactly as they are; the others lead over to the block's own frames.
    """

    latents: torch.Tensor
    kept: int

    def weights(self, frames: int) -> torch.Tensor:
        """(frames,) how much of the correction each frame of the block gets: 1, falling to 0 after `EASE_FRAMES`."""
        weights = torch.zeros(frames)
        weights[: self.kept] = 1
        count = min(EASE_FRAMES, frames - self.kept)
        fall = (torch.arange(count) + 1.0) / (EASE_FRAMES + 1.0)
        weights[self.kept : self.kept + count] = 0.5 + 0.5 * torch.cos(math.pi * fall)
        return weights


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
    work: Work,
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
        work: told after every step, and asked before every run of the network.

    Returns:
        (channels, frames, height, width) clean latents, float32, where the network is.

    Raises:
        RenderCancelled: `work` said so.
        VideoError: the scheduler cannot be used, or the network's numbers are not finite.
    """
    check_scheduler(scheduler)
    device = encoded.audio.device
    state = noise.to(device)
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
                if work.cancelled():
                    raise RenderCancelled
                made = network.denoise(shown, t, part.without(*lacking))[0].float()
                prediction[:, rows.start : rows.stop] += scale * share * made
        if held is not None:
            prediction = _with_held(scheduler, state, prediction, t, held)
        state = scheduler.step(prediction, t, state, return_dict=False)[0]
        work.progress((step + 1) / steps)
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
    kind = scheduler.config.get("prediction_type", "epsilon")
    if kind not in PREDICTIONS:
        raise VideoError(f"this {name} wants a prediction of type {kind!r}; choose one of {', '.join(PREDICTIONS)}")
    if scheduler.config.get("clip_sample") or scheduler.config.get("thresholding"):
        raise VideoError(f"this {name} clips what it samples, but latents have no bounds; save it without clip_sample")


def _with_held(
    scheduler: Any, state: torch.Tensor, prediction: torch.Tensor, t: torch.Tensor, held: Held
) -> torch.Tensor:
    """The prediction with the held frames in place, and with what that changes eased into the frames after them.

    Only putting the held frames in place would leave a seam: while there is much noise they tell the others little, and
    later it is too late. So what the last of them is corrected by is carried on at every step.
    """
    kind = scheduler.config.get("prediction_type", "epsilon")
    level = scheduler.alphas_cumprod[int(t)].to(state)
    clean_part, noise_part = level.sqrt(), (1 - level).clamp(min=1e-8).sqrt()
    clean = {
        "v_prediction": lambda: clean_part * state - noise_part * prediction,
        "epsilon": lambda: (state - noise_part * prediction) / clean_part.clamp(min=1e-4),
        "sample": lambda: prediction,
    }[kind]()
    known = held.latents.to(state)
    count = min(known.shape[1], state.shape[1])
    correction = (known[:, count - 1 :] - clean[:, count - 1 : count])[:, :1].expand_as(clean).clone()
    correction[:, :count] = known[:, :count] - clean[:, :count]
    clean = clean + held.weights(state.shape[1]).to(state)[:, None, None] * correction
    return {
        "v_prediction": lambda: (clean_part * state - clean) / noise_part,
        "epsilon": lambda: (state - clean_part * clean) / noise_part,
        "sample": lambda: clean,
    }[kind]()
