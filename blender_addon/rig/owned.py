# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a pose is.

The unit of ownership is a pose, not a key: of a hand with its fingers and its elbow, or of one other bone, or of one
face action. Where any channel of a unit is the animator's at a frame, all of them are; and between two of these frames
that are less than `APART` seconds apart everything stays as it is, whoever made it.

A key is the animator's where its type is another than `GENERATED`, and where it is of that type but not as it was
written: Blender leaves a key its type when somebody drags it or keys over it, so the action remembers how generated
keys were written. Keys that were all moved or stretched in time together were not edited. A unit that has a locked,
muted, driven or sampled channel is the animator's as a whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from bpy.types import ID, FCurve, Object, PoseBone, Scene
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import HandMotion, MotionError, keys

from ..slices import Pace, Slices, drained
from . import actions, read
from .channels import confidence_path, hand_joints, location_path, rotation_channel
from .giving_way import giving_way
from .space import ELBOW_CONTROLS, HAND_CONTROLS

WRITTEN_PROPERTY = "chironomy_written"
"""A custom property of an action: by slot and F-curve, the generated keys as they were written."""

BENT_PROPERTY = "chironomy_bent"
"""Likewise, the frames of the animator's keys whose handles they set."""

APART = 2.0
"""Seconds between two of the animator's frames from which on what lies between is made anew."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Unit:
    """Channels that make one pose together.

    Attributes:
        name: of the hand's control, the bone or the face action.
        channels: data path to number of components.
        locked: whether somebody locked one of them on the bone itself.
    """

    name: str
    channels: Mapping[str, int]
    locked: bool = False


@dataclass(frozen=True)
class Span:
    """Frames that are the animator's.

    Attributes:
        stretches: from one scene frame to another, whole or not, in order of time; from minus infinity to infinity
            where the whole unit is theirs.
        frames: those at which they have keys.
    """

    stretches: tuple[keys.Stretch, ...]
    frames: tuple[float, ...] = ()

    @property
    def first(self) -> float:
        """The first of the frames."""
        return self.stretches[0][0]

    @property
    def last(self) -> float:
        """The last of the frames."""
        return self.stretches[-1][1]

    @property
    def whole(self) -> bool:
        """Whether nothing may be written at all."""
        return self.stretches == WHOLE.stretches

    def mask(self, first: int, count: int) -> Mask:
        """Return (count,) which of the frames from `first` on are theirs; those beside a key between frames are."""
        frames, mask = np.arange(first, first + count), np.zeros(count, bool)
        for begin, end in self.stretches:
            mask |= (frames > begin - 1.0 + keys.SAME_FRAME) & (frames < end + 1.0 - keys.SAME_FRAME)
        return mask

    def outside(self, first: float, last: float) -> "Span":
        """Return the span with all that lies before a frame and after another."""
        inner = tuple(
            (max(begin, first), min(end, last)) for begin, end in self.stretches if begin <= last and end >= first
        )
        outer = [part for part in ((-np.inf, first), (last, np.inf)) if not np.isinf(part).all()]
        return Span(_united((*inner, *outer)), self.frames)


WHOLE = Span(((-np.inf, np.inf),))


@dataclass(frozen=True)
class Only:
    """What of a motion is put on a character: everything else stays as it is, whoever made it.

    Attributes:
        first, last: scene frames, at which keys lie as they did; what lies between is new. Infinite where there is no
            end.
        hands: 0 left, 1 right.
    """

    first: float
    last: float
    hands: tuple[int, ...] = (0, 1)


@dataclass(frozen=True)
class Owned:
    """What is the animator's on a data-block.

    Attributes:
        spans: by data path.
        named: by name of unit.
        bent: by data path and index, the frames of keys whose handles they set.
    """

    spans: Mapping[str, Span]
    named: Mapping[str, Span]
    bent: dict[tuple[str, int], list[float]] = field(default_factory=dict)


def hand_unit(character: Object, hand: int) -> Unit:
    """Return the channels of a hand's pose: its control, its elbow's and its fingers.

    Raises:
        MotionError: the character lacks one of their bones.
    """
    bones = character.pose.bones
    control, elbow = HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]
    missing = [name for name in (elbow, *hand_joints(hand)) if name not in bones]
    if missing:
        raise MotionError(f"{character.name} has no bone {missing[0]}; add a new character")
    turning = [bones[name] for name in hand_joints(hand)]
    channels = {location_path(control): 3, confidence_path(control): 1, location_path(elbow): 3}
    channels |= dict(rotation_channel(bone) for bone in turning)
    locked = any(any(bones[name].lock_location) for name in (control, elbow)) or any(map(turn_locked, turning))
    return Unit(control, channels, locked)


def bone_unit(character: Object, name: str, moves: bool = False) -> Unit:
    """Return the channels of a bone that only turns, or moves, too."""
    bone = character.pose.bones[name]
    channels = dict([rotation_channel(bone)])
    if not moves:
        return Unit(name, channels, turn_locked(bone))
    return Unit(name, channels | {location_path(name): 3}, turn_locked(bone) or any(bone.lock_location))


def spans(animated: ID, units: Iterable[Unit], fps: float) -> dict[str, Span]:
    """Do at once what `reading_spans` does in slices."""
    return drained(reading_spans(animated, units, fps))


def reading_spans(animated: ID, units: Iterable[Unit], fps: float) -> Slices:
    """Return by name of unit what is the animator's; units that are the machine's are left out. Changes nothing."""
    changed, _ = yield from _comparing(animated)
    return (yield from _finding_spans(animated, units, fps, changed))


def adopt(animated: ID, units: Iterable[Unit], fps: float, only: Only | None = None) -> Owned:
    """Do at once what `adopting` does in slices."""
    return drained(adopting(animated, units, fps, only))


def adopting(animated: ID, units: Iterable[Unit], fps: float, only: Only | None = None) -> Slices:
    """Make real what is the animator's: at each of their frames, every channel of the unit gets a key of theirs.

    The curves keep their shape, but where generated keys between theirs give way to a pose that they moved.

    Args:
        animated: a data-block that has an action.
        units: whose channels are looked at.
        fps: the scene's frames a second.
        only: where given, what lies outside of it counts as theirs, too; its keys stay of their type.

    Returns:
        What is the animator's, as `Owned`.
    """
    units = list(units)
    named, by_path = {}, {}
    owned = Owned(by_path, named)
    changed, timing = yield from _comparing(animated)
    pace = Pace()
    for place in actions.places(animated):
        f_curve = actions.found(animated, place)
        frames = timing.scale * _remembered(animated, BENT_PROPERTY, f_curve) + timing.shift
        mask, bent = changed.get(place, (None, None))
        if mask is not None and mask.any() and not actions.is_set_aside(f_curve):
            columns = actions.key_columns(f_curve)
            frames = np.append(frames, columns["co"][bent, 0])
            columns["type"][mask] = keys.KeyType.KEYFRAME
            actions.write_points(f_curve, columns)
        owned.bent[place] = frames.tolist()
        if pace.due():
            yield
    # What was changed has a type of its own now.
    found = yield from _finding_spans(animated, units, fps, {})
    pace = Pace()
    for unit in units:
        span = found.get(unit.name)
        if only is not None:
            span = (span or Span(())).outside(only.first, only.last)
        if span is None or not span.stretches:
            continue
        named[unit.name] = span
        for data_path, size in unit.channels.items():
            by_path[data_path] = span
            for index in range(size) if not span.whole else ():
                _key(animated, unit.name, data_path, index, span, only)
                if pace.due():
                    yield
        if not span.whole:
            within = (-np.inf, np.inf) if only is None else (only.first, only.last)
            yield from giving_way(animated, unit.channels, span.stretches, span.frames, owned.bent, fps, within)
    return owned


def lock(animated: ID, units: Iterable[Unit], frames: Iterable[float]) -> None:
    """Make poses the animator's: at each frame every channel of the units has a key of theirs, and no curve changes.

    Units that are set aside are theirs already.
    """
    wanted = tuple(sorted(frames))
    span = Span(tuple((frame, frame) for frame in wanted), wanted)
    aside = {name for name, found in spans(animated, list(units), 1.0).items() if found.whole}
    for unit in units:
        for data_path, size in unit.channels.items() if unit.name not in aside else ():
            for index in range(size):
                _key(animated, unit.name, data_path, index, span, None)


def release(animated: ID, units: Iterable[Unit], first: float, last: float) -> int:
    """Make the animator's poses from a frame to another the machine's, whose next motion replaces them.

    Returns:
        How many poses were theirs.
    """
    paths = {data_path for unit in units for data_path in unit.channels}
    owned = Owned({}, {})
    released: set[float] = set()
    changed, _ = drained(_comparing(animated))
    for f_curve in actions.all_curves(animated):
        place = _place(f_curve)
        bent = _remembered(animated, BENT_PROPERTY, f_curve).tolist()
        if f_curve.data_path in paths and not actions.is_set_aside(f_curve):
            columns = actions.key_columns(f_curve)
            frames = columns["co"][:, 0]
            inside = (frames >= first - keys.SAME_FRAME) & (frames <= last + keys.SAME_FRAME)
            theirs = ~keys.is_generated(columns) | changed.get(place, (np.zeros(len(frames), bool),))[0]
            released |= set(np.round(frames[inside & theirs].astype(np.float64), 3).tolist())
            columns["type"][theirs] = keys.KeyType.KEYFRAME
            columns["type"][inside] = keys.KeyType.GENERATED
            columns["interpolation"][inside] = keys.Interpolation.BEZIER
            actions.write_points(f_curve, keys.frozen(columns, inside))
            bent = [frame for frame in bent if not first <= frame <= last]
        owned.bent[place] = bent
    if released:
        remember(animated, owned)
    return len(released)


def written(animated: ID, place: actions.Place) -> NDArray[np.float64]:
    """Return (N, 6) how the generated keys of a curve were written, as `keys.shapes` gives them."""
    numbers = _memory(animated, WRITTEN_PROPERTY).get(_name(place), ())
    return np.array(numbers, np.float64).reshape(-1, keys.SHAPE_SIZE)


def remember(animated: ID, owned: Owned) -> None:
    """Do at once what `remembering` does in slices."""
    drained(remembering(animated, owned))


def remembering(animated: ID, owned: Owned) -> Slices:
    """Note in the action how the generated keys of a data-block were written, and which handles the animator set."""
    action, slot = animated.animation_data.action, actions.slot_name(animated)
    written: dict[str, NDArray[np.float64]] = {}
    bent: dict[str, NDArray[np.float64]] = {}
    pace = Pace()
    for place in actions.places(animated):
        f_curve = actions.found(animated, place)
        columns = actions.key_columns(f_curve)
        shapes = keys.shapes(columns)[keys.is_generated(columns)].reshape(-1)
        if actions.is_set_aside(f_curve):
            # Nothing was written, so what differs from what is remembered is still somebody's edit.
            shapes = _remembered(animated, WRITTEN_PROPERTY, f_curve)
        written[_name(place)] = shapes
        if frames := owned.bent.get(place):
            bent[_name(place)] = np.array(frames, np.float64)
        if pace.due():
            yield
    for name, remembered in ((WRITTEN_PROPERTY, written), (BENT_PROPERTY, bent)):
        if name not in action:
            action[name] = {}
        for earlier in remembered.keys() & set(action[name]):
            del action[name][earlier]
        action[name][slot] = {}
        for curve, numbers in remembered.items():
            # Keys have single precision. An empty array has no type in Blender's properties.
            action[name][slot][curve] = numbers.astype(np.float32) if len(numbers) else []
            if pace.due():
                yield


def hand_mask(named: Mapping[str, Span], first: int, count: int) -> Mask:
    """Return (count, 2) which frames from the scene frame `first` on are the animator's, hand by hand."""
    masks = [
        named[control].mask(first, count) if control in named else np.zeros(count, bool) for control in HAND_CONTROLS
    ]
    return np.stack(masks, axis=1)


