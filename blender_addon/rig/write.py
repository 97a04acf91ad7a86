# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion becomes keys of the type `GENERATED` on the character, and leads into and out of what is the animator's."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from bpy.types import ID, Object, PoseBone, Scene, ShapeKey
from mathutils import Euler, Quaternion
from numpy.typing import NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.ik import clamp_reach, elbow_pole
from chironomy.body.rig import Rig
from chironomy.body.standing import legs
from chironomy.motion import FACE_ACTIONS, FaceTrack, HandMotion, MotionError, hand_bones, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys
from chironomy.motion.joins import joined, joined_hands, joined_rotation
from chironomy.motion.reduce import reduce_columns, reduce_hands, reduce_position, reduce_rotation

from . import actions
from .build import body_of
from .channels import (
    BODY_BONES,
    HIPS,
    LEG_BONES,
    RestPose,
    confidence_path,
    face_path,
    hand_joints,
    location_path,
    rotation_channel,
    rotation_path,
    rotation_paths,
)
from .owned import Owned, Span, Unit, adopt, bone_unit, hand_mask, hand_unit, remember
from .read import SOURCE_PROPERTY, read_controls, scene_fps
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_armature

POLE_TOLERANCE = 0.002
"""Metres by which sparse keys may miss the place an elbow control should have."""

BODY_TOLERANCE = 0.002
"""Radians by which sparse keys may miss a turn of torso, head or shoulder: a millimetre at the crown."""

LEG_TOLERANCE, SHIFT_TOLERANCE = 0.0006, 0.0004
"""Radians, and metres, by which hips and legs may miss theirs: half a millimetre at the foot, which is to stand."""

TURN_TOLERANCE = 0.004
"""Radians by which sparse keys may miss a channel of a hand's bone that does not turn by a quaternion."""

FACE_TOLERANCE = 0.02
"""By which sparse keys may miss a face action's value, of 1; less than can be seen on a mouth."""

FACE_LEAD, BODY_LEAD = 0.15, 0.5
"""Seconds in which a face action, and a turn of the body, go over from the animator's keys into new motion."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
        MotionError: the motion cannot be resampled to the scene's frame rate, or the character's keys cannot be
            written now.
    """
    if abs(motion.fps - scene_fps(scene)) > 1e-4:
        motion = motion.resampled(scene_fps(scene))
    motion = motion.replaced(wrist_position=clamp_reach(rig, motion.wrist_position))
    _make_writable(character)
    if character.animation_data is None or character.animation_data.action is None:
        actions.new_action(character, f"{character.name} Motion")
    units = [hand_unit(character, hand) for hand in range(2)]
    owned = adopt(character, units)
    named = {name: span for name, span in owned.named.items() if not span.whole}
    channels = list(_motion_channels(character, rig, motion, named, scene, first))
    ours = {data_path for unit in units for data_path in unit.channels}
    ours |= {data_path for bone in hand_bones() for data_path in rotation_paths(bone)}
    replace_generated(character, _near_animators_signs(character, channels, owned), ours.__contains__, owned)
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
    _make_writable(shapes)
    if shapes.animation_data is None or shapes.animation_data.action is None:
        action = character.animation_data.action if character.animation_data else None
        if action is None or not actions.share_action(shapes, action):
            actions.new_action(shapes, f"{character.name} Face")
    owned = adopt(shapes, [Unit(name, {face_path(name): 1}) for name in FACE_ACTIONS])
    moved: dict[str, tuple[Array, NDArray[np.int64]]] = {}
    for column, name in enumerate(FACE_ACTIONS):
        data_path, values = face_path(name), track.values[:, column, None]
        mask = _mask(owned, data_path, first, len(values))
        if mask.any():
            kept = _curve_values(shapes, data_path, values, first)
            values = joined(values, kept, mask, round(FACE_LEAD * track.fps))
        if mask.any() or np.abs(values).max() > FACE_TOLERANCE:
            moved[data_path] = values, _ends(mask)
    channels: list[keys.Channel] = []
    if moved:
        values = np.concatenate([values for values, _ in moved.values()], axis=1)
        reduced = reduce_columns(values, FACE_TOLERANCE, [ends for _, ends in moved.values()])
        for data_path, sparse in zip(moved, reduced, strict=True):
            channels += _channels(data_path, "Face", sparse, first)
    replace_generated(shapes, channels, lambda path: path.startswith("key_blocks["), owned)


