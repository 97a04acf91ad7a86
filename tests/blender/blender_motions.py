# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand motion to test with, made of numbers alone, so that it runs in every Blender's Python."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion

FINGER_AXIS = (-1.0, 1.0)
"""About z, MANO's fingers close by a negative angle on the left hand and by a positive one on the right."""


def random_hands(rig: Rig, frames: int, seed: int = 0, fps: float = 24.0) -> HandMotion:
    """Return one unrelated pose a frame: wrists anywhere before the body, wrists and fingers turned at will."""
    random = np.random.default_rng(seed)
    position = np.stack([_reachable(rig, hand, random, frames) for hand in range(2)], axis=1)
    rotation = quaternion.from_rotation_vector(random.normal(scale=0.5, size=(frames, 2, 16, 3)))
    return HandMotion(fps, position, rotation, np.ones((frames, 2)), {"seed": seed})


def gestures(rig: Rig, seconds: float, seed: int = 0, fps: float = 24.0) -> HandMotion:
    """Return strokes and holds: both hands go from pose to pose by minimum jerk, as arms do."""
    random = np.random.default_rng(seed)
    frames = max(1, round(seconds * fps))
    times = np.arange(frames) / fps
    starts = np.cumsum(random.uniform(0.7, 1.6, size=int(seconds / 0.7) + 2)) - 0.7
    phase = np.clip((times - starts[:, None]) / random.uniform(0.35, 0.7, size=(len(starts), 1)), 0.0, 1.0)
    weight = phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)
    position, turn, curl = [], [], []
    for hand in range(2):
        places = _reachable(rig, hand, random, len(starts) + 1, farthest=0.85)
        position.append(_between(places, weight))
        turn.append(_between(random.normal(scale=0.4, size=(len(starts) + 1, 3)), weight))
        bend = np.zeros((len(starts) + 1, 15, 3))
        bend[..., 2] = FINGER_AXIS[hand] * random.uniform(0.0, 1.0, size=bend.shape[:2])
        curl.append(_between(bend, weight))
    vectors = np.concatenate([np.stack(turn, axis=1)[:, :, None], np.stack(curl, axis=1)], axis=2)
    rotation = quaternion.from_rotation_vector(vectors)
    return HandMotion(fps, np.stack(position, axis=1), rotation, np.ones((frames, 2)), {"seed": seed})


def _between(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (frames, ...) values: from each to the next as its row of `weight` (moves, frames) goes from 0 to 1."""
    return values[0] + np.tensordot(weight.T, np.diff(values, axis=0), axes=1)


def _reachable(
    rig: Rig, hand: int, random: np.random.Generator, count: int, farthest: float = 0.98
) -> NDArray[np.float64]:
    """Return (count, 3) places before the body that the hand can reach."""
    shoulder = rig.joint_position[rig.arm_joints(hand)[1]]
    direction = random.normal(size=(count, 3))
    direction[:, 2] = np.abs(direction[:, 2]) + 0.3
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return shoulder + direction * random.uniform(0.45, farthest, size=(count, 1)) * rig.arm_lengths[hand].sum()
