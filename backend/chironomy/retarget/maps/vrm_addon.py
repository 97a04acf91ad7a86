# SPDX-License-Identifier: GPL-3.0-or-later
"""The model that the VRM add-on for Blender creates (VRM 0 and 1).

Names as in the add-on's own table (saturday06/VRM-Addon-for-Blender, common/human_bone_mapper/vrm_addon_mapping.py):
VRM 0 has thumb_proximal, intermediate, distal, VRM 1 thumb_metacarpal, proximal, distal.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

_JOINTS = ("proximal", "intermediate", "distal")

STANDARD = Standard(
    name="vrm_addon",
    title="VRM Add-on",
    sides=("L", "R"),
    bones=body("hips", "spine", "upper_chest", "neck", "head")
    | {"chest": ("upper_chest", "chest")}
    | arm("shoulder.{side}", "upper_arm.{side}", "lower_arm.{side}", "hand.{side}")
    | fingers("{finger}_{joint}.{side}", ("index", "middle", "little", "ring", "thumb"), _JOINTS)
    | {
        "thumb1": ("thumb_metacarpal.{side}", "thumb_proximal.{side}"),
        "thumb2": ("thumb_intermediate.{side}", "thumb_proximal.{side}"),
    },
)
