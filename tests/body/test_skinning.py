# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh in a pose."""

from collections.abc import Callable

import numpy as np
import pytest

from chironomy.body import BodyError, Rig, bind_pose, skin, solve_pose, vertex_normals
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from chironomy.motion.hand_motion import HandMotion


def face(**values: float) -> np.ndarray:
    track = np.zeros(len(FACE_ACTIONS))
    for name, value in values.items():
        track[FACE_ACTIONS.index(name)] = value
    return track


def with_face(rig: Rig, **values: float) -> np.ndarray:
    bind = bind_pose(rig)
    return skin(rig, bind.joint_rotation[0], bind.joint_position[0], face(**values))


def opening(rig: Rig, vertices: np.ndarray) -> float:
    """How far the lips are apart in the middle of the mouth, in metres."""
    lips = np.unique(rig.faces[rig.region_faces("lips")])
    lips = lips[np.abs(rig.vertices[lips, 0]) < 0.004]
    heights = np.sort(vertices[lips, 1])
    return float(np.diff(heights).max())


def lid_gap(rig: Rig, vertices: np.ndarray) -> float:
    lashes = np.unique(rig.faces[rig.region_faces("lashes")])
    eye = rig.joint_position[rig.index("eye.L"), 1]
    return float(vertices[lashes, 1].max() - eye)


def test_the_bind_pose_gives_the_rigs_own_vertices(rig: Rig) -> None:
    bind = bind_pose(rig)
    skinned = skin(rig, bind.joint_rotation[0], bind.joint_position[0])
    np.testing.assert_allclose(skinned, rig.vertices, atol=1e-6)


def test_vertices_are_the_weighted_mean_of_where_their_joints_take_them(
    rig: Rig, random_motion: Callable[..., HandMotion]
) -> None:
    pose = solve_pose(rig, random_motion(1))
    expected = np.zeros((rig.vertex_count, 3))
    for slot in range(4):
        joint = rig.weight_joint[:, slot]
        arm = rig.vertices - rig.joint_position[joint]
        place = quaternion.apply(pose.joint_rotation[0, joint], arm) + pose.joint_position[0, joint]
        expected += rig.weight[:, slot, None] * place
    np.testing.assert_allclose(skin(rig, pose.joint_rotation[0], pose.joint_position[0]), expected, atol=1e-6)


def test_frames_skinned_together_are_as_skinned_alone(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    pose = solve_pose(rig, random_motion(3))
    values = np.random.default_rng(0).uniform(size=(3, 52))
    together = skin(rig, pose.joint_rotation, pose.joint_position, values)
    for frame in range(3):
        alone = skin(rig, pose.joint_rotation[frame], pose.joint_position[frame], values[frame])
        np.testing.assert_array_equal(together[frame], alone)


def test_a_subset_of_vertices_is_that_part_of_all(rig: Rig, random_motion: Callable[..., HandMotion]) -> None:
    pose, values = solve_pose(rig, random_motion(1)), np.full((1, 52), 0.3)
    whole = skin(rig, pose.joint_rotation, pose.joint_position, values)
    for some in (np.array([5, 900, 4000, -1]), np.arange(700), np.zeros(0, np.int64)):
        part = skin(rig, pose.joint_rotation, pose.joint_position, values, vertex_subset=some)
        np.testing.assert_allclose(part, whole[:, some], atol=1e-6)


def test_an_open_jaw_opens_the_mouth_and_closed_lips_shut_it_again(rig: Rig) -> None:
    rest, opened = opening(rig, with_face(rig)), opening(rig, with_face(rig, jawOpen=0.7))
    assert rest < 0.004
    assert opened > 0.012
    assert opening(rig, with_face(rig, jawOpen=0.7, mouthClose=0.7)) < 0.5 * opened


def test_pucker_and_funnel_narrow_the_mouth(rig: Rig) -> None:
    lips = np.unique(rig.faces[rig.region_faces("lips")])
    rest = np.ptp(rig.vertices[lips, 0])
    for action in ("mouthPucker", "mouthFunnel"):
        assert np.ptp(with_face(rig, **{action: 1.0})[lips, 0]) < 0.9 * rest


def test_blinking_brings_the_upper_lid_down(rig: Rig) -> None:
    assert lid_gap(rig, with_face(rig, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)) < lid_gap(rig, with_face(rig)) - 0.004


def test_looking_up_turns_the_eyeballs_up(rig: Rig) -> None:
    pupils = np.unique(rig.faces[rig.region_faces("pupil")])
    raised = with_face(rig, eyeLookUpLeft=1.0, eyeLookUpRight=1.0)
    assert raised[pupils, 1].mean() > rig.vertices[pupils, 1].mean() + 0.001


def test_a_smile_lifts_the_corners_of_the_mouth(rig: Rig) -> None:
    lips = np.unique(rig.faces[rig.region_faces("lips")])
    corner = lips[np.argmax(rig.vertices[lips, 0])]
    smiling = with_face(rig, mouthSmileLeft=1.0, mouthSmileRight=1.0)
    assert smiling[corner, 1] > rig.vertices[corner, 1] + 0.003
    assert smiling[corner, 0] > rig.vertices[corner, 0]


def test_brows_go_with_the_skin_under_them(rig: Rig) -> None:
    brows = np.unique(rig.faces[rig.region_faces("brows")])
    raised = with_face(rig, browInnerUp=1.0, browOuterUpLeft=1.0, browOuterUpRight=1.0)
    assert raised[brows, 1].mean() > rig.vertices[brows, 1].mean() + 0.003


def test_normals_are_unit_and_point_out_of_the_body(rig: Rig) -> None:
    normals = vertex_normals(rig.vertices, rig.faces)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)
    top = np.unique(rig.faces[rig.region_faces("top")])
    trunk = top[(np.abs(rig.vertices[top, 0]) < 0.1) & (rig.vertices[top, 1] < -0.1)]
    outwards = rig.vertices[trunk] * [1.0, 0.0, 1.0]
    assert (np.sum(normals[trunk] * outwards, axis=1) > 0.0).mean() > 0.98


def test_arrays_of_the_wrong_shape_are_refused_by_name(rig: Rig) -> None:
    bind = bind_pose(rig)
    with pytest.raises(BodyError, match="joint_rotation has shape"):
        skin(rig, bind.joint_rotation[0, :5], bind.joint_position[0, :5])
    with pytest.raises(BodyError, match="joint_position has shape"):
        skin(rig, bind.joint_rotation[0], bind.joint_position)
    with pytest.raises(BodyError, match=r"face_values has shape \(51,\)"):
        skin(rig, bind.joint_rotation[0], bind.joint_position[0], np.zeros(51))
