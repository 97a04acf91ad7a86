# SPDX-License-Identifier: GPL-3.0-or-later
"""How diffusers' schedulers go from noise to motion, seen by a network that knows the straight path alone.

The network sees x = (1 - sigma) motion + sigma noise and predicts the motion. A rectified flow's state (Liu et al.
2022, arXiv 2209.03003) is x itself. The state of a variance-preserving diffusion, z = a motion + s noise with
a^2 + s^2 = 1 (DDIM, Song et al. 2020, arXiv 2010.02502), is x up to a factor: x = z / (a + s) with
sigma = s / (a + s). So the same weights sample with either, and a step of DDIM is a step of the flow.
"""

import inspect
from typing import Any, Protocol

import numpy as np
import torch
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from chironomy.gesture.errors import GestureError

NOISE_SHIFT = 3.0
"""How far noise levels are shifted towards noise, in training and in the scheduler that is saved: s' = 3 s / (1 + 2 s).

Motion repeats itself from frame to frame, so noise hides it less than its level says (as of large pictures, Esser et
al. 2024, section 5.3.2).
"""

_LEAST_LEVEL = 1e-3


class NoisePath(Protocol):
    """A scheduler, set to a number of steps.

    Attributes:
        timesteps: as the scheduler counts them.
        initial_scale: of noise, to be the first state.
    """

    timesteps: torch.Tensor
    initial_scale: float

    def straight(self, state: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, float]:
        """The state as the network sees it, and its noise level sigma, 0 to 1."""
        ...

    def step(self, clean: torch.Tensor, t: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """The next state, from predicted clean motion."""
        ...


def noise_path(scheduler: Any, steps: int, device: torch.device, generator: torch.Generator) -> NoisePath:
    """The scheduler, set to that many steps.

    Args:
        scheduler: of diffusers.
        steps: how many.
        device: of the states.
        generator: for schedulers that add noise on the way.

    Raises:
        GestureError: it is of a kind that cannot be used, or cannot take that many steps.
    """
    name, config = type(scheduler).__name__, scheduler.config
    if config.get("use_dynamic_shifting") or config.get("invert_sigmas") or config.get("use_flow_sigmas"):
        raise GestureError(f"this {name} shifts or inverts its noise levels in a way that gestures have no use for")
    if config.get("clip_sample") or config.get("thresholding"):
        raise GestureError(
            f"this {name} clips what it samples, but motion has no bounds; save it with clip_sample=False"
        )
    try:
        if isinstance(scheduler, FlowMatchEulerDiscreteScheduler):
            return _Flow(scheduler, steps, device)
        if hasattr(scheduler, "alphas_cumprod"):
            return _Diffusion(scheduler, steps, device, generator)
    except ValueError as error:
        raise GestureError(f"{name} cannot take {steps} steps: {error}") from error
    raise GestureError(
        f"gestures cannot be sampled with {name}; use FlowMatchEulerDiscreteScheduler, DDIMScheduler or another with "
        "alphas_cumprod"
    )


class _Flow:
    """Rectified flow: the state is what the network sees."""

    def __init__(self, scheduler: Any, steps: int, device: torch.device):
        # Even steps that end at data; the scheduler's own would spend the last one on a thousandth of the way.
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 1.0 / steps, steps).tolist(), device=device)
        self.scheduler, self.timesteps, self.initial_scale = scheduler, scheduler.timesteps, 1.0

    def straight(self, state: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, float]:
        return state, float(t) / self.scheduler.config["num_train_timesteps"]

    def step(self, clean: torch.Tensor, t: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        # A flow's velocity points from motion to noise.
        velocity = (state - clean) / max(self.straight(state, t)[1], _LEAST_LEVEL)
        return self.scheduler.step(velocity, t, state, return_dict=False)[0]


class _Diffusion:
    """Anything with `alphas_cumprod`; schedulers whose state is motion + s/a noise scale it for the network."""

    def __init__(self, scheduler: Any, steps: int, device: torch.device, generator: torch.Generator):
        self.kind = scheduler.config.get("prediction_type", "epsilon")
        if self.kind not in ("sample", "epsilon", "v_prediction"):
            raise ValueError(f"it wants a prediction of type {self.kind!r}, which is unknown")
        scheduler.set_timesteps(steps, device=device)
        self.scheduler, self.timesteps = scheduler, scheduler.timesteps
        self.initial_scale = float(scheduler.init_noise_sigma)
        kept = scheduler.alphas_cumprod.double().cpu().numpy()
        self.ratio = np.sqrt((1 - kept) / np.maximum(kept, 1e-12))
        # DDIM without eta adds no noise, so it needs no generator.
        random = "generator" in inspect.signature(scheduler.step).parameters
        self.extra: dict[str, Any] = {"generator": generator} if random else {}

    def levels(self, t: torch.Tensor) -> tuple[float, float]:
        """Factors a of motion and s of noise; between whole timesteps s/a is interpolated, as the schedulers do."""
        ratio = float(np.interp(float(t), np.arange(len(self.ratio)), self.ratio))
        a = 1 / np.sqrt(1 + ratio**2)
        return float(a), float(a * ratio)

    def straight(self, state: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, float]:
        a, s = self.levels(t)
        return self.scheduler.scale_model_input(state, t) / (a + s), s / (a + s)

    def step(self, clean: torch.Tensor, t: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        output = clean
        if self.kind != "sample":
            a, s = self.levels(t)
            noise = (self.scheduler.scale_model_input(state, t) - a * clean) / max(s, _LEAST_LEVEL)
            output = noise if self.kind == "epsilon" else a * noise - s * clean
        return self.scheduler.step(output, t, state, return_dict=False, **self.extra)[0]
