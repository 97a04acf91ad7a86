# SPDX-License-Identifier: GPL-3.0-or-later
"""HKC: how surely a detector sees the hands. Higher is better.

    HKC = 1 / (2 T) * sum_{t,h} c_th,   c_th = 0 where hand h is not found in frame t,

after CyberHost (Lin et al. 2024, arXiv 2409.01876), which names it a mean confidence of hand keypoints and takes it for
the quality of hands; EchoMimicV2 (arXiv 2411.10061) and EMO2 (arXiv 2501.10687, Table 2) follow. None of them has
published the computation or the detector, and their scales differ: EchoMimicV2 gives itself 0.92, EMO2's Table 2 gives
it 0.43.

Here the detector is mediapipe's, which has no confidence of single keypoints: c is the score of the hand that it found.
That score says how surely the hand is a left or a right one and is rarely under 0.9, so HKC is mostly the share of
hands that were found at all: a hand whose shape breaks up is not found and counts 0. Compare with figures of this
function only. Hands that are meant to be out of the picture can be left out by `wanted`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def hand_keypoint_confidence(scores: ArrayLike, wanted: NDArray[np.bool_] | None = None) -> float:
    """HKC, 0..1, of scores (T, 2); NaN where no hand is wanted.

    Args:
        scores: 0 where a hand was not found.
        wanted: (T, 2) hands that should be in the picture; all by default.
    """
    values = np.asarray(scores, dtype=np.float64)
    chosen = values.ravel() if wanted is None else values[wanted]
    return float(chosen.mean()) if len(chosen) else float("nan")


def hands_found(scores: ArrayLike, wanted: NDArray[np.bool_] | None = None) -> float:
    """Share of the wanted hands that were found, 0..1; NaN where none is wanted."""
    return hand_keypoint_confidence(np.asarray(scores) > 0, wanted)
