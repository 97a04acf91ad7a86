# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of the take that is shown, drawn as strips below the keys in the timeline and as lines in dope sheets.

Below the strips is the speech: its words where a file tells when they are said, its wave and its accents.
"""

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
from bpy.types import Context, Region, Scene, SpaceDopeSheetEditor

from . import heard_outline
from .entries import ChironomyPhrase, answers
from .properties import character, settings
from .rig.read import scene_fps
from .scene import score
from .scene.turns import has_speech
from .strips import Band, Box, Hit, Strip, band, box, hatching, hit, in_order, name_begin, placed
from .titles import title
from .words import label, word

LEFT_OUT, LEAST_TEXT = 14, 7.0
"""Pixels that a strip is wide at most that has no name on it, and that letters have at least."""

COLOURS = {"left": (0.25, 0.62, 1.0, 0.55), "right": (1.0, 0.30, 0.25, 0.55), "both": (1.0, 0.75, 0.2, 0.55)}
CHOSEN, STROKE, TEXT = (1.0, 1.0, 1.0, 0.9), (1.0, 1.0, 1.0, 0.75), (1.0, 1.0, 1.0, 1.0)
CHANGED = (1.0, 0.93, 0.2, 1.0)
BEHIND, WAVE, ACCENT, WORD = (0.0, 0.0, 0.0, 0.25), (0.62, 0.86, 0.62, 0.8), (1.0, 0.95, 0.55), (0.9, 0.9, 0.9, 1.0)

SHADOW = (0.0, 0.0, 0.0, 1.0)
SHADOW_BLUR = 3
"""What is drawn around letters, and how softly, of 0, 3 and 5."""

HATCH = 9.0
"""Pixels between the slanting lines of a strip that is not applied yet."""

LARGEST_STROKE = 5.0
"""Pixels from the middle of a stroke's diamond to its corners, at most."""

Colour = tuple[float, float, float, float]


class _Drag:
    """The strip that is dragged: its number, and where it is drawn until it is let go."""

    number = -1
    first = 0
    last = 0


_handles: list[object] = []


def strips(context: Context) -> list[Strip]:
    """Return the phrases as they are drawn."""
    scene = context.scene
    if not hasattr(scene, "chironomy") or not settings(scene).strips or character(scene) is None:
        return []
    chosen, item = settings(scene), character(scene)
    data = item.animation_data if item is not None else None
    if data is None or data.action is None or chosen.phrases_of != data.action:
        return []
    found = [
        Strip(
            phrase.first,
            phrase.last,
            _name(phrase),
            phrase.hands,
            number == chosen.phrase_index,
            number,
            score.apex_frames(scene, phrase),
            score.is_changed(phrase),
        )
        for number, phrase in enumerate(chosen.phrases)
    ]
    return placed(found)


def _name(phrase: ChironomyPhrase) -> str:
    """Return what is written on a phrase's strip."""
    name = word(title(phrase.kind)) + (" *" if phrase.locked else "")
    return label("{name} – not applied", name=name) if score.is_changed(phrase) else name


def band_of(context: Context, region: Region) -> Band:
    """Return where strips and speech lie in a region."""
    chosen, space = settings(context.scene), context.space_data
    markers = bool(context.scene.timeline_markers) and getattr(space, "show_markers", True)
    sound = chosen.strips_speech and has_speech(context.scene)
    # Over the rows of channels strips would take the clicks on keys, unless a person wants them there.
    slim = getattr(space, "mode", "TIMELINE") != "TIMELINE" and not chosen.strips_channels
    return band(region.height, context.preferences.system.ui_scale, sound=sound, markers=markers, slim=slim)


def x_in(region: Region) -> Callable[[float], float]:
    """Return what tells where a frame is in a region."""
    # Time is laid out evenly, and whole pixels, which Blender gives, tell the most where frames are far apart.
    zero, far = (region.view2d.view_to_region(frame, 0, clip=False)[0] for frame in (0, 10_000))
    return lambda frame: zero + (far - zero) * frame / 10_000


