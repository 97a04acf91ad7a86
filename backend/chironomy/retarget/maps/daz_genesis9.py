# SPDX-License-Identifier: GPL-3.0-or-later
"""DAZ's Genesis 9: names as in the figure's FBX and DUF files."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="daz_genesis9",
    title="DAZ Genesis 9",
    sides=("l", "r"),
    bones=body("hip", "spine1", "spine4", "neck1", "head")
    | arm("{side}_shoulder", "{side}_upperarm", "{side}_forearm", "{side}_hand")
    | fingers("{side}_{finger}{joint}", ("index", "mid", "pinky", "ring", "thumb")),
    twist=("{side}_forearmtwist1", "{side}_forearmtwist2"),
)
