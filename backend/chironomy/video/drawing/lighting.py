# SPDX-License-Identifier: GPL-3.0-or-later
"""Light on surfaces: what each pixel of the character receives, a row of the picture at a time.

A row's surfaces are listed first. Light is then worked out for the whole list, one quantity after another, in loops
without branches, which the compiler turns into vector instructions, in float32. Only additions, products, quotients and
square roots are used, without fast-math, so that every machine makes the same picture of the same vertices.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from chironomy.video.drawing.occlusion import PADDING, STEP
from chironomy.video.drawing.raster import SUBPIXEL, corner_weights

SAME_SURFACE = 0.003
"""Metres of depth within which the samples of a pixel on one material are taken for one surface."""

# The rows of the list: place, normal, direction to the lens and place in the picture; the hollow of the surface, its
# depth, and its part of the pixel; how much it faces the lens, sees of the room, and receives of the key light and of
# the rim light; what one light does, and all highlights; the light in all; how far light reaches round, by channel;
# what the grid has at the four points around, and where between them this is; 1, what is received of the other
# lights; and the power of the highlights.
_PLACE, _NORMAL, _EYE, _PIXEL = 0, 3, 6, 9
_HOLLOW, _DEPTH, _PART = 11, 12, 13
_FACING, _OPEN, _KEY, _RIM = 14, 15, 16, 17
_TOWARDS, _PEAK, _SHINE = 18, 19, 20
_COLOUR, _WRAP = 21, 24
_AROUND, _ACROSS, _DOWN = 27, 39, 40
_ALL, _POWER = 41, 42
_QUANTITIES = 43

_PER_STEP = np.float32(1 / STEP)

# A product of a float32 and a plain number would be a float64, and half as fast.
_NOTHING, _HALF, _WHOLE = np.float32(0), np.float32(0.5), np.float32(1)

_FOLD, _FOLD_DARK = np.float32(1.3), np.float32(0.35)
"""How much a fold takes of the open sky, and what it leaves at least."""

_APART = np.float32(0.01)
"""Metres of depth at which a point of the grid is half as much of a surface as one on it."""

_LITTLE = np.float32(1e-6)
"""What a point of the grid counts at least, lest a surface that the grid missed has none."""

_FAINT = np.float32(1e-15)
"""Highlights are not followed below this: numbers near the smallest float32 are slow to work with."""

_OFF_SURFACE, _BEHIND = 0.009, 0.004
"""Metres: a shadow is looked up a little off the surface, which must not shade itself."""

_SOFTNESS, _RANGE = 0.012, 0.55
"""Metres: a surface shades fully what is so far behind it, and fades out, as under a wide soft box."""

_SPILL = 0.2
"""The part of the key light that the walls of the studio bring into its shadow."""


@njit(cache=True, nogil=True)
def cast_shadow(seen, shadow, turn, shift, focal, soft):
    """Write how much of the key light reaches each point of the grid into `soft[..., 2]`.

    The mean of soft comparisons over a window 3 pixels wide. The window moves smoothly over the light's view (its rim
    pixels count by the part that is inside), so that shadows have no steps.

    Args:
        seen: (h, w, 6) float32, of `occlusion.surfaces`.
        shadow: (height, width) float32, metres along the light's view, infinite where nothing is.
        turn: (3, 3) float64, from the picture's right, down and forward to the light's.
        shift: (3,) float64, where the picture's lens is as the light sees it, metres.
        focal: of the light's view, pixels.
        soft: (h, w, 3) float32.
    """
    height, width = shadow.shape
    for row in range(seen.shape[0]):
        for column in range(seen.shape[1]):
            if seen[row, column, 2] <= 0.0:
                soft[row, column, 2] = 1.0
                continue
            # A point a little off the surface, so that a surface does not shade itself.
            x = seen[row, column, 0] + _OFF_SURFACE * seen[row, column, 3]
            y = seen[row, column, 1] + _OFF_SURFACE * seen[row, column, 4]
            z = seen[row, column, 2] + _OFF_SURFACE * seen[row, column, 5]
            depth = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z + shift[2]
            scale = focal / depth
            left = (turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z + shift[0]) * scale + 0.5 * width - 2.0
            top = (turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z + shift[1]) * scale + 0.5 * height - 2.0
            dark = _shaded_part(shadow, left, top, depth - _BEHIND)
            soft[row, column, 2] = 1.0 - (1.0 - _SPILL) * dark


@njit(cache=True, nogil=True, inline="always")
def _shaded_part(shadow, left, top, depth):
    """How much of the window at (left, top) is in front of a depth, 0 to 1; nothing outside the light's view."""
    height, width = shadow.shape
    column0, row0 = int(np.floor(left)), int(np.floor(top))
    if column0 < 0 or row0 < 0 or column0 + 3 >= width or row0 + 3 >= height:
        return 0.0
    right_part, lower_part = left - column0, top - row0
    total = 0.0
    for step_y in range(4):
        weight_y = 1.0 - lower_part if step_y == 0 else (lower_part if step_y == 3 else 1.0)
        for step_x in range(4):
            weight = weight_y * (1.0 - right_part if step_x == 0 else (right_part if step_x == 3 else 1.0))
            behind = depth - shadow[row0 + step_y, column0 + step_x]
            if 0.0 < behind < _RANGE:
                total += weight * min(behind * (1.0 / _SOFTNESS), 1.0) * (1.0 - behind * (1.0 / _RANGE))
    return total / 9.0


