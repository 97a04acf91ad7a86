# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview engine: the character itself, lit as in a small studio, on the processor and without weights."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import REGION_COLOURS, REGION_NAMES, Rig
from chironomy.body.skinning import skin
from chironomy.motion import rotation
from chironomy.video import shading
from chironomy.video.camera import Camera
from chironomy.video.engines import Requirements
from chironomy.video.errors import RenderCancelled, VideoError
from chironomy.video.raster import SAMPLE_OFFSETS, Visibility, corner_planes, rasterise, vertex_normals
from chironomy.video.shot import Shot

SAMPLES = 4
MAXIMUM_WORKERS = 8

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """How a surface takes light; its colour is the rig's.

    Attributes:
        wrap: how far light reaches round the edge of light and shade, by channel: skin scatters red the farthest.
        gloss: strength of the highlights.
        gloss_power: the highlight's exponent is 2 to this power.
    """

    wrap: Triple = (0.1, 0.1, 0.1)
    gloss: float = 0.0
    gloss_power: int = 4


_SKIN_WRAP = (0.30, 0.21, 0.18)

MATERIALS = {
    "skin": Material(_SKIN_WRAP, 0.09, 4),
    "lips": Material(_SKIN_WRAP, 0.14, 5),
    "nails": Material(_SKIN_WRAP, 0.12, 4),
    "brows": Material(gloss=0.03),
    "eye_white": Material((0.3, 0.3, 0.3), 2.0, 7),
    "iris": Material((0.4, 0.4, 0.4), 5.0, 9),
    "pupil": Material((0.3, 0.3, 0.3), 5.0, 9),
    "teeth": Material((0.3, 0.3, 0.3), 0.15, 6),
    "gums": Material(_SKIN_WRAP, 0.3, 6),
    "tongue": Material(_SKIN_WRAP, 0.1, 5),
    "mouth": Material((0.2, 0.2, 0.2), 0.03, 5),
    "lashes": Material(),
    "hair": Material((0.2, 0.2, 0.2), 0.12, 4),
    "top": Material((0.15, 0.15, 0.15), 0.02, 3),
    "trousers": Material((0.15, 0.15, 0.15), 0.02, 3),
    "shoes": Material((0.1, 0.1, 0.1), 0.2, 5),
}

# Towards the lights in the frame of the body. The person's left is the picture's right: the key light comes from the
# upper left of the picture, the fill from the right, the rim from behind and above on the right. The eye light is a
# small one by the lens, only to be seen in the eyes.
_KEY, _FILL, _EYE, _RIM = (-0.52, 0.78, 0.72), (0.85, 0.10, 0.62), (-0.30, 0.40, 0.87), (0.62, 0.55, -0.70)
_LIGHT_COLOURS = ((1.28, 1.17, 1.04), (0.30, 0.34, 0.40), (0.10, 0.10, 0.10), (2.2, 2.4, 2.7))
_SKY, _GROUND = (0.27, 0.30, 0.35), (0.15, 0.13, 0.12)

_BACKDROP_TOP, _BACKDROP_GLOW, _BACKDROP_BOTTOM = (84, 92, 103), (150, 158, 166), (62, 68, 77)
_BACKDROP_DISTANCE = 0.9
"""Metres behind the body at which the backdrop counts as standing, for the halo around the person."""

MOUTH_DEPTH, MOUTH_OPEN = 0.035, 0.015
"""Metres behind the front teeth at which no light comes any more, and between the lips at which all comes in."""

_SHADOW_SIZE, _SHADOW_DISTANCE, _SHADOW_REACH = 420, 6.0, 0.85


