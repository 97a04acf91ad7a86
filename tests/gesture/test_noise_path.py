# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedulers: the same network samples alike under a diffusion and under a rectified flow."""

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_edm_euler import EDMEulerScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_heun_discrete import FlowMatchHeunDiscreteScheduler
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.gesture import GestureError, GesturePipeline
from chironomy.gesture.noise_path import noise_path
from chironomy.speech.decode import Speech

CPU = torch.device("cpu")


def sampled(scheduler, steps: int, predict, noise: torch.Tensor) -> torch.Tensor:
    """What `predict(x, sigma)` and the scheduler make of noise."""
    path = noise_path(scheduler, steps, CPU, torch.Generator().manual_seed(0))
    state = noise * path.initial_scale
    for t in path.timesteps:
        state = path.step(predict(*path.straight(state, t)), t, state)
    return state


def ddim(**options) -> DDIMScheduler:
    return DDIMScheduler(
        **{"prediction_type": "sample", "clip_sample": False, "timestep_spacing": "trailing"} | options
    )


def gaussian(x: torch.Tensor, sigma: float) -> torch.Tensor:
    """The best prediction of motion of mean 1 and spread 0.5: linear in what is seen."""
    mean, variance = 1.0, 0.25
    gain = (1 - sigma) * variance / ((1 - sigma) ** 2 * variance + sigma**2)
    return mean + gain * (x - (1 - sigma) * mean)


def test_a_step_of_ddim_is_a_step_of_the_flow() -> None:
    generator = torch.Generator().manual_seed(0)
    state, clean = torch.randn(40, 6, generator=generator), torch.randn(40, 6, generator=generator)
    path = noise_path(ddim(), 10, CPU, generator)
    for t, following in zip(path.timesteps, path.timesteps[1:], strict=False):
        x, sigma = path.straight(state, t)
        state = path.step(clean, t, state)
        after, lower = path.straight(state, following)
        assert torch.allclose(after, x + (lower - sigma) * (x - clean) / sigma, atol=1e-5)
    assert torch.allclose(path.step(clean, path.timesteps[-1], state), clean, atol=1e-5)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_many_steps_of_ddim_and_of_the_flow_arrive_at_the_same_motion(shift: float) -> None:
    noise = torch.randn(500, 4, generator=torch.Generator().manual_seed(1))
    flow = sampled(FlowMatchEulerDiscreteScheduler(shift=shift), 400, gaussian, noise)
    diffusion = sampled(ddim(beta_schedule="squaredcos_cap_v2"), 500, gaussian, noise)
    exact = 1.0 + 0.5 * noise
    assert (flow - exact).abs().max() < 0.02
    assert (diffusion - exact).abs().max() < 0.02


@pytest.mark.parametrize("kind", ["sample", "epsilon", "v_prediction"])
@pytest.mark.parametrize(
    "make",
    [
        lambda kind: ddim(prediction_type=kind),
        lambda kind: EulerDiscreteScheduler(prediction_type=kind, timestep_spacing="trailing"),
        lambda kind: DPMSolverMultistepScheduler(prediction_type=kind, timestep_spacing="trailing"),
        lambda kind: UniPCMultistepScheduler(prediction_type=kind, timestep_spacing="trailing"),
    ],
)
def test_every_kind_of_prediction_and_state_is_served(make, kind: str) -> None:
    noise = torch.randn(300, 4, generator=torch.Generator().manual_seed(2))
    assert (sampled(make(kind), 100, gaussian, noise) - (1.0 + 0.5 * noise)).abs().max() < 0.1


def test_a_constant_prediction_is_the_result() -> None:
    wanted = torch.linspace(-3, 3, 12).reshape(3, 4)
    for scheduler in (FlowMatchEulerDiscreteScheduler(shift=3.0), ddim()):
        for steps in (1, 2, 10):
            assert torch.allclose(sampled(scheduler, steps, lambda *_: wanted, torch.randn(3, 4)), wanted, atol=1e-5)


def test_the_pipeline_samples_alike_with_either(tiny: GesturePipeline, speech: Speech) -> None:
    diffusion = GesturePipeline(tiny.transformer, ddim(beta_schedule="squaredcos_cap_v2"))
    options = {"seed": 5, "num_inference_steps": 100, "guidance_scale": 1.0}
    first, second = tiny(speech, **options), diffusion(speech, **options)
    other = tiny(speech, **{**options, "seed": 6})
    apart = np.abs(first.wrist_position - second.wrist_position).mean()
    assert apart < 0.2 * np.abs(first.wrist_position - other.wrist_position).mean()


def test_a_scheduler_that_adds_noise_repeats_with_the_seed(tiny: GesturePipeline, speech: Speech) -> None:
    pipeline = GesturePipeline(tiny.transformer, DDPMScheduler(prediction_type="sample", clip_sample=False))
    first, second = (pipeline(speech, seed=4, num_inference_steps=3) for _ in range(2))
    assert np.array_equal(first.wrist_position, second.wrist_position)


@pytest.mark.parametrize(
    ("scheduler", "steps", "sentence"),
    [
        (EDMEulerScheduler(), 4, "cannot be sampled with EDMEulerScheduler"),
        (FlowMatchHeunDiscreteScheduler(), 4, "cannot be sampled with FlowMatchHeunDiscreteScheduler"),
        (DDIMScheduler(prediction_type="sample"), 4, "save it with clip_sample=False"),
        (FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), 4, "shifts or inverts its noise levels"),
        (ddim(), 1001, "DDIMScheduler cannot take 1001 steps"),
    ],
)
def test_a_scheduler_that_cannot_be_used_is_refused(scheduler, steps: int, sentence: str) -> None:
    with pytest.raises(GestureError, match=sentence):
        noise_path(scheduler, steps, CPU, torch.Generator())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999))
def test_a_diffusion_state_lies_on_the_straight_path(t: int) -> None:
    path = noise_path(ddim(), 10, CPU, torch.Generator())
    motion, noise = torch.randn(5, 3), torch.randn(5, 3)
    kept = float(path.scheduler.alphas_cumprod[t])  # type: ignore[attr-defined]
    x, sigma = path.straight(kept**0.5 * motion + (1 - kept) ** 0.5 * noise, torch.tensor(t))
    assert 0 < sigma < 1
    assert torch.allclose(x, (1 - sigma) * motion + sigma * noise, atol=1e-5)
