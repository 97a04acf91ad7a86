# SPDX-License-Identifier: GPL-3.0-or-later
"""Cubic splines with few knots that stay within a tolerance of dense tracks at every frame.

Two steps. `place_knots` finds, by dynamic programming, the fewest knots between which single cubics through the
samples stay within a multiple of the tolerance; `fit_splines` then lets the values and slopes at the knots move to fit
all frames by least squares (which about halves the error, hence the multiple) and adds knots where that is not enough.
The approach is that of Schneider's curve fitting (Graphics Gems, 1990), with the recursion replaced by the optimum.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

# How far the samples' own cubics may miss the tolerance before the least-squares fit. Measured on minimum-jerk gestures
# with drift and noise (multiples 1 to 8 tried): 2 leaves the fewest keys, a quarter fewer than 1.
_SLACK = 2.0
# Longest interval between knots, frames; and at how many frames at most a candidate interval is looked at (the fit
# looks at all of them).
_LONGEST = 96
_LOOKS = 16
# Candidate intervals from one knot are dropped after so many lengths in a row that fail.
_MISSES = 3
# Starting frames that are tried at once, so that what is read and written lies in the processor's cache; and how many
# costs of intervals are held at once, to bound memory on long clips.
_BLOCK = 2048
_MEMORY = 8_000_000
# Frames that are fitted together, so that the work on a knot does not drown in that of calling numpy, nor memory in it.
_TOGETHER = 1 << 14
# Half-width, frames, of the cubic least-squares window that gives slopes (Savitzky and Golay, 1964).
_SLOPE_WINDOW = 3
# Weight of a frame that the spline must pass through, against 1 for the others; and of the samples' slopes, which
# settle intervals without a frame inside.
_EXACT_WEIGHT = 1e8
_SLOPE_WEIGHT = 1e-4


class Spline(NamedTuple):
    """Cubics that meet at knots with their values and slopes.

    Attributes:
        knots: (K,) frames.
        values: (K, C).
        slopes: (K, C) a frame.
        everywhere: (T, C) the spline at every frame.
    """

    knots: Frames
    values: Array
    slopes: Array
    everywhere: Array


@dataclass(frozen=True)
class Track:
    """Dense values with the error that is allowed at each frame.

    Attributes:
        values: (T, C); where `rotation`, (T, 4) unit quaternions, continuous.
        tolerance: (T,) in the unit of the values (length of the difference), or radians where `rotation`.
        rotation: whether the error is the angle between rotations, the spline's quaternions being normalised.
    """

    values: Array
    tolerance: Array
    rotation: bool

    def excess(self, fitted: Array, frames: Frames) -> Array:
        """Return the error of `fitted` (..., C) at `frames` (...), 1 where it just reaches the tolerance."""
        wanted, tolerance = self.values[frames], self.tolerance[frames]
        if not self.rotation:
            return np.sqrt(np.sum((fitted - wanted) ** 2, axis=-1)) / tolerance
        along = np.sum(fitted * wanted, axis=-1)
        across = np.sqrt(np.maximum(np.sum(fitted * fitted, axis=-1) - along**2, 0.0))
        # Twice the tangent of the half angle, which is more than the angle; beyond 180 degrees there is no bound.
        return np.where(along > 0.0, 2.0 * across / np.where(along > 0.0, along, 1.0), np.inf) / tolerance


def place_knots(bundles: Sequence[Sequence[Track]], required: Sequence[Frames]) -> list[Frames]:
    """Choose knots for bundles of tracks that share them: the first and last frame, the required ones, and few others.

    There are as few as may be. Bundles of the same form are looked at together, which is quicker than one by one.

    Args:
        bundles: of each the tracks that share their knots.
        required: of each bundle the frames that must be knots.
    """
    knots = [np.zeros(1, dtype=np.int64)] * len(bundles)
    alike: dict[tuple[object, ...], list[int]] = {}
    for index, (tracks, frames) in enumerate(zip(bundles, required, strict=True)):
        count = len(tracks[0].values)
        still = all(np.ptp(track.values, axis=0).max() < 1e-9 for track in tracks)
        if count > 1 and (len(frames) or not still):
            alike.setdefault(_form(tracks), []).append(index)
    for indices in alike.values():
        count = len(bundles[indices[0]][0].values)
        size = max(1, _MEMORY // (count * min(_LONGEST, count)))
        for first in range(0, len(indices), size):
            chosen = indices[first : first + size]
            cost = _interval_costs([bundles[index] for index in chosen], [required[index] for index in chosen])
            for index, found in zip(chosen, _fewest(cost), strict=True):
                knots[index] = found
    return knots


def fit_splines(
    bundles: Sequence[Sequence[Track]], knots: Sequence[Frames], required: Sequence[Frames]
) -> list[Spline]:
    """Fit values and slopes at knots to all frames, adding knots until every frame is within its tolerance.

    Bundles of the same form are fitted together, which is quicker than one by one.

    Args:
        bundles: of each the tracks that share their knots.
        knots: of each bundle, from `place_knots`.
        required: of each bundle the frames that must be knots.

    Returns:
        Of each bundle a spline of the tracks' channels one after the other. At the `required` frames its values are the
        samples themselves.
    """
    fitted = dict[int, Spline]()
    begun = [np.union1d(*each) for each in zip(knots, required, strict=True)]
    alike: dict[tuple[object, ...], list[int]] = {}
    for index, (tracks, own) in enumerate(zip(bundles, begun, strict=True)):
        if len(own) > 1:
            alike.setdefault(_form(tracks), []).append(index)
            continue
        values = np.concatenate([track.values for track in tracks], axis=1)
        fitted[index] = Spline(own, values[own], np.zeros_like(values[own]), values[own].repeat(len(values), axis=0))
    for indices in alike.values():
        count = len(bundles[indices[0]][0].values)
        size = max(1, _TOGETHER // count)
        for first in range(0, len(indices), size):
            chosen = indices[first : first + size]
            found = _fit_alike(
                [bundles[index] for index in chosen],
                # A still bundle has one knot, and may get another that is required of it: then it needs its ends too.
                [np.union1d(begun[index], [0, count - 1]) for index in chosen],
                [required[index] for index in chosen],
            )
            fitted |= dict(zip(chosen, found, strict=True))
    return [fitted[index] for index in range(len(bundles))]


def _form(tracks: Sequence[Track]) -> tuple[object, ...]:
    """Return what bundles must have in common to be looked at together."""
    return (len(tracks[0].values), *((track.rotation, track.values.shape[1]) for track in tracks))


def _fit_alike(bundles: Sequence[Sequence[Track]], knots: Sequence[Frames], required: Sequence[Frames]) -> list[Spline]:
    """Return what `fit_splines` does of bundles of one form, each with two knots or more."""
    count = len(bundles[0][0].values)
    slopes = [np.concatenate([_slopes(track.values) for track in tracks], axis=1) for tracks in bundles]
    own, fitted = list(knots), dict[int, Spline]()
    left = list(range(len(bundles)))
    while left:
        tracks = [_joined([bundles[index][number] for index in left]) for number in range(len(bundles[0]))]
        pieces = _Pieces.of([own[index] for index in left], count)
        at_knots, slope_at_knots, everywhere = _least_squares(
            np.concatenate([track.values for track in tracks], axis=1),
            np.concatenate([slopes[index] for index in left]),
            pieces,
            _in_a_row([required[index] for index in left], count),
        )
        more = _with_more_knots(pieces, excess_of(tracks, everywhere, np.arange(len(everywhere))), count)
        going = []
        for place, index in enumerate(left):
            here, found = pieces.knots // count == place, more[more // count == place] - place * count
            if len(found) > len(own[index]):
                own[index] = found
                going.append(index)
                continue
            # Every frame is near enough, or a key, and what is left is rounding, below any tolerance that makes sense.
            own_frames = everywhere[place * count : (place + 1) * count]
            fitted[index] = Spline(own[index], at_knots[here], slope_at_knots[here], own_frames)
        left = going
    return [fitted[index] for index in range(len(bundles))]


def _joined(tracks: Sequence[Track]) -> Track:
    """Return tracks of one form as one, their frames following each other."""
    values = np.concatenate([track.values for track in tracks])
    return Track(values, np.concatenate([track.tolerance for track in tracks]), tracks[0].rotation)


def _in_a_row(frames: Sequence[Frames], count: int) -> Frames:
    """Return frames of several bundles as places in a row where the bundles' `count` frames follow each other."""
    return np.concatenate([own + place * count for place, own in enumerate(frames)])


