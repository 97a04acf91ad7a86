# SPDX-License-Identifier: GPL-3.0-or-later
"""`Rig`: the character as arrays: joints, mesh, weights, face actions, regions of colour."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.motion.face import FACE_ACTIONS
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS
from chironomy.reading import Arrays
from chironomy.schema import Schema

RIG_FILE = Schema("chironomy.rig", "a rig file", BodyError, "make it again with make rig")

SIDES = ("L", "R")
"""What a joint's name ends with, in the order of the hands: left, right."""

ARM_JOINTS = ("shoulder", "upper_arm", "forearm", "forearm_twist", "wrist")

LEG_JOINTS = ("upper_leg", "lower_leg", "foot")
"""The joints of a leg, from above."""

REGION_COLOURS: dict[str, tuple[int, int, int]] = {
    "skin": (214, 160, 131),
    "lips": (190, 126, 114),
    "nails": (222, 170, 150),
    "brows": (62, 44, 36),
    "eye_white": (224, 219, 212),
    "iris": (78, 50, 32),
    "pupil": (12, 10, 10),
    "teeth": (188, 178, 162),
    "gums": (150, 70, 68),
    "tongue": (128, 58, 56),
    "mouth": (48, 15, 17),
    "lashes": (88, 62, 52),
    "hair": (58, 40, 32),
    "top": (58, 92, 112),
    "trousers": (60, 60, 68),
    "shoes": (46, 40, 38),
}
"""sRGB colour of each region of the mesh, 0 to 255, for every place that shows the character."""

REGION_NAMES = tuple(REGION_COLOURS)
"""What a face of the mesh belongs to; `Rig.regions` indexes this."""

# Kind and shape of each array: J joints, V vertices, F faces, N moved vertices of all face actions, W weights a vertex.
_ARRAYS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "joint_names": ("U", ("J",)),
    "parents": ("iu", ("J",)),
    "joint_position": ("f", ("J", 3)),
    "joint_tail": ("f", ("J", 3)),
    "rest_rotation": ("f", ("J", 4)),
    "vertices": ("f", ("V", 3)),
    "faces": ("iu", ("F", "C")),
    "weight_joint": ("iu", ("V", "W")),
    "weight": ("iu", ("V", "W")),
    "regions": ("iu", ("F",)),
    "action_names": ("U", (len(FACE_ACTIONS),)),
    "action_start": ("iu", (len(FACE_ACTIONS) + 1,)),
    "action_vertex": ("iu", ("N",)),
    "action_offset": ("iu", ("N", 3)),
    "action_unit": ("f", ()),
    "fingertip_vertex": ("iu", (len(HANDS), 5)),
}


