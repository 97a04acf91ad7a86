# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs call the character's joints."""

from chironomy.body.rig import SIDES

_FINGERS = ("index", "middle", "ring", "pinky")


def _sided(table: dict[str, str], left: str, right: str) -> dict[str, str]:
    """Return a table for both sides: `*` in the other program's names is what it calls the side."""
    return {
        f"{own}.{side}": other.replace("*", word)
        for side, word in zip(SIDES, (left, right), strict=True)
        for own, other in table.items()
    }


def _humanoid() -> dict[str, str]:
    parts = {
        "eye": "*Eye",
        "shoulder": "*Shoulder",
        "upper_arm": "*UpperArm",
        "forearm": "*LowerArm",
        "wrist": "*Hand",
        "upper_leg": "*UpperLeg",
        "lower_leg": "*LowerLeg",
        "foot": "*Foot",
        "toes": "*Toes",
    }
    for finger in _FINGERS:
        told = {"pinky": "Little"}.get(finger, finger.capitalize())
        parts |= {f"{finger}{n}": f"*{told}{part}" for n, part in enumerate(("Proximal", "Intermediate", "Distal"), 1)}
    parts |= {f"thumb{n}": f"*Thumb{part}" for n, part in enumerate(("Metacarpal", "Proximal", "Distal"), 1)}
    spine = {name: name.title().replace("_", "") for name in ("hips", "spine", "chest", "upper_chest", "neck", "head")}
    return spine | _sided(parts, "Left", "Right")


HUMANOID = _humanoid()
"""Of Godot's `SkeletonProfileHumanoid`, which are VRM's with capitals, and which Unity's Mecanim recognises."""


def human_bone(name: str) -> str:
    """Return VRM's name of a human bone for the one of `HUMANOID`."""
    return name[0].lower() + name[1:]


def _mannequin() -> dict[str, str]:
    parts = {
        "eye": "eye_*",
        "shoulder": "clavicle_*",
        "upper_arm": "upperarm_*",
        "forearm": "lowerarm_*",
        "forearm_twist": "lowerarm_twist_01_*",
        "wrist": "hand_*",
        "upper_leg": "thigh_*",
        "lower_leg": "calf_*",
        "foot": "foot_*",
        "toes": "ball_*",
    }
    parts |= {f"{finger}{n}": f"{finger}_0{n}_*" for finger in (*_FINGERS, "thumb") for n in (1, 2, 3)}
    spine = ("pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head")
    return dict(zip(("hips", "spine", "chest", "upper_chest", "neck", "head"), spine, strict=True)) | _sided(
        parts, "l", "r"
    )


MANNEQUIN = _mannequin()
"""Of Unreal's mannequins."""


def _human_ik() -> dict[str, str]:
    parts = {
        "eye": "*Eye",
        "shoulder": "*Shoulder",
        "upper_arm": "*Arm",
        "forearm": "*ForeArm",
        "forearm_twist": "*ForeArmRoll",
        "wrist": "*Hand",
        "upper_leg": "*UpLeg",
        "lower_leg": "*Leg",
        "foot": "*Foot",
        "toes": "*ToeBase",
    }
    parts |= {f"{finger}{n}": f"*Hand{finger.capitalize()}{n}" for finger in (*_FINGERS, "thumb") for n in (1, 2, 3)}
    spine = ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")
    return dict(zip(("hips", "spine", "chest", "upper_chest", "neck", "head"), spine, strict=True)) | _sided(
        parts, "Left", "Right"
    )


HUMAN_IK = _human_ik()
"""Of HumanIK, in Maya and MotionBuilder, whose templates recognise them; Mixamo's are these with a prefix."""