def excess_of(tracks: Sequence[Track], fitted: Array, frames: Frames) -> Array:
    """Return the largest excess (...) of the tracks whose channels lie one after the other in `fitted` (..., C)."""
    worst = np.zeros(fitted.shape[:-1])
    first = 0
    for track in tracks:
        last = first + track.values.shape[1]
        worst = np.maximum(worst, track.excess(fitted[..., first:last], frames))
        first = last
    return worst


def _hermite(s: Array, length: Array | float) -> Array:
    """Return the weights (..., 4) of value and slope at the start, value and slope at the end, at the parts `s`."""
    ss, sss = s * s, s * s * s
    return np.stack(
        [2.0 * sss - 3.0 * ss + 1.0, length * (sss - 2.0 * ss + s), 3.0 * ss - 2.0 * sss, length * (sss - ss)], axis=-1
    )


def _slopes(values: Array) -> Array:
    """Return the slopes (T, C) a frame of `values` (T, C): of the cubic fitted to the frames around each."""
    count = len(values)
    if count <= 2 * _SLOPE_WINDOW:
        return np.gradient(values, axis=0) if count > 1 else np.zeros_like(values)
    window = np.arange(-_SLOPE_WINDOW, _SLOPE_WINDOW + 1)
    weights = np.linalg.pinv(np.vander(window, 4, increasing=True).astype(np.float64))[1]
    # Beyond the ends the track goes on point-symmetrically, which keeps its slope.
    before = 2.0 * values[:1] - values[_SLOPE_WINDOW:0:-1]
    after = 2.0 * values[-1:] - values[-2 : -_SLOPE_WINDOW - 2 : -1]
    padded = np.concatenate([before, values, after])
    return np.stack([weight * padded[i : i + count] for i, weight in enumerate(weights)]).sum(axis=0)


