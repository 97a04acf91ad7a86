# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters along the first axis, on numpy alone: the numbers of `scipy.ndimage` with its mode "nearest".

The ends are held: what lies before the first value equals it, and so at the end. Blender brings no scipy.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_REACH = 4.0
"""Standard deviations after which a Gaussian is cut, as in scipy."""


def gaussian(curve: NDArray[Any], sigma: float) -> Array:
    """(T, …) smoothed by a Gaussian of this standard deviation in values; 0 leaves it as it is."""
    radius = int(_REACH * sigma + 0.5)
    if radius == 0:
        return np.array(curve, np.float64)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return convolved(curve, kernel / kernel.sum())


def convolved(curve: NDArray[Any], kernel: Array) -> Array:
    """(T, …) weighted means by an odd number of weights, the middle one of which is for the value itself."""
    curve = np.asarray(curve, np.float64)
    columns = _held(curve, len(kernel) // 2).reshape(len(curve) + len(kernel) - 1, -1)
    result = np.empty((len(curve), columns.shape[1]))
    for column in range(columns.shape[1]):
        result[:, column] = np.convolve(columns[:, column], kernel, "valid")
    return result.reshape(curve.shape)


def maximum(curve: NDArray[Any], size: int) -> Array:
    """(T, …) the highest of an odd number of values around each."""
    curve = np.asarray(curve, np.float64)
    high, width = _held(curve, size // 2), 1
    # The highest of `width` values from each on; twice as many follow from two of these.
    while 2 * width <= size:
        high, width = np.maximum(high[:-width], high[width:]), 2 * width
    rest = size - width
    return np.maximum(high[: len(high) - rest], high[rest:]) if rest else high


def minimum(curve: NDArray[Any], size: int) -> Array:
    """(T, …) the lowest of an odd number of values around each."""
    return -maximum(-np.asarray(curve, np.float64), size)


def _held(curve: Array, count: int) -> Array:
    return np.pad(curve, [(count, count)] + [(0, 0)] * (curve.ndim - 1), mode="edge")
