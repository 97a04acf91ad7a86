# SPDX-License-Identifier: GPL-3.0-or-later
"""Chironomy in Blender: speech becomes editable hand keyframes, and the edited hands become video."""

import bpy
from bpy.props import PointerProperty
from bpy.types import Scene

from . import backend, hand_pictures, keymap, menus, migration, panels, tasks, thumbnail, timeline, trails, words
from .operators import backend as backend_operators
from .operators import edit, export, generate, hand_poses, layers, locks, motion, presets, reference, render, speech
from .operators import score as score_operators
from .operators import takes as take_operators
from .preferences import ChironomyPreferences
from .properties import ChironomyLayer, ChironomyPhrase, ChironomySettings, ChironomyTake
from .scene import copies, takes

CLASSES = (
    ChironomyPreferences,
    ChironomyTake,
    ChironomyPhrase,
    ChironomyLayer,
    ChironomySettings,
    *backend_operators.CLASSES,
    *speech.CLASSES,
    *presets.CLASSES,
    *generate.CLASSES,
    *take_operators.CLASSES,
    *locks.CLASSES,
    *score_operators.CLASSES,
    *motion.CLASSES,
    *hand_poses.CLASSES,
    *edit.CLASSES,
    *layers.CLASSES,
    *reference.CLASSES,
    *render.CLASSES,
    *export.CLASSES,
    *panels.CLASSES,
    *menus.CLASSES,
)
"""In the order in which they are registered."""


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    Scene.chironomy = PointerProperty(type=ChironomySettings)
    words.register()
    menus.register()
    keymap.register()
    migration.register()
    timeline.register()
    trails.register()
    takes.register()
    copies.register()


def unregister() -> None:
    copies.unregister()
    takes.unregister()
    trails.unregister()
    timeline.unregister()
    migration.unregister()
    keymap.unregister()
    menus.unregister()
    words.unregister()
    tasks.stop()
    backend.stop()
    thumbnail.forget()
    hand_pictures.forget()
    del Scene.chironomy
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
