# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be seen of people in pictures: pose, hands, face and the person's mask, by mediapipe and in pixels.

mediapipe (Apache-2.0; extra `vision`) ships its models inside its wheel, so nothing is downloaded. Left and right hand
are told by the wrists of the pose, because the hand model's own label is a guess that turns over in mirrored pictures.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import install
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.picture import SMALLEST_SIDE, read_picture

__all__ = ["FACE_POINTS", "HAND_POINTS", "POSE_POINTS", "Perceived", "Perceiver", "read_picture"]

POSE_POINTS = 33
"""Of BlazePose: 0 nose, 2 and 5 eyes, 7 and 8 ears, 11 and 12 shoulders, 13 and 14 elbows, 15 and 16 wrists, 23 and 24
hips; of a pair the first is the person's left."""

HAND_POINTS = 21
"""Wrist, then thumb, index, middle, ring and little finger from root to tip: OpenPose's order."""

FACE_POINTS = 478
"""Of mediapipe's face mesh: 468 on the face, then five of each iris."""

MOST_FACES = 4
"""Faces that are looked for; more than one is enough to know a group."""

NOSE, SHOULDERS, ELBOWS, WRISTS = 0, (11, 12), (13, 14), (15, 16)
"""Places in the pose, left before right."""

_FACE_NOSE_TIP = 1
_SEGMENT_SIDE = 1920
"""Pixels of the longer side above which the person's mask is made on a smaller copy: the model sees 256 of them."""

_SAME_HAND = 0.6
"""A hand is a wrist's when their distance is less than this part of the shoulders' width; hands are near the wrists."""

_SAME_FACE = 0.35
"""A face is a person's when its nose is nearer to the pose's than this part of the shoulders' width."""

_SMALLEST_CROP = 16
"""Pixels a side of what is worth to be looked at again."""

_quiet = threading.Lock()


@dataclass(frozen=True, eq=False)
class Perceived:
    """What was seen in one picture. Points are in its pixels, from the top left corner, x right and y down.

    Attributes:
        width, height: of the picture.
        pose: (33, 3) x, y and visibility 0 to 1, as `POSE_POINTS`; NaN (visibility 0) where no person was found.
        pose_world: (33, 3) metres about the middle of the hips, x right in the picture, y down, z away from the lens;
            NaN where no person was found. A guess: its depths are far less sure than the picture's points.
        hands: (2, 21, 2) left, right, as `HAND_POINTS`; NaN where not seen.
        hand_world: (2, 21, 3) metres about each hand's middle, axes as of `pose_world`; NaN where not seen.
        hand_scores: (2,) how surely each hand is one, 0 to 1; 0 where not seen.
        face: (478, 2) as `FACE_POINTS`, of the face that belongs to the pose, or without a pose of the largest; None
            where it was not found.
        face_count: how many faces were found, `MOST_FACES` at most.
        face_boxes: (face_count, 4) left, top, right, bottom of each face: that of `face` first, then the largest.
        mask: (height, width) float32, 0 to 1, how surely a pixel is of a person.
    """

    width: int
    height: int
    pose: NDArray[np.float64]
    pose_world: NDArray[np.float64]
    hands: NDArray[np.float64]
    hand_world: NDArray[np.float64]
    hand_scores: NDArray[np.float64]
    face: NDArray[np.float64] | None
    face_count: int
    face_boxes: NDArray[np.float64]
    mask: NDArray[np.float32] = field(repr=False)


