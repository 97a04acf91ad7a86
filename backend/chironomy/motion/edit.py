# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of whole motions. Each is added to `source["edits"]`, so that a motion tells how it was made."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chironomy.motion import rotation as quaternion
from chironomy.motion.errors import MotionError
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_motion import HANDS, HandMotion

# A reflection in the plane x = 0 turns a rotation about (x, y, z) into one about (x, -y, -z): axes are pseudovectors.
MIRROR_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])
MIRROR_POSITION = np.array([-1.0, 1.0, 1.0])
for _factors in (MIRROR_ROTATION, MIRROR_POSITION):
    _factors.setflags(write=False)

_MIRROR_EDIT = {"edit": "mirror"}


def mirror(motion: HandMotion) -> HandMotion:
    """Return the motion as a mirror shows it: the hands swap, left becomes right. Twice, it changes nothing."""
    edits = _edits(motion)
    edits = edits[:-1] if edits[-1:] == [_MIRROR_EDIT] else [*edits, _MIRROR_EDIT]
    return motion.replaced(
        wrist_position=motion.wrist_position[:, ::-1] * MIRROR_POSITION,
        rotation=motion.rotation[:, ::-1] * MIRROR_ROTATION,
        confidence=motion.confidence[:, ::-1],
        source={**motion.source, "edits": edits},
    )


def offset_wrist(motion: HandMotion, hand: str, centre_s: float, radius_s: float, offset: ArrayLike) -> HandMotion:
    """Move one wrist by a smooth bump in time; nothing changes outside it.

    Args:
        motion: the motion to edit.
        hand: "left" or "right".
        centre_s: seconds at which the wrist is moved by the whole of `offset`.
        radius_s: seconds before and after the centre at which the bump, a raised cosine, has died away.
        offset: (3,) metres in the frame of the body; (0, 0.1, 0) raises the wrist by 10 cm.

    Raises:
        MotionError: there is no such hand, or the radius is not positive.
    """
    if hand not in HANDS:
        raise MotionError(f"hand is {hand!r}; it must be left or right")
    if not radius_s > 0.0:
        raise MotionError(f"radius_s is {radius_s}; it must be more than 0 seconds")
    offset = np.asarray(offset, dtype=np.float64).reshape(3)
    bump = Falloff.around(centre_s, radius_s)(motion.times)
    position = motion.wrist_position.copy()
    position[:, HANDS.index(hand)] += bump[:, None] * offset
    edit = {"edit": "offset_wrist", "hand": hand, "centre_s": centre_s, "radius_s": radius_s, "offset": offset.tolist()}
    return motion.replaced(wrist_position=position, source={**motion.source, "edits": [*_edits(motion), edit]})


def mixed(one: HandMotion, other: HandMotion, weight: float) -> HandMotion:
    """Return a motion so far on the way from one to another, 0 to 1; turns go the shorter way.

    Args:
        one: its frame rate and source are the result's.
        other: of as many frames a second, and as long.
        weight: of the other one.

    Raises:
        MotionError: the motions differ in length or frame rate.
    """
    if one.frame_count != other.frame_count or abs(one.fps - other.fps) > 1e-4:
        raise MotionError(
            f"motions of {one.frame_count} frames at {one.fps:g} a second and {other.frame_count} at {other.fps:g} "
            "cannot be mixed; give both the same"
        )
    return one.replaced(
        wrist_position=one.wrist_position + weight * (other.wrist_position - one.wrist_position),
        rotation=quaternion.make_continuous(quaternion.slerp(one.rotation, other.rotation, weight)),
        confidence=one.confidence + weight * (other.confidence - one.confidence),
    )


def _edits(motion: HandMotion) -> list[Any]:
    return list(motion.source.get("edits", ()))
