# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion becomes keys of the type `GENERATED` on the character, and leads into and out of what is the animator's."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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

from ..slices import Pace, Slices, drained
from . import actions
from .channels import (
    BODY_BONES,
    HIPS,
    LEG_BONES,
    Bone,
    RestPose,
    confidence_path,
    face_path,
    hand_joints,
    location_path,
    rotation_channel,
    rotation_paths,
)
from .drafts import CharacterDraft, Draft, shapes_of
from .modes import as_mode, as_quaternions
from .owned import Only, Owned, Span, Unit, adopting, bone_unit, hand_mask, hand_unit, remembering
from .read import SOURCE_PROPERTY, Controls, reading_controls, scene_fps
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
    """Do at once what `writing_motion` does in slices."""
    return drained(writing_motion(character, rig, motion, scene, first, detail, only))


def writing_motion(
    character: Object | CharacterDraft,
    rig: Rig,
    motion: HandMotion,
    scene: Scene,
    first: int,
    detail: float = DETAIL,
    only: Only | None = None,
) -> Slices:
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

    Returns:
        What was put on, as `Written`.

    Raises:
        MotionError: the motion cannot be resampled to the scene's frame rate, or the character's keys cannot be
            written now.
    """
    fps = scene_fps(scene)
    motion = yield lambda _: _within_reach(rig, motion, fps)
    _make_writable(character)
    if character.animation_data is None or character.animation_data.action is None:
        actions.new_action(character, f"{character.name} Motion")
    hands = range(2) if only is None else only.hands
    units = [hand_unit(character, hand) for hand in hands]
    owned = yield from adopting(character, units, motion.fps, only)
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
        made, off = yield from _making_hand_channels(character, rig, part, hand, named, scene, at, detail)
        channels += made
        miss = miss.or_worse(off)
    ours = {data_path for unit in units for data_path in unit.channels}
    ours |= {data_path for hand in hands for bone in hand_joints(hand) for data_path in rotation_paths(bone)}
    channels = near_animators_signs(character, channels, owned)
    yield from replacing_generated(character, channels, ours.__contains__, owned)
    character[SOURCE_PROPERTY] = json.dumps(motion.source)
    return Written(motion.frame_count, miss, owned.named)


def _within_reach(rig: Rig, motion: HandMotion, fps: float) -> HandMotion:
    """Return a motion at a frame rate, with its wrists no farther away than the arms reach."""
    if abs(motion.fps - fps) > 1e-4:
        motion = motion.resampled(fps)
    return motion.replaced(wrist_position=clamp_reach(rig, motion.wrist_position))


def write_face(character: Object, track: FaceTrack, scene: Scene, first: int, detail: float = DETAIL) -> None:
    """Do at once what `writing_face` does in slices."""
    drained(writing_face(character, track, scene, first, detail))


def writing_face(
    character: Object | CharacterDraft, track: FaceTrack, scene: Scene, first: int, detail: float = DETAIL
) -> Slices:
    """Put face actions on the character's mesh as generated key poses of mouth, eyes and brows.

    Shape keys share the character's action where this Blender's actions have slots, so that body and face are one
    animation.
    """
    shapes = shapes_of(character)
    if shapes is None:
        return
    if abs(track.fps - scene_fps(scene)) > 1e-4:
        track = track.resampled(scene_fps(scene))
    _make_writable(shapes)
    if shapes.animation_data is None or shapes.animation_data.action is None:
        action = character.animation_data.action if character.animation_data else None
        if action is None or not actions.share_action(shapes, action):
            actions.new_action(shapes, f"{character.name} Face")
    units = [Unit(name, {face_path(name): 1}) for name in FACE_ACTIONS]
    owned = yield from adopting(shapes, units, track.fps)
    count = len(track.values)
    masks = {face_path(name): _mask(owned, face_path(name), first, count) for name in FACE_ACTIONS}
    shown = yield from _reading_curves(shapes, masks, first)
    channels = yield lambda _: _face_channels(track, masks, shown, first, detail)
    yield from replacing_generated(shapes, channels, lambda path: path.startswith("key_blocks["), owned)


def _face_channels(
    track: FaceTrack, masks: Mapping[str, Mask], shown: "_Shown", first: int, detail: float
) -> list[keys.Channel]:
    """Return the channels of face actions, led to what is kept."""
    channels: list[keys.Channel] = []
    for _, begins in FACE_POSES:
        moved: dict[str, Array] = {}
        ends = np.zeros(0, dtype=np.int64)
        for column, name in enumerate(FACE_ACTIONS):
            if not name.startswith(begins):
                continue
            data_path, values = face_path(name), track.values[:, column, None]
            mask = masks[data_path]
            if mask.any():
                values = joined(values, shown.of(data_path, values), mask, round(FACE_LEAD * track.fps))
            if mask.any() or np.abs(values).max() > UNMOVED:
                moved[data_path], ends = values, np.union1d(ends, ends_of(mask))
        if moved:
            parts = [Part(values, coarseness(detail) * FACE) for values in moved.values()]
            for data_path, sparse in zip(moved, key_poses(parts, track.fps, ends), strict=True):
                channels += _channels(data_path, "Face", sparse, first)
    return channels


def write_accompaniment(
    character: Object,
    rig: Rig,
    accompaniment: Accompaniment | None,
    scene: Scene,
    first: int,
    detail: float = DETAIL,
) -> None:
    """Do at once what `writing_accompaniment` does in slices."""
    drained(writing_accompaniment(character, rig, accompaniment, scene, first, detail))


def writing_accompaniment(
    character: Object | CharacterDraft,
    rig: Rig,
    accompaniment: Accompaniment | None,
    scene: Scene,
    first: int,
    detail: float = DETAIL,
) -> Slices:
    """Put the turns of hips, torso, head and shoulders on their bones as generated key poses from `first` on.

    The hands' controls stand in the room, so the arms reach for the same places from the moved shoulders, and the legs
    are keyed so that the feet stay. None takes away the generated keys that there are.

    Raises:
        MotionError: it is not at the scene's frame rate.
    """
    _make_writable(character)
    bones, fps = (HIPS, *LEG_BONES, *BODY_BONES), scene_fps(scene)
    units = [bone_unit(character, bone, moves=bone == HIPS) for bone in bones]
    owned = yield from adopting(character, units, fps)
    channels: list[keys.Channel] = []
    if accompaniment is not None:
        if abs(accompaniment.fps - fps) > 1e-4:
            raise MotionError(
                f"the accompaniment has {accompaniment.fps:g} frames a second, but the scene has {fps:g}; generate "
                "once more"
            )
        modes = [Bone.of(character, name) for name in bones]
        count = len(accompaniment.hips)
        paths = [location_path(HIPS), *(rotation_channel(bone)[0] for bone in modes)]
        masks = {data_path: _mask(owned, data_path, first, count) for data_path in paths}
        shown = yield from _reading_curves(character, masks, first)
        rest = RestPose(character)
        channels = yield lambda _: _body_channels(rig, rest, accompaniment, modes, masks, shown, first, detail)
    ours = {data_path for bone in bones for data_path in rotation_paths(bone)} | {location_path(HIPS)}
    channels = near_animators_signs(character, channels, owned)
    yield from replacing_generated(character, channels, ours.__contains__, owned)


def _body_channels(
    rig: Rig,
    rest: RestPose,
    accompaniment: Accompaniment,
    bones: Sequence[Bone],
    masks: Mapping[str, Mask],
    shown: "_Shown",
    first: int,
    detail: float,
) -> list[keys.Channel]:
    """Return the channels of hips, legs, torso, head and shoulders, led to what is kept."""
    torso, head, *shoulders = BODY_BONES
    coarse, fps = coarseness(detail), accompaniment.fps
    stance = {HIPS: accompaniment.hips, **legs(rig, accompaniment)}
    upper = {torso: accompaniment.torso} | {
        name: accompaniment.shoulder[:, side] for side, name in enumerate(shoulders)
    }
    named = {bone.name: bone for bone in bones}
    channels: list[keys.Channel] = []
    for turned_by, tolerance, beside in (
        (stance, STANCE, [_hips_shift(rest, accompaniment, masks, shown)]),
        (upper, coarse * TORSO, []),
        ({head: accompaniment.head}, coarse * HEAD, []),
    ):
        tracks = [
            *beside,
            *(_body_track(rest, named[name], q, tolerance, fps, masks, shown) for name, q in turned_by.items()),
        ]
        channels += _keyed_together(tracks, fps, first)
    return channels


def _rest(animated: ID | Draft, data_path: str, index: int) -> None:
    """Give a channel that is no longer animated its value at rest, where it else keeps that of the frame shown last."""
    if isinstance(animated, Draft):
        animated.later(partial(_rest, animated.original, data_path, index))
        return
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


def replacing_generated(
    animated: ID | Draft, channels: Iterable[keys.Channel], within: Callable[[str], bool], owned: Owned
) -> Slices:
    """Replace generated keys by new ones outside of what is the animator's.

    Args:
        animated: a data-block that has an action.
        channels: the new keys.
        within: tells by a data path whether its old generated keys go.
        owned: what stays.
    """
    new = {(channel.data_path, channel.index): channel for channel in channels}
    actions.curves(animated, create=True)
    pace = Pace()
    for place in actions.places(animated):
        data_path = place[0]
        if place in new or not within(data_path) or _whole(owned, data_path):
            continue
        if pace.due():
            yield
        f_curve = actions.found(animated, place)
        if actions.is_set_aside(f_curve):
            continue
        kept = _kept(actions.key_columns(f_curve), owned, data_path)
        if len(kept["co"]) or len(f_curve.modifiers):
            actions.write_points(f_curve, kept)
        else:
            actions.curves(animated).remove(f_curve)
            _rest(animated, *place)
    for place, channel in new.items():
        if _whole(owned, channel.data_path):
            continue
        if pace.due():
            yield
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
    yield from remembering(animated, owned)


def _make_writable(animated: ID | Draft) -> None:
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


@dataclass(frozen=True)
class _Shown:
    """What curves that are the animator's say.

    Attributes:
        values: by data path and index (T,).
    """

    values: Mapping[actions.Place, Array]

    def of(self, data_path: str, values: Array) -> Array:
        """Return (T, C) what the curves of a property say; `values` (T, C) where one is missing."""
        result = np.array(values)
        for index in range(result.shape[1]):
            if (data_path, index) in self.values:
                result[:, index] = self.values[data_path, index]
        return result


def _reading_curves(animated: ID | Draft, masks: Mapping[str, Mask], first: int) -> Slices:
    """Return what the curves of properties say at the frames from `first` on, as `_Shown`.

    Args:
        animated: a data-block that has an action.
        masks: by data path (T,) which frames are the animator's; a property of which none is is not read.
        first: scene frame.
    """
    values: dict[actions.Place, Array] = {}
    pace = Pace()
    for place in actions.places(animated):
        mask = masks.get(place[0])
        if mask is None or not mask.any():
            continue
        f_curve = actions.found(animated, place)
        values[place] = np.array([f_curve.evaluate(first + frame) for frame in range(len(mask))])
        if pace.due():
            yield
    return _Shown(values)


def _body_track(
    rest: RestPose,
    bone: Bone,
    turned: Array,
    tolerance: float,
    fps: float,
    masks: Mapping[str, Mask],
    shown: _Shown,
) -> _Track:
    """Return a body bone's turns, (T, 4) in the frame of the body, in its own rotation mode, led to what is kept."""
    turns = rest.body_turn(bone.name).done(turned)
    data_path, _ = rotation_channel(bone)
    mask = masks[data_path]
    if mask.any():
        kept = as_quaternions(bone, shown.of(data_path, as_mode(bone, turns)))
        turns = joined_rotation(turns, kept, mask, round(BODY_LEAD * fps))
    return _Track(data_path, bone.name, _turn_part(bone, turns, tolerance, mask, shown), mask)


