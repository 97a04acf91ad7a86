# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hands are in the picture."""

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import filters
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.hand_shape import NOMINAL_HAND

# A hand counts as hidden once it is this far below the edge, and as seen again at the edge.
_BAND = 0.02
# A hand is hidden where it stays below for longer than twice the first; the second opens the gap a little, so that it
# is shown before it appears and until after it has gone.
_SHORT_SECONDS, _EARLY_SECONDS = 0.25, 0.1

REACH_SECONDS = 2 * _SHORT_SECONDS + _EARLY_SECONDS
"""Frames farther away than this have no part in whether a hand is seen, but by `Visibility`'s memory of the edge."""


class Visibility:
    """Says hand by hand whether it is in a picture that ends at a height, part by part.

    Args:
        height: of the lower edge, metres in the frame of the body.
    """

    def __init__(self, height: float):
        self.height = height
        self.hidden: NDArray[np.bool_] | None = None

    def confidence(self, motion: HandMotion, start: int, stop: int) -> NDArray[np.float64]:
        """(stop - start, 2) 1 where a hand is seen or about to be, 0 where it stays out of the picture.

        Args:
            motion: the frames asked for and, where there are any, those within `REACH_SECONDS` of them.
            start: the first frame that is asked for; it follows the last of the call before.
            stop: the frame after the last.
        """
        top = np.maximum(motion.wrist_position[..., 1], NOMINAL_HAND.fingertips(motion)[..., 1].max(axis=2))
        short, early = round(_SHORT_SECONDS * motion.fps), round(_EARLY_SECONDS * motion.fps)
        # Closing what is short, then a little more: highest within the time, then lowest of these.
        top = filters.maximum(top, 2 * (short + early) + 1)
        top = filters.minimum(top, 2 * short + 1)[start:stop]
        hidden = top[0] < self.height if self.hidden is None else self.hidden
        seen = np.empty(top.shape)
        for frame, heights in enumerate(top):
            hidden = heights < np.where(hidden, self.height, self.height - _BAND)
            seen[frame] = ~hidden
        self.hidden = hidden
        return seen
