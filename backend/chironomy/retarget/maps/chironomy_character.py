# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own character, as somebody may have exported and read it again."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="chironomy_character",
    title="Chironomy",
    sides=("L", "R"),
    bones=body("hips", "spine", "upper_chest", "neck", "head")
    | arm("shoulder.{side}", "upper_arm.{side}", "forearm.{side}", "wrist.{side}")
    | fingers("{finger}{joint}.{side}", ("index", "middle", "pinky", "ring", "thumb")),
    twist=("forearm_twist.{side}",),
)
