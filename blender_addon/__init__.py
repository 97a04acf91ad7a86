# SPDX-License-Identifier: GPL-3.0-or-later
"""Chironomy in Blender: speech becomes editable hand keyframes, and the edited hands become video."""

import bpy
from bpy.props import PointerProperty
from bpy.types import Object, Scene

from . import (
    ahead,
    backend,
    batch_panel,
    hand_pictures,
    keymap,
    kind_pictures,
    lists,
    live_panel,
    manual,
    menus,
    migration,
    own_panel,
    panels,
    preferences_page,
    score_panels,
    slices,
    status_bar,
    take_pictures,
    tasks,
    thumbnail,
    timeline,
    trails,
    view_light,
    words,
)
from .batch import ChironomyBatch
from .entries import ChironomyLayer, ChironomyPhrase, ChironomyRender, ChironomyTake
from .live import ChironomyLive
from .operators import backend as backend_operators
from .operators import batch as batch_operators
from .operators import camera as camera_operators
from .operators import (
    edit,
    export,
    generate,
    hand_poses,
    jobs,
    layers,
    live,
    locks,
    markers,
    motion,
    presets,
    reference,
    render,
    speech,
)
from .operators import manual as manual_operators
from .operators import retarget as retarget_operators
from .operators import score as score_operators
from .operators import strips as strip_operators
from .operators import takes as take_operators
from .own import ChironomyOwn, ChironomyOwnBone
from .preferences_page import ChironomyPreferences
from .properties import ChironomySettings
from .scene import answers, copies, detail, early, left_behind, retarget
from .scene import live as live_scene
from .turns import STRIP, ChironomyTurn

CLASSES = (
    ChironomyPreferences,
    ChironomyTake,
    ChironomyPhrase,
    ChironomyRender,
    ChironomyLayer,
    ChironomyOwnBone,
    ChironomyOwn,
    ChironomyTurn,
    ChironomyBatch,
    ChironomyLive,
    ChironomySettings,
    *backend_operators.CLASSES,
    *speech.CLASSES,
    *presets.CLASSES,
    *generate.CLASSES,
    *retarget_operators.CLASSES,
    *take_operators.CLASSES,
    *locks.CLASSES,
    *score_operators.CLASSES,
    *strip_operators.CLASSES,
    *markers.CLASSES,
    *motion.CLASSES,
    *hand_poses.CLASSES,
    *edit.CLASSES,
    *layers.CLASSES,
    *reference.CLASSES,
    *camera_operators.CLASSES,
    *render.CLASSES,
    *jobs.CLASSES,
    *manual_operators.CLASSES,
    *batch_operators.CLASSES,
    *live.CLASSES,
    *export.CLASSES,
    *lists.CLASSES,
    *panels.CLASSES,
    *batch_panel.CLASSES,
    *live_panel.CLASSES,
    *own_panel.CLASSES,
    *score_panels.CLASSES,
    *menus.CLASSES,
)
"""In the order in which they are registered."""


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    Scene.chironomy = PointerProperty(type=ChironomySettings)
    Object.chironomy_own = PointerProperty(type=ChironomyOwn)
    STRIP.chironomy_turn = PointerProperty(type=ChironomyTurn)
    words.register()
    slices.register()
    early.register()
    tasks.register()
    menus.register()
    manual.register()
    status_bar.register()
    keymap.register()
    preferences_page.register()
    migration.register()
    timeline.register()
    trails.register()
    take_pictures.register()
    view_light.register()
    answers.register()
    retarget.register()
    detail.register()
    copies.register()
    left_behind.register()


def unregister() -> None:
    live_scene.stop()
    left_behind.unregister()
    copies.unregister()
    detail.unregister()
    answers.unregister()
    view_light.unregister()
    take_pictures.unregister()
    trails.unregister()
    timeline.unregister()
    migration.unregister()
    preferences_page.unregister()
    keymap.unregister()
    manual.unregister()
    status_bar.unregister()
    menus.unregister()
    words.unregister()
    tasks.unregister()
    early.unregister()
    slices.unregister()
    backend.stop()
    ahead.end()
    thumbnail.forget_others()
    hand_pictures.forget()
    kind_pictures.forget()
    del STRIP.chironomy_turn
    del Object.chironomy_own
    del Scene.chironomy
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
