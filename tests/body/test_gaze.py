# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes look at the lens, whatever the head does, and are never quite still."""

import numpy as np
import pytest

from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.errors import BodyError
from chironomy.body.gaze import look, look_range
from chironomy.body.pose import bind_pose
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.motion import FaceTrack, HandMotion
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS

FPS = 24.0
LENS = np.array([0.3, 0.1, 2.5])


@pytest.fixture(scope="module")
def character():
    return load_rig()


def blank(frames):
    return FaceTrack(FPS, np.zeros((frames, len(FACE_ACTIONS))))


def pupil_directions(rig, pose, face):
    """(T, 2, 3) where the pupils stand from the middle of their eyes, unit vectors in the frame of the body."""
    pupil = np.unique(rig.faces[rig.region_faces("pupil")])
    found = []
    for name in ("eye.L", "eye.R"):
        eye = rig.index(name)
        own = pupil[np.sign(rig.vertices[pupil, 0]) == np.sign(rig.joint_position[eye, 0])]
        points = skin(rig, pose.joint_rotation, pose.joint_position, face.values, own).mean(axis=1)
        away = points - pose.joint_position[:, eye]
        found.append(away / np.linalg.norm(away, axis=-1, keepdims=True))
    return np.stack(found, axis=1)


def test_the_pupils_turn_to_the_lens(character):
    rig = character
    pose = bind_pose(rig, 240, FPS)
    before = pupil_directions(rig, pose, blank(240))
    after = pupil_directions(rig, pose, look(rig, blank(240), pose, LENS, seed=1))
    for eye, name in enumerate(("eye.L", "eye.R")):
        wanted = LENS - rig.joint_position[rig.index(name)]
        turned = np.degrees(
            np.arctan2(after[:, eye, 0], after[:, eye, 2]) - np.arctan2(before[:, eye, 0], before[:, eye, 2])
        )
        assert np.median(turned) == pytest.approx(np.degrees(np.arctan2(wanted[0], wanted[2])), abs=1.5)


def test_the_eyes_go_against_the_head(character):
    motion = HandMotion(
        FPS,
        np.tile([[0.2, -0.3, 0.3], [-0.2, -0.3, 0.3]], (120, 1, 1)),
        np.tile(quaternion.IDENTITY, (120, 2, 16, 1)),
        np.ones((120, 2)),
    )
    pose = accompanied_pose(character, motion, accompany(character, motion, lens=LENS, seed=2))
    face = look(character, blank(120), pose, LENS, seed=2)
    head = quaternion.to_rotation_vector(pose.joint_rotation[:, character.index("head")])[:, 1]
    eye = face.action("eyeLookOutLeft") - face.action("eyeLookInLeft")
    assert np.corrcoef(head, eye)[0, 1] < -0.2


def test_there_are_small_jumps_and_rests_between_them(character):
    pose = bind_pose(character, 24 * 60, FPS)
    face = look(character, blank(24 * 60), pose, [0, 0.23, 2.8], seed=4)
    sideways = face.action("eyeLookOutLeft") - face.action("eyeLookInLeft")
    moved = np.abs(np.diff(sideways)) > 1e-3
    assert 30 < moved.sum() < 150
    assert np.degrees(np.abs(sideways).max() * look_range(character, "eyeLookOutLeft")) < 10
    assert np.array_equal(face.values, look(character, blank(24 * 60), pose, [0, 0.23, 2.8], seed=4).values)


def test_the_rest_of_the_face_stays(character):
    values = np.random.default_rng(0).uniform(0, 1, (12, len(FACE_ACTIONS)))
    face = look(character, FaceTrack(FPS, values), bind_pose(character, 12, FPS), LENS)
    other = [index for index, name in enumerate(FACE_ACTIONS) if not name.startswith("eyeLook")]
    assert np.array_equal(face.values[:, other], values[:, other])


def test_what_does_not_fit_is_said(character):
    with pytest.raises(BodyError, match="the face has 3 frames, but the pose has 4"):
        look(character, blank(3), bind_pose(character, 4, FPS), LENS)
    with pytest.raises(BodyError, match="the lens is at"):
        look(character, blank(4), bind_pose(character, 4, FPS), [np.nan, 0, 1])
