# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand AKD: how far the hands in the picture are from where they were asked. Lower is better; this is the edit's test.

    AKD = 1 / N * sum |p_thk - q_thk|,   in % of the picture's height,

the average keypoint distance (Siarohin et al. 2019, "First Order Motion Model", section 4.1, there in pixels) between
the points p that mediapipe finds and the projections q of the asked track's joints and tips, over the N points of the
hands that were found and asked for, inside the picture. Hands that were not found have no distance, so the figure is
read beside the share of hands found.

Part of it is the detector's: mediapipe puts wrists and knuckles on the skin and a joint lies under it, and its points
themselves scatter. On renders of the very mesh whose joints are asked, which have no other error, it is about 0.6 %.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError


def asked_inside(asked: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """(T, 2) hands all of whose points (T, 2, 21, 2) are asked for inside the picture; NaN is outside."""
    with np.errstate(invalid="ignore"):
        inside = (asked >= 0) & (asked <= [width, height])
    return inside.all(axis=(2, 3))


def hand_keypoint_distance(hands: NDArray[np.float64], asked: NDArray[np.float64], width: int, height: int) -> float:
    """AKD in % of the height, of found points (T, 2, 21, 2) from asked ones, both in pixels; NaN where none compare.

    Raises:
        EvaluationError: the two are not of the same frames.
    """
    if hands.shape != asked.shape:
        raise EvaluationError(
            f"points of shape {hands.shape} cannot be compared with asked ones of shape {asked.shape}; give the shot "
            "that the video was rendered from"
        )
    compared = asked_inside(asked, width, height) & np.isfinite(hands).all(axis=(2, 3))
    if not compared.any():
        return float("nan")
    return float(np.linalg.norm(hands[compared] - asked[compared], axis=-1).mean() * 100 / height)
