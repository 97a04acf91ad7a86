# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves of every Blender version: the one file that knows how actions store them."""

import zlib
from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

import bpy
import numpy as np
from bpy.types import ID, Action, AnimData, FCurve
from numpy.typing import NDArray

from chironomy.motion.keys import CHOICES, COORDINATES, NUMBERS, USUAL, Columns, Interpolation, constant

from ..slices import GoneError, Pace, Slices

Place = tuple[str, int]
"""What tells an F-curve from the others of a data-block: its data path and index."""

Curves = dict[Place, Columns]
"""The keys of F-curves."""


def new_action(animated: ID, name: str) -> Action:
    """Give a data-block an empty action of its own, of that name or, where that is taken, one like it."""
    data = animated.animation_data or animated.animation_data_create()
    data.action = bpy.data.actions.new(name)
    curves(animated, create=True)
    return data.action


def new_pose(data: Any, name: str, channels: Iterable[tuple[str, str, Iterable[float]]]) -> Action:
    """Return a new action of one frame that poses an armature object, as pose assets are.

    Args:
        data: the `BlendData` that it is made in.
        name: of the action.
        channels: group, data path and values of each property.
    """
    action = data.actions.new(name)
    if hasattr(action, "slots"):
        slot = action.slots.new(id_type="OBJECT", name="Hand")
        bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    else:
        action.id_root = "OBJECT"
        bag = action
    for group, data_path, values in channels:
        grouped = bag.groups.get(group) or bag.groups.new(group)
        for index, value in enumerate(values):
            f_curve = bag.fcurves.new(data_path, index=index)
            f_curve.group = grouped
            write_points(f_curve, constant(float(value), [1.0]))
    return action


class Beside(NamedTuple):
    """What of an F-curve is not in its keys.

    Attributes:
        modified: whether a modifier acts on it.
        straight_on: whether it goes on straight beyond its keys.
    """

    modified: bool = False
    straight_on: bool = False


PLAIN = Beside()
"""Of a curve that its keys tell all about."""


def beside_keys(f_curve: FCurve) -> Beside:
    """Return what of an F-curve is not in its keys."""
    return Beside(any(not each.mute for each in f_curve.modifiers), f_curve.extrapolation == "LINEAR")


def evaluated(columns: Columns, straight_on: bool, frames: Iterable[float]) -> NDArray[np.float64]:
    """Return (N,) what Blender says of a curve with these keys and no modifiers, at frames (N,)."""
    action = new_pose(bpy.data, "Evaluated", [("Evaluated", "location", [0.0])])
    try:
        handle = action.slots[0].handle if hasattr(action, "slots") else 0
        (f_curve,) = curves_of(action, handle)
        write_exactly(f_curve, columns)
        f_curve.extrapolation = "LINEAR" if straight_on else "CONSTANT"
        return np.array([f_curve.evaluate(frame) for frame in frames], np.float64)
    finally:
        bpy.data.actions.remove(action)


def share_action(animated: ID, action: Action) -> bool:
    """Let a data-block be animated by a slot of its own in an action that animates another one too.

    Returns:
        False where this Blender's actions have no slots; nothing is changed then.
    """
    if not hasattr(action, "slots"):
        return False
    data = animated.animation_data or animated.animation_data_create()
    data.action = action
    data.action_slot = _slot(action, animated)
    curves(animated, create=True)
    return True


def assign(animated: ID, action: Action | None, handle: int = 0) -> None:
    """Let a data-block be animated by an action.

    Args:
        animated: the data-block.
        action: None for none.
        handle: of the action's slot, where this Blender's actions have slots; see `slot_handle`.
    """
    data = animated.animation_data or animated.animation_data_create()
    data.action = action
    if action is not None and hasattr(action, "slots"):
        data.action_slot = next((slot for slot in action.slots if slot.handle == handle), None)


def slot_handle(animated: ID) -> int:
    """Return what tells a data-block's slot in its action, the same in copies of the action; 0 where there is none."""
    slot = getattr(animated.animation_data, "action_slot", None)
    return 0 if slot is None else slot.handle


def curves(animated: ID, create: bool = False) -> Any:
    """Return the collection of F-curves of a data-block's active action.

    Args:
        animated: an object, a mesh's shape keys, ...
        create: make what is missing, but for the action itself.

    Returns:
        The collection; None where there is none and `create` is False.
    """
    data = animated.animation_data
    action = data.action if data else None
    if action is None:
        return None
    if not hasattr(action, "slots"):
        return action.fcurves
    bag = _channelbag(animated, action, create)
    return bag.fcurves if bag else None


def curves_of(action: Action, handle: int = 0) -> list[FCurve]:
    """Return the F-curves of an action, of the slot with that handle where this Blender's actions have slots."""
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    bags = (bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags)
    return [f_curve for bag in bags if bag.slot_handle == handle for f_curve in bag.fcurves]


