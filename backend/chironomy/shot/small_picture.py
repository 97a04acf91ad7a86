# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of the character, or a part of it, with numpy alone: for what lacks the studio of `chironomy.video`.

Every triangle is strewn with dots, and each pixel shows the nearest dot. Lens and lights are the studio's, without its
fine shadows.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import solve_pose
from chironomy.body.rig import REGION_COLOURS, Rig
from chironomy.body.skinning import skin, vertex_normals
from chironomy.motion.hand_motion import HandMotion
from chironomy.shot.camera import Camera

FINE = 2
"""Times as many pixels are drawn as shown, either way: what a camera of `draw_small` has."""

_MIDDLE, _TALL, _DISTANCE = (0.0, -0.05, 0.1), 0.94, 2.4
"""Metres: what a figure has in its middle, how much is seen there, and how far off the lens is."""

_DOTS, _PER_PIXEL = (1, 2, 4, 8, 16, 32), 1.4
"""Numbers of dots along a triangle's edge, and of dots a pixel at least."""

_LIGHTS = (((-0.52, 0.78, 0.72), (1.15, 1.04, 0.92)), ((0.85, 0.10, 0.62), (0.26, 0.29, 0.33)))
_SKY, _GROUND, _WRAP = np.array([0.25, 0.28, 0.32]), np.array([0.13, 0.11, 0.10]), 0.25
"""Ways to the lights and their colours, the light from above and from below, and how far light reaches round."""


def draw_small(
    vertices: NDArray[np.float64],
    faces: NDArray[np.integer],
    regions: NDArray[np.integer],
    camera: Camera,
    colours: dict[str, tuple[int, int, int]] | None = None,
) -> NDArray[np.uint8]:
    """Draw a mesh before nothing.

    Args:
        vertices: (V, 3) metres in the frame of the body.
        faces: (F, 3) indices of vertices.
        regions: (F,) indices of `REGION_NAMES`.
        camera: whose width and height are `FINE` times those of the picture.
        colours: sRGB, 0 to 255, by region; by default `REGION_COLOURS`.

    Returns:
        (H, W, 4) RGBA, not multiplied by alpha.
    """
    width, height = camera.width, camera.height
    normals = vertex_normals(vertices, faces).astype(np.float64)
    albedo = np.array([_linear(colour) for colour in (colours or REGION_COLOURS).values()])[regions]
    seen, depths = camera.project(vertices)
    corners = seen[faces]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1).max(axis=1)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    # Towards the lens, with y down, corners go clockwise; what lies outside of the picture is left out.
    drawn = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < 0.0
    drawn &= ((corners.max(axis=1) > 0.0) & (corners.min(axis=1) < (width, height))).all(axis=1)
    lit = _light(normals)
    parts = []
    for least, dots in zip((0, *_DOTS), _DOTS, strict=False):
        chosen = drawn & (edges > least / _PER_PIXEL) & ((edges <= dots / _PER_PIXEL) | (dots == _DOTS[-1]))
        if not chosen.any():
            continue
        weights = np.array([(i, j, dots - i - j) for i in range(dots + 1) for j in range(dots + 1 - i)]) / dots
        of = faces[chosen]
        # In triangles so small nothing is seen of the perspective between their corners.
        place = np.einsum("dk,fkx->fdx", weights, np.concatenate([seen, depths[:, None]], axis=1)[of])
        colour = albedo[chosen][:, None] * np.einsum("dk,fkx->fdx", weights, lit[of])
        parts.append(np.concatenate([place, colour], axis=-1).reshape(-1, 6))
    strewn = np.concatenate(parts) if parts else np.zeros((0, 6))
    column, row = np.floor(strewn[:, :2]).astype(np.int64).T
    order = np.argsort(-strewn[:, 2], kind="stable")  # of several dots in one pixel the last is kept
    order = order[((column >= 0) & (column < width) & (row >= 0) & (row < height))[order]]
    image = np.zeros((height * width, 4))
    image[(row * width + column)[order], :3] = strewn[order, 3:]
    image[(row * width + column)[order], 3] = 1.0
    blocks = image.reshape(height // FINE, FINE, width // FINE, FINE, 4).mean(axis=(1, 3))
    light = blocks[..., :3] / np.maximum(blocks[..., 3:], 1e-9)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * np.clip(np.concatenate([encoded, blocks[..., 3:]], axis=-1), 0.0, 1.0)).astype(np.uint8)


def figures(
    rig: Rig, hands: HandMotion, size: int, colours: dict[str, tuple[int, int, int]] | None = None
) -> NDArray[np.uint8]:
    """Draw the character from the hips up, doing what its hands do.

    Args:
        rig: the character.
        hands: T frames.
        size: pixels of a picture, either way.
        colours: as `draw_small` takes them.

    Returns:
        (T, size, size, 4) RGBA, not multiplied by alpha.
    """
    pose = solve_pose(rig, hands)
    lens = np.array(_MIDDLE) + _DISTANCE * np.eye(3)[2]
    camera = Camera(size * FINE, size * FINE, size * FINE * _DISTANCE / _TALL, lens)
    drawn = np.empty((hands.frame_count, size, size, 4), np.uint8)
    for frame, picture in enumerate(drawn):
        points = skin(rig, pose.joint_rotation[frame], pose.joint_position[frame]).astype(np.float64)
        picture[:] = draw_small(points, rig.faces, rig.regions, camera, colours)
    return drawn


def tiled(pictures: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Lay pictures (T, H, W, 4) side by side, in rows of `columns`; T is a multiple of it."""
    count, height, width, channels = pictures.shape
    rows = pictures.reshape(count // columns, columns, height, width, channels)
    return rows.transpose(0, 2, 1, 3, 4).reshape(count // columns * height, columns * width, channels)


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
