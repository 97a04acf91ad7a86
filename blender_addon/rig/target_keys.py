# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of our hands as arrays, and keys of a person's own character in its action."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from bpy.types import Object, PoseBone
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import HandMotion, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys, evaluate
from chironomy.retarget import BoneKeys, BoneMap, HandKeys
from chironomy.retarget.carry import STILL, Part, fitted_keys
from chironomy.retarget.roles import sided

from ..slices import Pace, Slices
from . import actions
from .channels import RestPose, Turn, hand_joints, location_path, rotation_channel, rotation_paths
from .modes import as_mode, as_quaternions
from .owned import Unit
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_body

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OurKeys:
    """What our character's keys say of its hands.

    Attributes:
        hands: the keys of each hand, counted from `first`; None of one that has none.
        motion: what they show frame by frame, from the first key to the last.
        pole: (T, 2, 3) metres in the frame of the body, at which the elbows point.
        first: scene frame.
    """

    hands: tuple[HandKeys | None, HandKeys | None]
    motion: HandMotion
    pole: Array
    first: int


@dataclass(frozen=True)
class _Turning:
    """A bone's name and rotation mode, as `PoseBone` has them, for where Blender is not to be asked."""

    name: str
    rotation_mode: str


@dataclass(frozen=True)
class _Read:
    """The curves of one property.

    Attributes:
        columns: of each component.
        values: (T, C) that they show; None where all can be computed of the keys.
    """

    columns: tuple[keys.Columns | None, ...]
    values: Array | None


def reading_our_keys(character: Object, rig: Rig, fps: float) -> Slices:
    """Return the keys of our character's hands, as `OurKeys`; None where they have none."""
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    paths: list[tuple[str, int, _Turning | None]] = []
    turning = [_turning(character, hand) for hand in range(2)]
    for hand in range(2):
        paths.append((location_path(HAND_CONTROLS[hand]), 3, None))
        paths.append((location_path(ELBOW_CONTROLS[hand]), 3, None))
        paths += [(*rotation_channel(bone), bone) for bone in turning[hand]]
    found: dict[str, tuple[keys.Columns | None, ...]] = {}
    pace = Pace()
    for path, size, _ in paths:
        own = [curves.get((path, index)) for index in range(size)]
        found[path] = tuple(
            None if curve is None or not len(curve.keyframe_points) else actions.key_columns(curve) for curve in own
        )
        if pace.due():
            yield
            curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    frames = [
        _frames(columns for path in _paths_of(turning[hand], hand) for columns in found[path]) for hand in range(2)
    ]
    keyed = [each for each in frames if len(each)]
    if not keyed:
        return None
    first, last = int(min(each[0] for each in keyed)), int(max(each[-1] for each in keyed))
    dense: dict[str, Array | None] = {}
    for path, size, bone in paths:
        if _sparse(found[path], first) is not None and (bone is None or bone.rotation_mode == "QUATERNION"):
            dense[path] = None
            continue
        curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
        own = [curves.get((path, index)) for index in range(size)]
        usual = np.ravel(character.path_resolve(path))
        dense[path] = np.array(
            [
                [usual[index] if curve is None else curve.evaluate(frame) for index, curve in enumerate(own)]
                for frame in range(first, last + 1)
            ]
        )
        if pace.due():
            yield
    rest = RestPose(character)
    read = {path: _Read(found[path], dense[path]) for path, _, _ in paths}
    return (yield lambda _: _our_keys(turning, rig, rest, read, frames, first, last, fps))