class Studio:
    """A character, a camera and lights, ready to draw frame after frame.

    Args:
        rig: the character.
        camera: where from.
    """

    def __init__(self, rig: Rig, camera: Camera):
        self.rig, self.camera = rig, camera
        self.faces = np.ascontiguousarray(rig.faces, np.int32)
        self.material = np.ascontiguousarray(rig.regions, np.int64)
        table = [MATERIALS[name] for name in REGION_NAMES]
        self.albedo = shading.to_linear(np.array(list(REGION_COLOURS.values()), np.float64))
        self.wrap = np.array([entry.wrap for entry in table])
        self.gloss = np.array([entry.gloss for entry in table])
        self.gloss_power = np.array([entry.gloss_power for entry in table], np.int64)
        self.mouth = Mouth(rig)
        self.tone = shading.tone_curve()
        directions = np.array([_KEY, _FILL, _EYE, _RIM])
        self.light_direction = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        self.light_colour = np.array(_LIGHT_COLOURS)
        self.light_camera = _light_camera(self.light_direction[0])
        self.light_axes = rotation.to_matrix(self.light_camera.rotation)
        self.backdrop, self.vignette = _backdrop(camera.width, camera.height)
        distance = float(np.linalg.norm(camera.position)) + _BACKDROP_DISTANCE
        self.backdrop_inverse = np.float32(1 / distance)

    def draw(self, vertices: NDArray[np.floating], buffers: Buffers | None = None) -> NDArray[np.uint8]:
        """Draw the character.

        Args:
            vertices: (V, 3) metres in the frame of the body.
            buffers: to draw in; one caller at a time may use them.

        Returns:
            (height, width, 3) uint8 RGB, new.
        """
        buffers = buffers or Buffers(self.camera)
        camera, light = self.camera, self.light_camera
        points = np.ascontiguousarray(vertices, np.float64)
        normals = vertex_normals(points, self.faces)
        hollow = shading.cavity(points, normals, self.faces)
        visibility = rasterise(camera, points, self.faces, SAMPLES, into=buffers.visibility)
        shadow = rasterise(light, points, self.faces, 1, into=buffers.shadow)
        image = buffers.image
        image[:] = self.backdrop
        planes = corner_planes(camera.view(points), self.faces)
        shading.shade(
            visibility.face, visibility.inverse_depth, SAMPLE_OFFSETS[SAMPLES], planes,
            self.faces, points, normals, hollow, self.mouth.exposure(points), self.material,
            self.albedo, self.wrap, self.gloss, self.gloss_power,
            camera.position, camera.focal, camera.centre[0], camera.centre[1],
            self.light_direction, self.light_colour, np.array(_SKY), np.array(_GROUND),
            shadow.inverse_depth[:, :, 0], light.position, self.light_axes, light.focal,
            image,
        )  # fmt: skip
        uncovered = np.empty((camera.height, camera.width), np.float32)
        sharp = shading.mean_inverse_depth(visibility.inverse_depth, self.backdrop_inverse, uncovered)
        unit = camera.height / 704
        near_blur = shading.blurred(sharp, max(1, round(unit)))
        far_blur = shading.blurred(sharp, max(2, round(7 * unit)))
        result = np.empty((camera.height, camera.width, 3), np.uint8)
        shading.finish(image, sharp, near_blur, far_blur, uncovered, 0.65, 0.45, self.vignette, self.tone, result)
        return result

    def visible_faces(self, vertices: NDArray[np.floating]) -> NDArray[np.int32]:
        """Which face the middle of each pixel shows: (height, width), -1 for the backdrop."""
        return rasterise(self.camera, vertices, self.faces, 1).face[:, :, 0]


