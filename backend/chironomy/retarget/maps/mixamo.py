# SPDX-License-Identifier: GPL-3.0-or-later
"""Mixamo's auto-rigger, and what exports in its manner: Meshy, Tripo, Ready Player Me and others.

Names as in characters downloaded as FBX; a namespace such as `mixamorig:` or `mixamorig1:` may stand before them.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="mixamo",
    title="Mixamo",
    sides=("Left", "Right"),
    bones=body("Hips", "Spine", "Spine2", "Neck", "Head")
    | arm("{side}Shoulder", "{side}Arm", "{side}ForeArm", "{side}Hand")
    | fingers("{side}Hand{finger}{joint}"),
    unlike=("Chest", "LeftHandIndexEnd"),
)
