# SPDX-License-Identifier: GPL-3.0-or-later
"""Small motions for the tests of this room."""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion


def random_rotations(seed: int, *shape: int) -> NDArray[np.float64]:
    return quaternion.normalize(np.random.default_rng(seed).normal(size=(*shape, 4)))


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


def gestures(seed: int, frames: int, fps: float = 24.0) -> HandMotion:
    """Hands that talk: strokes of bell-shaped speed every 0.35 to 1.5 s, held or not, fingers late, all drifting."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / fps
    position, vectors = np.zeros((frames, 2, 3)), np.zeros((frames, 2, 16, 3))
    for hand in range(2):
        strokes = _strokes(rng, times[-1])
        position[:, hand] = [[0.2, -0.25, 0.3], [-0.2, -0.25, 0.3]][hand]
        position[:, hand] += 0.1 * _moves(rng, times, strokes, 3) + 0.006 * _drift(rng, times, 3)
        vectors[:, hand, 0] = 0.35 * _moves(rng, times, strokes, 3) + 0.03 * _drift(rng, times, 3)
        for finger in range(5):
            bend = 0.4 + 0.25 * _moves(rng, times - 0.05, strokes, 1)[:, 0]
            for joint, share in enumerate((1.0, 0.8, 0.5)):
                vectors[:, hand, 1 + 3 * finger + joint, 2] = (share * bend) * (1 if hand else -1)
                vectors[:, hand, 1 + 3 * finger + joint] += 0.03 * _drift(rng, times, 3) * [0.2, 0.4, 1.0]
    return HandMotion(fps, position, quaternion.from_rotation_vector(vectors), np.ones((frames, 2)))


def _strokes(rng: np.random.Generator, end: float) -> list[tuple[float, float]]:
    """Start and duration, seconds, of one stroke after another."""
    strokes, start = [], rng.uniform(0.0, 0.3)
    while start < end:
        duration = rng.uniform(0.35, 1.1)
        strokes.append((start, duration))
        start += duration + (rng.uniform(0.0, 0.4) if rng.random() < 0.5 else 0.0)
    return strokes


def _moves(
    rng: np.random.Generator, times: NDArray[np.float64], strokes: list[tuple[float, float]], channels: int
) -> NDArray[np.float64]:
    """Go from one random place to the next, in each stroke by minimum jerk (Flash and Hogan, 1985)."""
    place = rng.normal(size=channels)
    path = np.tile(place, (len(times), 1))
    for start, duration in strokes:
        goal = rng.normal(size=channels)
        part = np.clip((times - start) / duration, 0.0, 1.0)
        path += (part**3 * (10.0 - 15.0 * part + 6.0 * part**2))[:, None] * (goal - place)
        place = goal
    return path


def _drift(rng: np.random.Generator, times: NDArray[np.float64], channels: int) -> NDArray[np.float64]:
    frequency, phase = rng.uniform(0.2, 1.2, size=(6, channels)), rng.uniform(0.0, 2.0 * np.pi, size=(6, channels))
    return np.sin(2.0 * np.pi * frequency * times[:, None, None] + phase).sum(axis=1) / np.sqrt(3.0)
