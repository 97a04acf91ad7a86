# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated keys take the place of those before them, beside what is the animator's."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from bpy.types import ID, Object, PoseBone, ShapeKey
from numpy.typing import NDArray

from chironomy.motion import MotionError, keys
from chironomy.motion import rotation as quaternion
from chironomy.motion.curves import SparseKeys
from chironomy.motion.key_poses import Part

from ..slices import Pace, Slices
from . import actions
from .channels import Bone, rotation_channel
from .drafts import CharacterDraft, Draft
from .modes import as_mode, as_quaternions
from .owned import Owned, remembering

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def _rest(animated: ID | Draft, data_path: str, index: int) -> None:
    """Give a channel that is no longer animated its value at rest, where it else keeps that of the frame shown last."""
    if isinstance(animated, Draft):
        animated.later(partial(_rest, animated.original, data_path, index))
        return
    owner_path, _, name = data_path.rpartition(".")
    try:
        owner = animated.path_resolve(owner_path) if owner_path else animated
        known = owner.bl_rna.properties[name]
    except (ValueError, KeyError):  # the channel of something that is gone, or a custom property
        return
    if getattr(known, "is_array", False):
        getattr(owner, name)[index] = known.default_array[index]
    else:
        # A face action's default is to be fully on where Blender 5 makes one.
        setattr(owner, name, 0.0 if isinstance(owner, ShapeKey) else known.default)


def replacing_generated(
    animated: ID | Draft, channels: Iterable[keys.Channel], within: Callable[[str], bool], owned: Owned
) -> Slices:
    """Replace generated keys by new ones outside of what is the animator's.

    Args:
        animated: a data-block that has an action.
        channels: the new keys.
        within: tells by a data path whether its old generated keys go.
        owned: what stays.
    """
    new = {(channel.data_path, channel.index): channel for channel in channels}
    actions.curves(animated, create=True)
    pace = Pace()
    for place in actions.places(animated):
        data_path = place[0]
        if place in new or not within(data_path) or _whole(owned, data_path):
            continue
        if pace.due():
            yield
        f_curve = actions.found(animated, place)
        if actions.is_set_aside(f_curve):
            continue
        kept = _kept(actions.key_columns(f_curve), owned, data_path)
        if len(kept["co"]) or len(f_curve.modifiers):
            actions.write_points(f_curve, kept)
        else:
            actions.curves(animated).remove(f_curve)
            _rest(animated, *place)
    for place, channel in new.items():
        if _whole(owned, channel.data_path):
            continue
        if pace.due():
            yield
        f_curve = actions.curve(animated, channel.data_path, channel.index, channel.group)
        kept, made = _kept(actions.key_columns(f_curve), owned, channel.data_path), channel.points()
        if len(kept["co"]):
            kept, made = keys.led(kept, made, _stretches(kept, owned, channel.data_path), owned.bent.get(place, ()))
        columns = keys.merged(kept, made)
        actions.write_points(f_curve, columns)
        if len(kept["co"]) == 0:
            continue
        # Blender places automatic handles by their neighbours, which are new, and aligned ones by each other: where
        # that moves one of the animator's, be it by a rounding, it is made fast.
        wanted = keys.shapes(columns).astype(np.float32)
        moved = (keys.shapes(actions.key_columns(f_curve)) != wanted).any(axis=1)
        moved &= np.isin(columns["co"][:, 0], kept["co"][:, 0])
        if moved.any():
            for name in ("handle_left_type", "handle_right_type"):
                columns[name][moved] = keys.HandleType.FREE
            actions.write_points(f_curve, columns)
    yield from remembering(animated, owned)


def make_writable(animated: ID | Draft) -> None:
    reason = actions.refusal(animated)
    if reason:
        raise MotionError(reason)
    actions.own(animated)


def _whole(owned: Owned, data_path: str) -> bool:
    return data_path in owned.spans and owned.spans[data_path].whole


def _kept(columns: keys.Columns, owned: Owned, data_path: str) -> keys.Columns:
    """Return the keys of a curve that stay."""
    span = owned.spans.get(data_path)
    if span is None:
        return keys.selected(columns, ~keys.is_generated(columns))
    return keys.within(columns, span.stretches)


def _stretches(kept: keys.Columns, owned: Owned, data_path: str) -> Sequence[keys.Stretch]:
    span = owned.spans.get(data_path)
    return span.stretches if span is not None else [(float(kept["co"][0, 0]), float(kept["co"][-1, 0]))]


def mask_of(owned: Owned, data_path: str, first: int, count: int) -> Mask:
    """Return (count,) which frames of a channel are the animator's, where something is written beside them."""
    span = owned.spans.get(data_path)
    return np.zeros(count, bool) if span is None or span.whole else span.mask(first, count)


