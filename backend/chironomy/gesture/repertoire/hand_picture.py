# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of hand poses: how one is seen, and drawing it with numpy alone.

The library's own pictures are drawn by the studio of `chironomy.video`, which Blender lacks what it needs for; poses
that a person makes there are drawn here, seen alike: the same hand, lens and lights without the studio's fine shadows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose, bind_pose, hand_positions, hand_rotations
from chironomy.body.rig import Rig
from chironomy.body.skinning import skin
from chironomy.gesture.repertoire.hand_poses import HandPose
from chironomy.motion import rotation as quaternion
from chironomy.shot.camera import Camera
from chironomy.shot.small_picture import FINE, draw_small

PICTURE_SIZE = 128
"""Pixels of a picture, either way."""

_RIGHT, _FOREARM = 1, ("forearm_twist.R", "forearm.R")

_PLACE = np.array([0.0, -0.12, 0.3])
"""Where the middle of the hand is, in metres in the frame of the body: where the studio's light falls best."""

_DISTANCE = 1.6
"""Metres from the lens to the hand."""

_LEAST, _MARGIN = 0.15, 1.1
"""Metres that a picture is high at the hand at least, so that a fist is smaller than a flat hand, and how much more of
it there is than the hand needs."""

# Takes MANO's rest, palm down and fingers to the right hand's side, to an upright hand whose palm faces the lens.
_UPRIGHT = quaternion.from_matrix(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))


@dataclass(frozen=True, eq=False)
class SeenHand:
    """A right hand in a pose before a lens.

    Attributes:
        rig: the character with no other faces than those of the hand and its forearm.
        vertices: (V, 3) metres in the frame of the body.
        camera: that looks at them.
    """

    rig: Rig
    vertices: NDArray[np.float64]
    camera: Camera


def seen_hand(rig: Rig, pose: HandPose, size: int = PICTURE_SIZE) -> SeenHand:
    """Return the right hand in a pose as its picture shows it, `size` pixels each way."""
    posed = _posed(rig, pose)
    points = skin(rig, posed.joint_rotation, posed.joint_position)[0].astype(np.float64)
    mover = rig.weight_joint[np.arange(rig.vertex_count), rig.weight.argmax(axis=1)]
    hand = points[np.isin(mover, rig.hand_joints(_RIGHT))]
    middle = 0.5 * (hand.min(axis=0) + hand.max(axis=0))
    tall = max(_MARGIN * float(np.ptp(hand[:, :2], axis=0).max()), _LEAST)
    camera = Camera(size, size, size * _DISTANCE / tall, _PLACE + _DISTANCE * np.eye(3)[2])
    return SeenHand(_hand_and_forearm(rig), points + (_PLACE - middle), camera)


def draw_hand(rig: Rig, pose: HandPose) -> NDArray[np.uint8]:
    """Draw the right hand in a pose before nothing; return (128, 128, 4) RGBA, not multiplied by alpha."""
    seen = seen_hand(rig, pose, PICTURE_SIZE * FINE)
    return draw_small(seen.vertices, seen.rig.faces, seen.rig.regions, seen.camera)


def _hand_and_forearm(rig: Rig) -> Rig:
    side = [*rig.hand_joints(_RIGHT), *(rig.index(name) for name in _FOREARM)]
    share = (rig.weight * np.isin(rig.weight_joint, side)).sum(axis=1)
    kept = (share[rig.faces] > 0.999).all(axis=1)
    return replace(rig, faces=rig.faces[kept], regions=rig.regions[kept])


def _posed(rig: Rig, pose: HandPose) -> BodyPose:
    """The right arm straight up with its hand in a pose, turned as the pose is best seen."""
    turn = _UPRIGHT
    for axis, angle in zip((1, 0, 2), np.radians(pose.view), strict=True):
        turn = quaternion.multiply(quaternion.from_rotation_vector(angle * np.eye(3)[axis]), turn)
    body = bind_pose(rig)
    turns, places = body.joint_rotation.copy(), body.joint_position.copy()
    joints = rig.hand_joints(_RIGHT)
    turns[0, joints] = hand_rotations(rig, _RIGHT, np.concatenate([turn[None], pose.fingers[_RIGHT]]))
    places[0, joints] = hand_positions(rig, _RIGHT, turns[0, joints], np.zeros(3))
    # The forearm goes on from a straight wrist.
    for name in _FOREARM:
        joint = rig.index(name)
        turns[0, joint] = quaternion.multiply(turn, rig.rest_rotation[joint])
        along = rig.joint_position[joint] - rig.joint_position[joints[0]]
        places[0, joint] = places[0, joints[0]] + quaternion.apply(turns[0, joint], along)
    return BodyPose(body.fps, turns, places)
