# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hands go: a line through the places of each hand's control around the current frame, in the 3D view.

Every frame is a dot and every key a larger one, so that a line tells the way and the dots the speed. The same of
another take, in grey, is its ghost: the two are compared without playing either.
"""

from collections.abc import Iterator
from typing import NamedTuple

import bpy
import numpy as np
from bpy.types import Action, Object, Scene, SpaceView3D
from numpy.typing import NDArray

from .properties import character, settings
from .rig import actions
from .rig.channels import location_path
from .rig.space import HAND_CONTROLS
from .scene.takes import takes_of

AROUND = 1.0
"""Seconds before and after the current frame that are shown."""

COLOURS = ((0.25, 0.62, 1.0, 0.9), (1.0, 0.30, 0.25, 0.9))
GHOST = (0.75, 0.75, 0.75, 0.6)

_handles: list[object] = []


class Trail(NamedTuple):
    """The way of one hand.

    Attributes:
        places: (N, 3) in the world, one a frame.
        keys: (K, 3) where its keys are.
        colour: red, green, blue, alpha.
    """

    places: NDArray[np.float64]
    keys: NDArray[np.float64]
    colour: tuple[float, float, float, float]


def trails(scene: Scene) -> Iterator[Trail]:
    """Yield the ways of both hands of the scene's character, and those of the take that is its ghost."""
    item = character(scene)
    if item is None or not settings(scene).trails:
        return
    fps = scene.render.fps / scene.render.fps_base
    reach = round(AROUND * fps)
    frames = np.arange(
        max(scene.frame_current - reach, scene.frame_start), min(scene.frame_current + reach, scene.frame_end) + 1
    )
    data = item.animation_data
    shown = data.action if data else None
    ghost = next((take for take in takes_of(scene, item) if take.name == settings(scene).ghost), None)
    if ghost is not None and ghost.action != shown:
        yield from _trails(item, ghost.action, ghost.slot, frames, ghost=True)
    if shown is not None:
        yield from _trails(item, shown, actions.slot_handle(item), frames, ghost=False)


def _trails(item: Object, action: Action, handle: int, frames: NDArray[np.int64], ghost: bool) -> Iterator[Trail]:
    if len(frames) == 0:
        return
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.curves_of(action, handle)}
    world = np.array(item.matrix_world, np.float64)
    for hand, control in enumerate(HAND_CONTROLS):
        bone = item.data.bones.get(control)
        own = [curves[place] for place in ((location_path(control), axis) for axis in range(3)) if place in curves]
        if bone is None or len(own) != 3:
            continue
        keyed = np.unique([point.co[0] for curve in own for point in curve.keyframe_points])
        keyed = keyed[(keyed >= frames[0]) & (keyed <= frames[-1])]
        # The controls move along the armature's own axes.
        ways = [
            np.array([[curve.evaluate(time) for curve in own] for time in times], np.float64).reshape(-1, 3)
            + np.array(bone.head_local, np.float64)
            for times in (frames, keyed)
        ]
        places, keys = (way @ world[:3, :3].T + world[:3, 3] for way in ways)
        yield Trail(places, keys, GHOST if ghost else COLOURS[hand])


def draw() -> None:
    """Draw the trails in the region that Blender draws."""
    # There where there is a window alone.
    import gpu
    from gpu_extras.batch import batch_for_shader

    scene, space = bpy.context.scene, bpy.context.space_data
    if not hasattr(scene, "chironomy") or not space.overlay.show_overlays:
        return
    found = list(trails(scene))
    if not found:
        return
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    gpu.state.depth_test_set("NONE")
    for trail in found:
        shader.uniform_float("color", trail.colour)
        places = trail.places.tolist()
        gpu.state.line_width_set(1.5)
        batch_for_shader(shader, "LINE_STRIP", {"pos": places}).draw(shader)
        for size, dots in ((3.0, places), (7.0, trail.keys.tolist())):
            if dots:
                gpu.state.point_size_set(size)
                batch_for_shader(shader, "POINTS", {"pos": dots}).draw(shader)
    gpu.state.line_width_set(1.0)
    gpu.state.point_size_set(1.0)
    gpu.state.blend_set("NONE")


def register() -> None:
    """Draw from now on."""
    if not bpy.app.background:
        _handles.append(SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_VIEW"))


def unregister() -> None:
    """Draw no more."""
    while _handles:
        SpaceView3D.draw_handler_remove(_handles.pop(), "WINDOW")
