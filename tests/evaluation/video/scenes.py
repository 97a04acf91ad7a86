# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures, faces and hands whose figures can be computed by hand."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.video.film.encode import encode_mp4

FACE = np.stack(
    [np.cos(np.arange(478) * 2.4) * np.sqrt(np.arange(478)), np.sin(np.arange(478) * 2.4) * np.sqrt(np.arange(478))],
    axis=1,
)
"""(478, 2) a disc of points: no face, but as good as one to look at by number."""


def picture(seed: int = 0, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """Smooth colours with some grain."""
    y, x = np.mgrid[0:height, 0:width] / 16
    grain = np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    colours = np.stack([np.sin(x + seed), np.cos(y), np.sin(x * y / 3)], axis=-1)
    return np.clip(128 + 70 * colours + grain, 0, 255).astype(np.uint8)


def drifting(frames: int, speed: float, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Frames of a bright blob that drifts to the right by `speed` pixels a frame, over grain that stays."""
    y, x = np.mgrid[0:height, 0:width]
    ground = picture(3, height, width).astype(float) * 0.4
    result = []
    for frame in range(frames):
        middle = (width / 4 + speed * frame) % width
        blob = 120 * np.exp(-((x - middle) ** 2 + (y - height / 2) ** 2) / 60)
        result.append(np.clip(ground + blob[..., None], 0, 255).astype(np.uint8))
    return result


def video(path: Path, frames: list[NDArray[np.uint8]], fps: float = 24.0, sound: Path | None = None) -> Path:
    """The frames as a file."""
    height, width = frames[0].shape[:2]
    encode_mp4(frames, path, fps, width, height, sound)
    return path


def swaying_hands(frames: int = 48, pixels: float = 10.0) -> NDArray[np.float64]:
    """(T, 2, 21, 2) both hands going up and down by a sine of that amplitude, twice."""
    hands = np.zeros((frames, 2, 21, 2))
    hands[..., 0] = np.arange(21)
    hands[:, 1, :, 0] += 40
    hands[..., 1] = 50 + pixels * np.sin(4 * np.pi * np.arange(frames) / frames)[:, None, None]
    return hands
