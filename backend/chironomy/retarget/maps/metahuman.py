# SPDX-License-Identifier: GPL-3.0-or-later
"""MetaHuman's body: Unreal's names, with correctives about the joints.

Names as in Epic's metahuman_base_skel.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="metahuman",
    title="MetaHuman",
    sides=("l", "r"),
    bones=body("pelvis", "spine_01", "spine_05", "neck_01", "head")
    | arm("clavicle_{side}", "upperarm_{side}", "lowerarm_{side}", "hand_{side}")
    | fingers("{finger}_{joint}_{side}", ("index", "middle", "pinky", "ring", "thumb"), ("01", "02", "03")),
    twist=("lowerarm_twist_01_{side}", "lowerarm_twist_02_{side}"),
    marks=("upperarm_correctiveRoot_l", "lowerarm_correctiveRoot_l"),
)
