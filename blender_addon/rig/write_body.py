# SPDX-License-Identifier: GPL-3.0-or-later
"""Face, and what accompanies the hands: hips, legs, torso, head and shoulders become generated keys, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.rig import Rig
from chironomy.body.standing import legs
from chironomy.motion import FACE_ACTIONS, FaceTrack, MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.joins import joined, joined_rotation
from chironomy.motion.key_poses import DETAIL, Part, coarseness, ends_of, key_poses

from ..slices import Slices, drained
from . import actions
from .channels import (
    BODY_BONES,
    HIPS,
    LEG_BONES,
    Bone,
    RestPose,
    face_path,
    location_path,
    rotation_channel,
    rotation_paths,
)
from .drafts import CharacterDraft, shapes_of
from .modes import as_mode, as_quaternions
from .owned import Unit, adopting, bone_unit
from .read import scene_fps
from .replacing import (
    ShownCurves,
    generated_channels,
    make_writable,
    mask_of,
    near_animators_signs,
    reading_shown,
    replacing_generated,
    turn_part,
)
from .seat import mark
from .space import TURN

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FACE_LEAD, BODY_LEAD = 0.15, 0.5
"""Seconds in which a face action, and a turn of the body, go over from the animator's keys into new motion."""

TORSO, HEAD = 0.03, 0.03
"""Radians by which the frames between two keys of torso and shoulders, and of the head, may miss (see `key_poses`)."""

STANCE, SHIFT = 0.005, 0.003
"""Radians, and metres, likewise of hips and legs, at any detail: the feet are to stand."""

FACE = 0.08
"""By which, likewise, face actions may miss."""

UNMOVED = 0.02
"""A face action that is never further on than this gets no keys."""

FACE_POSES = (("mouth", ("jaw", "mouth", "tongue", "cheek", "nose")), ("eyes", ("eye",)), ("brows", ("brow",)))
"""Face actions that are keyed together, by how their names begin."""


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
    make_writable(shapes)
    if shapes.animation_data is None or shapes.animation_data.action is None:
        action = character.animation_data.action if character.animation_data else None
        if action is None or not actions.share_action(shapes, action):
            actions.new_action(shapes, f"{character.name} Face")
    units = [Unit(name, {face_path(name): 1}) for name in FACE_ACTIONS]
    owned = yield from adopting(shapes, units, track.fps)
    count = len(track.values)
    masks = {face_path(name): mask_of(owned, face_path(name), first, count) for name in FACE_ACTIONS}
    shown = yield from reading_shown(shapes, masks, first)
    channels = yield lambda _: _face_channels(track, masks, shown, first, detail)
    yield from replacing_generated(shapes, channels, lambda path: path.startswith("key_blocks["), owned)


def _face_channels(
    track: FaceTrack, masks: Mapping[str, Mask], shown: "ShownCurves", first: int, detail: float
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
                channels += generated_channels(data_path, "Face", sparse, first)
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
    are keyed so that the feet stay, or that the body sits. None takes away the generated keys that there are.

    Raises:
        MotionError: it is not at the scene's frame rate.
    """
    make_writable(character)
    if character.animation_data is not None:
        mark(character.animation_data.action, accompaniment is not None and accompaniment.seated)
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
        masks = {data_path: mask_of(owned, data_path, first, count) for data_path in paths}
        shown = yield from reading_shown(character, masks, first)
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
    shown: "ShownCurves",
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
        yield from generated_channels(track.data_path, track.group, sparse, first)


def _body_track(
    rest: RestPose,
    bone: Bone,
    turned: Array,
    tolerance: float,
    fps: float,
    masks: Mapping[str, Mask],
    shown: ShownCurves,
) -> _Track:
    """Return a body bone's turns, (T, 4) in the frame of the body, in its own rotation mode, led to what is kept."""
    turns = rest.body_turn(bone.name).done(turned)
    data_path, _ = rotation_channel(bone)
    mask = masks[data_path]
    if mask.any():
        kept = as_quaternions(bone, shown.of(data_path, as_mode(bone, turns)))
        turns = joined_rotation(turns, kept, mask, round(BODY_LEAD * fps))
    return _Track(data_path, bone.name, turn_part(bone, turns, tolerance, mask, shown), mask)


def _hips_shift(rest: RestPose, accompaniment: Accompaniment, masks: Mapping[str, Mask], shown: ShownCurves) -> _Track:
    """Return where the hips go, along the bone's own axes, led to what is kept."""
    data_path, axes = location_path(HIPS), rest.axes[HIPS]
    shift = quaternion.apply(quaternion.inverse(axes), quaternion.apply(TURN, accompaniment.hips_shift))
    mask = masks[data_path]
    if mask.any():
        shift = joined(shift, shown.of(data_path, shift), mask, round(BODY_LEAD * accompaniment.fps))
    return _Track(data_path, HIPS, Part(shift, SHIFT), mask)
