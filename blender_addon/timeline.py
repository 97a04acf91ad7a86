# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of the take that is shown, drawn as strips over the keys in the timeline and the dope sheet."""

import bpy
from bpy.types import SpaceDopeSheetEditor

from .properties import character, settings
from .words import word

HEIGHT, GAP, LEFT_OUT = 12, 1, 14
"""Pixels of a hand's row and of what lies between two strips, and how narrow a strip is without its name."""

BOTTOM = 10
"""Pixels below the strips: the region's scroll bar."""

COLOURS = {"left": (0.25, 0.62, 1.0, 0.55), "right": (1.0, 0.30, 0.25, 0.55), "both": (1.0, 0.75, 0.2, 0.55)}
CHOSEN = (1.0, 1.0, 1.0, 0.9)
ROWS = {"left": (1, 2), "right": (0, 1), "both": (0, 2)}
"""The rows of a strip, counted from below: from one up to another."""

_handles: list[object] = []


def strips(context: bpy.types.Context) -> list[tuple[int, int, str, str, bool]]:
    """Return of each phrase its first and last frame, what is written on it, its hands, and whether it is chosen."""
    scene = context.scene
    if not hasattr(scene, "chironomy") or character(scene) is None:
        return []
    chosen, item = settings(scene), character(scene)
    data = item.animation_data if item is not None else None
    if data is None or data.action is None or chosen.phrases_of != data.action:
        return []
    return [
        (
            phrase.first,
            phrase.last,
            word(phrase.kind.replace("_", " ").capitalize()).lower() + (" *" if phrase.locked else ""),
            phrase.hands,
            number == chosen.phrase_index,
        )
        for number, phrase in enumerate(chosen.phrases)
    ]


def draw() -> None:
    """Draw the strips at the bottom of the region that Blender draws."""
    # There where there is a window alone.
    import blf
    import gpu
    from gpu_extras.batch import batch_for_shader

    context = bpy.context
    region, found = context.region, strips(context)
    if not found or region is None:
        return
    scale = context.preferences.system.ui_scale
    height, gap, lowest = HEIGHT * scale, GAP * scale, BOTTOM * scale
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    blf.size(0, 11 * scale)
    for first, last, name, hands, chosen in found:
        left, right = (region.view2d.view_to_region(frame, 0, clip=False)[0] for frame in (first, last))
        if right < 0 or left > region.width:
            continue
        # Writing a name ends the blending, and keys lie below the strips.
        gpu.state.blend_set("ALPHA")
        bottom, top = (lowest + gap + row * (height + gap) for row in ROWS[hands])
        top -= gap
        right -= gap
        corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
        shader.uniform_float("color", COLOURS[hands])
        batch_for_shader(shader, "TRIS", {"pos": corners}, indices=[(0, 1, 2), (0, 2, 3)]).draw(shader)
        if chosen:
            shader.uniform_float("color", CHOSEN)
            batch_for_shader(shader, "LINES", {"pos": corners}, indices=[(0, 1), (1, 2), (2, 3), (3, 0)]).draw(shader)
        if right - left > LEFT_OUT * scale:
            blf.enable(0, blf.CLIPPING)
            blf.clipping(0, left, bottom, right - 2 * gap, top)
            blf.color(0, 1.0, 1.0, 1.0, 1.0)
            blf.position(0, max(left, 0) + 4 * gap, 0.5 * (bottom + top) - 0.22 * height, 0)
            blf.draw(0, name)
            blf.disable(0, blf.CLIPPING)
    gpu.state.blend_set("NONE")


def register() -> None:
    """Draw from now on."""
    if not bpy.app.background:
        _handles.append(SpaceDopeSheetEditor.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL"))


def unregister() -> None:
    """Draw no more."""
    while _handles:
        SpaceDopeSheetEditor.draw_handler_remove(_handles.pop(), "WINDOW")