def all_curves(animated: ID) -> Iterator[FCurve]:
    """Yield the F-curves of a data-block's active action."""
    yield from curves(animated) or ()


def places(animated: ID) -> list[Place]:
    """Return the data path and index of each F-curve of a data-block's active action."""
    return [(f_curve.data_path, f_curve.array_index) for f_curve in all_curves(animated)]


def found(animated: ID, place: Place) -> FCurve:
    """Return an F-curve that a data-block's active action had.

    Raises:
        GoneError: it is not there any more.
    """
    collection = curves(animated)
    f_curve = None if collection is None else collection.find(place[0], index=place[1])
    if f_curve is None:
        raise GoneError("keys that this was done for were deleted meanwhile; try once more")
    return f_curve


def played_curves(data: AnimData) -> Iterator[FCurve]:
    """Yield the F-curves of every action that plays a part in a data-block's animation, of all their slots."""
    strips = [strip for track in data.nla_tracks for strip in track.strips]
    played = {data.action}
    while strips:
        strip = strips.pop()
        strips += strip.strips
        played.add(strip.action)
    for action in played - {None}:
        if hasattr(action, "slots"):
            bags = (bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags)
        else:
            bags = (action,)
        for bag in bags:
            yield from bag.fcurves


def curve(animated: ID, data_path: str, index: int, group: str) -> FCurve:
    """Return an F-curve of a data-block's action; made, in the group of that name, where it is missing."""
    collection = curves(animated, create=True)
    found = collection.find(data_path, index=index)
    if found is None:
        found = collection.new(data_path, index=index)
        existing = groups(animated)
        found.group = existing.get(group) or _coloured(existing.new(group))
        found.select = False
    return found


def _coloured(group: Any) -> Any:
    """Give the group of a bone the colour of its side."""
    theme = {"L": "THEME04", "R": "THEME01"}.get(group.name.rpartition(".")[2])
    if theme is not None:
        group.color_set = theme
    return group


def is_set_aside(f_curve: FCurve) -> bool:
    """Whether somebody locked or muted a curve or its group, or made samples of it: nobody is to write to it."""
    group = f_curve.group
    beside = group is not None and (group.lock or getattr(group, "mute", False))
    return f_curve.lock or f_curve.mute or beside or len(f_curve.sampled_points) > 0


def slot_name(animated: ID) -> str:
    """Return what tells a data-block's curves from others' in the same action, as short as a property's name must be.

    It stays when the slot or the data-block is renamed and when the action is copied.
    """
    slot = getattr(animated.animation_data, "action_slot", None)
    return "slot" if slot is None else f"slot {slot.handle}"


def own(animated: ID) -> None:
    """Let no other data-block be animated by a data-block's curves; where one is, it keeps them as they are.

    Copies that share their data, as Alt+D makes them, play the same curves of the same action.
    """
    data = animated.animation_data
    action = data.action if data else None
    if action is None or action.library is not None or not _others(animated, action):
        return
    slot = getattr(data, "action_slot", None)
    data.action = action.copy()
    if slot is not None:
        data.action_slot = next(copied for copied in data.action.slots if copied.handle == slot.handle)


def refusal(animated: ID) -> str:
    """Return a sentence on why nothing can be written to a data-block's action now; empty where it can."""
    data = animated.animation_data
    if data is not None and data.use_tweak_mode:
        return f"{animated.name} is in the NLA's tweak mode; press Tab over the Nonlinear Animation editor to leave it"
    return ""


def key_columns(f_curve: FCurve) -> Columns:
    """Return every property of an F-curve's keys, each as an array over keys."""
    points = f_curve.keyframe_points
    columns: Columns = {}
    for name in COORDINATES:
        columns[name] = np.empty((len(points), 2), dtype=np.float32)
    for name in CHOICES:
        columns[name] = np.empty(len(points), dtype=np.int32)
    for name, column in columns.items():
        points.foreach_get(name, column.reshape(-1))
    # Reading takes time, and only easing functions look at these.
    easing = bool((columns["interpolation"] > Interpolation.BEZIER).any())
    for name in NUMBERS:
        columns[name] = np.full(len(points), USUAL[name], dtype=np.float32)
        if easing:
            points.foreach_get(name, columns[name])
    return columns


def reading_curves(animated: ID | Any, paths: Container[str]) -> Slices:
    """Return in slices the keys of those F-curves of a data-block's active action that have these data paths."""
    pace, read = Pace(), Curves()
    for place in places(animated):
        if place[0] in paths:
            read[place] = key_columns(found(animated, place))
        if pace.due():
            yield
    return read