def _interval_costs(bundles: Sequence[Sequence[Track]], required: Sequence[Frames]) -> Array:
    """Return (T, B, lengths) what an interval from a frame on costs by its length less 1; inf where it does not fit.

    It costs one, and a little more the worse it fits: of equally many knots, the better placed.
    """
    count = len(bundles[0][0].values)
    # The bundles' frames follow each other in one row, which no interval leaves: it passes over no required frame.
    limits = []
    for index, frames in enumerate(required):
        ends = np.append(frames[frames > 0], count - 1)
        after = np.searchsorted(ends, np.arange(count), side="right").clip(max=len(ends) - 1)
        limits.append(index * count + ends[after])
    parts = [
        _Row.of([tracks[number] for tracks in bundles], bundles[0][number].rotation)
        for number in range(len(bundles[0]))
    ]
    limit = np.concatenate(limits)
    starts = np.flatnonzero(limit >= np.arange(len(limit)) + 2)
    fitting = [
        each
        for first in range(0, len(starts), _BLOCK)
        for each in _measured_intervals(parts, starts[first : first + _BLOCK], limit, min(_LONGEST, count - 1))
    ]
    # As wide as the longest that fits: most tracks have far shorter ones than may be.
    cost = np.full((count, len(bundles), max((length for length, *_ in fitting), default=1)), np.inf)
    cost[:-1, :, 0] = 1.0
    for length, places, worst in fitting:
        bundle, frame = np.divmod(places, count)
        cost[frame, bundle, length - 1] = 1.0 + 0.2 * worst / _SLACK**2
    return cost


@dataclass(frozen=True)
class _Row:
    """The same track of several bundles, one after the other, by channels, as the inner loop reads it.

    Attributes:
        values: (C, N).
        slopes: (C, N) a frame.
        sharpness: (N,) one by the square of the tolerance.
        rotation: as in `Track`.
        even: whether the tolerance of each bundle is the same in all its frames.
    """

    values: Array
    slopes: Array
    sharpness: Array
    rotation: bool
    even: bool

    @classmethod
    def of(cls, tracks: Sequence[Track], rotation: bool) -> "_Row":
        values = np.concatenate([track.values for track in tracks])
        slopes = np.concatenate([_slopes(track.values) for track in tracks])
        tolerance = np.concatenate([track.tolerance for track in tracks])
        even = all(np.ptp(track.tolerance) == 0.0 for track in tracks)
        channels, along = np.ascontiguousarray(values.T), np.ascontiguousarray(slopes.T)
        return cls(channels, along, 1.0 / np.square(tolerance), rotation, even)

    def worst(self, starts: Frames, length: int, inside: Frames, weights: Array) -> Array:
        """Return (n,) the square of the largest excess of the cubics from `starts` over `length`, as `Track.excess`."""
        at = inside[:, None] + starts
        stops = starts + length
        total, along = np.zeros(at.shape), np.zeros(at.shape)
        ends, wanted = np.empty((4, len(starts))), np.empty(at.shape)
        for value, slope in zip(self.values, self.slopes, strict=True):
            for row, (curve, where) in enumerate(((value, starts), (slope, starts), (value, stops), (slope, stops))):
                curve.take(where, out=ends[row], mode="clip")
            fitted = weights @ ends
            value.take(at, out=wanted, mode="clip")
            if self.rotation:
                wanted *= fitted
                along += wanted
            else:
                fitted -= wanted
            fitted *= fitted
            total += fitted
        sharpness = self.sharpness[starts] if self.even else self.sharpness.take(at, out=wanted, mode="clip")
        if not self.rotation:
            total *= sharpness
            return total.max(axis=0)
        # Four times the square of the tangent of the half angle; beyond 180 degrees there is no bound.
        beyond = along <= 0.0
        along *= along
        total -= along
        if beyond.any():
            along[beyond], total[beyond] = 1.0, np.inf
        total /= along
        total *= sharpness
        return 4.0 * total.max(axis=0)