def write_accompaniment(
    character: Object, rig: Rig, accompaniment: Accompaniment | None, scene: Scene, first: int
) -> None:
    """Put the turns of hips, torso, head and shoulders on their bones as sparse generated keys from `first` on.

    The hands' controls stand in the room, so the arms reach for the same places from the moved shoulders, and the legs
    are keyed so that the feet stay. None takes away the generated keys that there are.

    Raises:
        MotionError: it is not at the scene's frame rate.
    """
    _make_writable(character)
    bones = (HIPS, *LEG_BONES, *BODY_BONES)
    owned = adopt(character, [bone_unit(character, bone, moves=bone == HIPS) for bone in bones])
    channels: list[keys.Channel] = []
    if accompaniment is not None:
        if abs(accompaniment.fps - scene_fps(scene)) > 1e-4:
            raise MotionError(
                f"the accompaniment has {accompaniment.fps:g} frames a second, but the scene has "
                f"{scene_fps(scene):g}; generate once more"
            )
        rest = RestPose(character)
        made = (accompaniment.torso, accompaniment.head, accompaniment.shoulder[:, 0], accompaniment.shoulder[:, 1])
        turned_by = {HIPS: accompaniment.hips, **legs(rig, accompaniment), **dict(zip(BODY_BONES, made, strict=True))}
        for name, turned in turned_by.items():
            bone = character.pose.bones[name]
            turns = rest.body_turn(name).done(turned)
            tolerance = LEG_TOLERANCE if name in (HIPS, *LEG_BONES) else BODY_TOLERANCE
            data_path, _ = rotation_channel(bone)
            mask = _mask(owned, data_path, first, len(turns))
            if mask.any():
                kept = _as_quaternions(bone, _curve_values(character, data_path, _as_mode(bone, turns), first))
                turns = joined_rotation(turns, kept, mask, round(BODY_LEAD * accompaniment.fps))
            channels += _turn_channels(character, bone, turns, tolerance, mask, first)
        data_path = location_path(HIPS)
        # A bone's location is along its own axes.
        shift = quaternion.apply(quaternion.inverse(rest.axes[HIPS]), quaternion.apply(TURN, accompaniment.hips_shift))
        mask = _mask(owned, data_path, first, len(shift))
        if mask.any():
            kept = _curve_values(character, data_path, shift, first)
            shift = joined(shift, kept, mask, round(BODY_LEAD * accompaniment.fps))
        channels += _channels(data_path, HIPS, reduce_position(shift, SHIFT_TOLERANCE, _ends(mask)), first)
    ours = {data_path for bone in bones for data_path in rotation_paths(bone)} | {location_path(HIPS)}
    replace_generated(character, _near_animators_signs(character, channels, owned), ours.__contains__, owned)


def _rest(animated: ID, data_path: str, index: int) -> None:
    """Give a channel that is no longer animated its value at rest, where it else keeps that of the frame shown last."""
    owner_path, _, name = data_path.rpartition(".")
    try:
        owner = animated.path_resolve(owner_path) if owner_path else animated
        known = owner.bl_rna.properties[name]
    except (ValueError, KeyError):  # the channel of something that is gone, or a custom property
        return
    if getattr(known, "is_array", False):
        getattr(owner, name)[index] = known.default_array[index]
    else:
        # A face action's default is to be fully on where Blender 5 makes one.
        setattr(owner, name, 0.0 if isinstance(owner, ShapeKey) else known.default)


