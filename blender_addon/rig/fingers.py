# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingers of one hand as they are posed: read, shown blended with another pose, and keyed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object, PoseBone
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import MotionError, keys
from chironomy.motion import rotation as quaternion

from . import actions
from .channels import RestPose, Turn, hand_joints, rotation_channel, rotation_path
from .owned import hand_unit, turn_locked
from .replacing import channels_near, turn_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fingers:
    """A hand's fingers at one moment.

    Attributes:
        character: the armature object.
        hand: 0 left, 1 right.
        turns: how each of the 15 joints' rotations becomes its bone's quaternion.
        shown: of each bone the channels (3,) or (4,) of its own rotation mode.
    """

    character: Object
    hand: int
    turns: tuple[Turn, ...]
    shown: tuple[Array, ...]

    @classmethod
    def of(cls, character: Object, rig: Rig, hand: int) -> "Fingers":
        """Return a hand's fingers as they are posed now, keyed or not.

        Raises:
            MotionError: the character lacks one of their bones.
        """
        rest = RestPose(character)
        bones = _bones(character, hand)
        turns = tuple(rest.finger_turn(rig, hand, joint) for joint in range(1, len(bones) + 1))
        return cls(character, hand, turns, tuple(np.array(getattr(bone, _property(bone))) for bone in bones))

    def rotations(self) -> Array:
        """Return (15, 4) the joints' rotations, as in MANO."""
        bones = _bones(self.character, self.hand)
        return np.stack(
            [
                turn.undone(turn_of(bone, values))
                for turn, bone, values in zip(self.turns, bones, self.shown, strict=True)
            ]
        )

    def blended(self, pose: Array, amount: float) -> tuple[Array, ...]:
        """Return the channels of the bones part of the way to a pose, on the shorter way.

        Args:
            pose: (15, 4) rotations of the joints.
            amount: 0 leaves the fingers as they are, 1 gives the pose.
        """
        blended: list[Array] = []
        for bone, values, turn, goal in zip(
            _bones(self.character, self.hand), self.shown, self.turns, pose, strict=True
        ):
            start, end = turn_of(bone, values), turn.done(goal)
            between = quaternion.slerp(start, end if start @ end >= 0.0 else -end, amount)
            blended.append(channels_near(bone, between, values))
        return tuple(blended)

    def show(self, channels: tuple[Array, ...]) -> None:
        """Pose the bones without a key; `shown` puts them back."""
        for bone, values in zip(_bones(self.character, self.hand), channels, strict=True):
            setattr(bone, _property(bone), values)

    def key(self, channels: tuple[Array, ...], frame: float, reach: float) -> None:
        """Pose the bones and key all of them at a frame, as the animator's own.

        Generated keys of these bones less than `reach` frames away go, so that the fingers go straight to the pose and
        back; where that is to begin and end they get keys that change nothing beyond. The animator's own keys stay:
        from the nearest of them on, on either side, nothing changes. The hand's control and elbow, where they are
        keyed, get a key at the frame that changes nothing.

        Raises:
            MotionError: one of the bones or its channels is locked, muted or driven, or the action cannot be written.
        """
        check_keyable(self.character, self.hand)
        actions.own(self.character)
        if self.character.animation_data is None or self.character.animation_data.action is None:
            actions.new_action(self.character, f"{self.character.name} Motion")
        found = [
            (actions.curve(self.character, rotation_channel(bone)[0], index, bone.name), float(value))
            for bone, values in zip(_bones(self.character, self.hand), channels, strict=True)
            for index, value in enumerate(values)
        ]
        columns = [actions.key_columns(f_curve) for f_curve, _ in found]
        first, last = _free_around(columns, frame, reach)
        for (f_curve, value), old in zip(found, columns, strict=True):
            actions.write_points(f_curve, keys.with_value(_cleared(old, first, last), frame, value))
        self._key_column(frame)
        self.show(channels)

    def _key_column(self, frame: float) -> None:
        """Key at a frame, as it is there, what of the hand is keyed beside its fingers: a pose is a column of keys."""
        fingers = {rotation_channel(bone)[0] for bone in _bones(self.character, self.hand)}
        paths = hand_unit(self.character, self.hand).channels.keys() - fingers
        for f_curve in list(actions.all_curves(self.character)):
            if f_curve.data_path not in paths or actions.is_set_aside(f_curve) or not len(f_curve.keyframe_points):
                continue
            columns = keys.with_key(actions.key_columns(f_curve), frame)
            columns["type"][np.abs(columns["co"][:, 0] - frame) < keys.SAME_FRAME] = keys.KeyType.KEYFRAME
            actions.write_points(f_curve, columns)


def check_keyable(character: Object, hand: int) -> None:
    """Check that the fingers of a hand can be keyed.

    Raises:
        MotionError: they cannot, in a sentence that names the bone.
    """
    reason = actions.refusal(character)
    if reason:
        raise MotionError(reason)
    data = character.animation_data
    driven = {driver.data_path for driver in data.drivers} if data else set()
    aside = {curve.data_path for curve in actions.all_curves(character) if actions.is_set_aside(curve)}
    for bone in _bones(character, hand):
        data_path, _ = rotation_channel(bone)
        if turn_locked(bone) or data_path in driven | aside:
            raise MotionError(f"{bone.name} is locked, muted or driven; free its rotation first")


def pose_channels(character: Object, rig: Rig, hand: int, pose: Array) -> Iterator[tuple[str, str, Array]]:
    """Yield bone, data path and quaternion (4,) of every finger bone in a pose (15, 4), whatever the bones' mode."""
    rest = RestPose(character)
    for joint, bone in enumerate(_bones(character, hand), start=1):
        yield bone.name, rotation_path(bone.name), rest.finger_turn(rig, hand, joint).done(pose[joint - 1])


def _free_around(columns: Sequence[keys.Columns], frame: float, reach: float) -> tuple[float, float]:
    """Return the frames about one that are `reach` away, or at the animator's nearest key where that is nearer."""
    own = [one["co"][~keys.is_generated(one), 0] for one in columns]
    frames = np.concatenate([*own, [-np.inf, np.inf]])
    before, after = frames[frames < frame - keys.SAME_FRAME], frames[frames > frame + keys.SAME_FRAME]
    return max(frame - reach, float(before.max())), min(frame + reach, float(after.min()))


def _cleared(columns: keys.Columns, first: float, last: float) -> keys.Columns:
    """Return keys without those between two frames, with one at either that keeps what lies beyond as it is.

    Where all keys of a side lie between, none is made there: the curve holds what it is given from there on.
    """
    if first >= last:
        return columns
    frames = columns["co"][:, 0]
    ends = [end for end, beyond in ((first, frames < first), (last, frames > last)) if beyond.any()]
    for end in ends:
        columns = keys.with_key(columns, end)
    frames = columns["co"][:, 0]
    return keys.selected(columns, (frames <= first + keys.SAME_FRAME) | (frames >= last - keys.SAME_FRAME))


def _bones(character: Object, hand: int) -> list[PoseBone]:
    names, bones = hand_joints(hand)[1:], character.pose.bones
    missing = [name for name in names if name not in bones]
    if missing:
        raise MotionError(f"{character.name} has no bone {missing[0]}; add a new character")
    return [bones[name] for name in names]


def _property(bone: PoseBone) -> str:
    return rotation_channel(bone)[0].rpartition(".")[2]
