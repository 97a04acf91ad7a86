# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of hand poses: how one is seen, and drawing it with numpy alone.

The library's own pictures are drawn by the studio of `chironomy.video`, which Blender lacks what it needs for; poses
that a person makes there are drawn here, seen alike: the same hand, lens and lights without the studio's fine shadows.
"""

import struct
import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose, bind_pose, hand_positions, hand_rotations
from chironomy.body.rig import REGION_COLOURS, Rig
from chironomy.body.skinning import skin, vertex_normals
from chironomy.gesture.repertoire.hand_poses import HandPose
from chironomy.motion import rotation as quaternion
from chironomy.shot.camera import Camera

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

_FINE, _DOTS, _PER_PIXEL = 2, (4, 8, 16, 32), 1.4
"""Times as many pixels are drawn as shown; numbers of dots along a triangle's edge, and of dots a pixel at least."""

_LIGHTS = (((-0.52, 0.78, 0.72), (1.15, 1.04, 0.92)), ((0.85, 0.10, 0.62), (0.26, 0.29, 0.33)))
_SKY, _GROUND, _WRAP = np.array([0.25, 0.28, 0.32]), np.array([0.13, 0.11, 0.10]), 0.25
"""Ways to the lights and their colours, the light from above and from below, and how far light reaches round."""


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
    """Draw the right hand in a pose before nothing; return (128, 128, 4) RGBA, not multiplied by alpha.

    Every triangle is strewn with dots, and each pixel shows the nearest dot.
    """
    size = PICTURE_SIZE * _FINE
    seen = seen_hand(rig, pose, size)
    normals = vertex_normals(seen.vertices, seen.rig.faces).astype(np.float64)
    albedo = np.array([_linear(colour) for colour in REGION_COLOURS.values()])[seen.rig.regions]
    corners = seen.camera.project(seen.vertices)[0][seen.rig.faces]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1).max(axis=1)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    # Towards the lens, with y down, corners go clockwise; what lies outside of the picture is left out.
    drawn = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < 0.0
    drawn &= ((corners.max(axis=1) > 0.0) & (corners.min(axis=1) < size)).all(axis=1)
    parts = []
    for least, dots in zip((0, *_DOTS), _DOTS, strict=False):
        chosen = drawn & (edges > least / _PER_PIXEL) & ((edges <= dots / _PER_PIXEL) | (dots == _DOTS[-1]))
        faces = seen.rig.faces[chosen]
        weights = np.array([(i, j, dots - i - j) for i in range(dots + 1) for j in range(dots + 1 - i)]) / dots
        place, facing = (np.einsum("dk,fkx->fdx", weights, values[faces]) for values in (seen.vertices, normals))
        colour = albedo[chosen][:, None] * _light(facing)
        parts.append(np.concatenate([place, colour], axis=-1).reshape(-1, 6))
    strewn = np.concatenate(parts)
    pixels, depth = seen.camera.project(strewn[:, :3])
    column, row = np.floor(pixels).astype(np.int64).T
    order = np.argsort(-depth, kind="stable")  # of several dots in one pixel the last is kept
    order = order[((column >= 0) & (column < size) & (row >= 0) & (row < size))[order]]
    image = np.zeros((size * size, 4))
    image[(row * size + column)[order], :3] = strewn[order, 3:]
    image[(row * size + column)[order], 3] = 1.0
    blocks = image.reshape(PICTURE_SIZE, _FINE, PICTURE_SIZE, _FINE, 4).mean(axis=(1, 3))
    light = blocks[..., :3] / np.maximum(blocks[..., 3:], 1e-9)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * np.clip(np.concatenate([encoded, blocks[..., 3:]], axis=-1), 0.0, 1.0)).astype(np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture (H, W, 4), RGBA, as a PNG file (ISO/IEC 15948)."""
    height, width = picture.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, -1)], axis=1)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in [*parts, (b"IEND", b"")]
    )


def _light(facing: NDArray[np.float64]) -> NDArray[np.float64]:
    """The light (..., 3) that white surfaces with normals (..., 3) send to the lens."""
    normal = facing / np.maximum(np.linalg.norm(facing, axis=-1, keepdims=True), 1e-9)
    above = 0.5 + 0.5 * normal[..., 1:2]
    light = _GROUND + (_SKY - _GROUND) * above
    for way, colour in _LIGHTS:
        towards = normal @ (np.array(way) / np.linalg.norm(way))
        light = light + np.maximum(towards + _WRAP, 0.0)[..., None] / (1.0 + _WRAP) * np.array(colour)
    # Edges that turn away from the lens are darker, as under the studio's lines.
    return light * (0.45 + 0.55 * np.clip(2.0 * normal[..., 2:3], 0.0, 1.0))


def _linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    return (np.array(colour) / 255) ** 2.2


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
