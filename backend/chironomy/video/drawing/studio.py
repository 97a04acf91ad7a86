# SPDX-License-Identifier: GPL-3.0-or-later
"""The studio of the preview engine: the character's surfaces, the lights on them, and one frame drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.outfits import outfit_colours
from chironomy.body.rig import REGION_NAMES, Rig
from chironomy.motion import rotation
from chironomy.shot.camera import Camera
from chironomy.shot.shot import Media
from chironomy.video.drawing import lighting, occlusion, shading
from chironomy.video.drawing.backdrop import backdrop_plate
from chironomy.video.drawing.raster import (
    SAMPLE_OFFSETS,
    Visibility,
    corner_planes,
    rasterise,
    seen_from,
    vertex_normals,
)

SAMPLES = 4

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

_LINE, _HALO = 0.65, 0.30
"""How dark the thin line and the wide halo behind nearer things are, 0 to 1."""

SHADOW_SIZE, _SHADOW_DISTANCE, _SHADOW_REACH = 420, 6.0, 0.85


class Studio:
    """A character, a camera and lights, ready to draw frame after frame.

    Args:
        rig: the character.
        camera: where from.
        outfit: of `chironomy.body.outfits`.
        backdrop: of `chironomy.video.drawing.backdrop`.
        portrait: the picture that the backdrop "portrait" shows.

    Raises:
        ChironomyError: there is no such outfit or backdrop; one sentence.
    """

    def __init__(
        self,
        rig: Rig,
        camera: Camera,
        outfit: str | Mapping[str, str] | None = None,
        backdrop: str = "studio",
        portrait: Media | None = None,
    ):
        self.rig, self.camera = rig, camera
        self.faces = np.ascontiguousarray(rig.faces, np.int32)
        self.material = np.ascontiguousarray(rig.regions, np.int32)
        table = [MATERIALS[name] for name in REGION_NAMES]
        self.albedo = shading.to_linear(np.array(list(outfit_colours(outfit).values()), np.float64))
        self.wrap = np.array([entry.wrap for entry in table], np.float32)
        self.gloss = np.array([entry.gloss for entry in table], np.float32)
        self.gloss_power = np.array([entry.gloss_power for entry in table], np.int32)
        self.mouth = Mouth(rig)
        self.tone = shading.tone_curve()
        directions = np.array([_KEY, _FILL, _EYE, _RIM])
        self.light_direction = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        self.light_colour = np.array(_LIGHT_COLOURS)
        self.light_camera = _light_camera(self.light_direction[0])
        # Rows: the picture's right, down and forward.
        self.picture_axes = np.ascontiguousarray(camera.view(camera.position + np.eye(3)).T)
        self.lens_for_light = self.light_camera.view(camera.position)
        self.lens_to_light = np.ascontiguousarray(
            (self.light_camera.view(camera.position + self.picture_axes) - self.lens_for_light).T
        )
        self.spiral = occlusion.spiral()
        self.transparent = backdrop == "transparent"
        plate = backdrop_plate(backdrop, camera.width, camera.height, portrait)
        self.backdrop, self.vignette = _studio_wall(camera.width, camera.height)
        self.noise = shading.dither(camera.width, camera.height)
        self.over = self.transparent or plate is not None
        if self.over:
            self.backdrop, self.vignette = np.zeros_like(self.backdrop), np.ones_like(self.vignette)
        if self.transparent:
            plate = np.zeros((camera.height, camera.width, 4), np.uint8)
        if plate is None:
            plate = np.zeros((camera.height, camera.width, 3), np.uint8)
            nothing = np.ones(plate.shape[:2], np.float32)
            self._develop(self.backdrop, nothing, np.zeros(nothing.shape, bool), plate, plate)
        self.plate = plate
        distance = float(np.linalg.norm(camera.position)) + _BACKDROP_DISTANCE
        self.backdrop_inverse = np.float32(1 / distance)

    def draw(self, vertices: NDArray[np.floating], buffers: Buffers | None = None) -> NDArray[np.uint8]:
        """Draw the character.

        Args:
            vertices: (V, 3) metres in the frame of the body.
            buffers: to draw in; one caller at a time may use them.

        Returns:
            (height, width, 3) uint8 RGB, new; before a transparent backdrop (height, width, 4) RGBA, whose colours are
            not multiplied by alpha.
        """
        buffers = buffers or Buffers(self.camera)
        uncovered = self._light(vertices, buffers)
        result = self.plate.copy()
        self._develop(buffers.image, uncovered, buffers.untouched, self.plate, result)
        return result

    def draw_linear(self, vertices: NDArray[np.floating], buffers: Buffers | None = None) -> NDArray[np.float32]:
        """Draw the character as light, before the tone curve.

        Returns:
            (height, width, 3) float32, linear with Rec. 709 primaries, new; before a transparent backdrop
            (height, width, 4) with the colours multiplied by alpha.
        """
        buffers = buffers or Buffers(self.camera)
        uncovered = self._light(vertices, buffers)
        image, empty = buffers.image * self.vignette[..., None], uncovered[..., None]
        if self.transparent:
            return np.concatenate([image, 1 - empty], axis=-1)
        return (
            image + empty * shading.to_linear(self.plate.astype(np.float64)).astype(np.float32) if self.over else image
        )

    def _develop(self, image, uncovered, untouched, plate, result) -> None:
        shading.develop(image, uncovered, untouched, plate, self.over, self.vignette, self.noise, self.tone, result)

    def _light(self, vertices: NDArray[np.floating], buffers: Buffers) -> NDArray[np.float32]:
        """Fill the image of `buffers` with light; returns the part of each pixel that nothing covers."""
        camera, light = self.camera, self.light_camera
        points = np.ascontiguousarray(vertices, np.float64)
        normals = vertex_normals(points, self.faces)
        hollow = shading.cavity(points, normals, self.faces)
        seen = seen_from(camera, points)
        visibility = rasterise(camera, points, self.faces, SAMPLES, into=buffers.visibility, seen=seen)
        shadow = rasterise(light, points, self.faces, 1, into=buffers.shadow)
        planes = corner_planes(seen, self.faces)
        occlusion.surfaces(
            visibility.face, visibility.inverse_depth, SAMPLE_OFFSETS[SAMPLES], planes, self.faces, normals,
            self.picture_axes, camera.focal, camera.centre[0], camera.centre[1], buffers.seen,
        )  # fmt: skip
        occlusion.obscure(buffers.seen, self.spiral, camera.focal, buffers.rough)
        occlusion.settle(buffers.rough, buffers.seen, buffers.soft)
        lighting.cast_shadow(
            buffers.seen, shadow.depth()[:, :, 0], self.lens_to_light, self.lens_for_light, light.focal, buffers.soft
        )
        surface = np.empty((len(points), 8), np.float32)
        surface[:, :3], surface[:, 3:6] = points, normals
        surface[:, 6], surface[:, 7] = hollow, self.mouth.exposure(points)
        image = buffers.image
        image[:] = self.backdrop
        lighting.shade(
            visibility.face, visibility.inverse_depth, SAMPLE_OFFSETS[SAMPLES], planes,
            self.faces, surface, self.material,
            _single(self.albedo), self.wrap, self.gloss, self.gloss_power,
            _single(camera.position), camera.focal, camera.centre[0], camera.centre[1],
            _single(self.light_direction), _single(self.light_colour), _single(_SKY), _single(_GROUND),
            buffers.soft,
            image,
        )  # fmt: skip
        uncovered = np.empty((camera.height, camera.width), np.float32)
        sharp = shading.mean_inverse_depth(visibility.inverse_depth, self.backdrop_inverse, uncovered)
        unit = camera.height / 704
        near_blur = shading.blurred(sharp, max(1, round(unit)))
        far_blur = shading.blurred(shading.halved(sharp), max(1, round(3.5 * unit)))
        backdrop_line = 0.0 if self.over else 0.5 * _LINE
        shading.set_off(
            image, sharp, near_blur, far_blur, uncovered,
            np.float32(_LINE), np.float32(_HALO), np.float32(backdrop_line), buffers.untouched,
        )  # fmt: skip
        return uncovered

    def visible_faces(self, vertices: NDArray[np.floating]) -> NDArray[np.int32]:
        """Which face the middle of each pixel shows: (height, width), -1 for the backdrop."""
        return rasterise(self.camera, vertices, self.faces, 1).face[:, :, 0]


def _single(values: ArrayLike) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)


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
        self.shadow = Visibility.empty(SHADOW_SIZE, SHADOW_SIZE, 1)
        self.image = np.empty((camera.height, camera.width, 3), np.float32)
        grid = max(camera.height // occlusion.STEP, 1), max(camera.width // occlusion.STEP, 1)
        self.seen = np.empty((*grid, 6), np.float32)
        self.rough = np.empty(grid, np.float32)
        self.untouched = np.empty((camera.height, camera.width), bool)
        self.soft = np.empty((*grid, 3), np.float32)


def _light_camera(direction: NDArray[np.float64]) -> Camera:
    """A long lens where the key light is, that sees the upper body."""
    aim = np.array([0.0, -0.15, 0.1])
    turn = rotation.between(np.array([0.0, 0.0, 1.0]), direction)
    focal = 0.5 * SHADOW_SIZE * _SHADOW_DISTANCE / _SHADOW_REACH
    return Camera(SHADOW_SIZE, SHADOW_SIZE, focal, aim + direction * _SHADOW_DISTANCE, turn)


def _studio_wall(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
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
