# SPDX-License-Identifier: GPL-3.0-or-later
"""SSIM: how alike a frame and its reference are in luminance, contrast and structure. 1 is the same picture.

    SSIM(x, y) = (2 mu_x mu_y + C1) (2 s_xy + C2) / ((mu_x² + mu_y² + C1) (s_x² + s_y² + C2)),

with means, variances and covariance under a Gaussian window of 11 by 11 pixels, sigma 1.5, C1 = (0.01 · 255)² and
C2 = (0.03 · 255)²; the figure is the mean over all windows that lie in the picture (Wang, Bovik, Sheikh and Simoncelli
2004, "Image quality assessment: from error visibility to structural similarity", section III).

It is measured on luma alone, Y' = 0.299 R + 0.587 G + 0.114 B of values 0..255 (BT.601), at the pictures' own size.
Libraries differ in channel, window and size, which moves the second digit: compare with figures of this function only.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError

PEAK = 255.0
SIGMA = 1.5
RADIUS = 5
"""Pixels to either side of the window's middle."""
_C1, _C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def structural_similarity(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """SSIM, -1..1, of two pictures (height, width, 3) uint8 RGB.

    Raises:
        EvaluationError: the sizes differ, or a side is under 11 pixels.
    """
    check_sizes(frame, reference)
    if min(frame.shape[:2]) < 2 * RADIUS + 1:
        raise EvaluationError(
            f"a picture of {frame.shape[1]}x{frame.shape[0]} is smaller than SSIM's window of 11x11; give larger ones"
        )
    x, y = luma(frame), luma(reference)
    mean_x, mean_y = _windowed(x), _windowed(y)
    # 32-bit sums leave a variance of flat regions a hair below zero; it is none.
    variance_x = np.maximum(_windowed(x * x) - mean_x**2, 0)
    variance_y = np.maximum(_windowed(y * y) - mean_y**2, 0)
    covariance = _windowed(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    likeness /= (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    return float(likeness.mean(dtype=np.float64))


def luma(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(height, width) Y' of BT.601, 0..255."""
    return (frame.astype(np.float32) @ _LUMA).astype(np.float64)


def check_sizes(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
    """Frames are compared pixel by pixel.

    Raises:
        EvaluationError: the sizes differ.
    """
    if frame.shape != reference.shape:
        raise EvaluationError(
            f"a frame of {frame.shape[1]}x{frame.shape[0]} cannot be compared pixel by pixel with a reference of "
            f"{reference.shape[1]}x{reference.shape[0]}; bring both to one size"
        )


def _windowed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means under the window, where it lies wholly in the picture."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(values, SIGMA, mode="nearest", radius=RADIUS)
    return blurred[RADIUS:-RADIUS, RADIUS:-RADIUS]
