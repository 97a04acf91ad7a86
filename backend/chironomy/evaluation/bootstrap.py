# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidence intervals by resampling, so that a figure over few recordings does not look surer than it is.

Rows that share a recording are not independent. The two-level bootstrap first draws recordings with replacement, then
rows of each drawn recording (Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8); the
interval is that of the percentiles.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def format(self, digits: int = 2) -> str:
        """`0.71 (0.68 to 0.75)`."""
        return f"{self.value:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def interval(
    rows: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float] = lambda rows: float(np.mean(rows)),
    groups: ArrayLike | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """The statistic of rows (N, ...) with its 95 % interval.

    Args:
        rows: what is resampled along its first axis.
        statistic: of rows (N, ...), one number.
        groups: (N,) which recording each row belongs to; by default each row is one of its own.
        resamples: how often.
        seed: of the resampling.
    """
    table = np.asarray(rows, dtype=np.float64)
    random = np.random.default_rng(seed)
    labels = np.arange(len(table)) if groups is None else np.asarray(groups)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    values = []
    for _ in range(resamples):
        drawn = [members[i] for i in random.integers(0, len(members), len(members))]
        picked = np.concatenate([group[random.integers(0, len(group), len(group))] for group in drawn])
        values.append(statistic(table[picked]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Interval(float(statistic(table)), float(low), float(high))