@dataclass(frozen=True)
class ShownCurves:
    """What curves that are the animator's say.

    Attributes:
        values: by data path and index (T,).
    """

    values: Mapping[actions.Place, Array]

    def of(self, data_path: str, values: Array) -> Array:
        """Return (T, C) what the curves of a property say; `values` (T, C) where one is missing."""
        result = np.array(values)
        for index in range(result.shape[1]):
            if (data_path, index) in self.values:
                result[:, index] = self.values[data_path, index]
        return result


def reading_shown(animated: ID | Draft, masks: Mapping[str, Mask], first: int) -> Slices:
    """Return what the curves of properties say at the frames from `first` on, as `ShownCurves`.

    Args:
        animated: a data-block that has an action.
        masks: by data path (T,) which frames are the animator's; a property of which none is is not read.
        first: scene frame.
    """
    values: dict[actions.Place, Array] = {}
    pace = Pace()
    for place in actions.places(animated):
        mask = masks.get(place[0])
        if mask is None or not mask.any():
            continue
        f_curve = actions.found(animated, place)
        values[place] = np.array([f_curve.evaluate(first + frame) for frame in range(len(mask))])
        if pace.due():
            yield
    return ShownCurves(values)


def turn_part(bone: Bone, turns: Array, tolerance: float, mask: Mask, shown: ShownCurves) -> Part:
    """Return a bone's turns (T, 4) as channels of its own rotation mode, continuous with what is kept."""
    if bone.rotation_mode == "QUATERNION":
        return Part(quaternion.make_continuous(turns), tolerance, rotation=True)
    values = as_mode(bone, turns)
    if mask.any():
        data_path, _ = rotation_channel(bone)
        values = as_mode(bone, turns, shown.of(data_path, values), mask)
    return Part(values, tolerance)


def turn_of(bone: PoseBone, values: Array) -> Array:
    """Return the unit quaternion (4,) of channels (C,) of a bone's rotation mode."""
    return as_quaternions(bone, values[None])[0]


def channels_near(bone: PoseBone, turn: Array, values: Array) -> Array:
    """Return a unit quaternion (4,) as channels (C,) of a bone's rotation mode, near those that it has."""
    both = np.stack([turn_of(bone, values), turn])
    return as_mode(bone, both, np.stack([values, values]), np.array([True, False]))[1]


def generated_channels(data_path: str, group: str, sparse: SparseKeys, first: int) -> Iterator[keys.Channel]:
    """Yield one channel for each component of keys that count their frames from the scene frame `first`."""
    sparse = sparse.shifted(first)
    for index in range(sparse.values.shape[1]):
        yield keys.Channel(
            data_path=data_path,
            index=index,
            group=group,
            frames=sparse.frames.astype(np.float64),
            values=sparse.values[:, index],
            left=sparse.left[:, index],
            right=sparse.right[:, index],
        )


def near_animators_signs(
    character: Object | CharacterDraft | Draft, channels: list[keys.Channel], owned: Owned
) -> list[keys.Channel]:
    """Return the channels with quaternions negated where that brings them nearer to the animator's on either side.

    q and -q are one rotation, but curves between keys of opposite signs would tumble. Where what lies between two of
    the animator's stretches would meet the second one's with the wrong sign, that stretch is negated itself.
    """
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    bones: dict[str, list[keys.Channel]] = {}
    for channel in channels:
        if channel.data_path.endswith(".rotation_quaternion") and channel.data_path in owned.spans:
            bones.setdefault(channel.data_path, []).append(channel)
    signs: dict[str, list[float]] = {}
    for data_path, parts in bones.items():
        stretches = owned.spans[data_path].stretches

        def sign_at(frame: float, parts: list[keys.Channel] = parts) -> float:
            along = sum(
                float(np.interp(frame, part.frames, part.values) * curves[part.data_path, part.index].evaluate(frame))
                for part in parts
            )
            return -1.0 if along < 0.0 else 1.0

        own = signs.setdefault(data_path, [])
        for number, (begin, end) in enumerate(stretches):
            met = sign_at(max(begin, parts[0].frames[0])) if np.isinf(begin) else sign_at(begin)
            left = sign_at(min(end, parts[0].frames[-1])) if np.isinf(end) else sign_at(end)
            if number == 0:
                own.append(met)
            elif met != own[-1]:
                left = -left
                for part in parts:
                    f_curve = curves[part.data_path, part.index]
                    actions.write_points(f_curve, keys.negated(actions.key_columns(f_curve), begin, end))
            own.append(left)
    return [
        channel.signed(signs[channel.data_path], owned.spans[channel.data_path].stretches)
        if signs.get(channel.data_path)
        else channel
        for channel in channels
    ]
