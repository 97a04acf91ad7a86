# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of other builds: sound meshes on the character's topology, each as tall and as thick as it says."""

import numpy as np
import pytest

from chironomy.body.builds import BUILDS, built
from chironomy.body.errors import BodyError

EVERY = pytest.mark.parametrize("name", BUILDS)


def height(rig):
    return float(np.ptp(rig.vertices[:, 1]))


def waist(rig):
    """How wide the clothes are at the joint of the chest."""
    trunk = [rig.index(name) for name in ("spine", "chest", "upper_chest")]
    own = (rig.weight * np.isin(rig.weight_joint, trunk)).sum(axis=1) > 0.9
    around = own & (np.abs(rig.vertices[:, 1] - rig.joint_position[rig.index("chest"), 1]) < 0.03)
    return float(np.ptp(rig.vertices[around, 0]))


def hand(rig):
    return float(np.linalg.norm(rig.joint_tail[rig.index("middle3.L")] - rig.joint_position[rig.index("wrist.L")]))


@EVERY
def test_it_has_the_characters_topology_and_its_origin_between_the_shoulders(rig, name):
    other = built(rig, name)
    assert other.faces is rig.faces
    assert other.joint_names == rig.joint_names
    shoulders = other.joint_position[[other.index("upper_arm.L"), other.index("upper_arm.R")]]
    np.testing.assert_allclose(shoulders.mean(axis=0), 0.0, atol=1e-9)
    mirrored = other.joint_position * [-1.0, 1.0, 1.0]
    for joint, joint_name in enumerate(rig.joint_names):
        if joint_name.endswith(".L"):
            np.testing.assert_allclose(
                mirrored[joint], other.joint_position[rig.index(joint_name[:-1] + "R")], atol=1e-9
            )


@EVERY
def test_no_face_of_the_mesh_is_turned_inside_out(rig, name):
    normals = []
    for each in (rig, built(rig, name)):
        corners = each.vertices[each.faces].astype(np.float64)
        normals.append(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    area = np.linalg.norm(normals[0], axis=1)
    assert ((normals[0] * normals[1]).sum(axis=1) > 0.0)[area > 1e-7].mean() > 0.999


@EVERY
def test_hands_keep_their_shape(rig, name):
    """Lengths from joint to joint of a hand are all larger or smaller by one factor, so every hand pose looks right."""
    joints = rig.hand_joints(0)
    other = built(rig, name)
    own, theirs = (each.joint_position[joints[1:]] - each.joint_position[joints[0]] for each in (rig, other))
    np.testing.assert_allclose(theirs, own * (hand(other) / hand(rig)), atol=1e-9)
    np.testing.assert_allclose(other.arm_lengths[0], other.arm_lengths[1])


def test_each_is_as_it_is_called(rig):
    made = {name: built(rig, name) for name in BUILDS}
    assert 1.0 < height(made["child"]) < 1.3 < height(made["short"]) < 1.65 < height(rig) < 1.8 < height(made["tall"])
    assert waist(made["slim"]) < 0.95 * waist(rig) < 1.1 * waist(rig) < waist(made["heavy"])
    # A child has a large head for its body: about six heads to its height, where the adult has more than seven.
    heads = {}
    for name, each in (("adult", rig), ("child", made["child"])):
        top = each.vertices[:, 1].max()
        heads[name] = height(each) / (top - each.vertices[each.faces[each.region_faces("lips")], 1].min())
    assert heads["child"] < 0.8 * heads["adult"]
    assert hand(made["child"]) < 0.75 * hand(rig)


def test_lids_and_lips_still_meet(rig):
    child = built(rig, "child")
    for action in ("eyeBlinkLeft", "mouthClose", "jawOpen"):
        vertices, offsets = child.action_offsets(action)
        _, own = rig.action_offsets(action)
        scale = np.linalg.norm(offsets, axis=1) / np.linalg.norm(own, axis=1)
        on_head = rig.weight[vertices, 0] > 0.999
        np.testing.assert_allclose(scale[on_head], 0.70 * 1.34, atol=0.01)


def test_another_build_is_refused_by_name(rig):
    with pytest.raises(BodyError, match="there is no build 'giant'; choose one of slim, heavy"):
        built(rig, "giant")
