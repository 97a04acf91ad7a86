# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of F-curves as arrays, and what is done to them: whose they are, merging, dividing, moving.

The numbers of the enumerations are those that Blender keeps in its files, the same in every version.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.curves import shortened

Columns = dict[str, NDArray[Any]]
"""Every property of an F-curve's keys by its name in Blender, each an array over keys."""

COORDINATES = ("co", "handle_left", "handle_right")
"""The columns of shape (K, 2): frame and value of a key and of its two handles."""

CHOICES = ("type", "interpolation", "easing", "handle_left_type", "handle_right_type")
"""The columns that hold numbers of enumerations."""

NUMBERS = ("amplitude", "period", "back")
"""The columns that shape elastic and overshooting interpolations."""

UNCHANGED = 1e-4
"""Frames or units of value within which Blender may round a key without anyone changing it."""

AUTOMATIC_EASING = 0
"""The number of the easing that Blender chooses itself."""

SAME_FRAME = 1e-3
"""Frames within which two keys are one."""

SHAPE_SIZE = 6
"""Numbers of one key in `shapes`."""


class KeyType(IntEnum):
    """What a key is marked as; `GENERATED` is the machine's, all others are the animator's."""

    KEYFRAME = 0
    EXTREME = 1
    BREAKDOWN = 2
    JITTER = 3
    MOVING_HOLD = 4
    GENERATED = 5


class Interpolation(IntEnum):
    """How a curve goes on from a key; larger numbers are easing functions."""

    CONSTANT = 0
    LINEAR = 1
    BEZIER = 2


class HandleType(IntEnum):
    """How a handle is placed; Blender places all but free and aligned ones itself."""

    FREE = 0
    AUTO = 1
    VECTOR = 2
    ALIGNED = 3
    AUTO_CLAMPED = 4


_AUTOMATIC = (HandleType.AUTO, HandleType.AUTO_CLAMPED, HandleType.VECTOR)


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

    def points(self, key_type: KeyType = KeyType.GENERATED) -> Columns:
        """Return the columns of these keys."""
        count = len(self.frames)
        columns: Columns = {
            "co": np.column_stack([self.frames, self.values]),
            "handle_left": np.asarray(self.left, dtype=np.float64),
            "handle_right": np.asarray(self.right, dtype=np.float64),
            "type": np.full(count, int(key_type)),
            "interpolation": np.full(count, Interpolation.BEZIER),
            "easing": np.full(count, AUTOMATIC_EASING),
            "amplitude": np.zeros(count),
            "period": np.zeros(count),
            "back": np.full(count, 1.70158),
        }
        handle_type = np.where(_aligned(columns), HandleType.ALIGNED, HandleType.FREE)
        return columns | {"handle_left_type": handle_type, "handle_right_type": handle_type.copy()}


def selected(columns: Columns, which: NDArray[np.bool_]) -> Columns:
    """Return the keys that a mask (K,) chooses."""
    return {name: column[which] for name, column in columns.items()}


def is_generated(columns: Columns) -> NDArray[np.bool_]:
    """Return (K,) which keys are of the machine's type."""
    return columns["type"] == KeyType.GENERATED


