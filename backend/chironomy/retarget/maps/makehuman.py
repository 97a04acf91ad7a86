# SPDX-License-Identifier: GPL-3.0-or-later
"""MakeHuman's and MPFB's default rig: names as in MakeHuman's default.mhskel (CC0)."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="makehuman",
    title="MakeHuman or MPFB",
    sides=("L", "R"),
    bones=body("root", "spine05", "spine02", "neck01", "head")
    | arm("shoulder01.{side}", "upperarm01.{side}", "lowerarm01.{side}", "wrist.{side}")
    | fingers("finger{finger}-{joint}.{side}", ("2", "3", "5", "4", "1")),
    twist=("lowerarm02.{side}",),
)
