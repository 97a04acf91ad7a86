# SPDX-License-Identifier: GPL-3.0-or-later
"""Light on surfaces: numba kernels that turn a visibility buffer into a picture.

Only additions, products, quotients and square roots are used, without fast-math, so that every machine makes the same
picture of the same vertices.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from chironomy.video.occlusion import openness
from chironomy.video.raster import SUBPIXEL, corner_weights

TONE_STEPS = 1 << 15
TONE_RANGE = 4.0
"""The brightest linear value that the tone curve tells from white."""

SAME_SURFACE = 0.003
"""Metres of depth within which the samples of a pixel on one material are taken for one surface."""


def tone_curve() -> NDArray[np.float32]:
    """(TONE_STEPS + 1,) from linear light 0 to TONE_RANGE to display values 0 to 255.

    sRGB's transfer function (IEC 61966-2-1) on light that is left alone up to 0.6 and rolls off to white above, so that
    highlights on skin keep their colour.
    """
    light = np.linspace(0, TONE_RANGE, TONE_STEPS + 1)
    knee = 0.6
    over = np.maximum(light - knee, 0) / (1 - knee)
    rolled = np.where(light < knee, light, knee + (1 - knee) * over / (1 + over))
    encoded = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * np.power(rolled, 1 / 2.4) - 0.055)
    return (255 * np.clip(encoded, 0, 1)).astype(np.float32)


def to_linear(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light of sRGB display values 0 to 255."""
    encoded = np.asarray(colour, np.float64) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, np.power((encoded + 0.055) / 1.055, 2.4))


@njit(cache=True, nogil=True)
def cavity(vertices, normals, faces):
    """How hollow the surface is at each vertex: above 0 in folds and corners, below 0 on ridges; about -1 to 1.

    The mean of the directions to the neighbours, measured along the normal (the discrete mean curvature, freed of the
    mesh's scale).

    Returns:
        (V,) float64.
    """
    result = np.zeros(vertices.shape[0])
    count = np.zeros(vertices.shape[0])
    for face in range(faces.shape[0]):
        for corner in range(3):
            a, b = faces[face, corner], faces[face, (corner + 1) % 3]
            dx = vertices[b, 0] - vertices[a, 0]
            dy = vertices[b, 1] - vertices[a, 1]
            dz = vertices[b, 2] - vertices[a, 2]
            length = np.sqrt(dx * dx + dy * dy + dz * dz)
            if length > 0:
                dx, dy, dz = dx / length, dy / length, dz / length
                result[a] += dx * normals[a, 0] + dy * normals[a, 1] + dz * normals[a, 2]
                result[b] -= dx * normals[b, 0] + dy * normals[b, 1] + dz * normals[b, 2]
                count[a] += 1
                count[b] += 1
    for vertex in range(len(result)):
        if count[vertex] > 0:
            result[vertex] /= count[vertex]
    return result


@njit(cache=True, nogil=True)
def _lit_part(shadow, x, y, depth, softness, range_):
    """How much of the light reaches a point, 0 to 1: the mean of soft comparisons over a window 3 pixels wide.

    The window moves smoothly over the light's view (its rim pixels count by the part that is inside), so that shadows
    have no steps. A surface shades what is close behind it and fades out at `range_` metres, as under a wide soft box.
    `shadow`: (height, width) metres as the light sees them; x, y in its pixels.
    """
    height, width = shadow.shape
    per_softness, per_range = 1.0 / softness, 1.0 / range_
    left, top = x - 2.0, y - 2.0
    column0, row0 = int(np.floor(left)), int(np.floor(top))
    if column0 < 0 or row0 < 0 or column0 + 3 >= width or row0 + 3 >= height:
        return 1.0
    right_part, lower_part = left - column0, top - row0
    total = 0.0
    for step_y in range(4):
        weight_y = 1.0 - lower_part if step_y == 0 else (lower_part if step_y == 3 else 1.0)
        for step_x in range(4):
            weight = weight_y * (1.0 - right_part if step_x == 0 else (right_part if step_x == 3 else 1.0))
            behind = depth - shadow[row0 + step_y, column0 + step_x]
            if 0.0 < behind < range_:
                total += weight * min(behind * per_softness, 1.0) * (1.0 - behind * per_range)
    return 1.0 - total / 9.0


