# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a picture before and after light falls on its surfaces: hollows, lines behind nearer things, tone.

Only additions, products, quotients and square roots are used, without fast-math, so that every machine makes the same
picture of the same vertices.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

TONE_STEPS = 1 << 15
TONE_RANGE = 4.0
"""The brightest linear value that the tone curve tells from white."""


# A product of a float32 and a plain number would be a float64, and half as fast.
_NOTHING, _QUARTER, _HALF, _WHOLE = np.float32(0), np.float32(0.25), np.float32(0.5), np.float32(1)
_LITTLE = np.float32(1e-6)

_LINE_GAP, _HALO_GAP = np.float32(0.010), np.float32(0.04)
"""Metres of depth at which the line and the halo behind nearer things are half as dark as they get."""

_PER_BACKDROP_GAP, _SEEN_GAP = np.float32(1 / 0.5), np.float32(0.002)
"""The line on the backdrop is full at half a metre, and not drawn below two millimetres."""


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
def mean_inverse_depth(inverse_depth, backdrop, uncovered):
    """(H, W) float32: the mean over a pixel's samples, a backdrop taken where nothing is.

    Args:
        inverse_depth: (H, W, 4) float32.
        backdrop: float32.
        uncovered: (H, W) float32, written: the part of each pixel where nothing is.
    """
    height, width = inverse_depth.shape[:2]
    samples = inverse_depth.reshape((height, 4 * width))
    result = np.empty((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            a, b = samples[row, 4 * column], samples[row, 4 * column + 1]
            c, d = samples[row, 4 * column + 2], samples[row, 4 * column + 3]
            empty = (
                (_NOTHING if a > _NOTHING else _QUARTER)
                + (_NOTHING if b > _NOTHING else _QUARTER)
                + (_NOTHING if c > _NOTHING else _QUARTER)
                + (_NOTHING if d > _NOTHING else _QUARTER)
            )
            # The inverse depth of nothing is 0.
            result[row, column] = _QUARTER * (a + b + c + d) + empty * backdrop
            uncovered[row, column] = empty
    return result


@njit(cache=True, nogil=True)
def _box_rows(source, radius, target):
    """Mean along rows; the picture's rim is continued outwards. Adding whole rows is quick: it needs no order."""
    height, width = source.shape
    continued = np.empty(width + 2 * radius, np.float32)
    scale = np.float32(1.0 / (2 * radius + 1))
    for row in range(height):
        total = target[row]
        for column in range(width + 2 * radius):
            continued[column] = source[row, min(max(column - radius, 0), width - 1)]
        for column in range(width):
            total[column] = _NOTHING
        for shift in range(2 * radius + 1):
            for column in range(width):
                total[column] += continued[column + shift]
        for column in range(width):
            total[column] *= scale


@njit(cache=True, nogil=True)
def _box_columns(source, radius, target):
    """Mean along columns, likewise."""
    height, width = source.shape
    scale = np.float32(1.0 / (2 * radius + 1))
    for row in range(height):
        total = target[row]
        for column in range(width):
            total[column] = _NOTHING
        for shift in range(-radius, radius + 1):
            other = source[min(max(row + shift, 0), height - 1)]
            for column in range(width):
                total[column] += other[column]
        for column in range(width):
            total[column] *= scale


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
    height, width = (source.shape[0] + 1) // 2, (source.shape[1] + 1) // 2
    result = np.empty((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            result[row, column] = source[2 * row, 2 * column]
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def set_off(image, inverse_depth, near_blur, far_blur, uncovered, line, halo, backdrop_line, untouched):
    """Set nearer things off from what is behind them, in place.

    Where the blurred inverse depth exceeds a pixel's own, something nearer is beside it (Luft et al. 2006, "Image
    enhancement by unsharp masking the depth buffer"). Inverse depth is linear on a plane: slanted planes get no line.

    All floating point is float32.

    Args:
        image: (H, W, 3) linear, changed.
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
    wide = np.empty(width, np.float32)
    light = np.empty(width, np.float32)
    least = _SEEN_GAP if backdrop_line > _NOTHING else np.float32(np.inf)
    for row in range(height):
        for column in range(width):
            wide[column] = far_blur[row >> 1, column >> 1]
        for column in range(width):
            own, empty = inverse_depth[row, column], uncovered[row, column]
            # Differences of inverse depths, as metres at this depth.
            metres = _WHOLE / (own * own)
            gap, step = (near_blur[row, column] - own) * metres, (wide[column] - own) * metres
            gap, step = (gap if gap > _NOTHING else _NOTHING), (step if step > _NOTHING else _NOTHING)
            covered = (_WHOLE - line * gap / (gap + _LINE_GAP)) * (_WHOLE - halo * step / (step + _HALO_GAP))
            # The backdrop is far behind: it takes a faint line that fades with the blur itself, and no halo.
            faint = gap * _PER_BACKDROP_GAP
            behind = _WHOLE - backdrop_line * empty * (faint if faint < _WHOLE else _WHOLE)
            light[column] = covered if empty == _NOTHING else behind
            untouched[row, column] = (empty == _WHOLE) & (gap < least)
        for column in range(width):
            if not untouched[row, column]:
                for channel in range(3):
                    image[row, column, channel] *= light[column]


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
        result: (H, W, 3 or 4) uint8, given as a copy of `plate`; with alpha, colours are not multiplied by it
            ("straight").
    """
    height, width, channels = result.shape
    per_step, steps, brightest = np.float32(TONE_STEPS / TONE_RANGE), np.float32(TONE_STEPS), np.float32(255)
    for row in range(height):
        for column in range(width):
            if untouched[row, column]:
                continue
            scale = vignette[row, column] * per_step
            behind = _NOTHING
            if over:
                behind = uncovered[row, column]
                scale /= max(_WHOLE - behind, _LITTLE)
            if channels == 4:
                result[row, column, 3] = np.uint8(brightest * (_WHOLE - behind) + _HALF)
                behind = _NOTHING
            for channel in range(3):
                light = image[row, column, channel] * scale + _HALF
                shown = tone[int(min(max(light, _NOTHING), steps))]
                shown += behind * (np.float32(plate[row, column, channel]) - shown)
                result[row, column, channel] = np.uint8(min(shown + noise[row, column], brightest))


def dither(width: int, height: int) -> NDArray[np.float32]:
    """(height, width), 0 to 1: what hides the steps of smooth gradients, the same in every frame.

    Interleaved gradient noise (Jimenez 2014, "Next Generation Post Processing in Call of Duty").
    """
    column, row = np.arange(width)[None, :], np.arange(height)[:, None]
    return ((52.9829189 * ((0.06711056 * column + 0.00583715 * row) % 1.0)) % 1.0).astype(np.float32)
