# SPDX-License-Identifier: GPL-3.0-or-later
"""The character as a VRM humanoid: the bones that VRM and Unity have names for, told from VRM's T-pose."""

import numpy as np

from chironomy.exchange.names import HUMANOID
from chironomy.exchange.skeleton import SkeletonMotion
from chironomy.motion import rotation as quaternion

_EYES = ("LeftEye", "RightEye")


def humanoid(motion: SkeletonMotion) -> SkeletonMotion:
    """Return the joints that have names in `HUMANOID`, called so and without the eyes, which the face turns.

    Args:
        motion: of the character, with its own names of joints, resting in a T-pose.
    """
    kept = {own: name for own, name in HUMANOID.items() if name not in _EYES}
    return with_thumbs_aside(motion).only(kept).renamed(kept)


def with_thumbs_aside(motion: SkeletonMotion) -> SkeletonMotion:
    """Return it told from VRM's T-pose, in which thumbs point 45 degrees forward in the plane of the floor."""
    turn = np.tile(quaternion.IDENTITY, (len(motion.names), 1))
    for joint, name in enumerate(motion.names):
        if name.startswith("thumb"):
            side = 1.0 if name.endswith(".L") else -1.0
            bone = motion.rest_tail[joint] - motion.rest_position[joint]
            turn[joint] = quaternion.between(bone, [side, 0.0, 1.0])
    return motion.resting_as(turn)
