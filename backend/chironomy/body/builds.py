# SPDX-License-Identifier: GPL-3.0-or-later
"""Other bodies of the character: builds, and a child, by how long and how thick its parts are.

They have the character's topology: joints, faces, weights and face actions are the same, so that it costs nothing to
ship them. Figures of stature and of heads to a body are of the usual tables of anthropometry, the rest is set by eye.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rig import SIDES, Rig

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Build:
    """How a body differs from the character: factors, of lengths along the bones and of girths across them.

    Attributes:
        stature: of all.
        trunk: girth of hips, belly and chest.
        shoulders: length of the collar bones.
        neck: length and girth.
        head: size.
        arms: length and girth.
        hands: size.
        legs: length and girth.
    """

    stature: float = 1.0
    trunk: float = 1.0
    shoulders: float = 1.0
    neck: tuple[float, float] = (1.0, 1.0)
    head: float = 1.0
    arms: tuple[float, float] = (1.0, 1.0)
    hands: float = 1.0
    legs: tuple[float, float] = (1.0, 1.0)


BUILDS: dict[str, Build] = {
    "slim": Build(trunk=0.90, neck=(1.02, 0.92), arms=(1.0, 0.86), hands=0.97, legs=(1.02, 0.88)),
    "heavy": Build(trunk=1.24, neck=(0.94, 1.16), head=1.03, arms=(0.99, 1.24), hands=1.05, legs=(0.98, 1.18)),
    "tall": Build(stature=1.08, head=0.95, arms=(1.03, 0.98), legs=(1.06, 0.97)),
    "short": Build(stature=0.92, trunk=1.04, head=1.05, arms=(0.97, 1.03), legs=(0.95, 1.03)),
    "child": Build(
        stature=0.70, trunk=0.98, shoulders=0.94, neck=(0.88, 0.90), head=1.34, arms=(0.94, 0.96), hands=0.98,
        legs=(0.93, 1.0),
    ),
}  # fmt: skip
"""Builds by name."""


@lru_cache(maxsize=8)
def built(rig: Rig, name: str) -> Rig:
    """Return the character with another build: joints, mesh and face actions.

    The mesh follows by linear blending: each joint maps its surroundings x to S (x - b) + b', with S its factors along
    and across its bone, and b, b' its head before and after. Of the same arguments the same object is returned.

    Raises:
        BodyError: there is no such build.
    """
    if name not in BUILDS:
        raise BodyError(f"there is no build {name!r}; choose one of {', '.join(BUILDS)}")
    factors = _factors(rig, BUILDS[name])
    position, tail = np.empty_like(rig.joint_position), np.empty_like(rig.joint_tail)
    for joint, parent in enumerate(rig.parents):
        head = rig.joint_position[joint]
        position[joint] = head
        if parent >= 0:
            position[joint] = position[parent] + factors[parent] @ (head - rig.joint_position[parent])
        tail[joint] = position[joint] + factors[joint] @ (rig.joint_tail[joint] - head)
    shift = position - np.einsum("jab,jb->ja", factors, rig.joint_position)
    blend = np.einsum("vk,vkab->vab", rig.weight, factors[rig.weight_joint])
    vertices = np.einsum("vab,vb->va", blend, rig.vertices) + np.einsum(
        "vk,vka->va", rig.weight, shift[rig.weight_joint]
    )
    offsets = np.einsum("nab,nb->na", blend[rig.action_vertex], rig.action_offset)
    # The origin is midway between the shoulders, and bones that ended at a joint do so again.
    shoulders = position[[rig.index(f"upper_arm.{side}") for side in SIDES]].mean(axis=0)
    position, tail, vertices = position - shoulders, tail - shoulders, vertices - shoulders
    for joint, parent in enumerate(rig.parents):
        if parent >= 0 and np.allclose(rig.joint_tail[parent], rig.joint_position[joint], atol=1e-6):
            tail[parent] = position[joint]
    stature = BUILDS[name].stature
    return replace(
        rig,
        joint_position=_fixed(stature * position, np.float64),
        joint_tail=_fixed(stature * tail, np.float64),
        vertices=_fixed(stature * vertices, np.float32),
        action_offset=_fixed(stature * offsets, np.float32),
    )


def _factors(rig: Rig, build: Build) -> Array:
    """Return (J, 3, 3) what each joint's surroundings are multiplied by, but for the stature."""
    factors = np.tile(np.eye(3), (rig.joint_count, 1, 1))
    upright = np.array([0.0, 1.0, 0.0])
    roots = {"head": build.head * np.eye(3)} | {f"wrist.{side}": build.hands * np.eye(3) for side in SIDES}
    for joint, (name, parent) in enumerate(zip(rig.joint_names, rig.parents, strict=True)):
        stem, along = name.partition(".")[0], rig.joint_tail[joint] - rig.joint_position[joint]
        along = along / np.linalg.norm(along)
        if name in roots:
            factors[joint] = roots[name]
        elif stem in ("hips", "spine", "chest", "upper_chest"):
            factors[joint] = _stretch(upright, 1.0, build.trunk)
        elif stem == "neck":
            factors[joint] = _stretch(upright, *build.neck)
        elif stem == "shoulder":
            factors[joint] = _stretch(along, build.shoulders, 1.0)
        elif stem in ("upper_arm", "forearm", "forearm_twist"):
            factors[joint] = _stretch(along, *build.arms)
        elif stem in ("upper_leg", "lower_leg"):
            factors[joint] = _stretch(along, *build.legs)
        elif parent >= 0 and stem not in ("foot", "toes"):
            factors[joint] = factors[parent]
    return factors


def _stretch(along: Array, length: float, girth: float) -> Array:
    line = np.outer(along, along)
    return length * line + girth * (np.eye(3) - line)


def _fixed(array: Any, dtype: Any) -> NDArray[Any]:
    array = np.array(array, dtype=dtype)
    array.setflags(write=False)
    return array
