# SPDX-License-Identifier: GPL-3.0-or-later
"""The channels that carry motion on the character: their data paths, and how joints become bones' channels."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from bpy.types import Object, PoseBone
from numpy.typing import NDArray

from chironomy.body.rig import LEG_JOINTS, SIDES, Rig
from chironomy.motion import MANO_JOINTS
from chironomy.motion import rotation as quaternion

from .controls import CONFIDENCE
from .space import HAND_CONTROLS, TURN

HAND_CHANNELS = 134
"""Channels of the hands' motion: for each hand 3 of place and 16 times 4 of rotation."""

BODY_BONES = ("torso", "head_control", *(f"shoulder.{side}" for side in SIDES))
"""The bones that carry what accompanies the hands by turning."""

HIPS = "hips"
"""The bone that carries the weight from foot to foot."""

LEG_BONES = tuple(f"{name}.{side}" for side in SIDES for name in LEG_JOINTS)
"""The bones that keep the feet where they are when the hips move."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bone:
    """A bone's name and rotation mode, as `PoseBone` has them, for where Blender is not to be asked."""

    name: str
    rotation_mode: str

    @classmethod
    def of(cls, character: Any, name: str) -> Self:
        """Return those of a bone of a character or of its draft."""
        return cls(name, character.pose.bones[name].rotation_mode)


@dataclass(frozen=True)
class Turn:
    """How a joint's rotation becomes its bone's channels: `left * q * right`, linear in q."""

    left: Array
    right: Array

    @property
    def matrix(self) -> Array:
        """The (4, 4) matrix that does it to a quaternion's components."""
        return quaternion.multiply(quaternion.multiply(self.left, np.eye(4)), self.right).T

    def done(self, q: Array) -> Array:
        """Return the channels (..., 4) of joints' rotations (..., 4)."""
        return quaternion.multiply(quaternion.multiply(self.left, q), self.right)

    def undone(self, channels: Array) -> Array:
        """Return the joints' rotations (..., 4) of channels (..., 4)."""
        back = quaternion.inverse(self.left), quaternion.inverse(self.right)
        return quaternion.multiply(quaternion.multiply(back[0], channels), back[1])


class RestPose:
    """Where the bones of an armature rest, in armature space.

    Attributes:
        heads: name to (3,) metres.
        axes: name to the unit quaternion (4,) that takes the armature's axes to the bone's.
    """

    def __init__(self, character: Object) -> None:
        bones = character.data.bones
        self.heads: dict[str, Array] = {bone.name: np.array(bone.head_local) for bone in bones}
        self.axes: dict[str, Array] = {
            bone.name: np.array(bone.matrix_local.to_quaternion().normalized()) for bone in bones
        }

    def wrist_turn(self, rig: Rig, hand: int) -> Turn:
        """Return how a wrist's orientation in the frame of the body becomes the hand control's quaternion."""
        axes = self.axes[HAND_CONTROLS[hand]]
        rest = rig.rest_rotation[rig.hand_joints(hand)[0]]
        right = quaternion.multiply(rest, quaternion.multiply(quaternion.inverse(TURN), axes))
        return Turn(quaternion.multiply(quaternion.inverse(axes), TURN), right)

    def finger_turn(self, rig: Rig, hand: int, joint: int) -> Turn:
        """Return how a MANO joint's rotation relative to its parent becomes the finger bone's quaternion."""
        index = rig.hand_joints(hand)[joint]
        axes = self.axes[rig.joint_names[index]]
        right = quaternion.multiply(rig.rest_rotation[index], quaternion.multiply(quaternion.inverse(TURN), axes))
        return Turn(quaternion.inverse(right), right)

    def joint_turn(self, rig: Rig, hand: int, joint: int) -> Turn:
        """Return the turn of a MANO joint, 0 being the wrist."""
        return self.finger_turn(rig, hand, joint) if joint else self.wrist_turn(rig, hand)

    def body_turn(self, bone: str) -> Turn:
        """Return how a turn along the axes of the frame of the body becomes a bone's quaternion."""
        right = quaternion.multiply(quaternion.inverse(TURN), self.axes[bone])
        return Turn(quaternion.inverse(right), right)


def hand_joints(hand: int) -> list[str]:
    """Return the bones that carry a hand's 16 rotations: its control, then its fingers."""
    return [HAND_CONTROLS[hand], *(f"{name}.{SIDES[hand]}" for name in MANO_JOINTS[1:])]


def location_path(bone: str) -> str:
    """Return the data path of a bone's location."""
    return f'pose.bones["{bone}"].location'


def rotation_path(bone: str) -> str:
    """Return the data path of a bone's quaternion."""
    return f'pose.bones["{bone}"].rotation_quaternion'


def rotation_channel(bone: PoseBone | Bone) -> tuple[str, int]:
    """Return the data path of a bone's rotation in its own mode, and how many components it has."""
    if bone.rotation_mode == "QUATERNION":
        return rotation_path(bone.name), 4
    if bone.rotation_mode == "AXIS_ANGLE":
        return f'pose.bones["{bone.name}"].rotation_axis_angle', 4
    return f'pose.bones["{bone.name}"].rotation_euler', 3


def rotation_paths(bone: str) -> set[str]:
    """Return the data paths of a bone's rotation in every mode."""
    return {f'pose.bones["{bone}"].rotation_{mode}' for mode in ("quaternion", "euler", "axis_angle")}


def confidence_path(control: str) -> str:
    """Return the data path of a hand control's confidence."""
    return f'pose.bones["{control}"]["{CONFIDENCE}"]'


def face_path(action: str) -> str:
    """Return the data path, from a mesh's shape keys, of a face action's value."""
    return f'key_blocks["{action}"].value'