def pins(character: Object, rig: Rig, scene: Scene, first: int) -> tuple[HandMotion, Mask] | None:
    """Do at once what `reading_pins` does in slices."""
    return drained(reading_pins(character, rig, scene, first))


def reading_pins(character: Object, rig: Rig, scene: Scene, first: int) -> Slices:
    """Return the motion that is the animator's, as Blender shows it, for the model to lead into and out of.

    Args:
        character: the armature object.
        rig: that it was built from.
        scene: gives the frame rate.
        first: scene frame of the speech's start.

    Returns:
        Motion from `first` on to the last frame of theirs, and (T, 2) which frames of which hand count; None where
        nothing is theirs.
    """
    if actions.curves(character) is None:
        return None
    units = [hand_unit(character, hand) for hand in range(2)]
    named = yield from reading_spans(character, units, read.scene_fps(scene))
    last = max((read.last_key(character) if span.whole else span.last for span in named.values()), default=first - 1)
    if last < first:
        return None
    count = int(np.ceil(last)) - first + 1
    mask = hand_mask(named, first, count)
    theirs = np.flatnonzero(mask.any(axis=1))
    if len(theirs) == 0:
        return None
    _, shown = yield from read.reading_pose(character, rig, scene, first + int(theirs[0]), first + count)
    # What comes before is no one's; it only fills the frames.
    filled = np.maximum(np.arange(count) - theirs[0], 0)
    motion = shown.replaced(
        wrist_position=shown.wrist_position[filled],
        rotation=shown.rotation[filled],
        confidence=shown.confidence[filled],
    )
    return motion, mask


