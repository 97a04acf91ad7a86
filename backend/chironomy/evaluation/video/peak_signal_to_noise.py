# SPDX-License-Identifier: GPL-3.0-or-later
"""PSNR: the squared error between a frame and its reference against the largest one possible. Higher is nearer.

    PSNR = 10 log10(255² / MSE)  dB,   MSE over all pixels and the three channels of R'G'B' values 0..255.

The figure of a video is the mean over its frames; a frame equal to its reference, whose PSNR is infinite, counts
`MOST_DECIBELS`.

**EMO2's Table 2 uses another convention.** It has PSNRs of 64 to 68 dB beside SSIMs of 0.58 to 0.75. At 64.6 dB the
mean squared error is 0.02, that of one value in 44 being off by one level: such pictures cannot be told apart, and
their SSIM is 1. With the error taken on values 0..1 while the peak stays 255, every PSNR rises by
20 log10(255) = 48.13 dB, and 64.62 dB is 16.5 dB in the usual convention, which fits the SSIMs. The same table gives
65.13 dB (17.0 dB) to EchoMimicV2, whose own paper (arXiv 2411.10061) reports 21.99 dB with other data. This is an
inference from the figures; the paper does not say. `SHIFT_OF_TABLE_2` is that difference.
"""

import math

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.video.structural_similarity import check_sizes

PEAK = 255.0
MOST_DECIBELS = 100.0
"""What counts for frames that are the same, or in which less than one value in 150,000 is off by one level."""
SHIFT_OF_TABLE_2 = 20 * math.log10(PEAK)
"""Decibels that EMO2's Table 2 most likely lies above this convention."""


def peak_signal_to_noise(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """PSNR in dB of two pictures (height, width, 3) uint8 RGB, `MOST_DECIBELS` at most.

    Raises:
        EvaluationError: the sizes differ.
    """
    check_sizes(frame, reference)
    error = frame.astype(np.float32) - reference.astype(np.float32)
    mean = float(np.mean(np.square(error), dtype=np.float64))
    if mean == 0:
        return MOST_DECIBELS
    return min(10 * math.log10(PEAK**2 / mean), MOST_DECIBELS)
