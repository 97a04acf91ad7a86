# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose that a character's keys make, computed beside Blender where these tell all of it.

They do where the rig is as it was built and nothing but its action animates it; elsewhere Blender is asked frame by
frame, which takes ten times as long and the main thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.controlled import Controls, controlled
from chironomy.body.pose import BodyPose
from chironomy.body.rig import Rig
from chironomy.body.standing import NECK, SPINE
from chironomy.motion import rotation as quaternion
from chironomy.motion.seen_keys import is_plain, seen

from ..slices import Slices
from . import actions
from .channels import HIPS, Bone, RestPose, confidence_path, hand_joints, location_path, rotation_channel
from .controls import CONFIDENCE, is_as_built
from .modes import as_quaternions
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_armature, to_body

REST = 1e-4
"""Metres, and parts of 1 of a quaternion, within which bones rest as they were built."""

_AT_ONCE = 1000
"""Frames that are computed together."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class KeyedPose:
    """What a character's channels say, as they were read.

    Attributes:
        rest: where its bones rest.
        bones: those that are turned, with their rotation modes.
        columns: the keys of its curves.
        shown: what channels without keys are set to, (C,) by data path.
    """

    rest: RestPose
    bones: Mapping[str, Bone]
    columns: actions.Curves
    shown: Mapping[str, Array]

    def at(self, rig: Rig, frames: NDArray[Any], fps: float) -> tuple[BodyPose, Array, NDArray[np.bool_]]:
        """Return the body at frames (T,), whole or not, (T, 2) confidences, and (T,) where all of it is so."""
        # Some at once, so that what they take stays near the processor.
        parts = [self._at(rig, some, fps) for some in np.array_split(frames, max(len(frames) // _AT_ONCE, 1))]
        poses, confidence, reached = zip(*parts, strict=True)
        rotation, position = (
            np.concatenate([getattr(pose, name) for pose in poses]) for name in ("joint_rotation", "joint_position")
        )
        return BodyPose(fps, rotation, position), np.concatenate(confidence), np.concatenate(reached)

    def _at(self, rig: Rig, frames: NDArray[Any], fps: float) -> tuple[BodyPose, Array, NDArray[np.bool_]]:
        turns = {name: self._turn(name, frames) for name in rig.joint_names if name in self.bones}
        turns |= {name: self._turn(name, frames) for name in ("torso", "head_control")}
        shift = self._values(location_path(HIPS), frames)
        shift = quaternion.apply(quaternion.inverse(TURN), quaternion.apply(self.rest.axes[HIPS], shift))
        rotation = np.empty((len(frames), 2, 16, 4))
        places: dict[str, Array] = {}
        for hand in range(2):
            for joint, name in enumerate(hand_joints(hand)):
                values = self._quaternions(name, frames)
                rotation[:, hand, joint] = self.rest.joint_turn(rig, hand, joint).undone(values)
            for control in (HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]):
                place = self._values(location_path(control), frames) + self.rest.heads[control]
                places[control] = to_body(rig, place)
        wrists, elbows = (
            np.stack([places[name] for name in names], axis=1) for names in (HAND_CONTROLS, ELBOW_CONTROLS)
        )
        torso, head = turns.pop("torso"), turns.pop("head_control")
        pose, reached = controlled(rig, Controls(turns, shift, torso, head, wrists, rotation, elbows), fps)
        confidence = np.concatenate([self._values(confidence_path(name), frames) for name in HAND_CONTROLS], axis=1)
        return pose, confidence, reached

    def _turn(self, name: str, frames: NDArray[Any]) -> Array:
        """Return (T, 4) how a joint is turned relative to its parent, in the frame of the body."""
        return self.rest.body_turn(name).undone(self._quaternions(name, frames))

    def _quaternions(self, name: str, frames: NDArray[Any]) -> Array:
        bone = self.bones[name]
        return as_quaternions(bone, self._values(rotation_channel(bone)[0], frames))

    def _values(self, path: str, frames: NDArray[Any]) -> Array:
        values = np.tile(self.shown[path], (len(frames), 1))
        for index in range(values.shape[1]):
            if (path, index) in self.columns:
                values[:, index] = seen(self.columns[path, index], frames)
        return values


def reading_keyed_pose(character: Object, rig: Rig, scene: Scene) -> Slices:
    """Return in slices what a character's channels say, as `KeyedPose`; None where Blender has to be asked."""
    if not _stands_alone(character, scene):
        return None
    rest = RestPose(character)
    if not _rests_as_built(character, rig, rest) or not is_as_built(character):
        return None
    followers = {*SPINE, *NECK}
    for hand in range(2):
        followers |= {rig.joint_names[joint] for joint in rig.arm_joints(hand)[1:]}
    turned = {*rig.joint_names, *HAND_CONTROLS, "torso", "head_control"} - followers
    bones = {name: Bone.of(character, name) for name in turned}
    paths = {location_path(HIPS): 3} | {location_path(name): 3 for name in (*HAND_CONTROLS, *ELBOW_CONTROLS)}
    paths |= dict(map(rotation_channel, bones.values()))
    still = {name: Bone.of(character, name) for name in followers}
    if not _are_still(character, still, set(rig.joint_names) - {HIPS}):
        return None
    shown = {path: np.ravel(character.path_resolve(path)).astype(np.float64) for path in paths}
    for name in HAND_CONTROLS:
        shown[confidence_path(name)] = np.array([float(character.pose.bones[name].get(CONFIDENCE, 1.0))])
    columns: actions.Curves = {}
    if actions.curves(character) is not None:
        names = set(character.pose.bones.keys())
        every = yield from actions.reading_curves(character, _Poses())
        for place, keys in every.items():
            known = place[0] in shown
            if not known and _is_nothing(place[0], keys, names, bones, still):
                continue
            if not known or not len(keys["co"]) or not is_plain(keys):
                return None
            f_curve = actions.found(character, place)
            if actions.beside_keys(f_curve) != actions.PLAIN or actions.is_set_aside(f_curve):
                return None
            columns[place] = keys
    return KeyedPose(rest, bones, columns, shown)


