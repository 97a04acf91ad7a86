# SPDX-License-Identifier: GPL-3.0-or-later
"""*Add SMPL-X Body*: the body of a person's own model file stands in the scene, and our hands' motion arrives on it."""

import numpy as np
import pytest
from own_characters import apart, shown, wrists_off

bpy = pytest.importorskip("bpy")

MILLIMETRE = 1e-3


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    from smplx_files import model_fields

    path = tmp_path_factory.mktemp("smplx") / "SMPLX_NEUTRAL.npz"
    np.savez(path, **model_fields())
    return path


@pytest.fixture(scope="module")
def added(addon, model_file):
    assert bpy.ops.chironomy.add_smplx_body(filepath=str(model_file)) == {"FINISHED"}
    return bpy.context.scene.chironomy.own_character


def test_it_stands_on_the_floor_with_its_joints_where_the_file_has_them(addon, added):
    from chironomy.body.smplx_body import JOINT_NAMES
    from smplx_files import joints, model_fields

    wanted = joints() - [0.0, model_fields()["v_template"][:, 1].min(), 0.0]
    heads = np.array([added.data.bones[name].head_local for name in JOINT_NAMES])
    np.testing.assert_allclose(heads, wanted[:, [0, 2, 1]] * [1.0, -1.0, 1.0], atol=1e-6)
    (skin,) = added.children
    assert min(vertex.co.z for vertex in skin.data.vertices) == pytest.approx(0.0, abs=1e-6)


def test_it_is_known_for_what_it_is_and_ours_is_hidden(addon, added):
    ours = bpy.context.scene.chironomy.character
    own = ours.chironomy_own
    assert own.item == added
    assert own.standard == "SMPL-X"
    assert own.confidence >= 0.9
    assert {row.status for row in own.bones} == {"found"}
    assert own.trouble == ""
    assert ours.hide_get()


def test_the_hands_motion_arrives_and_the_mesh_goes_with_it(addon, rig, added):
    from chironomy.body.smplx_body import JOINT_NAMES
    from retarget_poses import MOTION
    from smplx_files import joints

    scene, motion = bpy.context.scene, MOTION(rig)
    ours = scene.chironomy.character
    addon["scene.put_on"].put_on(scene, ours, motion, None)
    addon["scene.retarget"].hand_over(scene, ours)
    assert ours.chironomy_own.trouble == ""
    theirs, mine = shown(addon, scene, ours, motion.frame_count)
    off = wrists_off(theirs, mine)
    assert np.percentile(off, 97) < 0.01
    assert off.max() < 0.03
    assert np.degrees(apart(theirs, mine)[1]) < 2.0
    # The box about each joint goes with its bone: its middle is the joint in every frame.
    (skin,) = added.children
    moved = 0.0
    for frame in (1, motion.frame_count // 2, motion.frame_count):
        scene.frame_set(frame)
        mesh = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
        points = np.array([vertex.co for vertex in mesh.data.vertices]).reshape(len(JOINT_NAMES), 8, 3)
        bones = np.array([added.pose.bones[name].head for name in JOINT_NAMES])
        assert np.linalg.norm(points.mean(axis=1) - bones, axis=-1).max() < 0.1 * MILLIMETRE
        rest = joints()[:, [0, 2, 1]] * [1.0, -1.0, 1.0]
        moved = max(moved, np.linalg.norm(bones - bones[0] - rest + rest[0], axis=-1).max())
    assert moved > 0.2


def test_another_file_is_refused_and_adds_nothing(addon, added, tmp_path):
    path = tmp_path / "cat.npz"
    np.savez(path, v_template=np.zeros((3, 3)))
    before = set(bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"cat\.npz is not an SMPL-X model: it has no J_regressor"):
        bpy.ops.chironomy.add_smplx_body(filepath=str(path))
    assert set(bpy.data.objects) == before
