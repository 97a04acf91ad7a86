# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers over a take: edits that are more or less there, by a weight, and can be taken away without a trace.

A take's action carries its layers, and beside them the keys of the hands as they are below. Whenever a layer is
changed, the keys are written once more from these. Blender's own additive NLA strips are not used: what they show
cannot be keyed, exported or read as a take. What a person keys over layers stays: outside of their frames it goes
below, inside it becomes a layer of its own.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import bpy
import numpy as np
from bpy.types import Action, Object, Scene

from chironomy.motion import MotionError, keys
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_poses import HandPoses, displacement
from chironomy.motion.layers import Change, Layer, change_between, layered, listed, packed, renamed, unpacked

from ..entries import ChironomyLayer
from ..properties import settings
from ..rig.actions import Curves
from ..rig.drafts import CharacterDraft
from ..rig.hand_curves import Edit, HandCurves
from ..rig.hand_keys import Edits, HandKeys, alike, changing_hands, reading_hands, shown_action, writing_hands
from ..rig.owned import hand_unit, is_set_aside
from ..slices import Slices, drained

LAYERS_PROPERTY = "chironomy_layers"
"""A custom property of a take's action: its layers and the keys below them, as `motion.layers.packed` gives it."""

OWN_KEYS = "Own Keys"
"""The name of a layer that is made of what a person keyed over others."""

_UNMOVED = 1e-5, 1e-4
"""Metres, and radians, by which poses may differ and are the same."""


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


class Layering(NamedTuple):
    """Layers and the keys that they ask for, computed and not yet written.

    Attributes:
        stack: the layers and the keys below.
        hands: whose keys are written.
        edits: what lies over the keys below.
        name: of the layer that it is about.
    """

    stack: Stack
    hands: Collection[int]
    edits: Edits
    name: str = ""


def stack_of(action: Action | None) -> Stack | None:
    """Return the layers of a take; None where it has none.

    Raises:
        MotionError: they are damaged.
    """
    return _unpacked(carried_by(action))


def carried_by(action: Action | None) -> bytes:
    """Return a take's layers as its action carries them; empty where it has none."""
    return b"" if action is None or LAYERS_PROPERTY not in action else bytes(action[LAYERS_PROPERTY])


def _unpacked(carried: bytes) -> Stack | None:
    if not carried:
        return None
    layers, arrays = unpacked(carried)
    parts: dict[str, Curves] = {"below": {}, "written": {}}
    for name, array in arrays.items():
        part, path, index, column = name.split("|")
        parts[part].setdefault((path, int(index)), {})[column] = array
    return Stack(layers, parts["below"], parts["written"])


def add_layer(hands: HandKeys, carried: bytes, edits: Edits, name: str) -> Layering:
    """Return, computed beside Blender, how edits lie over a take as a layer of its own instead of in its keys.

    Args:
        hands: the take's keys.
        carried: the layers that it has, see `carried_by`.
        edits: made of the keys.
        name: of the layer.

    Raises:
        MotionError: the take's layers are damaged.
    """
    stack = _reconciled(hands, carried) or Stack([], dict(hands.columns), {})
    changes = {}
    for curves, edit in edits:
        frames = np.arange(np.ceil(edit.first), np.floor(edit.last) + 1.0)
        now = curves.with_keys(hands.columns | edit.columns)
        at = now.between(edit.first, edit.last)
        changes[curves.hand] = change_between(curves.poses(frames), now.poses(frames), int(frames[0]), at)
    name = renamed(stack.layers, name)
    stack.layers.append(Layer(name, changes))
    return Layering(stack, tuple(changes), _laid(stack, hands, changes), name)


def writing_layer(scene: Scene, item: Object, layering: Layering) -> Slices:
    """Write a layer that was added, list it and choose it."""
    yield from _writing(item, layering)
    mirror(scene, item.animation_data.action)
    settings(scene).layer_index = len(layering.stack.layers) - 1


def changing_layer(scene: Scene, item: Object, index: int, name: str, weight: float, muted: bool) -> Slices:
    """Give a layer of the take that is shown another name or weight, or mute it.

    Raises:
        MotionError: the take's layers are damaged, or a hand is set aside; nothing has changed.
    """

    def change(hands: HandKeys, stack: Stack) -> Layering:
        changed: Collection[int] = ()
        if 0 <= index < len(stack.layers):
            old = stack.layers[index]
            stack.layers[index] = Layer(name, old.changes, weight, muted)
            changed = tuple(old.changes) if (weight, muted) != (old.weight, old.muted) else ()
        return Layering(stack, changed, _laid(stack, hands, changed))

    layering = yield from _restacking(item, change)
    if layering is not None and len(layering.stack.layers) != len(settings(scene).layers):
        # Blender may still look at the entry that was just changed, so that the list must be the same until then.
        bpy.app.timers.register(list_again, first_interval=0.0)


def list_as_is(scene: Scene, action: Action, index: int) -> None:
    """Let the list say of a layer what the take has, where it could not be changed."""
    try:
        layers = listed(carried) if (carried := carried_by(action)) else []
    except MotionError:
        return
    if index < len(layers):
        _say(settings(scene).layers[index], layers[index])


