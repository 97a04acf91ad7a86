# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's own SMPL-X file as a body: joints and mesh as the file has them, and refusals that name what is wrong."""

import pickle

import numpy as np
import pytest

from chironomy.body.errors import BodyError
from chironomy.body.smplx_body import JOINT_NAMES, load_smplx_body
from smplx_files import joints, model_fields


def saved(path, **changes):
    fields = {name: value for name, value in (model_fields() | changes).items() if value is not None}
    if path.suffix == ".npz":
        np.savez(path, **fields)
    else:
        path.write_bytes(pickle.dumps(fields))
    return path


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
def test_joints_and_mesh_are_the_files(tmp_path, suffix):
    body = load_smplx_body(saved(tmp_path / f"SMPLX_NEUTRAL{suffix}"))
    np.testing.assert_allclose(body.joints, joints(), atol=1e-12)
    np.testing.assert_array_equal(body.vertices, model_fields()["v_template"])
    assert body.parents[0] == -1
    assert JOINT_NAMES[body.parents[JOINT_NAMES.index("left_wrist")]] == "left_elbow"
    assert JOINT_NAMES[body.parents[JOINT_NAMES.index("right_thumb3")]] == "right_thumb2"
    np.testing.assert_allclose(body.weights.sum(axis=1), 1.0)


def test_bones_point_at_the_next_joint(tmp_path):
    body = load_smplx_body(saved(tmp_path / "m.npz"))
    ends = {"left_elbow": "left_wrist", "right_wrist": "right_middle1", "left_index2": "left_index3", "spine3": "neck"}
    for name, end in ends.items():
        np.testing.assert_allclose(body.tails[JOINT_NAMES.index(name)], body.joints[JOINT_NAMES.index(end)], atol=1e-12)
    assert (np.linalg.norm(body.tails - body.joints, axis=1) > 0.004).all()
    # The last bone of a finger goes on as the one before.
    last, before = (JOINT_NAMES.index(f"left_ring{joint}") for joint in (3, 2))
    line, wanted = body.tails[last] - body.joints[last], body.joints[last] - body.joints[before]
    assert line @ wanted == pytest.approx(np.linalg.norm(line) * np.linalg.norm(wanted))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weights": None}, "has no weights"),
        ({"J_regressor": np.eye(24)}, "J_regressor has shape"),
        ({"f": np.full((4, 3), 10**6)}, "f holds no triangles of its vertices"),
        ({"v_template": np.full((440, 3), np.nan)}, "v_template holds numbers that no body has"),
        ({"weights": np.zeros((440, 55))}, "weights do not sum to one"),
        ({"kintree_table": np.array([range(1, 56), range(55)])}, "a joint before its parent"),
    ],
)
def test_a_file_that_is_no_body_is_refused_in_a_sentence(tmp_path, changes, sentence):
    with pytest.raises(BodyError, match=sentence) as raised:
        load_smplx_body(saved(tmp_path / "other.npz", **changes))
    assert "other.npz" in str(raised.value)
    assert "choose SMPLX_NEUTRAL.npz" in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BodyError, match="there is no SMPL-X model file"):
        load_smplx_body(tmp_path / "none.npz")
