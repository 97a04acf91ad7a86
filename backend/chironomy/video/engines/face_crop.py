# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaking face of the preview, close up and in the middle: what Wan-Animate reads expressions and lips from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.maps.skeleton import skeleton

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

_AREA = 1.3
"""By how much the area of the box around the 68 points grows (`get_face_bboxes` in `wan/modules/animate/preprocess` of
Wan-Video/Wan2.2, and its caller): half of it to the left and right; up and down three quarters and one."""


def face_camera(shot: Shot, frame: int, size: int, rig: Rig | None = None) -> Camera:
    """The shot's camera, cropped to the face of a frame and enlarged.

    Wan-Animate's own preprocessing cuts the box out of a video and stretches it to a square; here the square is the
    box's longer side, and the face is drawn anew in it, so that it is neither stretched nor blurred.

    Args:
        shot: pose, face, camera.
        frame: which frame of the tracks.
        size: pixels of a side.
        rig: the character; the shot's when None.

    Raises:
        VideoError: the face is not in front of the camera.
    """
    points = skeleton(shot, frame, rig).face
    if not np.isfinite(points).all():
        raise VideoError(f"the face is behind the camera in frame {frame}; move the camera so that it looks at it")
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = high - low
    grown = np.sqrt(_AREA) - 1
    centre = np.array([low[0] + high[0], low[1] + high[1] - 0.5 * grown * height]) / 2
    side = (1 + grown) * max(width, height)
    scale = size / side
    camera = shot.camera
    return Camera(
        size,
        size,
        camera.focal * scale,
        camera.position,
        camera.rotation,
        (camera.centre - centre) * scale + size / 2,
        camera.near,
    )


def face_crop(shot: Shot, frame: int, size: int, rig: Rig | None = None) -> NDArray[np.uint8]:
    """The speaking face of a frame: (size, size, 3) uint8 RGB; see `face_camera`."""
    close = shot.replaced(
        camera=face_camera(shot, frame, size, rig),
        frame_start=frame,
        frame_stop=frame + 1,
        settings={"threads": 1},
        reference=None,
    )
    return next(PrevizEngine(rig).render(close))
