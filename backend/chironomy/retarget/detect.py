# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out which bones of a character are its arms and fingers: by names, by hierarchy, and by where they rest.

Names propose: a standard's table where one fits, else the words in the names. Hierarchy and geometry dispose: a finger
that does not hang on its hand, or a spine that lies as a dog's does, is told and not trusted.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import SIDES
from chironomy.retarget.bone_map import BoneMap
from chironomy.retarget.maps import STANDARDS, Standard
from chironomy.retarget.roles import ARM, BODY, FINGERS, NEEDED, all_roles, sided, title
from chironomy.retarget.skeleton import Skeleton

Array = NDArray[np.float64]

SURE = 0.9
"""Confidence from which a character is taken without a question."""

USABLE = 0.5
"""Confidence below which nothing is proposed to be used."""

_LEAST_FINGERS = 2
"""Fingers of two joints or more that make a hand."""

_UPRIGHT = np.cos(np.radians(55.0))
"""How upright a spine is at rest at least: the cosine between hips to neck and up."""


class Status(Enum):
    """What is known of a role's bone."""

    FOUND = "found"
    DOUBTFUL = "doubtful"
    MISSING = "missing"


@dataclass(frozen=True)
class BoneStatus:
    """One role of a detected character.

    Attributes:
        role: see `retarget.roles`.
        bone: its bone; empty where there is none.
        status: how sure that is.
        reason: why it is not; a sentence without its stop, empty where it is sure.
    """

    role: str
    bone: str
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Detection:
    """What was found.

    Attributes:
        bone_map: what the roles' bones are.
        title: of the standard, or what the character was found by.
        confidence: 0 to 1; from `SURE` on it needs no look, below `USABLE` it is no character with hands.
        bones: a status for each role.
        reason: why it is not sure; a sentence without its stop, empty where it is.
    """

    bone_map: BoneMap
    title: str
    confidence: float
    bones: tuple[BoneStatus, ...]
    reason: str = ""


def detect(skeleton: Skeleton) -> Detection:
    """Return the likeliest map of a character's bones."""
    names = plain_names(skeleton.names)
    found = [
        _judged(skeleton, BoneMap.of_standard(each, names), each.title) for each in STANDARDS if _may_be(each, names)
    ]
    found.append(_judged(skeleton, _by_words(skeleton), "", most=0.85))
    return max(found, key=lambda each: (round(each.confidence, 3), len(each.bone_map.bones)))


def judge(skeleton: Skeleton, bone_map: BoneMap) -> Detection:
    """Return what is to be said of a map that somebody made or changed."""
    standard = next((each.title for each in STANDARDS if each.name == bone_map.standard), "")
    return _judged(skeleton, bone_map, standard)


def plain_names(names: Sequence[str]) -> dict[str, str]:
    """Return the bones by their names without what stands before them in all: a namespace or a path.

    Where two bones have one plain name, the first keeps it.
    """
    spaces = Counter(name.rpartition(":")[0] for name in names)
    plain: dict[str, str] = {}
    for name in names:
        space, _, own = name.rpartition(":")
        plain.setdefault(own if space and spaces[space] > 3 else name, name)
    # Some programs write mixamorig_ or mixamorig where others have a colon.
    for prefix in ("mixamorig_", "mixamorig1_", "mixamorig"):
        if sum(name.startswith(prefix) for name in plain) > 3:
            return {name.removeprefix(prefix): bone for name, bone in plain.items()}
    return plain


def _may_be(standard: Standard, names: Mapping[str, str]) -> bool:
    if standard.marks and not any(mark in names for mark in standard.marks):
        return False
    return not any(name in names for name in standard.unlike)


def _judged(skeleton: Skeleton, bone_map: BoneMap, named: str, most: float = 1.0) -> Detection:
    """Return a map with a status for every role, and how much is to be believed."""
    statuses = {role: _status(skeleton, bone_map, role) for role in all_roles()}
    arms = [hand for hand in range(2) if all(statuses[sided(role, hand)].status is Status.FOUND for role in NEEDED)]
    fingers = [_sure_fingers(statuses, hand) for hand in range(2)]
    confidence, reason = 0.0, ""
    if len(arms) < 2:
        reason = "it has no two arms with upper arm, forearm and hand"
    elif reason := _unlike_a_person(skeleton, bone_map):
        pass
    elif min(fingers) < _LEAST_FINGERS:
        confidence, reason = 0.4, "its hands have no fingers that were found; map them, or the hands move as a whole"
    else:
        doubts = sum(status.status is Status.DOUBTFUL for status in statuses.values())
        body = sum(statuses[role].status is Status.FOUND for role in BODY)
        confidence = most - 0.03 * (10 - sum(fingers)) - 0.05 * doubts - 0.02 * (len(BODY) - body)
        if sum(fingers) < 10:
            reason = "not all of its fingers were found"
        elif doubts:
            reason = "some bones do not hang where they should"
    return Detection(
        bone_map,
        (named or "names and hierarchy") if confidence >= USABLE else "",
        float(np.clip(confidence, 0.0, 1.0)),
        tuple(statuses.values()),
        reason,
    )