def _hips_shift(rest: RestPose, accompaniment: Accompaniment, masks: Mapping[str, Mask], shown: _Shown) -> _Track:
    """Return where the hips go, along the bone's own axes, led to what is kept."""
    data_path, axes = location_path(HIPS), rest.axes[HIPS]
    shift = quaternion.apply(quaternion.inverse(axes), quaternion.apply(TURN, accompaniment.hips_shift))
    mask = masks[data_path]
    if mask.any():
        shift = joined(shift, shown.of(data_path, shift), mask, round(BODY_LEAD * accompaniment.fps))
    return _Track(data_path, HIPS, Part(shift, SHIFT), mask)


def _making_hand_channels(
    character: Object | CharacterDraft,
    rig: Rig,
    motion: HandMotion,
    hand: int,
    named: Mapping[str, Span],
    scene: Scene,
    first: int,
    detail: float,
) -> Slices:
    """Return a hand's channels and how far off they are: the motion outside the animator's stretches, led to these."""
    count, pad = motion.frame_count, round(BODY_LEAD * motion.fps)
    # A pose just before the motion or after it is led to as well, as if the motion stood still beyond its ends.
    mask = hand_mask(named, first - pad, count + 2 * pad)
    mask[:, 1 - hand] = False
    # Only what lies beside free frames is led to.
    beside = np.convolve(~mask[:, hand], np.ones(2 * _BESIDE + 1), mode="same") > 0.5
    theirs = np.flatnonzero(mask[:, hand] & beside)
    shown = None
    if len(theirs):
        shown = yield from reading_controls(character.original, rig, scene, (first - pad + theirs).tolist())
    bones = [Bone.of(character, name) for name in hand_joints(hand)]
    kept = mask[pad : pad + count, hand]
    turned = {rotation_channel(bone)[0]: kept for bone in bones if bone.rotation_mode != "QUATERNION"}
    curves = yield from _reading_curves(character, turned, first)
    led_to = _LedTo(mask, theirs, shown, pad, curves)
    rest = RestPose(character)
    return (yield lambda _: _hand_channels(rig, rest, motion, hand, bones, led_to, first, detail))


