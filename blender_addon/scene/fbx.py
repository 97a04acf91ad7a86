# SPDX-License-Identifier: GPL-3.0-or-later
"""The character with its animation as FBX."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
from bpy.types import Context, Object

from chironomy.files import atomic_path

from ..rig import actions
from ..rig.build import body_of


def export_fbx(context: Context, item: Object, path: Path) -> None:
    """Write a character and the scene's frames of its motion.

    Raises:
        OSError, RuntimeError: the file cannot be written.
    """
    if item.mode == "EDIT":
        bpy.ops.object.mode_set(mode="OBJECT")
    with _alone(context, item), atomic_path(path) as temporary:
        # One key for every joint and frame, none dropped: what other programs play is what Blender shows. The animation
        # is the scene's own, so that no other action of the file becomes a second one.
        bpy.ops.export_scene.fbx(
            filepath=str(temporary),
            object_types={"ARMATURE", "MESH"},
            use_armature_deform_only=True,
            add_leaf_bones=False,
            bake_anim=True,
            bake_anim_use_all_bones=True,
            bake_anim_force_startend_keying=True,
            bake_anim_step=1.0,
            bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False,
            bake_anim_simplify_factor=0.0,
        )


@contextmanager
def _alone(context: Context, item: Object) -> Iterator[None]:
    """Work in a temporary scene that holds the character and its meshes, its motion starting at frame 0.

    An animation that is the scene's is written with the scene's own frame numbers; only from 0 on is its first frame
    at time 0 in every program.
    """
    scene = context.scene
    alone = bpy.data.scenes.new(item.name)
    alone.frame_start, alone.frame_end = 0, scene.frame_end - scene.frame_start
    alone.render.fps, alone.render.fps_base = scene.render.fps, scene.render.fps_base
    alone.unit_settings.scale_length = scene.unit_settings.scale_length
    parts = [item, *(child for child in item.children_recursive if child.type == "MESH")]
    for part in parts:
        alone.collection.objects.link(part)
    animated = [part for part in parts if part.animation_data and part.animation_data.action]
    body = body_of(item)
    if body is not None and body.data.shape_keys.animation_data and body.data.shape_keys.animation_data.action:
        animated.append(body.data.shape_keys)
    try:
        override = context.temp_override(scene=alone, view_layer=alone.view_layers[0])
        with actions.moved_in_time(animated, -scene.frame_start), override:
            alone.frame_set(0)
            yield
    finally:
        bpy.data.scenes.remove(alone)
        scene.frame_set(scene.frame_current)
