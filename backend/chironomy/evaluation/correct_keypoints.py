# SPDX-License-Identifier: GPL-3.0-or-later
"""PCK: the share of keypoints that are close to the truth's. Higher is closer to one recorded performance.

    PCK = 1 / (T J) * sum_{t,j} [ |x_tj - y_tj| < delta ],   delta = 0.1 m,

with delta as in Ye et al. 2022 ("Audio-driven stylized gesture generation with flow-based model") in metres, which is
what EMO2's Table 1 names; TalkSHOW and others threshold normalised coefficients instead. A model that samples well
scores below one that gives the mean pose, so PCK says little alone.
"""

import numpy as np
from numpy.typing import ArrayLike

from chironomy.evaluation.errors import EvaluationError

THRESHOLD_METRES = 0.1


def correct_keypoints(points: ArrayLike, truth: ArrayLike, threshold: float = THRESHOLD_METRES) -> float:
    """PCK, 0..1, of points (T, ..., 3) against the truth's, in metres, over the frames that both have.

    Raises:
        EvaluationError: the two do not have the same joints.
    """
    given, wanted = np.asarray(points, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if given.ndim < 2 or given.shape[1:] != wanted.shape[1:]:
        raise EvaluationError(
            f"points of shape {given.shape} are not comparable with a truth of shape {wanted.shape}; "
            "give the same joints at the same frame rate"
        )
    frames = min(len(given), len(wanted))
    distance = np.linalg.norm(given[:frames] - wanted[:frames], axis=-1)
    return float(np.mean(distance < threshold))
