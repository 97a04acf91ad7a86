# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers over a take: edits that are more or less there, by a weight, and can be taken away without a trace.

A take's action carries its layers, and beside them the keys of the hands as they are below. Whenever a layer is
changed, the keys are written once more from these. Blender's own additive NLA strips are not used: what they show
cannot be keyed, exported or read as a take. What a person keys over layers stays: outside of their frames it goes
below, inside it becomes a layer of its own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np
from bpy.types import Action, Object, Scene

from chironomy.body.rig import load_rig
from chironomy.motion import MotionError, keys
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_poses import HandPoses, displacement
from chironomy.motion.layers import Layer, change_between, layered, packed, renamed, unpacked

from ..entries import ChironomyLayer
from ..properties import settings
from ..rig import actions
from ..rig.drafts import CharacterDraft
from ..rig.hand_curves import Edit, HandCurves
from ..rig.owned import hand_unit, is_set_aside

LAYERS_PROPERTY = "chironomy_layers"
"""A custom property of a take's action: its layers and the keys below them, as `motion.layers.packed` gives it."""

OWN_KEYS = "Own Keys"
"""The name of a layer that is made of what a person keyed over others."""

_UNMOVED = 1e-5, 1e-4
"""Metres, and radians, by which poses may differ and are the same."""

Curves = dict[tuple[str, int], keys.Columns]


@dataclass
class Stack:
    """The layers of a take.

    Attributes:
        layers: the first one lowest.
        below: the keys of the hands without them.
        written: the keys with them, as they were written last.
        lifted: the hands from whose keys the layers are taken away meanwhile.
    """

    layers: list[Layer]
    below: Curves
    written: Curves
    lifted: Collection[int] = ()


def stack_of(action: Action | None) -> Stack | None:
    """Return the layers of a take; None where it has none.

    Raises:
        MotionError: they are damaged.
    """
    if action is None or LAYERS_PROPERTY not in action:
        return None
    layers, arrays = unpacked(bytes(action[LAYERS_PROPERTY]))
    parts: dict[str, Curves] = {"below": {}, "written": {}}
    for name, array in arrays.items():
        part, path, index, column = name.split("|")
        parts[part].setdefault((path, int(index)), {})[column] = array
    return Stack(layers, parts["below"], parts["written"])


def add_layer(scene: Scene, item: Object, edits: Sequence[tuple[HandCurves, Edit]], name: str) -> str:
    """Lay edits over a take as a layer of its own instead of into its keys; return the layer's name.

    Raises:
        MotionError: the take's layers are damaged.
    """
    stack = _reconciled(item) or Stack([], _columns(item), {})
    changes = {}
    before = _columns(item)
    for curves, edit in edits:
        frames = np.arange(np.ceil(edit.first), np.floor(edit.last) + 1.0)
        old = curves.poses(frames)
        curves.write(edit)
        now = HandCurves(item, load_rig(), curves.hand)
        new, at = now.poses(frames), now.between(edit.first, edit.last)
        changes[curves.hand] = change_between(old, new, int(frames[0]), at)
    _write(item, before)
    name = renamed(stack.layers, name)
    stack.layers.append(Layer(name, changes))
    _rewrite(item, stack, changes)
    mirror(scene, item.animation_data.action)
    settings(scene).layer_index = len(stack.layers) - 1
    return name


def change_layer(scene: Scene, item: Object, index: int, name: str, weight: float, muted: bool) -> None:
    """Give a layer of the take that is shown another name or weight, or mute it."""
    stack = _reconciled(item)
    if stack is None:
        return
    changed: Collection[int] = ()
    if 0 <= index < len(stack.layers):
        old = stack.layers[index]
        stack.layers[index] = Layer(name, old.changes, weight, muted)
        changed = old.changes if (weight, muted) != (old.weight, old.muted) else ()
    _rewrite(item, stack, changed)
    if len(stack.layers) != len(settings(scene).layers):
        # Blender goes on to look at the entry that was just changed, so that the list must be the same until then.
        bpy.app.timers.register(list_again, first_interval=0.0)


