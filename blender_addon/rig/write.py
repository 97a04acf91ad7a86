# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion becomes keys of the type `GENERATED` on the character, and leads into and out of what is the animator's."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import ID, Object, PoseBone, Scene, ShapeKey
from numpy.typing import NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.ik import clamp_reach, elbow_pole
from chironomy.body.rig import Rig
from chironomy.body.standing import legs
from chironomy.motion import FACE_ACTIONS, FaceTrack, HandMotion, MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys
from chironomy.motion.joins import joined, joined_hands, joined_rotation
from chironomy.motion.key_poses import (
    DETAIL,
    ELBOW,
    Miss,
    Part,
    coarseness,
    ends_of,
    hand_key_poses,
    key_poses,
)

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
    rotation_paths,
)
from .modes import as_mode, as_quaternions
from .owned import Only, Owned, Span, Unit, adopt, bone_unit, hand_mask, hand_unit, remember
from .read import SOURCE_PROPERTY, read_controls, scene_fps
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_armature

TORSO, HEAD = 0.03, 0.03
"""Radians by which the frames between two keys of torso and shoulders, and of the head, may miss (see `key_poses`)."""

STANCE, SHIFT = 0.005, 0.003
"""Radians, and metres, likewise of hips and legs, at any detail: the feet are to stand."""

FACE = 0.08
"""Likewise of the face's actions."""

CONFIDENCE = 0.03
"""Likewise of a hand's confidence."""

UNMOVED = 0.02
"""A face action that is never further on than this gets no keys."""

FACE_POSES = (("mouth", ("jaw", "mouth", "tongue", "cheek", "nose")), ("eyes", ("eye",)), ("brows", ("brow",)))
"""Face actions that are keyed together, by how their names begin."""

FACE_LEAD, BODY_LEAD = 0.15, 0.5
"""Seconds in which a face action, and a turn of the body, go over from the animator's keys into new motion."""

_BESIDE = 6
"""Frames of the animator's on either side of new motion that are read, for its place and its speed there."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Written:
    """What was put on the character.

    Attributes:
        frames: of the scene that the motion takes.
        miss: how far the keys are off the dense motion where that was free.
        theirs: what of the hands is the animator's and stayed, by name of the hand's control.
    """

    frames: int
    miss: Miss
    theirs: Mapping[str, Span]


def write_motion(
    character: Object,
    rig: Rig,
    motion: HandMotion,
    scene: Scene,
    first: int,
    detail: float = DETAIL,
    only: Only | None = None,
) -> Written:
    """Put hand motion on the character as generated key poses.

    The motion is resampled to the scene's frame rate. Wrists beyond the arm's reach are drawn in to it.

    Args:
        character: the armature object.
        rig: that it was built from.
        motion: the hands.
        scene: gives the frame rate.
        first: scene frame of the motion's start.
        detail: from 0, few key poses, to 1, exact.
        only: what of it is put on; all where None.

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
    hands = range(2) if only is None else only.hands
    units = [hand_unit(character, hand) for hand in hands]
    owned = adopt(character, units, motion.fps, only)
    named = {name: span for name, span in owned.named.items() if not span.whole}
    part, at = motion, first
    if only is not None:
        # Of what stays, only the surroundings are looked at.
        margin = round(2.0 * BODY_LEAD * motion.fps)
        begin = int(max(np.floor(only.first) - margin - first, 0.0))
        end = int(min(np.ceil(only.last) + margin + 1.0 - first, motion.frame_count))
        if end <= begin:
            raise MotionError(f"the frames {only.first:g} to {only.last:g} lie outside the motion")
        part, at = motion.sliced(begin, end), first + begin
    channels: list[keys.Channel] = []
    miss = Miss()
    for hand in hands:
        if HAND_CONTROLS[hand] in owned.named and HAND_CONTROLS[hand] not in named:
            continue
        made, off = _hand_channels(character, rig, part, hand, named, scene, at, detail)
        channels += made
        miss = miss.or_worse(off)
    ours = {data_path for unit in units for data_path in unit.channels}
    ours |= {data_path for hand in hands for bone in hand_joints(hand) for data_path in rotation_paths(bone)}
    replace_generated(character, _near_animators_signs(character, channels, owned), ours.__contains__, owned)
    character[SOURCE_PROPERTY] = json.dumps(motion.source)
    return Written(motion.frame_count, miss, owned.named)


