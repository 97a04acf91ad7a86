# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of F-curves' keys as arrays: what lies outside a range of frames keeps its curve exactly.

A range's own keys become the animator's. Handles near it that Blender would place itself are made fast, so that nothing
beyond the range follows its neighbours.
"""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.curves import shortened
from chironomy.motion.keys import (
    SAME_FRAME,
    Columns,
    HandleType,
    Interpolation,
    KeyType,
    frozen,
    is_automatic,
    merged,
    selected,
    with_key,
)
from chironomy.motion.spline import hermite

Numbers = NDArray[np.float64]

_ALIKE = 0.005
"""Units a frame by which the slopes on either side of a key may differ and still be meant as one."""


def displaced(
    columns: Columns, first: float, last: float, frames: Numbers, offsets: Numbers, slopes: Numbers
) -> Columns:
    """Return an F-curve's keys moved in value, its own keys and their handles in the range kept.

    Args:
        columns: of the curve, at least one key.
        first: frame from which keys become the animator's,
        last: and up to which.
        frames: (K,) ascending, within the range: each gets a key.
        offsets: (K,) by which the curve moves there. Between them it moves by the cubic Hermite spline.
        slopes: (K,) change of the offset a frame.
    """
    columns = with_keys(columns, frames)
    times = columns["co"][:, 0].astype(np.float64)
    inside = _inside(times, first, last)
    columns = loosened(columns, inside)
    offset, slope = hermite_spline(frames, offsets, slopes, times[inside])
    for name in ("co", "handle_left", "handle_right"):
        column = columns[name]
        # Handles follow the offset's tangent, so that smooth keys stay smooth.
        column[inside, 1] += offset + slope * (column[inside, 0] - times[inside])
    columns["type"][inside] = KeyType.KEYFRAME
    return columns


def rekeyed(
    columns: Columns,
    first: float,
    last: float,
    frames: Numbers,
    values: Numbers,
    slopes: Numbers,
    joined: tuple[bool, bool],
) -> Columns:
    """Return an F-curve with other keys in a range, smooth ones whose handles are at thirds.

    Args:
        columns: of the curve, at least one key.
        first: frame from which the old keys go,
        last: and up to which.
        frames: (K,) ascending, of the new keys.
        values: (K,) of the new keys.
        slopes: (K,) change of value a frame, of the new keys.
        joined: whether the curve goes on as it was before `first`, and after `last`, which are among `frames` then.
    """
    columns = with_keys(columns, [end for end, goes_on in zip((first, last), joined, strict=True) if goes_on])
    times = columns["co"][:, 0].astype(np.float64)
    inside = _inside(times, first, last)
    columns = loosened(columns, inside)
    borders = [
        (end, int(np.argmin(np.abs(times - border))), handle)
        for goes_on, end, border, handle in zip(
            joined, (0, -1), (first, last), ("handle_left", "handle_right"), strict=True
        )
        if goes_on
    ]
    slopes = slopes.copy()
    for end, old, handle in borders:
        # As smooth as it was: slopes that are all but one are made one.
        outer = columns[handle][old].astype(np.float64) - columns["co"][old]
        if abs(outer[0]) > SAME_FRAME and abs(outer[1] / outer[0] - slopes[end]) <= _ALIKE * (1.0 + abs(slopes[end])):
            slopes[end] = outer[1] / outer[0]
    third = np.diff(frames) / 3.0 if len(frames) > 1 else np.array([1.0 / 3.0])
    before = np.concatenate([third[:1], third])[: len(frames)]
    after = np.concatenate([third, third[-1:]])[-len(frames) :]
    new = selected(columns, np.arange(len(times)) == np.argmin(np.abs(times - last)))
    new = {name: np.repeat(column, len(frames), axis=0) for name, column in new.items()}
    new["co"] = np.column_stack([frames, values])
    new["handle_left"] = np.column_stack([frames - before, values - before * slopes])
    new["handle_right"] = np.column_stack([frames + after, values + after * slopes])
    # What follows the last key goes on as it did.
    new["interpolation"][:-1] = Interpolation.BEZIER
    if not joined[1]:
        new["interpolation"][-1] = Interpolation.BEZIER
    for end, old, handle in borders:
        for name in ("co", handle):
            new[name][end] = columns[name][old]
    new["type"][:] = KeyType.KEYFRAME
    new["handle_left_type"], new["handle_right_type"] = np.full((2, len(frames)), HandleType.AUTO)
    return merged(selected(columns, ~inside), frozen(new, np.ones(len(frames), bool)))


def enough(
    frames: Numbers, values: Numbers, slopes: Numbers, tolerance: Numbers, wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Choose so many of some frames that smooth keys there are within a tolerance of the values at all of them.

    Args:
        frames: (F,) ascending.
        values: (F, C).
        slopes: (F, C) change of value a frame.
        tolerance: (C,) in the channels' units.
        wanted: (F,) of the frames, those that are chosen at least; the first and the last are among them.

    Returns:
        (F,) a mask. No two frames beside each other are chosen that were not wanted so.
    """
    chosen = wanted.copy()
    while True:
        shown, _ = hermite_spline(frames[chosen], values[chosen], slopes[chosen], frames)
        miss = (np.abs(shown - values) / tolerance).max(axis=1)
        beside = chosen.copy()
        beside[1:] |= chosen[:-1]
        beside[:-1] |= chosen[1:]
        miss[beside] = 0.0
        # Of each gap between chosen frames the worst one, the first of several.
        begins = np.flatnonzero(chosen)
        most = np.maximum.reduceat(miss, begins)[np.cumsum(chosen) - 1]
        worst = np.flatnonzero((miss > 1.0) & (miss == most))
        if len(worst) == 0:
            return chosen
        _, first = np.unique(np.searchsorted(begins, worst), return_index=True)
        chosen[worst[first]] = True