def write_points(f_curve: FCurve, columns: Columns) -> None:
    """Give an F-curve these keys and no others; selected are those on frames at which a key was selected before."""
    points = f_curve.keyframe_points
    before, was = np.empty((len(points), 2), dtype=np.float32), np.empty(len(points), dtype=np.bool_)
    points.foreach_get("co", before.reshape(-1))
    points.foreach_get("select_control_point", was)
    points.clear()
    points.add(len(columns["co"]))
    chosen = np.isin(np.round(columns["co"][:, 0], 2), np.round(before[was, 0], 2))
    for name in ("select_control_point", "select_left_handle", "select_right_handle"):
        points.foreach_set(name, chosen)
    for name in (*CHOICES, *NUMBERS, *COORDINATES):
        column = columns[name]
        points.foreach_set(name, np.ascontiguousarray(column, np.int32 if name in CHOICES else np.float32).reshape(-1))
    f_curve.update()


def write_exactly(f_curve: FCurve, columns: Columns) -> None:
    """Give an F-curve keys as they were read from it, to the bit: Blender rounds automatic handles anew."""
    write_points(f_curve, columns)
    for name in COORDINATES:
        f_curve.keyframe_points.foreach_set(name, np.ascontiguousarray(columns[name], np.float32).reshape(-1))


def fingerprinting(action: Action) -> Slices:
    """Return in slices what is another number, but for chance, where keys of an action were edited."""
    handles = sorted({slot.handle for slot in action.slots} if hasattr(action, "slots") else {0})
    pace, found = Pace(), 0
    for handle in handles:
        number = 0
        # What is a part of an action is looked for anew after a yield.
        while number < len(f_curves := curves_of(action, handle)):
            for f_curve in f_curves[number:]:
                number += 1
                points = f_curve.keyframe_points
                for name in (*COORDINATES, "type", "interpolation"):
                    column = np.empty(
                        len(points) * (2 if name in COORDINATES else 1), np.int32 if name in CHOICES else np.float32
                    )
                    points.foreach_get(name, column)
                    found = zlib.crc32(column.tobytes(), found)
                said = f"{f_curve.data_path}{f_curve.array_index}{is_set_aside(f_curve)}"
                found = zlib.crc32(said.encode(), found)
                if pace.due():
                    yield
                    break
    return found


def is_played(action: Action) -> bool:
    """Whether a data-block is animated by an action now."""
    for collection in (bpy.data.objects, bpy.data.shape_keys):
        for item in collection:
            if item.animation_data is not None and item.animation_data.action == action:
                return True
    return False


def selection(f_curve: FCurve) -> NDArray[np.bool_]:
    """Return (K,) which of an F-curve's keys are selected."""
    mask = np.empty(len(f_curve.keyframe_points), dtype=bool)
    f_curve.keyframe_points.foreach_get("select_control_point", mask)
    return mask


def select(f_curve: FCurve, mask: NDArray[np.bool_]) -> None:
    """Select these of an F-curve's keys (K,), with their handles, and no others."""
    for name in ("select_control_point", "select_left_handle", "select_right_handle"):
        f_curve.keyframe_points.foreach_set(name, mask)


def count(animated: ID) -> int:
    """Return how many keys a data-block's action holds for it."""
    return sum(len(f_curve.keyframe_points) for f_curve in all_curves(animated))


def groups(animated: ID) -> Any:
    """Return the collection of F-curve groups beside `curves(animated)`."""
    action = animated.animation_data.action
    return _channelbag(animated, action, create=True).groups if hasattr(action, "slots") else action.groups


def _others(animated: ID, action: Action) -> bool:
    """Whether another data-block's active action is this one, played through the same slot."""
    slot = getattr(animated.animation_data, "action_slot", None)
    collection = bpy.data.objects if animated.id_type == "OBJECT" else bpy.data.shape_keys
    for item in collection:
        data = item.animation_data
        if item == animated or data is None or data.action != action:
            continue
        if slot is None or (data.action_slot is not None and data.action_slot.handle == slot.handle):
            return True
    return False


def _slot(action: Action, animated: ID) -> Any:
    """Return the slot of an action that animates a data-block; made where it is missing."""
    data = animated.animation_data
    if data.action == action and data.action_slot is not None:
        return data.action_slot
    identifier = {"OBJECT": "OB", "KEY": "KE"}[animated.id_type] + animated.name
    return action.slots.get(identifier) or action.slots.new(id_type=animated.id_type, name=animated.name)


def _channelbag(animated: ID, action: Action, create: bool) -> Any:
    data = animated.animation_data
    if create:
        # Assigning an action may leave its slot unchosen.
        data.action_slot = _slot(action, animated)
        layer = action.layers[0] if len(action.layers) else action.layers.new("Layer")
        strip = layer.strips[0] if len(layer.strips) else layer.strips.new(type="KEYFRAME")
        return strip.channelbag(data.action_slot, ensure=True)
    if data.action_slot is None or not len(action.layers) or not len(action.layers[0].strips):
        return None
    return action.layers[0].strips[0].channelbag(data.action_slot)
