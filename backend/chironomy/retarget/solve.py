# SPDX-License-Identifier: GPL-3.0-or-later
"""From the motion of our hands to a character's bones, frame by frame, and back.

A wrist goes to the same place as seen from its shoulder, in arm's lengths; its palm and fingers point the same way; its
elbow lies on the same side. Where hands meet, or touch the body, `contacts` takes them to where they do so on the
character.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.ik import arms_of_swivel, clamp_reach, elbow_swivel
from chironomy.body.pose import MANO_PARENTS
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.retarget.contacts import Anchors, contact_shift
from chironomy.retarget.hand_points import hand_local, hand_world
from chironomy.retarget.measure import Target, source_of
from chironomy.retarget.roles import sided

Array = NDArray[np.float64]

FARTHEST = 0.9995
"""Of the arm's length: where a contact asks for more, the wrist stays there."""

_ROUNDS = 6
"""How often a wrist that was moved for a contact is looked for, on the way back."""


@dataclass(frozen=True, eq=False)
class Posed:
    """A character's arms and hands over T frames, in the space of its armature.

    Attributes:
        turn: by bone (T, 4) its rotation from its rest.
        wrist: (T, 2, 3).
        elbow: (T, 2, 3).
        swivel: (T, 2, 3) unit directions across the line shoulder to wrist in which the elbows lie.
        shift: (T, 2, 3) by how much contacts moved the wrists.
    """

    turn: Mapping[str, Array]
    wrist: Array
    elbow: Array
    swivel: Array
    shift: Array


def posed(
    target: Target, rig: Rig, motion: HandMotion, pole: ArrayLike | None = None, anchors: Anchors | None = None
) -> Posed:
    """Return a character's arms and hands for the motion of ours.

    Args:
        target: the character.
        rig: ours.
        motion: T frames.
        pole: (T, 2, 3) metres in the frame of the body, at which our elbows point; None where they lie as usual.
        anchors: places on the bodies that hands touch; None leaves contacts with the body out.
    """
    source, frame = source_of(rig), target.frame
    wrists = clamp_reach(rig, motion.wrist_position)
    if pole is None:
        swivel = elbow_swivel(rig, wrists, motion.rotation[:, :, 0])
    else:
        swivel = np.asarray(pole, dtype=np.float64) - source.shoulder
    ours = arms_of_swivel(rig, wrists, motion.rotation[:, :, 0], swivel)
    bend = quaternion.apply(frame, _across(ours.elbow - source.shoulder, wrists - source.shoulder))

    world = hand_world(motion.rotation)
    turned = quaternion.multiply(quaternion.multiply(frame, world), target.carry)
    reach = target.scale[:, None] * (wrists - source.shoulder)
    wrist = target.shoulder + quaternion.apply(frame, reach)
    shift = contact_shift(target, rig, wrists, world, wrist, turned, anchors)
    wrist = target.shoulder + _clamped(target, wrist + shift - target.shoulder)

    line = wrist - target.shoulder
    bend = _across(bend, line)
    elbow = target.shoulder + _elbow(line, target.lengths, bend)
    turn: dict[str, Array] = {}
    for hand in range(2):
        arm = _arm_turns(target, hand, wrist[:, hand], elbow[:, hand], bend[:, hand])
        turn |= _with_twist(target, hand, arm, turned[:, hand, 0])
        for joint in range(16):
            bone = target.bone_of(hand, joint)
            if bone is not None:
                turn[bone] = turned[:, hand, joint]
    turn = {bone: quaternion.make_continuous(each) for bone, each in turn.items()}
    return Posed(turn, wrist, elbow, bend, shift)


def hands_of_bones(
    target: Target,
    rig: Rig,
    wrist: Array,
    turn: Mapping[str, Array],
    fps: float,
    anchors: Anchors | None = None,
) -> HandMotion:
    """Read a character's hands: the inverse of `posed`.

    Joints that have no bone are flat.

    Args:
        target: the character.
        rig: ours.
        wrist: (T, 2, 3) heads of the hands' bones, in the space of the armature.
        turn: by bone (T, 4) its rotation from its rest; of the hands and the fingers.
        fps: frames a second.
        anchors: as `posed` had them.
    """
    source, back = source_of(rig), quaternion.inverse(target.frame)
    count = len(wrist)
    world = np.zeros((count, 2, 16, 4))
    for hand in range(2):
        for joint, parent in enumerate(MANO_PARENTS):
            bone = target.bone_of(hand, joint)
            if bone is None or bone not in turn:
                world[:, hand, joint] = world[:, hand, parent] if joint else quaternion.IDENTITY
                continue
            carried = quaternion.inverse(target.carry[hand, joint])
            world[:, hand, joint] = quaternion.multiply(quaternion.multiply(back, turn[bone]), carried)
    local = hand_local(world)
    turned = quaternion.multiply(quaternion.multiply(target.frame, world), target.carry)

    def ours(place: Array) -> Array:
        return source.shoulder + quaternion.apply(back, place - target.shoulder) / target.scale[:, None]

    found = ours(wrist)
    for _ in range(_ROUNDS):
        place = target.shoulder + target.scale[:, None] * quaternion.apply(target.frame, found - source.shoulder)
        shift = contact_shift(target, rig, found, world, place, turned, anchors)
        if not np.abs(shift).max(initial=0.0) > 0.0:
            break
        found = ours(wrist - shift)
    return HandMotion(fps, found, quaternion.normalize(local), np.ones((count, 2)))