def list_again() -> None:
    """List the layers of what every scene shows once more."""
    for scene in bpy.data.scenes:
        if scene.library is None:
            mirror(scene, settings(scene).layers_of)


def deleting_layer(scene: Scene, item: Object, index: int) -> Slices:
    """Take a layer away; return its name."""

    def change(hands: HandKeys, stack: Stack | None) -> Layering:
        known = _known(stack, index)
        gone = known.layers.pop(index)
        return Layering(known, tuple(gone.changes), _laid(known, hands, gone.changes), gone.name)

    layering: Layering = yield from _restacking(item, change, whatever=True)
    mirror(scene, item.animation_data.action)
    return layering.name


def applying_layers(scene: Scene, item: Object, index: int) -> Slices:
    """Let a layer and all below it become the take's own keys; return how many they are."""

    def change(hands: HandKeys, stack: Stack | None) -> Layering:
        known = _known(stack, index)
        above, known.layers = known.layers[index + 1 :], known.layers[: index + 1]
        changed = _hands(known.layers)
        edits = _laid(known, hands, changed)
        lower = known.below
        for _, edit in edits:
            lower = lower | edit.columns
        higher = Stack(above, lower, {})
        return Layering(higher, changed, _laid(higher, hands, changed))

    yield from _restacking(item, change, whatever=True)
    mirror(scene, item.animation_data.action)
    return index + 1


def lock_below(item: Object, hand: int, frames: Iterable[float]) -> None:
    """Make poses of a hand the animator's in what lies below the layers, too, so that keys made anew keep them.

    Raises:
        MotionError: the take's layers are damaged.
    """
    wanted = list(frames)

    def change(hands: HandKeys, stack: Stack) -> Layering:
        for place in stack.below.keys() & hands.of((hand,)).keys():
            columns = stack.below[place]
            for frame in wanted:
                columns = keys.with_key(columns, frame)
            at = np.isclose(columns["co"][:, :1], [wanted], rtol=0.0, atol=keys.SAME_FRAME).any(axis=1)
            columns["type"][at & keys.is_generated(columns)] = keys.KeyType.KEYFRAME
            stack.below[place] = columns
        return Layering(stack, (), ())

    drained(_restacking(item, change))


def layer_over(item: Object, hand: int, first: float, last: float) -> str:
    """Return the name of the highest layer that is seen in a hand's frames from one to another; "" where there is none.

    Raises:
        MotionError: the take's layers are damaged.
    """
    stack = stack_of(shown_action(item))
    for layer in reversed(stack.layers if stack is not None else ()):
        change = layer.changes.get(hand)
        if change is not None and layer.part and change.first <= last and change.last >= first:
            return layer.name
    return ""


def lifting(draft: CharacterDraft) -> Slices:
    """Take the layers of a draft away, so that the keys below can be made anew; return them for `laying_again`.

    A hand that is set aside keeps its keys as they are, layers and all.
    """
    carried = carried_by(draft.animation_data.action)
    if not carried:
        return None
    hands = yield from reading_hands(draft)
    stack: Stack = yield from hands.computing(lambda: _reconciled(hands, carried))
    stack.lifted = [hand for hand in _hands(stack.layers) if not is_set_aside(draft, hand_unit(draft, hand))]
    yield from writing_hands(draft, stack.below, (), stack.lifted)
    return stack


def laying_again(draft: CharacterDraft, stack: Stack | None) -> Slices:
    """Lay what was lifted over new keys.

    Raises:
        MotionError: a hand was set aside meanwhile.
    """
    if stack is None:
        return
    aside = [hand for hand in _hands(stack.layers) if hand not in stack.lifted]
    hands = yield from reading_hands(draft)
    below = {place: stack.below[place] for place in stack.below.keys() & hands.of(aside).keys()}
    laid = Stack(stack.layers, hands.columns | below, {})

    def compute() -> Layering:
        return Layering(laid, tuple(stack.lifted), _laid(laid, hands, stack.lifted))

    yield from _writing(draft, (yield from hands.computing(compute)))


def forget_layers(action: Action) -> None:
    """Let a take have its layers in its keys and nowhere else."""
    if LAYERS_PROPERTY in action:
        del action[LAYERS_PROPERTY]


def mirror(scene: Scene, action: Action | None) -> None:
    """List the layers of a take for a person to change."""
    chosen = settings(scene)
    try:
        layers = listed(carried) if (carried := carried_by(action)) else []
    except MotionError:
        layers = []
    chosen.layers.clear()
    chosen.layers_of = action
    for layer in layers:
        _say(chosen.layers.add(), layer)
    chosen.layer_index = min(chosen.layer_index, max(len(chosen.layers) - 1, 0))


def _say(item: ChironomyLayer, layer: Layer) -> None:
    item.quiet = True
    item.title, item.weight, item.muted = layer.name, layer.weight, layer.muted
    item.quiet = False


def _known(stack: Stack | None, index: int) -> Stack:
    if stack is None or not 0 <= index < len(stack.layers):
        raise MotionError("choose a layer in the list first")
    return stack