def _sure_fingers(statuses: Mapping[str, BoneStatus], hand: int) -> int:
    """Return how many fingers of a hand have two joints at least."""
    return sum(
        sum(statuses[sided(f"{finger}{joint}", hand)].status is Status.FOUND for joint in (1, 2, 3)) >= 2
        for finger in FINGERS
    )


def _status(skeleton: Skeleton, bone_map: BoneMap, role: str) -> BoneStatus:
    bone = bone_map.bones.get(role, "")
    if not bone:
        return BoneStatus(role, "", Status.MISSING, "no bone was found for it")
    if bone not in skeleton:
        return BoneStatus(role, bone, Status.MISSING, f"the character has no bone {bone}")
    above = _role_above(bone_map, role)
    if above and bone_map.bones[above] in skeleton and not skeleton.is_below(bone, bone_map.bones[above]):
        return BoneStatus(role, bone, Status.DOUBTFUL, f"it does not hang on {title(above)}")
    return BoneStatus(role, bone, Status.FOUND)


def _role_above(bone_map: BoneMap, role: str) -> str:
    """Return the nearest mapped role on which a role's bone is to hang; empty where there is none."""
    stem, _, side = role.partition(".")
    if not side:
        order = [each for each in BODY if each in bone_map.bones]
        # A head without a neck hangs on the chest, and so on; hips may be the root of all.
        place = order.index(role) if role in order else 0
        return order[place - 1] if place > 0 else ""
    hand = SIDES.index(side)
    if stem[-1].isdigit():
        joint = int(stem[-1])
        above = [sided(f"{stem[:-1]}{number}", hand) for number in range(joint - 1, 0, -1)]
        above.append(sided("hand", hand))
    else:
        above = [sided(each, hand) for each in reversed(ARM[: ARM.index(stem)])]
    return next((each for each in above if each in bone_map.bones), "")


def _unlike_a_person(skeleton: Skeleton, bone_map: BoneMap) -> str:
    """Return why a skeleton with two arms is no person's at rest; empty where it may be."""
    head = {role: skeleton.head(bone) for role, bone in bone_map.bones.items() if bone in skeleton}
    left, right = head["upper_arm.L"], head["upper_arm.R"]
    width = float(np.linalg.norm(left - right))
    lengths = [
        sum(
            float(np.linalg.norm(head[sided(end, hand)] - head[sided(start, hand)]))
            for start, end in (("upper_arm", "forearm"), ("forearm", "hand"))
        )
        for hand in range(2)
    ]
    if width <= 1e-9 or min(lengths) <= 1e-9:
        return "its arms have no length at rest"
    if not 0.4 < lengths[0] / lengths[1] < 2.5:
        return "its arms are not of one length"
    if not 0.15 < width / np.mean(lengths) < 4.0:
        return "its shoulders are not as wide as a person's"
    spine = _spine(skeleton, bone_map)
    if spine is not None and skeleton.up is not None and spine @ skeleton.up < _UPRIGHT:
        return "its spine does not stand upright at rest, as a person's does"
    if spine is not None and abs(spine @ (left - right)) > 0.5 * width:
        return "its shoulders are not side by side"
    if _on_the_ground(skeleton, head):
        return "its hands stand on the ground at rest, as an animal's do"
    return ""


def _spine(skeleton: Skeleton, bone_map: BoneMap) -> Array | None:
    """Return the direction (3,) from the hips to the shoulders; None where no bone tells where the hips are."""
    low = next((bone_map.bones[role] for role in ("hips", "spine") if role in bone_map.bones), None)
    if low is None or low not in skeleton:
        return None
    middle = 0.5 * (skeleton.head(bone_map.bones["upper_arm.L"]) + skeleton.head(bone_map.bones["upper_arm.R"]))
    along = middle - skeleton.head(low)
    length = float(np.linalg.norm(along))
    return along / length if length > 1e-9 else None


def _on_the_ground(skeleton: Skeleton, head: Mapping[str, Array]) -> bool:
    if skeleton.up is None:
        return False
    heights = skeleton.heads @ skeleton.up
    low, high = float(heights.min()), float(heights.max())
    wrists = max(float(head[sided("hand", hand)] @ skeleton.up) for hand in range(2))
    return high - low > 1e-9 and (wrists - low) / (high - low) < 0.15


_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("thumb", ("thumb", "pollex")),
    ("index", ("index", "pointer", "forefinger")),
    ("middle", ("middle", "mid", "long")),
    ("ring", ("ring",)),
    ("pinky", ("pinky", "pinkie", "little", "small")),
    ("shoulder", ("clavicle", "collar", "shoulder")),
    ("forearm", ("forearm", "lowerarm", "elbow", "lowarm", "armlower")),
    ("upper_arm", ("upperarm", "uparm", "bicep", "armupper", "shldr", "arm")),
    ("hand", ("hand", "wrist")),
)

