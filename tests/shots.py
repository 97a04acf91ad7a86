# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded character in small takes."""

from pathlib import Path

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
    return small_silent_shot(rig)


@pytest.fixture(scope="session")
def speaking_shot(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    """The same with an open mouth in frame 3 and a quarter of a second of sound."""
    return small_speaking_shot(tmp_path_factory.mktemp("sound"))


def small_silent_shot(rig: Rig) -> Shot:
    """As the fixture `shot`."""
    hands = hands_before_the_chest(6)
    face = FaceTrack(FPS, np.zeros((6, len(FACE_ACTIONS))))
    return Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 256, 352))


def small_speaking_shot(folder: Path) -> Shot:
    """As the fixture `speaking_shot`; its sound is written into a folder."""
    values = np.zeros((6, len(FACE_ACTIONS)))
    values[3, FACE_ACTIONS.index("jawOpen")] = 0.6
    sound = write_tone(folder / "tone.wav", 0.25)
    return small_silent_shot(load_rig()).replaced(face=FaceTrack(FPS, values), speech=Media.from_file(sound))
