# SPDX-License-Identifier: GPL-3.0-or-later
"""Cubic splines with few knots that stay within a tolerance of dense tracks at every frame.

Two steps. `place_knots` finds, by dynamic programming, the fewest knots between which single cubics through the
samples stay within a multiple of the tolerance; `fit_spline` then lets the values and slopes at the knots move to fit
all frames by least squares (which about halves the error, hence the multiple) and adds knots where that is not enough.
The approach is that of Schneider's curve fitting (Graphics Gems, 1990), with the recursion replaced by the optimum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
# Starting frames that are tried at once, to bound memory on long clips.
_BLOCK = 4096
# Half-width, frames, of the cubic least-squares window that gives slopes (Savitzky and Golay, 1964).
_SLOPE_WINDOW = 3
# Weight of a frame that the spline must pass through, against 1 for the others; and of the samples' slopes, which
# settle intervals without a frame inside.
_EXACT_WEIGHT = 1e8
_SLOPE_WEIGHT = 1e-4


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


def place_knots(tracks: Sequence[Track], required: Frames) -> Frames:
    """Choose knots for tracks that share them: the first and last frame, the `required` ones, and as few as may be."""
    values = np.concatenate([track.values for track in tracks], axis=1)
    count = len(values)
    if count == 1 or (len(required) == 0 and np.ptp(values, axis=0).max() < 1e-9):
        return np.zeros(1, dtype=np.int64)
    longest = min(_LONGEST, count - 1)
    slopes = _slopes(values)
    # The next required frame after each frame: no interval may pass over it.
    limits = np.append(required[required > 0], count - 1)
    limit = limits[np.searchsorted(limits, np.arange(count), side="right").clip(max=len(limits) - 1)]
    misfit = np.full((longest + 1, count), np.inf)
    misfit[1] = 0.0
    for start in range(0, count - 1, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, count - 1))
        _measure_intervals(tracks, values, slopes, block, limit, misfit)
    return _fewest(misfit, count)


def fit_spline(tracks: Sequence[Track], knots: Frames, required: Frames) -> tuple[Frames, Array, Array]:
    """Fit values and slopes at `knots` to all frames, adding knots until every frame is within its tolerance.

    Returns:
        Knots (K,), values (K, C) and slopes (K, C) a frame, the tracks' channels one after the other. At the
        `required` frames the values are the samples themselves.
    """
    values = np.concatenate([track.values for track in tracks], axis=1)
    frames = np.arange(len(values))
    knots = np.union1d(knots, required)
    if len(knots) == 1:
        return knots, values[knots], np.zeros_like(values[knots])
    slopes = _slopes(values)
    while True:
        fitted_values, fitted_slopes, fitted = _least_squares(values, slopes, knots, required)
        excess = excess_of(tracks, fitted, frames)
        if np.all(excess <= 1.0):
            return knots, fitted_values, fitted_slopes
        more = _with_more_knots(knots, excess)
        if len(more) == len(knots):
            # Every frame is a key: what is left is rounding, below any tolerance that makes sense.
            return knots, fitted_values, fitted_slopes
        knots = more


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


def _measure_intervals(
    tracks: Sequence[Track], values: Array, slopes: Array, starts: Frames, limit: Frames, misfit: Array
) -> None:
    """Set `misfit[length, start]` to the excess of the cubic from `start` over `length` frames, where it is allowed."""
    missed = np.zeros(len(starts), dtype=np.int64)
    for length in range(2, len(misfit)):
        going = (starts + length <= limit[starts]) & (missed < _MISSES)
        starts, missed = starts[going], missed[going]
        if len(starts) == 0:
            return
        inside = np.arange(1, length)
        if len(inside) > _LOOKS:
            inside = np.unique(np.linspace(1, length - 1, _LOOKS).round().astype(np.int64))
        weights = _hermite(inside / length, length)
        ends = np.stack([values[starts], slopes[starts], values[starts + length], slopes[starts + length]], axis=1)
        excess = excess_of(tracks, weights @ ends, starts[:, None] + inside).max(axis=1)
        fits = excess <= _SLACK
        misfit[length, starts[fits]] = excess[fits]
        missed = np.where(fits, 0, missed + 1)


def _fewest(misfit: Array, count: int) -> Frames:
    """Return the knots of the cheapest chain of intervals from the first frame to the last."""
    # An interval costs one, and a little more the worse it fits: of equally many knots, the better placed.
    cost = 1.0 + 0.2 * (misfit / _SLACK) ** 2
    best = np.full(count, np.inf)
    best[0] = 0.0
    previous = np.zeros(count, dtype=np.int64)
    # costs_by_end[end, length]: so that the inner step reads one row.
    lengths = np.arange(1, len(misfit))
    ends = np.arange(count)[:, None] - lengths
    costs_by_end = np.where(ends >= 0, cost[lengths, np.maximum(ends, 0)], np.inf)
    for end in range(1, count):
        reach = min(len(lengths), end)
        totals = best[end - reach : end][::-1] + costs_by_end[end, :reach]
        choice = int(np.argmin(totals))
        best[end], previous[end] = totals[choice], end - choice - 1
    knots = [count - 1]
    while knots[-1] > 0:
        knots.append(int(previous[knots[-1]]))
    return np.array(knots[::-1], dtype=np.int64)


def _least_squares(values: Array, slopes: Array, knots: Frames, required: Frames) -> tuple[Array, Array, Array]:
    """Return the best values and slopes at the knots, (K, C) each, and the spline at every frame, (T, C)."""
    count, channels = values.shape
    frames = np.arange(count)
    piece = np.clip(np.searchsorted(knots, frames, side="right") - 1, 0, len(knots) - 2)
    length = np.diff(knots)[piece].astype(np.float64)
    basis = _hermite((frames - knots[piece]) / length, length)
    weight = np.ones(count)
    weight[required] = _EXACT_WEIGHT

    # Normal equations: 2 x 2 blocks (value, slope) on the diagonal and beside it.
    products = weight[:, None, None] * basis[:, :, None] * basis[:, None, :]
    targets = weight[:, None, None] * basis[:, :, None] * values[:, None, :]
    diagonal, beside = np.zeros((len(knots), 2, 2)), np.zeros((len(knots) - 1, 2, 2))
    right = np.zeros((len(knots), 2, channels))
    np.add.at(diagonal, piece, products[:, :2, :2])
    np.add.at(diagonal, piece + 1, products[:, 2:, 2:])
    np.add.at(beside, piece, products[:, :2, 2:])
    np.add.at(right, piece, targets[:, :2])
    np.add.at(right, piece + 1, targets[:, 2:])
    diagonal[:, 1, 1] += _SLOPE_WEIGHT
    right[:, 1] += _SLOPE_WEIGHT * slopes[knots]

    solution = _solve_block_tridiagonal(diagonal, beside, right)
    exact = np.isin(knots, required)
    solution[exact, 0] = values[knots[exact]]
    ends = np.concatenate([solution[piece], solution[piece + 1]], axis=1)
    return solution[:, 0], solution[:, 1], np.einsum("ti,tic->tc", basis, ends)


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


def _with_more_knots(knots: Frames, excess: Array) -> Frames:
    """Add a knot to every interval in which a frame misses its tolerance, where it misses most."""
    frames = np.arange(len(excess))
    piece = np.clip(np.searchsorted(knots, frames, side="right") - 1, 0, len(knots) - 2)
    added = []
    for index in np.unique(piece[excess > 1.0]):
        first, last = int(knots[index]), int(knots[index + 1])
        if last - first > 1:
            inside = np.arange(first + 1, last)
            part = (inside - first) / (last - first)
            # Not too near the ends, where a knot helps little.
            added.append(int(inside[np.argmax(excess[inside] * np.sqrt(part * (1.0 - part)))]))
            continue
        # Two frames in a row are knots and still missed: the intervals beside them pull too hard.
        for neighbour in (index - 1, index + 1):
            if 0 <= neighbour < len(knots) - 1 and knots[neighbour + 1] - knots[neighbour] > 1:
                added.append(int(knots[neighbour] + knots[neighbour + 1]) // 2)
    return np.union1d(knots, np.array(added, dtype=np.int64))