class _Poses:
    """All data paths of a pose."""

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and path.startswith("pose.")


def _is_nothing(path: str, keys: actions.Columns, names: set[str], *known: Mapping[str, Bone]) -> bool:
    """Whether keys of a pose turn nothing: those of no bone, of another rotation mode, or that keep what is at rest."""
    name, _, rest = path.removeprefix('pose.bones["').partition('"]')
    if not path.startswith("pose.bones[") or name not in names or rest.startswith('["'):
        return path.startswith("pose.bones[")
    of = next((bones[name] for bones in known if name in bones), None)
    if rest.startswith(".rotation_") and (of is None or rotation_channel(of)[0] != path):
        return True
    said = np.concatenate([keys[column][:, 1] for column in ("co", "handle_left", "handle_right")])
    if rest == ".scale":
        return bool((said == 1.0).all())
    if rest in (".location", ".rotation_euler"):
        return bool((said == 0.0).all())
    return False


def _stands_alone(character: Object, scene: Scene) -> bool:
    """Whether nothing but keys of one action moves a character's bones."""
    of_object, of_bones = character.animation_data, character.data.animation_data
    if scene.render.frame_map_old != scene.render.frame_map_new or character.data.pose_position != "POSE":
        return False
    if of_bones is not None and (of_bones.action is not None or len(of_bones.drivers) or len(of_bones.nla_tracks)):
        return False
    if of_object is None:
        return True
    return (
        not len(of_object.drivers)
        and not len(of_object.nla_tracks)
        and of_object.action_influence == 1.0
        and of_object.action_blend_type == "REPLACE"
    )


def _rests_as_built(character: Object, rig: Rig, rest: RestPose) -> bool:
    heads = to_armature(rig, rig.joint_position)
    bones: Any = character.data.bones
    for joint, name in enumerate(rig.joint_names):
        parent = rig.joint_names[rig.parents[joint]] if rig.parents[joint] >= 0 else ""
        bone = bones.get(name)
        if bone is None or (bone.parent.name if bone.parent else "") != parent:
            return False
        if np.abs(rest.heads[name] - heads[joint]).max() > REST:
            return False
    return all(
        control in rest.axes and np.abs(rest.axes[control] - rest.axes[f"wrist.{control[-1]}"]).max() <= REST
        for control in HAND_CONTROLS
    )


def _are_still(character: Object, still: Mapping[str, Bone], unmoved: set[str]) -> bool:
    """Whether bones that follow others are set to nothing, and whether those that only turn are not moved or scaled."""
    for bone in character.pose.bones:
        if any(value != 1.0 for value in bone.scale):
            return False
        if bone.name in unmoved and any(bone.location):
            return False
    for bone in still.values():
        path, _ = rotation_channel(bone)
        values = np.ravel(character.path_resolve(path)).astype(np.float64)[None]
        if quaternion.angle(as_quaternions(bone, values), quaternion.IDENTITY)[0] > REST:
            return False
    return True
