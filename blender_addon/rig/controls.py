# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones that an animator moves: hands, elbows, torso and head, and what makes the deform bones follow them.

Hand and elbow controls have no parent and move along the axes of the armature, so that their channels read as places
in the room. A hand control's rest is the wrist's own, so its identity is the bind pose.
"""

from typing import Any

import bpy
import numpy as np
from bpy.types import Armature, Object, PoseBone
from mathutils import Vector
from numpy.typing import NDArray

from chironomy.body.rig import SIDES, Rig
from chironomy.body.standing import NECK, SPINE

from .space import CONTROLS, ELBOW_CONTROLS, HAND_CONTROLS, to_armature

POLE_DISTANCE = 0.3
"""Metres from the elbow to its control at rest."""

CONFIDENCE = "confidence"
"""A custom property of the hand controls: how surely the hand is wanted, 0 to 1."""

BODY_COLLECTION = "Torso and Head"
"""The bone collection of what is out of sight where there are hands alone."""

_SIDE_COLOURS = {"L": (0.25, 0.62, 1.0), "R": (1.0, 0.27, 0.22), "": (1.0, 0.80, 0.25)}
_SELECTED_COLOUR, _ACTIVE_COLOUR = (1.0, 0.55, 0.1), (1.0, 0.85, 0.7)
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")


def add_bones(armature: Armature, rig: Rig) -> None:
    """Add the control bones to an armature in edit mode that has its deform bones."""
    bones = armature.edit_bones
    for side, hand, elbow in zip(SIDES, HAND_CONTROLS, ELBOW_CONTROLS, strict=True):
        control = bones.new(hand)
        wrist = bones[f"wrist.{side}"]
        control.head, control.tail, control.roll = wrist.head, wrist.tail, wrist.roll
        control.use_local_location = False
        pole = bones.new(elbow)
        pole.head = Vector(rest_pole(rig, SIDES.index(side)))
        # Along the armature's y without roll: the axes of the armature itself.
        pole.tail = pole.head + Vector((0.0, 0.05, 0.0))
        pole.roll = 0.0
    for name, along, parent in (("torso", "spine", "hips"), ("head_control", "neck", "upper_chest")):
        control = bones.new(name)
        control.head = bones[along].head
        control.tail = control.head + Vector((0.0, 0.0, 0.1))
        control.align_roll(Vector((0.0, -1.0, 0.0)))
        control.parent = bones[parent]
    for name in CONTROLS:
        bones[name].use_deform = False


def rest_pole(rig: Rig, side: int) -> NDArray[np.float64]:
    """Return where an elbow control rests, (3,) metres in armature space: out from the elbow, in the arm's plane."""
    _, upper, fore, _, wrist = rig.arm_joints(side)
    shoulder, elbow, end = to_armature(rig, rig.joint_position[[upper, fore, wrist]])
    line = (end - shoulder) / np.linalg.norm(end - shoulder)
    out = (elbow - shoulder) - np.dot(elbow - shoulder, line) * line
    return elbow + POLE_DISTANCE * out / np.linalg.norm(out)


def set_up(character: Object, rig: Rig) -> None:
    """Add constraints, shapes, colours and collections to an armature object that has all its bones."""
    bones = character.pose.bones
    for (name, kind), settings in _constraints(character).items():
        constraint = bones[name].constraints.new(kind)
        for setting, value in settings.items():
            setattr(constraint, setting, value)
    for side, hand, elbow in zip(SIDES, HAND_CONTROLS, ELBOW_CONTROLS, strict=True):
        # An elbow is a hinge about the bone's x axis: the arm's plane and twist then follow from two controls alone.
        forearm = bones[f"forearm.{side}"]
        forearm.lock_ik_y = forearm.lock_ik_z = True
        bones[hand][CONFIDENCE] = 1.0
        bones[hand].id_properties_ui(CONFIDENCE).update(min=0.0, max=1.0, description="How surely the hand is wanted")
        bones[elbow].lock_rotation_w = True
        bones[elbow].lock_rotation = (True, True, True)
    for name in ("torso", "head_control"):
        bones[name].lock_location = (True, True, True)
    for name in CONTROLS:
        bones[name].lock_scale = (True, True, True)
    _draw(character)
    _collect(character)


