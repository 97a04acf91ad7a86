# SPDX-License-Identifier: GPL-3.0-or-later
"""VRM as VRoid Studio names its bones. Any name may stand in a VRM file: these are the usual ones.

VRM 0 calls the thumb's joints proximal, intermediate and distal, VRM 1 metacarpal, proximal and distal: the same bones.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="vrm",
    title="VRM (VRoid)",
    sides=("L", "R"),
    bones=body("J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_UpperChest", "J_Bip_C_Neck", "J_Bip_C_Head")
    | arm("J_Bip_{side}_Shoulder", "J_Bip_{side}_UpperArm", "J_Bip_{side}_LowerArm", "J_Bip_{side}_Hand")
    | fingers("J_Bip_{side}_{finger}{joint}", ("Index", "Middle", "Little", "Ring", "Thumb")),
)
