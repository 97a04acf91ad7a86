# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify's human meta-rig, which many people animate as it is.

Names as `bpy.ops.object.armature_human_metarig_add` of Blender 4.2 to 5.3 makes them.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="rigify_metarig",
    title="Rigify Meta-Rig",
    sides=("L", "R"),
    bones=body("spine", "spine.001", "spine.003", "spine.004", "spine.006")
    | arm("shoulder.{side}", "upper_arm.{side}", "forearm.{side}", "hand.{side}")
    | fingers("{finger}.{joint}.{side}", ("f_index", "f_middle", "f_pinky", "f_ring", "thumb"), ("01", "02", "03")),
    unlike=("MCH-upper_arm_ik_target.L",),
)