def _our_keys(
    turning: Sequence[Sequence[_Turning]],
    rig: Rig,
    rest: RestPose,
    read: Mapping[str, _Read],
    frames: Sequence[NDArray[np.int64]],
    first: int,
    last: int,
    fps: float,
) -> OurKeys:
    count = last - first + 1
    place, turns, pole = np.zeros((count, 2, 3)), np.zeros((count, 2, 16, 4)), np.zeros((count, 2, 3))
    hands: list[HandKeys | None] = []
    back = quaternion.to_matrix(quaternion.inverse(TURN))
    for hand in range(2):
        sparse: list[SparseKeys | None] = []
        for control, into in ((HAND_CONTROLS[hand], place), (ELBOW_CONTROLS[hand], pole)):
            offset = to_body(rig, rest.heads[control])
            own, values = _shown(read[location_path(control)], first, count)
            into[:, hand] = values @ back.T + offset
            sparse.append(None if own is None else own.mapped(back, offset))
        joints: list[SparseKeys | None] = []
        for joint, bone in enumerate(turning[hand]):
            turn = rest.joint_turn(rig, hand, joint)
            undone = Turn(quaternion.inverse(turn.left), quaternion.inverse(turn.right))
            own, values = _shown(read[rotation_channel(bone)[0]], first, count)
            if bone.rotation_mode != "QUATERNION":
                own, values = None, as_quaternions(bone, values)
            length = np.linalg.norm(values, axis=-1, keepdims=True)
            values = np.where(length > 1e-9, values / np.maximum(length, 1e-9), quaternion.IDENTITY)
            turns[:, hand, joint] = undone.done(values)
            joints.append(None if own is None else own.mapped(undone.matrix))
        own_frames = frames[hand] - first
        hands.append(HandKeys(sparse[0], joints, sparse[1], own_frames) if len(own_frames) else None)
    motion = HandMotion(fps, place, quaternion.make_continuous(turns), np.ones((count, 2)))
    return OurKeys((hands[0], hands[1]), motion, pole, first)


def _shown(read: _Read, first: int, count: int) -> tuple[SparseKeys | None, Array]:
    """Return the keys of a property, where it has Bezier keys, and (T, C) what they show."""
    if read.values is not None:
        return None, read.values
    sparse = _sparse(read.columns, first)
    assert sparse is not None
    return sparse, evaluate(sparse, np.arange(count))


def _sparse(columns: Sequence[keys.Columns | None], first: int) -> SparseKeys | None:
    """Return the keys of a property whose components share frames and the times of their handles; else None."""
    if any(each is None for each in columns):
        return None
    every = [each for each in columns if each is not None]
    frames = every[0]["co"][:, 0].astype(np.float64)
    whole = np.round(frames)
    if np.abs(frames - whole).max() > keys.SAME_FRAME:
        return None
    for each in every:
        if len(each["co"]) != len(frames) or np.abs(each["co"][:, 0] - frames).max() > keys.SAME_FRAME:
            return None
        if (each["interpolation"][:-1] != keys.Interpolation.BEZIER).any():
            return None
    handles = {}
    for name in ("handle_left", "handle_right"):
        both = np.stack([each[name].astype(np.float64) for each in every], axis=1)
        if np.ptp(both[..., 0], axis=1).max() > 2e-3:
            return None
        # Times differ by the rounding of a file's numbers alone.
        both[..., 0] = both[:, :1, 0] - first
        handles[name] = both
    values = np.stack([each["co"][:, 1].astype(np.float64) for each in every], axis=1)
    return SparseKeys(whole.astype(np.int64) - first, values, handles["handle_left"], handles["handle_right"])


def _frames(curves: Iterable[keys.Columns | None]) -> NDArray[np.int64]:
    """Return the whole frames at which some curves have keys."""
    found = [np.round(each["co"][:, 0]).astype(np.int64) for each in curves if each is not None]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _paths_of(turning: Sequence[_Turning], hand: int) -> list[str]:
    turned = [rotation_channel(bone)[0] for bone in turning]
    return [location_path(HAND_CONTROLS[hand]), location_path(ELBOW_CONTROLS[hand]), *turned]


def _turning(character: Object, hand: int) -> list["_Turning"]:
    return [_Turning(name, character.pose.bones[name].rotation_mode) for name in hand_joints(hand)]


def channels_of(item: Object, made: Iterable[BoneKeys], first: int) -> list[list[keys.Channel]]:
    """Return the channels of each hand for keys of bones, in each bone's own rotation mode.

    What somebody locked on a bone gets none.

    Args:
        item: the armature object.
        made: keys that count their frames from `first`.
        first: scene frame.
    """
    result: list[list[keys.Channel]] = [[], []]
    for each in made:
        bone = item.pose.bones.get(each.bone)
        if bone is None:
            continue
        if each.channel == "location":
            path, sparse, free = location_path(bone.name), each.keys, _free(bone.lock_location)
        elif each.channel == "roll":
            path, sparse, free = _rolling(bone, each.keys)
        else:
            path, sparse, free = _turned(bone, each.keys)
        result[each.hand] += _components(path, bone.name, sparse.shifted(first), free)
    return result