def merged(kept: Columns, new: Columns) -> Columns:
    """Return both sets of keys in order of time; where two share a frame, the kept one."""
    free = ~np.isin(np.rint(new["co"][:, 0]), np.rint(kept["co"][:, 0]))
    columns = {name: np.concatenate([column, new[name][free]]) for name, column in kept.items()}
    order = np.argsort(columns["co"][:, 0], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def shapes(columns: Columns) -> NDArray[np.float64]:
    """Return (K, 6) where each key and its two handles are."""
    return np.concatenate([columns[name] for name in COORDINATES], axis=1).astype(np.float64)


def changed(columns: Columns, written: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return (K,) which generated keys are not as they were written.

    Args:
        columns: the keys as they are.
        written: (N, 6) the curve's generated keys as `shapes` gave them when they were written.
    """
    # Compared with the key written at the same frame, or else with any other.
    known = written if len(written) else np.full((1, SHAPE_SIZE), np.inf)
    now = shapes(columns)
    nearest = np.clip(np.searchsorted(known[:, 0], now[:, 0] - 0.5), 0, len(known) - 1)
    same = np.abs(now - known[nearest]).max(axis=1, initial=0.0) < UNCHANGED
    return is_generated(columns) & ~(same & (columns["interpolation"] == Interpolation.BEZIER))


def offset_columns(columns: Columns, frame: int, reach: int, amount: float) -> Columns:
    """Return an F-curve's keys with a smooth bump of height `amount` at `frame`, and nothing changed beyond `reach`.

    Args:
        columns: of the curve.
        frame: of the top; a key is inserted there where none is.
        reach: frames to either side.
        amount: in the curve's own unit.
    """
    columns = with_key(columns, frame)
    first, last = columns["co"][0, 0], columns["co"][-1, 0]
    for end in (frame - reach, frame + reach):
        if first < end < last:
            columns = with_key(columns, end)
    columns = {name: column.copy() for name, column in columns.items()}
    times = columns["co"][:, 0].copy()
    inside = np.abs(times - frame) <= max(reach, 0.5)
    phase = (times - frame) / max(reach, 1)
    bump = np.where(inside, 0.5 + 0.5 * np.cos(np.pi * phase), 0.0)
    slope = np.where(inside, -0.5 * np.pi / max(reach, 1) * np.sin(np.pi * phase), 0.0)
    for name in ("co", "handle_left", "handle_right"):
        column = columns[name]
        # Handles follow the bump's tangent, so that smooth keys stay smooth.
        column[inside, 1] += amount * (bump + slope * (column[:, 0] - times))[inside]
    # A recalculated handle would change the curve beyond the reach.
    columns = frozen(columns, np.ones(len(times), bool))
    columns["type"][inside] = KeyType.KEYFRAME
    return columns


def with_key(columns: Columns, frame: float) -> Columns:
    """Return an F-curve's keys with one at `frame`; the curve's shape stays as it is (de Casteljau's subdivision).

    A piece between handles that reach far past each other is divided where it is slowest, too: one of its parts would
    have a handle longer than Blender draws it. Handles beside the new key that Blender places itself are made fast.
    """
    times = columns["co"][:, 0]
    if np.any(np.abs(times - frame) < SAME_FRAME):
        return columns
    after = int(np.searchsorted(times, frame))
    columns = frozen(columns, np.isin(np.arange(len(times)), (after - 1, after)))
    template = min(max(after - 1, 0), len(times) - 1)
    new = {name: column[template].copy() for name, column in columns.items()}
    if after in (0, len(times)):
        # Outside its keys a curve holds the value of the nearest.
        neighbour = 0 if after == 0 else -1
        value = columns["co"][neighbour, 1]
        span = (times[neighbour] - frame) / 3.0
        inner, outer = ("handle_right", "handle_left") if after == 0 else ("handle_left", "handle_right")
        new["co"][:] = frame, value
        new[inner][:] = frame + span, value
        new[outer][:] = frame - span, value
        columns[outer][neighbour] = times[neighbour] - span, value
        columns[f"{outer}_type"][neighbour] = HandleType.FREE
        columns[f"{inner}_type"][neighbour] = HandleType.FREE
    else:
        start, end = after - 1, after
        points = _segment(columns, start, end)
        if columns["interpolation"][start] == Interpolation.BEZIER:
            t = _parameter(points[:, 0], frame)
            slowest = _slowest(points[:, 0])
            if not _drawn_whole(points[:, 0], t) and _drawn_whole(points[:, 0], slowest):
                divided = float(_value(points[:, 0], slowest))
                if abs(divided - frame) > SAME_FRAME:
                    return with_key(with_key(columns, divided), frame)
        else:
            # A straight or constant piece has no handles to divide; both halves are again such pieces.
            t = (frame - times[start]) / (times[end] - times[start])
            constant = columns["interpolation"][start] == Interpolation.CONSTANT
            ends = columns["co"][[start, start if constant else end]]
            points[:, 0] = np.linspace(times[start], times[end], 4)
            points[:, 1] = np.linspace(ends[0, 1], ends[1, 1], 4)
        (leaving, _, arriving), (left, right) = _halves(points, t)
        columns["handle_right"][start], columns["handle_left"][end] = leaving, arriving
        new["co"][:] = frame, (left + t * (right - left))[1]
        new["handle_left"][:], new["handle_right"][:] = left, right
    new["handle_left_type"] = new["handle_right_type"] = np.int32(HandleType.ALIGNED)
    return {name: np.insert(column, after, new[name], axis=0) for name, column in columns.items()}


def frozen(columns: Columns, which: NDArray[np.bool_]) -> Columns:
    """Return a copy in which Blender no longer places the handles of the chosen keys (K,) itself."""
    columns = {name: column.copy() for name, column in columns.items()}
    types = [columns[name] for name in ("handle_left_type", "handle_right_type")]
    automatic = which & np.logical_or(*(np.isin(kinds, _AUTOMATIC) for kinds in types))
    fast = np.where(_aligned(columns), HandleType.ALIGNED, HandleType.FREE)
    for kinds in types:
        kinds[automatic] = fast[automatic]
    return columns


def _aligned(columns: Columns) -> NDArray[np.bool_]:
    """Return for each key whether its two handles lie on one line, so that an animator's drag keeps it smooth."""
    before, after = columns["co"] - columns["handle_left"], columns["handle_right"] - columns["co"]
    slope_before = before[:, 1] / np.maximum(before[:, 0], 1e-9)
    slope_after = after[:, 1] / np.maximum(after[:, 0], 1e-9)
    both = (before[:, 0] > 1e-6) & (after[:, 0] > 1e-6)
    return both & (np.abs(slope_before - slope_after) <= 1e-6 + 1e-4 * np.abs(slope_before))


def _segment(columns: Columns, start: int, end: int) -> NDArray[np.float64]:
    """Return the four points (frame, value) of a Bezier piece, as Blender draws it."""
    first, last = columns["co"][start].astype(np.float64), columns["co"][end].astype(np.float64)
    span = last[:1] - first[:1]
    leaving = shortened(columns["handle_right"][start].astype(np.float64) - first, span)
    arriving = shortened(columns["handle_left"][end].astype(np.float64) - last, span)
    return np.stack([first, first + leaving, last + arriving, last])


def _parameter(times: NDArray[np.float64], frame: float) -> float:
    """Return t at which a Bezier piece, whose times never fall, reaches `frame`."""
    low, high = 0.0, 1.0
    for _ in range(60):
        t = 0.5 * (low + high)
        low, high = (t, high) if _value(times, t) < frame else (low, t)
    return 0.5 * (low + high)


def _value(numbers: NDArray[np.float64], t: float) -> float:
    """Return a Bezier piece's value at `t` from its four numbers."""
    s = 1.0 - t
    return float(np.dot([s**3, 3 * s * s * t, 3 * s * t * t, t**3], numbers))


def _slowest(times: NDArray[np.float64]) -> float:
    """Return t at which a Bezier piece's time changes least with t, or 1 / 2 where it changes evenly."""
    a, b, c = np.diff(times)
    bend = a - 2.0 * b + c
    return float(np.clip((a - b) / bend, 0.0, 1.0)) if abs(bend) > 1e-12 else 0.5


def _drawn_whole(times: NDArray[np.float64], t: float) -> bool:
    """Whether both parts of a Bezier piece, divided at `t`, have handles that Blender does not shorten."""
    (leaving, _, arriving), (left, right) = _halves(times[:, None], t)
    frame = _value(times, t)
    before, after = frame - times[0] + SAME_FRAME, times[3] - frame + SAME_FRAME
    return bool(
        leaving[0] - times[0] <= before
        and frame - left[0] <= before
        and right[0] - frame <= after
        and times[3] - arriving[0] <= after
    )


def _halves(points: NDArray[np.float64], t: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return de Casteljau's three points of the first step and two of the second, at `t`."""
    first = points[:-1] + t * (points[1:] - points[:-1])
    return first, first[:-1] + t * (first[1:] - first[:-1])
