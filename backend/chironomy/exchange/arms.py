# SPDX-License-Identifier: GPL-3.0-or-later
"""Which joints of a stranger's skeleton are hands and fingers, by their names, and arms, by what the hands hang on.

Names are taken apart into words: `mixamorig:LeftHandIndex1`, `index_01_l`, `J_Bip_L_Index1`, `LeftIndexProximal`,
`LeftFinger2Medial`, `Bip01 L Finger11`, `left_index1`, `index1.L`.
"""

import itertools
import re
from dataclasses import dataclass, field

import numpy as np

from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.skeleton import SkeletonMotion

FINGERS = ("index", "middle", "pinky", "ring", "thumb")
"""In MANO's order."""

_SIDES = ({"left", "l", "lft", "lf"}, {"right", "r", "rgt", "rt"})
_FINGER_WORDS = {
    "thumb": "thumb", "index": "index", "pointer": "index", "middle": "middle", "mid": "middle", "ring": "ring",
    "pinky": "pinky", "pinkie": "pinky", "little": "pinky",
}  # fmt: skip
_NUMBERED = ("thumb", "index", "middle", "ring", "pinky")
_NO_JOINT = {"end", "nub", "tip", "ik", "effector", "target", "pole", "ctrl", "control", "prop", "attach", "socket",
             "site", "goal"}  # fmt: skip
_NOT_BENDING = {"twist", "roll", "trans", "helper", "corrective"}
_METACARPAL = {"metacarpal", "meta", "carpal", "palm"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Arm:
    """Joints of one arm, by their numbers.

    Attributes:
        shoulder: where the upper arm turns.
        elbow: where the forearm turns.
        wrist: where the hand turns.
        fingers: by name, up to three joints each, knuckle first, and what lies beyond the last of them, or None.
    """

    shoulder: int
    elbow: int
    wrist: int
    fingers: dict[str, tuple[tuple[int, ...], int | None]] = field(default_factory=dict)


def find_arms(skeleton: SkeletonMotion) -> tuple[tuple[Arm, Arm], int]:
    """Return the left arm, the right arm and the joint that both hang on: the upper chest.

    Raises:
        ExchangeError: there are not two hands whose arms meet; the sentence names what is missed.
    """
    words = [_words(name) for name in skeleton.names]
    arms = (_arm(skeleton, words, 0), _arm(skeleton, words, 1))
    above = [_above(skeleton, arm.shoulder) for arm in arms]
    common = next((joint for joint in above[0] if joint in above[1]), None)
    if common is None:
        raise ExchangeError("the two arms hang on no common joint, so it cannot be told where the chest is")
    return arms, common


def _words(name: str) -> list[str]:
    """The words of a name in small letters, without what stands before a colon or a bar."""
    return [word.lower() for word in _WORD.findall(re.split(r"[:|]", name)[-1])]


def _arm(skeleton: SkeletonMotion, words: list[list[str]], side: int) -> Arm:
    told = ("left", "right")[side]
    ours = [joint for joint, said in enumerate(words) if _SIDES[side] & set(said) and not _NO_JOINT & set(said)]
    hands = [joint for joint in ours if {"hand", "wrist"} & set(words[joint]) and _finger(words[joint]) is None]
    if not hands:
        some = ", ".join(skeleton.names[:6])
        raise ExchangeError(
            f"the skeleton has no {told} hand: no joint is called hand or wrist and {told} or {told[0]}; its joints "
            f"are {some} …"
        )
    below = {hand: [joint for joint in ours if hand in _above(skeleton, joint)] for hand in hands}
    fingers = {hand: [joint for joint in below[hand] if _finger(words[joint])] for hand in hands}
    # Of a wrist and a hand on it, the one nearest to the fingers; of several like it, such as a twist, the uppermost.
    wrist = max(hands, key=lambda hand: (len(fingers[hand]), "hand" in words[hand], -len(words[hand]), -hand))
    near = [hand for hand in hands if len(fingers[hand]) == len(fingers[wrist]) and fingers[hand]]
    wrist = max(near, key=lambda hand: len(_above(skeleton, hand)), default=wrist)
    chain = []
    at = skeleton.rest_position[wrist]
    for joint in _above(skeleton, wrist):
        apart = np.linalg.norm(skeleton.rest_position[joint] - at) > 1e-4 * _size(skeleton)
        if apart and not _NOT_BENDING & set(words[joint]):
            chain.append(joint)
            at = skeleton.rest_position[joint]
        if len(chain) == 2:
            break
    if len(chain) < 2:
        raise ExchangeError(f"the {told} hand, {skeleton.names[wrist]}, hangs on no forearm and upper arm")
    return Arm(chain[1], chain[0], wrist, _fingers(skeleton, words, fingers[wrist]))


def _fingers(
    skeleton: SkeletonMotion, words: list[list[str]], joints: list[int]
) -> dict[str, tuple[tuple[int, ...], int | None]]:
    """Return the joints of each finger and what lies beyond them."""
    told: dict[str, list[int]] = {}
    numbers = sorted({int(kind) for joint in joints if (kind := _finger(words[joint]) or "").isdigit()})
    for joint in joints:
        kind = _finger(words[joint])
        if kind is not None and kind.isdigit():
            place = int(kind) - (0 if numbers[0] == 0 else 1)
            kind = _NUMBERED[place] if 0 <= place < len(_NUMBERED) else None
        if kind is not None:
            told.setdefault(kind, []).append(joint)
    found = {}
    for kind, listed in told.items():
        chain = sorted(listed, key=lambda joint: len(_above(skeleton, joint)))
        if kind != "thumb" and len(chain) > 1 and _is_metacarpal(words[chain[0]], words[chain[1]]):
            del chain[0]
        if len(chain) >= 2:
            beyond = chain[3] if len(chain) > 3 else None
            found[kind] = (tuple(chain[:3]), beyond)
    return found


def _is_metacarpal(first: list[str], second: list[str]) -> bool:
    """Whether the first of a finger's joints lies in the palm: it says so, or is the only one without a number."""
    return bool(
        _METACARPAL & set(first)
        or "in" in first
        or (not any(word.isdigit() for word in first) and any(word.isdigit() for word in second))
        or (any(word.isdigit() and int(word) == 0 for word in first))
    )


def _finger(words: list[str]) -> str | None:
    """The finger that a joint is of, or the number that it has instead of a name."""
    for word in words:
        if word in _FINGER_WORDS:
            return _FINGER_WORDS[word]
    for word, after in itertools.pairwise(words):
        if word in ("finger", "digit") and after.isdigit():
            # Of Biped's Finger01 the first figure is the finger's, the second the joint's.
            return after[0]
    return None


def _above(skeleton: SkeletonMotion, joint: int) -> list[int]:
    """The joints that a joint hangs on, nearest first."""
    found = []
    while (joint := skeleton.parents[joint]) >= 0:
        found.append(joint)
    return found


def _size(skeleton: SkeletonMotion) -> float:
    return float(np.ptp(skeleton.rest_position, axis=0).max()) or 1.0
