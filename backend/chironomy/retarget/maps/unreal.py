# SPDX-License-Identifier: GPL-3.0-or-later
"""Unreal's mannequins: UE4's, and UE5's Manny and Quinn.

Names as in Epic's skeleton assets SK_Mannequin and SK_Manny; UE4's has no metacarpals, and three bones in the spine.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="unreal",
    title="Unreal Mannequin",
    sides=("l", "r"),
    bones=body("pelvis", "spine_01", "spine_03", "neck_01", "head")
    | {"chest": ("spine_05", "spine_03")}
    | arm("clavicle_{side}", "upperarm_{side}", "lowerarm_{side}", "hand_{side}")
    | fingers("{finger}_{joint}_{side}", ("index", "middle", "pinky", "ring", "thumb"), ("01", "02", "03")),
    twist=("lowerarm_twist_01_{side}", "lowerarm_twist_02_{side}"),
    unlike=("upperarm_correctiveRoot_l",),
)
