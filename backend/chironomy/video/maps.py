# SPDX-License-Identifier: GPL-3.0-or-later
"""What a video model sees of the motion: the MANO map and the keypoint map of a frame.

Both come from the shot's own camera and from the same evaluated joints as the preview, so a hand that an animator moves
by a pixel moves by a pixel in the maps.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose, hand_keypoints
from chironomy.body.skinning import skin
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS
from chironomy.video.errors import VideoError
from chironomy.video.raster import rasterise

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.video.shot import Shot

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


def _part_colours() -> NDArray[np.float64]:
    """(2, 16, 3) RGB: the palm and each finger have a hue of their own in each hand, finer towards the fingertip."""
    colours = np.empty((len(HANDS), len(MANO_JOINTS), 3))
    for hand in range(len(HANDS)):
        for part in range(len(MANO_JOINTS)):
            family = 0 if part == 0 else 1 + (part - 1) // 3
            value = 1.0 if part == 0 else (0.62, 0.81, 1.0)[(part - 1) % 3]
            hue = (2 * family + hand) / 12
            colours[hand, part] = np.multiply(colorsys.hsv_to_rgb(hue, 0.85, value), 255)
    return np.round(colours)


PART_COLOURS = _part_colours()
"""(2, 16, 3) RGB of each part of the left and of the right hand, parts as in `MANO_JOINTS`."""


@lru_cache(maxsize=4)
def _face_colours(rig: Rig) -> NDArray[np.float64]:
    """(F, 3) RGB of every face of the character: its part's on the hands, black elsewhere."""
    colours = np.zeros((len(rig.faces), 3))
    for hand in range(len(HANDS)):
        parts = [np.where(rig.weight_joint == joint, rig.weight, 0).sum(axis=1) for joint in rig.hand_joints(hand)]
        weights = np.stack(parts, axis=1)
        on_hand = (weights.sum(axis=1) > 0.5)[rig.faces].all(axis=1)
        colours[on_hand] = PART_COLOURS[hand][weights[rig.faces[on_hand]].sum(axis=1).argmax(axis=1)]
    return colours


@lru_cache(maxsize=4)
def _hand_surface(rig: Rig) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """The vertices of both hands, their faces as indices into these, and each face's colour."""
    colours = _face_colours(rig)
    chosen = colours.any(axis=1)
    vertices, local = np.unique(rig.faces[chosen], return_inverse=True)
    return vertices.astype(np.int64), local.reshape(-1, 3).astype(np.int32), colours[chosen]


def mano_map(shot: Shot, frame: int, rig: Rig | None = None, *, body_occludes: bool = False) -> NDArray[np.uint8]:
    """The surfaces of both hands, each part in its colour, nearer over farther; black elsewhere.

    Args:
        shot: the pose and the camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.
        body_occludes: whether the rest of the body hides the hands behind it.

    Returns:
        (height, width, 3) uint8 RGB, anti-aliased.
    """
    rig = rig or shot.rig
    pose = _pose_at(shot, frame)
    subset, faces, colours = (None, rig.faces, _face_colours(rig)) if body_occludes else _hand_surface(rig)
    points = skin(rig, pose.joint_rotation[0], pose.joint_position[0], vertex_subset=subset)
    seen = rasterise(shot.camera, points, faces).face
    # One more colour, the last one, is black: the face number of nothing is -1.
    palette = np.concatenate([colours, np.zeros((1, 3))])
    image = np.zeros((*seen.shape[:2], 3), np.uint8)
    covered = (seen >= 0).any(axis=2)
    image[covered] = np.floor(palette[seen[covered]].mean(axis=1) + 0.5)
    return image


def keypoints(shot: Shot, frame: int, rig: Rig | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the points of the keypoint map are.

    Returns:
        body (12, 2) in the order of `BODY_POINTS` and hands (2, 21, 2) in OpenPose's order, in pixels; NaN for points
        that are not in front of the camera.
    """
    rig = rig or shot.rig
    pose = _pose_at(shot, frame)
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
    body, hands = keypoints(shot, frame, rig)
    confidence = shot.hands.confidence[frame]
    scale = shot.height / _DRAWN_HEIGHT
    image = np.zeros((shot.height, shot.width, 3), np.float32)
    shown = {f"wrist.{side}": confidence[hand] for hand, side in enumerate("LR")}
    for edge, (start, end) in enumerate(BODY_EDGES):
        colour = _hue(edge / len(BODY_EDGES), 0.6) * shown.get(end, 1.0)
        a, b = body[BODY_POINTS.index(start)], body[BODY_POINTS.index(end)]
        _stroke(image, a, b, 0.5 * _LIMB_WIDTH * scale, colour)
    for point, name in enumerate(BODY_POINTS):
        if name not in shown:
            _stroke(image, body[point], body[point], _JOINT_RADIUS * scale, np.full(3, 200.0))
    for hand in range(len(HANDS)):
        for edge, (start, end) in enumerate(HAND_EDGES):
            colour = _hue(edge / len(HAND_EDGES), 1.0) * confidence[hand]
            _stroke(image, hands[hand, start], hands[hand, end], 0.5 * _BONE_WIDTH * scale, colour)
        for point in hands[hand]:
            _stroke(image, point, point, _POINT_RADIUS * scale, WRIST_COLOURS[hand] * confidence[hand])
    return np.floor(image + np.float32(0.5)).astype(np.uint8)


def _pose_at(shot: Shot, frame: int) -> BodyPose:
    if not 0 <= frame < shot.hands.frame_count:
        raise VideoError(f"frame {frame} was asked for, but the tracks have frames 0 to {shot.hands.frame_count - 1}")
    part = slice(frame, frame + 1)
    return BodyPose(shot.fps, shot.pose.joint_rotation[part], shot.pose.joint_position[part])


def _hue(hue: float, value: float) -> NDArray[np.float64]:
    return np.multiply(colorsys.hsv_to_rgb(hue, 1.0, value), 255)


def _stroke(
    image: NDArray[np.float32],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius: float,
    colour: NDArray[np.float64],
) -> None:
    """Draw a line with round ends, or a disc where start and end are one; nothing where a point is not finite."""
    if np.isfinite(start).all() and np.isfinite(end).all():
        _draw_capsule(image, start[0], start[1], end[0], end[1], radius, colour)


@njit(cache=True, nogil=True)
def _draw_capsule(image, x0, y0, x1, y1, radius, colour):
    """Blend a capsule over the picture, its rim one pixel wide."""
    height, width = image.shape[:2]
    margin = radius + 1.0
    left = int(min(max(np.floor(min(x0, x1) - margin), 0.0), float(width)))
    right = int(min(max(np.ceil(max(x0, x1) + margin), 0.0), float(width)))
    top = int(min(max(np.floor(min(y0, y1) - margin), 0.0), float(height)))
    bottom = int(min(max(np.ceil(max(y0, y1) + margin), 0.0), float(height)))
    along_x, along_y = x1 - x0, y1 - y0
    length = along_x * along_x + along_y * along_y
    for row in range(top, bottom):
        for column in range(left, right):
            dx, dy = column + 0.5 - x0, row + 0.5 - y0
            t = 0.0
            if length > 0.0:
                t = min(max((dx * along_x + dy * along_y) / length, 0.0), 1.0)
            dx -= t * along_x
            dy -= t * along_y
            cover = min(max(radius + 0.5 - np.sqrt(dx * dx + dy * dy), 0.0), 1.0)
            if cover > 0.0:
                for channel in range(3):
                    image[row, column, channel] += cover * (colour[channel] - image[row, column, channel])
