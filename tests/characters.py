# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters to retarget to: standards by their names, rest poses, proportions, axes and units, made of numbers."""

from dataclasses import dataclass

import numpy as np

FINGER_ORDER = ("index", "middle", "pinky", "ring", "thumb")


@dataclass(frozen=True)
class Kind:
    """How a standard's character is made.

    Attributes:
        standard: name of its table.
        down: degrees by which the arms hang at rest; 0 is a T-pose.
        bend: degrees by which the elbows are bent at rest.
        curl: degrees by which each finger joint is bent at rest.
        roll: degrees by which the palms are turned at rest, from facing down.
        unit: how many of its units a metre is.
        y_up: whether y is up in its armature, as importers leave it, and not z.
        along: which axis of a bone lies along it: "y" as in Blender, "x" as in Unreal.
        shoulder: half the width of the shoulders, metres; `upper`, `fore` and `palm` likewise the lengths.
        metacarpal: pattern of a bone between hand and finger; empty for none.
        tips: pattern of a bone after the last joint.
        prefix: before every name.
        twist_in_chain: whether the hand hangs on the last twist bone.
    """

    standard: str
    down: float = 0.0
    bend: float = 0.0
    curl: float = 0.0
    roll: float = 0.0
    unit: float = 1.0
    y_up: bool = False
    along: str = "y"
    shoulder: float = 0.17
    upper: float = 0.28
    fore: float = 0.25
    palm: float = 0.095
    metacarpal: str = ""
    tips: str = ""
    prefix: str = ""
    twist_in_chain: bool = False


KINDS = (
    Kind(
        "mixamo",
        unit=100.0,
        y_up=True,
        tips="{side}Hand{Finger}4",
        prefix="mixamorig:",
        shoulder=0.15,
        upper=0.27,
        fore=0.27,
    ),
    Kind("rigify_metarig", down=35.0, bend=12.0, curl=10.0, metacarpal="palm.0{n}.{side}", shoulder=0.16),
    Kind(
        "unreal",
        down=48.0,
        bend=18.0,
        curl=14.0,
        roll=-20.0,
        unit=100.0,
        along="x",
        metacarpal="{finger}_metacarpal_{side}",
    ),
    Kind(
        "metahuman",
        down=45.0,
        bend=15.0,
        curl=16.0,
        roll=-25.0,
        unit=100.0,
        along="x",
        metacarpal="{finger}_metacarpal_{side}",
        upper=0.30,
    ),
    Kind("vrm", shoulder=0.11, upper=0.21, fore=0.21, palm=0.066, tips="J_Bip_{side}_{Finger}3_end"),
    Kind("vrm_addon", shoulder=0.12, upper=0.22, fore=0.20, palm=0.07),
    Kind("unity_humanoid", down=10.0, curl=5.0, y_up=True),
    Kind("character_creator", down=42.0, curl=12.0, roll=-30.0, unit=100.0, y_up=True),
    Kind("daz_genesis8", down=40.0, bend=8.0, curl=9.0, unit=100.0, twist_in_chain=True, metacarpal="{side}Carpal{n}"),
    Kind("daz_genesis9", down=44.0, curl=11.0, unit=100.0, metacarpal="{side}_{finger}metacarpal"),
    Kind(
        "makehuman", down=38.0, bend=10.0, curl=8.0, unit=10.0, twist_in_chain=True, metacarpal="metacarpal{n}.{side}"
    ),
    Kind("smplx", shoulder=0.17, upper=0.26, fore=0.25),
    Kind("biped", down=50.0, curl=6.0, roll=-60.0, along="x", unit=39.37, shoulder=0.2),
    Kind("soma", unit=100.0, y_up=True, metacarpal="{side}Hand{Finger}1", tips="{side}Hand{Finger}End"),
    Kind("rokoko", unit=100.0, y_up=True, metacarpal="{side}Finger{f}Metacarpal"),
    Kind("meshy_tripo", down=5.0, y_up=True, shoulder=0.14, upper=0.23, fore=0.22, palm=0.12),
    Kind("chironomy_character", down=50.0, bend=30.0),
)


def skeleton(kind: Kind, rotated=None):
    """Return the skeleton of a kind, and its bone map's standard.

    Args:
        kind: of the character.
        rotated: (3, 3) by which all of the armature's space is turned; None leaves it.
    """
    from chironomy.retarget.skeleton import Skeleton

    bones = _bones(kind)
    if kind.standard == "metahuman":
        arm = next(each for each in bones if each[0] == "upperarm_l")
        bones.append(("upperarm_correctiveRoot_l", "upperarm_l", arm[2], arm[2] + [0.0, 0.05, 0.0]))
    names = [name for name, *_ in bones]
    parents = np.array([-1 if parent is None else names.index(parent) for _, parent, *_ in bones])
    heads, tails = (np.array([each[place] for each in bones]) for place in (2, 3))
    # Made in the frame of the body: y up, z forward. Blender's armatures have z up and face -y.
    turn = np.eye(3) if kind.y_up else np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    if rotated is not None:
        turn = rotated @ turn
    heads, tails = kind.unit * heads @ turn.T, kind.unit * tails @ turn.T
    axes = np.array([_axes(tail - head, kind.along, turn) for head, tail in zip(heads, tails, strict=True)])
    return Skeleton(tuple(names), parents, heads, tails, axes, turn @ np.array([0.0, 1.0, 0.0]))