@njit(cache=True, nogil=True)
def shade(
    face_index, inverse_depth, offsets, planes, faces, surface, material,
    albedo, tint, wrap, per_wrap, gloss, gloss_power,
    lens, focal, centre_x, centre_y,
    light_direction, light_strength, sky, ground,
    shadow, shadow_origin, shadow_axes, shadow_focal,
    open_room, seen,
    image,
):  # fmt: skip
    """Write the light that every pixel receives into `image`, over the backdrop that is already there.

    A pixel is shaded once for each surface it shows, in the middle of its samples on one face, and the results are
    weighed by how many samples each has. Faces of one material at nearly the same depth are one surface: most pixels of
    a fine mesh show parts of two or three faces that need no light of their own.

    Args:
        face_index: (H, W, S) what each sample sees.
        inverse_depth: (H, W, S) how near it is.
        offsets: (S, 2) the sample points, in 1/256 pixel.
        planes: (F, 3, 3) of `raster.corner_planes`.
        faces: (F, 3).
        surface: (V, 8) of each vertex, side by side in memory because a pixel needs them all: the place, metres in the
            frame of the body; the normal of `raster.vertex_normals`; the hollow of `cavity`; the exposure, how much of
            all light comes as far as here, 0 to 1: little in the mouth.
        material: (F,) the material of each face.
        albedo: (M, 3) linear colour.
        tint: (M, L, 3) that colour times each light's.
        wrap: (M, 3) how far light reaches round the edge of light and shade, 0 to 1, by channel.
        per_wrap: (M, 3) 1 / (1 + wrap).
        gloss: (M,) strength of the highlights.
        gloss_power: (M,) how often the highlight is squared: its exponent is 2 to that power.
        lens: (3,) where the camera is.
        focal: of the camera, pixels.
        centre_x: of the camera, pixels.
        centre_y: of the camera, pixels.
        light_direction: (L, 3) unit vectors towards the lights; the first one casts the shadow, the last one is the
            rim light.
        light_strength: (L,) of the highlights.
        sky: (3,) ambient light from above.
        ground: (3,) ambient light from below.
        shadow: (h, w) metres along the first light's view, infinite where nothing is.
        shadow_origin: (3,) where that view's camera is.
        shadow_axes: (3, 3) that camera's axes as columns.
        shadow_focal: that camera's focal length, pixels.
        open_room: (h, w) of `occlusion.settle`.
        seen: (h, w, 6) of `occlusion.surfaces`.
        image: (H, W, 3) float32, linear.
    """
    height, width, samples = face_index.shape
    lights = light_direction.shape[0]
    half = shadow.shape[0] * 0.5
    shown = np.empty(samples, np.int64)
    share = np.empty(samples, np.int64)
    own = np.empty(samples, np.int64)
    depth_of = np.empty(samples)
    middle = np.empty((samples, 2))
    colour = np.empty(3)
    for row in range(height):
        for column in range(width):
            distinct = 0
            for sample in range(samples):
                face = face_index[row, column, sample]
                if face < 0:
                    continue
                slot = 0
                while slot < distinct and shown[slot] != face:
                    slot += 1
                if slot == distinct:
                    depth = 1.0 / inverse_depth[row, column, sample]
                    slot = 0
                    while slot < distinct and not (
                        material[shown[slot]] == material[face] and abs(depth_of[slot] - depth) < SAME_SURFACE
                    ):
                        slot += 1
                    if slot == distinct:
                        distinct += 1
                        shown[slot] = face
                        depth_of[slot] = depth
                        share[slot] = 0
                        own[slot] = 0
                        middle[slot, 0] = 0.0
                        middle[slot, 1] = 0.0
                share[slot] += 1
                if shown[slot] == face:
                    own[slot] += 1
                    middle[slot, 0] += offsets[sample, 0]
                    middle[slot, 1] += offsets[sample, 1]
            if distinct == 0:
                continue
            total_red, total_green, total_blue, covered = 0.0, 0.0, 0.0, 0
            for slot in range(distinct):
                face = shown[slot]
                part = 1.0 / (own[slot] * SUBPIXEL)
                ray_x = (column + 0.5 + middle[slot, 0] * part - centre_x) / focal
                ray_y = (row + 0.5 + middle[slot, 1] * part - centre_y) / focal
                u, v, w = corner_weights(planes[face], ray_x, ray_y)
                a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
                nx = u * surface[a, 3] + v * surface[b, 3] + w * surface[c, 3]
                ny = u * surface[a, 4] + v * surface[b, 4] + w * surface[c, 4]
                nz = u * surface[a, 5] + v * surface[b, 5] + w * surface[c, 5]
                length = np.sqrt(nx * nx + ny * ny + nz * nz)
                if length > 0.0:
                    nx, ny, nz = nx / length, ny / length, nz / length
                px = u * surface[a, 0] + v * surface[b, 0] + w * surface[c, 0]
                py = u * surface[a, 1] + v * surface[b, 1] + w * surface[c, 1]
                pz = u * surface[a, 2] + v * surface[b, 2] + w * surface[c, 2]
                ex, ey, ez = lens[0] - px, lens[1] - py, lens[2] - pz
                length = np.sqrt(ex * ex + ey * ey + ez * ez)
                ex, ey, ez = ex / length, ey / length, ez / length
                facing = min(max(nx * ex + ny * ey + nz * ez, 0.0), 1.0)
                fold = u * surface[a, 6] + v * surface[b, 6] + w * surface[c, 6]
                x, y = column + 0.5 + middle[slot, 0] * part, row + 0.5 + middle[slot, 1] * part
                room = openness(open_room, seen, x, y, depth_of[slot])
                open_sky = min(max(1.0 - 1.3 * max(fold, 0.0), 0.35), 1.0) * room
                kind = material[face]
                up = 0.5 + 0.5 * ny
                for channel in range(3):
                    ambient = ground[channel] + (sky[channel] - ground[channel]) * up
                    colour[channel] = albedo[kind, channel] * ambient * open_sky
                shine, half_open = 0.0, 0.5 + 0.5 * open_sky
                for light in range(lights):
                    lx, ly, lz = light_direction[light, 0], light_direction[light, 1], light_direction[light, 2]
                    towards = nx * lx + ny * ly + nz * lz
                    reach = 1.0
                    if light == 0 and towards > -0.2:
                        # A point a little off the surface, so that a surface does not shade itself.
                        qx = px + 0.009 * nx - shadow_origin[0]
                        qy = py + 0.009 * ny - shadow_origin[1]
                        qz = pz + 0.009 * nz - shadow_origin[2]
                        right = qx * shadow_axes[0, 0] + qy * shadow_axes[1, 0] + qz * shadow_axes[2, 0]
                        down = -(qx * shadow_axes[0, 1] + qy * shadow_axes[1, 1] + qz * shadow_axes[2, 1])
                        depth = -(qx * shadow_axes[0, 2] + qy * shadow_axes[1, 2] + qz * shadow_axes[2, 2])
                        scale = shadow_focal / depth
                        lit = _lit_part(shadow, right * scale + half, down * scale + half, depth - 0.004, 0.012, 0.55)
                        # Light from the walls of the studio softens the shadow.
                        reach = 0.2 + 0.8 * lit
                    if light == lights - 1:
                        # Rim light: only what turns away from the camera shows it.
                        edge = 1.0 - facing
                        reach = edge * edge
                    share_of_light = reach * half_open
                    for channel in range(3):
                        diffuse = (towards + wrap[kind, channel]) * per_wrap[kind, channel]
                        if diffuse > 0.0:
                            colour[channel] += tint[kind, light, channel] * diffuse * share_of_light
                    if towards > 0.0 and gloss[kind] > 0.0:
                        hx, hy, hz = lx + ex, ly + ey, lz + ez
                        length = np.sqrt(hx * hx + hy * hy + hz * hz)
                        if length > 0.0:
                            peak = max((nx * hx + ny * hy + nz * hz) / length, 0.0)
                            for _ in range(gloss_power[kind]):
                                peak *= peak
                            shine += peak * reach * light_strength[light]
                shine *= gloss[kind]
                weight = share[slot] * (u * surface[a, 7] + v * surface[b, 7] + w * surface[c, 7])
                total_red += (colour[0] + shine) * weight
                total_green += (colour[1] + shine) * weight
                total_blue += (colour[2] + shine) * weight
                covered += share[slot]
            behind = (samples - covered) / samples
            image[row, column, 0] = image[row, column, 0] * behind + total_red / samples
            image[row, column, 1] = image[row, column, 1] * behind + total_green / samples
            image[row, column, 2] = image[row, column, 2] * behind + total_blue / samples


