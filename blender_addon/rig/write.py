# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion becomes keys on the character, beside those of the animator.

Keys are owned by their type: `GENERATED` keys are the machine's, to be replaced when motion is made anew; keys of any
other type are the animator's and are kept as they are. Blender leaves a key its type when an animator drags it or keys
over it, so the action remembers how generated keys were written: one that is not like that any more is the animator's.
"""

import json
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from bpy.types import ID, FCurve, Object, Scene

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.ik import clamp_reach, elbow_pole
from chironomy.body.rig import SIDES, Rig
from chironomy.motion import FACE_ACTIONS, MANO_JOINTS, FaceTrack, HandMotion, MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys
from chironomy.motion.reduce import reduce_hands, reduce_position, reduce_rotation

from . import actions
from .build import body_of
from .channels import BODY_BONES, RestPose, confidence_path, face_path, location_path, rotation_path
from .read import SOURCE_PROPERTY, scene_fps
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_armature

WRITTEN_PROPERTY = "chironomy_written"
"""A custom property of an action: by F-curve, the generated keys as they were written."""

POLE_TOLERANCE = 0.002
"""Metres by which sparse keys may miss the place an elbow control should have."""

BODY_TOLERANCE = 0.002
"""Radians by which sparse keys may miss a turn of torso, head or shoulder: a millimetre at the crown."""

FACE_TOLERANCE = 0.02
"""By which sparse keys may miss a face action's value, of 1; less than can be seen on a mouth."""


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
        actions.new_action(character, f"{character.name} Motion")
    channels = _motion_channels(character, rig, motion, first)
    ours = {channel.data_path for channel in channels}
    replace_generated(character, _near_animators_signs(character, channels), ours.__contains__)
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
        if action is None or not actions.share_action(shapes, action):
            actions.new_action(shapes, f"{character.name} Face")
    channels: list[keys.Channel] = []
    for name, values in zip(FACE_ACTIONS, track.values.T, strict=True):
        if np.abs(values).max() > FACE_TOLERANCE:
            sparse = reduce_position(values[:, None], FACE_TOLERANCE)
            channels += _channels(face_path(name), "Face", sparse, first)
    replace_generated(shapes, channels, lambda path: path.startswith("key_blocks["))


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
    replace_generated(character, _near_animators_signs(character, channels), ours.__contains__)


def replace_generated(animated: ID, channels: Iterable[keys.Channel], within: Callable[[str], bool]) -> None:
    """Replace generated keys by new ones, and keep the animator's.

    An animator's key stays exactly as it is, and a new key that falls on its frame is left out. A generated key that
    the animator has changed becomes one of them.

    Args:
        animated: a data-block that has an action.
        channels: the new keys.
        within: tells by a data path whether its old generated keys go.
    """
    collection = actions.curves(animated, create=True)
    adopt_changed(animated)
    new = {(channel.data_path, channel.index): channel for channel in channels}
    for f_curve in list(collection):
        if (f_curve.data_path, f_curve.array_index) not in new and within(f_curve.data_path):
            kept = _animator_keys(f_curve)
            if len(kept["co"]):
                actions.write_points(f_curve, kept)
            else:
                collection.remove(f_curve)
    groups = actions.groups(animated)
    for (data_path, index), channel in new.items():
        f_curve = collection.find(data_path, index=index)
        if f_curve is None:
            f_curve = collection.new(data_path, index=index)
            f_curve.group = groups.get(channel.group) or groups.new(channel.group)
        actions.write_points(f_curve, keys.merged(_animator_keys(f_curve), channel.points()))
    _remember(animated)


def adopt_changed(animated: ID) -> None:
    """Give every generated key that is not as it was written the type of an animator's key."""
    written = animated.animation_data.action.get(WRITTEN_PROPERTY)
    for f_curve in actions.all_curves(animated) if written is not None else ():
        before = written.get(_name_of(f_curve))
        if before is None:
            continue
        columns = actions.key_columns(f_curve)
        known = np.array(before, dtype=np.float64).reshape(-1, keys.SHAPE_SIZE)
        changed = keys.changed(columns, known)
        if changed.any():
            columns["type"][changed] = keys.KeyType.KEYFRAME
            actions.write_points(f_curve, columns)


def _motion_channels(character: Object, rig: Rig, motion: HandMotion, first: int) -> list[keys.Channel]:
    rest = RestPose(character)
    sparse = reduce_hands(motion)
    poles = elbow_pole(rig, motion.wrist_position, motion.rotation[:, :, 0])
    turn_matrix = quaternion.to_matrix(TURN)
    channels: list[keys.Channel] = []
    for hand, side in enumerate(SIDES):
        control, elbow = HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]
        location = sparse[control].location
        assert location is not None
        place = location.mapped(turn_matrix, to_armature(rig, np.zeros(3)) - rest.heads[control])
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
            frames=sparse.frames.astype(np.float64),
            values=sparse.values[:, index],
            left=sparse.left[:, index],
            right=sparse.right[:, index],
        )


def _animator_keys(f_curve: FCurve) -> keys.Columns:
    """Return the keys of an F-curve that are not generated."""
    columns = actions.key_columns(f_curve)
    return keys.selected(columns, ~keys.is_generated(columns))


def _remember(animated: ID) -> None:
    """Note in the action how the generated keys of a data-block were written."""
    action = animated.animation_data.action
    if WRITTEN_PROPERTY not in action:
        action[WRITTEN_PROPERTY] = {}
    written = action[WRITTEN_PROPERTY]
    for f_curve in actions.all_curves(animated):
        columns = actions.key_columns(f_curve)
        shapes = keys.shapes(columns)[keys.is_generated(columns)]
        written[_name_of(f_curve)] = shapes.reshape(-1).tolist()


def _name_of(f_curve: FCurve) -> str:
    return f"{f_curve.data_path}[{f_curve.array_index}]"


def _near_animators_signs(character: Object, channels: list[keys.Channel]) -> list[keys.Channel]:
    """Return the channels with quaternions negated where that brings a bone's keys nearer to the animator's.

    q and -q are one rotation, but curves between keys of opposite signs would tumble.
    """
    kept: dict[str, dict[int, dict[float, float]]] = {}
    for curve in actions.all_curves(character):
        if curve.data_path.endswith(".rotation_quaternion"):
            points = _animator_keys(curve)["co"]
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
