# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bone can be for the hands: its role, the same on every character."""

from chironomy.body.rig import SIDES
from chironomy.motion.hand_motion import MANO_JOINTS

FINGERS = ("index", "middle", "pinky", "ring", "thumb")
"""In MANO's order."""

ARM = ("shoulder", "upper_arm", "forearm", "hand")
"""Roles of an arm, from the body outwards."""

FINGER_JOINTS = MANO_JOINTS[1:]
"""The 15 roles of a hand's fingers in MANO's order."""

BODY = ("hips", "spine", "chest", "neck", "head")
"""Roles that tell where a body is and which way it faces; the hands key none of them."""

NEEDED = ("upper_arm", "forearm", "hand")
"""Without these of a side, that arm is nobody's."""


def sided(role: str, hand: int) -> str:
    """Return the role of one side: 0 left, 1 right."""
    return f"{role}.{SIDES[hand]}"


def all_roles() -> tuple[str, ...]:
    """Return every role: the body's, then each side's arm and fingers."""
    return (*BODY, *(sided(role, hand) for hand in range(2) for role in (*ARM, *FINGER_JOINTS)))


WORDS = {
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Chest",
    "neck": "Neck",
    "head": "Head",
    "shoulder": "Shoulder",
    "upper_arm": "Upper Arm",
    "forearm": "Forearm",
    "hand": "Hand",
    "index": "Index Finger",
    "middle": "Middle Finger",
    "pinky": "Little Finger",
    "ring": "Ring Finger",
    "thumb": "Thumb",
}
"""Roles, without their side and their joint, as a person reads them."""


def parts(role: str) -> tuple[str, str, str]:
    """Return the word of a role, its joint's number and its side, "L" or "R"; empty where it has none."""
    stem, _, side = role.partition(".")
    word = stem.rstrip("123")
    return WORDS[word], stem[len(word) :], side


def title(role: str) -> str:
    """Return a role as a person reads it: "Left Index Finger 1"."""
    word, joint, side = parts(role)
    return " ".join(each for each in ({"L": "Left", "R": "Right"}.get(side, ""), word, joint) if each)
