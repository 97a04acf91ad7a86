# SPDX-License-Identifier: GPL-3.0-or-later
"""Rokoko's Newton skeleton, as Rokoko Studio exports it.

Fingers are counted from the thumb, 1, to the little finger, 5; all but the thumb have a metacarpal before these joints.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="rokoko",
    title="Rokoko",
    sides=("Left", "Right"),
    bones=body("Hips", "Spine1", "Spine4", "Neck", "Head")
    | arm("{side}Shoulder", "{side}Arm", "{side}ForeArm", "{side}Hand")
    | fingers(
        "{side}Finger{finger}{joint}",
        ("2", "3", "5", "4", "1"),
        ("Proximal", "Medial", "Distal"),
        ("Metacarpal", "Proximal", "Distal"),
    ),
)
