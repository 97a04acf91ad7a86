# SPDX-License-Identifier: GPL-3.0-or-later
"""The F-curves of one hand's pose, as poses in the frame of the body and back: what edits of keys stand on.

A pose is what is edited: every channel of the hand gets a key at the frames of an edit, and all of them become the
animator's. Outside of its range every curve stays as it is.
"""

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
from bpy.types import Object
from numpy.typing import ArrayLike, NDArray

from chironomy.body.rig import Rig
from chironomy.motion import MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_poses import HandPoses
from chironomy.motion.moved_keys import displaced, distance, enough, rekeyed
from chironomy.motion.seen_keys import is_plain, seen
from chironomy.motion.time_map import TimeMap

from ..slices import Pace, Slices, drained
from . import actions, owned
from .channels import Bone, RestPose, confidence_path, hand_joints, location_path, rotation_channel
from .drafts import CharacterDraft
from .modes import as_mode, as_quaternions
from .space import ELBOW_CONTROLS, HAND_CONTROLS, to_armature, to_body

PLACE_TOLERANCE, ELBOW_TOLERANCE, OTHER_TOLERANCE = 0.002, 0.03, 0.008
"""Metres for the hand's place, metres for what the elbow points at, and parts of 1 for all else.

By so much keys of an edit may miss what it makes between them."""

STEP = 0.05
"""Frames to either side from which slopes are taken."""

_AT_ONCE = 500
"""Frames whose poses are computed together: what they take stays near the processor."""

_NEAR_ENOUGH = 2.5
"""Times as much by which keys may miss a change that is added to what the hand does."""

_ONE_WAY = 0.01
"""By which a channel may come back from an edit otherwise than it left; more is another turn of the same rotation."""

Array = NDArray[np.float64]
Values = dict[str, Array]
"""What channels say at N frames, (N, C), by data path."""

Change = Callable[[Array, HandPoses], HandPoses]
"""From frames (N,) and the hand's poses there to what they are to be."""


@dataclass(frozen=True)
class Edit:
    """New keys, not yet written.

    Attributes:
        first, last: the frames from which and up to which something changes.
        columns: the keys of each curve, by data path and index.
    """

    first: float
    last: float
    columns: dict[tuple[str, int], keys.Columns]