def list_as_is(scene: Scene, action: Action, index: int) -> None:
    """Let the list say of a layer what the take has, where it could not be changed."""
    try:
        stack = stack_of(action)
    except MotionError:
        return
    if stack is not None and index < len(stack.layers):
        _say(settings(scene).layers[index], stack.layers[index])


def list_again() -> None:
    """List the layers of what every scene shows once more."""
    for scene in bpy.data.scenes:
        if scene.library is None:
            mirror(scene, settings(scene).layers_of)


def delete_layer(scene: Scene, item: Object, index: int) -> str:
    """Take a layer away; return its name."""
    stack = _known(item, index)
    gone = stack.layers.pop(index)
    _rewrite(item, stack, gone.changes)
    mirror(scene, item.animation_data.action)
    return gone.name


def apply_layers(scene: Scene, item: Object, index: int) -> int:
    """Let a layer and all below it become the take's own keys; return how many they are."""
    stack = _known(item, index)
    above = stack.layers[index + 1 :]
    stack.layers = stack.layers[: index + 1]
    hands = _hands(stack.layers)
    _rewrite(item, stack, hands)
    _rewrite(item, Stack(above, stack.below | _columns(item, hands), {}), hands)
    mirror(scene, item.animation_data.action)
    return index + 1


def lock_below(item: Object, hand: int, frames: Iterable[float]) -> None:
    """Make poses of a hand the animator's in what lies below the layers, too, so that keys made anew keep them.

    Raises:
        MotionError: the take's layers are damaged.
    """
    stack = _reconciled(item)
    if stack is None:
        return
    wanted = list(frames)
    for place in stack.below.keys() & _columns(item, (hand,)).keys():
        columns = stack.below[place]
        for frame in wanted:
            columns = keys.with_key(columns, frame)
        at = np.isclose(columns["co"][:, :1], [wanted], rtol=0.0, atol=keys.SAME_FRAME).any(axis=1)
        columns["type"][at & keys.is_generated(columns)] = keys.KeyType.KEYFRAME
        stack.below[place] = columns
    _rewrite(item, stack, ())


def lift(draft: CharacterDraft) -> Stack | None:
    """Take the layers of a draft away, so that the keys below can be made anew; return them for `lay_again`.

    A hand that is set aside keeps its keys as they are, layers and all.
    """
    stack = _reconciled(draft)
    if stack is not None:
        stack.lifted = [hand for hand in _hands(stack.layers) if not is_set_aside(draft, hand_unit(draft, hand))]
        _write(draft, stack.below, stack.lifted)
    return stack


def lay_again(draft: CharacterDraft, stack: Stack | None) -> None:
    """Lay what was lifted over new keys.

    Raises:
        MotionError: a hand was set aside meanwhile.
    """
    if stack is not None:
        aside = [hand for hand in _hands(stack.layers) if hand not in stack.lifted]
        below = {place: stack.below[place] for place in stack.below.keys() & _columns(draft, aside).keys()}
        _rewrite(draft, Stack(stack.layers, _columns(draft) | below, {}), stack.lifted)


def forget_layers(action: Action) -> None:
    """Let a take have its layers in its keys and nowhere else."""
    if LAYERS_PROPERTY in action:
        del action[LAYERS_PROPERTY]


def mirror(scene: Scene, action: Action | None) -> None:
    """List the layers of a take for a person to change."""
    chosen = settings(scene)
    try:
        stack = stack_of(action)
    except MotionError:
        stack = None
    chosen.layers.clear()
    chosen.layers_of = action
    for layer in stack.layers if stack is not None else ():
        _say(chosen.layers.add(), layer)
    chosen.layer_index = min(chosen.layer_index, max(len(chosen.layers) - 1, 0))


def _say(item: ChironomyLayer, layer: Layer) -> None:
    item.quiet = True
    item.title, item.weight, item.muted = layer.name, layer.weight, layer.muted
    item.quiet = False


