# SPDX-License-Identifier: GPL-3.0-or-later
"""3ds Max's Biped: names as 3ds Max gives them, `Bip001` or `Bip01` before all.

Fingers are counted from the thumb, 0, to the little finger, 4; their joints 0, 01, 02.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers


def _both(roles: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        role: tuple(f"{prefix} {name}" for prefix in ("Bip001", "Bip01") for name in names)
        for role, names in roles.items()
    }


STANDARD = Standard(
    name="biped",
    title="3ds Max Biped",
    sides=("L", "R"),
    bones=_both(
        body("Pelvis", "Spine", "Spine2", "Neck", "Head")
        | {"chest": ("Spine3", "Spine2", "Spine1")}
        | arm("{side} Clavicle", "{side} UpperArm", "{side} Forearm", "{side} Hand")
        | fingers("{side} Finger{finger}{joint}", ("1", "2", "4", "3", "0"), ("", "1", "2"))
    ),
    twist=("Bip001 {side} ForeTwist", "Bip01 {side} ForeTwist"),
)
