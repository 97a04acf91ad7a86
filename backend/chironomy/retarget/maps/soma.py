# SPDX-License-Identifier: GPL-3.0-or-later
"""NVIDIA's SOMA skeleton of 77 joints, as Kimodo writes it.

Fingers but the thumb have four joints and an end: the first is the metacarpal.
"""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="soma",
    title="NVIDIA SOMA (Kimodo)",
    sides=("Left", "Right"),
    bones=body("Hips", "Spine1", "Chest", "Neck1", "Head")
    | arm("{side}Shoulder", "{side}Arm", "{side}ForeArm", "{side}Hand")
    | fingers("{side}Hand{finger}{joint}", joints=("2", "3", "4"), thumb_joints=("1", "2", "3")),
    marks=("LeftHandIndexEnd", "Neck2"),
)
