# SPDX-License-Identifier: GPL-3.0-or-later
"""The character, and hands to pose it by."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from chironomy.body import Rig, load_rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]


@pytest.fixture(scope="session")
def rig() -> Rig:
    return load_rig()


@pytest.fixture(scope="session")
def random_motion() -> Callable[..., HandMotion]:
    """Hands anywhere within reach, turned and bent at random."""

    def make(frames: int = 20, seed: int = 0) -> HandMotion:
        random = np.random.default_rng(seed)
        x = random.uniform(0.0, 0.3, (frames, 2)) * [1.0, -1.0]
        position = np.stack(
            [x, random.uniform(-0.3, 0.1, (frames, 2)), random.uniform(0.2, 0.35, (frames, 2))], axis=-1
        )
        turns = random.normal(scale=0.5, size=(frames, 2, 16, 3))
        turns[:, :, 0] *= 2.5
        return HandMotion(24.0, position, quaternion.from_rotation_vector(turns), np.ones((frames, 2)))

    return make


@pytest.fixture(scope="session")
def held() -> Callable[..., HandMotion]:
    """One frame: the left wrist at a place and an orientation, fingers flat, and the right one as its mirror image."""

    def make(place: tuple[float, float, float], orientation: Array = quaternion.IDENTITY) -> HandMotion:
        rotation = np.tile(quaternion.IDENTITY, (1, 2, 16, 1))
        rotation[0, 0, 0] = orientation
        rotation[0, 1, 0] = orientation * [1.0, 1.0, -1.0, -1.0]
        position = np.array([[place, np.multiply(place, [-1.0, 1.0, 1.0])]])
        return HandMotion(24.0, position, rotation, np.ones((1, 2)))

    return make
