# SPDX-License-Identifier: GPL-3.0-or-later
"""One frame of a shot: the character's pose and its surface, as every map sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose
from chironomy.body.skinning import skin
from chironomy.shot.errors import VideoError

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot


def pose_at(shot: Shot, frame: int) -> BodyPose:
    """The pose of one frame, with one frame.

    Raises:
        VideoError: the tracks have no such frame.
    """
    if not 0 <= frame < shot.hands.frame_count:
        raise VideoError(f"frame {frame} was asked for, but the tracks have frames 0 to {shot.hands.frame_count - 1}")
    part = slice(frame, frame + 1)
    return BodyPose(shot.fps, shot.pose.joint_rotation[part], shot.pose.joint_position[part])


def vertices_at(
    shot: Shot, frame: int, rig: Rig, vertex_subset: NDArray[np.integer] | None = None
) -> NDArray[np.float64]:
    """The character's vertices in a frame, its face speaking: (V, 3) or (n, 3) metres in the frame of the body.

    Args:
        shot: pose and face actions.
        frame: which frame of the tracks.
        rig: the character.
        vertex_subset: (n,) the only vertices wanted; all when None.

    Raises:
        VideoError: the tracks have no such frame, or the pose has other joints than the character.
    """
    pose = pose_at(shot, frame)
    joints = pose.joint_rotation.shape[1]
    if joints != rig.joint_count:
        raise VideoError(f"the shot's pose has {joints} joints, but the character has {rig.joint_count}")
    values = shot.face.values[frame]
    points = skin(rig, pose.joint_rotation[0], pose.joint_position[0], values, vertex_subset)
    return points.astype(np.float64)