def replace_generated(
    animated: ID, channels: Iterable[keys.Channel], within: Callable[[str], bool], owned: Owned
) -> None:
    """Replace generated keys by new ones outside of what is the animator's.

    Args:
        animated: a data-block that has an action.
        channels: the new keys.
        within: tells by a data path whether its old generated keys go.
        owned: what stays.
    """
    new = {(channel.data_path, channel.index): channel for channel in channels}
    collection = actions.curves(animated, create=True)
    for f_curve in list(collection):
        data_path, place = f_curve.data_path, (f_curve.data_path, f_curve.array_index)
        if place in new or not within(data_path) or actions.is_set_aside(f_curve) or _whole(owned, data_path):
            continue
        kept = _kept(actions.key_columns(f_curve), owned, data_path)
        if len(kept["co"]) or len(f_curve.modifiers):
            actions.write_points(f_curve, kept)
        else:
            collection.remove(f_curve)
            _rest(animated, *place)
    for place, channel in new.items():
        if _whole(owned, channel.data_path):
            continue
        f_curve = actions.curve(animated, channel.data_path, channel.index, channel.group)
        kept, made = _kept(actions.key_columns(f_curve), owned, channel.data_path), channel.points()
        if len(kept["co"]):
            kept, made = keys.led(kept, made, owned.bent.get(place, ()))
        columns = keys.merged(kept, made)
        wanted = keys.shapes(columns).astype(np.float32)
        actions.write_points(f_curve, columns)
        # Blender places automatic handles by their neighbours, which are new, and aligned ones by each other: where
        # that moves one of the animator's, be it by a rounding, it is made fast.
        moved = (keys.shapes(actions.key_columns(f_curve)) != wanted).any(axis=1)
        moved &= np.isin(columns["co"][:, 0], kept["co"][:, 0])
        if moved.any():
            for name in ("handle_left_type", "handle_right_type"):
                columns[name][moved] = keys.HandleType.FREE
            actions.write_points(f_curve, columns)
    remember(animated, owned)


def _make_writable(animated: ID) -> None:
    reason = actions.refusal(animated)
    if reason:
        raise MotionError(reason)
    actions.own(animated)


def _whole(owned: Owned, data_path: str) -> bool:
    return data_path in owned.spans and owned.spans[data_path].whole


def _kept(columns: keys.Columns, owned: Owned, data_path: str) -> keys.Columns:
    """Return the keys of a curve that stay."""
    span = owned.spans.get(data_path)
    if span is None:
        return keys.selected(columns, ~keys.is_generated(columns))
    return keys.between(columns, span.first, span.last)


def _mask(owned: Owned, data_path: str, first: int, count: int) -> Mask:
    """Return (count,) which frames of a channel are the animator's, where something is written beside them."""
    span = owned.spans.get(data_path)
    return np.zeros(count, bool) if span is None or span.whole else span.mask(first, count)


def _ends(mask: Mask) -> NDArray[np.int64]:
    """Return the frames of a mask beside which one is free."""
    beside = np.concatenate([[True], mask, [True]])
    return np.flatnonzero(mask & ~(beside[:-2] & beside[2:]))


