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


def title(role: str) -> str:
    """Return a role as a person reads it: "Left Index 1"."""
    stem, _, side = role.partition(".")
    words = stem.replace("_", " ")
    if words[-1].isdigit():
        words = f"{words[:-1]} {words[-1]}"
    return f"{ {'L': 'Left ', 'R': 'Right '}.get(side, '') }{words.title()}"
