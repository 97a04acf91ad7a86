# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a hand is behind the body, where nobody who talks gestures. Lower is better; 0 is right.

    share = frames in which the middle of a hand is more than 0.1 m behind the shoulders / frames,

in the frame of the body, whose back is 7 to 10 cm behind them.
"""

import numpy as np

from chironomy.body.pose import hand_local_keypoints
from chironomy.body.rig import load_rig
from chironomy.gesture.score.check import BEHIND
from chironomy.motion.hand_motion import HandMotion


def behind_body(motion: HandMotion) -> float:
    """The share of frames, 0 to 1, in which a hand of a motion is behind the body."""
    middle = [
        motion.wrist_position[:, hand] + hand_local_keypoints(load_rig(), hand, motion.rotation[:, hand]).mean(axis=1)
        for hand in range(2)
    ]
    return float((np.stack(middle, axis=1)[..., 2] < BEHIND).any(axis=1).mean())