def _known(item: Object, index: int) -> Stack:
    stack = _reconciled(item)
    if stack is None or not 0 <= index < len(stack.layers):
        raise MotionError("choose a layer in the list first")
    return stack


def _hands(layers: Iterable[Layer]) -> tuple[int, ...]:
    """Return the hands that layers change."""
    return tuple(sorted({hand for layer in layers for hand in layer.changes}))


def _columns(item: Object | CharacterDraft, hands: Iterable[int] = (0, 1)) -> Curves:
    """Return the keys of hands."""
    paths = {path for hand in hands for path in hand_unit(item, hand).channels}
    return {
        (curve.data_path, curve.array_index): actions.key_columns(curve)
        for curve in actions.all_curves(item)
        if curve.data_path in paths
    }


def _write(item: Object | CharacterDraft, wanted: Curves, hands: Collection[int] = (0, 1)) -> None:
    """Give hands these keys and no others."""
    collection = actions.curves(item, create=True)
    paths = {path for hand in hands for path in hand_unit(item, hand).channels}
    for place in _columns(item, hands).keys() - wanted.keys():
        collection.remove(collection.find(place[0], index=place[1]))
    now = _columns(item, hands)
    for (path, index), columns in wanted.items():
        if path in paths and ((path, index) not in now or not _alike(now[path, index], columns)):
            actions.write_exactly(actions.curve(item, path, index, path.split('"')[1]), columns)


def _rewrite(item: Object | CharacterDraft, stack: Stack, hands: Collection[int]) -> None:
    """Write the keys of hands with the layers over them, and let the take carry these.

    Raises:
        MotionError: one of the hands is set aside; nothing was written.
    """
    action = item.animation_data.action
    for unit in (hand_unit(item, hand) for hand in hands):
        if is_set_aside(item, unit):
            raise MotionError(f"{unit.name} is locked, muted or driven and stays as it is; unlock it first")
    _write(item, stack.below, hands)
    for hand in hands:
        span = _span(stack.layers, hand)
        if span is None or not any(layer.part for layer in stack.layers if hand in layer.changes):
            continue
        curves = HandCurves(item, load_rig(), hand)

        def change(at: np.ndarray, old: HandPoses, hand: int = hand) -> HandPoses:
            return layered(old, at, hand, stack.layers)

        exact = np.concatenate([layer.changes[hand].keys for layer in stack.layers if hand in layer.changes])
        curves.write(curves.changed(change, span, also=exact))
    if not stack.layers:
        forget_layers(action)
        return
    stack.written = _columns(item)
    arrays = {
        f"{part}|{path}|{index}|{name}": column
        for part, curves in (("below", stack.below), ("written", stack.written))
        for (path, index), columns in curves.items()
        for name, column in columns.items()
    }
    assert action is not None
    # Bytes that are assigned over others Blender cuts at the first zero.
    forget_layers(action)
    action[LAYERS_PROPERTY] = packed(stack.layers, arrays)


def _span(layers: Sequence[Layer], hand: int) -> Falloff | None:
    """Return where a hand's layers change anything."""
    changes = [layer.changes[hand] for layer in layers if hand in layer.changes]
    if not changes:
        return None
    first, last = float(min(each.first for each in changes)), float(max(each.last for each in changes))
    begins = any(each.open_at()[0] for each in changes)
    ends = any(each.open_at()[1] for each in changes)
    inner = min(1.0, 0.5 * (last - first))
    return Falloff(-np.inf if begins else first, first + inner, last - inner, np.inf if ends else last)


