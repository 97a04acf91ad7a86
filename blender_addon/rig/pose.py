# SPDX-License-Identifier: GPL-3.0-or-later
"""Between arrays and the character: hand motion becomes keys, and the evaluated rig becomes motion again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.ik import clamp_reach, elbow_pole
from chironomy.body.pose import BodyPose, hands_of_pose
from chironomy.body.rig import SIDES, Rig
from chironomy.motion import FACE_ACTIONS, MANO_JOINTS, FaceTrack, HandMotion, MotionError
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys
from chironomy.motion.reduce import hand_bones, reduce_hands, reduce_position, reduce_rotation

from . import keys
from .build import body_of
from .controls import CONFIDENCE
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_armature, to_body

POLE_TOLERANCE = 0.002
"""Metres by which sparse keys may miss the place an elbow control should have."""

HAND_CHANNELS = 134
"""Channels of the hands' motion: for each hand 3 of place and 16 times 4 of rotation."""

BODY_BONES = ("torso", "head_control", *(f"shoulder.{side}" for side in SIDES))
"""The bones that carry what accompanies the hands."""

BODY_TOLERANCE = 0.002
"""Radians by which sparse keys may miss a turn of torso, head or shoulder: a millimetre at the crown."""

FACE_TOLERANCE = 0.02
"""By which sparse keys may miss a face action's value, of 1; less than can be seen on a mouth."""

SOURCE_PROPERTY = "chironomy_source"
"""A custom property of the character: how its motion was made, as JSON."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Turn:
    """How a joint's rotation becomes its bone's channels: `left * q * right`, linear in q."""

    left: Array
    right: Array

    @property
    def matrix(self) -> Array:
        """The (4, 4) matrix that does it to a quaternion's components."""
        return quaternion.multiply(quaternion.multiply(self.left, np.eye(4)), self.right).T


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

    def body_turn(self, bone: str) -> Turn:
        """Return how a turn along the axes of the frame of the body becomes a bone's quaternion."""
        right = quaternion.multiply(quaternion.inverse(TURN), self.axes[bone])
        return Turn(quaternion.inverse(right), right)


def write_motion(character: Object, rig: Rig, motion: HandMotion, scene: Scene, first: int) -> int:
    """Put hand motion on the character as sparse generated keys.

    The motion is resampled to the scene's frame rate. Wrists beyond the arm's reach are drawn in to it.

    Args:
        character: the armature object.
        rig: that it was built from.
        motion: the hands.
        scene: gives the frame rate.
        first: scene frame of the motion's start.

    Returns:
        How many frames of the scene the motion takes.

    Raises:
        MotionError: the motion cannot be resampled to the scene's frame rate.
    """
    if abs(motion.fps - scene_fps(scene)) > 1e-4:
        motion = motion.resampled(scene_fps(scene))
    motion = motion.replaced(wrist_position=clamp_reach(rig, motion.wrist_position))
    if character.animation_data is None or character.animation_data.action is None:
        keys.new_action(character, f"{character.name} Motion")
    channels = _motion_channels(character, rig, motion, first)
    ours = {channel.data_path for channel in channels}
    keys.replace_generated(character, _near_animators_signs(character, channels), ours.__contains__)
    character[SOURCE_PROPERTY] = json.dumps(motion.source)
    return motion.frame_count


def write_face(character: Object, track: FaceTrack, scene: Scene, first: int) -> None:
    """Put face actions on the character's mesh as sparse generated keys from the scene frame `first` on.

    Shape keys share the character's action where this Blender's actions have slots, so that body and face are one
    animation.
    """
    body = body_of(character)
    if body is None:
        return
    if abs(track.fps - scene_fps(scene)) > 1e-4:
        track = track.resampled(scene_fps(scene))
    shapes = body.data.shape_keys
    if shapes.animation_data is None or shapes.animation_data.action is None:
        action = character.animation_data.action if character.animation_data else None
        if action is None or not keys.share_action(shapes, action):
            keys.new_action(shapes, f"{character.name} Face")
    channels: list[keys.Channel] = []
    for name, values in zip(FACE_ACTIONS, track.values.T, strict=True):
        if np.abs(values).max() > FACE_TOLERANCE:
            sparse = reduce_position(values[:, None], FACE_TOLERANCE)
            channels += _channels(face_path(name), "Face", sparse, first)
    keys.replace_generated(shapes, channels, lambda path: path.startswith("key_blocks["))