class Perceiver:
    """mediapipe's models, loaded once; a context manager.

        with Perceiver() as perceiver:
            seen = perceiver(read_picture("portrait.jpg"))

    Args:
        tracking: for the frames of one video, given in order: models follow what they found before, which is quicker
            and steadier. By default every picture is looked at for itself, and the same picture always gives the same.
        mask: whether the person's mask is made; without, it is all zeros.
        face: whether faces are looked for.

    Raises:
        VideoError: mediapipe is not installed.
    """

    def __init__(self, *, tracking: bool = False, mask: bool = True, face: bool = True):
        solutions = _solutions()
        self._open = contextlib.ExitStack()
        self._models: list[Any] = []
        settings: dict[str, Any] = {"static_image_mode": not tracking, "min_detection_confidence": 0.5}
        with _silence():
            # Complexity 1 is the only pose model in the wheel; the others would be downloaded.
            self._pose = self._opened(solutions.pose.Pose(model_complexity=1, **settings))
            self._hands = self._opened(solutions.hands.Hands(max_num_hands=2 if tracking else 4, **settings))
            # A hand that the whole picture is too small for is looked for again around its wrist.
            self._near_hand = self._opened(
                solutions.hands.Hands(static_image_mode=True, max_num_hands=1, min_detection_confidence=0.4)
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
        self._said_all = False

    def _opened(self, model: Any) -> Any:
        self._open.callback(model.close)
        self._models.append(model)
        return model

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the models go."""
        with _silence():
            self._open.close()

    def __call__(self, picture: NDArray[np.uint8]) -> Perceived:
        """Look at a picture.

        Args:
            picture: (height, width, 3) uint8 RGB.

        Raises:
            VideoError: it is no such array.
        """
        picture = np.asarray(picture)
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or min(picture.shape) < 1:
            raise VideoError(f"the picture is {picture.dtype} {picture.shape}, but must be uint8 (height, width, 3)")
        picture = np.ascontiguousarray(picture)
        # What is found for the first time may still be worth a line to the native code.
        with contextlib.nullcontext() if self._said_all else _silence():
            seen = self._look(picture)
        self._said_all = self._said_all or bool(seen.hand_scores.any() or seen.face_count)
        return seen

    def _look(self, picture: NDArray[np.uint8]) -> Perceived:
        height, width = picture.shape[:2]
        pose, pose_world = self._find_pose(picture)
        hands, hand_world, scores = self._find_hands(picture, pose)
        face, boxes = self._find_faces(picture, pose)
        return Perceived(
            width,
            height,
            pose,
            pose_world,
            hands,
            hand_world,
            scores,
            face,
            len(boxes),
            boxes,
            self._find_mask(picture),
        )

    def _find_pose(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        height, width = picture.shape[:2]
        found = self._pose.process(picture)
        pose, world = np.full((POSE_POINTS, 3), np.nan), np.full((POSE_POINTS, 3), np.nan)
        pose[:, 2] = 0.0
        if found.pose_landmarks is not None:
            points = found.pose_landmarks.landmark
            pose = np.array([(point.x * width, point.y * height, point.visibility) for point in points])
            world = np.array([(point.x, point.y, point.z) for point in found.pose_world_landmarks.landmark])
        return pose, world

    def _find_hands(
        self, picture: NDArray[np.uint8], pose: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        hands, world = np.full((2, HAND_POINTS, 2), np.nan), np.full((2, HAND_POINTS, 3), np.nan)
        scores = np.zeros(2)
        candidates = _hand_results(self._hands.process(picture), (0, 0), picture.shape[1::-1])
        for candidate, hand in _assigned(candidates, pose, picture.shape[1]):
            hands[hand], world[hand], scores[hand] = candidate
        shoulders = _distance(pose, *SHOULDERS)
        if not np.isfinite(shoulders):
            return hands, world, scores
        for hand in np.flatnonzero(scores == 0):
            wrist, elbow = pose[WRISTS[hand]], pose[ELBOWS[hand]]
            if wrist[2] < 0.5:
                continue
            # A hand lies beyond the wrist on the line from the elbow; the square holds it however it is bent.
            along = wrist[:2] - elbow[:2]
            middle = wrist[:2] + 0.25 * along
            side = max(1.2 * shoulders, 1.2 * float(np.hypot(*along)))
            crop, corner = _square(picture, middle, side)
            if min(crop.shape[:2]) < _SMALLEST_CROP:
                continue
            near = _hand_results(self._near_hand.process(crop), corner, crop.shape[1::-1])
            other = hands[1 - hand]
            near = [
                one
                for one in near
                if np.hypot(*(one[0][0] - wrist[:2])) < _SAME_HAND * shoulders
                and not np.hypot(*(one[0] - other).mean(axis=0)) < 0.1 * shoulders
            ]
            if near:
                hands[hand], world[hand], scores[hand] = near[0]
        return hands, world, scores

    def _find_faces(
        self, picture: NDArray[np.uint8], pose: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
        if self._face_mesh is None or self._near_face is None or self._far_face is None:
            return None, np.zeros((0, 4))
        size = np.array(picture.shape[1::-1], np.float64)
        meshes = _face_results(self._face_mesh.process(picture), (0, 0), size)
        boxes = [_box(mesh) for mesh in meshes]
        for one in self._far_face.process(picture).detections or ():
            box = one.location_data.relative_bounding_box
            corners = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]) * np.tile(size, 2)
            if not any(_overlap(corners, known) for known in boxes):
                boxes.append(corners)
        boxes.sort(key=lambda box: -_area(box))
        face = self._face_of(picture, pose, meshes, boxes)
        if face is not None:
            boxes = [_box(face), *(box for box in boxes if not _overlap(box, _box(face)))]
        return face, np.array(boxes[:MOST_FACES]).reshape(-1, 4)

    def _face_of(
        self,
        picture: NDArray[np.uint8],
        pose: NDArray[np.float64],
        meshes: list[NDArray[np.float64]],
        boxes: list[NDArray[np.float64]],
    ) -> NDArray[np.float64] | None:
        """The face of the pose, looked for again where it is not among those found; without a pose the largest.

        A face on a poster, or of somebody behind, may be larger or found more easily than the person's own.
        """
        assert self._near_face is not None
        if pose[NOSE, 2] > 0.5:
            nose, reach = pose[NOSE, :2], _SAME_FACE * _distance(pose, *SHOULDERS)
            middle, side = nose, 3 * reach
        elif meshes or not boxes:
            return max(meshes, key=lambda mesh: _area(_box(mesh)), default=None)
        else:
            left, top, right, bottom = boxes[0]
            middle, side = 0.5 * np.array([left + right, top + bottom]), 2.5 * max(right - left, bottom - top)
            nose, reach = middle, np.inf

        def miss(mesh: NDArray[np.float64]) -> float:
            return float(np.hypot(*(mesh[_FACE_NOSE_TIP] - nose)))

        nearest = min(meshes, key=miss, default=None)
        if nearest is not None and miss(nearest) < reach:
            return nearest
        crop, corner = _square(picture, middle, side)
        if min(crop.shape[:2]) < _SMALLEST_CROP:
            return None
        again = _face_results(self._near_face.process(crop), corner, np.array(crop.shape[1::-1], np.float64))
        return next((mesh for mesh in again if miss(mesh) < reach), None)

    def _find_mask(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = picture.shape[:2]
        if self._segment is None:
            return np.zeros((height, width), np.float32)
        import cv2

        scale = min(1.0, _SEGMENT_SIDE / max(height, width))
        if scale < 1.0:
            small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
            mask = self._segment.process(small).segmentation_mask
            mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
        else:
            mask = self._segment.process(picture).segmentation_mask
        return np.array(np.clip(mask, 0, 1), np.float32)


Hand = tuple[NDArray[np.float64], NDArray[np.float64], float]


def _hand_results(found: Any, corner: tuple[int, int], size: tuple[int, ...]) -> list[Hand]:
    """Points in pixels of the whole picture, points in metres and score of each hand found in a part of it."""
    if not found.multi_hand_landmarks:
        return []
    hands = []
    for points, world, label in zip(
        found.multi_hand_landmarks, found.multi_hand_world_landmarks, found.multi_handedness, strict=True
    ):
        pixels = np.array([(point.x, point.y) for point in points.landmark]) * size[:2] + corner
        metres = np.array([(point.x, point.y, point.z) for point in world.landmark])
        hands.append((pixels, metres, float(label.classification[0].score)))
    return hands


def _face_results(found: Any, corner: tuple[int, int], size: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Points in pixels of the whole picture of each face found in a part of it."""
    return [
        np.array([(point.x, point.y) for point in one.landmark]) * size + corner
        for one in found.multi_face_landmarks or ()
    ]


def _assigned(hands: list[Hand], pose: NDArray[np.float64], width: int) -> list[tuple[Hand, int]]:
    """Which hand is left (0) and which right (1): the pairing with the pose's wrists that is nearest in sum.

    Without a pose, a hand right of the picture's middle is the left one, as of a person who faces the lens.
    """
    if not hands:
        return []
    shoulders = _distance(pose, *SHOULDERS)
    if not np.isfinite(shoulders):
        best: dict[int, Hand] = {}
        for one in sorted(hands, key=lambda one: one[2]):
            best[0 if one[0][0, 0] > width / 2 else 1] = one
        return [(one, hand) for hand, one in best.items()]
    distance = np.array([[np.hypot(*(one[0][0] - pose[wrist, :2])) for wrist in WRISTS] for one in hands])
    distance /= shoulders
    pairs = [(distance[a, 0] + distance[b, 1], a, b) for a in range(len(hands)) for b in range(len(hands)) if a != b]
    chosen: list[tuple[Hand, int]] = []
    if pairs:
        _, a, b = min(pairs)
        if distance[a, 0] < _SAME_HAND and distance[b, 1] < _SAME_HAND:
            return [(hands[a], 0), (hands[b], 1)]
    index, hand = (int(i) for i in np.unravel_index(int(np.argmin(distance)), distance.shape))
    if distance[index, hand] < _SAME_HAND:
        chosen.append((hands[index], hand))
    return chosen


def _distance(pose: NDArray[np.float64], a: int, b: int) -> float:
    return float(np.hypot(*(pose[a, :2] - pose[b, :2])))


def _square(
    picture: NDArray[np.uint8], middle: NDArray[np.float64], side: float
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The part of the picture in a square about `middle`, and its top left corner."""
    height, width = picture.shape[:2]
    left, top = (int(np.clip(value - side / 2, 0, end)) for value, end in zip(middle, (width, height), strict=True))
    right, bottom = (int(np.clip(value + side / 2, 0, end)) for value, end in zip(middle, (width, height), strict=True))
    return np.ascontiguousarray(picture[top:bottom, left:right]), (left, top)


def _box(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left, top, right, bottom of points (n, 2)."""
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def _area(box: NDArray[np.float64]) -> float:
    return float(max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0))


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether two boxes are of one face: their middles lie in each other."""
    return all(
        bool((other[:2] <= (box[:2] + box[2:]) / 2).all() and ((box[:2] + box[2:]) / 2 <= other[2:]).all())
        for box, other in ((a, b), (b, a))
    )


def _solutions() -> Any:
    """The legacy solutions of mediapipe, which find their models in the wheel."""
    # glog and TensorFlow Lite read these when they are loaded.
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silence():
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


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what native code writes to standard error away while models load; Python's errors come through as ever."""
    with _quiet:
        try:
            number = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
            kept = os.dup(number)
        except (OSError, ValueError):
            yield
            return
        try:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
                os.dup2(nowhere.fileno(), number)
            yield
        finally:
            os.dup2(kept, number)
            os.close(kept)
