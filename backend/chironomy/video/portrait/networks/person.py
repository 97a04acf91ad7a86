# SPDX-License-Identifier: GPL-3.0-or-later
"""All networks together, as `chironomy.video.portrait.models.PersonNetworks`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.video.portrait.models import LIKELY_PALM, MOST_FACES, MOST_HANDS, SEGMENT_SIDE, SURE_PALM, Floats, Hand
from chironomy.video.portrait.networks.crops import Crop
from chironomy.video.portrait.networks.faces import FaceNetworks
from chironomy.video.portrait.networks.hands import HandNetworks
from chironomy.video.portrait.networks.network import Network
from chironomy.video.portrait.networks.pose import PoseNetworks
from chironomy.video.portrait.networks.smoothing import PoseFollower

_MASK_SIDE = 256


class LitertNetworks:
    """The models in a folder, run by LiteRT.

    Following a video, it looks where it found hands, faces and pose in the frame before, detects anew what is gone, and
    makes the pose smooth.

    Args:
        folder: of the models, as `chironomy.video.portrait.model_files.MODELS` names them.
        tracking, mask, face: as of `Perceiver`.
    """

    def __init__(self, folder: Path, *, tracking: bool, mask: bool, face: bool):
        self._tracking = tracking
        self._most_hands = 2 if tracking else MOST_HANDS
        self._pose = PoseNetworks(
            folder / "pose_detection/pose_detection.tflite", folder / "pose_landmark/pose_landmark_full.tflite"
        )
        self._hands = HandNetworks(
            folder / "palm_detection/palm_detection_full.tflite", folder / "hand_landmark/hand_landmark_full.tflite"
        )
        self._faces = self._mask = None
        if face:
            self._faces = FaceNetworks(
                folder / "face_detection/face_detection_short_range.tflite",
                folder / "face_detection/face_detection_full_range_sparse.tflite",
                folder / "face_landmark/face_landmark_with_attention.tflite",
            )
        if mask:
            self._mask = Network(folder / "selfie_segmentation/selfie_segmentation.tflite")
        self._pose_before: Crop | None = None
        self._follower = PoseFollower()
        self._hands_before: list[Crop] = []
        self._faces_before: list[Crop] = []

    def pose(self, picture: NDArray[np.uint8]) -> tuple[Floats, Floats] | None:
        """As of `PersonNetworks`."""
        found = self._pose(picture, self._pose_before)
        if found is None:
            self._pose_before, self._follower = None, PoseFollower()
            return None
        if self._tracking:
            found, self._pose_before = self._follower(found)
        return np.concatenate([found.points, found.visible[:, None]], axis=1), found.metres

    def hands(self, picture: NDArray[np.uint8]) -> list[Hand]:
        """As of `PersonNetworks`."""
        hands, following = self._hands(picture, self._most_hands, SURE_PALM, self._hands_before)
        if self._tracking:
            self._hands_before = following
        return hands

    def near_hands(self, picture: NDArray[np.uint8]) -> list[Hand]:
        """As of `PersonNetworks`."""
        return self._hands(picture, 1, LIKELY_PALM)[0]

    def faces(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """As of `PersonNetworks`."""
        if self._faces is None:
            return []
        faces, following = self._faces(picture, MOST_FACES, self._faces_before)
        if self._tracking:
            self._faces_before = following
        return faces

    def near_faces(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """As of `PersonNetworks`."""
        return [] if self._faces is None else self._faces(picture, 1)[0]

    def face_boxes(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """As of `PersonNetworks`."""
        return [] if self._faces is None else self._faces.boxes(picture)

    def mask(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As of `PersonNetworks`."""
        from PIL import Image

        height, width = picture.shape[:2]
        if self._mask is None:
            return np.zeros((height, width), np.float32)
        scale = SEGMENT_SIDE / max(height, width)
        if scale < 1.0:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
        rows, columns = picture.shape[:2]
        everything = Crop(columns / 2, rows / 2, columns, rows)
        (mask,) = self._mask(everything.cut(picture, _MASK_SIDE, _MASK_SIDE, blank=True)[None] / 255)
        full = Image.fromarray(mask.reshape(_MASK_SIDE, _MASK_SIDE)).resize((width, height), Image.Resampling.BILINEAR)
        return np.clip(np.array(full, np.float32), 0, 1)

    def close(self) -> None:
        """Nothing is held but memory."""
