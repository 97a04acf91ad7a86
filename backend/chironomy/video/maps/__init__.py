# SPDX-License-Identifier: GPL-3.0-or-later
"""What a video model sees of the motion: the maps of a frame, one module a kind of map.

All come from the shot's own camera, the one rasteriser and the same evaluated joints as the preview, so a hand that an
animator moves by a pixel moves by a pixel in the maps. `registry` has them by name; `files` writes them.
"""

from chironomy.video.maps.dwpose import animate_pose_map, draw_skeleton, dwpose_map, vace_pose_map
from chironomy.video.maps.echomimic import draw_hands, echomimic_map
from chironomy.video.maps.echomimic_pose import pose_picture, read_pose, write_pose_folder
from chironomy.video.maps.face import face_map
from chironomy.video.maps.files import write_maps
from chironomy.video.maps.keypoints import (
    BODY_EDGES,
    BODY_POINTS,
    HAND_EDGES,
    OPENPOSE_ORDER,
    WRIST_COLOURS,
    keypoint_map,
    keypoints,
)
from chironomy.video.maps.mano import PART_COLOURS, mano_map
from chironomy.video.maps.registry import MAPS, Map, get_map
from chironomy.video.maps.skeleton import Skeleton, skeleton
from chironomy.video.maps.surface import depth_map, depth_range, mask_map, normal_map

__all__ = [
    "BODY_EDGES",
    "BODY_POINTS",
    "HAND_EDGES",
    "MAPS",
    "OPENPOSE_ORDER",
    "PART_COLOURS",
    "WRIST_COLOURS",
    "Map",
    "Skeleton",
    "animate_pose_map",
    "depth_map",
    "depth_range",
    "draw_hands",
    "draw_skeleton",
    "dwpose_map",
    "echomimic_map",
    "face_map",
    "get_map",
    "keypoint_map",
    "keypoints",
    "mano_map",
    "mask_map",
    "normal_map",
    "pose_picture",
    "read_pose",
    "skeleton",
    "vace_pose_map",
    "write_maps",
    "write_pose_folder",
]
