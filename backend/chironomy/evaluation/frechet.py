# SPDX-License-Identifier: GPL-3.0-or-later
"""The Fréchet distance between two clouds of features, each taken for a normal distribution. Lower is nearer.

    d² = |mu_a - mu_b|² + tr(S_a + S_b - 2 (S_a^(1/2) S_b S_a^(1/2))^(1/2))

(Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500, as FID). It is the squared distance, as the field reports
it, in the squared unit of the features.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError

Array = NDArray[np.float64]


def frechet_distance(a: Array, b: Array) -> float:
    """The squared distance between features (N, D) and (M, D), N and M at least 2.

    Raises:
        EvaluationError: there are too few rows, or the two have different features.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise EvaluationError(
            f"features of shape {a.shape} and {b.shape} have no distance; give two or more rows of the same ones"
        )
    return frechet_of_moments(a.mean(axis=0), np.cov(a, rowvar=False), b.mean(axis=0), np.cov(b, rowvar=False))


def frechet_of_moments(mean_a: Array, covariance_a: Array, mean_b: Array, covariance_b: Array) -> float:
    """The same from means (D,) and covariances (D, D)."""
    covariance_a, covariance_b = np.atleast_2d(covariance_a), np.atleast_2d(covariance_b)
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    # The product is symmetric, so the trace of its root is the sum of the roots of its eigenvalues.
    between = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ covariance_b @ root), 0.0)).sum()
    apart = float(np.sum((np.asarray(mean_a) - np.asarray(mean_b)) ** 2))
    return max(apart + float(np.trace(covariance_a) + np.trace(covariance_b)) - 2 * float(between), 0.0)