def _clamped(target: Target, line: Array) -> Array:
    """Return lines shoulder to wrist (T, 2, 3) within the arm's reach."""
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    total, difference = target.lengths.sum(axis=1)[:, None], np.abs(np.diff(target.lengths, axis=1))
    near = difference + 0.02 * total
    return line * np.clip(distance, near, FARTHEST * total) / np.maximum(distance, 1e-12)


def _elbow(line: Array, lengths: Array, bend: Array) -> Array:
    """Return elbows (T, 2, 3) from the shoulders, by the law of cosines."""
    upper, fore = lengths[:, :1], lengths[:, 1:]
    squared = np.sum(line * line, axis=-1, keepdims=True)
    foot = line * 0.5 * (1.0 + (upper**2 - fore**2) / squared)
    height = np.sqrt(np.maximum(upper**2 - np.sum(foot * foot, axis=-1, keepdims=True), 0.0))
    return foot + height * bend


def _arm_turns(target: Target, hand: int, wrist: Array, elbow: Array, bend: Array) -> tuple[Array, Array]:
    """Return the turns (T, 4) of upper arm and forearm from their rest; the elbow's hinge stands square on the arm."""
    names = [target.bone_map.bones[sided(role, hand)] for role in ("upper_arm", "forearm", "hand")]
    rest = np.stack([target.skeleton.head(name) for name in names])
    hinge = quaternion.cross(bend, _unit(wrist - target.shoulder[hand]))
    turns = []
    for start, along in ((0, elbow - target.shoulder[hand]), (1, wrist - elbow)):
        now = _frame(along, hinge)
        before = _frame(rest[start + 1] - rest[start], target.hinge[hand])
        turns.append(quaternion.from_matrix(now @ np.swapaxes(before, -1, -2)))
    return turns[0], turns[1]


def _with_twist(target: Target, hand: int, arm: tuple[Array, Array], wrist: Array) -> dict[str, Array]:
    """Return the turns of an arm's bones, the wrist's twist shared with the bones that the character has for it.

    A bone along the forearm takes the more of it the nearer to the wrist it begins. Where there is none and the rig
    does not share it by itself, the forearm takes half.
    """
    upper, fore = arm
    bone_map, skeleton = target.bone_map, target.skeleton
    upper_bone, fore_bone, hand_bone = (bone_map.bones[sided(role, hand)] for role in ("upper_arm", "forearm", "hand"))
    turn = {upper_bone: upper, fore_bone: fore}
    elbow, end = skeleton.head(fore_bone), skeleton.head(hand_bone)
    axis = _unit(end - elbow)
    _, twist = quaternion.swing_twist(quaternion.multiply(quaternion.inverse(fore), wrist), axis)
    angle = 2.0 * np.arctan2(twist[:, 1:] @ axis, twist[:, 0])
    # The rest may be turned as far as it likes, but no wrist goes round: the middle of the motion is near it.
    angle = np.unwrap(angle)
    angle = angle - 2.0 * np.pi * np.round(np.median(angle) / (2.0 * np.pi))
    twisters = [bone for bone in bone_map.twist[hand] if bone in skeleton]
    for bone in twisters:
        along = float((skeleton.head(bone) - elbow) @ axis / np.linalg.norm(end - elbow))
        part = 0.5 if not 0.05 < along < 0.95 else along
        turn[bone] = _twisted(fore, axis, part * angle)
    if not twisters and not bone_map.shares_twist:
        turn[fore_bone] = _twisted(fore, axis, 0.5 * angle)
    return turn


def _twisted(turn: Array, axis: Array, angle: Array) -> Array:
    return quaternion.multiply(turn, quaternion.from_rotation_vector(angle[:, None] * axis))


def _across(direction: Array, line: Array) -> Array:
    """Return the unit part of directions (..., 3) across lines (..., 3)."""
    along = _unit(line)
    return _unit(direction - np.sum(direction * along, axis=-1, keepdims=True) * along)


def _frame(along: Array, hinge: Array) -> Array:
    first = _unit(along)
    second = _unit(hinge - np.sum(hinge * first, axis=-1, keepdims=True) * first)
    return np.stack(np.broadcast_arrays(first, second, quaternion.cross(first, second)), axis=-1)


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)