def _turned(bone: PoseBone, sparse: SparseKeys) -> tuple[str, SparseKeys, tuple[int, ...]]:
    path, size = rotation_channel(bone)
    if bone.rotation_mode == "QUATERNION":
        locked = (bone.lock_rotation_w, *bone.lock_rotation)
        # Quaternions with some components held are no rotations: a partly locked bone stays as it is.
        return path, sparse, () if any(locked[1:]) else tuple(range(size))
    count = int(sparse.frames[-1]) + 1
    dense = quaternion.normalize(evaluate(sparse, np.arange(count)))
    free = tuple(range(size)) if bone.rotation_mode == "AXIS_ANGLE" else _free(bone.lock_rotation)
    return path, fitted_keys(as_mode(bone, dense), sparse.frames), free


def _rolling(bone: PoseBone, sparse: SparseKeys) -> tuple[str, SparseKeys, tuple[int, ...]]:
    """Return a turn about a bone's own y axis as channels."""
    if len(bone.rotation_mode) == 3:
        columns = np.zeros((3, 1))
        columns[1] = 1.0
        return rotation_channel(bone)[0], sparse.mapped(columns), (1,) if not bone.lock_rotation[1] else ()
    count = int(sparse.frames[-1]) + 1
    half = 0.5 * evaluate(sparse, np.arange(count))[:, 0]
    turns = np.stack([np.cos(half), np.zeros(count), np.sin(half), np.zeros(count)], axis=1)
    return _turned(bone, fitted_keys(turns, sparse.frames))


def _free(locked: Sequence[bool]) -> tuple[int, ...]:
    return tuple(index for index, each in enumerate(locked) if not each)


def _components(path: str, group: str, sparse: SparseKeys, free: Sequence[int]) -> list[keys.Channel]:
    return [
        keys.Channel(
            data_path=path,
            index=index,
            group=group,
            frames=sparse.frames.astype(np.float64),
            values=sparse.values[:, index],
            left=sparse.left[:, index],
            right=sparse.right[:, index],
        )
        for index in free
    ]


def shortest(channel: keys.Channel) -> keys.Channel:
    """Return a channel with one key where it never moves, as components of a twist do."""
    numbers = np.concatenate([channel.values, channel.left[:, 1], channel.right[:, 1]])
    if np.ptp(numbers) > STILL:
        return channel
    return replace(
        channel,
        frames=channel.frames[:1],
        values=channel.values[:1],
        left=channel.left[:1],
        right=channel.right[:1],
    )


def unit_of(hand: int, channels: Iterable[keys.Channel]) -> Unit:
    """Return what makes one pose of a hand on a person's character."""
    sizes: dict[str, int] = {}
    for channel in channels:
        sizes[channel.data_path] = max(sizes.get(channel.data_path, 0), channel.index + 1)
    return Unit(HAND_CONTROLS[hand], sizes)


def paths_of(bones: BoneMap, hand: int, part: Part) -> set[str]:
    """Return the data paths that the hands may key on a person's character, whichever way its arms are moved."""
    names = {bones.key_bone(role) for role in bones.finger_roles(hand)}
    controls = bones.controls[hand]
    places: set[str] = set()
    if part != "FINGERS":
        names |= {bones.key_bone(sided("hand", hand))}
        if controls is not None:
            names |= {controls.hand}
    if part == "ARMS":
        names |= {bones.key_bone(sided(role, hand)) for role in ("upper_arm", "forearm")} | set(bones.twist[hand])
        if controls is not None:
            names |= {name for name in (controls.roll,) if name}
            places |= {name for name in (controls.hand, controls.pole) if name}
    return {path for name in names for path in rotation_paths(name)} | {location_path(name) for name in places}