@njit(cache=True, nogil=True)
def shade(
    face_index, inverse_depth, offsets, planes, faces, surface, material,
    albedo, wrap, gloss, gloss_power,
    lens, focal, centre_x, centre_y,
    light_direction, light_colour, sky, ground,
    soft,
    image,
):  # fmt: skip
    """Write the light that every pixel receives into `image`, over the backdrop that is already there.

    A pixel is shaded once for each surface it shows, in the middle of its samples on one face, and the results are
    weighed by how many samples each has. Faces of one material at nearly the same depth are one surface: most pixels of
    a fine mesh show parts of two or three faces that need no light of their own.

    All floating point is float32 but where another type is named.

    Args:
        face_index: (H, W, S) int32, what each sample sees.
        inverse_depth: (H, W, S) how near it is.
        offsets: (S, 2) int, the sample points, in 1/256 pixel.
        planes: (F, 3, 3) float64, of `raster.corner_planes`.
        faces: (F, 3) int32.
        surface: (V, 8) of each vertex, side by side in memory because a pixel needs them all: the place, metres in the
            frame of the body; the normal of `raster.vertex_normals`; the hollow of `shading.cavity`; the exposure, how
            much of all light comes as far as here, 0 to 1: little in the mouth.
        material: (F,) int32, the material of each face.
        albedo: (M, 3) linear colour.
        wrap: (M, 3) how far light reaches round the edge of light and shade, 0 to 1, by channel.
        gloss: (M,) strength of the highlights.
        gloss_power: (M,) int32, how often the highlight is squared: its exponent is 2 to that power.
        lens: (3,) where the camera is.
        focal: of the camera, float64 pixels.
        centre_x: of the camera, float64 pixels.
        centre_y: of the camera, float64 pixels.
        light_direction: (L, 3) unit vectors towards the lights; the first one casts the shadow, the last one is the
            rim light, which only what turns away from the lens shows.
        light_colour: (L, 3) linear.
        sky: (3,) ambient light from above.
        ground: (3,) ambient light from below.
        soft: (h, w, 3) what varies softly enough for a grid of half the picture's size: depth and openness, of
            `occlusion.settle`, and how much of the key light comes there, of `cast_shadow`.
        image: (H, W, 3) linear.
    """
    height, width, samples = face_index.shape
    entries = np.empty((_QUANTITIES, width * samples + PADDING), np.float32)
    shown = np.empty(width * samples, np.int32)
    columns = np.empty(width * samples, np.int32)
    last = light_direction.shape[0] - 1
    for row in range(height):
        count = _list_surfaces(row, face_index, inverse_depth, offsets, material, entries, shown, columns, image)
        if count == 0:
            continue
        _place(count, entries, shown, planes, faces, surface, focal, centre_x, centre_y)
        _turn_to_lens(count, entries, lens)
        _look_around(count, entries, soft)
        _receive_ambient(count, entries, sky, ground)
        sharpest = 0
        for i in range(count):
            kind = material[shown[i]]
            for channel in range(3):
                entries[_WRAP + channel, i] = wrap[kind, channel]
            entries[_POWER, i] = gloss_power[kind]
            sharpest = max(sharpest, gloss_power[kind])
        for light in range(last + 1):
            reach = _KEY if light == 0 else (_RIM if light == last else _ALL)
            _receive(count, entries, reach, light_direction[light], light_colour[light])
            _shine(count, entries, reach, sharpest, light_direction[light], light_colour[light, 1])
        _lay(row, count, entries, shown, columns, material, albedo, gloss, image)