def _motion_channels(
    character: Object, rig: Rig, motion: HandMotion, named: Mapping[str, Span], scene: Scene, first: int
) -> Iterator[keys.Channel]:
    """Yield the channels of both hands: the motion outside the animator's spans, led into and out of what they show."""
    count, pad = motion.frame_count, round(BODY_LEAD * motion.fps)
    # A pose just before the motion or after it is led to as well, as if the motion stood still beyond its ends.
    mask = hand_mask(named, first - pad, count + 2 * pad)
    inside = slice(pad, pad + count)
    rest, elbows = RestPose(character), np.zeros((count + 2 * pad, 2, 3))
    theirs = np.flatnonzero(mask.any(axis=1))
    if len(theirs):
        shown = read_controls(character, rig, scene, (first - pad + theirs).tolist())
        held = np.clip(np.arange(-pad, count + pad), 0, count - 1)
        fields = {name: getattr(motion, name)[held] for name in ("wrist_position", "rotation", "confidence")}
        wide = motion.replaced(**fields)
        fields = {name: values.copy() for name, values in fields.items()}
        for name, values in fields.items():
            values[theirs] = getattr(shown, name)
        elbows[theirs] = shown.elbow
        led = joined_hands(wide, wide.replaced(**fields), mask)
        motion = led.sliced(pad, pad + count)
    mask, elbows = mask[inside], elbows[inside]
    exact = {
        bone: _ends(mask[:, hand])
        for hand in range(2)
        for bone in (HAND_CONTROLS[hand], *hand_joints(hand)[1:])
        if mask[:, hand].any()
    }
    sparse = reduce_hands(motion, required_frames=exact)
    poles = elbow_pole(rig, motion.wrist_position, motion.rotation[:, :, 0])
    turn_matrix = quaternion.to_matrix(TURN)
    for hand, (control, elbow) in enumerate(zip(HAND_CONTROLS, ELBOW_CONTROLS, strict=True)):
        location = sparse[control].location
        assert location is not None
        place = location.mapped(turn_matrix, to_armature(rig, np.zeros(3)) - rest.heads[control])
        yield from _channels(location_path(control), control, place, first)
        for joint, name in enumerate(hand_joints(hand)):
            bone, turn = character.pose.bones[name], rest.joint_turn(rig, hand, joint)
            if bone.rotation_mode == "QUATERNION":
                turned = sparse[name].rotation.mapped(turn.matrix)
                yield from _channels(rotation_path(name), name, turned, first)
            else:
                turns = turn.done(motion.rotation[:, hand, joint])
                yield from _turn_channels(character, bone, turns, TURN_TOLERANCE, mask[:, hand], first)
        ends = _ends(mask[:, hand])
        pole = to_armature(rig, poles[:, hand]) - rest.heads[elbow]
        pole = joined(pole, elbows[:, hand], mask[:, hand], round(BODY_LEAD * motion.fps))
        yield from _channels(location_path(elbow), elbow, reduce_position(pole, POLE_TOLERANCE, ends), first)
        wanted = reduce_position(motion.confidence[:, hand, None], FACE_TOLERANCE, ends)
        yield from _channels(confidence_path(control), control, wanted, first)


def _turn_channels(
    character: Object, bone: PoseBone, turns: Array, tolerance: float, mask: Mask, first: int
) -> Iterator[keys.Channel]:
    """Yield the channels of a bone's turns (T, 4) in the bone's own rotation mode, continuous with what is kept."""
    data_path, _ = rotation_channel(bone)
    if bone.rotation_mode == "QUATERNION":
        sparse = reduce_rotation(turns, tolerance, _ends(mask))
    else:
        values = _as_mode(bone, turns)
        if mask.any():
            values = _as_mode(bone, turns, _curve_values(character, data_path, values, first), mask)
        sparse = reduce_position(values, tolerance, _ends(mask))
    yield from _channels(data_path, bone.name, sparse, first)


def _as_mode(bone: PoseBone, turns: Array, kept: Array | None = None, mask: Mask | None = None) -> Array:
    """Return quaternions (T, 4) as channels of a bone's rotation mode, each near the one before.

    Args:
        bone: whose mode it is.
        turns: the quaternions.
        kept: channels (T, C) that are taken where the mask is set, and that the others go on from.
        mask: (T,).
    """
    if bone.rotation_mode == "QUATERNION":
        return quaternion.make_continuous(turns)
    near = _axis_angle if bone.rotation_mode == "AXIS_ANGLE" else _euler
    given = np.zeros(len(turns), bool) if mask is None or kept is None else mask
    start = int(np.argmax(given))
    result = np.zeros((len(turns), 4 if bone.rotation_mode == "AXIS_ANGLE" else 3))
    for frames in (range(start, len(turns)), range(start - 1, -1, -1)):
        before = result[start] if frames.step < 0 else None
        for frame in frames:
            if given[frame] and kept is not None:
                before = kept[frame]
            else:
                before = near(bone.rotation_mode, turns[frame], before)
            result[frame] = before
    return result