def under(context: Context, region: Region, x: float, y: float) -> Hit | None:
    """Return what of the strips lies at a point of a region."""
    found = strips(context)
    return hit(found, band_of(context, region), x_in(region), x, y) if found else None


def show_drag(number: int, first: int, last: int) -> None:
    """Draw a strip elsewhere than its phrase is, until `end_drag`."""
    _Drag.number, _Drag.first, _Drag.last = number, first, last
    heard_outline.redraw()


def end_drag() -> None:
    """Draw every strip where its phrase is."""
    _Drag.number = -1
    heard_outline.redraw()


def draw() -> None:
    """Draw in the region that Blender draws."""
    context = bpy.context
    region, scene = context.region, context.scene
    if region is None or not hasattr(scene, "chironomy") or not settings(scene).strips:
        return
    found = strips(context)
    within, x_of = band_of(context, region), x_in(region)
    if settings(scene).strips_speech:
        _draw_speech(context, region, scene, within, x_of)
    scale = context.preferences.system.ui_scale
    for each in in_order(found):
        strip = _dragged(each) if each.number == _Drag.number else each
        corners = box(strip, within, x_of)
        if corners.right >= 0 and corners.left <= region.width:
            _draw_strip(strip, corners, x_of, scale)
    _blend("NONE")


def _dragged(strip: Strip) -> Strip:
    length, pace = strip.last - strip.first, 1.0
    if length > 0:
        pace = (_Drag.last - _Drag.first) / length
    apexes = tuple(_Drag.first + (apex - strip.first) * pace for apex in strip.apexes)
    return strip._replace(first=_Drag.first, last=_Drag.last, apexes=apexes, changed=True)


def _draw_strip(strip: Strip, corners: Box, x_of: Callable[[float], float], scale: float) -> None:
    left, bottom, right, top = corners
    points = [(left, bottom), (right, bottom), (right, top), (left, top)]
    _fill(points, COLOURS[strip.hands])
    if strip.changed:
        ends = np.array(hatching(corners, HATCH * scale), np.float32).reshape(-1, 2)
        # Twice as wide as a line is.
        _segments(np.concatenate([ends, ends - (0.0, scale)]).astype(np.float32), CHANGED)
        _lines([*points, points[0]], CHANGED)
    apexes = [x_of(apex) for apex in strip.apexes]
    middle, tall = 0.5 * (bottom + top), min(0.32 * (top - bottom), LARGEST_STROKE * scale)
    if apexes:
        # A diamond at each, as a key.
        _fill(
            [
                corner
                for x in apexes
                for corner in ((x - tall, middle), (x, middle - tall), (x + tall, middle), (x, middle + tall))
            ],
            STROKE,
        )
    if strip.chosen:
        _lines([*points, points[0]], CHOSEN)
    size = min(11.0, 0.95 * (top - bottom) / scale)
    if right - left > LEFT_OUT * scale and size >= LEAST_TEXT:
        _write(strip.name, name_begin(max(left, 0), apexes, tall, scale), corners, TEXT, size * scale)


