# SPDX-License-Identifier: GPL-3.0-or-later
"""Cubic splines with few knots: where the knots lie, and the values and slopes there that fit all frames best."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

# Half-width, frames, of the cubic least-squares window that gives slopes (Savitzky and Golay, 1964).
_SLOPE_WINDOW = 3
# Weight of a frame that the spline must pass through, against 1 for the others; and of the samples' slopes, which
# settle intervals without a frame inside.
_EXACT_WEIGHT = 1e8
_SLOPE_WEIGHT = 1e-4


def hermite(s: Array, length: Array | float) -> Array:
    """Return the weights (..., 4) of value and slope at the start, value and slope at the end, at the parts `s`."""
    ss, sss = s * s, s * s * s
    return np.stack(
        [2.0 * sss - 3.0 * ss + 1.0, length * (sss - 2.0 * ss + s), 3.0 * ss - 2.0 * sss, length * (sss - ss)], axis=-1
    )


def slopes_of(values: Array) -> Array:
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


def cheapest_knots(cost: Array) -> Frames:
    """Return the knots of the cheapest chain of intervals from the first frame to the last.

    Args:
        cost: (T, lengths) of an interval from a frame on, by its length less 1; inf where there is none.
    """
    count, longest = cost.shape
    best = np.full(count + longest, np.inf)
    best[0] = 0.0
    previous = np.zeros(count + longest, dtype=np.int64)
    for start in range(count - 1):
        ends = slice(start + 1, start + 1 + longest)
        totals = best[start] + cost[start]
        # Of equally cheap ways the one with the shorter last interval.
        better = totals <= best[ends]
        np.copyto(best[ends], totals, where=better)
        np.copyto(previous[ends], start, where=better)
    knots = [count - 1]
    while knots[-1] > 0:
        knots.append(int(previous[knots[-1]]))
    return np.array(knots[::-1], dtype=np.int64)


def fitted(values: Array, knots: Frames, exact: Frames) -> tuple[Array, Array]:
    """Return the values and slopes at the knots, (K, C) each, whose cubics lie best on all frames.

    Args:
        values: (T, C).
        knots: (K,) increasing, the first and the last frame among them.
        exact: knots at which the values are those of the frames.
    """
    count, channels = values.shape
    spans = np.diff(knots)
    piece = np.searchsorted(knots[1:-1], np.arange(count), side="right")
    basis = hermite((np.arange(count) - knots[piece]) / spans[piece], spans[piece].astype(np.float64))
    weight = np.ones(count)
    weight[exact] = _EXACT_WEIGHT

    # Normal equations: 2 x 2 blocks (value, slope) on the diagonal and beside it.
    weighted = weight[:, None] * basis
    products = np.add.reduceat(weighted[:, :, None] * basis[:, None, :], knots[:-1])
    targets = np.add.reduceat(weighted[:, :, None] * values[:, None, :], knots[:-1])
    diagonal, right = np.zeros((len(knots), 2, 2)), np.zeros((len(knots), 2, channels))
    diagonal[:-1] += products[:, :2, :2]
    diagonal[1:] += products[:, 2:, 2:]
    right[:-1] += targets[:, :2]
    right[1:] += targets[:, 2:]
    diagonal[:, 1, 1] += _SLOPE_WEIGHT
    right[:, 1] += _SLOPE_WEIGHT * slopes_of(values)[knots]

    solution = _solve_block_tridiagonal(diagonal, products[:, :2, 2:], right)
    held = np.isin(knots, exact)
    solution[held, 0] = values[knots[held]]
    return solution[:, 0], solution[:, 1]


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
