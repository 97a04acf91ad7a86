# SPDX-License-Identifier: GPL-3.0-or-later
"""Small motions for the tests of this room."""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion


def random_rotations(seed: int, *shape: int) -> NDArray[np.float64]:
    return quaternion.normalize(np.random.default_rng(seed).normal(size=(*shape, 4)))


def smooth_noise(seed: int, frames: int, fps: float, channels: int, period_s: float) -> NDArray[np.float64]:
    """(frames, channels) of unit variance: sines of random phase with periods around `period_s` and slower."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames)[:, None, None] / fps
    frequency = rng.uniform(0.1, 1.0, size=(8, channels)) / period_s
    phase = rng.uniform(0.0, 2.0 * np.pi, size=(8, channels))
    return np.sin(2.0 * np.pi * frequency * times + phase).sum(axis=1) / 2.0


def still_motion(frames: int = 5, fps: float = 24.0) -> HandMotion:
    """Both hands flat before the body, not moving."""
    position = np.array([[0.2, -0.2, 0.3], [-0.2, -0.2, 0.3]])
    return HandMotion(
        fps=fps,
        wrist_position=np.tile(position, (frames, 1, 1)),
        rotation=np.tile(quaternion.IDENTITY, (frames, 2, 16, 1)),
        confidence=np.ones((frames, 2)),
        source={"seed": 7},
    )


def random_motion(seed: int, frames: int = 6, fps: float = 24.0) -> HandMotion:
    """Any rotations at all, and wrists that a nominal arm can reach."""
    rng = np.random.default_rng(seed)
    still = still_motion(frames, fps)
    return still.replaced(
        wrist_position=still.wrist_position + rng.uniform(-0.1, 0.1, size=(frames, 2, 3)),
        rotation=random_rotations(seed + 1, frames, 2, 16),
        confidence=rng.uniform(size=(frames, 2)),
    )
