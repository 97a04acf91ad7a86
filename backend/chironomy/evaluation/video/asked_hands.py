# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hands of a video were asked for: the track's joints and tips, projected by the shot's camera.

A video's frames are matched with the track's by time, from the shot's first frame, so that an engine with a frame rate
of its own is measured as well.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose, hand_keypoints, solve_pose
from chironomy.body.rig import Rig, load_rig
from chironomy.evaluation.errors import EvaluationError
from chironomy.motion.files import load_motion
from chironomy.shot.camera import Camera, portrait_camera
from chironomy.shot.shot import Shot
from chironomy.video.maps import OPENPOSE_ORDER


def asked_hands(
    pose: BodyPose,
    camera: Camera,
    confidence: NDArray[np.float64],
    first: int,
    frame_count: int,
    fps: float,
    rig: Rig | None = None,
) -> NDArray[np.float64]:
    """(frame_count, 2, 21, 2) pixels of the camera's picture, in OpenPose's order.

    NaN for frames past the end of the track, and for hands of confidence 0, which are not wanted in the picture.

    Args:
        pose: the evaluated joints, of T frames.
        camera: of the shot.
        confidence: (T, 2) of the hands.
        first: frame of the track at which the video begins.
        frame_count: of the video.
        fps: of the video.
        rig: the character that the pose is of; the embedded one when None.
    """
    rig = rig or load_rig()
    if pose.joint_rotation.shape[1] != rig.joint_count:
        raise EvaluationError(
            f"the track has {pose.joint_rotation.shape[1]} joints, but the character has {rig.joint_count}; give a "
            "shot of this version"
        )
    points = hand_keypoints(rig, pose)[:, :, list(OPENPOSE_ORDER)]
    points = np.where(confidence[..., None, None] > 0, points, np.nan)
    # The half frame keeps a video of the track's own rate on its frames whatever the rounding.
    track = first + np.floor(np.arange(frame_count) * pose.fps / fps + 0.5).astype(int)
    pixels, _ = camera.project(points[np.minimum(track, len(points) - 1)])
    pixels[track >= len(points)] = np.nan
    return pixels


def of_shot(path: Path, width: int, height: int, frame_count: int, fps: float) -> NDArray[np.float64]:
    """`asked_hands` of a shot's file, for a video of this size.

    Raises:
        ChironomyError: it cannot be read, or its picture has another shape than the video.
    """
    shot = Shot.load(path)
    camera = shot.camera
    if abs(camera.width * height - camera.height * width) > max(width, height, camera.width, camera.height):
        raise EvaluationError(
            f"the shot {path.name} is of {camera.width}x{camera.height} and the video of {width}x{height}, another "
            "shape; give the shot that the video was rendered from"
        )
    camera = camera if (camera.width, camera.height) == (width, height) else camera.resized(width, height)
    return asked_hands(shot.pose, camera, shot.hands.confidence, shot.frames.start, frame_count, fps, shot.rig)


def of_motion(path: Path, width: int, height: int, frame_count: int, fps: float) -> NDArray[np.float64]:
    """`asked_hands` of a motion file on the project's own character, before the camera of `chironomy video`.

    Raises:
        ChironomyError: it cannot be read.
    """
    hands = load_motion(path)
    rig = load_rig()
    return asked_hands(
        solve_pose(rig, hands), portrait_camera(rig, width, height), hands.confidence, 0, frame_count, fps
    )