def _axes(out, along, turn):
    from chironomy.motion import rotation as quaternion

    first = out / np.linalg.norm(out)
    other = turn @ np.array([0.0, 0.0, 1.0])
    if abs(other @ first) > 0.9:
        other = turn @ np.array([0.0, 1.0, 0.0])
    third = np.cross(first, other)
    third /= np.linalg.norm(third)
    second = np.cross(third, first)
    columns = {"y": (second, first, -third), "x": (first, second, third)}[along]
    return quaternion.from_matrix(np.stack(columns, axis=-1))


def _bones(kind):
    """Return name, parent, head and tail of every bone, in metres of the frame of the body, soles at y = 0."""
    from chironomy.retarget.maps import STANDARDS

    table = next(each for each in STANDARDS if each.name == kind.standard)
    top = 1.42

    def name(role, hand=None):
        return kind.prefix + table.bones[role][0].replace("{side}", table.sides[hand] if hand is not None else "")

    at = {"hips": 0.95, "spine": 1.05, "chest": 1.25, "neck": top + 0.06, "head": top + 0.17}
    bones, above = [], None
    for role, height in at.items():
        bones.append((name(role), above, np.array([0.0, height, 0.0]), np.array([0.0, height + 0.1, 0.0])))
        above = name(role)
    for hand, sign in enumerate((1.0, -1.0)):
        side = table.sides[hand]
        for leg, (high, low) in {"Leg": (0.92, 0.5), "Shin": (0.5, 0.08)}.items():
            bones.append(
                (
                    f"{kind.prefix}{leg}_{side}",
                    name("hips"),
                    np.array([sign * 0.09, high, 0.0]),
                    np.array([sign * 0.09, low, 0.0]),
                )
            )
        bones += _arm(kind, table, name, hand, sign, side, top)
    return bones


def _arm(kind, table, name, hand, sign, side, top):
    down, bend, roll = np.radians([kind.down, kind.bend, kind.roll])
    mirror = np.array([sign, 1.0, 1.0])
    # As a left arm: along x, palm down, thumb to +z.
    out = _about_z(-down) @ np.array([1.0, 0.0, 0.0])
    front = np.array([0.0, 0.0, 1.0])
    fore = np.cos(bend) * out + np.sin(bend) * front
    shoulder = np.array([kind.shoulder, top, 0.0])
    elbow = shoulder + kind.upper * out
    wrist = elbow + kind.fore * fore
    # Hand frame: u along, s to the thumb, n up from the back of the hand.
    u = fore
    n = np.cross(np.cross(u, np.array([0.0, 1.0, 0.0])), u)
    n /= np.linalg.norm(n)
    turn = _about(u, roll)
    n = turn @ n
    s = np.cross(n, u) * -1.0
    s = s if s @ front > 0 else -s
    # The thumb's side lies to the front with palms down.
    parts = [
        (name("shoulder", hand), name("chest"), np.array([0.03, top, 0.0]), shoulder),
        (name("upper_arm", hand), name("shoulder", hand), shoulder, elbow),
        (name("forearm", hand), name("upper_arm", hand), elbow, wrist),
    ]
    last = name("forearm", hand)
    twists = [each.replace("{side}", side) for each in table.twist]
    if kind.standard == "biped":
        twists = twists[:1]
    for number, twist in enumerate(twists):
        begin = elbow + kind.fore * fore * (number + 1) / (len(twists) + 1)
        parts.append((kind.prefix + twist, last if kind.twist_in_chain else name("forearm", hand), begin, wrist))
        last = kind.prefix + twist if kind.twist_in_chain else last
    parts.append((name("hand", hand), last, wrist, wrist + kind.palm * u))
    knuckle = {
        "index": (1.0, 0.26, 0.40),
        "middle": (1.02, 0.03, 0.45),
        "ring": (0.97, -0.18, 0.41),
        "pinky": (0.88, -0.37, 0.33),
    }
    for number, finger in enumerate(("index", "middle", "ring", "pinky"), start=1):
        along, aside, length = knuckle[finger]
        base = wrist + kind.palm * (along * u + aside * s)
        above = name("hand", hand)
        if kind.metacarpal:
            bone = kind.prefix + _filled(kind.metacarpal, finger, side, number)
            parts.append((bone, above, wrist + 0.3 * kind.palm * (u + aside * s), base))
            above = bone
        splay = _about(
            n, np.radians({"index": -6.0, "middle": 0.0, "ring": 6.0, "pinky": 13.0}[finger]) * _handed(u, s, n)
        )
        parts += _finger(kind, name, hand, finger, base, splay @ u, n, length * kind.palm, above, side, number)
    thumb = _about(n, np.radians(-42.0) * _handed(u, s, n)) @ u - 0.35 * n
    base = wrist + kind.palm * (0.22 * u + 0.20 * s - 0.10 * n)
    parts += _finger(
        kind, name, hand, "thumb", base, thumb / np.linalg.norm(thumb), n, 0.42 * kind.palm, name("hand", hand), side, 5
    )
    return [(bone, above, head * mirror, tail * mirror) for bone, above, head, tail in parts]


