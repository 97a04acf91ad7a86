# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion becomes keys of the type `GENERATED` on the character, and leads into and out of what is the animator's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.ik import clamp_reach, elbow_pole
from chironomy.body.rig import Rig
from chironomy.motion import HandMotion, MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.joins import joined, joined_hands
from chironomy.motion.key_poses import DETAIL, ELBOW, Miss, Part, coarseness, hand_key_poses

from ..slices import Slices, drained
from . import actions
from .channels import Bone, RestPose, confidence_path, hand_joints, location_path, rotation_channel, rotation_paths
from .drafts import CharacterDraft
from .owned import Only, Span, adopting, hand_mask, hand_unit
from .read import SOURCE_PROPERTY, Controls, reading_controls, scene_fps
from .replacing import (
    ShownCurves,
    generated_channels,
    make_writable,
    near_animators_signs,
    reading_shown,
    replacing_generated,
    turn_part,
)
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_armature
from .within_reach import bringing_within_reach
from .write_body import BODY_LEAD

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CONFIDENCE = 0.03
"""By which the frames between two keys of a hand's confidence may miss (see `key_poses`)."""

_BESIDE = 6
"""Frames of the animator's on either side of new motion that are read, for its place and its speed there."""


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
    make_writable(character)
    if character.animation_data is None or character.animation_data.action is None:
        actions.new_action(character, f"{character.name} Motion")
    hands = range(2) if only is None else only.hands
    units = [hand_unit(character, hand) for hand in hands]
    owned = yield from adopting(character, units, motion.fps, only)
    if only is None:
        # The torso may be elsewhere now.
        yield from bringing_within_reach(character, rig, scene, owned.named)
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
    curves = yield from reading_shown(character, turned, first)
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
    curves: ShownCurves


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
    control, pole_bone = HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]
    pole = to_armature(rig, elbow_pole(rig, motion.wrist_position, motion.rotation[:, :, 0])[:, hand])
    pole = joined(pole - rest.heads[pole_bone], elbow, ~free, round(BODY_LEAD * motion.fps))
    # A channel with keys of its own would have them beside the columns in which a pose is moved.
    sure = motion.confidence[:, hand, None]
    beside = [Part(pole, coarseness(detail) * ELBOW), Part(sure, coarseness(detail) * CONFIDENCE)]
    turned: dict[int, Array] = {}
    for joint, bone in enumerate(bones):
        if bone.rotation_mode != "QUATERNION":
            turns = rest.joint_turn(rig, hand, joint).done(motion.rotation[:, hand, joint])
            turned[joint] = turn_part(bone, turns, np.inf, ~free, led_to.curves).values
    # Channels of other rotation modes are keyed on the same frames; which those are, the rotations decide.
    beside += [Part(values, np.inf) for values in turned.values()]
    sparse, miss = hand_key_poses(motion, hand, detail, beside, ~free)
    in_mode = dict(zip(turned, sparse[-len(turned) :] if turned else (), strict=True))
    place = sparse[0].mapped(quaternion.to_matrix(TURN), to_armature(rig, np.zeros(3)) - rest.heads[control])
    channels = [*generated_channels(location_path(control), control, place, first)]
    for joint, bone in enumerate(bones):
        data_path, _ = rotation_channel(bone)
        turn = rest.joint_turn(rig, hand, joint)
        own = in_mode[joint] if joint in in_mode else sparse[1 + joint].mapped(turn.matrix)
        channels += generated_channels(data_path, bone.name, own, first)
    channels += generated_channels(location_path(pole_bone), pole_bone, sparse[17], first)
    channels += generated_channels(confidence_path(control), control, sparse[18], first)
    return channels, miss