def _constraints(character: Object) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what lets bones follow the controls: by bone and type of its constraint, the settings of that."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for side, hand, elbow in zip(SIDES, HAND_CONTROLS, ELBOW_CONTROLS, strict=True):
        # The arm reaches for its hand control, the elbow in the plane of its own control. Bending goes towards the
        # upper arm's z axis, so the elbow lies on the other side of the line to the wrist.
        found[f"forearm.{side}", "IK"] = {
            "target": character,
            "pole_target": character,
            "subtarget": hand,
            "pole_subtarget": elbow,
            "chain_count": 2,
            "iterations": 500,
            "use_stretch": False,
            "pole_angle": -np.pi / 2,
        }
        found[f"wrist.{side}", "COPY_ROTATION"] = {
            "target": character,
            "subtarget": hand,
            "owner_space": "POSE",
            "target_space": "POSE",
        }
        found[f"forearm_twist.{side}", "TRANSFORM"] = {
            "name": "Half the wrist's twist",
            "target": character,
            "subtarget": f"wrist.{side}",
            "owner_space": "LOCAL",
            "target_space": "LOCAL_OWNER_ORIENT",
            "map_from": "ROTATION",
            "map_to": "ROTATION",
            "from_rotation_mode": "SWING_TWIST_Y",
            "from_min_y_rot": -np.pi,
            "from_max_y_rot": np.pi,
            "map_to_x_from": "X",
            "map_to_y_from": "Y",
            "map_to_z_from": "Z",
            "to_min_y_rot": -np.pi / 2,
            "to_max_y_rot": np.pi / 2,
            "mix_mode_rot": "REPLACE",
        }
    # Some bones share the rotation of a control evenly.
    for control, followers in (("torso", SPINE), ("head_control", NECK)):
        for name in followers:
            found[name, "COPY_ROTATION"] = {
                "target": character,
                "subtarget": control,
                "owner_space": "LOCAL",
                "target_space": "LOCAL_OWNER_ORIENT",
                "mix_mode": "AFTER",
                "influence": 1.0 / len(followers),
            }
    return found


_USUAL = {
    "": {"mute": False, "influence": 1.0},
    "IK": {
        "use_tail": True,
        "use_location": True,
        "use_rotation": False,
        "weight": 1.0,
        "ik_type": "COPY_POSE",
        "reference_axis": "BONE",
    },
    "COPY_ROTATION": {
        **{f"{what}_{axis}": what == "use" for what in ("use", "invert") for axis in "xyz"},
        "mix_mode": "REPLACE",
        "euler_order": "AUTO",
    },
    "TRANSFORM": {
        "use_motion_extrapolate": False,
        "to_euler_order": "AUTO",
        **{f"{end}_{side}_{axis}_rot": 0.0 for end in ("from", "to") for side in ("min", "max") for axis in "xz"},
    },
}
"""By type of constraint, or of all, what Blender sets and what makes another pose where somebody has changed it."""


def is_as_built(character: Object) -> bool:
    """Whether bones of a character follow its controls as `set_up` lets them, and nothing else moves them."""
    wanted = _constraints(character)
    for bone in character.pose.bones:
        hinge = bone.name.startswith("forearm.")
        if (bone.lock_ik_x, bone.lock_ik_y, bone.lock_ik_z) != (False, hinge, hinge):
            return False
        if any((bone.use_ik_limit_x, bone.use_ik_limit_y, bone.use_ik_limit_z)):
            return False
        rest = bone.bone
        if not rest.use_inherit_rotation or rest.inherit_scale != "FULL":
            return False
        if rest.use_local_location == (bone.name in HAND_CONTROLS):
            return False
        for constraint in bone.constraints:
            settings = wanted.pop((bone.name, constraint.type), None)
            if settings is None:
                return False
            for name, value in (_USUAL[""] | _USUAL[constraint.type] | settings).items():
                if not _alike(getattr(constraint, name, value), value):
                    return False
    return not wanted and character.pose.ik_solver == "LEGACY"


