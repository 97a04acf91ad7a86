# SPDX-License-Identifier: GPL-3.0-or-later
"""The character: its rig, poses from the motion of the hands, and its mesh in those poses (numpy alone)."""

from chironomy.body.errors import BodyError
from chironomy.body.pose import BodyPose, bind_pose, fingertips, hand_keypoints, hands_of_pose, solve_pose
from chironomy.body.rig import REGION_NAMES, Rig, load_rig
from chironomy.body.skinning import skin, vertex_normals

__all__ = [
    "REGION_NAMES",
    "BodyError",
    "BodyPose",
    "Rig",
    "bind_pose",
    "fingertips",
    "hand_keypoints",
    "hands_of_pose",
    "load_rig",
    "skin",
    "solve_pose",
    "vertex_normals",
]
