# SPDX-License-Identifier: GPL-3.0-or-later
"""DIV: how different several motions for one clip are. Higher is more diverse.

    DIV = 2 / (S (S - 1)) * sum_{i < j} d(x_i, x_j)

over the S samples of one clip. With d the mean absolute difference over frames, joints and coordinates this is the DIV
of TalkSHOW's code (`diversity` in its `evaluation/metrics.py`; Yi et al. 2023), which EMO2's Table 1 follows. Its value
depends on what x is: here x are keypoints in metres (`chironomy.evaluation.keypoints`), so values compare with each
other and not with tables on other skeletons.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.evaluation.errors import EvaluationError

Array = NDArray[np.float64]


def diversity_l1(samples: ArrayLike) -> float:
    """DIV with d the mean absolute difference of coordinates, in metres, of samples (S, T, ..., 3)."""
    return _mean_over_pairs(samples, np.abs)


def diversity_l2(samples: ArrayLike) -> float:
    """DIV with d the mean Euclidean distance of points, in metres, of samples (S, T, ..., 3)."""
    return _mean_over_pairs(samples, lambda difference: np.linalg.norm(difference, axis=-1))


def _mean_over_pairs(samples: ArrayLike, distance: Callable[[Array], Any]) -> float:
    array = np.asarray(samples, dtype=np.float64)
    if array.ndim < 3 or len(array) < 2:
        raise EvaluationError(
            f"samples of shape {array.shape} have no diversity; give two or more of points, (S, T, ..., 3)"
        )
    # Against all later samples at once: the mean over pairs is the mean over rows, weighted by their number.
    rows = [(len(array) - i - 1, float(np.mean(distance(array[i + 1 :] - array[i])))) for i in range(len(array) - 1)]
    counts, means = np.array(rows).T
    return float(np.average(means, weights=counts))
