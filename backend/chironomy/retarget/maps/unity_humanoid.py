# SPDX-License-Identifier: GPL-3.0-or-later
"""Unity's humanoid, and VRM's own words for the bones: names of `HumanBodyBones` (Unity's scripting reference)."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="unity_humanoid",
    title="Unity Humanoid",
    sides=("Left", "Right"),
    bones=body("Hips", "Spine", "UpperChest", "Neck", "Head")
    | {"chest": ("UpperChest", "Chest")}
    | arm("{side}Shoulder", "{side}UpperArm", "{side}LowerArm", "{side}Hand")
    | fingers(
        "{side}{finger}{joint}",
        ("Index", "Middle", "Little", "Ring", "Thumb"),
        ("Proximal", "Intermediate", "Distal"),
    )
    | {
        "thumb1": ("{side}ThumbMetacarpal", "{side}ThumbProximal"),
        "thumb2": ("{side}ThumbIntermediate", "{side}ThumbProximal"),
    },
)
