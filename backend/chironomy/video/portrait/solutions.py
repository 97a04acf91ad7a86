# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks run by mediapipe, whose solutions find their models in its wheel."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import install
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.models import LIKELY_PALM, MOST_FACES, MOST_HANDS, SEGMENT_SIDE, SURE_PALM, Floats, Hand
from chironomy.video.portrait.picture import SMALLEST_SIDE
from chironomy.video.portrait.silence import silence


class MediapipeSolutions:
    """mediapipe 0.10.21's solutions, as `chironomy.video.portrait.models.PersonNetworks`.

    Args:
        tracking, mask, face: as of `Perceiver`.

    Raises:
        VideoError: mediapipe is not installed or cannot be loaded.
    """

    def __init__(self, *, tracking: bool, mask: bool, face: bool):
        solutions = _solutions()
        self._open = contextlib.ExitStack()
        self._models: list[Any] = []
        settings: dict[str, Any] = {"static_image_mode": not tracking, "min_detection_confidence": SURE_PALM}
        with silence():
            # Complexity 1 is the only pose model in the wheel; the others would be downloaded.
            self._pose = self._opened(solutions.pose.Pose(model_complexity=1, **settings))
            self._hands = self._opened(solutions.hands.Hands(max_num_hands=2 if tracking else MOST_HANDS, **settings))
            # A hand that the whole picture is too small for is looked for again around its wrist.
            self._near_hand = self._opened(
                solutions.hands.Hands(static_image_mode=True, max_num_hands=1, min_detection_confidence=LIKELY_PALM)
            )
            self._face_mesh = self._near_face = self._far_face = self._segment = None
            if face:
                self._face_mesh = self._opened(
                    solutions.face_mesh.FaceMesh(max_num_faces=MOST_FACES, refine_landmarks=True, **settings)
                )
                self._near_face = self._opened(
                    solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True)
                )
                # The face mesh finds faces near the lens alone; this one also small ones, as in groups.
                self._far_face = self._opened(
                    solutions.face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
                )
            if mask:
                self._segment = self._opened(solutions.selfie_segmentation.SelfieSegmentation(model_selection=0))
            # Models load in threads of their own and tell of it; when each has run once, all is said.
            blank = np.zeros((SMALLEST_SIDE, SMALLEST_SIDE, 3), np.uint8)
            for model in self._models:
                model.process(blank)
        self._heard: set[int] = set()

    def _opened(self, model: Any) -> Any:
        self._open.callback(model.close)
        self._models.append(model)
        return model

    def close(self) -> None:
        """Let the models go."""
        with silence():
            self._open.close()

    def _process(self, model: Any, picture: NDArray[np.uint8], found: str) -> Any:
        # What is found for the first time may still be worth a line to the native code.
        with contextlib.nullcontext() if id(model) in self._heard else silence():
            result = model.process(picture)
        if getattr(result, found):
            self._heard.add(id(model))
        return result

    def pose(self, picture: NDArray[np.uint8]) -> tuple[Floats, Floats] | None:
        """As of `PersonNetworks`."""
        height, width = picture.shape[:2]
        found = self._process(self._pose, picture, "pose_landmarks")
        if found.pose_landmarks is None:
            return None
        points = found.pose_landmarks.landmark
        pose = np.array([(point.x * width, point.y * height, point.visibility) for point in points])
        return pose, np.array([(point.x, point.y, point.z) for point in found.pose_world_landmarks.landmark])

    def hands(self, picture: NDArray[np.uint8]) -> list[Hand]:
        """As of `PersonNetworks`."""
        return self._hand_results(self._hands, picture)

    def near_hands(self, picture: NDArray[np.uint8]) -> list[Hand]:
        """As of `PersonNetworks`."""
        return self._hand_results(self._near_hand, picture)

    def _hand_results(self, model: Any, picture: NDArray[np.uint8]) -> list[Hand]:
        found = self._process(model, picture, "multi_hand_landmarks")
        if not found.multi_hand_landmarks:
            return []
        hands = []
        for points, world, label in zip(
            found.multi_hand_landmarks, found.multi_hand_world_landmarks, found.multi_handedness, strict=True
        ):
            pixels = np.array([(point.x, point.y) for point in points.landmark]) * picture.shape[1::-1]
            metres = np.array([(point.x, point.y, point.z) for point in world.landmark])
            hands.append((pixels, metres, float(label.classification[0].score)))
        return hands

    def faces(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """As of `PersonNetworks`."""
        return self._face_results(self._face_mesh, picture)

    def near_faces(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """As of `PersonNetworks`."""
        return self._face_results(self._near_face, picture)

    def _face_results(self, model: Any, picture: NDArray[np.uint8]) -> list[Floats]:
        if model is None:
            return []
        found = self._process(model, picture, "multi_face_landmarks")
        size = np.array(picture.shape[1::-1], np.float64)
        return [
            np.array([(point.x, point.y) for point in one.landmark]) * size for one in found.multi_face_landmarks or ()
        ]

    def face_boxes(self, picture: NDArray[np.uint8]) -> list[Floats]:
        """As of `PersonNetworks`."""
        if self._far_face is None:
            return []
        boxes: list[Floats] = []
        for one in self._process(self._far_face, picture, "detections").detections or ():
            box = one.location_data.relative_bounding_box
            corners = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height])
            boxes.append(corners * np.tile(np.array(picture.shape[1::-1], np.float64), 2))
        return boxes

    def mask(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As of `PersonNetworks`."""
        height, width = picture.shape[:2]
        if self._segment is None:
            return np.zeros((height, width), np.float32)
        import cv2

        scale = min(1.0, SEGMENT_SIDE / max(height, width))
        if scale < 1.0:
            small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
            mask = self._segment.process(small).segmentation_mask
            mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
        else:
            mask = self._segment.process(picture).segmentation_mask
        return np.array(np.clip(mask, 0, 1), np.float32)


def _solutions() -> Any:
    """The legacy solutions of mediapipe."""
    # glog and TensorFlow Lite read these when they are loaded.
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silence():
        try:
            from mediapipe.python import solutions
        except ModuleNotFoundError as error:
            package = (error.name or "mediapipe").partition(".")[0]
            raise VideoError(
                f"looking at pictures needs mediapipe, and the Python package {package!r} is missing: "
                f"{install('mediapipe')}"
            ) from error
        except ImportError as error:
            raise VideoError(
                f"mediapipe is installed, but cannot be loaded ({error}): {install('mediapipe')} again, and on Linux "
                "see that libGL and libglib are there"
            ) from error
    return solutions
