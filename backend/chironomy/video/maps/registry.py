# SPDX-License-Identifier: GPL-3.0-or-later
"""Every map by its name: how it is drawn, what it shows, and in which convention."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.video.maps.dwpose import animate_pose_map, dwpose_map, vace_pose_map
from chironomy.video.maps.echomimic import echomimic_map
from chironomy.video.maps.face import face_map
from chironomy.video.maps.keypoints import keypoint_map
from chironomy.video.maps.mano import mano_map
from chironomy.video.maps.surface import depth_map, mask_map, normal_map

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot


class Draw(Protocol):
    """Makes a map of a frame."""

    def __call__(self, shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
        """Draw it: (height, width, 3) uint8.

        Args:
            shot: the pose, face and camera.
            frame: which frame of the tracks.
            rig: the character; the shot's when None.
        """
        ...


@dataclass(frozen=True)
class Map:
    """A kind of map.

    Attributes:
        name: by which it is asked for.
        draw: makes it of a frame.
        description: what it shows, for people.
        convention: how to read its colours.
    """

    name: str
    draw: Draw
    description: str
    convention: str


_ALL = (
    Map(
        "mano",
        mano_map,
        "the surfaces of both hands",
        "RGB; each hand's palm and finger joints in colours of their own, nearer over farther; black elsewhere",
    ),
    Map(
        "keypoints",
        keypoint_map,
        "upper body and hands as bones and points",
        "RGB; left hand's points blue, right hand's orange, times the hand's confidence; black elsewhere",
    ),
    Map(
        "echomimic",
        echomimic_map,
        "EchoMimicV2's hand map",
        "RGB; points red, bones along the hue circle from blue, times confidence; widths for a shorter side of 800",
    ),
    Map(
        "dwpose",
        dwpose_map,
        "body, hands and face as ControlNet's DWPose draws them",
        "RGB; nose red, hand points blue, face points white; widths for a shorter side of 512",
    ),
    Map(
        "vace_pose",
        vace_pose_map,
        "body and face as VACE draws them",
        "red and blue exchanged against ControlNet's, so the nose is blue; widths for a shorter side of 1024; no hands",
    ),
    Map(
        "vace_pose_hands",
        partial(vace_pose_map, hands=True),
        "body, hands and face as VACE draws them",
        "as vace_pose, with hands, whose points are red",
    ),
    Map(
        "animate_pose",
        animate_pose_map,
        "body, feet and hands as Wan-Animate draws them",
        "RGB; nose red, hand points blue; limbs max(int(shorter side / 200) - 1, 1) to either side; no face",
    ),
    Map(
        "depth",
        depth_map,
        "how near the person is",
        "grey; inverse depth, near is white, scaled between the two depths that maps.json names; black elsewhere",
    ),
    Map(
        "normal",
        normal_map,
        "which way the person's surface faces",
        "NormalBae's: red is the picture's left, green up, blue towards the camera; (128, 128, 255) elsewhere",
    ),
    Map(
        "mask",
        mask_map,
        "where the person is",
        "white on black, grey where an edge crosses a pixel",
    ),
    Map(
        "face",
        face_map,
        "the speaking face as lines",
        "RGB; iBUG's 68 points as contours in Wan-Animate's colours, pupils white; black elsewhere",
    ),
)

MAPS: dict[str, Map] = {entry.name: entry for entry in _ALL}
"""Every map by its name."""


def get_map(name: str) -> Map:
    """The map of that name.

    Raises:
        VideoError: there is none.
    """
    if name not in MAPS:
        raise VideoError(f"there is no map {name!r}; choose from {', '.join(MAPS)}")
    return MAPS[name]
