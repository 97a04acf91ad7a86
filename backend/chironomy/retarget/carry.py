# SPDX-License-Identifier: GPL-3.0-or-later
"""Key poses of our hands become key poses of a character's bones: on the same frames, and no others if that can be.

Where a bone's channels are linear in ours (fingers; a hand and an elbow's pole that stand in the room), keys and
handles are carried over exactly, by `SparseKeys.mapped`. Where they are not (an arm of turning bones; a hand that
touches something), keys are fitted on the same frames to what the bones do frame by frame; where the wrist would miss
by more than ours may, an arm gets a few more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys, evaluate
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.spline import fitted
from chironomy.retarget.bone_map import ArmControls
from chironomy.retarget.contacts import Anchors
from chironomy.retarget.measure import Target, source_of
from chironomy.retarget.roles import FINGER_JOINTS, sided
from chironomy.retarget.solve import Posed, posed

Array = NDArray[np.float64]

Part = Literal["ARMS", "WRISTS", "FINGERS"]
"""What of the hands is carried: with whole arms, wrists and fingers, fingers alone."""

OFF = 0.004
"""Metres of ours by which a wrist may miss between keys before its arm gets more of them."""

TURNED = float(np.radians(2.0))
"""Radians, likewise, by which its palm may."""

MOST_MORE = 1.2
"""How many times as many keys there may be on the character as on ours."""


STILL = 1e-6
"""A component of a rotation that varies less needs one key alone."""


@dataclass(frozen=True)
class HandKeys:
    """The keys of one of our hands, counted from the first frame of the motion, all in the frame of the body.

    Attributes:
        place: of the wrist, (K, 3) metres.
        turns: 16 of the joints' MANO rotations, (K, 4).
        pole: of what the elbow points at, (K, 3) metres.
        frames: (K,) on which any of them has a key, whole, ascending.

    What has no Bezier keys with handles at common times is None, and is fitted.
    """

    place: SparseKeys | None
    turns: Sequence[SparseKeys | None]
    pole: SparseKeys | None
    frames: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many keys the channels of this hand's motion have; the elbow's are not counted."""
        channels = 3 + 16 * 4
        return channels * len(self.frames)


@dataclass(frozen=True)
class BoneKeys:
    """Keys of one property of a bone.

    Attributes:
        bone: its name.
        channel: what of it; a roll is its turn about its own y axis in radians.
        keys: (K, 3), (K, 4) quaternions, or (K, 1).
        hand: whose it is, 0 left, 1 right.
    """

    bone: str
    channel: Literal["location", "rotation", "roll"]
    keys: SparseKeys
    hand: int


@dataclass(frozen=True)
class Placing:
    """How a bone's location is told.

    Attributes:
        local: whether along the bone's own rest axes; else along those of the armature.
    """

    local: bool = True


def carried(
    target: Target,
    rig: Rig,
    hands: Sequence[HandKeys | None],
    motion: HandMotion,
    pole: Array,
    reverse: Sequence[ArmControls | None] = (None, None),
    placing: Mapping[str, Placing] | None = None,
    pole_counts: Sequence[bool] = (True, True),
    part: Part = "ARMS",
    anchors: Anchors | None = None,
) -> list[BoneKeys]:
    """Return the keys of a character's bones.

    Args:
        target: the character.
        rig: ours.
        hands: our keys of each hand; None of a hand that is not carried.
        motion: what our hands do between the first key and the last, frame by frame.
        pole: (T, 2, 3) metres in the frame of the body, at which our elbows point.
        reverse: of each arm its controls where it is switched to inverse kinematics, else None.
        placing: of bones that are placed.
        pole_counts: of each arm whether its pole does; else its roll.
        part: what is carried.
        anchors: places on the bodies.
    """
    done = posed(target, rig, motion, pole, anchors)
    result: list[BoneKeys] = []
    for hand, keys in enumerate(hands):
        if keys is None:
            continue
        controls = reverse[hand] if part == "ARMS" else None
        if controls is not None:
            result += _reaching(target, rig, hand, keys, done, controls, placing or {}, pole_counts[hand], motion)
        elif part != "FINGERS":
            result += _turning(target, rig, hand, keys, done, part)
        result += _fingers(target, hand, keys, motion)
    return result


