# SPDX-License-Identifier: GPL-3.0-or-later
"""`BoneMap`: which bone of a character has which role, and which of its bones are keyed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from chironomy.body.rig import SIDES
from chironomy.files import atomic_path
from chironomy.retarget.errors import RetargetError
from chironomy.retarget.maps import STANDARDS, Controls, Standard
from chironomy.retarget.roles import FINGER_JOINTS, NEEDED, all_roles, sided
from chironomy.schema import Schema

MAP_FILE = Schema("chironomy.bone_map", "a bone map", RetargetError, "detect the character's bones again")


@dataclass(frozen=True)
class ArmControls:
    """How one arm of a control rig is moved; see `maps.standard.Controls`, of which this is one side.

    Attributes:
        hand, pole, roll: bones; empty where there is none.
        switch: bone and custom property.
        fk_at: value of the switch for forward kinematics.
        pole_switch: bone and custom property; None where the pole always counts.
    """

    hand: str
    pole: str
    switch: tuple[str, str]
    fk_at: float = 1.0
    roll: str = ""
    pole_switch: tuple[str, str] | None = None


@dataclass(frozen=True)
class BoneMap:
    """The bones of a character.

    Attributes:
        bones: role to the bone that shows it, which is measured and read.
        keyed: role to the bone that is keyed for it, where that is another one.
        twist: of each hand the bones along the forearm that share the wrist's twist.
        shares_twist: whether the rig shares the twist by itself.
        controls: of each hand; None where the arm has no inverse kinematics of its own.
        standard: the name of its table; empty where the bones were found without one, or mapped by a person.
    """

    bones: Mapping[str, str]
    keyed: Mapping[str, str] = field(default_factory=dict)
    twist: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    shares_twist: bool = False
    controls: tuple[ArmControls | None, ArmControls | None] = (None, None)
    standard: str = ""

    @classmethod
    def of_standard(cls, standard: Standard, names: Mapping[str, str]) -> Self:
        """Return the map of a standard.

        Args:
            standard: its table.
            names: the character's bones, by their names as the standard has them.
        """
        bones, keyed = {}, {}
        for role, side in _sided_roles(standard):
            hand = SIDES.index(side) if side else None
            stem = role.partition(".")[0]
            taken = set(bones.values())
            for template in standard.bones[stem]:
                found = names.get(_filled(template, standard, hand))
                if found is not None and found not in taken:
                    bones[role] = found
                    break
            if standard.controls is not None and side and stem in standard.controls.fk and role in bones:
                control = names.get(_filled(standard.controls.fk[stem], standard, hand))
                if control is not None:
                    keyed[role] = control
        twist = [
            tuple(names[each] for template in standard.twist if (each := _filled(template, standard, hand)) in names)
            for hand in range(2)
        ]
        controls = [_arm_controls(standard, names, hand) for hand in range(2)]
        return cls(bones, keyed, (twist[0], twist[1]), standard.shares_twist, (controls[0], controls[1]), standard.name)

    def has_arm(self, hand: int) -> bool:
        """Whether all that an arm needs is mapped."""
        return all(sided(role, hand) in self.bones for role in NEEDED)

    def finger_roles(self, hand: int) -> tuple[str, ...]:
        """Return the roles of a hand's fingers that are mapped, in MANO's order."""
        return tuple(sided(role, hand) for role in FINGER_JOINTS if sided(role, hand) in self.bones)

    def key_bone(self, role: str) -> str:
        """Return the bone that is keyed for a role."""
        return self.keyed.get(role, self.bones[role])

    def with_bone(self, role: str, bone: str) -> Self:
        """Return the map with another bone for a role; with none where the name is empty.

        What a table says of the role's control no longer holds.
        """
        if role not in all_roles():
            raise RetargetError(f"there is no role {role}; it is one of {', '.join(all_roles())}")
        bones = {name: each for name, each in self.bones.items() if name != role}
        if bone:
            bones[role] = bone
        return replace(self, bones=bones, keyed={name: each for name, each in self.keyed.items() if name != role})

    def to_dict(self) -> dict[str, Any]:
        """Return the map as JSON values."""
        return {
            "format": MAP_FILE.format,
            "standard": self.standard,
            "bones": dict(self.bones),
            "keyed": dict(self.keyed),
            "twist": [list(each) for each in self.twist],
            "shares_twist": self.shares_twist,
            "controls": [None if each is None else vars(each) for each in self.controls],
        }

    @classmethod
    def from_dict(cls, value: Any, where: str = "the bone map") -> Self:
        """Return the map of JSON values.

        Raises:
            RetargetError: they are none.
        """
        value = MAP_FILE.newest(value, where)
        try:
            known = set(all_roles())
            bones = {str(role): str(bone) for role, bone in value["bones"].items() if role in known}
            keyed = {str(role): str(bone) for role, bone in value["keyed"].items() if role in known}
            first, second = ((*map(str, each),) for each in value["twist"])
            one, other = (None if each is None else _read_controls(each) for each in value["controls"])
            return cls(bones, keyed, (first, second), bool(value["shares_twist"]), (one, other), str(value["standard"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise RetargetError("this is no bone map, or a damaged one; detect the character's bones again") from None

    def save(self, path: str | Path) -> None:
        """Write the map to a JSON file."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a map that `save` wrote.

        Raises:
            RetargetError: the file is missing, damaged, no bone map or of a newer version.
        """
        return cls.from_dict(MAP_FILE.read_json(path, name=Path(path).name), Path(path).name)


def standard_named(name: str) -> Standard | None:
    """Return a standard by its name."""
    return next((standard for standard in STANDARDS if standard.name == name), None)


def _sided_roles(standard: Standard) -> list[tuple[str, str]]:
    return [(role, role.partition(".")[2]) for role in all_roles() if role.partition(".")[0] in standard.bones]


def _filled(template: str, standard: Standard, hand: int | None) -> str:
    return template if hand is None else template.replace("{side}", standard.sides[hand])


def _arm_controls(standard: Standard, names: Mapping[str, str], hand: int) -> ArmControls | None:
    table: Controls | None = standard.controls
    if table is None:
        return None

    def bone(template: str) -> str:
        return names.get(_filled(template, standard, hand), "")

    if not bone(table.hand) or not bone(table.switch[0]):
        return None
    pole_switch = table.pole_switch
    return ArmControls(
        bone(table.hand),
        bone(table.pole),
        (bone(table.switch[0]), table.switch[1]),
        table.fk_at,
        bone(table.roll) if table.roll else "",
        None if pole_switch is None else (bone(pole_switch[0]), pole_switch[1]),
    )


def _read_controls(value: Any) -> ArmControls:
    switch, pole = value["switch"], value["pole_switch"]
    return ArmControls(
        str(value["hand"]),
        str(value["pole"]),
        (str(switch[0]), str(switch[1])),
        float(value["fk_at"]),
        str(value["roll"]),
        None if pole is None else (str(pole[0]), str(pole[1])),
    )
