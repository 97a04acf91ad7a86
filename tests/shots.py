# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded character in small takes."""

import numpy as np
import pytest

from chironomy.body.pose import solve_pose
from chironomy.body.rig import Rig, load_rig
from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.shot import Media, Shot
from takes import FPS, hands_before_the_chest, write_tone


@pytest.fixture(scope="session")
def rig() -> Rig:
    return load_rig()


@pytest.fixture(scope="session")
def shot(rig: Rig) -> Shot:
    """Six silent frames, 256 by 352 pixels, lips shut."""
    hands = hands_before_the_chest(6)
    face = FaceTrack(FPS, np.zeros((6, len(FACE_ACTIONS))))
    return Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 256, 352))


@pytest.fixture(scope="session")
def speaking_shot(shot: Shot, tmp_path_factory: pytest.TempPathFactory) -> Shot:
    """The same with an open mouth in frame 3 and a quarter of a second of sound."""
    values = np.zeros((6, len(FACE_ACTIONS)))
    values[3, FACE_ACTIONS.index("jawOpen")] = 0.6
    sound = write_tone(tmp_path_factory.mktemp("sound") / "tone.wav", 0.25)
    return shot.replaced(face=FaceTrack(FPS, values), speech=Media.from_file(sound))
