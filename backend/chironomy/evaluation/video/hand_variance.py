# SPDX-License-Identifier: GPL-3.0-or-later
"""HKV: how much the hands move about in the picture. As the asked track is best; alone, more is livelier.

    HKV = 1 / (2 · 21) * sum_{h,k} (Var_t x_thk + Var_t y_thk),   in (% of the picture's height)²,

over the frames in which the hand was found. CyberHost (Lin et al. 2024, arXiv 2409.01876) brought it in as the variance
of hand keypoints within a video, for the richness of hand movement, and EchoMimicV2 and EMO2 report it; none says in
what unit, and the figures show that it is not the same one: 25 in EchoMimicV2 (arXiv 2411.10061), 0.15 to 0.20 in
EMO2's Table 2 (arXiv 2501.10687). The unit here makes it independent of the picture's size and shape. Never compare it
with a paper's.

A hand that flickers or jumps raises HKV as a lively one does, so it is read beside HKC and, where the hands were asked
for, as a part of the asked track's own HKV over the same frames: 1 is that what was asked was done.
"""

import numpy as np
from numpy.typing import NDArray

FEWEST_FRAMES = 8
"""Frames in which a hand must be found, for a variance to be worth saying."""


def hand_keypoint_variance(hands: NDArray[np.float64], height: int) -> float:
    """HKV of points (T, 2, 21, 2) in pixels of a picture of that height; hands not found are NaN.

    A hand found in fewer than `FEWEST_FRAMES` frames is left out; NaN where both are.
    """
    values = []
    for hand in range(hands.shape[1]):
        points = hands[:, hand]
        found = points[np.isfinite(points).all(axis=(1, 2))] * (100 / height)
        if len(found) >= FEWEST_FRAMES:
            values.append(found.var(axis=0).sum(axis=-1).mean())
    return float(np.mean(values)) if values else float("nan")


def variance_against_asked(hands: NDArray[np.float64], asked: NDArray[np.float64], height: int) -> float:
    """HKV as a part of that of the asked points (T, 2, 21, 2), over the frames and hands that both have.

    NaN where the asked hands do not move, as in a still picture.
    """
    both = np.isfinite(hands).all(axis=(2, 3)) & np.isfinite(asked).all(axis=(2, 3))
    shown = both[..., None, None]
    wanted = hand_keypoint_variance(np.where(shown, asked, np.nan), height)
    if not wanted > 0:
        return float("nan")
    return hand_keypoint_variance(np.where(shown, hands, np.nan), height) / wanted
