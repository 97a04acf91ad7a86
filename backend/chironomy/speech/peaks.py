# SPDX-License-Identifier: GPL-3.0-or-later
"""Peaks of a curve and how far they stand out, on numpy alone: what `scipy.signal.find_peaks` finds."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Peaks(NamedTuple):
    """Peaks of a curve, N of them in order.

    Attributes:
        places: (N,) their values' numbers; of a level top, the middle one.
        prominence: (N,) how far one must go down from each to come to a higher value, on the side where that is less.
    """

    places: NDArray[np.intp]
    prominence: NDArray[np.float64]


def find_peaks(curve: NDArray[Any], distance: int = 1, prominence: float = 0.0) -> Peaks:
    """Values that are higher than their neighbours.

    Args:
        curve: (M,) the curve.
        distance: of two peaks that are not so many values apart the lower is left out.
        prominence: peaks that stand out by less are left out.
    """
    curve = np.asarray(curve, np.float64)
    places = _tops(curve)
    if len(places) == 0:
        return Peaks(places, np.zeros(0))
    found = _prominence(curve, places)
    kept = _apart(places, curve[places], distance) & (found >= prominence)
    return Peaks(places[kept], found[kept])


def widths(curve: NDArray[Any], peaks: Peaks, part: float) -> NDArray[np.float64]:
    """(2, N) where a curve crosses, left and right of each peak, the height that lies this part of its prominence down.

    In numbers of values, between two of which the curve is taken to be straight.
    """
    curve = np.asarray(curve, np.float64)
    edges = np.empty((2, len(peaks.places)))
    for index, (place, prominence) in enumerate(zip(peaks.places, peaks.prominence, strict=True)):
        height = curve[place] - part * prominence
        left, right = int(place), int(place)
        while left > 0 and curve[left] > height:
            left -= 1
        while right < len(curve) - 1 and curve[right] > height:
            right += 1
        edges[:, index] = left, right
        if curve[left] < height:
            edges[0, index] += (height - curve[left]) / (curve[left + 1] - curve[left])
        if curve[right] < height:
            edges[1, index] -= (height - curve[right]) / (curve[right - 1] - curve[right])
    return edges


def _tops(curve: NDArray[np.float64]) -> NDArray[np.intp]:
    """Stretches of equal values that are higher than what is beside them on both sides: their middles."""
    begins = np.concatenate([[0], np.flatnonzero(np.diff(curve)) + 1]) if len(curve) else np.zeros(0, np.intp)
    heights, ends = curve[begins], np.append(begins[1:], len(curve)) - 1
    if len(heights) < 3:
        return np.zeros(0, np.intp)
    tops = np.flatnonzero((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])) + 1
    return ((begins[tops] + ends[tops]) // 2).astype(np.intp)


def _prominence(curve: NDArray[np.float64], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """(N,) of all peaks of a curve."""
    # Between two neighbouring peaks the curve falls and then rises, so one lowest value says all of it. The curve's
    # ends bound the search as peaks do.
    nodes = np.concatenate([[0], places, [len(curve) - 1]])
    heights = curve[nodes].tolist()
    valleys = np.minimum.reduceat(curve, nodes[:-1])
    valleys = np.minimum(valleys, curve[nodes[1:]]).tolist()
    left = _lowest_before_higher(heights, valleys)
    right = _lowest_before_higher(heights[::-1], valleys[::-1])[::-1]
    return (np.array(heights) - np.maximum(left, right))[1:-1]


def _lowest_before_higher(heights: list[float], valleys: list[float]) -> list[float]:
    """The lowest value between each node and the last higher one before it; `valleys[k]` lies after node k."""
    lowest = [heights[0]]
    standing = [0]  # nodes, each lower than the one before it in this list
    for node in range(1, len(heights)):
        low = valleys[node - 1]
        while standing and heights[standing[-1]] <= heights[node]:
            low = min(low, lowest[standing.pop()])
        lowest.append(low)
        standing.append(node)
    return lowest


def _apart(places: NDArray[np.intp], heights: NDArray[np.float64], distance: int) -> NDArray[np.bool_]:
    """(N,) which peaks stay when, from the highest on, each drives away those that are too near."""
    kept = np.ones(len(places), bool)
    for index in np.argsort(heights)[::-1]:
        if kept[index]:
            near = slice(*np.searchsorted(places, [places[index] - distance + 1, places[index] + distance]))
            kept[near] = False
            kept[index] = True
    return kept
