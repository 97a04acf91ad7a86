# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands alone: what stays of the mesh is the whole character's, moves as that does, and is shut where it was cut."""

import numpy as np
import pytest

from chironomy.body.errors import BodyError
from chironomy.body.figures import CUT, figure, hands_only
from chironomy.body.pose import solve_pose
from chironomy.body.proportions import Proportions, proportioned
from chironomy.body.rig import REGION_NAMES, SIDES
from chironomy.body.skinning import skin


@pytest.fixture(scope="module")
def hands(rig):
    return hands_only(rig)


def along(rig, side, points):
    """How far points lie from the elbow, 0, to the wrist, 1."""
    elbow, wrist = (rig.joint_position[rig.index(f"{joint}.{side}")] for joint in ("forearm", "wrist"))
    return (points - elbow) @ (wrist - elbow) / ((wrist - elbow) @ (wrist - elbow))


def open_edges(mesh, points):
    """The middles of the edges that only one face has, of vertices at one place taken for one."""
    _, one = np.unique(points.round(6), axis=0, return_inverse=True)
    faces = one.reshape(-1)[mesh.faces]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    back = {(b, a) for a, b in edges.tolist()}
    first = np.unique(one.reshape(-1), return_index=True)[1]
    return np.array([points[first[[a, b]]].mean(axis=0) for a, b in edges.tolist() if (a, b) not in back])


def test_there_are_two_hands_and_half_of_their_forearms_and_nothing_else(rig, hands):
    for number, side in enumerate(SIDES):
        own = hands.vertices[(hands.vertices[:, 0] > 0) == (number == 0)]
        place = along(rig, side, own)
        assert place.min() == pytest.approx(CUT, abs=1e-3)
        assert place.max() == pytest.approx(
            along(rig, side, rig.vertices[rig.fingertip_vertex[number]]).max(), abs=0.02
        )
    assert {REGION_NAMES[region] for region in np.unique(hands.regions)} == {"skin", "nails", "top"}
    assert hands.vertex_count < rig.vertex_count / 4


def test_the_joints_are_the_whole_characters(rig, hands):
    assert hands.joint_names == rig.joint_names
    assert np.array_equal(hands.joint_position, rig.joint_position)
    assert hands.floor == rig.floor
    assert figure(rig, "whole") is rig
    assert figure(rig, "hands") is hands


def test_the_sleeve_is_shut_where_it_was_cut(rig, hands):
    for number, side in enumerate(SIDES):
        opened = open_edges(hands, hands.vertices)
        opened = opened[(opened[:, 0] > 0) == (number == 0)]
        # The only openings are those of the whole character: the cuff, and the skin below it.
        assert along(rig, side, opened).min() > CUT + 0.1
    # The lids face away from the hands.
    for number, side in enumerate(SIDES):
        corners = hands.vertices[hands.faces].astype(np.float64)
        flat = np.ptp(along(rig, side, corners), axis=1) < 1e-6
        lid = (
            flat & ((corners[..., 0] > 0).all(axis=1) == (number == 0)) & (along(rig, side, corners)[:, 0] < CUT + 1e-3)
        )
        assert lid.sum() > 10
        normal = np.cross(corners[lid, 1] - corners[lid, 0], corners[lid, 2] - corners[lid, 0])
        assert (along(rig, side, corners[lid, 0] + normal) < CUT).all()


def test_hands_alone_move_as_those_of_the_whole_character(rig, hands, random_motion):
    pose = solve_pose(rig, random_motion(5, seed=3))
    whole = skin(rig, pose.joint_rotation, pose.joint_position)
    alone = skin(hands, pose.joint_rotation, pose.joint_position)
    # Every vertex beyond the rim is one of the whole character's, at the same place in every frame.
    known = {tuple(point): number for number, point in enumerate(rig.vertices.round(6).tolist())}
    pairs = [
        (number, known[tuple(point)])
        for number, point in enumerate(hands.vertices.round(6).tolist())
        if tuple(point) in known
    ]
    ours, theirs = np.array(pairs).T
    assert len(pairs) > 0.97 * hands.vertex_count
    assert np.abs(alone[:, ours] - whole[:, theirs]).max() < 1e-5
    assert np.abs(alone[:, hands.fingertip_vertex] - whole[:, rig.fingertip_vertex]).max() < 1e-5


def test_the_sleeve_stays_shut_when_the_forearm_is_twisted(rig, hands, random_motion):
    pose = solve_pose(rig, random_motion(5, seed=4))
    for points in skin(hands, pose.joint_rotation, pose.joint_position):
        corners = points[hands.faces].astype(np.float64)
        area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=-1)
        # Nothing is torn: no face grows to what no sleeve has.
        assert area.max() < 0.002


def test_larger_hands_are_larger_alone_too(rig, hands):
    large = hands_only(proportioned(rig, Proportions(hands=1.2)))
    assert len(large.faces) == len(hands.faces)
    wrist = rig.joint_position[rig.index("wrist.L")]
    tip = hands.fingertip_vertex[0, 2]
    reach = np.linalg.norm(large.vertices[tip] - wrist) / np.linalg.norm(hands.vertices[tip] - wrist)
    assert reach == pytest.approx(1.2, abs=0.01)


def test_another_figure_is_refused_by_name(rig):
    with pytest.raises(BodyError, match="figure is 'feet', but must be one of whole, hands"):
        figure(rig, "feet")
