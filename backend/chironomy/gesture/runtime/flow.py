# SPDX-License-Identifier: GPL-3.0-or-later
"""Rectified flow from noise to motion, as the scheduler's saved configuration has it (`gesture.noise_path`)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_SCHEDULER = "FlowMatchEulerDiscreteScheduler"
# What a configuration may also ask of that scheduler, and motion has no use for.
_OTHER_LEVELS = (
    "use_dynamic_shifting",
    "invert_sigmas",
    "shift_terminal",
    "use_karras_sigmas",
    "use_exponential_sigmas",
    "use_beta_sigmas",
    "stochastic_sampling",
)
_LEAST_LEVEL = 1e-3


class Flow:
    """Even steps on straight paths, the levels shifted towards noise: s' = shift s / (1 + (shift - 1) s).

    Args:
        config: the scheduler's, for which `reason_against` says nothing.
        steps: how many.
    """

    initial_scale = 1.0

    def __init__(self, config: Mapping[str, Any], steps: int):
        shift = float(config.get("shift", 1.0))
        even = np.linspace(1.0, 1.0 / steps, steps)
        self.levels = [*(shift * even / (1 + (shift - 1) * even)).tolist(), 0.0]
        self.timesteps = range(steps)

    def straight(self, state: Array, t: int) -> tuple[Array, float]:
        """The state itself, and its level."""
        return state, self.levels[t]

    def step(self, clean: Array, t: int, state: Array) -> Array:
        """The next state: a flow's velocity points from motion to noise."""
        level = self.levels[t]
        return state + (state - clean) * ((self.levels[t + 1] - level) / max(level, _LEAST_LEVEL))


def reason_against_flow(config: Mapping[str, Any]) -> str:
    """Why a scheduler of this saved configuration is not computed here; "" where it is."""
    name = str(config.get("_class_name"))
    if name != _SCHEDULER:
        return f"its scheduler is {name:.60}"
    asked = [option for option in _OTHER_LEVELS if config.get(option)]
    return f"its scheduler has {asked[0]}" if asked else ""
