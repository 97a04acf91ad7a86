# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps of a shot as a pipeline takes them: drawn when they are asked for, frame by frame."""

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import load_rig
from chironomy.video import maps
from chironomy.video.errors import VideoError

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.video.shot import Shot

LAYOUTS = {"mano_keypoints": 6, "echomimic_v2": 3}
"""Channels of each layout: the MANO map and the keypoint map, or EchoMimicV2's hand map."""

_KEPT_FRAMES = 64

# EchoMimicV2 draws on a canvas whose shorter side is 800 pixels: bones 2 wide, points of radius 4.
_CANVAS, _BONE_WIDTH, _POINT_RADIUS = 800, 2.0, 4.0


class ShotMaps:
    """The maps of a shot's frames, in order from its first; see `request.Maps`.

    Args:
        shot: the edited hands and the camera.
        layout: one of `LAYOUTS`.
        rig: the character; the embedded one when None.

    Raises:
        VideoError: there is no such layout.
    """

    def __init__(self, shot: "Shot", layout: str, rig: "Rig | None" = None):
        if layout not in LAYOUTS:
            raise VideoError(f"there are no maps {layout!r}; choose one of {', '.join(LAYOUTS)}")
        self.shot, self.layout, self.rig = shot, layout, rig or load_rig()
        # Neighbouring blocks ask for some frames twice.
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.shot.frames)

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        return np.stack([self._frame(row) for row in range(*rows.indices(len(self)))])

    def _frame(self, row: int) -> NDArray[np.uint8]:
        if row not in self._kept:
            frame = self.shot.frames[row]
            if self.layout == "echomimic_v2":
                drawn = hand_map(self.shot, frame, self.rig)
            else:
                surfaces = maps.mano_map(self.shot, frame, self.rig)
                drawn = np.concatenate([surfaces, maps.keypoint_map(self.shot, frame, self.rig)], axis=2)
            self._kept[row] = drawn
            while len(self._kept) > _KEPT_FRAMES:
                self._kept.popitem(last=False)
        return self._kept[row]


def hand_map(shot: "Shot", frame: int, rig: "Rig | None" = None) -> NDArray[np.uint8]:
    """EchoMimicV2's hand map: bones in the colours of the rainbow, red points, as bright as the hand is confident.

    Its pipeline draws in BGR and swaps red and blue afterwards, so bone k has the hue of k / 20 with these swapped.

    Args:
        shot: the pose, the hands' confidence and the camera.
        frame: which frame of the tracks.
        rig: the character; the embedded one when None.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    _, hands = maps.keypoints(shot, frame, rig)
    confidence = shot.hands.confidence[frame]
    scale = min(shot.height, shot.width) / _CANVAS
    image = np.zeros((shot.height, shot.width, 3), np.float32)
    for hand, points in enumerate(hands):
        sure = float(confidence[hand])
        for edge, (start, end) in enumerate(maps.HAND_EDGES):
            colour = maps._hue(edge / len(maps.HAND_EDGES), 1.0)[::-1].copy()
            maps._stroke(image, points[start], points[end], 0.5 * _BONE_WIDTH * scale, colour * sure * sure)
        for point in points:
            maps._stroke(image, point, point, _POINT_RADIUS * scale, np.array([255.0, 0.0, 0.0]) * sure)
    return np.floor(image + np.float32(0.5)).astype(np.uint8)
