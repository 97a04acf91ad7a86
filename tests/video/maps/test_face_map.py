# SPDX-License-Identifier: GPL-3.0-or-later
"""The face drawing speaks, blinks and looks with the face actions."""

import numpy as np
import pytest

from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import Camera
from chironomy.video.maps import face_map

OUTER_LIPS, PUPIL, JAW = (100, 255, 50), (255, 255, 255), (120, 120, 120)


@pytest.fixture
def draw(shot):
    """Draws a close-up with some face actions."""
    camera = Camera(256, 256, 1000.0, np.array([0.0, 0.225, 1.4]))

    def drawn(**actions):
        values = np.zeros((shot.hands.frame_count, len(FACE_ACTIONS)))
        for name, value in actions.items():
            values[:, FACE_ACTIONS.index(name)] = value
        return face_map(shot.replaced(face=FaceTrack(shot.fps, values), camera=camera), 0)

    return drawn


def places(image, colour):
    """(n, 2) columns and rows of the pixels in that colour."""
    return np.argwhere((image == colour).all(axis=-1))[:, ::-1]


def test_the_mouth_opens(draw):
    shut, wide = (np.ptp(places(draw(jawOpen=value), OUTER_LIPS)[:, 1]) for value in (0.0, 0.6))
    assert wide > 1.5 * shut


def test_the_lips_round(draw):
    flat, round_ = (np.ptp(places(draw(mouthPucker=value), OUTER_LIPS)[:, 0]) for value in (0.0, 1.0))
    assert round_ < 0.9 * flat


def test_the_jaw_falls_with_the_mouth(draw):
    assert places(draw(jawOpen=0.6), JAW)[:, 1].max() > places(draw(), JAW)[:, 1].max() + 3


def test_a_shut_eye_has_no_pupil(draw):
    right, left = (places(draw(eyeBlinkRight=value), PUPIL)[:, 0] < 128 for value in (0.0, 1.0))
    assert right.any()
    assert not left.any()
    assert (~left).any(), "the left eye stays open"


def test_the_pupils_go_where_the_eyes_look(draw):
    ahead, aside = (
        places(draw(eyeLookOutLeft=value, eyeLookInRight=value), PUPIL)[:, 0].mean() for value in (0.0, 1.0)
    )
    assert aside > ahead + 1, "to the person's left, the picture's right"
