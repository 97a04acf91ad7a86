# SPDX-License-Identifier: GPL-3.0-or-later
"""Another person's proportions for the character: head, neck, arms and hands against the width of the shoulders.

The distance between the shoulders stays as it is and everything else is told in it, because a picture fixes the size of
nothing by itself: a camera that is nearer makes the whole person larger.
"""

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rig import SIDES, Rig

Array = NDArray[np.float64]

SMALLEST, LARGEST = 0.5, 2.0
"""What a scale may be."""

FARTHEST_HEAD = 0.25
"""Metres that the head may be moved by along an axis."""


@dataclass(frozen=True)
class Proportions:
    """How a person differs from the character.

    Attributes:
        head: scale of the head, about the joint `head`.
        arms: scale of upper arms and forearms, about the upper arms' heads.
        hands: scale of the hands, about the wrists.
        head_offset: (x, y, z) metres in the frame of the body by which the head is moved, the neck following: a longer
            neck, lower shoulders, a head carried to one side.

    Raises:
        BodyError: a value is not finite or out of range; the sentence names the field.
    """

    head: float = 1.0
    arms: float = 1.0
    hands: float = 1.0
    head_offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Check every field and settle it to its type."""
        for name in ("head", "arms", "hands"):
            value = getattr(self, name)
            if not _is_number(value) or not SMALLEST <= value <= LARGEST:
                raise BodyError(
                    f"proportions {name} is {value!r:.60}, but must be a number from {SMALLEST:g} to {LARGEST:g}"
                )
            object.__setattr__(self, name, float(value))
        offset = self.head_offset
        if (
            not isinstance(offset, list | tuple | np.ndarray)
            or len(offset) != 3
            or not all(_is_number(value) and abs(value) <= FARTHEST_HEAD for value in offset)
        ):
            raise BodyError(
                f"proportions head_offset is {offset!r:.60}, but must be 3 numbers from {-FARTHEST_HEAD} to "
                f"{FARTHEST_HEAD} (metres)"
            )
        x, y, z = offset
        object.__setattr__(self, "head_offset", (float(x), float(y), float(z)))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; `from_dict` reads them back exactly."""
        return {"head": self.head, "arms": self.arms, "hands": self.hands, "head_offset": list(self.head_offset)}

    @classmethod
    def from_dict(cls, values: Any) -> "Proportions":
        """The proportions that `to_dict` described.

        Raises:
            BodyError: a field is missing, unknown or out of range.
        """
        known = {entry.name for entry in fields(cls)}
        if not isinstance(values, dict) or set(values) != known:
            found = repr(sorted(values) if isinstance(values, dict) else values)[:60]
            raise BodyError(f"proportions must have the fields {', '.join(sorted(known))}, but has {found}")
        return cls(**values)


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float | np.number) and bool(np.isfinite(value))


@lru_cache(maxsize=8)
def proportioned(rig: Rig, proportions: Proportions) -> Rig:
    """Return the character with a person's proportions: joints, mesh and face actions.

    The mesh follows by linear blending: each joint maps its surroundings x to s (x - b) + b', with s the joint's scale
    and b, b' its head before and after. Rotations, weights and faces stay, so every pose of one rig is a pose of the
    other; of the same arguments the same object is returned.
    """
    if proportions == Proportions():
        return rig
    scale = joint_scales(rig, proportions)
    position = proportioned_joints(rig, proportions)
    vertex_scale = (rig.weight * scale[rig.weight_joint]).sum(axis=1)
    shift = position - scale[:, None] * rig.joint_position
    vertices = vertex_scale[:, None] * rig.vertices + np.einsum("vk,vka->va", rig.weight, shift[rig.weight_joint])
    tail = position + scale[:, None] * (rig.joint_tail - rig.joint_position)
    for joint, parent in enumerate(rig.parents):
        if parent >= 0 and np.allclose(rig.joint_tail[parent], rig.joint_position[joint], atol=1e-6):
            tail[parent] = position[joint]
    return replace(
        rig,
        joint_position=_read_only(position),
        joint_tail=_read_only(tail),
        vertices=_read_only(vertices.astype(np.float32)),
        action_offset=_read_only(
            (rig.action_offset * vertex_scale[rig.action_vertex][:, None]).astype(rig.action_offset.dtype)
        ),
    )


def joint_scales(rig: Rig, proportions: Proportions) -> Array:
    """Return (J,) the scale of each joint's surroundings."""
    roots = {"head": proportions.head}
    for side in SIDES:
        roots |= {f"upper_arm.{side}": proportions.arms, f"wrist.{side}": proportions.hands}
    scale = np.ones(rig.joint_count)
    for joint, (name, parent) in enumerate(zip(rig.joint_names, rig.parents, strict=True)):
        scale[joint] = roots.get(name, scale[parent] if parent >= 0 else 1.0)
    return scale


def proportioned_joints(rig: Rig, proportions: Proportions) -> Array:
    """Return (J, 3) the heads of the joints in the bind pose, metres."""
    scale = joint_scales(rig, proportions)
    head = rig.index("head")
    # The neck's joints share the offset, so that the neck bends or stretches evenly.
    neck = [head]
    while rig.joint_names[rig.parents[neck[-1]]].startswith("neck"):
        neck.append(int(rig.parents[neck[-1]]))
    moved = {joint: 1.0 / len(neck) for joint in neck}
    position = np.empty_like(rig.joint_position)
    for joint, parent in enumerate(rig.parents):
        bind = rig.joint_position[joint]
        if parent >= 0:
            bind = position[parent] + scale[parent] * (bind - rig.joint_position[parent])
        position[joint] = bind + moved.get(joint, 0.0) * np.asarray(proportions.head_offset)
    return position


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
