# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaking face as lines: jaw, brows, nose, eyes, pupils and lips, moving with the face actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.video.maps.skeleton import Skeleton, skeleton
from chironomy.video.maps.strokes import canvas, disc, line, picture

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

CONTOURS: dict[str, tuple[range, bool, tuple[int, int, int]]] = {
    "jaw": (range(17), False, (120, 120, 120)),
    "right_brow": (range(17, 22), False, (0, 255, 0)),
    "left_brow": (range(22, 27), False, (0, 0, 255)),
    "nose_bridge": (range(27, 31), False, (0, 200, 200)),
    "nose_base": (range(31, 36), False, (0, 200, 200)),
    "right_eye": (range(36, 42), True, (255, 255, 0)),
    "left_eye": (range(42, 48), True, (255, 0, 255)),
    "outer_lips": (range(48, 60), True, (100, 255, 50)),
    "inner_lips": (range(60, 68), True, (255, 100, 50)),
}
"""The points of each contour, whether it is closed, and its RGB.

Brows, eyes, lips and the white pupils are in the colours of Wan-Animate's face drawing (`FACE_CUSTOM_STYLE` in
`wan/modules/animate/preprocess/human_visualization.py` of Wan-Video/Wan2.2); jaw and nose, which it has not, are ours.
"""

_LINE_PART, _PUPIL_PART = 1 / 64, 1 / 40
"""The width of the lines and the radius of the pupils, as parts of the face's width from ear to ear."""


def draw_face(points: Skeleton) -> NDArray[np.uint8]:
    """Draw the 68 points of a face as contours on black.

    Lines are as wide as 1/64 of the face, at least one pixel. Nothing is drawn of a face that is not in the picture.

    Args:
        points: where they are.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    image = canvas(points.width, points.height)
    shown = points.face_score > 0
    if not shown.any():
        return picture(image)
    span = points.face[16] - points.face[0]
    breadth = float(np.sqrt((span * span).sum()))
    radius = max(0.5 * _LINE_PART * breadth, 0.5)
    for indices, closed, colour in CONTOURS.values():
        ends = [*indices[1:], indices[0]] if closed else list(indices[1:])
        for start, end in zip(indices, ends, strict=False):
            if shown[start] and shown[end]:
                line(image, points.face[start], points.face[end], radius, colour)
    for eye, lids in enumerate((range(36, 42), range(42, 48))):
        if shown[list(lids)].all() and _is_open(points.face[list(lids)]):
            disc(image, points.pupils[eye], max(_PUPIL_PART * breadth, 0.75), (255, 255, 255))
    return picture(image)


def _is_open(lids: NDArray[np.float64]) -> bool:
    """Whether an eye (6, 2) is open: its lids apart by more than a tenth of its width (Soukupová and Čech 2016)."""
    across = np.linalg.norm(lids[0] - lids[3])
    apart = np.linalg.norm(lids[1] - lids[5]) + np.linalg.norm(lids[2] - lids[4])
    return bool(apart > 0.2 * across)


def face_map(shot: Shot, frame: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """The speaking face of a frame as contours on black: (height, width, 3) uint8 RGB.

    Args:
        shot: pose, face actions, camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.
    """
    return draw_face(skeleton(shot, frame, rig))
