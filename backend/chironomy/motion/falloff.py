# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of an edit each frame gets: weights from 0 to 1 that rise and fall as raised cosines, never with a kink."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.errors import MotionError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Falloff:
    """Weights over frames: 0 up to `first` and from `last` on, 1 from `risen` to `falling`.

    Attributes:
        first: infinite where the whole weight holds from ever,
        risen, falling: see above,
        last: infinite where it holds for ever.

    Raises:
        MotionError: the frames do not ascend.
    """

    first: float
    risen: float
    falling: float
    last: float

    def __post_init__(self) -> None:
        if not self.first <= self.risen <= self.falling <= self.last:
            raise MotionError(
                f"the edit's frames {self.first:g}, {self.risen:g}, {self.falling:g} and {self.last:g} do not ascend"
            )

    @classmethod
    def around(cls, frame: float, radius: float) -> "Falloff":
        """Return weights with their top at a frame that have died away `radius` frames to either side."""
        return cls(frame - radius, frame, frame, frame + radius)

    @classmethod
    def within(cls, first: float, last: float, rise: float, fall: float) -> "Falloff":
        """Return weights that rise and fall within a range; where 0 frames are given they hold beyond its end.

        Rise and fall that have no room together are both shortened.
        """
        part = min(1.0, (last - first) / max(rise + fall, 1e-9))
        risen = first + part * rise
        falling = max(last - part * fall, risen)
        return cls(first if rise > 0.0 else -np.inf, risen, falling, max(last, falling) if fall > 0.0 else np.inf)

    def __call__(self, frames: ArrayLike) -> Array:
        """Return the weights (...) of frames (...)."""
        at = np.asarray(frames, np.float64)
        return np.minimum(_raised(at, self.first, self.risen), _raised(-at, -self.last, -self.falling))


def _raised(at: Array, low: float, high: float) -> Array:
    """Go from 0 at `low` to 1 at `high`."""
    if np.isinf(low):
        return np.ones_like(at)
    if high <= low:
        return (np.abs(at - high) < 1e-9).astype(np.float64) if np.isfinite(low) else np.ones_like(at)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((at - low) / (high - low), 0.0, 1.0))