@dataclass(frozen=True)
class _LedTo:
    """What of a hand is the animator's, and led to.

    Attributes:
        mask: (T + 2 pad, 2) its frames.
        theirs: those of them that lie beside free frames.
        shown: what the controls show there; None where there are none.
        pad: frames of the mask before and after the motion.
        curves: what the curves of bones say that do not turn by quaternions.
    """

    mask: Mask
    theirs: NDArray[np.int64]
    shown: Controls | None
    pad: int
    curves: _Shown


def _hand_channels(
    rig: Rig,
    rest: RestPose,
    motion: HandMotion,
    hand: int,
    bones: Sequence[Bone],
    led_to: _LedTo,
    first: int,
    detail: float,
) -> tuple[list[keys.Channel], Miss]:
    """Return a hand's channels, and how far off they are where they are free."""
    count, pad, mask, shown = motion.frame_count, led_to.pad, led_to.mask, led_to.shown
    inside, elbows = slice(pad, pad + count), np.zeros((count + 2 * pad, 2, 3))
    if shown is not None:
        held = np.clip(np.arange(-pad, count + pad), 0, count - 1)
        fields = {name: getattr(motion, name)[held] for name in ("wrist_position", "rotation", "confidence")}
        wide = motion.replaced(**fields)
        fields = {name: values.copy() for name, values in fields.items()}
        kept = np.flatnonzero(mask[:, hand])
        nearest = np.abs(kept[:, None] - led_to.theirs).argmin(axis=1)
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
    for joint, bone in enumerate(bones):
        if bone.rotation_mode != "QUATERNION":
            turns = rest.joint_turn(rig, hand, joint).done(motion.rotation[:, hand, joint])
            turned[joint] = _turn_part(bone, turns, np.inf, ~free, led_to.curves).values
    # Channels of other rotation modes are keyed on the same frames; which those are, the rotations decide.
    beside += [Part(values, np.inf) for values in turned.values()]
    sparse, miss = hand_key_poses(motion, hand, detail, beside, ~free)
    in_mode = dict(zip(turned, sparse[-len(turned) :] if turned else (), strict=True))
    place = sparse[0].mapped(quaternion.to_matrix(TURN), to_armature(rig, np.zeros(3)) - rest.heads[control])
    channels = [*_channels(location_path(control), control, place, first)]
    for joint, bone in enumerate(bones):
        data_path, _ = rotation_channel(bone)
        turn = rest.joint_turn(rig, hand, joint)
        own = in_mode[joint] if joint in in_mode else sparse[1 + joint].mapped(turn.matrix)
        channels += _channels(data_path, bone.name, own, first)
    channels += _channels(location_path(pole_bone), pole_bone, sparse[17], first)
    wanted = key_poses([Part(motion.confidence[:, hand, None], CONFIDENCE)], motion.fps, ends)[0]
    channels += _channels(confidence_path(control), control, wanted, first)
    return channels, miss


def _turn_part(bone: Bone, turns: Array, tolerance: float, mask: Mask, shown: _Shown) -> Part:
    """Return a bone's turns (T, 4) as channels of its own rotation mode, continuous with what is kept."""
    if bone.rotation_mode == "QUATERNION":
        return Part(quaternion.make_continuous(turns), tolerance, rotation=True)
    values = as_mode(bone, turns)
    if mask.any():
        data_path, _ = rotation_channel(bone)
        values = as_mode(bone, turns, shown.of(data_path, values), mask)
    return Part(values, tolerance)


def turn_of(bone: PoseBone, values: Array) -> Array:
    """Return the unit quaternion (4,) of channels (C,) of a bone's rotation mode."""
    return as_quaternions(bone, values[None])[0]


def channels_near(bone: PoseBone, turn: Array, values: Array) -> Array:
    """Return a unit quaternion (4,) as channels (C,) of a bone's rotation mode, near those that it has."""
    both = np.stack([turn_of(bone, values), turn])
    return as_mode(bone, both, np.stack([values, values]), np.array([True, False]))[1]


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


def near_animators_signs(
    character: Object | CharacterDraft | Draft, channels: list[keys.Channel], owned: Owned
) -> list[keys.Channel]:
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