@dataclass(frozen=True, eq=False)
class Rig:
    """The character in its bind pose.

    Everything is in the frame of the body: metres, +x the person's left, +y up, +z forward, the origin midway between
    the two upper arms' heads. In the bind pose the arms hang away from the body with bent elbows (where a mesh deforms
    best), and each hand is flat: rigidly turned from the rest pose of MANO.

    The *rest pose* is that of SMPL-X and MANO: arms straight out sideways, palms down, fingers flat and away from the
    body. `rest_rotation` takes each joint from the bind pose to it.

    Attributes:
        joint_names: (J,) names, parents before children.
        parents: (J,) indices, -1 for the root.
        joint_position: (J, 3) heads of the joints in the bind pose.
        joint_tail: (J, 3) where each bone ends: the next joint or, for the last of a finger, its tip.
        rest_rotation: (J, 4) unit quaternions Q: world rotation from the bind pose to the rest pose. A joint whose
            rotation accumulated from the rest pose is G is turned by G * Q from the bind pose. All 16 joints of one
            hand have the same Q.
        vertices: (V, 3) mesh in the bind pose.
        faces: (F, 3) triangles, counter-clockwise from outside.
        weight_joint: (V, 4) joints that move each vertex.
        weight: (V, 4) their weights, each row summing to 1.
        regions: (F,) uint8, what each face is part of: an index into `REGION_NAMES`.
        action_start: (53,) where each of `FACE_ACTIONS` begins in the two arrays below.
        action_vertex: (N,) vertices that the actions move.
        action_offset: (N, 3) metres they are moved by at value 1, in the bind pose.
        fingertip_vertex: (2, 5) the vertex at the tip of the thumb, index, middle, ring and little finger of each hand.
    """

    joint_names: tuple[str, ...]
    parents: NDArray[np.int64]
    joint_position: NDArray[np.float64]
    joint_tail: NDArray[np.float64]
    rest_rotation: NDArray[np.float64]
    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    weight_joint: NDArray[np.int64]
    weight: NDArray[np.float32]
    regions: NDArray[np.uint8]
    action_start: NDArray[np.int64]
    action_vertex: NDArray[np.int64]
    action_offset: NDArray[np.float32]
    fingertip_vertex: NDArray[np.int64]

    @property
    def joint_count(self) -> int:
        """How many joints there are, J."""
        return len(self.joint_names)

    @property
    def vertex_count(self) -> int:
        """How many vertices the mesh has, V."""
        return len(self.vertices)

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.joint_names)}

    def index(self, name: str) -> int:
        """Return the index of the joint called `name`.

        Raises:
            BodyError: there is none.
        """
        try:
            return self._indices[name]
        except KeyError:
            raise BodyError(f"the rig has no joint named {name!r}; it has {', '.join(self.joint_names)}") from None

    def hand_joints(self, hand: int | str) -> NDArray[np.int64]:
        """Return the (16,) joints of a hand (0 or "left", 1 or "right") in MANO's order."""
        return self._joints_of_hands[hand_index(hand)]

    def arm_joints(self, hand: int | str) -> NDArray[np.int64]:
        """Return the (5,) joints shoulder, upper_arm, forearm, forearm_twist and wrist of a hand's arm."""
        return self._joints_of_arms[hand_index(hand)]

    @cached_property
    def _joints_of_hands(self) -> NDArray[np.int64]:
        return _fixed([[self.index(f"{name}.{side}") for name in MANO_JOINTS] for side in SIDES], np.int64)

    @cached_property
    def _joints_of_arms(self) -> NDArray[np.int64]:
        return _fixed([[self.index(f"{name}.{side}") for name in ARM_JOINTS] for side in SIDES], np.int64)

    @cached_property
    def arm_lengths(self) -> NDArray[np.float64]:
        """The (2, 2) lengths of the upper arm and the forearm of each arm, in metres."""
        lengths = np.empty((2, 2))
        for hand in range(2):
            _, upper, fore, _, wrist = self.joint_position[self.arm_joints(hand)]
            lengths[hand] = np.linalg.norm(fore - upper), np.linalg.norm(wrist - fore)
        return lengths

    @cached_property
    def floor(self) -> float:
        """The height y of the soles, in metres (negative: the origin is between the shoulders)."""
        return float(self.vertices[:, 1].min())

    def action_offsets(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the (n,) vertices that the face action `name` moves and their (n, 3) offsets at value 1.

        Raises:
            BodyError: there is no such action.
        """
        if name not in FACE_ACTIONS:
            raise BodyError(f"there is no face action named {name!r}; ARKit's names are {', '.join(FACE_ACTIONS)}")
        action = FACE_ACTIONS.index(name)
        part = slice(int(self.action_start[action]), int(self.action_start[action + 1]))
        return self.action_vertex[part], self.action_offset[part]

    def region_faces(self, *names: str) -> NDArray[np.int64]:
        """Return the indices of the faces of the named regions."""
        unknown = [name for name in names if name not in REGION_NAMES]
        if unknown:
            raise BodyError(f"there is no region named {unknown[0]!r}; the regions are {', '.join(REGION_NAMES)}")
        return np.flatnonzero(np.isin(self.regions, [REGION_NAMES.index(name) for name in names]))


def hand_index(hand: int | str) -> int:
    """Return 0 for the left hand (0 or "left"), 1 for the right (1 or "right").

    Raises:
        BodyError: `hand` is neither.
    """
    if isinstance(hand, str) and hand in HANDS:
        return HANDS.index(hand)
    if not isinstance(hand, str) and int(hand) in (0, 1):
        return int(hand)
    raise BodyError(f"hand is {hand!r}; it must be 0 or 'left', 1 or 'right'")


def load_rig(path: str | Path | None = None) -> Rig:
    """Return the rig of a file made by `python -m chironomy.body.build`, by default the character that ships.

    The same file is read once; later calls return the same object.

    Raises:
        BodyError: the file is missing, damaged or not a rig.
    """
    path = Path(__file__).with_name("rig.npz") if path is None else Path(path)
    if not path.is_file():
        raise BodyError(f"there is no rig file {path}; make one with: python -m chironomy.body.build {path}")
    status = path.stat()
    return _load(path.resolve(), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _load(path: Path, _modified: int, _size: int) -> Rig:
    arrays = RIG_FILE.read_arrays(path, name=path.name)
    _check(path.name, arrays)
    weight = arrays["weight"].astype(np.float64)
    weight /= weight.sum(axis=1, keepdims=True)
    return Rig(
        joint_names=arrays.texts("joint_names"),
        parents=_fixed(arrays["parents"], np.int64),
        joint_position=_fixed(arrays["joint_position"], np.float64),
        joint_tail=_fixed(arrays["joint_tail"], np.float64),
        rest_rotation=_fixed(
            arrays["rest_rotation"] / np.linalg.norm(arrays["rest_rotation"], axis=1, keepdims=True), np.float64
        ),
        vertices=_fixed(arrays["vertices"], np.float32),
        faces=_fixed(arrays["faces"], np.int32),
        weight_joint=_fixed(arrays["weight_joint"], np.int64),
        weight=_fixed(weight, np.float32),
        regions=_fixed(arrays["regions"], np.uint8),
        action_start=_fixed(arrays["action_start"], np.int64),
        action_vertex=_fixed(arrays["action_vertex"], np.int64),
        action_offset=_fixed(arrays["action_offset"] * float(arrays["action_unit"]), np.float32),
        fingertip_vertex=_fixed(arrays["fingertip_vertex"], np.int64),
    )


def _check(name: str, arrays: Arrays) -> None:
    """Raise BodyError where the arrays of a file do not make a rig."""
    sizes: dict[str, int] = {}
    for field, (kinds, shape) in _ARRAYS.items():
        array = arrays[field]
        if array.ndim == len(shape):
            for side, size in zip(array.shape, shape, strict=True):
                if isinstance(size, str):
                    sizes.setdefault(size, side)
        wanted = tuple(sizes.get(size, 0) if isinstance(size, str) else size for size in shape)
        if array.dtype.kind not in kinds or array.shape != wanted or 0 in array.shape:
            raise BodyError(f"{name} holds {field} as {array.dtype} {array.shape}; make it again with make rig")
        if "f" in kinds and not np.isfinite(array).all():
            raise BodyError(f"{name} holds a number in {field} that is not finite; make it again with make rig")
    if arrays.texts("action_names") != FACE_ACTIONS:
        raise BodyError(f"{name} has other face actions than this version knows; make it again with make rig")
    arrays.texts("joint_names")
    if not np.linalg.norm(arrays["rest_rotation"], axis=1).all() or not arrays["weight"].any(axis=1).all():
        raise BodyError(f"{name} has a rest_rotation or a weight that is all zero; make it again with make rig")
    joints, vertices = sizes["J"], sizes["V"]
    parents = arrays["parents"].astype(np.int64)
    if (parents < -1).any() or (parents >= np.arange(joints)).any():
        raise BodyError(f"{name} has a joint in parents that comes before its parent; make it again with make rig")
    start = arrays["action_start"].astype(np.int64)
    if start[0] != 0 or start[-1] != sizes["N"] or (np.diff(start) < 0).any():
        raise BodyError(f"{name} has an action_start that does not go up to its offsets; make it again with make rig")
    ends = {
        "faces": vertices,
        "weight_joint": joints,
        "action_vertex": vertices,
        "fingertip_vertex": vertices,
        "regions": len(REGION_NAMES),
    }
    for field, end in ends.items():
        array = arrays[field]
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= end:
            wrong = low if low < 0 else high
            raise BodyError(f"{name} has an index {wrong} in {field}, where {end} is the end; make it again")


def _fixed(array: Any, dtype: Any) -> NDArray[Any]:
    array = np.array(array, dtype=dtype)
    array.setflags(write=False)
    return array
