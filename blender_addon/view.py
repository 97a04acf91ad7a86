# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit to a portrait takes the place of, the scene's camera and sizes, and giving it back."""

from typing import Any

from bpy.types import Scene


def keep(scene: Scene, chosen: Any) -> None:
    """Remember the scene's camera, its resolution and the video's size, before a fit gives it others."""
    chosen.camera_before = scene.camera
    chosen.sizes_before = (scene.render.resolution_x, scene.render.resolution_y, chosen.width, chosen.height)


def given(scene: Scene, chosen: Any) -> None:
    """Remember what the fit gave, so that what a person chooses from now on is told from it."""
    chosen.camera_given = scene.camera
    chosen.sizes_given = (scene.render.resolution_x, scene.render.resolution_y, chosen.width, chosen.height)


def give_back(scene: Scene, chosen: Any) -> None:
    """Give the scene what it had before the fit, but for what a person has chosen since."""
    before, given_sizes = tuple(chosen.sizes_before), tuple(chosen.sizes_given)
    if any(given_sizes):
        render = scene.render
        if (render.resolution_x, render.resolution_y) == given_sizes[:2]:
            render.resolution_x, render.resolution_y = before[:2]
        if (chosen.width, chosen.height) == given_sizes[2:]:
            chosen.width, chosen.height = before[2:]
        if scene.camera is not None and scene.camera == chosen.camera_given:
            there = chosen.camera_before is not None and chosen.camera_before.name in scene.objects
            scene.camera = chosen.camera_before if there else None
    for name in ("camera_before", "camera_given", "sizes_before", "sizes_given"):
        chosen.property_unset(name)
