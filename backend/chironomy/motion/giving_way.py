# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated keys beside a pose that somebody moved: what is keyed would flicker between the two, so they give way."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.keys import SAME_FRAME, Columns, HandleType, Interpolation, is_generated, selected
from chironomy.motion.seen_keys import is_plain, seen

Mask = NDArray[np.bool_]


def is_moved(columns: Columns, frame: float, far: float) -> bool:
    """Whether a curve would be farther than `far` from its key at a frame, if that were not there."""
    at = np.abs(columns["co"][:, 0] - frame) <= SAME_FRAME
    if not at.any() or at.all() or not is_plain(columns):
        return False
    around = without(columns, at)
    return bool(abs(float(columns["co"][at, 1][0]) - float(seen(around, [frame])[0])) > far)


def without(columns: Columns, going: Mask, bent: Collection[float] = ()) -> Columns:
    """Return the keys without some of them, the curve going straight on from what is left on either side.

    Args:
        columns: of one curve.
        going: (K,) which keys go.
        bent: frames of keys whose handles somebody set: they stay.
    """
    kept = {name: column.copy() for name, column in selected(columns, ~going).items()}
    places = np.flatnonzero(~going)
    after = np.flatnonzero(np.diff(places) > 1)
    for key in np.unique([after, after + 1]).tolist():
        if min((abs(kept["co"][key, 0] - frame) for frame in bent), default=1.0) <= SAME_FRAME:
            continue
        if is_generated(kept)[key]:
            for side, handle, gaps in ((-1, "handle_left", after + 1), (1, "handle_right", after)):
                if key in gaps and kept["interpolation"][key + min(side, 0)] == Interpolation.BEZIER:
                    reach = kept[handle][key] - kept["co"][key]
                    slope = reach[1] / reach[0] if abs(reach[0]) > SAME_FRAME else 0.0
                    _reach(kept, key, side, handle, slope)
        elif kept["interpolation"][key] == Interpolation.BEZIER:
            slope = _slope(kept, key)
            for side, handle in ((-1, "handle_left"), (1, "handle_right")):
                if 0 <= key + side < len(places):
                    _reach(kept, key, side, handle, slope)
            for name in ("handle_left_type", "handle_right_type"):
                kept[name][key] = HandleType.ALIGNED
    return kept


def _reach(columns: Columns, key: int, side: int, handle: str, slope: float) -> None:
    """Give a key a handle with a slope, of a third of the way to its neighbour."""
    reach = (columns["co"][key + side, 0] - columns["co"][key, 0]) / 3.0
    columns[handle][key] = columns["co"][key] + np.array([reach, slope * reach])


def _slope(columns: Columns, key: int) -> float:
    """Return how a curve passes a key: level where that lies beyond both neighbours, else as from one to the other."""
    if not 0 < key < len(columns["co"]) - 1:
        return 0.0
    before, at, after = columns["co"][key - 1 : key + 2].astype(np.float64)
    if (at[1] - before[1]) * (after[1] - at[1]) <= 0.0:
        return 0.0
    # No steeper than either side allows without swinging over.
    steepest = 3.0 * min(abs((at[1] - before[1]) / (at[0] - before[0])), abs((after[1] - at[1]) / (after[0] - at[0])))
    slope = float((after[1] - before[1]) / (after[0] - before[0]))
    return float(np.sign(slope) * min(abs(slope), steepest))