def write_accompaniment(character: Object, accompaniment: Accompaniment | None, scene: Scene, first: int) -> None:
    """Put the turns of torso, head and shoulders on their controls as sparse generated keys from `first` on.

    The hands' controls stand in the room, so the arms reach for the same places from the moved shoulders. None takes
    away the generated keys that there are.

    Raises:
        MotionError: it is not at the scene's frame rate.
    """
    channels: list[keys.Channel] = []
    if accompaniment is not None:
        if abs(accompaniment.fps - scene_fps(scene)) > 1e-4:
            raise MotionError(
                f"the accompaniment has {accompaniment.fps:g} frames a second, but the scene has "
                f"{scene_fps(scene):g}; generate once more"
            )
        rest = RestPose(character)
        made = (accompaniment.torso, accompaniment.head, accompaniment.shoulder[:, 0], accompaniment.shoulder[:, 1])
        for bone, turn in zip(BODY_BONES, made, strict=True):
            sparse = reduce_rotation(turn, BODY_TOLERANCE)
            channels += _channels(rotation_path(bone), bone, sparse.mapped(rest.body_turn(bone).matrix), first)
    ours = {rotation_path(bone) for bone in BODY_BONES}
    keys.replace_generated(character, _near_animators_signs(character, channels), ours.__contains__)


def read_pose(character: Object, rig: Rig, scene: Scene, start: int, stop: int) -> tuple[BodyPose, HandMotion]:
    """Evaluate the character at the frames `start` to `stop - 1`, as Blender shows it.

    The armature is evaluated in a scene of its own, without the mesh and whatever else the user's scene holds.

    Returns:
        Every deform joint's world transform relative to the bind pose, and the hands.

    Raises:
        MotionError: the range holds no frames, or the armature lacks a bone of the character.
    """
    if stop <= start:
        raise MotionError(f"the frames {start} to {stop - 1} are none; set the scene's end frame after its start")
    missing = [name for name in (*rig.joint_names, *HAND_CONTROLS) if name not in character.data.bones]
    if missing:
        raise MotionError(f"{character.name} has no bone {missing[0]}; add a new character")
    count, joints = stop - start, rig.joint_count
    matrices = np.empty((count, joints, 4, 4))
    confidence = np.ones((count, 2))
    with _scene_of(character, scene) as (alone, evaluate):
        for frame in range(count):
            alone.frame_set(start + frame)
            bones = evaluate().pose.bones
            for joint, name in enumerate(rig.joint_names):
                matrices[frame, joint] = bones[name].matrix
            confidence[frame] = [bones[name].get(CONFIDENCE, 1.0) for name in HAND_CONTROLS]
    axes = matrices[..., :3, :3]
    # Bones are never scaled by this rig; an animator's scale is taken off, as joints only turn and move.
    axes = axes / np.linalg.norm(axes, axis=-2, keepdims=True)
    rest = RestPose(character)
    back = quaternion.inverse(np.array([rest.axes[name] for name in rig.joint_names]))
    turn = quaternion.multiply(quaternion.from_matrix(axes), back)
    world = quaternion.multiply(quaternion.multiply(quaternion.inverse(TURN), turn), TURN)
    pose = BodyPose(
        fps=scene_fps(scene),
        joint_rotation=quaternion.make_continuous(world),
        joint_position=to_body(rig, matrices[..., :3, 3]),
    )
    hands = hands_of_pose(rig, pose)
    source = read_source(character)
    return pose, hands.replaced(confidence=np.clip(confidence, 0.0, 1.0), source=source)


def read_face(character: Object, scene: Scene, start: int, stop: int) -> FaceTrack:
    """Return the face actions of the character's mesh at the frames `start` to `stop - 1`."""
    values = np.zeros((stop - start, len(FACE_ACTIONS)))
    body = body_of(character)
    if body is not None:
        shapes = body.data.shape_keys
        curves = {curve.data_path: curve for curve in keys.all_curves(shapes)}
        for column, name in enumerate(FACE_ACTIONS):
            curve = curves.get(face_path(name))
            block = shapes.key_blocks.get(name)
            if curve is not None and len(curve.keyframe_points):
                values[:, column] = [curve.evaluate(frame) for frame in range(start, stop)]
            elif block is not None:
                values[:, column] = block.value
    return FaceTrack(fps=scene_fps(scene), values=np.clip(values, 0.0, 1.0))


def read_source(character: Object) -> dict[str, Any]:
    """Return how the character's motion was made; empty where nothing tells."""
    try:
        source = json.loads(character.get(SOURCE_PROPERTY, "{}"))
    except (ValueError, TypeError, RecursionError):  # a person may write what they like there
        return {}
    return source if isinstance(source, dict) else {}


def scene_fps(scene: Scene) -> float:
    """Return a scene's frames a second."""
    return scene.render.fps / scene.render.fps_base


def location_path(bone: str) -> str:
    """Return the data path of a bone's location."""
    return f'pose.bones["{bone}"].location'