@functools.cache
def _looks(length: int) -> tuple[Frames, Array]:
    """Return the frames (L,) at which an interval is looked at, from its start, and their Hermite weights (L, 4)."""
    inside = np.arange(1, length)
    if len(inside) > _LOOKS:
        inside = np.unique(np.linspace(1, length - 1, _LOOKS).round().astype(np.int64))
    return inside, _hermite(inside / length, length)


def _measured_intervals(
    rows: Sequence[_Row], starts: Frames, limit: Frames, longest: int
) -> Iterator[tuple[int, Frames, Array]]:
    """Yield lengths, the places in the row from which intervals of that length fit, and how badly those do."""
    missed = np.zeros(len(starts), dtype=np.int64)
    for length in range(2, longest + 1):
        going = (starts + length <= limit[starts]) & (missed < _MISSES)
        starts, missed = starts[going], missed[going]
        if len(starts) == 0:
            return
        inside, weights = _looks(length)
        worst = functools.reduce(np.maximum, [row.worst(starts, length, inside, weights) for row in rows])
        fits = worst <= _SLACK**2
        if fits.any():
            yield length, starts[fits], worst[fits]
        missed = np.where(fits, 0, missed + 1)


def _fewest(cost: Array) -> list[Frames]:
    """Return of each bundle the knots of the cheapest chain of intervals from the first frame to the last."""
    count, bundles, longest = cost.shape
    best = np.full((bundles, count + longest), np.inf)
    best[:, 0] = 0.0
    previous = np.zeros((bundles, count + longest), dtype=np.int64)
    for start in range(count - 1):
        ends = slice(start + 1, start + 1 + longest)
        totals = best[:, start, None] + cost[start]
        # Of equally cheap ways the one with the shorter last interval.
        better = totals <= best[:, ends]
        np.copyto(best[:, ends], totals, where=better)
        np.copyto(previous[:, ends], start, where=better)
    found = []
    for before in previous:
        knots = [count - 1]
        while knots[-1] > 0:
            knots.append(int(before[knots[-1]]))
        found.append(np.array(knots[::-1], dtype=np.int64))
    return found


@dataclass(frozen=True)
class _Pieces:
    """The intervals between knots of bundles whose frames follow each other in one row.

    Attributes:
        knots: (K,) places in the row; the first and the last of each bundle are among them.
        first: (I,) number of the knot with which each interval begins; it ends with the next.
        starts: (I,) where it begins in the row.
        spans: (I,) its frames, int.
        piece: (N,) the interval in which each place lies; the end of a bundle lies in its last.
    """

    knots: Frames
    first: Frames
    starts: Frames
    spans: Frames
    piece: Frames

    @classmethod
    def of(cls, bundles: Sequence[Frames], count: int) -> "_Pieces":
        knots = _in_a_row(bundles, count)
        first = np.flatnonzero(knots % count != count - 1)
        starts = knots[first]
        piece = np.searchsorted(starts, np.arange(len(bundles) * count), side="right") - 1
        return cls(knots, first, starts, knots[first + 1] - starts, piece)

    @property
    def parts(self) -> Array:
        """(N,) how far each place lies in its interval, 0..1."""
        return (np.arange(len(self.piece)) - self.starts[self.piece]) / self.spans[self.piece]