def _fingers(target: Target, hand: int, keys: HandKeys, motion: HandMotion) -> list[BoneKeys]:
    """Return the fingers' keys: exactly ours where these are Bezier keys."""
    made = []
    for joint in range(1, 16):
        role = sided(FINGER_JOINTS[joint - 1], hand)
        if role not in target.bone_map.bones:
            continue
        bone = target.bone_map.key_bone(role)
        parent = 0 if joint % 3 == 1 else joint - 1
        while parent and target.bone_of(hand, parent) is None:
            parent = 0 if parent % 3 == 1 else parent - 1
        axes = target.skeleton.axes[target.skeleton.index(bone)]
        left = quaternion.multiply(quaternion.inverse(axes), quaternion.inverse(target.carry[hand, parent]))
        right = quaternion.multiply(target.carry[hand, joint], axes)
        own = keys.turns[joint]
        if parent == joint - 1 or joint % 3 == 1:
            dense = motion.rotation[:, hand, joint]
        else:
            # A joint between has no bone: what it turns is turned here.
            own, dense = None, motion.rotation[:, hand, joint]
            for between in range(joint - 1, parent, -1):
                dense = quaternion.multiply(motion.rotation[:, hand, between], dense)
        made.append(BoneKeys(bone, "rotation", _turned(own, dense, left, right, keys.frames), hand))
    return made


def _turned(own: SparseKeys | None, dense: Array, left: Array, right: Array, frames: NDArray[np.int64]) -> SparseKeys:
    """Return the keys of left * q * right."""
    if own is not None:
        matrix = quaternion.multiply(quaternion.multiply(left, np.eye(4)), right).T
        return own.mapped(matrix)
    values = quaternion.multiply(quaternion.multiply(left, dense), right)
    return fitted_keys(quaternion.make_continuous(values), frames)


