# SPDX-License-Identifier: GPL-3.0-or-later
"""The keypoint map: the upper body and the 21 points of each hand as coloured bones and points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import hand_keypoints
from chironomy.motion.hand_motion import HANDS
from chironomy.video.maps.frame import pose_at
from chironomy.video.maps.strokes import canvas, disc, hue, line, picture

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

OPENPOSE_ORDER = (0, 13, 14, 15, 16, 1, 2, 3, 17, 4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20)
"""MANO's 16 joints and 5 tips in the order of OpenPose's hand: wrist, then thumb to little finger, root to tip."""

HAND_EDGES = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
)
"""The 20 bones of OpenPose's hand, as pairs of its points."""

BODY_POINTS = (
    "head", "neck", "eye.L", "eye.R", "upper_arm.L", "forearm.L", "wrist.L", "upper_arm.R", "forearm.R", "wrist.R",
    "upper_leg.L", "upper_leg.R",
)  # fmt: skip
"""The joints of the rig that the keypoint map shows beside the hands."""

BODY_EDGES = (
    ("neck", "head"), ("head", "eye.L"), ("head", "eye.R"),
    ("neck", "upper_arm.L"), ("upper_arm.L", "forearm.L"), ("forearm.L", "wrist.L"),
    ("neck", "upper_arm.R"), ("upper_arm.R", "forearm.R"), ("forearm.R", "wrist.R"),
    ("neck", "upper_leg.L"), ("neck", "upper_leg.R"),
)  # fmt: skip

# Widths on a picture 800 pixels high, as EchoMimicV2 draws its hand maps; they grow with the picture.
_DRAWN_HEIGHT = 800
_BONE_WIDTH, _POINT_RADIUS = 2.0, 4.0
_LIMB_WIDTH, _JOINT_RADIUS = 5.0, 4.0

WRIST_COLOURS = np.array([[80.0, 160.0, 255.0], [255.0, 120.0, 60.0]])
"""(2, 3) RGB of the points of the left and of the right hand."""


def keypoints(shot: Shot, frame: int, rig: Rig | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the points of the keypoint map are.

    Returns:
        body (12, 2) in the order of `BODY_POINTS` and hands (2, 21, 2) in OpenPose's order, in pixels; NaN for points
        that are not in front of the camera.
    """
    rig = rig or shot.rig
    pose = pose_at(shot, frame)
    body, _ = shot.camera.project(pose.joint_position[0, [rig.index(name) for name in BODY_POINTS]])
    hands, _ = shot.camera.project(hand_keypoints(rig, pose)[0][:, list(OPENPOSE_ORDER)])
    return body, hands


def keypoint_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """The upper body and the 21 points of each hand as coloured bones and points on black.

    Colours are multiplied by the confidence of the hand, so that a hand that is not wanted fades away.

    Args:
        shot: the pose, the hands' confidence and the camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.

    Returns:
        (height, width, 3) uint8 RGB, anti-aliased.
    """
    return draw_keypoints(*keypoints(shot, frame, rig), shot.hands.confidence[frame], shot.width, shot.height)


def draw_keypoints(
    body: NDArray[np.float64], hands: NDArray[np.float64], confidence: NDArray[np.floating], width: int, height: int
) -> NDArray[np.uint8]:
    """The keypoint map of points, wherever they come from.

    Args:
        body: (12, 2) pixels in the order of `BODY_POINTS`; what is NaN is not drawn.
        hands: (2, 21, 2) pixels in OpenPose's order, likewise.
        confidence: (2,) of the left and the right hand, 0 to 1.
        width: pixels.
        height: pixels.

    Returns:
        (height, width, 3) uint8 RGB, anti-aliased.
    """
    scale = height / _DRAWN_HEIGHT
    image = canvas(width, height)
    shown = {f"wrist.{side}": confidence[hand] for hand, side in enumerate("LR")}
    for edge, (start, end) in enumerate(BODY_EDGES):
        colour = hue(edge / len(BODY_EDGES), 0.6) * shown.get(end, 1.0)
        a, b = body[BODY_POINTS.index(start)], body[BODY_POINTS.index(end)]
        line(image, a, b, 0.5 * _LIMB_WIDTH * scale, colour)
    for point, name in enumerate(BODY_POINTS):
        if name not in shown:
            disc(image, body[point], _JOINT_RADIUS * scale, np.full(3, 200.0))
    for hand in range(len(HANDS)):
        for edge, (start, end) in enumerate(HAND_EDGES):
            colour = hue(edge / len(HAND_EDGES), 1.0) * confidence[hand]
            line(image, hands[hand, start], hands[hand, end], 0.5 * _BONE_WIDTH * scale, colour)
        for point in hands[hand]:
            disc(image, point, _POINT_RADIUS * scale, WRIST_COLOURS[hand] * confidence[hand])
    return picture(image)