def _least_squares(values: Array, slopes: Array, pieces: _Pieces, exact: Frames) -> tuple[Array, Array, Array]:
    """Return the best values and slopes at the knots, (K, C) each, and the spline at every place, (N, C)."""
    channels = values.shape[1]
    knots, first, piece = pieces.knots, pieces.first, pieces.piece
    basis = _hermite(pieces.parts, pieces.spans[piece].astype(np.float64))
    weight = np.ones(len(values))
    weight[exact] = _EXACT_WEIGHT

    # Normal equations: 2 x 2 blocks (value, slope) on the diagonal and beside it; nothing joins one bundle to the next.
    weighted = weight[:, None] * basis
    products = np.add.reduceat(weighted[:, :, None] * basis[:, None, :], pieces.starts)
    targets = np.add.reduceat(weighted[:, :, None] * values[:, None, :], pieces.starts)
    diagonal, right = np.zeros((len(knots), 2, 2)), np.zeros((len(knots), 2, channels))
    diagonal[first] += products[:, :2, :2]
    diagonal[first + 1] += products[:, 2:, 2:]
    beside = np.zeros((len(knots) - 1, 2, 2))
    beside[first] = products[:, :2, 2:]
    right[first] += targets[:, :2]
    right[first + 1] += targets[:, 2:]
    diagonal[:, 1, 1] += _SLOPE_WEIGHT
    right[:, 1] += _SLOPE_WEIGHT * slopes[knots]

    solution = _solve_block_tridiagonal(diagonal, beside, right)
    held = np.isin(knots, exact)
    solution[held, 0] = values[knots[held]]
    ends = np.concatenate([solution[first], solution[first + 1]], axis=1)
    return solution[:, 0], solution[:, 1], np.einsum("ti,tic->tc", basis, ends[piece])


def _solve_block_tridiagonal(diagonal: Array, beside: Array, right: Array) -> Array:
    """Solve a symmetric positive definite block-tridiagonal system by cyclic reduction.

    Args:
        diagonal: (K, b, b) blocks.
        beside: (K - 1, b, b), the block of row k, column k + 1.
        right: (K, b, C).

    Returns:
        (K, b, C). Every second unknown is eliminated at once, which leaves a system of the same kind of half the size.
    """
    if len(diagonal) == 1:
        return np.linalg.solve(diagonal, right)
    beside_t = np.swapaxes(beside, 1, 2)
    inverse = np.linalg.inv(diagonal[1::2])
    # Of each odd row: towards its left even neighbour, and towards its right one where there is one.
    to_left = inverse @ beside_t[0::2]
    to_right = inverse[: len(beside[1::2])] @ beside[1::2]
    known = inverse @ right[1::2]
    even, even_right = diagonal[0::2].copy(), right[0::2].copy()
    lefts, rights = len(to_left), len(to_right)
    even[:lefts] -= beside[0::2] @ to_left
    even_right[:lefts] -= beside[0::2] @ known
    even[1 : rights + 1] -= beside_t[1::2] @ to_right
    even_right[1 : rights + 1] -= beside_t[1::2] @ known[:rights]
    solution = np.empty_like(right)
    solution[0::2] = _solve_block_tridiagonal(even, -beside[0::2][:rights] @ to_right, even_right)
    solution[1::2] = known - to_left @ solution[0::2][:lefts]
    solution[1::2][:rights] -= to_right @ solution[0::2][1 : rights + 1]
    return solution


def _with_more_knots(pieces: _Pieces, excess: Array, count: int) -> Frames:
    """Add a knot to every interval in which a frame misses its tolerance, where it misses most."""
    missed = np.zeros(len(pieces.starts), dtype=np.bool_)
    missed[pieces.piece[excess > 1.0]] = True
    wide = pieces.spans > 1
    # Not too near the ends, where a knot helps little.
    parts = pieces.parts
    worth = excess * np.sqrt(parts * (1.0 - parts))
    worth[pieces.knots] = -1.0
    most = np.maximum.reduceat(worth, pieces.starts)
    places = np.flatnonzero((missed & wide)[pieces.piece] & (worth == most[pieces.piece]))
    _, earliest = np.unique(pieces.piece[places], return_index=True)
    # Two frames in a row are knots and still missed: the intervals beside them pull too hard.
    tight = np.flatnonzero(missed & ~wide)
    beside, bundle = np.concatenate([tight - 1, tight + 1]), np.tile(pieces.starts[tight] // count, 2)
    inside = (beside >= 0) & (beside < len(wide))
    beside, bundle = beside[inside], bundle[inside]
    beside = beside[wide[beside] & (pieces.starts[beside] // count == bundle)]
    middles = pieces.starts[beside] + pieces.spans[beside] // 2
    return np.union1d(pieces.knots, np.concatenate([places[earliest], middles]))