def _reaching(
    target: Target,
    rig: Rig,
    hand: int,
    keys: HandKeys,
    done: Posed,
    controls: ArmControls,
    placing: Mapping[str, Placing],
    pole_counts: bool,
    motion: HandMotion,
) -> list[BoneKeys]:
    """Return the keys of an arm that reaches for a target: the target's, and its elbow's."""
    skeleton, source = target.skeleton, source_of(rig)
    axes = skeleton.axes[skeleton.index(controls.hand)]
    left = quaternion.multiply(quaternion.inverse(axes), target.frame)
    right = quaternion.multiply(target.carry[hand, 0], axes)
    made = [
        BoneKeys(
            controls.hand,
            "rotation",
            _turned(keys.turns[0], motion.rotation[:, hand, 0], left, right, keys.frames),
            hand,
        )
    ]
    # The control may rest elsewhere than the hand that follows it; it is moved by what the hand is moved.
    rest = skeleton.head(target.bone_map.bones[sided("hand", hand)])
    local = placing.get(controls.hand, Placing()).local
    to_bone = quaternion.to_matrix(quaternion.inverse(axes)) if local else np.eye(3)
    touched = np.abs(done.shift[:, hand]).max() > 1e-6 * target.lengths.sum()
    matrix, offset = _placed(target, source.shoulder[hand], hand)
    off = np.linalg.norm(motion.wrist_position[:, hand] @ matrix.T + offset - done.wrist[:, hand], axis=-1)
    if keys.place is not None and not touched and off.max() < 1e-4 * target.lengths[hand].sum():
        place = keys.place.mapped(to_bone @ matrix, to_bone @ (offset - rest))
    else:
        dense = (done.wrist[:, hand] - rest) @ to_bone.T
        room = int((MOST_MORE - 1.0) * keys.count // 3)
        place = fitted_keys(dense, _near_enough(dense, keys.frames, OFF * target.scale[hand], room))
    made.append(BoneKeys(controls.hand, "location", place, hand))
    if controls.pole and pole_counts:
        made.append(_pointing(target, hand, keys, done, controls.pole, placing, (matrix, offset)))
    elif controls.roll:
        roll = fitted_keys(_roll(target, hand, done)[:, None], keys.frames)
        made.append(BoneKeys(controls.roll, "roll", roll, hand))
    return made


def _placed(target: Target, shoulder: Array, hand: int) -> tuple[Array, Array]:
    """Return the (3, 3) matrix and the (3,) offset that take a place from the frame of the body to the character."""
    matrix = target.scale[hand] * quaternion.to_matrix(target.frame)
    return matrix, target.shoulder[hand] - matrix @ shoulder


def _pointing(
    target: Target,
    hand: int,
    keys: HandKeys,
    done: Posed,
    bone: str,
    placing: Mapping[str, Placing],
    to_target: tuple[Array, Array],
) -> BoneKeys:
    """Return the keys of what an elbow points at: where ours is, seen from the character's shoulder."""
    skeleton = target.skeleton
    axes, rest = skeleton.axes[skeleton.index(bone)], skeleton.head(bone)
    local = placing.get(bone, Placing()).local
    to_bone = quaternion.to_matrix(quaternion.inverse(axes)) if local else np.eye(3)
    matrix, offset = to_target
    if keys.pole is not None:
        return BoneKeys(bone, "location", keys.pole.mapped(to_bone @ matrix, to_bone @ (offset - rest)), hand)
    out = 0.9 * target.lengths[hand].sum() * done.swivel[:, hand]
    place = 0.5 * (target.shoulder[hand] + done.wrist[:, hand]) + out
    return BoneKeys(bone, "location", fitted_keys((place - rest) @ to_bone.T, keys.frames), hand)


def _roll(target: Target, hand: int, done: Posed) -> Array:
    """Return (T,) by how much the plane of an arm is turned about the line to its wrist.

    It is counted from where the arm's plane at rest is carried by the smallest rotation that takes the upper arm's
    direction at rest to that line, as a damped track constraint does.
    """
    bones, skeleton = target.bone_map.bones, target.skeleton
    upper = skeleton.head(bones[sided("forearm", hand)]) - target.shoulder[hand]
    line = done.wrist[:, hand] - target.shoulder[hand]
    swing = quaternion.between(np.broadcast_to(upper, line.shape), line)
    before = quaternion.apply(swing, np.broadcast_to(target.hinge[hand], line.shape))
    along = line / np.linalg.norm(line, axis=-1, keepdims=True)
    now = quaternion.cross(done.swivel[:, hand], along)
    cosine = np.sum(before * now, axis=-1)
    sine = np.sum(quaternion.cross(before, now) * along, axis=-1)
    return np.unwrap(np.arctan2(sine, cosine))


def _turning(target: Target, rig: Rig, hand: int, keys: HandKeys, done: Posed, part: Part) -> list[BoneKeys]:
    """Return the keys of an arm whose bones turn, or of its wrist alone."""
    bone_map = target.bone_map
    roles = ("upper_arm", "forearm", "hand") if part == "ARMS" else ("hand",)
    shown = [bone_map.bones[sided(role, hand)] for role in roles]
    if part == "ARMS":
        shown += [bone for bone in bone_map.twist[hand] if bone in target.skeleton]
    above = turning_parents(target, hand)
    tracks: dict[str, Array] = {}
    for bone in shown:
        tracks[bone] = quaternion.make_continuous(_basis(target, bone, above[bone], done.turn))
    frames = dict.fromkeys(tracks, keys.frames)
    if part == "ARMS" and len(keys.frames) > 1:
        frames = _enough(target, hand, tracks, done, keys)
    keyed = {bone_map.bones[sided(role, hand)]: bone_map.key_bone(sided(role, hand)) for role in roles}
    return [
        BoneKeys(keyed.get(bone, bone), "rotation", fitted_keys(track, frames[bone]), hand)
        for bone, track in tracks.items()
    ]


def turning_parents(target: Target, hand: int) -> dict[str, str | None]:
    """Return, by bone of an arm, the nearest bone above it that turns with the arm; None for the first."""
    bone_map = target.bone_map
    arm = [bone_map.bones[sided(role, hand)] for role in ("upper_arm", "forearm", "hand")]
    turning = {*arm, *bone_map.twist[hand]}
    above: dict[str, str | None] = {}
    for number, bone in enumerate(arm):
        # In a control rig the bones that are shown may hang otherwise than those that are keyed.
        usual = arm[number - 1] if number else None
        keyed = bone_map.keyed.get(sided(("upper_arm", "forearm", "hand")[number], hand))
        above[bone] = (
            usual if keyed else next((each for each in target.skeleton.ancestors(bone) if each in turning), None)
        )
    for bone in bone_map.twist[hand]:
        if bone in target.skeleton:
            above[bone] = next((each for each in target.skeleton.ancestors(bone) if each in turning), None)
    return above


def _basis(target: Target, bone: str, above: str | None, turn: Mapping[str, Array]) -> Array:
    """Return a bone's turn (T, 4) about its keyed bone's rest axes, relative to what it hangs on."""
    role = next((role for role, each in target.bone_map.bones.items() if each == bone), None)
    keyed = bone if role is None else target.bone_map.key_bone(role)
    axes = target.skeleton.axes[target.skeleton.index(keyed)]
    own = turn[bone]
    if above is not None:
        own = quaternion.multiply(quaternion.inverse(turn[above]), own)
    return quaternion.multiply(quaternion.multiply(quaternion.inverse(axes), own), axes)


def _enough(
    target: Target, hand: int, tracks: Mapping[str, Array], done: Posed, keys: HandKeys
) -> dict[str, NDArray[np.int64]]:
    """Return by bone frames at which an arm's keys hold wrist and palm near enough, as far as there may be more keys.

    Upper arm and forearm get what the wrist's place asks for, the hand what its palm does.
    """
    arm = [target.bone_map.bones[sided(role, hand)] for role in ("upper_arm", "forearm", "hand")]
    skeleton, above = target.skeleton, turning_parents(target, hand)
    chain = [skeleton.head(bone) for bone in arm]
    axes = {bone: _key_axes(target, bone) for bone in tracks}
    every = np.arange(len(done.wrist))
    frames = dict.fromkeys(tracks, keys.frames)
    cost = {bone: int((np.ptp(track, axis=0) > STILL).sum()) for bone, track in tracks.items()}
    room = MOST_MORE * keys.count - len(keys.frames) * (
        4 * len(target.bone_map.finger_roles(hand)) + sum(cost.values())
    )
    while room > 0:
        turn: dict[str, Array] = {}
        for bone in sorted(tracks, key=lambda each: len(list(skeleton.ancestors(each)))):
            basis = quaternion.normalize(evaluate(fitted_keys(tracks[bone], frames[bone]), every))
            own = quaternion.multiply(quaternion.multiply(axes[bone], basis), quaternion.inverse(axes[bone]))
            parent = above[bone]
            turn[bone] = own if parent is None else quaternion.multiply(turn[parent], own)
        elbow = target.shoulder[hand] + quaternion.apply(turn[arm[0]], chain[1] - chain[0])
        wrist = elbow + quaternion.apply(turn[arm[1]], chain[2] - chain[1])
        off = np.linalg.norm(wrist - done.wrist[:, hand], axis=-1)
        turned = quaternion.angle(turn[arm[2]], done.turn[arm[2]])
        wanted = [
            (value, frame, bones)
            for values, limit, bones in ((off, OFF * target.scale[hand], arm[:2]), (turned, TURNED, arm[2:]))
            for value, frame in _worst(values / limit, frames[bones[0]])
        ]
        added = False
        for _, frame, bones in sorted(wanted, key=lambda each: -each[0]):
            price = sum(cost[bone] for bone in bones)
            if price <= room:
                room, added = room - price, True
                frames |= {bone: np.union1d(frames[bone], [frame]) for bone in bones}
        if not added:
            break
    return frames


def _near_enough(values: Array, frames: NDArray[np.int64], limit: float, room: int) -> NDArray[np.int64]:
    """Return frames at which keys hold values (T, C) within a limit, as far as there is room for more keys."""
    every = np.arange(len(values))
    while room > 0 and len(frames) > 1:
        off = np.linalg.norm(evaluate(fitted_keys(values, frames), every) - values, axis=-1)
        more = [frame for _, frame in _worst(off / limit, frames)][:room]
        if not more:
            break
        room -= len(more)
        frames = np.union1d(frames, more)
    return frames


def _worst(off: Array, frames: NDArray[np.int64]) -> list[tuple[float, int]]:
    """Return of each interval between keys that is off by more than 1 the worst frame, and how far, the worst first.

    Intervals too short for another key are left as they are.
    """
    worst = []
    for begin, end in pairwise(frames.tolist()):
        inside = np.arange(begin + 2, end - 1)
        if len(inside) and off[begin : end + 1].max() > 1.0:
            frame = int(inside[np.argmax(off[inside])])
            worst.append((float(off[frame]), frame))
    return sorted(worst, reverse=True)


def _key_axes(target: Target, bone: str) -> Array:
    role = next((role for role, each in target.bone_map.bones.items() if each == bone), None)
    keyed = bone if role is None else target.bone_map.key_bone(role)
    return target.skeleton.axes[target.skeleton.index(keyed)]


def fitted_keys(values: Array, frames: NDArray[np.int64]) -> SparseKeys:
    """Return keys on some frames that lie on dense values (T, C) there, and as near as may be between.

    Before the first of the frames and after the last nothing counts.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if len(frames) == 1:
        return SparseKeys.from_slopes(frames, values[frames], np.zeros((1, values.shape[1])))
    first, last = int(frames[0]), int(frames[-1])
    at, slopes = fitted(values[first : last + 1], frames - first, frames - first)
    return SparseKeys.from_slopes(frames, at, slopes)
