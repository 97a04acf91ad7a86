# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto-Rig Pro's control rig (Lucky3D's documentation, "Remap" and "Export", and its published bone lists)."""

from chironomy.retarget.maps.standard import Controls, Standard, arm, body, fingers

_FINGERS = ("index", "middle", "pinky", "ring", "thumb")

STANDARD = Standard(
    name="auto_rig_pro",
    title="Auto-Rig Pro",
    sides=("l", "r"),
    bones=body("root.x", "spine_01.x", "spine_02.x", "neck.x", "head.x")
    | {"chest": ("spine_03.x", "spine_02.x")}
    | arm("shoulder.{side}", "arm_stretch.{side}", "forearm_stretch.{side}", "hand.{side}")
    | fingers("c_{finger}{joint}.{side}", _FINGERS),
    shares_twist=True,
    controls=Controls(
        fk={"upper_arm": "c_arm_fk.{side}", "forearm": "c_forearm_fk.{side}", "hand": "c_hand_fk.{side}"},
        hand="c_hand_ik.{side}",
        pole="c_arms_pole.{side}",
        switch=("c_hand_ik.{side}", "ik_fk_switch"),
    ),
    marks=("c_hand_ik.l",),
)
