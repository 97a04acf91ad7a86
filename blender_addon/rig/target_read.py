# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's own character shows becomes the motion of our hands again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Scene
from numpy.typing import NDArray

from chironomy.body.ik import POLE_DISTANCE, arms_of_swivel
from chironomy.body.rig import Rig
from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion
from chironomy.retarget import hands_of_bones
from chironomy.retarget.measure import source_of
from chironomy.retarget.roles import sided

from ..slices import Slices
from .read import bone_matrices, bone_places, scene_fps
from .seen import evaluated
from .target import OwnCharacter

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """What a character's hands do at some frames, as ours would.

    Attributes:
        motion: (N) frames, whether these lie side by side or not.
        pole: (N, 2, 3) metres in the frame of the body, at which our elbows would point.
    """

    motion: HandMotion
    pole: Array


def reading_target(own: OwnCharacter, rig: Rig, scene: Scene, frames: Sequence[int]) -> Slices:
    """Evaluate a person's character at some frames, and return its hands as `Shown`."""
    names = _names(own)
    matrices = np.empty((len(frames), len(names), 4, 4))
    with evaluated(scene, [own.item]) as evaluation:
        places: list[int] | None = None
        for row, frame in enumerate(frames):
            bones = own.item.evaluated_get(evaluation.at(frame)).pose.bones
            places = places or bone_places(bones, names)
            matrices[row] = bone_matrices(bones, places)
            for said in evaluation.rests(row / len(frames)):
                yield said
                places = None
    fps = scene_fps(scene)
    return (yield lambda _: _shown(own, rig, names, matrices, fps))


def _names(own: OwnCharacter) -> list[str]:
    bones = own.bones.bones
    arms = [bones[sided(role, hand)] for hand in range(2) for role in ("upper_arm", "forearm", "hand")]
    fingers = [bones[role] for hand in range(2) for role in own.bones.finger_roles(hand)]
    return [name for name in dict.fromkeys([*arms, *fingers]) if name in own.item.data.bones]


def _shown(own: OwnCharacter, rig: Rig, names: Sequence[str], matrices: Array, fps: float) -> Shown:
    target = own.target
    axes = matrices[..., :3, :3]
    axes = axes / np.maximum(np.linalg.norm(axes, axis=-2, keepdims=True), 1e-12)
    rest = np.stack([target.skeleton.axes[target.skeleton.index(name)] for name in names])
    turned = quaternion.multiply(quaternion.from_matrix(axes), quaternion.inverse(rest))
    places = {name: matrices[:, index, :3, 3] for index, name in enumerate(names)}
    turn = {name: turned[:, index] for index, name in enumerate(names)}
    bones = own.bones.bones
    shoulder, elbow, wrist = (
        np.stack([places[bones[sided(role, hand)]] for hand in range(2)], axis=1)
        for role in ("upper_arm", "forearm", "hand")
    )
    motion = hands_of_bones(target, rig, wrist, turn, fps, own.anchors)
    # Which side the elbow lies on is told along the body's axes, whatever the arm's length.
    line = wrist - shoulder
    along = line / np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-12)
    out = elbow - shoulder
    out = out - np.sum(out * along, axis=-1, keepdims=True) * along
    swivel = quaternion.apply(quaternion.inverse(target.frame), out)
    swivel = swivel / np.maximum(np.linalg.norm(swivel, axis=-1, keepdims=True), 1e-12)
    arms = arms_of_swivel(rig, motion.wrist_position, motion.rotation[:, :, 0], swivel)
    return Shown(motion, _pole(rig, motion, arms.elbow))


def _pole(rig: Rig, motion: HandMotion, elbow: Array) -> Array:
    """Return (N, 2, 3) points in the plane of the arm, beyond the elbow, as our controls rest."""
    shoulder = source_of(rig).shoulder
    line = motion.wrist_position - shoulder
    along = line / np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-12)
    out = elbow - shoulder
    foot = shoulder + np.sum(out * along, axis=-1, keepdims=True) * along
    out = elbow - foot
    return foot + POLE_DISTANCE * out / np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-12)
