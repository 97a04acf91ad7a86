# SPDX-License-Identifier: GPL-3.0-or-later
"""A `GestureTransformer` and a diffusers scheduler as sampling takes them: arrays in, arrays out, torch inside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from chironomy.gesture import noise_path
from chironomy.gesture.controls import Controls
from chironomy.gesture.latent import Latent
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.network import Given, Run

Array = NDArray[np.float32]


class TorchNetwork:
    """A transformer, on whatever device it is."""

    def __init__(self, transformer: GestureTransformer):
        self.transformer = transformer
        self.latent = Latent.of({name: buffer.cpu().numpy() for name, buffer in transformer.named_buffers()})

    @property
    def config(self) -> Mapping[str, Any]:
        """As it is saved."""
        return self.transformer.config

    def encode(self, given: Given, controls: Controls, runs: Sequence[Run]) -> dict[str, torch.Tensor | None]:
        """The conditions of all runs, one after the other, on the device."""
        device, windows = self.transformer.motion_out.weight.device, len(given.audio)

        def all_runs(value: Array) -> torch.Tensor:
            tensor = torch.from_numpy(value).to(device)
            return tensor.repeat(len(runs), *[1] * (tensor.ndim - 1))

        def of_each(values: list[bool]) -> torch.Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device).repeat_interleave(windows)

        ones = torch.ones(windows * len(runs), device=device)
        handedness = controls.handedness
        score = {}
        if given.score is not None:
            score["score"] = all_runs(given.score) * of_each([run.score for run in runs])[:, None, None]
        return {
            "audio": all_runs(given.audio),
            "style": torch.tensor(controls.style, device=device) * of_each([run.style for run in runs])[:, None],
            "speed": ones * controls.speed,
            "amplitude": ones * controls.amplitude,
            "rate": None if controls.rate is None else ones * controls.rate,
            "handedness": None if handedness is None else torch.tensor(handedness, device=device).expand(len(ones), -1),
            "pinned": all_runs(given.pinned),
            "pinned_mask": all_runs(given.pinned_mask),
            "audio_given": of_each([run.speech for run in runs]),
            **score,
        }

    @torch.no_grad()
    def predict(self, shown: Array, level: float, encoded: dict[str, torch.Tensor | None]) -> Array:
        """Clean motion (runs, windows, size, latent_dim); see `gesture.network`."""
        ones = encoded["speed"]
        assert ones is not None
        runs = len(ones) // len(shown)
        motion = torch.from_numpy(shown).to(ones.device).repeat(runs, 1, 1)
        made: Any = self.transformer(motion, torch.full_like(ones, level), **encoded, return_dict=False)
        return made[0].float().cpu().numpy().reshape(runs, *shown.shape)


class OnArrays:
    """A scheduler's way from noise to motion, with arrays as its states."""

    def __init__(self, path: noise_path.NoisePath):
        self.path, self.timesteps, self.initial_scale = path, path.timesteps, path.initial_scale

    def straight(self, state: Array, t: torch.Tensor) -> tuple[Array, float]:
        """See `gesture.network`."""
        shown, level = self.path.straight(torch.from_numpy(state), t)
        return shown.numpy(), level

    def step(self, clean: Array, t: torch.Tensor, state: Array) -> Array:
        """See `gesture.network`."""
        return self.path.step(torch.from_numpy(clean), t, torch.from_numpy(state)).numpy()