def write_face(character: Object, track: FaceTrack, scene: Scene, first: int, detail: float = DETAIL) -> None:
    """Put face actions on the character's mesh as generated key poses of mouth, eyes and brows.

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
    owned = adopt(shapes, [Unit(name, {face_path(name): 1}) for name in FACE_ACTIONS], track.fps)
    channels: list[keys.Channel] = []
    for _, begins in FACE_POSES:
        moved: dict[str, Array] = {}
        ends = np.zeros(0, dtype=np.int64)
        for column, name in enumerate(FACE_ACTIONS):
            if not name.startswith(begins):
                continue
            data_path, values = face_path(name), track.values[:, column, None]
            mask = _mask(owned, data_path, first, len(values))
            if mask.any():
                kept = _curve_values(shapes, data_path, values, first)
                values = joined(values, kept, mask, round(FACE_LEAD * track.fps))
            if mask.any() or np.abs(values).max() > UNMOVED:
                moved[data_path], ends = values, np.union1d(ends, ends_of(mask))
        if moved:
            parts = [Part(values, coarseness(detail) * FACE) for values in moved.values()]
            for data_path, sparse in zip(moved, key_poses(parts, track.fps, ends), strict=True):
                channels += _channels(data_path, "Face", sparse, first)
    replace_generated(shapes, channels, lambda path: path.startswith("key_blocks["), owned)


def write_accompaniment(
    character: Object,
    rig: Rig,
    accompaniment: Accompaniment | None,
    scene: Scene,
    first: int,
    detail: float = DETAIL,
) -> None:
    """Put the turns of hips, torso, head and shoulders on their bones as generated key poses from `first` on.

    The hands' controls stand in the room, so the arms reach for the same places from the moved shoulders, and the legs
    are keyed so that the feet stay. None takes away the generated keys that there are.

    Raises:
        MotionError: it is not at the scene's frame rate.
    """
    _make_writable(character)
    bones = (HIPS, *LEG_BONES, *BODY_BONES)
    units = [bone_unit(character, bone, moves=bone == HIPS) for bone in bones]
    owned = adopt(character, units, scene_fps(scene))
    channels: list[keys.Channel] = []
    if accompaniment is not None:
        fps = scene_fps(scene)
        if abs(accompaniment.fps - fps) > 1e-4:
            raise MotionError(
                f"the accompaniment has {accompaniment.fps:g} frames a second, but the scene has {fps:g}; generate "
                "once more"
            )
        torso, head, *shoulders = BODY_BONES
        coarse = coarseness(detail)
        stance = {HIPS: accompaniment.hips, **legs(rig, accompaniment)}
        upper = {torso: accompaniment.torso} | {
            name: accompaniment.shoulder[:, side] for side, name in enumerate(shoulders)
        }
        shift = _hips_shift(character, owned, accompaniment, first)
        for turned_by, tolerance, beside in (
            (stance, STANCE, [shift]),
            (upper, coarse * TORSO, []),
            ({head: accompaniment.head}, coarse * HEAD, []),
        ):
            tracks = [
                *beside,
                *(_body_track(character, owned, name, q, tolerance, fps, first) for name, q in turned_by.items()),
            ]
            channels += _keyed_together(tracks, fps, first)
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
            kept, made = keys.led(kept, made, _stretches(kept, owned, channel.data_path), owned.bent.get(place, ()))
        columns = keys.merged(kept, made)
        actions.write_points(f_curve, columns)
        if len(kept["co"]) == 0:
            continue
        # Blender places automatic handles by their neighbours, which are new, and aligned ones by each other: where
        # that moves one of the animator's, be it by a rounding, it is made fast.
        wanted = keys.shapes(columns).astype(np.float32)
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
    return keys.within(columns, span.stretches)


def _stretches(kept: keys.Columns, owned: Owned, data_path: str) -> Sequence[keys.Stretch]:
    span = owned.spans.get(data_path)
    return span.stretches if span is not None else [(float(kept["co"][0, 0]), float(kept["co"][-1, 0]))]


def _mask(owned: Owned, data_path: str, first: int, count: int) -> Mask:
    """Return (count,) which frames of a channel are the animator's, where something is written beside them."""
    span = owned.spans.get(data_path)
    return np.zeros(count, bool) if span is None or span.whole else span.mask(first, count)


