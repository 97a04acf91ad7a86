# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded character in small takes."""

import numpy as np
import pytest
from takes import FPS, hands_before_the_chest, write_tone

from chironomy.body.rig import Rig, load_rig
from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS
from chironomy.video.shot import Media, Shot, shot_from_motion


@pytest.fixture(scope="session")
def rig() -> Rig:
    return load_rig()


@pytest.fixture(scope="session")
def shot(rig: Rig) -> Shot:
    """Six silent frames, 256 by 352 pixels, lips shut."""
    return shot_from_motion(hands_before_the_chest(6), width=256, height=352, rig=rig)


@pytest.fixture(scope="session")
def speaking_shot(shot: Shot, tmp_path_factory: pytest.TempPathFactory) -> Shot:
    """The same with an open mouth in frame 3 and a quarter of a second of sound."""
    values = np.zeros((6, len(FACE_ACTIONS)))
    values[3, FACE_ACTIONS.index("jawOpen")] = 0.6
    sound = write_tone(tmp_path_factory.mktemp("sound") / "tone.wav", 0.25)
    return shot.replaced(face=FaceTrack(FPS, values), speech=Media.from_file(sound))
