# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated keys that lie within the animator's frames, beside a pose that they moved, give way to it.

Nothing is generated anew there, so the hand would flicker between the two in every later take.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from bpy.types import ID
from numpy.typing import NDArray

from chironomy.motion import keys
from chironomy.motion.giving_way import is_moved, without

from ..slices import Pace, Slices
from . import actions

BESIDE = 0.13
"""Seconds from a pose of the animator's that are beside it."""

_FAR = {"location": 0.02, "rotation_quaternion": 0.13}
"""By how much a channel of a pose that was moved lies elsewhere than what is around it: metres, and what 15 degrees are
in a quaternion."""

_FAR_ELSE = 0.2
"""Likewise of other channels."""

Mask = NDArray[np.bool_]


def giving_way(
    animated: ID,
    channels: Mapping[str, int],
    stretches: Sequence[keys.Stretch],
    frames: Sequence[float],
    bent: Mapping[actions.Place, Sequence[float]],
    fps: float,
    within: tuple[float, float],
) -> Slices:
    """Take away the generated keys of one unit that lie beside poses which were moved.

    Args:
        animated: a data-block that has an action.
        channels: of the unit, which all have keys at the animator's frames.
        stretches: that are the animator's.
        frames: at which they have keys.
        bent: by data path and index, the frames of keys whose handles they set.
        fps: frames a second.
        within: scene frames; what lies outside of them stays as it is.
    """
    inner = [
        (max(begin, within[0]), min(end, within[1])) for begin, end in stretches if np.isfinite((begin, end)).all()
    ]
    poses = [frame for frame in frames if any(begin <= frame <= end for begin, end in inner if begin < end)]
    found: actions.Curves = {}
    for place in ((path, index) for path, size in channels.items() for index in range(size)) if len(poses) > 1 else ():
        found[place] = actions.key_columns(actions.found(animated, place))
    pace, changed = Pace(), set[actions.Place]()
    near = np.zeros(len(poses), bool)
    for columns in found.values():
        generated = columns["co"][_between(columns, inner), 0]
        near |= (np.abs(np.array(poses)[:, None] - generated) <= BESIDE * fps).any(axis=1)
        if pace.due():
            yield
    for pose in np.array(poses)[near]:
        going = {
            place: _between(columns, inner) & (np.abs(columns["co"][:, 0] - pose) <= BESIDE * fps)
            for place, columns in found.items()
        }
        if any(mask.any() for mask in going.values()) and any(_moved(*each, pose) for each in found.items()):
            for place, mask in going.items():
                if mask.any():
                    found[place] = without(found[place], mask, bent.get(place, ()))
                    changed.add(place)
        if pace.due():
            yield
    for place in changed:
        actions.write_points(actions.found(animated, place), found[place])
        if pace.due():
            yield


def _between(columns: keys.Columns, inner: Sequence[keys.Stretch]) -> Mask:
    """Return (K,) which keys are generated and lie between poses."""
    at = columns["co"][:, 0]
    between = np.zeros(len(at), bool)
    for begin, end in inner:
        between |= (at > begin) & (at < end)
    return keys.is_generated(columns) & between


def _moved(place: actions.Place, columns: keys.Columns, pose: float) -> bool:
    return is_moved(columns, pose, _FAR.get(place[0].rpartition(".")[2], _FAR_ELSE))
