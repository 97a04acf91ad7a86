# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves of every Blender version: the one file that knows how actions store them.

Keys are owned by their type: `GENERATED` keys are the machine's, to be replaced when motion is made anew; keys of any
other type are the animator's and are kept as they are. Blender leaves a key its type when an animator drags it or keys
over it, so the action remembers how generated keys were written: one that is not like that any more is the animator's.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy.types import ID, Action, FCurve
from numpy.typing import NDArray

GENERATED = "GENERATED"
KEYFRAME = "KEYFRAME"

Columns = dict[str, NDArray[Any]]
"""Every property of an F-curve's keys by its name in Blender, each an array over keys."""

WRITTEN_PROPERTY = "chironomy_written"
"""A custom property of an action: by F-curve, the generated keys as they were written."""

_COORDINATES = ("co", "handle_left", "handle_right")
_CHOICES = ("type", "interpolation", "easing", "handle_left_type", "handle_right_type")
_NUMBERS = ("amplitude", "period", "back")

_SHAPE_SIZE = 6
_UNCHANGED = 1e-4
"""Frames or units of value within which Blender may round a key without anyone changing it."""


@dataclass(frozen=True)
class Channel:
    """Keys of one F-curve.

    Attributes:
        data_path: as in `FCurve.data_path`.
        index: component of the property.
        group: name of the F-curve's group; a bone's name.
        frames: (K,) scene frames, ascending.
        values: (K,).
        left: (K, 2) left handles as (frame, value).
        right: (K, 2) right handles.
    """

    data_path: str
    index: int
    group: str
    frames: NDArray[np.float64]
    values: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    def points(self, key_type: str = GENERATED) -> Columns:
        """Return the columns of `key_columns` for these keys."""
        count = len(self.frames)
        columns: Columns = {
            "co": np.column_stack([self.frames, self.values]),
            "handle_left": np.asarray(self.left, dtype=np.float64),
            "handle_right": np.asarray(self.right, dtype=np.float64),
            "type": np.full(count, choice("type", key_type)),
            "interpolation": np.full(count, choice("interpolation", "BEZIER")),
            "easing": np.full(count, choice("easing", "AUTO")),
            "amplitude": np.zeros(count),
            "period": np.zeros(count),
            "back": np.full(count, 1.70158),
        }
        handle_type = np.where(
            _aligned(columns), choice("handle_left_type", "ALIGNED"), choice("handle_left_type", "FREE")
        )
        return columns | {"handle_left_type": handle_type, "handle_right_type": handle_type.copy()}


def choice(name: str, identifier: str) -> int:
    """Return the number of an enum item of a key's property, as `foreach_set` takes it."""
    return bpy.types.Keyframe.bl_rna.properties[name].enum_items[identifier].value


def new_action(animated: ID, name: str) -> Action:
    """Give a data-block an empty action of its own, of that name or, where that is taken, one like it."""
    data = animated.animation_data or animated.animation_data_create()
    data.action = bpy.data.actions.new(name)
    curves(animated, create=True)
    return data.action


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


def all_curves(animated: ID) -> Iterator[FCurve]:
    """Yield the F-curves of a data-block's active action."""
    yield from curves(animated) or ()


def replace_generated(animated: ID, channels: Iterable[Channel], within: Callable[[str], bool]) -> None:
    """Replace generated keys by new ones, and keep the animator's.

    An animator's key stays exactly as it is, and a new key that falls on its frame is left out. A generated key that
    the animator has changed becomes one of them.

    Args:
        animated: a data-block that has an action.
        channels: the new keys.
        within: tells by a data path whether its old generated keys go.
    """
    collection = curves(animated, create=True)
    adopt_changed(animated)
    new = {(channel.data_path, channel.index): channel for channel in channels}
    for f_curve in list(collection):
        if (f_curve.data_path, f_curve.array_index) not in new and within(f_curve.data_path):
            kept = animator_keys(f_curve)
            if len(kept["co"]):
                write_points(f_curve, kept)
            else:
                collection.remove(f_curve)
    groups = _groups(animated)
    for (data_path, index), channel in new.items():
        f_curve = collection.find(data_path, index=index)
        if f_curve is None:
            f_curve = collection.new(data_path, index=index)
            f_curve.group = groups.get(channel.group) or groups.new(channel.group)
        write_points(f_curve, merged(animator_keys(f_curve), channel.points()))
    _remember(animated)


def adopt_changed(animated: ID) -> None:
    """Give every generated key that is not as it was written the type of an animator's key."""
    written = animated.animation_data.action.get(WRITTEN_PROPERTY)
    for f_curve in all_curves(animated) if written is not None else ():
        before = written.get(_name_of(f_curve))
        if before is None:
            continue
        columns = key_columns(f_curve)
        # Compared with the key written at the same frame, or else with any other.
        known = np.array(before, dtype=np.float64).reshape(-1, _SHAPE_SIZE)
        known = known if len(known) else np.full((1, _SHAPE_SIZE), np.inf)
        shapes = _shapes(columns).astype(np.float64)
        nearest = np.clip(np.searchsorted(known[:, 0], shapes[:, 0] - 0.5), 0, len(known) - 1)
        same = np.abs(shapes - known[nearest]).max(axis=1, initial=0.0) < _UNCHANGED
        changed = (columns["type"] == choice("type", GENERATED)) & ~same
        if changed.any():
            columns["type"][changed] = choice("type", KEYFRAME)
            write_points(f_curve, columns)