@dataclass(frozen=True)
class _Track:
    """A property's dense values that are keyed together with others.

    Attributes:
        data_path: of the property.
        group: name of its F-curves' group.
        part: the values.
        mask: (T,) frames that are the animator's.
    """

    data_path: str
    group: str
    part: Part
    mask: Mask


def _keyed_together(tracks: Sequence[_Track], fps: float, first: int) -> Iterator[keys.Channel]:
    """Yield the channels of properties that get their keys on the same frames."""
    ends = np.unique(np.concatenate([ends_of(track.mask) for track in tracks]))
    for track, sparse in zip(tracks, key_poses([track.part for track in tracks], fps, ends), strict=True):
        yield from _channels(track.data_path, track.group, sparse, first)


def _body_track(
    character: Object, owned: Owned, name: str, turned: Array, tolerance: float, fps: float, first: int
) -> _Track:
    """Return a body bone's turns, (T, 4) in the frame of the body, in its own rotation mode, led to what is kept."""
    bone = character.pose.bones[name]
    turns = RestPose(character).body_turn(name).done(turned)
    data_path, _ = rotation_channel(bone)
    mask = _mask(owned, data_path, first, len(turns))
    if mask.any():
        kept = as_quaternions(bone, _curve_values(character, data_path, as_mode(bone, turns), first))
        turns = joined_rotation(turns, kept, mask, round(BODY_LEAD * fps))
    return _Track(data_path, name, _turn_part(character, bone, turns, tolerance, mask, first), mask)


def _hips_shift(character: Object, owned: Owned, accompaniment: Accompaniment, first: int) -> _Track:
    """Return where the hips go, along the bone's own axes, led to what is kept."""
    data_path, axes = location_path(HIPS), RestPose(character).axes[HIPS]
    shift = quaternion.apply(quaternion.inverse(axes), quaternion.apply(TURN, accompaniment.hips_shift))
    mask = _mask(owned, data_path, first, len(shift))
    if mask.any():
        kept = _curve_values(character, data_path, shift, first)
        shift = joined(shift, kept, mask, round(BODY_LEAD * accompaniment.fps))
    return _Track(data_path, HIPS, Part(shift, SHIFT), mask)


def _hand_channels(
    character: Object,
    rig: Rig,
    motion: HandMotion,
    hand: int,
    named: Mapping[str, Span],
    scene: Scene,
    first: int,
    detail: float,
) -> tuple[list[keys.Channel], Miss]:
    """Return a hand's channels: the motion outside the animator's stretches, led into and out of what they show."""
    count, pad = motion.frame_count, round(BODY_LEAD * motion.fps)
    # A pose just before the motion or after it is led to as well, as if the motion stood still beyond its ends.
    mask = hand_mask(named, first - pad, count + 2 * pad)
    mask[:, 1 - hand] = False
    inside = slice(pad, pad + count)
    rest, elbows = RestPose(character), np.zeros((count + 2 * pad, 2, 3))
    # Only what lies beside free frames is led to.
    beside = np.convolve(~mask[:, hand], np.ones(2 * _BESIDE + 1), mode="same") > 0.5
    theirs = np.flatnonzero(mask[:, hand] & beside)
    if len(theirs):
        shown = read_controls(character, rig, scene, (first - pad + theirs).tolist())
        held = np.clip(np.arange(-pad, count + pad), 0, count - 1)
        fields = {name: getattr(motion, name)[held] for name in ("wrist_position", "rotation", "confidence")}
        wide = motion.replaced(**fields)
        fields = {name: values.copy() for name, values in fields.items()}
        kept = np.flatnonzero(mask[:, hand])
        nearest = np.abs(kept[:, None] - theirs).argmin(axis=1)
        for name, values in fields.items():
            values[kept, hand] = getattr(shown, name)[nearest, hand]
        elbows[kept] = shown.elbow[nearest]
        led = joined_hands(wide, wide.replaced(**fields), mask)
        motion = led.sliced(pad, pad + count)
    free, elbow = ~mask[inside, hand], elbows[inside, hand]
    ends = ends_of(~free)
    control, pole_bone = HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]
    pole = to_armature(rig, elbow_pole(rig, motion.wrist_position, motion.rotation[:, :, 0])[:, hand])
    pole = joined(pole - rest.heads[pole_bone], elbow, ~free, round(BODY_LEAD * motion.fps))
    beside = [Part(pole, coarseness(detail) * ELBOW)]
    turned: dict[int, Array] = {}
    for joint, name in enumerate(hand_joints(hand)):
        bone = character.pose.bones[name]
        if bone.rotation_mode != "QUATERNION":
            turns = rest.joint_turn(rig, hand, joint).done(motion.rotation[:, hand, joint])
            turned[joint] = _turn_part(character, bone, turns, np.inf, ~free, first).values
    # Channels of other rotation modes are keyed on the same frames; which those are, the rotations decide.
    beside += [Part(values, np.inf) for values in turned.values()]
    sparse, miss = hand_key_poses(motion, hand, detail, beside, ~free)
    in_mode = dict(zip(turned, sparse[-len(turned) :] if turned else (), strict=True))
    place = sparse[0].mapped(quaternion.to_matrix(TURN), to_armature(rig, np.zeros(3)) - rest.heads[control])
    channels = [*_channels(location_path(control), control, place, first)]
    for joint, name in enumerate(hand_joints(hand)):
        data_path, _ = rotation_channel(character.pose.bones[name])
        turn = rest.joint_turn(rig, hand, joint)
        own = in_mode[joint] if joint in in_mode else sparse[1 + joint].mapped(turn.matrix)
        channels += _channels(data_path, name, own, first)
    channels += _channels(location_path(pole_bone), pole_bone, sparse[17], first)
    wanted = key_poses([Part(motion.confidence[:, hand, None], CONFIDENCE)], motion.fps, ends)[0]
    channels += _channels(confidence_path(control), control, wanted, first)
    return channels, miss


