# SPDX-License-Identifier: GPL-3.0-or-later
"""Small takes to render: hands before the chest, and a sound with bursts like syllables."""

import wave
from pathlib import Path

import numpy as np

from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion

FPS = 24


def hands_before_the_chest(frames: int) -> HandMotion:
    """Both palms towards the body, fingers a little bent, the hands rising and sinking."""
    position = np.zeros((frames, 2, 3))
    position[:, 0] = [0.18, -0.22, 0.32]
    position[:, 1] = [-0.20, -0.16, 0.32]
    position[:, 1, 1] += 0.05 * np.sin(np.arange(frames) / 4)
    rotation = np.tile(quaternion.IDENTITY, (frames, 2, 16, 1))
    for hand, side in enumerate((1, -1)):
        # From the T-pose the arm swings forward and a little in, then the palm turns to the middle.
        forward = quaternion.from_rotation_vector([0, -side * 1.9, 0])
        palm_in = quaternion.from_rotation_vector([-1.2, 0, 0])
        rotation[:, hand, 0] = quaternion.multiply(forward, palm_in)
        rotation[:, hand, 1:13] = quaternion.from_rotation_vector([0, 0, -side * 0.3])
    return HandMotion(FPS, position, rotation, np.ones((frames, 2)))


def write_tone(path: Path, seconds: float, rate: int = 16000, channels: int = 1) -> Path:
    """Syllable-like bursts of a 180 Hz tone, at a peak of half of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 180 * time) * np.sin(2 * np.pi * 2 * time) ** 2
    samples = np.round(32767 * np.repeat(tone[:, None], channels, axis=1)).astype("<i2")
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes(samples.tobytes())
    return path
