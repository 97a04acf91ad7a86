# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the body of a person's own SMPL-X model file: an armature object and the mesh that it moves."""

import bpy
import numpy as np
from bpy.types import Context, Object
from mathutils import Vector

from chironomy.body.smplx_body import JOINT_NAMES, SmplxBody

from . import build
from .space import turned

_LEAST_WEIGHT = 1e-4


def build_smplx(context: Context, body: SmplxBody, name: str) -> Object:
    """Add an SMPL-X body to the scene that is shown, with its soles on the floor; return the armature object.

    Args:
        context: the object mode must be reachable.
        body: what the file holds.
        name: of the armature object.
    """
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    armature = bpy.data.armatures.new(name)
    item = bpy.data.objects.new(name, armature)
    home = build.settle(context, item)
    heads, tails, points = turned(body.joints), turned(body.tails), turned(body.vertices)
    lift = np.array([0.0, 0.0, -points[:, 2].min()])
    bpy.ops.object.mode_set(mode="EDIT")
    for joint, joint_name in enumerate(JOINT_NAMES):
        bone = armature.edit_bones.new(joint_name)
        bone.head, bone.tail = Vector(heads[joint] + lift), Vector(tails[joint] + lift)
        if joint:
            bone.parent = armature.edit_bones[body.parents[joint]]
    bpy.ops.object.mode_set(mode="OBJECT")
    mesh = bpy.data.meshes.new(f"{name} Body")
    mesh.from_pydata((points + lift).tolist(), [], body.faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    skin = bpy.data.objects.new(mesh.name, mesh)
    for joint, joint_name in enumerate(JOINT_NAMES):
        group = skin.vertex_groups.new(name=joint_name)
        for vertex in np.flatnonzero(body.weights[:, joint] > _LEAST_WEIGHT):
            group.add([int(vertex)], float(body.weights[vertex, joint]), "REPLACE")
    build.stand(context, home, item, skin)
    return item