@njit(cache=True, nogil=True)
def _list_surfaces(row, face_index, inverse_depth, offsets, material, entries, shown, columns, image):
    """List the surfaces of a row of the picture; returns how many there are. Leaves the backdrop its part of `image`.

    A surface is known by the first of its faces that a sample shows, and is to be lit in the middle of the samples that
    show this face.
    """
    width, samples = face_index.shape[1:]
    own = np.empty(samples, np.int64)
    count = 0
    for column in range(width):
        first = face_index[row, column, 0]
        alike = True
        for sample in range(1, samples):
            alike = alike and face_index[row, column, sample] == first
        if alike:
            # Two pixels of three: no need to count. The sample points have their middle in that of the pixel.
            if first >= 0:
                shown[count], columns[count] = first, column
                entries[_DEPTH, count] = _WHOLE / inverse_depth[row, column, 0]
                entries[_PART, count] = _WHOLE
                entries[_PIXEL, count], entries[_PIXEL + 1, count] = column + 0.5, row + 0.5
                for channel in range(3):
                    image[row, column, channel] = _NOTHING
                count += 1
            continue
        begin, covered = count, 0
        for sample in range(samples):
            face = face_index[row, column, sample]
            if face < 0:
                continue
            covered += 1
            slot = begin
            while slot < count and shown[slot] != face:
                slot += 1
            if slot == count:
                depth = _WHOLE / inverse_depth[row, column, sample]
                slot = begin
                while slot < count and not (
                    material[shown[slot]] == material[face] and abs(entries[_DEPTH, slot] - depth) < SAME_SURFACE
                ):
                    slot += 1
                if slot == count:
                    shown[count], columns[count] = face, column
                    entries[_DEPTH, count] = depth
                    entries[_PART, count] = _NOTHING
                    entries[_PIXEL, count], entries[_PIXEL + 1, count] = _NOTHING, _NOTHING
                    own[count - begin] = 0
                    count += 1
            entries[_PART, slot] += _WHOLE
            if shown[slot] == face:
                own[slot - begin] += 1
                entries[_PIXEL, slot] += offsets[sample, 0]
                entries[_PIXEL + 1, slot] += offsets[sample, 1]
        for slot in range(begin, count):
            part = 1.0 / (own[slot - begin] * SUBPIXEL)
            entries[_PART, slot] /= samples
            entries[_PIXEL, slot] = column + 0.5 + entries[_PIXEL, slot] * part
            entries[_PIXEL + 1, slot] = row + 0.5 + entries[_PIXEL + 1, slot] * part
        for channel in range(3):
            image[row, column, channel] *= (samples - covered) / samples
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _place(count, entries, shown, planes, faces, surface, focal, centre_x, centre_y):
    """Find where the surfaces are, their normals and hollows, and dim what lies in the dark of the mouth."""
    per_focal = 1.0 / focal
    for i in range(count):
        face = shown[i]
        ray_x, ray_y = (entries[_PIXEL, i] - centre_x) * per_focal, (entries[_PIXEL + 1, i] - centre_y) * per_focal
        for_a, for_b, for_c = corner_weights(planes[face], ray_x, ray_y)
        u, v, w = np.float32(for_a), np.float32(for_b), np.float32(for_c)
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        for axis in range(3):
            entries[_PLACE + axis, i] = u * surface[a, axis] + v * surface[b, axis] + w * surface[c, axis]
            entries[_NORMAL + axis, i] = u * surface[a, 3 + axis] + v * surface[b, 3 + axis] + w * surface[c, 3 + axis]
        entries[_HOLLOW, i] = u * surface[a, 6] + v * surface[b, 6] + w * surface[c, 6]
        entries[_PART, i] *= u * surface[a, 7] + v * surface[b, 7] + w * surface[c, 7]


