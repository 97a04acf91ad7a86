# SPDX-License-Identifier: GPL-3.0-or-later
"""MANO: the character's hands as MANO-style models, and motion from MANO's parameters.

MANO itself (Romero, Tzionas and Black, "Embodied Hands", 2017) has a non-commercial licence and is no part of this
project. What is exported here has MANO's structure and this project's own hand in it, so that any program that reads
MANO files can pose it; what is imported are parameters that a person has, and the mean pose from the model file that
they have.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.pose import MANO_PARENTS
from chironomy.body.rig import Rig
from chironomy.files import atomic_path
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion
from chironomy.reading import DAMAGE, read_arrays

Array = NDArray[np.float64]

_PCA_COMPONENTS = 45
_SHAPE_COMPONENTS = 10


def mano_vertices(rig: Rig, hand: int | str) -> NDArray[np.int64]:
    """Return the vertices of the mesh that the 16 joints of one hand move alone: the hand up to the wrist."""
    own = np.isin(rig.weight_joint, rig.hand_joints(hand))
    return np.flatnonzero((rig.weight * ~own).sum(axis=1) == 0.0)


def mano_structure(rig: Rig, hand: int | str) -> dict[str, Any]:
    """Return one hand as the fields of a MANO model file, in MANO's rest pose, with the wrist at the origin.

    There is one shape and no pose correctives, so `shapedirs` and `posedirs` are zero, the principal components are the
    45 axes themselves and the mean pose is flat. For `smplx.MANOLayer(data_struct=Struct(**…), use_pca=False,
    flat_hand_mean=True)`.

    Returns:
        `v_template` (V, 3) metres, `f` (F, 3), `weights` (V, 16), `J` (16, 3), `J_regressor` (16, V), `kintree_table`
        (2, 16), `shapedirs` (V, 3, 10), `posedirs` (V, 3, 135), `hands_components` (45, 45), `hands_mean` (45,); the
        vertices are those of `mano_vertices`.
    """
    used, joints = mano_vertices(rig, hand), rig.hand_joints(hand)
    rest = rig.rest_rotation[joints[0]]
    wrist = rig.joint_position[joints[0]]
    template = quaternion.apply(rest, rig.vertices[used].astype(np.float64) - wrist)
    places = quaternion.apply(rest, rig.joint_position[joints] - wrist)

    weights = np.zeros((len(used), rig.joint_count))
    np.add.at(weights, (np.arange(len(used))[:, None], rig.weight_joint[used]), rig.weight[used].astype(np.float64))
    inside = np.isin(rig.faces, used).all(axis=1)
    number = np.full(rig.vertex_count, -1)
    number[used] = np.arange(len(used))

    # The regressor with the least weights whose rows sum to one and that finds the joints in the template.
    known = np.concatenate([template, np.ones((len(used), 1))], axis=1)
    regressor = np.concatenate([places, np.ones((len(joints), 1))], axis=1) @ np.linalg.pinv(known)
    return {
        "v_template": template,
        "f": number[rig.faces[inside]].astype(np.uint32),
        "weights": weights[:, joints],
        "J": places,
        "J_regressor": regressor,
        "kintree_table": np.array([[2**32 - 1, *MANO_PARENTS[1:]], range(len(joints))], dtype=np.int64),
        "shapedirs": np.zeros((len(used), 3, _SHAPE_COMPONENTS)),
        "posedirs": np.zeros((len(used), 3, 9 * (len(joints) - 1))),
        "hands_components": np.eye(_PCA_COMPONENTS),
        "hands_mean": np.zeros(_PCA_COMPONENTS),
        "hands_coeffs": np.zeros((1, _PCA_COMPONENTS)),
        "bs_type": "lrotmin",
        "bs_style": "lbs",
    }


def save_mano_pickle(rig: Rig, hand: int | str, path: str | Path) -> None:
    """Write one hand in the format of MANO's model files, a pickle; programs expect the name `MANO_LEFT.pkl` or so."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(pickle.dumps(mano_structure(rig, hand), protocol=2))


def read_mano_model(path: str | Path) -> dict[str, Any]:
    """Read a MANO model file that a person has (`.pkl` or `.npz`); nothing in it is executed.

    Returns:
        The file's arrays by name; MANO's `hands_mean` (45,) is what `motion_of_mano` needs.

    Raises:
        BodyError: the file is missing, is no MANO model, or holds anything but arrays.
    """
    path = Path(path)
    if not path.is_file():
        raise BodyError(f"there is no MANO model file {path}; choose MANO_LEFT.pkl or MANO_RIGHT.pkl")
    fields = read_model(path, "a MANO model")
    if "hands_mean" not in fields or "J_regressor" not in fields:
        raise BodyError(
            f"{path.name} is not a MANO model: it has no hands_mean; choose MANO_LEFT.pkl or MANO_RIGHT.pkl"
        )
    return fields