def _reconciled(item: Object | CharacterDraft) -> Stack | None:
    """Return the layers of the take that is shown, with what a person keyed since they were written."""
    action = item.animation_data.action if item.animation_data is not None else None
    stack = stack_of(action)
    if stack is None:
        return None
    if actions.curves(item) is None:
        raise MotionError(f"{item.name} plays no slot of its action; choose one in the Action editor")
    now, own = _columns(item), {}
    for hand in range(2):
        paths = hand_unit(item, hand).channels
        if not any(len(columns["co"]) for place, columns in now.items() if place[0] in paths):
            # All its keys were deleted, and what lay over them with them.
            stack.layers = [_without(layer, hand) for layer in stack.layers if set(layer.changes) - {hand}]
            stack.below = {place: columns for place, columns in stack.below.items() if place[0] not in paths}
            continue
        span = _span(stack.layers, hand)
        seen = any(layer.part for layer in stack.layers if hand in layer.changes)
        first, last = (np.inf, -np.inf) if span is None or not seen else (span.first, span.last)
        inside = outside = False
        for place in {place for place in (*now, *stack.written) if place[0] in paths}:
            one, other = now.get(place), stack.written.get(place)
            if one is None or other is None or not _alike(one, other):
                inside |= first < last and not _alike_within(one, other, first, last)
                outside |= first > last or not (
                    _alike_within(one, other, -np.inf, first) and _alike_within(one, other, last, np.inf)
                )
        if inside:
            lowest = max(first, min(float(columns["co"][0, 0]) for columns in now.values() if len(columns["co"])))
            highest = min(last, max(float(columns["co"][-1, 0]) for columns in now.values() if len(columns["co"])))
            frames = np.arange(np.ceil(lowest), np.floor(highest) + 1.0)
            _write(item, stack.written)
            before = HandCurves(item, load_rig(), hand).poses(frames)
            _write(item, now)
            curves = HandCurves(item, load_rig(), hand)
            after = curves.poses(frames)
            apart, turned = displacement(before, after)
            if apart > _UNMOVED[0] or turned > _UNMOVED[1]:
                own[hand] = change_between(before, after, int(frames[0]), curves.between(lowest, highest))
        if outside:
            if first > last:
                stack.below = {at: columns for at, columns in stack.below.items() if at[0] not in paths or at in now}
            for place, columns in now.items():
                if place[0] in paths:
                    below = stack.below.get(place)
                    if below is None or first > last:
                        stack.below[place] = columns
                    else:
                        stack.below[place] = _spliced(columns, below, first, last)
    if own:
        stack.layers.append(Layer(renamed(stack.layers, OWN_KEYS), own))
    return stack


def _without(layer: Layer, hand: int) -> Layer:
    """Return what a layer does to the other hand."""
    return replace(layer, changes={other: change for other, change in layer.changes.items() if other != hand})


_SEEN = ("co", "handle_left", "handle_right", "interpolation")


def _alike(one: keys.Columns, other: keys.Columns) -> bool:
    """Whether keys are the same to the bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def _alike_within(one: keys.Columns | None, other: keys.Columns | None, first: float, last: float) -> bool:
    """Whether keys between two frames, without these, show the same."""
    parts = []
    for columns in (one, other):
        frames = np.zeros(0) if columns is None else columns["co"][:, 0]
        inside = (frames > first + keys.SAME_FRAME) & (frames < last - keys.SAME_FRAME)
        parts.append({} if columns is None else {name: columns[name][inside] for name in _SEEN})
    if not parts[0] or not parts[1]:
        return not len(next(iter(parts[0].values()), ())) and not len(next(iter(parts[1].values()), ()))
    return all(
        parts[0][name].shape == parts[1][name].shape and np.allclose(parts[0][name], parts[1][name], atol=1e-6)
        for name in _SEEN
    )


def _spliced(outer: keys.Columns, inner: keys.Columns, first: float, last: float) -> keys.Columns:
    """Return the keys of `outer` outside of two frames and those of `inner` between them."""
    if np.isfinite(first):
        inner = keys.with_key(inner, first)
    if np.isfinite(last):
        inner = keys.with_key(inner, last)
    at, within = outer["co"][:, 0], inner["co"][:, 0]
    outside = (at < first - keys.SAME_FRAME) | (at > last + keys.SAME_FRAME)
    inside = (within >= first - keys.SAME_FRAME) & (within <= last + keys.SAME_FRAME)
    return keys.merged(keys.selected(outer, outside), keys.selected(inner, inside))
