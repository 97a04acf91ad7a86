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

_AROUND, _EDGE = 0.1, 0.06  # seconds to either side in which the fastest counts; standard deviation of how it sets in
_MEASURED, _SMOOTHED = 0.03, 0.08  # seconds, standard deviations, of what is measured and of what is smoothed
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
        hasty = quickness(_speed(way, fps), fps, *_SPEEDS)
        calm_position[:, hand] += (free[:, hand] * hasty)[:, None] * (filters.gaussian(way, _SMOOTHED * fps) - way)
        # Half the angle is the length of a small step between quaternions.
        part = free[:, hand] * quickness(2 * _speed(turn, fps), fps, *_TURNS)
        calm = quaternion.normalize(filters.gaussian(turn, _SMOOTHED * fps))
        calm_rotation[:, hand, 0] = quaternion.slerp(turn, calm, part)
    return calm_position, calm_rotation


def quickness(speed: Array, fps: float, low: float, high: float) -> Array:
    """(T,) how far the fastest of a speed (T,) about each frame is from a low one to a high one, 0..1, smoothly."""
    fastest = filters.maximum(speed, 2 * round(_AROUND * fps) + 1)
    part = np.clip((filters.gaussian(fastest, _EDGE * fps) - low) / (high - low), 0, 1)
    return part**2 * (3 - 2 * part)


def _speed(course: Array, fps: float) -> Array:
    """(T,) how fast numbers (T, n) change a second."""
    return np.linalg.norm(np.gradient(filters.gaussian(course, _MEASURED * fps), axis=0), axis=1) * fps