def loosened(columns: Columns, which: NDArray[np.bool_]) -> Columns:
    """Return a copy in which Blender places no handle that depends on the chosen keys (K,).

    Such handles are placed by all of the keys beside each other that have one, as far as the next that has none.
    """
    automatic = is_automatic(columns)
    reached = which.copy()
    for step in (slice(None), slice(None, None, -1)):
        chosen, ends = which[step], ~automatic[step]
        place = np.arange(len(which))
        last = np.maximum.accumulate(np.where(chosen, place, -1))
        ended = np.maximum.accumulate(np.where(ends & ~chosen, place, -1))
        reached[step][1:] |= (last > ended)[:-1]
    return frozen(columns, reached)


def hermite_spline(frames: Numbers, values: Numbers, slopes: Numbers, at: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return the cubic Hermite spline (N, ...) through values (K, ...) with slopes (K, ...), and its own slope.

    Outside its frames (K,) it holds the value of the nearest and has no slope.

    Args:
        frames: (K,) ascending.
        values: (K, ...).
        slopes: (K, ...) change of value a frame.
        at: (N,) frames.
    """
    at = np.asarray(at, np.float64)
    if len(frames) == 1:
        same = np.abs(at - frames[0]) <= SAME_FRAME
        shape = (len(at), *[1] * (values.ndim - 1))
        return np.repeat(values, len(at), axis=0), np.where(same.reshape(shape), slopes, 0.0)
    start = np.clip(np.searchsorted(frames, at + SAME_FRAME, side="right") - 1, 0, len(frames) - 2)
    shape = (len(at), *[1] * (values.ndim - 1))
    span = (frames[start + 1] - frames[start]).reshape(shape)
    s = np.clip((at - frames[start]).reshape(shape) / span, 0.0, 1.0)
    weights = np.moveaxis(hermite(s, span), -1, 0)
    ends = (values[start], slopes[start], values[start + 1], slopes[start + 1])
    value = sum((weight * end for weight, end in zip(weights, ends, strict=True)), np.zeros_like(ends[0]))
    rise, leaving, arriving = ends[2] - ends[0], span * ends[1], span * ends[3]
    slope = 6 * rise * s * (1 - s) + leaving * (1 - s) * (1 - 3 * s) + arriving * s * (3 * s - 2)
    outside = (at < frames[0] - SAME_FRAME) | (at > frames[-1] + SAME_FRAME)
    return value, np.where(outside.reshape(shape), 0.0, slope / span)


def with_keys(columns: Columns, frames: ArrayLike) -> Columns:
    """Return an F-curve's keys, at least one, with keys at all of `frames` (N,), too; `with_key` for many."""
    wanted = np.unique(np.asarray(frames, np.float64))
    times = columns["co"][:, 0].astype(np.float64)
    apart = distance(wanted, times) >= SAME_FRAME
    wanted = wanted[apart & np.concatenate([[True], np.diff(wanted) >= SAME_FRAME])]
    start = np.searchsorted(times, wanted) - 1
    inside = (start >= 0) & (start < len(times) - 1)
    inside[inside] &= columns["interpolation"][start[inside]] == Interpolation.BEZIER
    divided = _divided(columns, wanted[inside], start[inside]) if inside.any() else (columns, np.zeros(0, bool))
    columns, whole = divided
    within = (wanted > times[0]) & (wanted < times[-1])
    one_by_one = within & ~inside
    one_by_one[inside] |= ~whole
    columns = _divided_one_by_one(columns, wanted[one_by_one])
    for end, beyond in ((0, wanted[wanted < times[0]][::-1]), (-1, wanted[wanted > times[-1]])):
        columns = _held_beyond(columns, beyond, end)
    return columns


def _held_beyond(columns: Columns, frames: Numbers, end: int) -> Columns:
    """Return an F-curve's keys with keys where it holds the value of its first (end 0) or its last (-1), too.

    Args:
        columns: the keys.
        frames: (N,) the nearest first.
        end: 0 where they lie before the first key, -1 where they lie after the last.
    """
    if len(frames) == 0:
        return columns
    columns = with_key(columns, float(frames[0]))
    if len(frames) == 1:
        return columns
    outer, inner = ("handle_left", "handle_right") if end == 0 else ("handle_right", "handle_left")
    thirds = np.diff(frames) / 3.0
    columns[outer][end, 0] = frames[0] + thirds[0]
    new = {name: np.repeat(column[[end]], len(frames) - 1, axis=0) for name, column in columns.items()}
    new["co"][:, 0], new[inner][:, 0] = frames[1:], frames[1:] - thirds
    new[outer][:, 0] = frames[1:] + np.append(thirds[1:], thirds[-1])
    new["handle_left"][:, 1] = new["handle_right"][:, 1] = new["co"][:, 1]
    parts = (columns, new) if end else ({name: column[::-1] for name, column in new.items()}, columns)
    return {name: np.concatenate([part[name] for part in parts]) for name in columns}


def distance(at: Numbers, frames: Numbers) -> Numbers:
    """Return (N,) how far frames (N,) are from the nearest of others (K,), ascending; infinite where there is none."""
    padded = np.concatenate([[-np.inf], frames, [np.inf]])
    place = np.searchsorted(frames, at)
    return np.minimum(at - padded[place], padded[place + 1] - at)


def _divided_one_by_one(columns: Columns, frames: Numbers) -> Columns:
    """Return an F-curve's keys with keys at frames (N,) between its first and its last, too, by `with_key`.

    That touches but the two keys of a piece, so that no more than these are handed to it.
    """
    columns = {name: column.copy() for name, column in columns.items()}
    start = np.searchsorted(columns["co"][:, 0], frames) - 1
    made: list[Columns] = []
    places: list[int] = []
    for key in np.unique(start).tolist():
        piece = {name: column[key : key + 2] for name, column in columns.items()}
        for frame in frames[start == key].tolist():
            piece = with_key(piece, frame)
        for name, column in piece.items():
            columns[name][[key, key + 1]] = column[[0, -1]]
        made.append({name: column[1:-1] for name, column in piece.items()})
        places += [key + 1] * (len(piece["co"]) - 2)
    if not made:
        return columns
    return {
        name: np.insert(column, places, np.concatenate([each[name] for each in made]), axis=0)
        for name, column in columns.items()
    }


def _divided(columns: Columns, frames: Numbers, start: NDArray[np.intp]) -> tuple[Columns, NDArray[np.bool_]]:
    """Divide Bezier pieces by their blossoms, and say at which frames (N,) it was done.

    A piece of which a part would have a handle that Blender shortens is left alone.

    Args:
        columns: the keys.
        frames: (N,) ascending, each within a piece.
        start: (N,) the key at which that piece starts.
    """
    points = _pieces(columns, start)
    t = _parameters(points[:, :, 0].tobytes(), np.asarray(frames, np.float64).tobytes())
    same = start[1:] == start[:-1]
    earliest, latest = np.concatenate([[True], ~same]), np.concatenate([~same, [True]])
    previous = np.where(earliest, 0.0, np.concatenate([[0.0], t[:-1]]))
    following = np.where(latest, 1.0, np.concatenate([t[1:], [1.0]]))
    key = _blossom(points, t, t, t)
    left, right = _blossom(points, previous, t, t), _blossom(points, t, t, following)
    leaving, arriving = _blossom(points, previous, previous, t), _blossom(points, t, following, following)
    before, after = _blossom(points, *[previous] * 3), _blossom(points, *[following] * 3)
    most_before, most_after = key[:, 0] - before[:, 0] + SAME_FRAME, after[:, 0] - key[:, 0] + SAME_FRAME
    whole = (key[:, 0] - left[:, 0] <= most_before) & (leaving[:, 0] - before[:, 0] <= most_before)
    whole &= (right[:, 0] - key[:, 0] <= most_after) & (after[:, 0] - arriving[:, 0] <= most_after)
    whole = ~np.isin(start, start[~whole])
    touched = np.unique(start[whole])
    columns = frozen(columns, np.isin(np.arange(len(columns["co"])), np.concatenate([touched, touched + 1])))
    columns["handle_right"][start[whole & earliest]] = leaving[whole & earliest]
    columns["handle_left"][start[whole & latest] + 1] = arriving[whole & latest]
    new = {name: column[start[whole]] for name, column in columns.items()}
    new["co"] = np.column_stack([frames, key[:, 1]])[whole]
    new["handle_left"], new["handle_right"] = left[whole], right[whole]
    for name in ("handle_left_type", "handle_right_type"):
        new[name] = np.full(np.count_nonzero(whole), HandleType.ALIGNED)
    place = start[whole] + 1
    return {name: np.insert(column, place, new[name], axis=0) for name, column in columns.items()}, whole


def bezier_values(columns: Columns, start: NDArray[np.intp], frames: Numbers) -> Numbers:
    """Return (N,) the values of Bezier pieces at frames (N,), at least one, each within the piece of a key (N,)."""
    earliest = int(start.min())
    place = start - earliest
    # There are fewer pieces than frames.
    pieces = _pieces(columns, np.arange(earliest, int(start.max()) + 1))
    t = _parameters(pieces[place, :, 0].tobytes(), np.asarray(frames, np.float64).tobytes())
    first, one, two, three = (power[place] for power in _powers(pieces[:, :, 1]))
    return ((three * t + two) * t + one) * t + first


def _powers(points: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return what Bezier pieces (N, 4) are as polynomials: (N,) factors of the powers of t, the lowest first."""
    first, leaving, arriving, last = points.T
    one, two = 3.0 * (leaving - first), 3.0 * (arriving - 2.0 * leaving + first)
    return first, one, two, last - first - 3.0 * (arriving - leaving)


@functools.lru_cache(maxsize=16)
def _parameters(times: bytes, frames: bytes) -> Numbers:
    """Return t (N,) at which Bezier pieces reach frames; channels of one pose mostly have their handles at one time.

    Args:
        times: (N, 4) those of the pieces' points, as the bytes of an array.
        frames: (N,) likewise.
    """
    wanted = np.frombuffer(frames)
    first, one, two, three = _powers(np.frombuffer(times).reshape(len(wanted), 4))
    sought = wanted - first
    t: Numbers = np.full(len(wanted), 0.5)
    step = 0.25
    for _ in range(54):
        t += np.where(((three * t + two) * t + one) * t < sought, step, -step)
        step *= 0.5
    # On a key a curve has its value, to the bit.
    t[sought <= 0.0] = 0.0
    t.setflags(write=False)
    return t


def _pieces(columns: Columns, start: NDArray[np.intp]) -> Numbers:
    """Return the four points (N, 4, 2), frame and value, of the Bezier pieces from some keys (N,), as Blender draws."""
    first, last = columns["co"][start].astype(np.float64), columns["co"][start + 1].astype(np.float64)
    span = (last - first)[:, :1]
    leaving = shortened(columns["handle_right"][start].astype(np.float64) - first, span)
    arriving = shortened(columns["handle_left"][start + 1].astype(np.float64) - last, span)
    return np.stack([first, first + leaving, last + arriving, last], axis=1)


def _blossom(points: Numbers, a: Numbers, b: Numbers, c: Numbers) -> Numbers:
    """Return the blossoms (N, 2) of Bezier pieces (N, 4, 2) at three parameters (N,) each."""
    for part in (a, b, c):
        points = points[:, :-1] + part[:, None, None] * (points[:, 1:] - points[:, :-1])
    return points[:, 0]


def _inside(times: NDArray[np.floating], first: float, last: float) -> NDArray[np.bool_]:
    return (times >= first - SAME_FRAME) & (times <= last + SAME_FRAME)
