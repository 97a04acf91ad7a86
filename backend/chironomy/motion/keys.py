# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of F-curves as arrays, and what is done to them: whose they are, merging, dividing, moving.

The numbers of the enumerations are those that Blender keeps in its files, the same in every version.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Self

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

USUAL = {"amplitude": 0.0, "period": 0.0, "back": 1.70158}
"""What Blender gives these in new keys."""

Stretch = tuple[float, float]
"""Frames from one to another, both included."""

UNCHANGED = 1e-4
"""Frames or units of value within which Blender may round a key without anyone changing it."""

AUTOMATIC_EASING = 0
"""The number of the easing that Blender chooses itself."""

SAME_FRAME = 1e-3
"""Frames within which two keys are one."""

SNAPPED = 1.01
"""Frames by which a key and its handles may be off where Blender sets stretched keys on whole frames."""

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


@dataclass(frozen=True)
class Timing:
    """How keys were moved in time together: frame f went to `scale * f + shift`.

    Attributes:
        scale: above 0.
        shift: frames.
        tolerance: frames within which a key follows.
    """

    scale: float = 1.0
    shift: float = 0.0
    tolerance: float = UNCHANGED

    def applied(self, shapes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return keys (K, 6), as `shapes` gives them, moved so."""
        moved = shapes.copy()
        moved[:, ::2] = self.scale * shapes[:, ::2] + self.shift
        return moved


_NOWHERE = 1e30

_AUTOMATIC = np.array([each in (HandleType.AUTO, HandleType.AUTO_CLAMPED, HandleType.VECTOR) for each in HandleType])
"""Of each `HandleType`, whether Blender places such a handle itself."""


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
            **{name: np.full(count, usual) for name, usual in USUAL.items()},
        }
        handle_type = np.where(_aligned(columns), HandleType.ALIGNED, HandleType.FREE)
        return columns | {"handle_left_type": handle_type, "handle_right_type": handle_type.copy()}

    def signed(self, signs: Sequence[float], stretches: Sequence[Stretch]) -> Self:
        """Return the keys with their values multiplied by a factor for each gap between stretches.

        Args:
            signs: of what lies before the first stretch, between two, and after the last.
            stretches: in order of time.
        """
        last = np.array([end for _, end in stretches])
        # A key at a stretch's end faces both sides; one inside faces what follows.
        before = np.asarray(signs)[np.searchsorted(last, self.frames - SAME_FRAME, side="left")]
        onward = np.asarray(signs)[np.searchsorted(last, self.frames + SAME_FRAME, side="left")]
        left, right = self.left.copy(), self.right.copy()
        left[:, 1] *= before
        right[:, 1] = self.values * before + (right[:, 1] - self.values) * onward
        return replace(self, values=self.values * before, left=left, right=right)


def constant(value: float, frames: Sequence[float]) -> Columns:
    """Return keys of one value at some frames."""
    at, values = np.asarray(frames, np.float64), np.full(len(frames), value)
    third = np.column_stack([np.full(len(frames), 1.0 / 3.0), np.zeros(len(frames))])
    points = np.column_stack([at, values])
    return Channel("", 0, "", at, values, points - third, points + third).points(KeyType.KEYFRAME)


def selected(columns: Columns, which: NDArray[np.bool_]) -> Columns:
    """Return the keys that a mask (K,) chooses."""
    return {name: column[which] for name, column in columns.items()}


def is_generated(columns: Columns) -> NDArray[np.bool_]:
    """Return (K,) which keys are of the machine's type."""
    return columns["type"] == KeyType.GENERATED


def merged(kept: Columns, new: Columns) -> Columns:
    """Return both sets of keys in order of time."""
    columns = {name: np.concatenate([column, new[name]]) for name, column in kept.items()}
    order = np.argsort(columns["co"][:, 0], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def within(columns: Columns, stretches: Iterable[Stretch]) -> Columns:
    """Return the keys that lie in one of the stretches."""
    inside = np.zeros(len(columns["co"]), bool)
    for stretch in stretches:
        inside |= _inside(columns, stretch)
    return selected(columns, inside)


def negated(columns: Columns, first: float, last: float) -> Columns:
    """Return the keys with the values from a frame to another multiplied by -1."""
    inside = _inside(columns, (first, last))
    columns = {name: column.copy() for name, column in columns.items()}
    for name in COORDINATES:
        columns[name][inside, 1] *= -1.0
    return frozen(columns, inside)


def led(kept: Columns, new: Columns, stretches: Iterable[Stretch], bent: Collection[float]) -> tuple[Columns, Columns]:
    """Let kept keys lead into new ones on either side.

    The handles of the first and the last kept key of each stretch that face new motion become those of the new keys at
    their frames.

    Args:
        kept: at least one key.
        new: keys of the whole curve, with one at the frame of each end of the kept ones, or within a frame of it.
        stretches: in which the kept keys lie.
        bent: frames of keys whose handles somebody set: they stay.

    Returns:
        The kept keys, and the new keys outside the stretches.
    """
    frames = new["co"][:, 0]
    free = np.ones(len(frames), bool)
    kept = {name: column.copy() for name, column in kept.items()}
    given = np.zeros(len(kept["co"]), bool)
    for stretch in stretches:
        own = np.flatnonzero(_inside(kept, stretch))
        begin = min(stretch[0], kept["co"][own[0], 0]) if len(own) else stretch[0]
        end = max(stretch[1], kept["co"][own[-1], 0]) if len(own) else stretch[1]
        free &= (frames <= begin - 1.0 + SAME_FRAME) | (frames >= end + 1.0 - SAME_FRAME)
        if len(own) == 0:
            continue
        first, last = kept["co"][own[[0, -1]], 0]
        ends = (
            (
                own[0],
                first,
                "handle_left",
                np.isfinite(stretch[0]) & (frames < first - 0.5),
                frames <= first + SAME_FRAME,
            ),
            (
                own[-1],
                last,
                "handle_right",
                np.isfinite(stretch[1]) & (frames > last + 0.5),
                frames >= last - SAME_FRAME,
            ),
        )
        for place, border, handle, beyond, side in ends:
            nearest = int(np.argmin(np.where(side, np.abs(frames - border), np.inf)))
            if not beyond.any() or abs(frames[nearest] - border) > 1.0:
                continue
            if min((abs(frame - border) for frame in bent), default=1.0) > SAME_FRAME:
                kept[handle][place] = kept["co"][place] + new[handle][nearest] - new["co"][nearest]
                given[place] = True
            if handle == "handle_right":
                # What follows is new motion, whatever followed before.
                kept["interpolation"][place] = Interpolation.BEZIER
    placed = np.where(_aligned(kept), HandleType.ALIGNED, HandleType.FREE)
    for name in ("handle_left_type", "handle_right_type"):
        kept[name][given] = placed[given]
    return kept, selected(new, free)


def _inside(columns: Columns, stretch: Stretch) -> NDArray[np.bool_]:
    frames = columns["co"][:, 0]
    return (frames >= stretch[0] - SAME_FRAME) & (frames <= stretch[1] + SAME_FRAME)


def shapes(columns: Columns) -> NDArray[np.float64]:
    """Return (K, 6) where each key and its two handles are."""
    return np.concatenate([columns[name] for name in COORDINATES], axis=1).astype(np.float64)


def changed(
    columns: Columns, written: NDArray[np.float64], timing: Timing | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which generated keys are not as they were written, (K,), and of which only the handles are not, (K,).

    A handle that Blender shortened because somebody put a key beside it is none that was changed.

    Args:
        columns: the keys as they are.
        written: (N, 6) the curve's generated keys as `shapes` gave them when they were written.
        timing: how all of them were moved since.
    """
    timing = timing or Timing()
    # Compared with the key written at the same frame, or else with any other.
    known = timing.applied(written) if len(written) else np.full((1, SHAPE_SIZE), _NOWHERE)
    now = shapes(columns)
    machine = is_generated(columns)
    nearest = np.clip(np.searchsorted(known[:, 0], now[:, 0] - 0.5), 0, len(known) - 1)
    known = known[nearest]
    same = np.abs(now - known) <= np.array([timing.tolerance, UNCHANGED])[np.array([0, 1] * 3)]
    stayed = machine & same[:, :2].all(axis=1)
    others = np.concatenate([[False], ~stayed, [False]])
    for handle, beside in ((slice(2, 4), others[:-2]), (slice(4, 6), others[2:])):
        old, new = known[:, handle] - known[:, :2], now[:, handle] - now[:, :2]
        across = np.abs(old[:, 0] * new[:, 1] - old[:, 1] * new[:, 0])
        part = np.sum(old * new, axis=1) / np.maximum(np.sum(old * old, axis=1), 1e-12)
        shorter = beside & (part > -UNCHANGED) & (part <= 1.0) & (across <= 1e-3 * np.maximum(np.abs(old[:, 0]), 1e-3))
        same[:, handle] |= shorter[:, None]
    handles = same[:, 2:].all(axis=1)
    return machine & ~(stayed & handles & (columns["interpolation"] == Interpolation.BEZIER)), stayed & ~handles


def moved_alike(curves: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Timing:
    """Find how a whole take was moved or stretched in time.

    Args:
        curves: of each curve the generated keys as they were written and as they are, as `shapes` gives them.

    Returns:
        The timing that more than half of the keys follow; that of nothing moved where there is none.
    """
    pairs = [(before, now) for before, now in curves if len(before) == len(now) > 0]
    if not pairs:
        return Timing()
    before, now = (np.concatenate(side) for side in zip(*pairs, strict=True))
    alike = np.abs(now[:, 1::2] - before[:, 1::2]).max(axis=1) < UNCHANGED
    if np.mean(alike) <= 0.5:
        return Timing()
    old, new = before[alike, 0], now[alike, 0]
    shift = float(np.median(new - old))
    order = np.argsort(old, kind="stable")
    half = len(order) // 2
    low, high = order[:half], order[len(order) - half :]
    apart = old[high] - old[low]
    stretched = apart > 0.0
    scale = float(np.median((new[high] - new[low])[stretched] / apart[stretched])) if stretched.any() else 1.0
    for timing in (
        Timing(),
        Timing(1.0, shift, 2.0 * SAME_FRAME),
        Timing(scale, float(np.median(new - scale * old)), SNAPPED),
    ):
        if np.count_nonzero(np.abs(new - timing.scale * old - timing.shift) <= timing.tolerance) > 0.5 * len(before):
            return timing
    return Timing()


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
        if columns[outer][neighbour, 1] != value:
            # A level one stays as it was written.
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


def with_value(columns: Columns, frame: float, value: float) -> Columns:
    """Return an F-curve's keys with one of the animator's at `frame` that has a value; no other key is touched.

    Blender places its handles; the curve goes on from a new key as it did from the one before it.
    """
    new = constant(value, [frame])
    for name in ("handle_left_type", "handle_right_type"):
        new[name][:] = HandleType.AUTO_CLAMPED
    frames = columns["co"][:, 0]
    same = np.abs(frames - frame) <= SAME_FRAME
    before = np.flatnonzero(same | (frames < frame))
    if len(before):
        new["interpolation"][:] = columns["interpolation"][before[-1]]
    return merged(selected(columns, ~same), new)


def is_automatic(columns: Columns) -> NDArray[np.bool_]:
    """Return (K,) which keys have a handle that Blender places itself."""
    return _AUTOMATIC[columns["handle_left_type"]] | _AUTOMATIC[columns["handle_right_type"]]


def frozen(columns: Columns, which: NDArray[np.bool_]) -> Columns:
    """Return a copy in which Blender no longer places the handles of the chosen keys (K,) itself."""
    columns = {name: column.copy() for name, column in columns.items()}
    automatic = which & is_automatic(columns)
    placed = np.where(_aligned(columns), HandleType.ALIGNED, HandleType.FREE)
    for name in ("handle_left_type", "handle_right_type"):
        columns[name][automatic] = placed[automatic]
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
