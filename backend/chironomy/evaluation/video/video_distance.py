# SPDX-License-Identifier: GPL-3.0-or-later
"""FID and FVD: how far the look of the videos is from that of the reference videos. Lower is nearer; 0 is the same.

Both are the Fréchet distance (`chironomy.evaluation.frechet`, squared, in squared units of the features) between two
clouds of features: FID of single frames (Heusel et al. 2017, arXiv 1706.08500), FVD of clips of 16 frames, one every 8
(Unterthiner et al. 2018, arXiv 1812.01717). In what space is said by the extractor (`chironomy.evaluation.video.
extractors`), whose name goes with every figure.

Both are biased upwards by few samples: with fewer samples than features the covariance cannot even be of full rank, and
papers use thousands. So a floor is measured: the distance between the reference's even and odd stretches, which are of
one distribution. A distance near its floor says that nothing was found, and distances of sets of different sizes are
not comparable. Resampling would raise the distance itself, so there is no bootstrap interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.frechet import frechet_distance

FEWEST_FRAMES = 32
FEWEST_CLIPS = 8
"""Samples on either side below which nothing is said."""

_STRETCH = 8
"""Samples that follow each other and are kept together in the floor: neighbouring frames are nearly the same."""


@dataclass(frozen=True)
class VideoDistance:
    """A Fréchet distance and what it was measured from.

    Attributes:
        value: squared units of the features.
        floor: the distance of the reference's own halves; NaN with fewer than two stretches.
        samples: frames or clips of the videos.
        reference_samples: of the reference.
        numbers: features a sample.
    """

    value: float
    floor: float
    samples: int
    reference_samples: int
    numbers: int

    @property
    def full_rank(self) -> bool:
        """Whether both sides have more samples than features."""
        return min(self.samples, self.reference_samples) > self.numbers


def video_distance(
    features: Sequence[NDArray[np.float64]], reference: Sequence[NDArray[np.float64]], fewest: int, what: str
) -> VideoDistance:
    """The distance of videos, given as each one's features (N, D), from reference videos.

    Args:
        features: of the videos.
        reference: of the reference videos.
        fewest: samples that either side must have.
        what: the samples are, for the message.

    Raises:
        EvaluationError: one side has too few samples.
    """
    given, wanted = (
        np.concatenate([rows for rows in side if len(rows)] or [np.zeros((0, 1))]) for side in (features, reference)
    )
    for rows, holder in ((given, "the videos hold"), (wanted, "the reference holds")):
        if len(rows) < fewest:
            raise EvaluationError(f"{holder} {len(rows)} {what} and {fewest} are needed; give longer videos or more")
    stretch = np.arange(len(wanted)) // _STRETCH
    even, odd = wanted[stretch % 2 == 0], wanted[stretch % 2 == 1]
    floor = frechet_distance(even, odd) if min(len(even), len(odd)) >= 2 else float("nan")
    return VideoDistance(frechet_distance(given, wanted), floor, len(given), len(wanted), given.shape[1])