def _turn_part(character: Object, bone: PoseBone, turns: Array, tolerance: float, mask: Mask, first: int) -> Part:
    """Return a bone's turns (T, 4) as channels of its own rotation mode, continuous with what is kept."""
    if bone.rotation_mode == "QUATERNION":
        return Part(quaternion.make_continuous(turns), tolerance, rotation=True)
    values = as_mode(bone, turns)
    if mask.any():
        data_path, _ = rotation_channel(bone)
        values = as_mode(bone, turns, _curve_values(character, data_path, values, first), mask)
    return Part(values, tolerance)


def turn_of(bone: PoseBone, values: Array) -> Array:
    """Return the unit quaternion (4,) of channels (C,) of a bone's rotation mode."""
    return as_quaternions(bone, values[None])[0]


def channels_near(bone: PoseBone, turn: Array, values: Array) -> Array:
    """Return a unit quaternion (4,) as channels (C,) of a bone's rotation mode, near those that it has."""
    both = np.stack([turn_of(bone, values), turn])
    return as_mode(bone, both, np.stack([values, values]), np.array([True, False]))[1]


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
    """Return the channels with quaternions negated where that brings them nearer to the animator's on either side.

    q and -q are one rotation, but curves between keys of opposite signs would tumble. Where what lies between two of
    the animator's stretches would meet the second one's with the wrong sign, that stretch is negated itself.
    """
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    bones: dict[str, list[keys.Channel]] = {}
    for channel in channels:
        if channel.data_path.endswith(".rotation_quaternion") and channel.data_path in owned.spans:
            bones.setdefault(channel.data_path, []).append(channel)
    signs: dict[str, list[float]] = {}
    for data_path, parts in bones.items():
        stretches = owned.spans[data_path].stretches

        def sign_at(frame: float, parts: list[keys.Channel] = parts) -> float:
            along = sum(
                float(np.interp(frame, part.frames, part.values) * curves[part.data_path, part.index].evaluate(frame))
                for part in parts
            )
            return -1.0 if along < 0.0 else 1.0

        own = signs.setdefault(data_path, [])
        for number, (begin, end) in enumerate(stretches):
            met = sign_at(max(begin, parts[0].frames[0])) if np.isinf(begin) else sign_at(begin)
            left = sign_at(min(end, parts[0].frames[-1])) if np.isinf(end) else sign_at(end)
            if number == 0:
                own.append(met)
            elif met != own[-1]:
                left = -left
                for part in parts:
                    f_curve = curves[part.data_path, part.index]
                    actions.write_points(f_curve, keys.negated(actions.key_columns(f_curve), begin, end))
            own.append(left)
    return [
        channel.signed(signs[channel.data_path], owned.spans[channel.data_path].stretches)
        if signs.get(channel.data_path)
        else channel
        for channel in channels
    ]