def is_set_aside(animated: ID, unit: Unit) -> bool:
    """Whether a unit has a locked, muted, driven or sampled channel, so that nobody is to write to any of it."""
    data = animated.animation_data
    driven = {driver.data_path for driver in data.drivers} if data else set()
    found = (curve for curve in actions.all_curves(animated) if curve.data_path in unit.channels)
    return unit.locked or bool(driven & unit.channels.keys()) or any(map(actions.is_set_aside, found))


def turn_locked(bone: PoseBone) -> bool:
    """Whether somebody locked a bone's rotation about an axis."""
    return any(bone.lock_rotation) or (bone.rotation_mode != "XYZ" and bone.lock_rotation_w)


_Changed = dict[actions.Place, tuple[Mask, Mask]]


def _finding_spans(animated: ID, units: Iterable[Unit], fps: float, changed: _Changed) -> Slices:
    """Return by name of unit what is the animator's, where something is.

    Args:
        animated: a data-block that has an action.
        units: whose channels are looked at.
        fps: the scene's frames a second.
        changed: as `_comparing` gives it.
    """
    spans: dict[str, Span] = {}
    pace = Pace()
    by_path: dict[str, list[actions.Place]] = {}
    for place in actions.places(animated):
        by_path.setdefault(place[0], []).append(place)
    for unit in units:
        if is_set_aside(animated, unit):
            spans[unit.name] = WHOLE
            continue
        theirs: list[float] = []
        for place in (place for data_path in unit.channels for place in by_path.get(data_path, ())):
            columns = actions.key_columns(actions.found(animated, place))
            mine = ~keys.is_generated(columns) | changed.get(place, (False, False))[0]
            theirs += columns["co"][mine, 0].astype(np.float64).tolist()
            if pace.due():
                yield
        if theirs:
            frames = np.sort(theirs)
            frames = frames[np.concatenate([[True], np.diff(frames) > keys.SAME_FRAME])]
            groups = np.split(frames, np.flatnonzero(np.diff(frames) >= APART * fps) + 1)
            stretches = tuple((float(each[0]), float(each[-1])) for each in groups)
            spans[unit.name] = Span(stretches, tuple(frames.tolist()))
    return spans