def rotation_path(bone: str) -> str:
    """Return the data path of a bone's quaternion."""
    return f'pose.bones["{bone}"].rotation_quaternion'


def confidence_path(control: str) -> str:
    """Return the data path of a hand control's confidence."""
    return f'pose.bones["{control}"]["{CONFIDENCE}"]'


def face_path(action: str) -> str:
    """Return the data path, from a mesh's shape keys, of a face action's value."""
    return f'key_blocks["{action}"].value'


def hand_key_count(character: Object) -> int:
    """Return how many keys the channels of the hands' motion have."""
    paths = {location_path(bone) for bone in HAND_CONTROLS} | {rotation_path(bone) for bone in hand_bones()}
    return sum(len(curve.keyframe_points) for curve in keys.all_curves(character) if curve.data_path in paths)


def _motion_channels(character: Object, rig: Rig, motion: HandMotion, first: int) -> list[keys.Channel]:
    rest = RestPose(character)
    sparse = reduce_hands(motion)
    poles = elbow_pole(rig, motion.wrist_position, motion.rotation[:, :, 0])
    turn_matrix = quaternion.to_matrix(TURN)
    channels: list[keys.Channel] = []
    for hand, side in enumerate(SIDES):
        control, elbow = HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]
        place = sparse[control].location.mapped(turn_matrix, to_armature(rig, np.zeros(3)) - rest.heads[control])
        channels += _channels(location_path(control), control, place, first)
        for joint, name in enumerate(MANO_JOINTS):
            bone = f"{name}.{side}" if joint else control
            turn = rest.finger_turn(rig, hand, joint) if joint else rest.wrist_turn(rig, hand)
            channels += _channels(rotation_path(bone), bone, sparse[bone].rotation.mapped(turn.matrix), first)
        pole = to_armature(rig, poles[:, hand]) - rest.heads[elbow]
        channels += _channels(location_path(elbow), elbow, reduce_position(pole, POLE_TOLERANCE), first)
        wanted = reduce_position(motion.confidence[:, hand, None], FACE_TOLERANCE)
        channels += _channels(confidence_path(control), control, wanted, first)
    return channels


def _channels(data_path: str, group: str, sparse: SparseKeys, first: int) -> Iterator[keys.Channel]:
    """Yield one channel for each component of keys that count their frames from the scene frame `first`."""
    sparse = sparse.shifted(first)
    for index in range(sparse.values.shape[1]):
        yield keys.Channel(
            data_path=data_path,
            index=index,
            group=group,
            frames=sparse.frames,
            values=sparse.values[:, index],
            left=sparse.left[:, index],
            right=sparse.right[:, index],
        )


@contextmanager
def _scene_of(character: Object, scene: Scene) -> Iterator[tuple[Scene, Any]]:
    """Yield a temporary scene that holds the character's armature alone, and a function that returns it evaluated."""
    alone = bpy.data.scenes.new("Chironomy Reading")
    try:
        alone.collection.objects.link(character)
        alone.render.fps, alone.render.fps_base = scene.render.fps, scene.render.fps_base
        layer = alone.view_layers[0]
        layer.update()
        yield alone, lambda: character.evaluated_get(layer.depsgraph)
    finally:
        bpy.data.scenes.remove(alone)


def _near_animators_signs(character: Object, channels: list[keys.Channel]) -> list[keys.Channel]:
    """Return the channels with quaternions negated where that brings a bone's keys nearer to the animator's.

    q and -q are one rotation, but curves between keys of opposite signs would tumble.
    """
    kept: dict[str, dict[int, dict[float, float]]] = {}
    for curve in keys.all_curves(character):
        if curve.data_path.endswith(".rotation_quaternion"):
            points = keys.animator_keys(curve)["co"]
            kept.setdefault(curve.data_path, {})[curve.array_index] = {float(f): float(v) for f, v in points}
    if not any(any(points.values()) for points in kept.values()):
        return channels
    votes: dict[str, float] = {}
    for channel in channels:
        for frame, value in kept.get(channel.data_path, {}).get(channel.index, {}).items():
            generated = float(np.interp(frame, channel.frames, channel.values))
            votes[channel.data_path] = votes.get(channel.data_path, 0.0) + generated * value
    return [_negated(channel) if votes.get(channel.data_path, 0.0) < 0.0 else channel for channel in channels]


def _negated(channel: keys.Channel) -> keys.Channel:
    flip = np.array([1.0, -1.0])
    return keys.Channel(
        channel.data_path,
        channel.index,
        channel.group,
        channel.frames,
        -channel.values,
        channel.left * flip,
        channel.right * flip,
    )
