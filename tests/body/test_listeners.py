# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens looks at who speaks, and nods as they pause."""

from itertools import pairwise

import numpy as np
import pytest

from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.errors import BodyError
from chironomy.body.gaze import look
from chironomy.body.listening import Aims, answers
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from takes import hands_before_the_chest

FPS = 24
NOW = np.arange(24 * FPS) / FPS
HEARD = [(0.5, 3.0), (3.8, 7.0), (7.6, 11.0), (12.0, 15.0), (15.9, 20.0)]


def facing(rig, motion, body):
    """(T, 2) degrees by which the head is turned to the person's left and down, in the frame of the body."""
    turn = accompanied_pose(rig, motion, body).joint_rotation[:, rig.index("head")]
    ahead = quaternion.apply(turn, np.array([0.0, 0.0, 1.0]))
    return np.degrees(np.stack([np.arctan2(ahead[:, 0], ahead[:, 2]), -np.arcsin(ahead[:, 1])], axis=-1))


def downs(curve):
    """Seconds at which a head that nods is lowest."""
    pitch = curve[:, 0]
    return NOW[1:-1][(pitch[1:-1] > pitch[:-2]) & (pitch[1:-1] >= pitch[2:]) & (pitch[1:-1] > 1.0)]


@pytest.mark.parametrize("seed", range(8))
def test_nods_come_as_the_other_pauses(seed):
    nods = downs(answers(np.random.default_rng(seed), NOW, HEARD))
    first = [min(nods[nods > end], default=np.inf) - end for _, end in HEARD]
    answered = [late for late in first if late < 0.5]
    assert len(answered) >= 2
    # Each of a run of nods begins in the pause that it answers.
    assert all(any(-0.05 < nod - end < 1.6 for _, end in HEARD) for nod in nods)


def test_two_pauses_never_go_by_without_a_nod():
    for seed in range(40):
        nods = downs(answers(np.random.default_rng(seed), NOW, HEARD))
        answered = [any(0.0 < nod - end < 0.5 for nod in nods) for _, end in HEARD]
        assert all(one or other for one, other in pairwise(answered))


def test_who_is_about_to_speak_answers_by_speaking():
    own = [(end + 0.3, end + 0.7) for _, end in HEARD]
    assert not answers(np.random.default_rng(0), NOW, HEARD, own).any()


def test_nobody_is_heard_and_nothing_is_nodded_at(rig):
    motion = hands_before_the_chest(48)
    alone = accompany(rig, motion, seed=3)
    assert np.array_equal(alone.head, accompany(rig, motion, seed=3, heard=()).head)


def test_the_head_nods_and_the_hands_stay(rig):
    motion = hands_before_the_chest(len(NOW))
    still, made = (accompany(rig, motion, seed=3, heard=heard) for heard in ((), HEARD))
    down = (facing(rig, motion, made) - facing(rig, motion, still))[:, 1]
    assert 3.0 < down.max() < 12.0
    wrist = [rig.arm_joints(hand)[4] for hand in range(2)]
    pose = accompanied_pose(rig, motion, made).joint_position[:, wrist]
    np.testing.assert_allclose(pose, motion.wrist_position, atol=1e-6)


@pytest.mark.parametrize("degrees", [-75.0, -50.0, 50.0, 75.0])
def test_who_stands_far_aside_is_looked_at_with_head_and_eyes(rig, degrees):
    motion = hands_before_the_chest(48)
    eyes = rig.joint_position[[rig.index("eye.L"), rig.index("eye.R")]].mean(axis=0)
    place = eyes + 1.5 * np.array([np.sin(np.radians(degrees)), 0.0, np.cos(np.radians(degrees))])
    body = accompany(rig, motion, lens=place, seed=1)
    turned = np.median(facing(rig, motion, body)[:, 0])
    assert np.sign(turned) == np.sign(degrees)
    assert abs(degrees) - 28.0 < abs(turned) < abs(degrees)
    pose = accompanied_pose(rig, motion, body)
    face = look(rig, FaceTrack(FPS, np.zeros((48, len(FACE_ACTIONS)))), pose, place, seed=1)
    out, into = (face.action(name) for name in ("eyeLookOutLeft", "eyeLookInLeft"))
    assert np.median(out if degrees > 0 else into) > 0.3


def test_who_speaks_next_is_looked_at_next(rig):
    motion = hands_before_the_chest(96)
    aims = Aims([0.0, 2.0], [[-1.0, 0.2, 1.0], [1.0, 0.2, 1.0]])
    body = accompany(rig, motion, lens=aims.at(np.arange(96) / FPS), seed=1)
    turned = facing(rig, motion, body)[:, 0]
    assert turned[:36].max() < -12.0
    assert turned[60:].min() > 12.0


def test_aims_are_kept_in_a_file(tmp_path):
    Aims([0.5, 2.0], [[0, 0, 1], [1, 0, 1]]).save(tmp_path / "aims.npz")
    back = Aims.load(tmp_path / "aims.npz")
    assert back.at([0.0, 0.6, 1.99, 2.0, 9.0])[:, 0].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("seconds", "place"), [([], np.zeros((0, 3))), ([0.0], [[0.0, 1.0]]), ([1.0, 0.0], np.zeros((2, 3)))]
)
def test_aims_that_are_none_are_refused(seconds, place):
    with pytest.raises(BodyError, match="aims"):
        Aims(seconds, place)