def _united(stretches: Iterable[keys.Stretch]) -> tuple[keys.Stretch, ...]:
    """Return stretches in order of time, those as one that meet."""
    made: list[keys.Stretch] = []
    for begin, end in sorted(stretches):
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((begin, end))
    return tuple(made)


def _key(animated: ID, group: str, data_path: str, index: int, span: Span, only: Only | None) -> None:
    """Give a channel the animator's keys at their frames, and keys where what is new begins and ends."""
    f_curve = actions.curve(animated, data_path, index, group)
    columns = actions.key_columns(f_curve)
    borders = () if only is None else tuple(end for end in (only.first, only.last) if np.isfinite(end))
    if len(columns["co"]):
        for frame in (*span.frames, *borders):
            columns = keys.with_key(columns, frame)
    else:
        shown = np.ravel(animated.path_resolve(data_path))[index]
        columns = keys.constant(float(shown), sorted({*span.frames, *borders}))
        columns["type"][:] = keys.KeyType.GENERATED
    frames = columns["co"][:, 0]

    def at(wanted: Iterable[float]) -> Mask:
        return np.isclose(frames[:, None], np.array([*wanted])[None], rtol=0.0, atol=keys.SAME_FRAME).any(axis=1)

    ends = at(end for stretch in span.stretches for end in stretch if np.isfinite(end))
    columns = keys.frozen(columns, ends)
    theirs = at(span.frames)
    columns["type"][theirs & keys.is_generated(columns)] = keys.KeyType.KEYFRAME
    made = at(borders) & ~theirs
    # A key that divides a piece of the animator's takes their type from its neighbour.
    columns["type"][made & (columns["type"] != keys.KeyType.GENERATED) & ~_was(f_curve, frames)] = (
        keys.KeyType.GENERATED
    )
    actions.write_points(f_curve, columns)