def read_model(path: Path, what: str) -> dict[str, Any]:
    """The arrays of a body model's file (`.npz`, else a pickle), by name; nothing in it is executed.

    Args:
        path: of the file, which is there.
        what: what it is, such as "a MANO model".

    Raises:
        BodyError: it cannot be read, or holds anything but arrays.
    """
    advice = "choose the file you were given"
    if path.suffix == ".npz":
        arrays = read_arrays(path, BodyError, name=path.name, advice=advice)
        # What is no plain array, such as words on where the model is from, moves no hand.
        return {name: arrays[name] for name in arrays if arrays.readable(name)}
    try:
        with path.open("rb") as stream:
            fields = ArrayUnpickler(stream, encoding="latin1").load()
        if not isinstance(fields, dict):
            raise BodyError(f"{path.name} is not {what}: it holds no named arrays; {advice}")
        return {str(name): plain_array(value) for name, value in fields.items()}
    except BodyError:
        raise
    except (pickle.UnpicklingError, *DAMAGE) as error:
        raise BodyError(
            f"{path.name} cannot be read as {what}: it is damaged, or holds more than arrays; {advice}"
        ) from error


def motion_of_mano(
    global_orient: ArrayLike,
    hand_pose: ArrayLike,
    wrist_position: ArrayLike,
    fps: float,
    hands_mean: ArrayLike | None = None,
) -> HandMotion:
    """Return motion from MANO's parameters.

    Args:
        global_orient: (T, 2, 3) rotation vectors of the wrists in the frame of the body, left, right.
        hand_pose: (T, 2, 45) rotation vectors of the 15 finger joints.
        wrist_position: (T, 2, 3) metres, the wrist joints in the frame of the body.
        fps: frames a second.
        hands_mean: (2, 45) added to `hand_pose`, where that is relative to MANO's mean hand (smplx's
            `flat_hand_mean=False`); `read_mano_model` reads it from the models.

    Raises:
        BodyError: a shape is wrong.
    """
    wrist, pose = np.asarray(global_orient, dtype=np.float64), np.asarray(hand_pose, dtype=np.float64)
    for name, array, last in (("global_orient", wrist, 3), ("hand_pose", pose, _PCA_COMPONENTS)):
        if array.ndim != 3 or array.shape[1:] != (2, last):
            raise BodyError(f"{name} has shape {array.shape}; it must be (frames, 2, {last}): left and right hand")
    if hands_mean is not None:
        mean = np.asarray(hands_mean, dtype=np.float64)
        if mean.shape != (2, _PCA_COMPONENTS):
            raise BodyError(
                f"hands_mean has shape {mean.shape}; it must be (2, {_PCA_COMPONENTS}): left and right hand"
            )
        pose = pose + mean
    vectors = np.concatenate([wrist, pose], axis=-1).reshape(len(wrist), 2, len(MANO_JOINTS), 3)
    return HandMotion(
        fps=fps,
        wrist_position=np.asarray(wrist_position, dtype=np.float64),
        rotation=quaternion.from_rotation_vector(vectors),
        confidence=np.ones((len(wrist), 2)),
    )


class ArrayUnpickler(pickle.Unpickler):
    """Reads what model files hold: numpy arrays, scipy's sparse matrices, and chumpy arrays, as plain containers.

    Nothing in a file is executed: whatever else it names is refused.
    """

    _NUMPY = {"_reconstruct", "scalar", "ndarray", "dtype", "_frombuffer"}

    def find_class(self, module: str, name: str) -> Any:
        """The class where it makes arrays, a stand-in where it holds them."""
        root = module.partition(".")[0]
        if root == "numpy" and name in self._NUMPY:
            return super().find_class(module.replace("numpy._core", "numpy.core") if _OLD_NUMPY else module, name)
        if root == "_codecs" and name == "encode":
            return super().find_class(module, name)
        if (root == "scipy" and name in {"csc_matrix", "csr_matrix"}) or root == "chumpy":
            return _Container
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no array")


_OLD_NUMPY = int(np.__version__.partition(".")[0]) < 2


class _Container:
    """Stands in for a class that is not to be loaded: keeps its state as attributes and does nothing."""

    def __init__(self, *_: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


def plain_array(value: Any) -> Any:
    """Return an array for the containers of chumpy and scipy, and anything else as it is."""
    if not isinstance(value, _Container):
        return value
    state = value.state
    if "x" in state:
        return np.asarray(state["x"])
    if {"data", "indices", "indptr"} <= state.keys():
        rows, columns = state.get("_shape") or state["shape"]
        dense = np.zeros((columns, rows))
        for column in range(columns):
            part = slice(state["indptr"][column], state["indptr"][column + 1])
            dense[column, state["indices"][part]] = state["data"][part]
        return dense.T
    return None