@njit(cache=True, nogil=True)
def mean_inverse_depth(inverse_depth, backdrop, uncovered):
    """(H, W) float32: the mean over a pixel's samples, a backdrop taken where nothing is.

    `uncovered`, (H, W) float32, is given the part of each pixel where nothing is.
    """
    height, width, samples = inverse_depth.shape
    result = np.empty((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            total = 0.0
            empty = 0
            for sample in range(samples):
                value = inverse_depth[row, column, sample]
                if value > 0.0:
                    total += value
                else:
                    total += backdrop
                    empty += 1
            result[row, column] = total / samples
            uncovered[row, column] = empty / samples
    return result


@njit(cache=True, nogil=True)
def _box_rows(source, radius, target):
    """Running mean along rows; the picture's rim is continued outwards."""
    height, width = source.shape
    scale = 1.0 / (2 * radius + 1)
    for row in range(height):
        total = np.float64(source[row, 0]) * (radius + 1)
        for column in range(1, radius + 1):
            total += source[row, min(column, width - 1)]
        for column in range(width):
            target[row, column] = total * scale
            total += np.float64(source[row, min(column + radius + 1, width - 1)])
            total -= np.float64(source[row, max(column - radius, 0)])


@njit(cache=True, nogil=True)
def _box_columns(source, radius, target):
    """Running mean along columns, row by row for the cache's sake."""
    height, width = source.shape
    scale = 1.0 / (2 * radius + 1)
    total = np.empty(width)
    for column in range(width):
        total[column] = np.float64(source[0, column]) * (radius + 1)
    for row in range(1, radius + 1):
        for column in range(width):
            total[column] += source[min(row, height - 1), column]
    for row in range(height):
        entering, leaving = min(row + radius + 1, height - 1), max(row - radius, 0)
        for column in range(width):
            target[row, column] = total[column] * scale
            total[column] += np.float64(source[entering, column]) - np.float64(source[leaving, column])


@njit(cache=True, nogil=True)
def blurred(source, radius):
    """Two box filters after one another: a tent 4 × radius wide. (H, W) float32."""
    first = np.empty_like(source)
    second = np.empty_like(source)
    _box_rows(source, radius, first)
    _box_columns(first, radius, second)
    _box_rows(second, radius, first)
    _box_columns(first, radius, second)
    return second


@njit(cache=True, nogil=True)
def halved(source):
    """Every other pixel each way is enough of what is to be blurred widely. (⌈H/2⌉, ⌈W/2⌉) float32."""
    return np.ascontiguousarray(source[::2, ::2])


@njit(cache=True, nogil=True)
def set_off(image, inverse_depth, near_blur, far_blur, uncovered, line, halo, backdrop_line, untouched):
    """Set nearer things off from what is behind them, in place.

    Where the blurred inverse depth exceeds a pixel's own, something nearer is beside it (Luft et al. 2006, "Image
    enhancement by unsharp masking the depth buffer"). Inverse depth is linear on a plane: slanted planes get no line.

    Args:
        image: (H, W, 3) float32, linear, changed.
        inverse_depth: (H, W), of `mean_inverse_depth`.
        near_blur: the same, blurred by a pixel or two.
        far_blur: (⌈H/2⌉, ⌈W/2⌉) the same at half the size, blurred widely.
        uncovered: (H, W) the part of each pixel that shows the backdrop.
        line: how dark the thin line is, 0 to 1.
        halo: how dark the wide halo is, 0 to 1.
        backdrop_line: how dark the line is on the backdrop, 0 to 1.
        untouched: (H, W) bool, written: the backdrop alone is here, as it was.
    """
    height, width = inverse_depth.shape
    for row in range(height):
        for column in range(width):
            own = np.float64(inverse_depth[row, column])
            # A difference of inverse depths, as metres at this depth.
            gap = max(near_blur[row, column] - own, 0.0) / (own * own)
            empty = uncovered[row, column]
            untouched[row, column] = empty == 1.0 and (backdrop_line == 0.0 or gap < 0.002)
            if untouched[row, column]:
                continue
            if empty == 0.0:
                step = max(far_blur[row >> 1, column >> 1] - own, 0.0) / (own * own)
                light = (1.0 - line * gap / (gap + 0.010)) * (1.0 - halo * step / (step + 0.04))
            else:
                # The backdrop is far behind: it takes a faint line that fades with the blur itself, and no halo.
                light = 1.0 - backdrop_line * empty * min(gap / 0.5, 1.0)
            for channel in range(3):
                image[row, column, channel] *= light


@njit(cache=True, nogil=True)
def develop(image, uncovered, untouched, plate, over, vignette, noise, tone, result):
    """Tone, dither and quantise.

    Args:
        image: (H, W, 3) float32, linear; where `over`, nothing is in it but the character.
        uncovered: (H, W) the part of each pixel that shows the backdrop.
        untouched: (H, W) of `set_off`.
        plate: (H, W, 3 or 4) uint8, the developed backdrop, shown where it is untouched.
        over: the character is laid over the plate here, as display values, so that a plate keeps its own whatever the
            tone curve does; otherwise the backdrop's light is in `image` already.
        vignette: (H, W) float32 factor.
        noise: (H, W) float32 of `dither`.
        tone: of `tone_curve`.
        result: (H, W, 3 or 4) uint8, written; with alpha, colours are not multiplied by it ("straight").
    """
    height, width, channels = result.shape
    per_step = TONE_STEPS / TONE_RANGE
    for row in range(height):
        for column in range(width):
            if untouched[row, column]:
                for channel in range(channels):
                    result[row, column, channel] = plate[row, column, channel]
                continue
            scale = vignette[row, column] * per_step
            behind = 0.0
            if over:
                behind = uncovered[row, column]
                scale /= max(1.0 - behind, 1e-6)
            if channels == 4:
                result[row, column, 3] = np.uint8(255.0 * (1.0 - behind) + 0.5)
                behind = 0.0
            for channel in range(3):
                place = int(min(max(image[row, column, channel] * scale + 0.5, 0.0), TONE_STEPS))
                shown = tone[place] + behind * (np.float64(plate[row, column, channel]) - tone[place])
                result[row, column, channel] = np.uint8(min(shown + noise[row, column], 255.0))


def dither(width: int, height: int) -> NDArray[np.float32]:
    """(height, width), 0 to 1: what hides the steps of smooth gradients, the same in every frame.

    Interleaved gradient noise (Jimenez 2014, "Next Generation Post Processing in Call of Duty").
    """
    column, row = np.arange(width)[None, :], np.arange(height)[:, None]
    return ((52.9829189 * ((0.06711056 * column + 0.00583715 * row) % 1.0)) % 1.0).astype(np.float32)
