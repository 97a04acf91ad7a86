# SPDX-License-Identifier: GPL-3.0-or-later
"""DAZ's Genesis 3, 8 and 8.1: bend and twist bones in one chain, names as in the figures' FBX and DUF files."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="daz_genesis8",
    title="DAZ Genesis 8",
    sides=("l", "r"),
    bones=body("hip", "abdomenLower", "chestUpper", "neckLower", "head")
    | arm("{side}Collar", "{side}ShldrBend", "{side}ForearmBend", "{side}Hand")
    | fingers("{side}{finger}{joint}", ("Index", "Mid", "Pinky", "Ring", "Thumb")),
    twist=("{side}ForearmTwist",),
)