def _handed(u, s, n):
    """+1 where a positive turn about n takes the thumb's side away from itself."""
    return 1.0 if np.cross(n, u) @ s < 0.0 else -1.0


def _finger(kind, name, hand, finger, base, along, back, length, above, side, number):
    parts, head = [], base
    axis = np.cross(back, along)
    axis /= np.linalg.norm(axis)
    for joint in (1, 2, 3):
        along = _about(axis, np.radians(kind.curl)) @ along
        tail = head + length * (1.0, 0.62, 0.45)[joint - 1] * along
        bone = name(f"{finger}{joint}", hand)
        parts.append((bone, above, head, tail))
        above, head = bone, tail
    if kind.tips:
        tip = kind.prefix + _filled(kind.tips, finger, side, number)
        parts.append((tip, above, head, head + 0.3 * length * along))
    return parts


def _filled(pattern, finger, side, number):
    words = {"index": "Index", "middle": "Middle", "ring": "Ring", "pinky": "Pinky", "thumb": "Thumb"}
    return (
        pattern.replace("{side}", side)
        .replace("{Finger}", words[finger])
        .replace("{finger}", finger)
        .replace("{n}", str(number))
        .replace("{f}", str(number + 1))
    )


def _about_z(angle):
    return _about(np.array([0.0, 0.0, 1.0]), angle)


def _about(axis, angle):
    from chironomy.motion import rotation as quaternion

    return quaternion.to_matrix(quaternion.from_rotation_vector(angle * np.asarray(axis)))


def dog():
    """A dog as people rig it, with an animal's legs under words of arms."""
    from chironomy.retarget.skeleton import chain_of

    bones = [
        ("hips", None, (0, 0.3, 0.5)),
        ("spine", "hips", (0, 0.1, 0.52)),
        ("chest", "spine", (0, -0.2, 0.55)),
        ("neck", "chest", (0, -0.4, 0.6)),
        ("head", "neck", (0, -0.55, 0.7)),
        ("tail", "hips", (0, 0.45, 0.5)),
    ]
    for side, x in (("L", 0.1), ("R", -0.1)):
        bones += [
            (f"shoulder.{side}", "chest", (x, -0.25, 0.5)),
            (f"upper_arm.{side}", f"shoulder.{side}", (x, -0.25, 0.45)),
            (f"forearm.{side}", f"upper_arm.{side}", (x, -0.2, 0.25)),
            (f"hand.{side}", f"forearm.{side}", (x, -0.22, 0.05)),
        ]
        for number, finger in enumerate(("f_index", "f_middle", "f_ring", "f_pinky")):
            bones.append((f"{finger}.01.{side}", f"hand.{side}", (x + 0.01 * number, -0.26, 0.03)))
            bones.append((f"{finger}.02.{side}", f"{finger}.01.{side}", (x + 0.01 * number, -0.29, 0.01)))
    return _plain(bones, chain_of)


def car():
    """A car, whose wheels and doors have sides, too."""
    from chironomy.retarget.skeleton import chain_of

    bones = [("body", None, (0, 0, 0.5)), ("steering", "body", (0.3, -0.5, 0.8))]
    for side, x in (("L", 0.8), ("R", -0.8)):
        for end, y in (("front", -1.2), ("rear", 1.2)):
            bones += [
                (f"suspension_arm_{end}.{side}", "body", (x * 0.6, y, 0.4)),
                (f"wheel_{end}.{side}", f"suspension_arm_{end}.{side}", (x, y, 0.35)),
            ]
        bones += [(f"door.{side}", "body", (x, -0.4, 0.7)), (f"wiper_arm.{side}", "body", (x * 0.4, -0.9, 0.9))]
        bones += [(f"handle_ring.{side}", f"door.{side}", (x, 0.2, 0.8))]
    return _plain(bones, chain_of)


def fingerless(kind=KINDS[0]):
    """A Mixamo character whose hands are mittens."""
    from chironomy.retarget.skeleton import Skeleton

    whole = skeleton(kind)
    kept = [index for index, name in enumerate(whole.names) if "Hand" not in name or name.endswith("Hand")]
    places = {old: new for new, old in enumerate(kept)}
    parents = np.array([places.get(int(whole.parents[old]), -1) for old in kept])
    return Skeleton(
        tuple(whole.names[old] for old in kept),
        parents,
        whole.heads[kept],
        whole.tails[kept],
        whole.axes[kept],
        whole.up,
    )


def _plain(bones, chain_of):
    from dataclasses import replace

    names, parents, heads = zip(*bones, strict=True)
    heads = np.array(heads, dtype=float)
    made = chain_of(
        names, parents, heads, heads + np.array([0.0, 0.0, 0.05]), np.tile([1.0, 0.0, 0.0, 0.0], (len(heads), 1))
    )
    return replace(made, up=np.array([0.0, 0.0, 1.0]))