class HandCurves:
    """Curves of a hand's control, its fingers and its elbow, as they were read: Blender is asked nothing more.

    But where one of them has a modifier, or goes on in a way that Blender alone knows: see `asks_blender`.

    Attributes:
        character: that they are of.
        hand: 0 left, 1 right.
        unit: their channels.
        frames: (K,) at which one of them has a key, ascending.
        set_aside: whether the hand is locked, muted or driven, so that nobody is to write to it.
        asks_blender: whether the poses of some frames can be told on the main thread alone.

    Raises:
        MotionError: the character lacks a bone, or no curve has a key.
    """

    def __init__(
        self,
        character: Object | CharacterDraft,
        rig: Rig,
        hand: int,
        columns: actions.Curves | None = None,
        shown: Values | None = None,
    ) -> None:
        """Read a hand.

        Args:
            character: the armature object.
            rig: that it was built from.
            hand: 0 left, 1 right.
            columns: the keys of its curves, and maybe of others, where they were read already.
            shown: what its channels, and maybe others, are set to, likewise; (C,) by data path.
        """
        self.character, self.rig, self.hand = character, rig, hand
        self.unit = owned.hand_unit(character, hand)
        self.set_aside = owned.is_set_aside(character, self.unit)
        self._rest = RestPose(character)
        self._bones = [Bone.of(character, name) for name in hand_joints(hand)]
        self._set = channels_of(character, self.unit.channels) if shown is None else shown
        known: actions.Curves = (
            drained(actions.reading_curves(character, self.unit.channels)) if columns is None else columns
        )
        self._beside = {
            place: actions.beside_keys(actions.found(character, place))
            for place, column in known.items()
            if place[0] in self.unit.channels and len(column["co"])
        }
        self._read = True
        self._take(known)

    def with_keys(self, columns: actions.Curves) -> Self:
        """Return the hand as it would be with other keys of its curves, those that it has no more left out."""
        other = copy(self)
        other._read = False
        other._take(columns)
        return other

    def _take(self, columns: actions.Curves) -> None:
        self._keys = {
            place: column for place, column in columns.items() if place[0] in self.unit.channels and len(column["co"])
        }
        self._asked = {
            place
            for place, column in self._keys.items()
            if self._beside.get(place, actions.PLAIN) != actions.PLAIN or not is_plain(column)
        }
        self.asks_blender = bool(self._asked)
        self.frames = self._united(column["co"][:, 0] for column in self._keys.values())
        if len(self.frames) == 0:
            raise MotionError(
                f"{self.name} of {self.character.name} has no keys; generate or import a motion, or key a pose first"
            )

    @property
    def name(self) -> str:
        """The hand control's."""
        return self.unit.name

    @property
    def placed(self) -> Array:
        """The (K,) frames at which the control's location has a key."""
        path = location_path(self.name)
        return self._united(column["co"][:, 0] for (of, _), column in self._keys.items() if of == path)

    def snapped(self, first: float, last: float) -> tuple[float, float]:
        """Return a range whose ends lie on keys of the hand that are one frame further in, not beside them."""
        if last - first > 4.0:
            for frame in self.frames:
                if keys.SAME_FRAME < frame - first <= 1.0 + keys.SAME_FRAME and not len(self.between(first, first)):
                    first = float(frame)
                if keys.SAME_FRAME < last - frame <= 1.0 + keys.SAME_FRAME and not len(self.between(last, last)):
                    last = float(frame)
        return first, last

    def between(self, first: float, last: float) -> Array:
        """Return the frames of keys from a frame to another, both included."""
        return self.frames[(self.frames >= first - keys.SAME_FRAME) & (self.frames <= last + keys.SAME_FRAME)]

    def poses(self, frames: ArrayLike) -> HandPoses:
        """Return what the curves say at frames (N,), whole or not."""
        return self._poses(self._values(np.asarray(frames, np.float64)))

    def posed(self) -> HandPoses:
        """Return the one pose that the bones had when they were read, keyed or not."""
        return self._poses({path: self._set[path][None] for path in self.unit.channels})

    def changed(self, change: Change, falloff: Falloff, exact: bool = True, also: Iterable[float] = ()) -> Edit:
        """Return keys moved by a change; the hand's own keys and their handles stay within it.

        Args:
            change: leaves what has no weight as it is.
            falloff: tells where it has. Where it holds beyond the hand's keys, so does the change.
            exact: add keys where the change between the hand's own would else be another one.
            also: frames that get a key, too.
        """
        first, last = max(falloff.first, self.frames[0]), min(falloff.last, self.frames[-1])
        # A single pose may also lie outside the keys.
        first, last = min(first, falloff.risen), max(last, falloff.falling)
        own = self.between(first, last)
        corners = np.clip([falloff.risen, falloff.falling], first, last)
        if falloff.risen < falloff.falling:
            corners = _apart(corners, [*own, first, last])
        own = self._united([own, [first, last], corners])
        wanted = self._united([own, [frame for frame in also if first < frame < last]])
        frames = self._united([wanted, np.arange(np.ceil(first), last) if exact else wanted])
        paths, fixed = list(self.unit.channels), falloff(frames) == 0.0
        parts = [self._moved(change, frames[begin : begin + _AT_ONCE]) for begin in range(0, len(frames), _AT_ONCE)]
        moved = np.concatenate(parts)
        offsets, slopes = moved[:, 1], (moved[:, 2] - moved[:, 0]) / (2.0 * STEP)
        offsets[fixed], slopes[fixed] = 0.0, 0.0
        least = distance(frames, wanted) <= keys.SAME_FRAME
        tolerance = _NEAR_ENOUGH * self._tolerance(paths)
        chosen = enough(frames, offsets, slopes, tolerance, least) if exact else least
        columns: dict[tuple[str, int], keys.Columns] = {}
        places = [(path, index) for path in paths for index in range(self.unit.channels[path])]
        for (path, index), offset, slope in zip(places, offsets[chosen].T, slopes[chosen].T, strict=True):
            found = self._columns(path, index, frames[chosen], bool(np.abs(offset).max() > 0.0))
            if found is not None:
                columns[path, index] = displaced(found, first, last, frames[chosen], offset, slope)
        return Edit(first, last, columns)

    def _moved(self, change: Change, frames: Array) -> Array:
        """Return (N, 3, C) by how much a change moves all channels a little before frames (N,), at them and after."""
        at = (frames[:, None] + STEP * np.arange(-1, 2)).reshape(-1)
        before = self._values(at)
        old = self._poses(before)
        after = self._channels(change(at, old), old, before, np.zeros(len(at)))
        return np.concatenate([after[path] - before[path] for path in before], axis=1).reshape(len(frames), 3, -1)

    def replaced(self, change: Change, first: int, last: int, falloff: Falloff, wanted: Iterable[float]) -> Edit:
        """Return other keys from a frame to another, where the old ones are not to be seen any more.

        Args:
            change: leaves what has no weight as it is.
            first: whole frame,
            last: likewise.
            falloff: tells where the change has weight.
            wanted: frames that get a key; as many are added as the motion needs.

        Raises:
            MotionError: what was made goes round the other way than what follows.
        """
        dense = np.arange(first, last + 1, dtype=np.float64)
        at = (dense[:, None] + STEP * np.arange(-1, 2)).reshape(-1)
        before = self._values(at, bare=True)
        old = self._poses(before)
        new = change(at, old)
        after = self._channels(new, old, before, falloff(at), continuous=True)
        made = {path: values.reshape(len(dense), 3, -1) for path, values in after.items()}
        weight = falloff(dense)
        for path, values in made.items():
            way = values[-1, 1] - before[path].reshape(len(dense), 3, -1)[-1, 1]
            if weight[-1] == 0.0 and np.abs(way).max() > _ONE_WAY:
                raise MotionError(
                    f"{self.name} would turn round once more before frame {last}; choose other frames to edit"
                )
        values = {path: each[:, 1] for path, each in made.items()}
        slopes = {path: (each[:, 2] - each[:, 0]) / (2.0 * STEP) for path, each in made.items()}
        joined = (bool(weight[0] == 0.0), bool(weight[-1] == 0.0))
        return self._rekeyed(first, last, dense, values, slopes, [first, last, *_apart(wanted, [first, last])], joined)

    def retimed(self, time: TimeMap) -> Edit:
        """Return the keys in other places in time, all of a pose together and on whole frames.

        Args:
            time: where what is seen.
        """
        low = float(time.new[0]) if time.bounded[0] else -np.inf
        high = float(time.new[-1]) if time.bounded[1] else np.inf
        bounds = [bound for bound in (low, *time.stands, high) if np.isfinite(bound)]
        poses = _apart(time.placed(self.between(low, high)), bounds)
        wanted = [*bounds, *poses, *_apart(np.round(time.new), [*bounds, *poses])]
        begin, end = round(min(wanted)), round(max(wanted))
        dense = np.arange(begin, end + 1, dtype=np.float64)
        seen_at, rate = time(dense)
        shown, later, sooner = (self._values(seen_at + step, bare=True) for step in (0.0, STEP, -STEP))
        slopes = {path: (later[path] - sooner[path]) / (2.0 * STEP) * rate[:, None] for path in shown}
        # Where there is no bound, none of the old keys stays.
        low, high = max(low, min(begin, self.frames[0])), min(high, max(end, self.frames[-1]))
        return self._rekeyed(low, high, dense, shown, slopes, wanted, time.bounded)

    def write(self, edit: Edit) -> None:
        """Do at once what `writing` does in slices."""
        drained(self.writing(edit))

    def writing(self, edit: Edit) -> Slices:
        """Write an edit's keys. Where some were selected before, those of the edit's range are selected then."""
        chosen, pace = self._any_chosen(), Pace()
        for (path, index), columns in edit.columns.items():
            f_curve = actions.curve(self.character, path, index, path.split('"')[1])
            actions.write_points(f_curve, columns)
            if chosen:
                frames = columns["co"][:, 0]
                inside = (frames >= edit.first - keys.SAME_FRAME) & (frames <= edit.last + keys.SAME_FRAME)
                actions.select(f_curve, inside)
            if pace.due():
                yield

    def _any_chosen(self) -> bool:
        """Whether keys are selected, but not all of them, as Blender makes new ones."""
        masks = [
            actions.selection(curve)
            for curve in actions.all_curves(self.character)
            if curve.data_path in self.unit.channels and len(curve.keyframe_points)
        ]
        return any(mask.any() for mask in masks) and not all(mask.all() for mask in masks)

    def _rekeyed(
        self,
        first: float,
        last: float,
        dense: Array,
        values: Values,
        slopes: Values,
        wanted: Sequence[float],
        joined: tuple[bool, bool],
    ) -> Edit:
        """Return an edit with keys at the wanted ones of dense frames (F,), and at as many more as it takes."""
        paths = list(values)
        all_values, all_slopes = (np.concatenate([part[path] for path in paths], axis=1) for part in (values, slopes))
        least = np.isin(dense, np.round(np.asarray(wanted)))
        chosen = enough(dense, all_values, all_slopes, self._tolerance(paths), least)
        columns: dict[tuple[str, int], keys.Columns] = {}
        for path in paths:
            for index in range(values[path].shape[1]):
                value, slope = values[path][chosen, index], slopes[path][chosen, index]
                found = self._columns(path, index, dense[chosen], bool(np.ptp(value) > 0.0))
                if found is not None:
                    columns[path, index] = rekeyed(found, first, last, dense[chosen], value, slope, joined)
        return Edit(first, last, columns)

    def _tolerance(self, paths: Sequence[str]) -> Array:
        """Return (C,) by how much each component of some channels may be off between keys."""
        places = {
            location_path(HAND_CONTROLS[self.hand]): PLACE_TOLERANCE,
            location_path(ELBOW_CONTROLS[self.hand]): ELBOW_TOLERANCE,
        }
        each = np.array([places.get(path, OTHER_TOLERANCE) for path in paths])
        return np.repeat(each, [self.unit.channels[path] for path in paths])

    def _columns(self, path: str, index: int, frames: Array, moves: bool) -> keys.Columns | None:
        """Return the keys of a curve; new ones where there is none and it is to move, else None."""
        if (path, index) in self._keys:
            return self._keys[path, index]
        if not moves:
            return None
        return keys.constant(float(self._set[path][index]), frames.tolist())

    def _values(self, frames: Array, bare: bool = False) -> Values:
        """Return what the curves say; of a channel that has none, what it is set to.

        Args:
            frames: (N,).
            bare: without modifiers, which go on to act on new keys.
        """
        result: Values = {}
        for path, size in self.unit.channels.items():
            result[path] = np.empty((len(frames), size))
            for index in range(size):
                place = path, index
                if place not in self._keys:
                    result[path][:, index] = self._set[path][index]
                elif place not in self._asked:
                    result[path][:, index] = seen(self._keys[place], frames)
                elif self._read and not bare:
                    curve = actions.found(self.character, place)
                    result[path][:, index] = [curve.evaluate(at) for at in frames]
                else:
                    straight = self._beside.get(place, actions.PLAIN).straight_on
                    result[path][:, index] = actions.evaluated(self._keys[place], straight, frames)
        return result

    def _poses(self, values: Values) -> HandPoses:
        control, elbow = HAND_CONTROLS[self.hand], ELBOW_CONTROLS[self.hand]
        turns = []
        for joint, bone in enumerate(self._bones):
            q = as_quaternions(bone, values[rotation_channel(bone)[0]])
            turns.append(self._rest.joint_turn(self.rig, self.hand, joint).undone(q))
        return HandPoses(
            to_body(self.rig, values[location_path(control)] + self._rest.heads[control]),
            np.stack(turns, axis=1),
            to_body(self.rig, values[location_path(elbow)] + self._rest.heads[elbow]),
            np.clip(values[confidence_path(control)][:, 0], 0.0, 1.0),
        )

    def _channels(
        self, new: HandPoses, old: HandPoses, before: Values, weight: Array, continuous: bool = False
    ) -> Values:
        """Return the channels of new poses; where a turn is the old one, its channels are the old ones, too.

        Args:
            new: N poses.
            old: as many, that the channels said.
            before: what these channels were.
            weight: (N,) where it is 0, quaternions keep their length, which between keys is not quite 1.
            continuous: go on from the first, or else each be near its own old one.
        """
        control, elbow = HAND_CONTROLS[self.hand], ELBOW_CONTROLS[self.hand]
        result = {path: values.copy() for path, values in before.items()}
        for path, bone, values, was in (
            (location_path(control), control, new.wrist_position, old.wrist_position),
            (location_path(elbow), elbow, new.elbow, old.elbow),
        ):
            place = to_armature(self.rig, values) - self._rest.heads[bone]
            result[path] = np.where((values == was).all(axis=1, keepdims=True), before[path], place)
        result[confidence_path(control)] = new.confidence[:, None]
        for joint, bone in enumerate(self._bones):
            path = rotation_channel(bone)[0]
            same = (new.rotation[:, joint] == old.rotation[:, joint]).all(axis=1)
            if same.all():
                continue
            turns = self._rest.joint_turn(self.rig, self.hand, joint).done(new.rotation[:, joint])
            result[path] = self._turned(bone, turns, before[path], same, weight, continuous)
        return result

    @staticmethod
    def _turned(
        bone: Bone, turns: Array, before: Array, same: NDArray[np.bool_], weight: Array, continuous: bool
    ) -> Array:
        if bone.rotation_mode == "QUATERNION":
            if continuous:
                turns = quaternion.make_continuous(np.concatenate([before[:1], turns]))[1:]
            else:
                turns = quaternion.facing(turns, before)
            length = np.linalg.norm(before, axis=1, keepdims=True)
            turned = turns * (1.0 + (1.0 - weight[:, None]) * (length - 1.0))
        elif continuous:
            given = np.arange(len(turns)) == 0
            turned = as_mode(bone, turns, before, given)
        else:
            turned = np.empty_like(before)
            for row in range(len(turns)):
                pair, given = np.stack([before[row]] * 2), np.array([True, False])
                turned[row] = as_mode(bone, np.stack([turns[row]] * 2), pair, given)[1]
        return turned if continuous else np.where(same[:, None], before, turned)

    @staticmethod
    def _united(frames: Iterable[ArrayLike]) -> Array:
        """Return frames in order of time, those that are one but once."""
        every = np.unique(np.concatenate([np.zeros(0), *(np.asarray(each, np.float64) for each in frames)]))
        return every[np.concatenate([[True], np.diff(every) > keys.SAME_FRAME])] if len(every) else every


def channels_of(character: Object | CharacterDraft, paths: Iterable[str]) -> Values:
    """Return (C,) by data path what channels are set to now, keyed or not."""
    return {path: np.ravel(character.path_resolve(path)).astype(np.float64) for path in paths}


def _apart(frames: Iterable[float], others: Iterable[float]) -> list[float]:
    """Return those of some frames, the first before the later, that lie neither on nor beside others or each other."""
    taken, kept = sorted(others), list[float]()
    for frame in frames:
        place = bisect(taken, frame)
        if all(abs(frame - other) > 1.0 + keys.SAME_FRAME for other in taken[max(place - 1, 0) : place + 1]):
            taken.insert(place, frame)
            kept.append(float(frame))
    return kept