def _euler(order: str, turn: Array, before: Array | None) -> Array:
    near = () if before is None else (Euler(before, order),)
    return np.array(Quaternion(turn).to_euler(order, *near))


def _axis_angle(_: str, turn: Array, before: Array | None) -> Array:
    """Return angle and axis, (4,), the axis on the same side as before; where nothing turns, the same axis."""
    vector = quaternion.to_rotation_vector(turn)
    angle = float(np.linalg.norm(vector))
    if angle < 1e-6:
        return np.concatenate([[0.0], [0.0, 1.0, 0.0] if before is None else before[1:]])
    axis = vector / angle
    if before is not None:
        if np.dot(axis, before[1:]) < 0.0:
            axis, angle = -axis, -angle
        angle += 2.0 * np.pi * round((float(before[0]) - angle) / (2.0 * np.pi))
    return np.concatenate([[angle], axis])


def _as_quaternions(bone: PoseBone, values: Array) -> Array:
    """Return channels (T, C) of a bone's rotation mode as unit quaternions (T, 4)."""
    if bone.rotation_mode == "QUATERNION":
        return quaternion.normalize(values)
    if bone.rotation_mode == "AXIS_ANGLE":
        length = np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
        return quaternion.from_rotation_vector(values[:, :1] * values[:, 1:] / np.where(length > 0.0, length, 1.0))
    return np.array([Euler(value, bone.rotation_mode).to_quaternion() for value in values])


def turn_of(bone: PoseBone, values: Array) -> Array:
    """Return the unit quaternion (4,) of channels (C,) of a bone's rotation mode."""
    return _as_quaternions(bone, values[None])[0]


def channels_near(bone: PoseBone, turn: Array, values: Array) -> Array:
    """Return a unit quaternion (4,) as channels (C,) of a bone's rotation mode, near those that it has."""
    both = np.stack([turn_of(bone, values), turn])
    return _as_mode(bone, both, np.stack([values, values]), np.array([True, False]))[1]


def _curve_values(animated: ID, data_path: str, values: Array, first: int) -> Array:
    """Return what the curves of a property say at the frames from `first` on; `values` (T, C) where one is missing."""
    result = np.array(values)
    for f_curve in actions.all_curves(animated):
        if f_curve.data_path == data_path and f_curve.array_index < result.shape[1]:
            result[:, f_curve.array_index] = [f_curve.evaluate(first + frame) for frame in range(len(result))]
    return result


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


def _near_animators_signs(character: Object, channels: list[keys.Channel], owned: Owned) -> list[keys.Channel]:
    """Return the channels with quaternions negated where that brings them nearer to the animator's, before and after.

    q and -q are one rotation, but curves between keys of opposite signs would tumble.
    """
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    bones: dict[str, list[keys.Channel]] = {}
    for channel in channels:
        if channel.data_path.endswith(".rotation_quaternion") and channel.data_path in owned.spans:
            bones.setdefault(channel.data_path, []).append(channel)
    signs: dict[str, list[float]] = {}
    for data_path, parts in bones.items():
        span = owned.spans[data_path]
        if not span.whole:
            for border in (span.first, span.last):
                along = sum(
                    float(np.interp(border, part.frames, part.values) * curves[data_path, part.index].evaluate(border))
                    for part in parts
                )
                signs.setdefault(data_path, []).append(-1.0 if along < 0.0 else 1.0)
    return [
        channel.signed(signs[channel.data_path][0], signs[channel.data_path][1], owned.spans[channel.data_path].first)
        if channel.data_path in signs
        else channel
        for channel in channels
    ]
