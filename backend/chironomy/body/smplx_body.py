# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's own SMPL-X model file as a body to animate: joints and mesh of its mean shape, at rest.

SMPL-X (Pavlakos et al. 2019) has a non-commercial licence and is no part of this project; see `smplx_model`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.smplx_model import model_fields, numbers
from chironomy.reading import DAMAGE

Array = NDArray[np.float64]

_FINGERS = ("index", "middle", "pinky", "ring", "thumb")

JOINT_NAMES = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "jaw", "left_eye_smplhf",
    "right_eye_smplhf",
    *(f"{side}_{finger}{joint}" for side in ("left", "right") for finger in _FINGERS for joint in (1, 2, 3)),
)  # fmt: skip
"""The joints in the order of the file, named as the package smplx and the SMPL-X add-on name them."""

# Where bones end that have several children, or whose child is not what they point at.
_TOWARDS = {"pelvis": "spine1", "spine3": "neck", "neck": "head"} | {
    f"{side}_wrist": f"{side}_middle1" for side in ("left", "right")
}
# Metres and directions of bones that end at no joint; others go on as the bone before, for half as long.
_ENDS = {
    "head": (0.0, 0.18, 0.0),
    "jaw": (0.0, -0.02, 0.06),
    "left_eye_smplhf": (0.0, 0.0, 0.03),
    "right_eye_smplhf": (0.0, 0.0, 0.03),
    "left_foot": (0.0, 0.0, 0.06),
    "right_foot": (0.0, 0.0, 0.06),
}
_NAMES = ("v_template", "J_regressor", "weights", "f", "kintree_table")
_SHORTEST = 0.005


@dataclass(frozen=True, eq=False)
class SmplxBody:
    """The mean shape of an SMPL-X model in its rest pose: metres, y up, z forward, the person's left on +x.

    Attributes:
        parents: (55,) indices, -1 for the pelvis; parents before children.
        joints: (55, 3) heads, of `JOINT_NAMES`.
        tails: (55, 3) where bones end.
        vertices: (V, 3) the mesh.
        faces: (F, 3) triangles.
        weights: (V, 55) how much each joint moves each vertex, rows summing to 1.
    """

    parents: NDArray[np.int64]
    joints: Array
    tails: Array
    vertices: Array
    faces: NDArray[np.int64]
    weights: Array


def load_smplx_body(path: str | Path) -> SmplxBody:
    """Read SMPLX_NEUTRAL.npz, SMPLX_FEMALE.npz and the like, or the `.pkl` of either; nothing in it is executed.

    Raises:
        BodyError: the file is missing or is no SMPL-X model.
    """
    path = Path(path)
    fields = model_fields(path, _NAMES, "SMPLX_NEUTRAL.npz")
    try:
        return _body(fields)
    except DAMAGE as error:
        raise BodyError(
            f"{path.name} is not an SMPL-X model ({error}); choose SMPLX_NEUTRAL.npz or another of the same kind"
        ) from error


def _body(fields: dict[str, Any]) -> SmplxBody:
    """Return the body of a file's fields; raises ValueError where they do not make one."""
    vertices, regressor, weights = (numbers(name, fields[name]) for name in _NAMES[:3])
    count, joints = len(vertices), len(JOINT_NAMES)
    for name, array, shape in (
        ("v_template", vertices, (count, 3)),
        ("J_regressor", regressor, (joints, count)),
        ("weights", weights, (count, joints)),
    ):
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, not {shape}")
    faces = numbers("f", fields["f"]).astype(np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or not len(faces) or faces.min() < 0 or faces.max() >= count:
        raise ValueError("f holds no triangles of its vertices")
    tree = np.asarray(fields["kintree_table"])
    if tree.shape != (2, joints):
        raise ValueError(f"kintree_table has shape {tree.shape}, not {(2, joints)}")
    # The root's parent is the largest number of 32 bits.
    parents = np.array([-1, *numbers("kintree_table", tree[0, 1:]).astype(np.int64)])
    if (parents[1:] < 0).any() or (parents >= np.arange(joints)).any():
        raise ValueError("kintree_table has a joint before its parent")
    total = weights.sum(axis=1, keepdims=True)
    if (weights < -1e-6).any() or (total < 0.5).any():
        raise ValueError("weights do not sum to one")
    heads = regressor @ vertices
    return SmplxBody(parents, heads, _tails(heads, parents), vertices, faces, np.maximum(weights, 0.0) / total)


def _tails(heads: Array, parents: NDArray[np.int64]) -> Array:
    tails = np.empty_like(heads)
    for joint, name in enumerate(JOINT_NAMES):
        children = np.flatnonzero(parents == joint)
        if name in _ENDS:
            tails[joint] = heads[joint] + _ENDS[name]
        elif name in _TOWARDS:
            tails[joint] = heads[JOINT_NAMES.index(_TOWARDS[name])]
        elif len(children):
            tails[joint] = heads[children[0]]
        else:
            tails[joint] = heads[joint] + 0.5 * (heads[joint] - heads[parents[joint]])
        if np.linalg.norm(tails[joint] - heads[joint]) < _SHORTEST:
            tails[joint] = heads[joint] + [0.0, _SHORTEST, 0.0]
    return tails
