# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of a performance that are made anew, and parts of one that are put together."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.errors import GestureError
from chironomy.motion.hand_motion import HANDS, HandMotion


def frames_of_range(motion: HandMotion, start: float, end: float) -> tuple[int, int]:
    """The first frame at or after `start` seconds, and the first at or after `end`, within the motion.

    Raises:
        GestureError: no frame lies between them.
    """
    if not (math.isfinite(start) and math.isfinite(end)):
        raise GestureError(f"the range is {start} to {end}; give seconds")
    first = max(math.ceil(start * motion.fps - 1e-6), 0)
    last = min(math.ceil(end * motion.fps - 1e-6), motion.frame_count)
    if first >= last:
        raise GestureError(
            f"the range {start:g} to {end:g} s holds no frame of a motion of {motion.duration:.2f} s; give a start "
            "before its end"
        )
    return first, last


def kept_outside(motion: HandMotion, first: int, last: int, hands: str | Sequence[str]) -> NDArray[np.bool_]:
    """(T, 2) what stays when frames `first` to `last - 1` of these hands are made anew.

    Raises:
        GestureError: a hand is neither "left" nor "right", or there is none.
    """
    chosen = (hands,) if isinstance(hands, str) else tuple(hands)
    if not chosen or any(hand not in HANDS for hand in chosen):
        raise GestureError(f"hands is {hands!r:.60}; give 'left', 'right' or both")
    mask = np.ones((motion.frame_count, 2), bool)
    mask[first:last, [HANDS.index(hand) for hand in chosen]] = False
    return mask


def joined(parts: Sequence[HandMotion]) -> HandMotion:
    """One motion of consecutive parts."""
    if len(parts) == 1:
        return parts[0]
    return parts[0].replaced(
        wrist_position=np.concatenate([part.wrist_position for part in parts]),
        rotation=np.concatenate([part.rotation for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
    )


def with_range(motion: HandMotion, new: HandMotion, first: int, entry: dict[str, Any]) -> HandMotion:
    """`motion` with the frames from `first` on replaced by `new`, which its source tells by `entry`."""
    last = first + new.frame_count
    fields: dict[str, Any] = {}
    for name in ("wrist_position", "rotation", "confidence"):
        old = getattr(motion, name)
        fields[name] = np.concatenate([old[:first], getattr(new, name), old[last:]])
    earlier = motion.source.get("regenerated", [])
    return motion.replaced(**fields, source={**motion.source, "regenerated": [*earlier, entry]})
