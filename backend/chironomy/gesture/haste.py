# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that are thrown about as no speaker's are take more time for their way, and for their turn.

Now and then sampling goes from one phrase to the next in three frames, or turns a palm over in one; and what keeps
hands before the body can hurry them past an edge. Only there the motion is smoothed until a person could have made it.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import filters
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

_MEASURED, _AROUND = 0.03, 0.1  # seconds: standard deviation of what is measured, and how far about it that counts
_EDGE = 0.06  # seconds, standard deviation, over which smoothing sets in
_WAY, _TURN = 0.08, 0.08  # seconds, standard deviations, of what is smoothed
_SPEEDS = 1.6, 2.6  # metres a second from which on a wrist is hasty, and is so wholly
_TURNS = np.radians([600.0, 1100.0])  # likewise radians a second of its turn


def without_haste(position: Array, rotation: Array, fps: float, free: Array) -> tuple[Array, Array]:
    """Wrists that neither go nor turn faster than those of people who speak.

    Args:
        position: (T, 2, 3) metres, wrists in the frame of the body.
        rotation: (T, 2, 16, 4) unit quaternions, as in `HandMotion`.
        fps: frames a second.
        free: (T, 2) 0..1, how free each hand is; where it is 0 nothing changes.

    Returns:
        Wrists and rotations of the same shapes; fingers are as they were, and so is all that is slower.
    """
    if len(position) < 2:
        return position, rotation
    calm_position, calm_rotation = position.copy(), rotation.copy()
    for hand in range(2):
        way, turn = position[:, hand], quaternion.make_continuous(rotation[:, hand, 0])
        hasty = _part(np.gradient(filters.gaussian(way, _MEASURED * fps), axis=0) * fps, _SPEEDS, fps)
        calm_position[:, hand] += (free[:, hand] * hasty)[:, None] * (filters.gaussian(way, _WAY * fps) - way)
        # Half the angle is the length of a small step between quaternions.
        turning = 2 * np.gradient(filters.gaussian(turn, _MEASURED * fps), axis=0) * fps
        part = free[:, hand] * _part(turning, _TURNS, fps)
        calm = quaternion.normalize(filters.gaussian(turn, _TURN * fps))
        calm_rotation[:, hand, 0] = quaternion.slerp(turn, calm, part)
    return calm_position, calm_rotation


def _part(velocity: Array, bounds: tuple[float, float] | Array, fps: float) -> Array:
    """(T,) how far the fastest of a velocity (T, n) about each frame is from one bound to the other, 0..1."""
    fastest = filters.maximum(np.linalg.norm(velocity, axis=1), 2 * round(_AROUND * fps) + 1)
    part = np.clip((filters.gaussian(fastest, _EDGE * fps) - bounds[0]) / (bounds[1] - bounds[0]), 0, 1)
    return part**2 * (3 - 2 * part)