_NEVER = (
    "twist",
    "ik",
    "pole",
    "target",
    "ctrl",
    "mch",
    "helper",
    "roll",
    "weapon",
    "prop",
    "metacarpal",
    "end",
    "nub",
    "tip",
)


def _by_words(skeleton: Skeleton) -> BoneMap:
    """Return a map by the words in names, each confirmed by where the bone hangs."""
    bones: dict[str, str] = {}
    for hand in range(2):
        mine = [name for name in skeleton.names if _side_of(name) == hand]
        upper = _named(mine, "upper_arm")
        # The arm is the chain that ends in a hand; its words may differ.
        for wrist in _named(mine, "hand"):
            above = [name for name in skeleton.ancestors(wrist) if _side_of(name) == hand and _is_plain(name)]
            # Of a forearm in two parts, the upper one bends.
            lower = [name for name in above if _word(name) == "forearm"] or [
                name for name in above if _word(name) == "upper_arm"
            ][:1]
            forearm = lower[-1] if lower else None
            higher = above[above.index(forearm) + 1 :] if forearm is not None else []
            arm = next((name for name in higher if name in upper or _word(name) in ("upper_arm", "shoulder")), None)
            if forearm is None or arm is None:
                continue
            bones |= {sided("hand", hand): wrist, sided("forearm", hand): forearm, sided("upper_arm", hand): arm}
            collar = next((name for name in higher[higher.index(arm) + 1 :] if _word(name) == "shoulder"), None)
            if collar is not None:
                bones[sided("shoulder", hand)] = collar
            bones |= _fingers_below(skeleton, wrist, hand)
            break
    return BoneMap(bones | _body_by_words(skeleton))


def _fingers_below(skeleton: Skeleton, wrist: str, hand: int) -> dict[str, str]:
    bones: dict[str, str] = {}
    below = [name for name in skeleton.names if skeleton.is_below(name, wrist)]
    for finger in FINGERS:
        # A name may say nothing but the finger's: the joints are counted by how they hang.
        chain = sorted(
            (name for name in below if _word(name) == finger and _is_plain(name)),
            key=lambda name: len(list(skeleton.ancestors(name))),
        )
        chain = [name for place, name in enumerate(chain) if place == 0 or skeleton.is_below(name, chain[place - 1])]
        if len(chain) == 4 and finger != "thumb":
            # Metacarpal and three joints, or three joints and an end: a metacarpal begins near the wrist.
            first, second = (float(np.linalg.norm(skeleton.head(each) - skeleton.head(wrist))) for each in chain[:2])
            chain = chain[1:] if first < 0.55 * second else chain[:3]
        for joint, name in enumerate(chain[:3], start=1):
            bones[sided(f"{finger}{joint}", hand)] = name
    return bones


def _body_by_words(skeleton: Skeleton) -> dict[str, str]:
    words = {
        "hips": ("hips", "pelvis", "hip"),
        "spine": ("spine",),
        "chest": ("chest",),
        "neck": ("neck",),
        "head": ("head",),
    }
    bones: dict[str, str] = {}
    for role, wanted in words.items():
        plain = [name for name in skeleton.names if re.sub(r"[^a-z]", "", name.rpartition(":")[2].lower()) in wanted]
        if plain and plain[0] not in bones.values():
            bones[role] = plain[0]
    return bones


def _named(names: Sequence[str], role: str) -> list[str]:
    return [name for name in names if _word(name) == role and _is_plain(name)]


def _is_plain(name: str) -> bool:
    words = re.split(r"[^a-z]+", _spaced(name).lower())
    return not any(word in _NEVER for word in words)


def _spaced(name: str) -> str:
    own = name.rpartition(":")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", own)


def _side_of(name: str) -> int | None:
    """Return 0 for a left bone, 1 for a right one; None where its name does not say."""
    words = re.split(r"[^a-z]+", _spaced(name).lower())
    left, right = ({"l", "left", "lft"} & set(words)), ({"r", "right", "rgt"} & set(words))
    if bool(left) == bool(right):
        joined = "".join(words)
        left, right = "left" in joined, "right" in joined
    return None if bool(left) == bool(right) else (0 if left else 1)


def _word(name: str) -> str:
    """Return what of an arm or a hand a name says; empty where nothing."""
    words = [word for word in re.split(r"[^a-z]+", _spaced(name).lower()) if word]
    joined = "".join(word for word in words if word not in ("l", "r", "left", "right"))
    for role, wanted in _WORDS:
        if any(each in words or (len(each) > 3 and each in joined) for each in wanted):
            return role
    return ""
