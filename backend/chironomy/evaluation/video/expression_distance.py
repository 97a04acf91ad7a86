# SPDX-License-Identifier: GPL-3.0-or-later
"""E-FID, stand-in: how far the range of expressions is from the reference videos'. Lower is nearer; 0 is the same.

EMO and EMO2 take the Fréchet distance between expression parameters of a face reconstruction (Tian et al. 2024,
arXiv 2402.17485, section 4.2, after Deng et al. 2019's network, whose expression has 64 numbers). That network is not
free to ship. In its place stand 64 numbers of mediapipe's face mesh: 32 points of lips, lids and brows, brought by a
similarity transform onto the eyes and nose, in % of the distance of the outer corners of the eyes, less their median
over the video, so that whose face it is does not count. A smile that is held throughout does not count either, and a
head that turns far changes the numbers. Never compare it with a paper's E-FID.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.video.face_shape import MOVING, aligned_faces

NUMBERS = 2 * len(MOVING)


def expressions(faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T', 64) of the found ones of the faces (T, 478, 2) of one video."""
    aligned = aligned_faces(faces)
    if len(aligned) == 0:
        return np.zeros((0, NUMBERS))
    moving = aligned[:, list(MOVING)].reshape(len(aligned), NUMBERS) * 100
    return moving - np.median(moving, axis=0)