@njit(cache=True, nogil=True, error_model="numpy")
def _turn_to_lens(count, entries, lens):
    """Bring the normals to length 1; find the directions to the lens and how much the surfaces face it."""
    px, py, pz = entries[_PLACE], entries[_PLACE + 1], entries[_PLACE + 2]
    nx, ny, nz = entries[_NORMAL], entries[_NORMAL + 1], entries[_NORMAL + 2]
    ex, ey, ez = entries[_EYE], entries[_EYE + 1], entries[_EYE + 2]
    facing = entries[_FACING]
    for i in range(count):
        length = np.sqrt(nx[i] * nx[i] + ny[i] * ny[i] + nz[i] * nz[i])
        scale = _WHOLE / (length if length > _NOTHING else _WHOLE)
        x, y, z = nx[i] * scale, ny[i] * scale, nz[i] * scale
        nx[i], ny[i], nz[i] = x, y, z
        dx, dy, dz = lens[0] - px[i], lens[1] - py[i], lens[2] - pz[i]
        scale = _WHOLE / np.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx * scale, dy * scale, dz * scale
        ex[i], ey[i], ez[i] = dx, dy, dz
        along = x * dx + y * dy + z * dz
        along = along if along > _NOTHING else _NOTHING
        facing[i] = along if along < _WHOLE else _WHOLE


