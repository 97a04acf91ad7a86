# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be seen of people in pictures: pose, hands, face and the person's mask, in pixels.

The networks are mediapipe's (`chironomy.video.portrait.models`). Left and right hand are told by the wrists of the
pose, because the hand model's own label is a guess that turns over in mirrored pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.video.portrait.library import open_networks
from chironomy.video.portrait.models import MOST_FACES, Hand
from chironomy.video.portrait.picture import read_picture
from chironomy.work import QUIET, Work

__all__ = ["FACE_POINTS", "HAND_POINTS", "POSE_POINTS", "Perceived", "Perceiver", "read_picture"]

POSE_POINTS = 33
"""Of BlazePose: 0 nose, 2 and 5 eyes, 7 and 8 ears, 11 and 12 shoulders, 13 and 14 elbows, 15 and 16 wrists, 23 and 24
hips; of a pair the first is the person's left."""

HAND_POINTS = 21
"""Wrist, then thumb, index, middle, ring and little finger from root to tip: OpenPose's order."""

FACE_POINTS = 478
"""Of mediapipe's face mesh: 468 on the face, then five of each iris."""

NOSE, SHOULDERS, ELBOWS, WRISTS = 0, (11, 12), (13, 14), (15, 16)
"""Places in the pose, left before right."""

_FACE_NOSE_TIP = 1
_SAME_HAND = 0.6
"""A hand is a wrist's when their distance is less than this part of the shoulders' width; hands are near the wrists."""

_SAME_FACE = 0.35
"""A face is a person's when its nose is nearer to the pose's than this part of the shoulders' width."""

_SMALLEST_CROP = 16
"""Pixels a side of what is worth to be looked at again."""


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
    """Networks that find people, loaded once; a context manager.

        with Perceiver() as perceiver:
            seen = perceiver(read_picture("portrait.jpg"))

    Args:
        tracking: for the frames of one video, given in order: networks follow what they found before, which is quicker
            and steadier. By default every picture is looked at for itself, and the same picture always gives the same.
        mask: whether the person's mask is made; without, it is all zeros.
        face: whether faces are looked for.
        by: who runs the networks, "mediapipe" or "litert"; as is installed when None.
        work: told how far it is, and asked whether to stop, where the models are fetched first.

    Raises:
        VideoError: neither is installed, or the models are not here and cannot be fetched.
    """

    def __init__(
        self,
        *,
        tracking: bool = False,
        mask: bool = True,
        face: bool = True,
        by: str | None = None,
        work: Work = QUIET,
    ):
        self._face = face
        self._mask = mask
        self._networks = open_networks(tracking=tracking, mask=mask, face=face, by=by, work=work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the networks go."""
        self._networks.close()

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
        height, width = picture.shape[:2]
        pose, pose_world = self._find_pose(picture)
        hands, hand_world, scores = self._find_hands(picture, pose)
        face, boxes = self._find_faces(picture, pose)
        mask = self._networks.mask(picture) if self._mask else np.zeros((height, width), np.float32)
        return Perceived(width, height, pose, pose_world, hands, hand_world, scores, face, len(boxes), boxes, mask)

    def _find_pose(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        found = self._networks.pose(picture)
        if found is not None:
            return found
        pose, world = np.full((POSE_POINTS, 3), np.nan), np.full((POSE_POINTS, 3), np.nan)
        pose[:, 2] = 0.0
        return pose, world

    def _find_hands(
        self, picture: NDArray[np.uint8], pose: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        hands, world = np.full((2, HAND_POINTS, 2), np.nan), np.full((2, HAND_POINTS, 3), np.nan)
        scores = np.zeros(2)
        candidates = self._networks.hands(picture)
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
            near = [(points + corner, metres, score) for points, metres, score in self._networks.near_hands(crop)]
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
        if not self._face:
            return None, np.zeros((0, 4))
        meshes = self._networks.faces(picture)
        boxes = [_box(mesh) for mesh in meshes]
        for box in self._networks.face_boxes(picture):
            if not any(_overlap(box, known) for known in boxes):
                boxes.append(box)
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
        again = [mesh + corner for mesh in self._networks.near_faces(crop)]
        return next((mesh for mesh in again if miss(mesh) < reach), None)


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
