# SPDX-License-Identifier: GPL-3.0-or-later
"""The MANO map: the surfaces of both hands, each part in a colour of its own."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.skinning import skin
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS
from chironomy.video.drawing.raster import rasterise
from chironomy.video.maps.frame import pose_at

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot


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
    pose = pose_at(shot, frame)
    subset, faces, colours = (None, rig.faces, _face_colours(rig)) if body_occludes else _hand_surface(rig)
    points = skin(rig, pose.joint_rotation[0], pose.joint_position[0], vertex_subset=subset)
    seen = rasterise(shot.camera, points, faces).face
    # One more colour, the last one, is black: the face number of nothing is -1.
    palette = np.concatenate([colours, np.zeros((1, 3))])
    image = np.zeros((*seen.shape[:2], 3), np.uint8)
    covered = (seen >= 0).any(axis=2)
    image[covered] = np.floor(palette[seen[covered]].mean(axis=1) + 0.5)
    return image