@contextmanager
def moved_in_time(animated: Iterable[ID], frames: float) -> Iterator[None]:
    """Let the actions of some data-blocks play that many frames later, as long as the context lasts.

    Copies of the actions play meanwhile; the actions themselves are not touched.
    """
    before: list[tuple[ID, Action, Any]] = []
    copies: dict[Action, Action] = {}
    try:
        for item in animated:
            data = item.animation_data
            slot = getattr(data, "action_slot", None)
            before.append((item, data.action, slot))
            copy = copies.get(data.action) or copies.setdefault(data.action, data.action.copy())
            data.action = copy
            if slot is not None:
                data.action_slot = copy.slots[slot.identifier]
            for f_curve in all_curves(item):
                columns = key_columns(f_curve)
                for name in _COORDINATES:
                    columns[name][:, 0] += frames
                write_points(f_curve, columns)
        yield
    finally:
        for item, action, slot in before:
            item.animation_data.action = action
            if slot is not None:
                item.animation_data.action_slot = slot
        for copy in copies.values():
            bpy.data.actions.remove(copy)


def key_columns(f_curve: FCurve) -> Columns:
    """Return every property of an F-curve's keys, each as an array over keys."""
    points = f_curve.keyframe_points
    columns: Columns = {}
    for name in _COORDINATES:
        columns[name] = np.empty((len(points), 2), dtype=np.float32)
    for name in _CHOICES:
        columns[name] = np.empty(len(points), dtype=np.int32)
    for name in _NUMBERS:
        columns[name] = np.empty(len(points), dtype=np.float32)
    for name, column in columns.items():
        points.foreach_get(name, column.reshape(-1))
    return columns


def animator_keys(f_curve: FCurve) -> Columns:
    """Return the keys of an F-curve that are not generated, as `key_columns` does."""
    columns = key_columns(f_curve)
    kept = columns["type"] != choice("type", GENERATED)
    return {name: column[kept] for name, column in columns.items()}


def merged(kept: Columns, new: Columns) -> Columns:
    """Return both sets of keys in order of time; where two share a frame, the kept one."""
    free = ~np.isin(np.rint(new["co"][:, 0]), np.rint(kept["co"][:, 0]))
    columns = {name: np.concatenate([column, new[name][free]]) for name, column in kept.items()}
    order = np.argsort(columns["co"][:, 0], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def write_points(f_curve: FCurve, columns: Columns) -> None:
    """Give an F-curve these keys and no others."""
    points = f_curve.keyframe_points
    points.clear()
    points.add(len(columns["co"]))
    for name in (*_CHOICES, *_NUMBERS, *_COORDINATES):
        column = columns[name]
        points.foreach_set(name, np.ascontiguousarray(column, np.int32 if name in _CHOICES else np.float32).reshape(-1))
    f_curve.update()


def count(animated: ID) -> int:
    """Return how many keys a data-block's action holds for it."""
    return sum(len(f_curve.keyframe_points) for f_curve in all_curves(animated))


def _remember(animated: ID) -> None:
    """Note in the action how the generated keys of a data-block were written."""
    action = animated.animation_data.action
    if WRITTEN_PROPERTY not in action:
        action[WRITTEN_PROPERTY] = {}
    written = action[WRITTEN_PROPERTY]
    for f_curve in all_curves(animated):
        columns = key_columns(f_curve)
        written[_name_of(f_curve)] = _shapes(columns)[columns["type"] == choice("type", GENERATED)].reshape(-1).tolist()


def _name_of(f_curve: FCurve) -> str:
    return f"{f_curve.data_path}[{f_curve.array_index}]"


def _shapes(columns: Columns) -> NDArray[np.float32]:
    """Return (K, 6) where each key and its two handles are."""
    return np.concatenate([columns[name] for name in _COORDINATES], axis=1)


def _aligned(columns: Columns) -> NDArray[np.bool_]:
    """Return for each key whether its two handles lie on one line, so that an animator's drag keeps it smooth."""
    before, after = columns["co"] - columns["handle_left"], columns["handle_right"] - columns["co"]
    slope_before = before[:, 1] / np.maximum(before[:, 0], 1e-9)
    slope_after = after[:, 1] / np.maximum(after[:, 0], 1e-9)
    both = (before[:, 0] > 1e-6) & (after[:, 0] > 1e-6)
    return both & (np.abs(slope_before - slope_after) <= 1e-6 + 1e-4 * np.abs(slope_before))


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


def _groups(animated: ID) -> Any:
    """Return the collection of F-curve groups beside `curves(animated)`."""
    action = animated.animation_data.action
    return _channelbag(animated, action, create=True).groups if hasattr(action, "slots") else action.groups