def _was(f_curve: FCurve, frames: NDArray[np.float32]) -> Mask:
    """Return (K,) at which of the frames a curve has keys."""
    before = actions.key_columns(f_curve)["co"][:, 0]
    return np.isclose(frames[:, None], before[None], rtol=0.0, atol=keys.SAME_FRAME).any(axis=1)


def _comparing(animated: ID) -> Slices:
    """Return `keys.changed` by data path and index, and how everything was moved in time."""
    known: list[tuple[actions.Place, keys.Columns, NDArray[np.float64]]] = []
    pace = Pace()
    for place in actions.places(animated):
        f_curve = actions.found(animated, place)
        if _remembers(animated, WRITTEN_PROPERTY, f_curve):
            before = _remembered(animated, WRITTEN_PROPERTY, f_curve).reshape(-1, keys.SHAPE_SIZE)
            known.append((place, actions.key_columns(f_curve), before))
        if pace.due():
            yield
    return (yield lambda _: _compared(known))


def _compared(
    known: Sequence[tuple[actions.Place, keys.Columns, NDArray[np.float64]]],
) -> tuple[_Changed, keys.Timing]:
    timing = keys.moved_alike((before, keys.shapes(now)[keys.is_generated(now)]) for _, now, before in known)
    return {place: keys.changed(columns, before, timing) for place, columns, before in known}, timing


def _remembers(animated: ID, name: str, f_curve: FCurve) -> bool:
    return _name(_place(f_curve)) in _memory(animated, name)


def _remembered(animated: ID, name: str, f_curve: FCurve) -> NDArray[np.float64]:
    """Return the numbers (N,) that the action remembers of a curve."""
    return np.array(_memory(animated, name).get(_name(_place(f_curve)), ()), dtype=np.float64)


def _memory(animated: ID, name: str) -> Mapping[str, Sequence[float]]:
    data = animated.animation_data
    memory = data.action.get(name) if data and data.action else None
    # Files of earlier versions remember without a slot.
    return {} if memory is None else memory.get(actions.slot_name(animated), memory)


def _place(f_curve: FCurve) -> actions.Place:
    return f_curve.data_path, f_curve.array_index


def _name(place: actions.Place) -> str:
    return f"{place[0]}[{place[1]}]"
