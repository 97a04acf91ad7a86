# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the joints and tips of the hands are, so that motions are compared in metres and not in angles.

All metrics on positions use the character's own hands (`chironomy.body.rig`): a motion from a dataset is measured as
these hands would make it, so that a person's hand size and `betas` do not enter. SMPL-X files are read by
`chironomy.motion.files.load_motion`, which places wrists over a nominal arm in the frame of the upper chest; nothing
else of the body is compared.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import hand_local_keypoints
from chironomy.body.rig import load_rig
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion

WRIST = 0
FINGERTIPS = slice(len(MANO_JOINTS), len(MANO_JOINTS) + 5)
"""Where the five tips stand among the 21 points of a hand."""


def keypoints(motion: HandMotion) -> NDArray[np.float64]:
    """(T, 2, 21, 3) metres in the frame of the body: MANO's 16 joints and five tips of each hand (`KEYPOINT_NAMES`).

    Wrists are where the motion has them, also beyond the character's reach.
    """
    rig = load_rig()
    local = np.stack([hand_local_keypoints(rig, hand, motion.rotation[:, hand]) for hand in range(2)], axis=1)
    return local + motion.wrist_position[:, :, None]
