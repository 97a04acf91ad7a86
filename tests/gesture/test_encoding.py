# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from chironomy.gesture.encoding import MOTION_DIM, decode, encode
from chironomy.motion import rotation as quaternion


def test_encoding_is_undone_by_decoding() -> None:
    random = np.random.default_rng(0)
    position = random.normal(size=(7, 2, 3))
    rotation = quaternion.normalize(random.normal(size=(7, 2, 16, 4)))
    encoded = encode(position, rotation)
    assert encoded.shape == (7, MOTION_DIM)
    back_position, back_rotation = decode(encoded)
    assert back_position == pytest.approx(position, abs=1e-6)
    assert np.degrees(quaternion.angle(back_rotation, rotation)).max() < 1e-3
