# SPDX-License-Identifier: GPL-3.0-or-later
"""`Skeleton`: the points that a whole-body pose detector would report of a frame, here known exactly from the rig.

They are COCO-WholeBody's points (Jin et al. 2020) in OpenPose's arrangement, as DWPose reports them (Yang et al. 2023):
18 of the body with the neck midway between the shoulders, 21 of each hand, 68 of the face; and the toes, which
Wan-Animate adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose, hand_keypoints
from chironomy.motion import rotation as quaternion
from chironomy.video.maps.frame import pose_at, vertices_at
from chironomy.video.maps.keypoints import OPENPOSE_ORDER
from chironomy.video.maps.landmarks import (
    EAR_VERTICES,
    EYE_CORNERS,
    FACE_VERTICES,
    NOSE_TIP,
    check_mesh,
    pupil_vertices,
)

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.camera import Camera
    from chironomy.shot.shot import Shot

Points = NDArray[np.float64]

BODY_NAMES = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
"""OpenPose's 18 points of the body, in order; right and left are the person's."""

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""The 17 limbs between them, in the order in which they are drawn and coloured."""

OUTSIDE = 0.1
"""How far beyond the picture's edge a point is still reported, as a part of the picture's side.

Detectors guess a little beyond the edge: EchoMimicV2's pose files have hips 7 % below the picture with scores of 0.8.
"""

_JOINTS = {
    2: "upper_arm.R", 3: "forearm.R", 4: "wrist.R", 5: "upper_arm.L", 6: "forearm.L", 7: "wrist.L",
    8: "upper_leg.R", 9: "lower_leg.R", 10: "foot.R", 11: "upper_leg.L", 12: "lower_leg.L", 13: "foot.L",
}  # fmt: skip
_WRISTS = (7, 4)
_NECK, _SHOULDERS = 1, (2, 5)
_FACE_POINTS = (0, 14, 15)
_EARS = (16, 17)

_FACE_AWAY = -0.17
"""Cosine of the angle between where the head looks and the camera beyond which no face is seen: 100 degrees."""
_EAR_AWAY = -0.5
"""Cosine of the angle between where an ear points and the camera beyond which the head hides it: 120 degrees."""


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The points of a frame, in pixels of the picture; NaN where a point is not in front of the camera.

    Scores are 0 to 1. A point of a hand, and the wrist of the body, has the hand's confidence; any other has 1 where a
    detector could report it and 0 elsewhere (`OUTSIDE`, or on the far side of the head).

    Attributes:
        width: of the picture, pixels.
        height: of the picture, pixels.
        body: (18, 2) in the order of `BODY_NAMES`.
        body_score: (18,).
        toes: (2, 2) tips of the left and of the right foot.
        toes_score: (2,).
        hands: (2, 21, 2) left and right hand, in OpenPose's order.
        hands_score: (2, 21).
        face: (68, 2) in iBUG's order.
        face_score: (68,).
        pupils: (2, 2) of the right and of the left eye.
    """

    width: int
    height: int
    body: Points
    body_score: Points
    toes: Points
    toes_score: Points
    hands: Points
    hands_score: Points
    face: Points
    face_score: Points
    pupils: Points


def skeleton(shot: Shot, frame: int, rig: Rig | None = None) -> Skeleton:
    """The points of a frame.

    Args:
        shot: pose, face, the hands' confidence, camera.
        frame: which frame of the tracks.
        rig: the character; the shot's when None.

    Raises:
        VideoError: there is no such frame, or the character has another mesh than the embedded one.
    """
    rig = rig or shot.rig
    check_mesh(rig)
    pose, camera = pose_at(shot, frame), shot.camera
    pupils = pupil_vertices(rig)
    wanted = np.concatenate([np.array(FACE_VERTICES + EAR_VERTICES), *pupils])
    head = vertices_at(shot, frame, rig, wanted)
    face_points, ear_points, eyes = head[:68], head[68:70], head[70:]
    joints = pose.joint_position[0]

    body_points = np.empty((18, 3))
    for point, name in _JOINTS.items():
        body_points[point] = joints[rig.index(name)]
    # The neck is put into the picture below; until then any place in front will do.
    body_points[_NECK] = body_points[list(_SHOULDERS)].mean(axis=0)
    body_points[0] = face_points[NOSE_TIP]
    for point, corners in zip((14, 15), EYE_CORNERS, strict=True):
        body_points[point] = face_points[list(corners)].mean(axis=0)
    body_points[list(_EARS)] = ear_points

    body, _ = camera.project(body_points)
    # A detector has no neck of its own: DWPose takes the middle of the two shoulders in the picture.
    body[_NECK] = body[list(_SHOULDERS)].mean(axis=0)
    face, _ = camera.project(face_points)
    toes, _ = camera.project(_toe_tips(rig, pose))
    hands, _ = camera.project(hand_keypoints(rig, pose)[0][:, list(OPENPOSE_ORDER)])
    split = len(pupils[0])
    centres, _ = camera.project(np.stack([eyes[:split].mean(axis=0), eyes[split:].mean(axis=0)]))

    confidence = shot.hands.confidence[frame]
    body_score, face_score = _reported(body, camera), _reported(face, camera)
    for hand, wrist in enumerate(_WRISTS):
        body_score[wrist] *= confidence[hand]
    face_seen, ears_seen = _head_faces(rig, pose, camera)
    body_score[list(_FACE_POINTS)] *= face_seen
    body_score[list(_EARS)] *= ears_seen
    return Skeleton(
        width=shot.width,
        height=shot.height,
        body=body,
        body_score=body_score,
        toes=toes,
        toes_score=_reported(toes, camera),
        hands=hands,
        hands_score=np.isfinite(hands).all(axis=-1) * confidence[:, None],
        face=face,
        face_score=face_score * face_seen,
        pupils=centres,
    )


def _reported(points: Points, camera: Camera) -> Points:
    """1 for points in the picture or a little outside it, else 0."""
    margin = OUTSIDE * np.array([camera.width, camera.height])
    with np.errstate(invalid="ignore"):
        inside = (points >= -margin) & (points <= np.array([camera.width, camera.height]) + margin)
    return inside.all(axis=-1).astype(np.float64)


def _toe_tips(rig: Rig, pose: BodyPose) -> Points:
    """(2, 3) metres: where the left and the right foot end in front."""
    tips = []
    for side in "LR":
        joint = rig.index(f"toes.{side}")
        out = rig.joint_tail[joint] - rig.joint_position[joint]
        tips.append(pose.joint_position[0, joint] + quaternion.apply(pose.joint_rotation[0, joint], out))
    return np.stack(tips)


def _head_faces(rig: Rig, pose: BodyPose, camera: Camera) -> tuple[float, Points]:
    """Whether the camera is on the face's side of the head: 0 or 1; and on that of the right and of the left ear."""
    joint = rig.index("head")
    away = camera.position - pose.joint_position[0, joint]
    away = away / max(float(np.sqrt(np.square(away).sum())), 1e-9)
    turn = pose.joint_rotation[0, joint]
    ahead, left = (quaternion.apply(turn, np.array(axis)) for axis in ([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]))
    face = float((ahead * away).sum() > _FACE_AWAY)
    sideways = float((left * away).sum())
    return face, np.array([-sideways > _EAR_AWAY, sideways > _EAR_AWAY], np.float64)
