# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys at every frame that let copied bones, objects and shape keys play what was seen, for an exporter.

They are numbers first. Another Blender makes keys of them itself: of ten minutes, handed over as keys, they would be
hundreds of megabytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy.types import ID, Object
from numpy.typing import NDArray

from chironomy.motion import rotation

from ..rig import actions
from ..slices import MARK
from .blender_writer import key_every_frame

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rest:
    """Where a bone rests, (4, 4) in armature space, and its parent's name."""

    matrix: Array
    parent: str | None

    @classmethod
    def of(cls, skeleton: Any) -> "dict[str, Rest]":
        """Return the bones of an armature by name."""
        return {
            bone.name: cls(np.array(bone.matrix_local), bone.parent.name if bone.parent is not None else None)
            for bone in skeleton.bones
        }


def basis_of(rests: dict[str, Rest], names: list[str], seen: Array, growth: float) -> Array:
    """Return (T, bones, 4, 4) what turns each bone's rest into its pose, relative to its parent.

    Args:
        rests: of the bones that are as large as they are to be.
        names: parents first.
        seen: (T, bones, 4, 4) where they are, in the size that they have.
        growth: how many times larger they are to be.
    """
    pose = seen.copy()
    pose[..., :3, 3] *= growth
    index = {name: number for number, name in enumerate(names)}
    basis = np.empty_like(pose)
    for name, number in index.items():
        rest, parent = rests[name].matrix, rests[name].parent
        if parent is None:
            basis[:, number] = np.linalg.inv(rest) @ pose[:, number]
        else:
            from_parent = np.linalg.inv(rests[parent].matrix) @ rest
            basis[:, number] = np.linalg.inv(pose[:, index[parent]] @ from_parent) @ pose[:, number]
    return basis


GRAIN = 1e-6
"""Metres, and parts of 1 of a scale, within which what Blender shows of a still bone trembles: numbers of single
precision, from the hips on."""


class Keys:
    """Keys at every frame from 0 on, for the properties of one data-block; one that never changes is set instead.

    Args:
        animated: the data-block.
        mark: of its action.
        metre: how many units of its scene one metre is.
    """

    def __init__(self, animated: ID, mark: str, metre: float = 1.0) -> None:
        self._animated, self._mark, self._metre = animated, mark, metre
        self._channels: list[tuple[str, int, NDArray[np.float32]]] = []

    def transform(self, owner: "Object | bpy.types.PoseBone", prefix: str, matrices: Array) -> None:
        """Take (T, 4, 4) for the location, rotation and scale of an object or a pose bone."""
        owner.rotation_mode = "QUATERNION"
        axes = matrices[:, :3, :3]
        scale = np.linalg.norm(axes, axis=-2)
        # Where all is mirrored, it is scaled by -1: a rotation mirrors nothing.
        scale *= np.where(np.linalg.det(axes) < 0.0, -1.0, 1.0)[:, None]
        turn = rotation.from_matrix(axes / np.where(np.abs(scale) > 1e-12, scale, 1.0)[:, None])
        place = matrices[:, :3, 3]
        parts = (("location", place, self._metre * GRAIN), ("rotation_quaternion", turn, 0.0), ("scale", scale, GRAIN))
        for name, values, grain in parts:
            for index, column in enumerate(values.T):
                self._take(prefix + name, index, column, _setter(owner, name, index), grain)

    def channel(self, owner: "bpy.types.ShapeKey", name: str, path: str, values: Array) -> None:
        """Take (T,) for a property that is one number."""
        self._take(path, 0, values, lambda value: setattr(owner, name, value))

    def _take(self, path: str, index: int, values: Array, put: Callable[[float], None], grain: float = 0.0) -> None:
        if np.ptp(values) > grain:
            self._channels.append((path, index, values.astype(np.float32)))
        put(float(np.mean(values) if grain else values[0]))

    def write(self) -> None:
        """Write what was taken as an action of its own."""
        if not self._channels:
            return
        actions.new_action(self._animated, "Chironomy Export")[MARK] = self._mark
        for path, index, values in self._channels:
            key_every_frame(actions.curves(self._animated, create=True).new(path, index=index), values)

    @property
    def told(self) -> dict[str, Any]:
        """What another Blender is told: whose keys these are, and of which channels."""
        kind = {"OBJECT": "objects", "KEY": "shape_keys"}[self._animated.id_type]
        channels = [(path, index) for path, index, _ in self._channels]
        return {"collection": kind, "name": self._animated.name, "channels": channels}

    @property
    def values(self) -> NDArray[np.float32]:
        """(C, T) what each of these channels says."""
        return np.array([values for _, _, values in self._channels], np.float32)


def _setter(owner: "Object | bpy.types.PoseBone", name: str, index: int) -> Callable[[float], None]:
    def put(value: float) -> None:
        getattr(owner, name)[index] = value

    return put
