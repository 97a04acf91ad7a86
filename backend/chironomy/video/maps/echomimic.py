# SPDX-License-Identifier: GPL-3.0-or-later
"""EchoMimicV2's hand map: the hands' points on black, as its published weights were fed.

After `src/utils/dwpose_util.py` (`draw_pose_select_v2`, called with `ref_w=800`) of antgroup/echomimic_v2: drawn on a
picture whose shorter side has 800 pixels, bones 2 wide in the colours of the hue circle times the product of both
points' scores, points of radius 4; a point in the first column or row or beyond them is left out, with its bones. The
drawing is made in BGR and then converted, so in RGB the points are red and the hues run from blue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.shot.errors import VideoError
from chironomy.video.maps.keypoints import HAND_EDGES
from chironomy.video.maps.skeleton import skeleton
from chironomy.video.maps.strokes import canvas, disc, hue, line, picture

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

DRAWN_SIDE = 800
"""Pixels of the shorter side that the widths are for."""

# OpenCV's line of width 2 covers three pixels across.
_BONE_RADIUS, _POINT_RADIUS = 1.5, 4.0


def draw_hands(points: ArrayLike, scores: ArrayLike, width: int, height: int) -> NDArray[np.uint8]:
    """Draw hands from the fields `hands` and `hands_score` of a pose file, or from our own tracks.

    Args:
        points: (hands, 21, 2) in OpenPose's order, x and y as parts of the picture's width and height.
        scores: (hands, 21); above 1 they count as 1.
        width: of the picture, pixels.
        height: of the picture, pixels.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        VideoError: a shape is wrong.
    """
    places, weights = np.asarray(points, np.float64), np.asarray(scores, np.float64)
    if places.ndim != 3 or places.shape[1:] != (21, 2):
        raise VideoError(f"hands has the shape {places.shape}, but must be (hands, 21, 2)")
    if weights.shape != places.shape[:2]:
        raise VideoError(f"hands_score has the shape {weights.shape}, but must be {places.shape[:2]}")
    image = canvas(width, height)
    scale = min(width, height) / DRAWN_SIDE
    drawn_pixel = 1 / (np.array([width, height]) / scale)
    with np.errstate(invalid="ignore"):
        inside = (places >= drawn_pixel).all(axis=-1)
    pixels = places * np.array([width, height])
    for hand in range(len(places)):
        for edge, (start, end) in enumerate(HAND_EDGES):
            if inside[hand, start] and inside[hand, end]:
                strength = np.clip(weights[hand, start] * weights[hand, end], 0.0, 1.0)
                colour = hue(edge / len(HAND_EDGES))[::-1] * strength
                line(image, pixels[hand, start], pixels[hand, end], _BONE_RADIUS * scale, colour)
        for point in np.flatnonzero(inside[hand]):
            strength = np.clip(weights[hand, point], 0.0, 1.0)
            disc(image, pixels[hand, point], _POINT_RADIUS * scale, (255.0 * strength, 0.0, 0.0))
    return picture(image)


def echomimic_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """The shot's hands as EchoMimicV2 draws them, as bright as they are sure: (height, width, 3) uint8 RGB.

    Args:
        shot: pose, the hands' confidence, camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.
    """
    seen = skeleton(shot, frame, rig)
    return draw_hands(seen.hands / [seen.width, seen.height], seen.hands_score, seen.width, seen.height)