@njit(cache=True, nogil=True, error_model="numpy")
def _look_around(count, entries, soft):
    """What the grid has around each surface: how much it sees of the open room, less what folds hide, and of the key.

    And how much it receives of the rim light, which only what turns away from the lens shows. Of the four nearest
    points of the grid those on another surface count for next to nothing.
    """
    height, width = soft.shape[:2]
    across, down = entries[_ACROSS], entries[_DOWN]
    for i in range(count):
        x = (entries[_PIXEL, i] - _HALF) * _PER_STEP
        y = (entries[_PIXEL + 1, i] - _HALF) * _PER_STEP
        column, row = int(np.floor(x)), int(np.floor(y))
        across[i], down[i] = x - np.float32(column), y - np.float32(row)
        left, right = min(max(column, 0), width - 1), min(max(column + 1, 0), width - 1)
        upper, lower = min(max(row, 0), height - 1), min(max(row + 1, 0), height - 1)
        for value in range(3):
            entries[_AROUND + value, i] = soft[upper, left, value]
            entries[_AROUND + 3 + value, i] = soft[upper, right, value]
            entries[_AROUND + 6 + value, i] = soft[lower, left, value]
            entries[_AROUND + 9 + value, i] = soft[lower, right, value]
    open_, key, rim, total = entries[_OPEN], entries[_KEY], entries[_RIM], entries[_PEAK]
    depth, hollow, facing = entries[_DEPTH], entries[_HOLLOW], entries[_FACING]
    for i in range(count):
        open_[i], key[i], total[i] = _NOTHING, _NOTHING, _NOTHING
    for point in range(4):
        there = entries[_AROUND + 3 * point]
        there_open, there_key = entries[_AROUND + 3 * point + 1], entries[_AROUND + 3 * point + 2]
        to_right, to_bottom = np.float32(point & 1), np.float32(point >> 1)
        for i in range(count):
            apart = (there[i] - depth[i]) / _APART
            apart *= apart
            weight = (_WHOLE - to_right) + (to_right + to_right - _WHOLE) * across[i]
            weight *= (_WHOLE - to_bottom) + (to_bottom + to_bottom - _WHOLE) * down[i]
            weight = weight / (_WHOLE + apart * apart) + _LITTLE
            weight = weight if there[i] > _NOTHING else _NOTHING
            open_[i] += weight * there_open[i]
            key[i] += weight * there_key[i]
            total[i] += weight
    for i in range(count):
        seen = total[i] > _NOTHING
        scale = _WHOLE / (total[i] if seen else _WHOLE)
        hidden = hollow[i] if hollow[i] > _NOTHING else _NOTHING
        left_open = _WHOLE - _FOLD * hidden
        left_open = left_open if left_open > _FOLD_DARK else _FOLD_DARK
        open_[i] = left_open * (open_[i] * scale if seen else _WHOLE)
        key[i] = key[i] * scale if seen else _WHOLE
        rim[i] = (_WHOLE - facing[i]) * (_WHOLE - facing[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _receive_ambient(count, entries, sky, ground):
    """Begin with the light from all around."""
    ny, open_, shine, everywhere = entries[_NORMAL + 1], entries[_OPEN], entries[_SHINE], entries[_ALL]
    for channel in range(3):
        colour = entries[_COLOUR + channel]
        below, more_above = ground[channel], sky[channel] - ground[channel]
        for i in range(count):
            colour[i] = (below + more_above * (_HALF + _HALF * ny[i])) * open_[i]
    for i in range(count):
        shine[i] = _NOTHING
        everywhere[i] = _WHOLE


@njit(cache=True, nogil=True, error_model="numpy")
def _receive(count, entries, reach, direction, light):
    """Add what a light's rays bring, before the surface's own colour."""
    nx, ny, nz = entries[_NORMAL], entries[_NORMAL + 1], entries[_NORMAL + 2]
    reached, open_, towards = entries[reach], entries[_OPEN], entries[_TOWARDS]
    lx, ly, lz = direction[0], direction[1], direction[2]
    for i in range(count):
        towards[i] = nx[i] * lx + ny[i] * ly + nz[i] * lz
    for channel in range(3):
        colour, wrap, strength = entries[_COLOUR + channel], entries[_WRAP + channel], light[channel]
        for i in range(count):
            diffuse = (towards[i] + wrap[i]) / (_WHOLE + wrap[i])
            diffuse = diffuse if diffuse > _NOTHING else _NOTHING
            colour[i] += strength * diffuse * reached[i] * (_HALF + _HALF * open_[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _shine(count, entries, reach, sharpest, direction, strength):
    """Add a light's highlights, before the surface's own gloss."""
    nx, ny, nz = entries[_NORMAL], entries[_NORMAL + 1], entries[_NORMAL + 2]
    ex, ey, ez = entries[_EYE], entries[_EYE + 1], entries[_EYE + 2]
    towards, reached, peak, shine = entries[_TOWARDS], entries[reach], entries[_PEAK], entries[_SHINE]
    lx, ly, lz = direction[0], direction[1], direction[2]
    for i in range(count):
        hx, hy, hz = lx + ex[i], ly + ey[i], lz + ez[i]
        length = np.sqrt(hx * hx + hy * hy + hz * hz)
        along = (nx[i] * hx + ny[i] * hy + nz[i] * hz) / (length if length > _NOTHING else _WHOLE)
        along = along if along > _FAINT else _FAINT
        peak[i] = along if towards[i] > _NOTHING else _FAINT
    power = entries[_POWER]
    for step in range(sharpest):
        done = np.float32(step)
        for i in range(count):
            squared = peak[i] * peak[i]
            squared = squared if squared > _FAINT else _FAINT
            peak[i] = squared if done < power[i] else peak[i]
    for i in range(count):
        shine[i] += peak[i] * reached[i] * strength


@njit(cache=True, nogil=True)
def _lay(row, count, entries, shown, columns, material, albedo, gloss, image):
    """Give the light the colours of the surfaces, and add it to what is behind them."""
    part, shine = entries[_PART], entries[_SHINE]
    red, green, blue = entries[_COLOUR], entries[_COLOUR + 1], entries[_COLOUR + 2]
    for i in range(count):
        kind, pixel = material[shown[i]], image[row, columns[i]]
        gleam = shine[i] * gloss[kind]
        pixel[0] += (red[i] * albedo[kind, 0] + gleam) * part[i]
        pixel[1] += (green[i] * albedo[kind, 1] + gleam) * part[i]
        pixel[2] += (blue[i] * albedo[kind, 2] + gleam) * part[i]
