# SPDX-License-Identifier: GPL-3.0-or-later
"""What the curves of an action say of the hands, whether the character shows it or not: nothing is evaluated."""

from collections.abc import Sequence

import numpy as np
from bpy.types import Action, Object

from chironomy.body.rig import Rig
from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion

from . import actions
from .channels import RestPose, hand_joints, location_path, rotation_channel
from .modes import as_quaternions
from .space import HAND_CONTROLS, to_body


def keyed_hands(
    character: Object, rig: Rig, action: Action, handle: int, frames: Sequence[float], fps: float
) -> HandMotion:
    """Return the hands as an action's curves have them at frames (T,); a bone without curves rests.

    Args:
        character: whose bones they are.
        rig: of the character.
        action: some take's.
        handle: of its slot.
        frames: whole or not.
        fps: frames a second of the motion that is returned.
    """
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.curves_of(action, handle)}
    rest, count = RestPose(character), len(frames)
    place, turns = np.zeros((count, 2, 3)), np.zeros((count, 2, 16, 4))

    def values(path: str, size: int) -> np.ndarray | None:
        own = [curves.get((path, index)) for index in range(size)]
        if all(curve is None for curve in own):
            return None
        return np.array([[curve.evaluate(frame) if curve else 0.0 for curve in own] for frame in frames])

    for hand, control in enumerate(HAND_CONTROLS):
        found = values(location_path(control), 3)
        place[:, hand] = to_body(rig, (0.0 if found is None else found) + rest.heads[control])
        for joint, name in enumerate(hand_joints(hand)):
            bone = character.pose.bones[name]
            found = values(*rotation_channel(bone))
            turned = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)) if found is None else as_quaternions(bone, found)
            lengths = np.linalg.norm(turned, axis=-1, keepdims=True)
            turned = np.where(lengths > 0.0, turned / np.maximum(lengths, 1e-9), [1.0, 0.0, 0.0, 0.0])
            turns[:, hand, joint] = rest.joint_turn(rig, hand, joint).undone(turned)
    return HandMotion(fps, place, quaternion.make_continuous(turns), np.ones((count, 2)))
