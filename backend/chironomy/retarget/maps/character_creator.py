# SPDX-License-Identifier: GPL-3.0-or-later
"""Reallusion's Character Creator and iClone (CC3+ and CC4 base skeleton, in FBX with the prefix CC_Base_)."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="character_creator",
    title="Character Creator",
    sides=("L", "R"),
    bones=body("CC_Base_Hip", "CC_Base_Waist", "CC_Base_Spine02", "CC_Base_NeckTwist01", "CC_Base_Head")
    | arm("CC_Base_{side}_Clavicle", "CC_Base_{side}_Upperarm", "CC_Base_{side}_Forearm", "CC_Base_{side}_Hand")
    | fingers("CC_Base_{side}_{finger}{joint}", ("Index", "Mid", "Pinky", "Ring", "Thumb")),
    twist=("CC_Base_{side}_ForearmTwist01", "CC_Base_{side}_ForearmTwist02"),
)
