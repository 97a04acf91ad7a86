# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a body of another build: an armature object whose face, head and eyes do what our character's do."""

import bpy
from bpy.types import Context, Object

from chironomy.body.rig import Rig
from chironomy.motion.face import FACE_ACTIONS

from . import build

BUILD_PROPERTY = "chironomy_build"
"""A custom property of the armature object: its build, one of `chironomy.body.builds.BUILDS`."""

_FOLLOWING = ("neck", "head", "eye.L", "eye.R")
"""Bones that turn as our character's do; arms and fingers are keyed, and the rest stands."""


def build_other(context: Context, rig: Rig, name: str) -> Object:
    """Add a body to the scene that is shown and select it; return the armature object.

    Args:
        context: the object mode must be reachable.
        rig: the character with another build.
        name: of the build.
    """
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    armature = bpy.data.armatures.new(name.capitalize())
    item = bpy.data.objects.new(armature.name, armature)
    item[BUILD_PROPERTY] = name
    home = build.settle(context, item)
    bpy.ops.object.mode_set(mode="EDIT")
    build.add_bones(armature, rig)
    bpy.ops.object.mode_set(mode="OBJECT")
    build.stand(context, home, item, build.build_mesh(rig, f"{item.name} Body"))
    return item


def follow(item: Object, character: Object) -> None:
    """Let the face, the head and the eyes of a body do what our character's do.

    Args:
        item: that `build_other` built.
        character: ours.
    """
    for name in _FOLLOWING:
        constraint = item.pose.bones[name].constraints.new("COPY_ROTATION")
        constraint.target, constraint.subtarget = character, name
        constraint.owner_space = constraint.target_space = "POSE"
    ours, body = build.body_of(character), build.body_of(item)
    if ours is None or body is None:
        return
    shapes = body.data.shape_keys
    for action in FACE_ACTIONS:
        driver = shapes.key_blocks[action].driver_add("value").driver
        driver.type = "AVERAGE"
        value = driver.variables.new()
        value.targets[0].id_type = "KEY"
        value.targets[0].id = ours.data.shape_keys
        value.targets[0].data_path = ours.data.shape_keys.key_blocks[action].path_from_id("value")