def _hands(layers: Iterable[Layer]) -> tuple[int, ...]:
    """Return the hands that layers change."""
    return tuple(sorted({hand for layer in layers for hand in layer.changes}))


def _restacking(item: Object, change: Callable[..., Layering], whatever: bool = False) -> Slices:
    """Change the layers of the take that a character shows; return what was written, None where it has no layers.

    Args:
        item: the character.
        change: makes of the hands and their layers, beside Blender, what is to be written.
        whatever: call it where there are no layers, too.

    Raises:
        MotionError: the take's layers are damaged, or a hand is set aside; nothing has changed.
    """

    def compute(hands: HandKeys, carried: bytes) -> Slices:
        def restack() -> Layering | None:
            stack = _reconciled(hands, carried)
            return change(hands, stack) if stack is not None or whatever else None

        layering: Layering | None = yield from hands.computing(restack)

        def write() -> Slices:
            if layering is not None:
                yield from _writing(item, layering)
            return layering

        return write

    return (yield from changing_hands(item, compute, carried_by))


def _laid(stack: Stack, hands: HandKeys, changed: Iterable[int]) -> Edits:
    """Return the edits with which layers lie over the keys below them.

    Raises:
        MotionError: one of the hands is set aside.
    """
    edits: list[tuple[HandCurves, Edit]] = []
    for hand in changed:
        read = hands.hand(hand)
        if read.set_aside:
            raise MotionError(f"{read.name} is locked, muted or driven and stays as it is; unlock it first")
        span = _span(stack.layers, hand)
        if span is None or not any(layer.part for layer in stack.layers if hand in layer.changes):
            continue
        curves = read.with_keys(stack.below)

        def lay(at: np.ndarray, old: HandPoses, hand: int = hand) -> HandPoses:
            return layered(old, at, hand, stack.layers)

        exact = np.concatenate([layer.changes[hand].keys for layer in stack.layers if hand in layer.changes])
        edits.append((curves, curves.changed(lay, span, also=exact)))
    return edits


def _writing(item: Object | CharacterDraft, layering: Layering) -> Slices:
    """Write the keys of hands with the layers over them, and let the take carry these."""
    action, stack = item.animation_data.action, layering.stack
    assert action is not None
    yield from writing_hands(item, stack.below, layering.edits, layering.hands)
    if not stack.layers:
        forget_layers(action)
        return
    hands = yield from reading_hands(item)
    stack.written = hands.columns
    carried = yield lambda _: _packed(stack)
    # Bytes that are assigned over others Blender cuts at the first zero.
    forget_layers(action)
    action[LAYERS_PROPERTY] = carried


def _packed(stack: Stack) -> bytes:
    arrays = {
        f"{part}|{path}|{index}|{name}": column
        for part, curves in (("below", stack.below), ("written", stack.written))
        for (path, index), columns in curves.items()
        for name, column in columns.items()
    }
    return packed(stack.layers, arrays)


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


def _reconciled(hands: HandKeys, carried: bytes) -> Stack | None:
    """Return the layers of a take, with what a person keyed since they were written; None where it has none.

    Args:
        hands: its keys.
        carried: the layers, as its action has them.

    Raises:
        MotionError: they are damaged.
    """
    stack = _unpacked(carried)
    if stack is None:
        return None
    own: dict[int, Change] = {}
    for hand in range(2):
        paths, now = hands.paths[hand], hands.of((hand,))
        if not any(len(columns["co"]) for columns in now.values()):
            # All its keys were deleted, and what lay over them with them.
            stack.layers = [_without(layer, hand) for layer in stack.layers if set(layer.changes) - {hand}]
            stack.below = {place: columns for place, columns in stack.below.items() if place[0] not in paths}
            continue
        written = {place: columns for place, columns in stack.written.items() if place[0] in paths}
        span = _span(stack.layers, hand)
        is_seen = any(layer.part for layer in stack.layers if hand in layer.changes)
        first, last = (np.inf, -np.inf) if span is None or not is_seen else (span.first, span.last)
        inside = outside = False
        for place in {*now, *written}:
            one, other = now.get(place), written.get(place)
            if one is None or other is None or not alike(one, other):
                inside |= first < last and not _alike_within(one, other, first, last)
                outside |= first > last or not (
                    _alike_within(one, other, -np.inf, first) and _alike_within(one, other, last, np.inf)
                )
        if inside:
            lowest = max(first, min(float(columns["co"][0, 0]) for columns in now.values() if len(columns["co"])))
            highest = min(last, max(float(columns["co"][-1, 0]) for columns in now.values() if len(columns["co"])))
            frames = np.arange(np.ceil(lowest), np.floor(highest) + 1.0)
            curves = hands.hand(hand)
            before, after = curves.with_keys(written).poses(frames), curves.with_keys(now).poses(frames)
            apart, turned = displacement(before, after)
            if apart > _UNMOVED[0] or turned > _UNMOVED[1]:
                own[hand] = change_between(before, after, int(frames[0]), curves.between(lowest, highest))
        if outside:
            if first > last:
                stack.below = {at: columns for at, columns in stack.below.items() if at[0] not in paths or at in now}
            for place, columns in now.items():
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