def _alike(one: Any, other: Any) -> bool:
    """Whether settings are the same; numbers have single precision in Blender."""
    return abs(one - other) < 1e-5 if isinstance(other, float) else one == other


def _collect(character: Object) -> None:
    """Sort the bones into collections and colour them by side."""
    armature: Armature = character.data
    names = ("Hands", "Fingers", "Elbows", BODY_COLLECTION, "Skeleton")
    hands, fingers, elbows, torso, skeleton = (armature.collections.new(name) for name in names)
    for bone in armature.bones:
        stem, _, side = bone.name.partition(".")
        finger = stem[:-1] in _FINGERS
        if bone.name in HAND_CONTROLS:
            hands.assign(bone)
        elif bone.name in ELBOW_CONTROLS:
            elbows.assign(bone)
        elif bone.name in CONTROLS:
            torso.assign(bone)
        else:
            skeleton.assign(bone)
            if finger:
                fingers.assign(bone)
        if bone.name in CONTROLS or finger:
            bone.color.palette = "CUSTOM"
            bone.color.custom.normal = _SIDE_COLOURS[side]
            bone.color.custom.select, bone.color.custom.active = _SELECTED_COLOUR, _ACTIVE_COLOUR
    skeleton.is_visible = False


def _draw(character: Object) -> None:
    """Give the controls and the fingers their shapes; lengths in metres."""
    for bone in character.pose.bones:
        stem = bone.name.partition(".")[0]
        length = bone.length
        if stem == "hand":
            _shape(bone, _box(), (0.048, 0.62 * length, 0.022), (0.0, 0.6 * length, 0.0))
        elif stem == "elbow":
            _shape(bone, _star(), (0.03, 0.03, 0.03), (0.0, 0.0, 0.0))
        elif stem == "torso":
            _shape(bone, _ring(), (0.22, 0.22, 0.17), (0.0, 0.10, 0.0))
        elif stem == "head_control":
            _shape(bone, _ring(), (0.13, 0.13, 0.14), (0.0, 0.17, 0.02))
        elif stem[:-1] in _FINGERS:
            _shape(bone, _ring(), (0.013, 0.013, 0.013), (0.0, 0.5 * length, 0.0))


def _shape(
    bone: PoseBone, shape: Object, scale: tuple[float, float, float], offset: tuple[float, float, float]
) -> None:
    bone.custom_shape = shape
    bone.use_custom_shape_bone_size = False
    bone.custom_shape_scale_xyz = scale
    bone.custom_shape_translation = offset


def _ring() -> Object:
    """Return a circle of radius 1 about the bone's y axis."""
    angles = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
    points = np.column_stack([np.cos(angles), np.zeros(32), np.sin(angles)])
    return _wire("Chironomy Ring", points, [(i, (i + 1) % 32) for i in range(32)])


def _box() -> Object:
    """Return a box of half size 1."""
    points = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    edges = [(i, j) for i in range(8) for j in range(i) if np.abs(points[i] - points[j]).sum() == 2]
    return _wire("Chironomy Box", points, edges)


def _star() -> Object:
    """Return an octahedron of radius 1."""
    points = np.concatenate([np.eye(3), -np.eye(3)])
    return _wire("Chironomy Star", points, [(i, j) for i in range(6) for j in range(i) if i - j != 3])


def _wire(name: str, points: NDArray[np.float64], edges: list[tuple[int, int]]) -> Object:
    """Return an object of lines by its name, made where it is missing; it is in no scene."""
    shape = bpy.data.objects.get(name)
    if shape is None or shape.type != "MESH":
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(points.tolist(), edges, [])
        shape = bpy.data.objects.new(name, mesh)
    return shape
