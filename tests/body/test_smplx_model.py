# SPDX-License-Identifier: GPL-3.0-or-later
import pickle
from pathlib import Path

import numpy as np
import pytest

from chironomy.body.errors import BodyError
from chironomy.body.smplx_model import load_smplx_model
from chironomy.motion.arm import wrists_of_arms
from chironomy.motion.rotation import IDENTITY


def fields() -> dict[str, np.ndarray]:
    """A model file of one vertex a joint: the first shape lengthens forearms by 1 cm."""
    joints = np.zeros((55, 3))
    for side, sign in ((0, 1.0), (1, -1.0)):
        joints[13 + side] = [sign * 0.05, 1.30, 0.01]
        joints[16 + side] = [sign * 0.17, 1.35, 0.0]
        joints[18 + side] = [sign * 0.43, 1.35, -0.01]
        joints[20 + side] = [sign * 0.68, 1.35, 0.0]
    shapes = np.zeros((55, 3, 20))
    shapes[20, 0, 0], shapes[21, 0, 0] = 0.01, -0.01
    return {
        "v_template": joints,
        "shapedirs": shapes,
        "J_regressor": np.eye(55),
        "hands_meanl": np.full(45, 0.1),
        "hands_meanr": np.full(45, -0.1),
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
    }


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
def test_betas_shape_the_arms(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"SMPLX_NEUTRAL{suffix}"
    if suffix == ".npz":
        np.savez(path, **fields())
    else:
        path.write_bytes(pickle.dumps(fields()))
    model = load_smplx_model(path)
    straight = np.broadcast_to(IDENTITY, (1, 2, 4, 4))
    mean, _ = wrists_of_arms(straight, model.arm_bones(np.zeros(10)))
    longer, _ = wrists_of_arms(straight, model.arm_bones([2.0]))
    np.testing.assert_allclose(mean[0], [[0.68, 0, 0], [-0.68, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(longer[0], [[0.70, 0, 0], [-0.70, 0, 0]], atol=1e-12)
    assert model.hand_mean[1, 0] == -0.1


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, v_template=np.zeros((3, 3)))
    with pytest.raises(BodyError, match="no shapedirs"):
        load_smplx_model(path)
    with pytest.raises(BodyError, match="there is no SMPL-X model file"):
        load_smplx_model(tmp_path / "b.npz")
