# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters rigged by Tripo: words as Reallusion's, without its prefix, seen in published exports.

Meshy's exports have Mixamo's words without its namespace, and are found by that table.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="meshy_tripo",
    title="Tripo",
    sides=("L", "R"),
    bones=body("Hip", "Waist", "Spine02", "NeckTwist01", "Head")
    | arm("{side}_Clavicle", "{side}_Upperarm", "{side}_Forearm", "{side}_Hand")
    | fingers("{side}_{finger}{joint}", ("Index", "Mid", "Pinky", "Ring", "Thumb")),
)
