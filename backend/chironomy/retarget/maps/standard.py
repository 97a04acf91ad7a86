# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table of a standard holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chironomy.retarget.roles import FINGERS

Names = tuple[str, ...]


@dataclass(frozen=True)
class Controls:
    """How a control rig is moved where not by the bones that deform.

    Names have {side} in the place of the side.

    Attributes:
        fk: role to the bone that carries its rotation, where that is another one.
        hand: the target of an arm that is switched to inverse kinematics.
        pole: what its elbow points at.
        roll: a bone whose turn about its own y axis swings the elbow, where there is no pole.
        switch: bone and custom property that switch an arm; `fk_at` is its value for forward kinematics.
        pole_switch: bone and custom property that say whether the pole counts; None where it always does.
    """

    fk: Mapping[str, str]
    hand: str
    pole: str
    switch: tuple[str, str]
    fk_at: float = 1.0
    roll: str = ""
    pole_switch: tuple[str, str] | None = None


@dataclass(frozen=True)
class Standard:
    """The names of one kind of character.

    Attributes:
        name: for files; `title` is for people.
        title: see above.
        sides: what {side} is for the left and the right.
        bones: role, without its side, to names that may be its bone, the likelier first.
        twist: names of the bones along the forearm that share the wrist's twist.
        shares_twist: whether the rig shares the twist by itself.
        controls: of a control rig.
        marks: bones of which there must be one, to tell the standard from others with the same names.
        unlike: bones of which there may be none.
    """

    name: str
    title: str
    sides: tuple[str, str]
    bones: Mapping[str, Names]
    twist: Names = ()
    shares_twist: bool = False
    controls: Controls | None = None
    marks: Names = ()
    unlike: Names = ()


def arm(shoulder: str, upper_arm: str, forearm: str, hand: str) -> dict[str, Names]:
    """Return the roles of an arm."""
    return {"shoulder": (shoulder,), "upper_arm": (upper_arm,), "forearm": (forearm,), "hand": (hand,)}


def body(hips: str, spine: str, chest: str, neck: str, head: str) -> dict[str, Names]:
    """Return the roles of a body."""
    return {"hips": (hips,), "spine": (spine,), "chest": (chest,), "neck": (neck,), "head": (head,)}


def fingers(
    pattern: str,
    names: Sequence[str] = ("Index", "Middle", "Pinky", "Ring", "Thumb"),
    joints: Sequence[str] = ("1", "2", "3"),
    thumb_joints: Sequence[str] | None = None,
) -> dict[str, Names]:
    """Return the roles of the fingers: {finger} and {joint} of a pattern filled, {side} left.

    Args:
        pattern: such as "{side}Hand{finger}{joint}".
        names: of index, middle, little and ring finger and thumb.
        joints: from the knuckle outwards.
        thumb_joints: likewise of the thumb, from the wrist outwards, where its joints are counted otherwise.
    """
    roles: dict[str, Names] = {}
    for finger, name in zip(FINGERS, names, strict=True):
        counted = thumb_joints if finger == "thumb" and thumb_joints is not None else joints
        for number, joint in enumerate(counted, start=1):
            filled = pattern.replace("{finger}", name).replace("{joint}", joint)
            roles[f"{finger}{number}"] = (filled,)
    return roles