def _draw_speech(context: Context, region: Region, scene: Scene, within: Band, x_of: Callable[[float], float]) -> None:
    low, high = within.wave
    drawn = heard_outline.of_scene(scene)
    if drawn is None or high <= low:
        return
    fps, frame_of = scene_fps(scene), _frame_of(x_of)
    outline, width = drawn.outline, int(region.width)
    top = max(high, within.words[1])
    _fill([(0, low), (width, low), (width, top), (0, top)], BEHIND)
    seconds = [(frame_of(x) - drawn.frame) / fps for x in (0, width)]
    wave = outline.columns(seconds[0], seconds[1], width)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    heard = np.flatnonzero(wave[:, 1] > wave[:, 0])
    if len(heard):
        ends = np.empty((len(heard), 2, 2), np.float32)
        ends[:, :, 0] = heard[:, None] + 0.5
        ends[:, :, 1] = middle + half * wave[heard]
        # Behind the strips it is faint.
        _segments(ends.reshape(-1, 2), WAVE if high <= within.bottom else (*WAVE[:3], 0.4 * WAVE[3]))
    for time, strength in zip(outline.accents, outline.strengths, strict=True):
        x = x_of(drawn.frame + time * fps)
        if 0 <= x <= width:
            _segments(np.array([(x, low), (x, high)], np.float32), (*ACCENT, 0.35 + 0.65 * float(strength)))
    low, high = within.words
    if high <= low:
        return
    said = [(x_of(first), x_of(last), text) for first, last, text in heard_outline.said_in(drawn, fps)]
    scale = context.preferences.system.ui_scale
    for number, (left, right, text) in enumerate(said):
        # A word may be longer than it is said, up to the next one.
        end = said[number + 1][0] if number + 1 < len(said) else max(right, left + 200 * scale)
        if end >= 0 and left <= width:
            corners = Box(left, low, max(end - 2 * scale, left), high)
            _write(text, left, corners, WORD, 10 * scale)
            _segments(np.array([(left, low), (left, high)], np.float32), WORD)


def _frame_of(x_of: Callable[[float], float]) -> Callable[[float], float]:
    zero, step = x_of(0.0), (x_of(10_000.0) - x_of(0.0)) / 10_000
    return lambda x: (x - zero) / step


def _blend(mode: str) -> None:
    # There where there is a window alone.
    import gpu

    gpu.state.blend_set(mode)


def _batch(kind: str, points: Any, colour: Colour, **more: Any) -> None:
    import gpu
    from gpu_extras.batch import batch_for_shader

    # Writing a name ends the blending, and keys lie below the strips.
    _blend("ALPHA")
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.uniform_float("color", colour)
    batch_for_shader(shader, kind, {"pos": points}, **more).draw(shader)


def _fill(corners: list[tuple[float, float]], colour: Colour) -> None:
    """Fill shapes of four corners each."""
    triangles = [(at, at + one, at + two) for at in range(0, len(corners), 4) for one, two in ((1, 2), (2, 3))]
    _batch("TRIS", corners, colour, indices=triangles)


def _lines(points: list[tuple[float, float]], colour: Colour) -> None:
    _batch("LINE_STRIP", points, colour)


def _segments(points: Any, colour: Colour) -> None:
    """Draw lines from every other point to the next one."""
    _batch("LINES", points, colour)


def _write(text: str, x: float, within: Box, colour: Colour, size: float) -> None:
    """Write within corners, in the middle of their height, so that it is read over lines."""
    import blf

    blf.size(0, size)
    blf.enable(0, blf.SHADOW)
    blf.shadow(0, SHADOW_BLUR, *SHADOW)
    blf.shadow_offset(0, 0, 0)
    blf.enable(0, blf.CLIPPING)
    blf.clipping(0, within.left, within.bottom, within.right, within.top)
    blf.color(0, *colour)
    blf.position(0, x, 0.5 * (within.bottom + within.top) - 0.35 * size, 0)
    blf.draw(0, text)
    blf.disable(0, blf.CLIPPING)
    blf.disable(0, blf.SHADOW)


def _draw_again(_scene: Scene, _phrase: ChironomyPhrase) -> None:
    # A change in the tab draws the tab alone anew, and one in a menu the region that it was opened from.
    heard_outline.redraw()


def register() -> None:
    """Draw from now on."""
    answers["strip"] = _draw_again
    if not bpy.app.background:
        _handles.append(SpaceDopeSheetEditor.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL"))


def unregister() -> None:
    """Draw no more."""
    answers.pop("strip", None)
    while _handles:
        SpaceDopeSheetEditor.draw_handler_remove(_handles.pop(), "WINDOW")
    heard_outline.forget()
