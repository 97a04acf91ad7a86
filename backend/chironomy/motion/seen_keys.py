# SPDX-License-Identifier: GPL-3.0-or-later
"""What an F-curve says between its keys, as Blender evaluates it, for where Blender is not to be asked.

Measured against Blender 4.2 to 5.3 by `tests/blender/test_seen_keys.py`: equal to 5e-5 for values about 1.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.keys import Columns, Interpolation
from chironomy.motion.moved_keys import bezier_values

Numbers = NDArray[np.float64]


def is_plain(columns: Columns) -> bool:
    """Whether keys (K,), at least one, go on from each other constantly, straight or as Beziers: `seen` knows these."""
    return bool((columns["interpolation"] <= Interpolation.BEZIER).all())


def seen(columns: Columns, frames: ArrayLike) -> Numbers:
    """Return (N,) what a curve says.

    Args:
        columns: of the curve, at least one key, all of them plain. Beyond them it holds the value of the nearest.
        frames: (N,), whole or not.
    """
    at = np.asarray(frames, np.float64)
    times, values = columns["co"].astype(np.float64).T
    start = np.searchsorted(times, at, side="right") - 1
    result = values[np.clip(start, 0, None)]
    between = (start >= 0) & (start < len(times) - 1)
    kind = columns["interpolation"][start]
    straight = between & (kind == Interpolation.LINEAR)
    if straight.any():
        begin = start[straight]
        part = (at[straight] - times[begin]) / (times[begin + 1] - times[begin])
        result[straight] += part * (values[begin + 1] - values[begin])
    curved = between & (kind == Interpolation.BEZIER)
    if curved.any():
        result[curved] = bezier_values(columns, start[curved], at[curved])
    return result
