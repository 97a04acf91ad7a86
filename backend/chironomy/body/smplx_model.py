# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's own SMPL-X model file says about arms and hands: bones for their `betas`, and the hands' mean pose.

SMPL-X (Pavlakos et al. 2019) has a non-commercial licence and is no part of this project; a file that a person has is
read, and nothing of it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.mano import read_model
from chironomy.motion.arm import ArmBones
from chironomy.reading import DAMAGE

Array = NDArray[np.float64]

_COLLARS, _SHOULDERS, _ELBOWS, _WRISTS = (13, 14), (16, 17), (18, 19), (20, 21)
# Since 2020 a file holds 300 shapes and then 100 expressions; the first edition 10 and 10.
_SHAPES_2020, _SHAPES_FIRST = 300, 10
_NAMES = (
    "v_template", "shapedirs", "J_regressor", "hands_meanl", "hands_meanr", "hands_componentsl", "hands_componentsr",
)  # fmt: skip
_LARGEST_NUMBER = 1e6
_MIRROR_X = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class SmplxModel:
    """The part of an SMPL-X model that moves hands.

    Attributes:
        joints: (55, 3) metres, of the mean shape in its rest pose.
        joint_shapes: (55, 3, S), what each of the `betas` adds.
        hand_mean: (2, 45) rotation vectors of the left and the right hand's mean pose.
        hand_components: (2, 45, 45) principal components of hand poses, one a row.
    """

    joints: Array
    joint_shapes: Array
    hand_mean: Array
    hand_components: Array

    def shaped_joints(self, betas: ArrayLike) -> Array:
        """(55, 3) joints of a person's shape; betas that the file has no shapes for are left out."""
        betas = np.asarray(betas, dtype=np.float64).reshape(-1)[: self.joint_shapes.shape[2]]
        return self.joints + self.joint_shapes[:, :, : len(betas)] @ betas

    def arm_bones(self, betas: ArrayLike) -> ArmBones:
        """The arms of a person's shape, the mean of left and right."""
        joints = self.shaped_joints(betas)
        origin = joints[list(_SHOULDERS)].mean(axis=0)

        def bone(ends: tuple[int, int], starts: tuple[int, int] | None) -> tuple[float, float, float]:
            line = joints[list(ends)] - (origin if starts is None else joints[list(starts)])
            x, y, z = (line[0] + line[1] * _MIRROR_X) / 2
            return float(x), float(y), float(z)

        return ArmBones(
            bone(_COLLARS, None), bone(_SHOULDERS, _COLLARS), bone(_ELBOWS, _SHOULDERS), bone(_WRISTS, _ELBOWS)
        )


def load_smplx_model(path: str | Path) -> SmplxModel:
    """Read SMPLX_NEUTRAL_2020.npz, SMPLX_NEUTRAL.npz or the `.pkl` of either; nothing in it is executed.

    Raises:
        BodyError: the file is missing or is no SMPL-X model.
    """
    path = Path(path)
    return _load(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=2)
def _load(path: Path, _modified: int) -> SmplxModel:
    fields = model_fields(path, _NAMES, "SMPLX_NEUTRAL_2020.npz")
    try:
        template, shapes, regressor, *hands = (numbers(name, fields[name]) for name in _NAMES)
        shapes = shapes[:, :, : _SHAPES_2020 if shapes.shape[2] >= _SHAPES_2020 else _SHAPES_FIRST]
        return SmplxModel(
            joints=regressor @ template,
            joint_shapes=np.einsum("jv,vks->jks", regressor, shapes),
            hand_mean=np.stack(hands[:2]).reshape(2, 45),
            hand_components=np.stack(hands[2:]).reshape(2, 45, 45),
        )
    except DAMAGE as error:
        raise BodyError(f"{path.name} is not an SMPL-X model ({error}); choose SMPLX_NEUTRAL_2020.npz") from error


def model_fields(path: Path, names: Sequence[str], choose: str) -> dict[str, Any]:
    """The fields of an SMPL-X model file, of which some must be there; nothing in it is executed.

    Raises:
        BodyError: the file is missing or is no SMPL-X model; the sentence says to `choose` another.
    """
    if not path.is_file():
        raise BodyError(f"there is no SMPL-X model file {path}; choose {choose} as you were given it")
    fields = read_model(path, "an SMPL-X model")
    missing = [name for name in names if fields.get(name) is None]
    if missing:
        raise BodyError(f"{path.name} is not an SMPL-X model: it has no {missing[0]}; choose {choose}")
    return fields


def numbers(name: str, value: Any) -> Array:
    """(…) of a field, which must be finite real numbers of a size that a body has."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} holds {array.dtype}")
    array = array.astype(np.float64)
    if not (np.abs(array) <= _LARGEST_NUMBER).all():
        raise ValueError(f"{name} holds numbers that no body has")
    return array
