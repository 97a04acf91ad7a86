# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify's control rig, as Blender's own add-on generates it from the human meta-rig.

Names as `bpy.ops.pose.rigify_generate` of Blender 5.0.1 makes them, and of 4.2 to 5.3 alike.
"""

from chironomy.retarget.maps.standard import Controls, Standard, arm, body, fingers

STANDARD = Standard(
    name="rigify",
    title="Rigify",
    sides=("L", "R"),
    bones=body("DEF-spine", "DEF-spine.001", "DEF-spine.003", "DEF-spine.004", "DEF-spine.006")
    | arm("ORG-shoulder.{side}", "DEF-upper_arm.{side}", "DEF-forearm.{side}", "DEF-hand.{side}")
    # The fingers' own controls: the deforming bone of a first joint drops its turn about itself.
    | fingers("{finger}.{joint}.{side}", ("f_index", "f_middle", "f_pinky", "f_ring", "thumb"), ("01", "02", "03")),
    shares_twist=True,
    controls=Controls(
        fk={"upper_arm": "upper_arm_fk.{side}", "forearm": "forearm_fk.{side}", "hand": "hand_fk.{side}"},
        hand="hand_ik.{side}",
        pole="upper_arm_ik_target.{side}",
        roll="upper_arm_ik.{side}",
        switch=("upper_arm_parent.{side}", "IK_FK"),
        pole_switch=("upper_arm_parent.{side}", "pole_vector"),
    ),
    marks=("MCH-upper_arm_ik_target.L", "upper_arm_parent.L"),
)
