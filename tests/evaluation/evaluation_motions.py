# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands held before the belly, still or moving as told."""

import numpy as np

from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.rotation import IDENTITY

_REST = np.array([[0.2, -0.25, 0.3], [-0.2, -0.25, 0.3]])


def hands(offset: np.ndarray | None = None, frames: int = 72, fps: float = 24.0) -> HandMotion:
    """Flat hands before the body; `offset` (T, 2, 3) metres is added to both wrists."""
    if offset is not None:
        frames = len(offset)
    position = np.tile(_REST, (frames, 1, 1)) + (0 if offset is None else offset)
    return HandMotion(fps, position, np.tile(IDENTITY, (frames, 2, 16, 1)), np.ones((frames, 2)))


def waving(seconds: float = 4.0, hertz: float = 1.0, metres: float = 0.05, fps: float = 24.0) -> HandMotion:
    """Both wrists up and down as sines."""
    times = np.arange(round(seconds * fps)) / fps
    offset = np.zeros((len(times), 2, 3))
    offset[..., 1] = metres * np.sin(2 * np.pi * hertz * times)[:, None]
    return hands(offset, fps=fps)
