# SPDX-License-Identifier: GPL-3.0-or-later
"""The space in which hands gesture, as places out, up and forward in metres."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HIGHEST = 0.14
"""Metres above the shoulder that a wrist goes."""

# Metres: how far a wrist goes out from the midline, and to the other side.
_WIDEST, _ACROSS = 0.4, -0.12
# A raised hand is held beside the face, not before it, and not far off: the height, and what the two become above it.
_RAISED, _WIDEST_RAISED, _ACROSS_RAISED = 0.0, 0.33, 0.2


def before_body(place: Array) -> Array:
    """Ease places (..., 3) out, up and forward to those in which a hand gestures: before the body, higher ones more so.

    Larger gestures come up against the ends of the space softly and do not fold the arm or lead behind the back.
    """
    out, up, forward = np.moveaxis(place, -1, 0)
    up = _between(up, -0.5, HIGHEST)
    nearest = 0.13 + 0.4 * np.maximum(up + 0.15, 0.0)
    return np.stack([_between(out, *sides(up)), up, _between(forward, nearest, 0.47)], axis=-1)


def sides(up: Array) -> tuple[Array, Array]:
    """How far to the other side and how far out a wrist goes at a height."""
    raised = 1 / (1 + np.exp(-(up - _RAISED + 0.07) / 0.04))
    return _ACROSS + raised * (_ACROSS_RAISED - _ACROSS), _WIDEST + raised * (_WIDEST_RAISED - _WIDEST)


def _between(x: Array, least: float | Array, most: float | Array) -> Array:
    """`x` where it is well within, eased towards the ends."""
    return most - soft_least(most - soft_least(x, least, 0.02), 0.0, 0.02)


def soft_least(x: Array, least: float | Array, softness: float = 0.008) -> Array:
    """Smooth maximum of `x` and `least`."""
    return least + softness * np.logaddexp(0, (x - least) / softness)