class Mouth:
    """How much light comes into the mouth.

    The farther behind the front teeth and the nearer to the cheeks, the darker; and the less the lips are apart. The
    studio's lights have no shadows fine enough for this.

    Args:
        rig: the character; one without lips or teeth has no dark mouth.
    """

    def __init__(self, rig: Rig):
        self._still = np.ones(rig.vertex_count)
        self._lips: tuple[int, int] | None = None
        inside = _vertices_of(rig, "teeth", "gums", "tongue", "mouth")
        lips = _vertices_of(rig, "lips")
        edge = np.intersect1d(inside, lips)
        teeth = _vertices_of(rig, "teeth")
        if not edge.size or not teeth.size:
            return
        points = rig.vertices.astype(np.float64)
        inside = np.setdiff1d(inside, lips)
        front, half = points[teeth, 2].max(), np.abs(points[edge, 0]).max()
        depth = np.clip((front - points[inside, 2]) / MOUTH_DEPTH, 0.0, 1.0)
        aside = np.clip(np.abs(points[inside, 0]) / half, 0.0, 1.0)
        self._still[inside] = 0.8 * (1.0 - depth) ** 2 * (1.0 - 0.75 * aside**2) + 0.05
        self._inside = inside
        # The middle of either lip, on the edge to the mouth: what the jaw takes along is the lower one.
        jaw = np.zeros(rig.vertex_count)
        vertices, offsets = rig.action_offsets("jawOpen")
        jaw[vertices] = -offsets[:, 1]
        middle = edge[np.abs(points[edge, 0]) < 0.1 * half]
        if middle.size > 1:
            self._lips = int(middle[np.argmin(jaw[middle])]), int(middle[np.argmax(jaw[middle])])
            self._shut = float(np.linalg.norm(points[self._lips[0]] - points[self._lips[1]]))

    def exposure(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(V,) from 0, dark, to 1, of a pose (V, 3)."""
        if self._lips is None:
            return self._still
        apart = float(np.linalg.norm(points[self._lips[0]] - points[self._lips[1]])) - self._shut
        result = self._still.copy()
        result[self._inside] *= 0.4 + 0.6 * min(max(apart / MOUTH_OPEN, 0.0), 1.0)
        return result


def _vertices_of(rig: Rig, *regions: str) -> NDArray[np.int64]:
    """The vertices of the faces of some regions, in order."""
    return np.unique(rig.faces[rig.region_faces(*regions)]).astype(np.int64)


class Buffers:
    """What drawing needs beside the result; one for each thread, used again for every frame."""

    def __init__(self, camera: Camera):
        self.visibility = Visibility.empty(camera.width, camera.height, SAMPLES)
        self.shadow = Visibility.empty(_SHADOW_SIZE, _SHADOW_SIZE, 1)
        self.image = np.empty((camera.height, camera.width, 3), np.float32)


def _light_camera(direction: NDArray[np.float64]) -> Camera:
    """A long lens where the key light is, that sees the upper body."""
    aim = np.array([0.0, -0.15, 0.1])
    turn = rotation.between(np.array([0.0, 0.0, 1.0]), direction)
    focal = 0.5 * _SHADOW_SIZE * _SHADOW_DISTANCE / _SHADOW_REACH
    return Camera(_SHADOW_SIZE, _SHADOW_SIZE, focal, aim + direction * _SHADOW_DISTANCE, turn)


def _backdrop(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The empty studio, (height, width, 3) linear, and the vignette, (height, width)."""
    x = ((np.arange(width) + 0.5) / width - 0.5)[None, :] * (width / height)
    y = ((np.arange(height) + 0.5) / height)[:, None]
    top, glow, bottom = (
        shading.to_linear(np.array(colour, np.float64)) for colour in (_BACKDROP_TOP, _BACKDROP_GLOW, _BACKDROP_BOTTOM)
    )
    fall = y * y * (3 - 2 * y)
    wall = top + (bottom - top) * fall[..., None]
    # A pool of light on the wall behind the head and shoulders.
    radius = (x / 0.62) ** 2 + ((y - 0.34) / 0.55) ** 2
    pool = 1 / (1 + 2.2 * radius) ** 2
    wall = wall + (glow - wall) * pool[..., None]
    edge = (x / 0.5) ** 2 + ((y - 0.5) / 0.62) ** 2
    vignette = 1 - 0.16 * np.clip(edge - 0.35, 0, 1)
    return wall.astype(np.float32), vignette.astype(np.float32)


class PrevizEngine:
    """Renders the character as the rig evaluates it: what the animator sees is what is drawn."""

    name = "previz"

    def __init__(self, rig: Rig | None = None):
        self._rig = rig

    def requirements(self, shot: Shot | None = None) -> Requirements:
        """Memory for one set of buffers a thread; no weights."""
        pixels = shot.width * shot.height if shot is not None else 512 * 704
        workers = worker_count(shot)
        bytes_per_pixel = SAMPLES * 8 + 12 + 3 * 4 + 3 * 2
        memory = 170 * 2**20 + (workers + 1) * (pixels * bytes_per_pixel + _SHADOW_SIZE**2 * 8 + 8 * 2**20)
        licence = "the pictures are yours: code GPL-3.0-or-later, character CC0"
        return Requirements(memory, "cpu", (), licence)

    def render(
        self,
        shot: Shot,
        on_progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the shot's frames in order; see `Engine.render`.

        A few frames are drawn at a time, one a thread; no more are kept than are being drawn.

        Raises:
            VideoError: the shot's pose has other joints than the character.
            RenderCancelled: `cancelled` said so.
        """
        rig = self._rig or shot.rig
        joints = shot.pose.joint_rotation.shape[1]
        if joints != rig.joint_count:
            raise VideoError(f"the shot's pose has {joints} joints, but the character has {rig.joint_count}")
        return self._frames(shot, rig, on_progress, cancelled)

    def _frames(
        self,
        shot: Shot,
        rig: Rig,
        on_progress: Callable[[float], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> Iterator[NDArray[np.uint8]]:
        studio = Studio(rig, shot.camera)
        workers = worker_count(shot)
        free = deque(Buffers(shot.camera) for _ in range(workers))

        def draw(frame: int) -> NDArray[np.uint8]:
            buffers = free.pop()
            try:
                pose = shot.pose
                vertices = skin(rig, pose.joint_rotation[frame], pose.joint_position[frame], shot.face.values[frame])
                return studio.draw(vertices, buffers)
            finally:
                free.append(buffers)

        waiting: deque[Future[NDArray[np.uint8]]] = deque()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="previz")
        done = 0
        try:
            for frame in shot.frames:
                if cancelled is not None and cancelled():
                    raise RenderCancelled
                waiting.append(pool.submit(draw, frame))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
                    done += 1
                    if on_progress is not None:
                        on_progress(done / len(shot.frames))
            while waiting:
                if cancelled is not None and cancelled():
                    raise RenderCancelled
                yield waiting.popleft().result()
                done += 1
                if on_progress is not None:
                    on_progress(done / len(shot.frames))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def worker_count(shot: Shot | None = None) -> int:
    """Threads to draw with: the setting `threads`, by default one a processor core, eight at most.

    Raises:
        VideoError: the setting is not a number from 1 to 8.
    """
    wanted = None if shot is None else shot.settings.get("threads")
    if wanted is None:
        return max(1, min(os.cpu_count() or 1, MAXIMUM_WORKERS))
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MAXIMUM_WORKERS:
        raise VideoError(f"setting threads is {wanted!r}, but must be a whole number from 1 to {MAXIMUM_WORKERS}")
    return wanted
