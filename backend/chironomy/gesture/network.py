# SPDX-License-Identifier: GPL-3.0-or-later
"""What sampling needs of a network and of a way from noise to motion, whatever computes them.

Two compute the network: `gesture.runtime`, in numpy, and `gesture.torch_network`, which shows a `GestureTransformer` on
any device.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.controls import Controls
from chironomy.gesture.latent import Latent

Array = NDArray[np.float32]


def skip_parts(level: Any, spectrum: Any) -> tuple[Any, Any]:
    """What passes the network by, of noisy motion as a spectrum, and the spread of what that leaves to be made.

    Wiener's filter: of motion whose frequencies have this power, the linear guess of least error.

    Args:
        level: of the noise, 0 to 1.
        spectrum: (..., frames, channels) power of the clean motion at each frequency.

    Returns:
        (..., frames, channels) parts of the noisy spectrum in the guess, and the guess's own squared error.
    """
    power = (1 - level) ** 2 * spectrum + level**2
    return (1 - level) * spectrum / power, level**2 * spectrum / power


def cosines(frames: int) -> Array:
    """(frames, frames) rows of cosines, slowest first, at right angles and of length 1 (the DCT of type 2)."""
    places = np.arange(frames)
    rows = np.cos(np.pi * (places + 0.5) * places[:, None] / frames) * np.sqrt(2 / frames)
    rows[0] *= np.sqrt(0.5)
    return rows.astype(np.float32)


@dataclass(frozen=True)
class Run:
    """One run of the network over all windows, for guidance: what of its conditions it is given.

    Attributes:
        speech: whether it hears the speech.
        style: whether it knows the style.
        score: whether it knows the score.
    """

    speech: bool = True
    style: bool = True
    score: bool = True


@dataclass(frozen=True, eq=False)
class Given:
    """What is given of every frame of some windows, the same at every step.

    Attributes:
        audio: (windows, size, features).
        pinned: (windows, size, latent_dim) normalised motion.
        pinned_mask: (windows, size, 2) 1 where it is given.
        score: (windows, size, score_dim) what is to be gestured, or None.
    """

    audio: Array
    pinned: Array
    pinned_mask: Array
    score: Array | None = None


class Network(Protocol):
    """Predicts clean motion from noisy motion."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Its configuration, as `GestureTransformer` saves it."""
        ...

    @property
    def latent(self) -> Latent:
        """The numbers that it works on."""
        ...

    def encode(self, given: Given, controls: Controls, runs: Sequence[Run]) -> Any:
        """Whatever of the conditions can be computed once for all steps; for `predict`."""
        ...

    def predict(self, shown: Array, level: float, encoded: Any) -> Array:
        """Clean motion (runs, windows, size, latent_dim).

        Args:
            shown: (windows, size, latent_dim) noisy motion, pinned frames without noise.
            level: of the noise, 0 to 1.
            encoded: of these windows, by `encode`.
        """
        ...


class NoisePath(Protocol):
    """A way from noise to motion in a number of steps."""

    @property
    def timesteps(self) -> Iterable[Any]:
        """One a step, in the way's own count."""
        ...

    @property
    def initial_scale(self) -> float:
        """Of noise, to be the first state."""
        ...

    def straight(self, state: Array, t: Any) -> tuple[Array, float]:
        """The state as the network sees it, and its noise level sigma, 0 to 1."""
        ...

    def step(self, clean: Array, t: Any, state: Array) -> Array:
        """The next state, from predicted clean motion."""
        ...
