# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose of a hand that the animator keyed among generated ones, by I or by Auto Keying, and what was there before."""

from bisect import bisect

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import keys
from chironomy.motion.giving_way import without

from . import actions, owned
from .hand_curves import HandCurves
from .hand_keys import HandKeys

Mask = NDArray[np.bool_]


def without_own(read: HandKeys, hand: int, frame: float) -> HandCurves | None:
    """Return a hand as its generated keys have it where the animator keyed one pose among them.

    Args:
        read: the keys of both hands.
        hand: 0 left, 1 right.
        frame: of the pose.

    Returns:
        None where no key of theirs is there, or where the poses on either side are theirs, too, and so meet it already.
    """
    theirs: dict[actions.Place, Mask] = {}
    written = {place: owned.written(read.item, place) for place in read.of([hand])}
    for place, columns in read.of([hand]).items():
        theirs[place] = ~keys.is_generated(columns) | keys.changed(columns, written[place])[0]
    frames = sorted({float(each) for place in theirs for each in read.columns[place]["co"][:, 0]})
    own = {float(each) for place, mask in theirs.items() for each in read.columns[place]["co"][mask, 0]}
    beside = [each for each in frames if abs(each - frame) > keys.SAME_FRAME]
    around = beside[max(bisect(beside, frame) - 1, 0) : bisect(beside, frame) + 1]
    if not any(abs(each - frame) <= keys.SAME_FRAME for each in own) or own.issuperset(around):
        return None
    return read.hand(hand).with_keys(
        {place: _before(read.columns[place], mask, written[place], frame) for place, mask in theirs.items()}
    )


def _before(columns: keys.Columns, theirs: Mask, written: NDArray[np.float64], frame: float) -> keys.Columns:
    """Return a curve's keys without the animator's at a frame, or with what was written there in its place."""
    at = theirs & (np.abs(columns["co"][:, 0] - frame) <= keys.SAME_FRAME)
    if not at.any() or at.all():
        return columns
    known = np.flatnonzero(np.abs(written[:, 0] - frame) <= keys.SAME_FRAME)
    if not len(known):
        return without(columns, at)
    columns = {name: column.copy() for name, column in columns.items()}
    for name, part in zip(keys.COORDINATES, np.split(written[known[0]], 3), strict=True):
        columns[name][at] = part
    columns["type"][at] = keys.KeyType.GENERATED
    columns["interpolation"][at] = keys.Interpolation.BEZIER
    for name in ("handle_left_type", "handle_right_type"):
        columns[name][at] = keys.HandleType.FREE
    return columns
