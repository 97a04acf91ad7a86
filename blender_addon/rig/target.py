# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's own character, as far as the hands need it: its bones at rest, and how its arms are moved now."""

from dataclasses import dataclass

import numpy as np
from bpy.types import Object, PoseBone
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.retarget import Anchors, ArmControls, BoneMap, RetargetError, Skeleton, Target, anchors_of, measured
from chironomy.retarget.anchors import Surface
from chironomy.retarget.carry import Placing

Array = NDArray[np.float64]


def skeleton_of(character: Object) -> Skeleton:
    """Return an armature object's bones at rest, in the space of the armature.

    Raises:
        RetargetError: it is in edit mode, where its bones may be half made.
    """
    if character.data.is_editmode:
        raise RetargetError(f"{character.name} is in edit mode; leave it first")
    bones = list(character.data.bones)
    places = {bone.name: index for index, bone in enumerate(bones)}
    up = character.matrix_world.to_3x3().inverted_safe() @ Vector((0.0, 0.0, 1.0))
    return Skeleton(
        names=tuple(places),
        parents=np.array([places[bone.parent.name] if bone.parent else -1 for bone in bones], np.int64),
        heads=np.array([bone.head_local for bone in bones], np.float64).reshape(-1, 3),
        tails=np.array([bone.tail_local for bone in bones], np.float64).reshape(-1, 3),
        axes=np.array([bone.matrix_local.to_quaternion().normalized() for bone in bones], np.float64).reshape(-1, 4),
        up=np.array(up.normalized()) if up.length > 0.0 else None,
    )


@dataclass(frozen=True)
class OwnCharacter:
    """A person's character, ready to get hands.

    Attributes:
        item: the armature object.
        target: its measured rest pose.
        anchors: places on its body that hands touch.
    """

    item: Object
    target: Target
    anchors: Anchors

    @classmethod
    def of(cls, item: Object, bone_map: BoneMap, rig: Rig) -> "OwnCharacter":
        """Measure a character.

        Raises:
            RetargetError: it lacks a bone that the arms need.
        """
        target = measured(skeleton_of(item), bone_map, rig)
        return cls(item, target, anchors_of(target, rig, skin_of(item, target)))

    @property
    def bones(self) -> BoneMap:
        """The roles of its bones."""
        return self.target.bone_map

    def reverse(self) -> tuple[ArmControls | None, ArmControls | None]:
        """Return of each arm its controls where it is switched to inverse kinematics, else None."""
        left, right = (self._reverse(controls) for controls in self.bones.controls)
        return left, right

    def pole_counts(self) -> tuple[bool, bool]:
        """Return of each arm whether its elbow follows its pole."""
        left, right = (self._has_pole(controls) for controls in self.bones.controls)
        return left, right

    def placing(self) -> dict[str, Placing]:
        """Return how the locations of the arms' controls are told."""
        names = {name for each in self.bones.controls if each is not None for name in (each.hand, each.pole) if name}
        bones = self.item.data.bones
        return {name: Placing(bones[name].use_local_location) for name in names if name in bones}

    def _reverse(self, controls: ArmControls | None) -> ArmControls | None:
        if controls is None or controls.hand not in self.item.pose.bones:
            return None
        value = _number(self.item.pose.bones.get(controls.switch[0]), controls.switch[1])
        return None if value is None or abs(value - controls.fk_at) < 0.5 else controls

    def _has_pole(self, controls: ArmControls | None) -> bool:
        if controls is None or not controls.pole:
            return False
        if controls.pole_switch is None:
            return True
        return bool(_number(self.item.pose.bones.get(controls.pole_switch[0]), controls.pole_switch[1]))


def skin_of(item: Object, target: Target) -> Surface | None:
    """Return what tells how deep a point lies under the character's skin at rest; None where it has no mesh.

    The skin is that of the meshes that the armature moves, without what their arms carry.
    """
    arms = _arm_bones(target)
    vertices: list[Vector] = []
    polygons: list[tuple[int, ...]] = []
    for child in _skins(item):
        to_armature = item.matrix_world.inverted_safe() @ child.matrix_world
        carried = {group.index for group in child.vertex_groups if group.name in arms}
        kept = {
            vertex.index
            for vertex in child.data.vertices
            if not any(each.group in carried and each.weight > 0.3 for each in vertex.groups)
        }
        begin = len(vertices)
        vertices += [to_armature @ vertex.co for vertex in child.data.vertices]
        polygons += [
            tuple(begin + index for index in polygon.vertices)
            for polygon in child.data.polygons
            if all(index in kept for index in polygon.vertices)
        ]
    if not polygons:
        return None
    tree = BVHTree.FromPolygons(vertices, polygons)
    longest = 4.0 * float(np.linalg.norm(target.shoulder[0] - target.shoulder[1]))

    def surface(start: Array, toward: Array) -> float | None:
        # The outermost skin: what lies within, as teeth, is looked through.
        origin, direction = Vector(start), Vector(toward)
        hit, _, _, _ = tree.ray_cast(origin + longest * direction, -direction, longest)
        return None if hit is None else float((hit - origin).dot(direction))

    return surface


def _skins(item: Object) -> list[Object]:
    found = []
    for child in item.children_recursive:
        moved = any(each.type == "ARMATURE" and each.object == item for each in child.modifiers)
        if child.type == "MESH" and (moved or child.parent_type == "ARMATURE"):
            found.append(child)
    return found


def _arm_bones(target: Target) -> set[str]:
    """Return the bones of the arms, and all that hang on them."""
    roots = {bone for role, bone in target.bone_map.bones.items() if role.startswith("upper_arm")}
    skeleton = target.skeleton
    return roots | {name for name in skeleton.names if any(skeleton.is_below(name, root) for root in roots)}


def _number(bone: PoseBone | None, name: str) -> float | None:
    value = None if bone is None else bone.get(name)
    return float(value) if isinstance(value, bool | int | float) else None
