# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats and the programs that they are made for, as data: what each expects of a file."""

from dataclasses import dataclass

from chironomy.exchange.names import HUMAN_IK, HUMANOID, MANNEQUIN

NAMES: dict[str, dict[str, str]] = {
    "own": {},
    # Twist bones are no part of Godot's and VRM's humanoids, but go by their rule.
    "humanoid": HUMANOID | {"forearm_twist.L": "LeftLowerArmTwist", "forearm_twist.R": "RightLowerArmTwist"},
    "mannequin": MANNEQUIN,
    "human_ik": HUMAN_IK,
}
"""Manners of naming joints: what each calls the character's own; what is not in it keeps its name."""


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        label: what people call it.
        suffix: the ending of its files.
        unit: metres; how long one unit of length in it is.
        by_blender: whether Blender's exporter writes it, with the mesh, and not this project.
        named: whether it holds joints by names.
    """

    label: str
    suffix: str
    unit: float = 1.0
    by_blender: bool = False
    named: bool = True


FORMATS: dict[str, Format] = {
    "fbx": Format("FBX", ".fbx", 0.01, by_blender=True),
    "glb": Format("glTF Binary", ".glb", by_blender=True),
    "usd": Format("USD", ".usdc", by_blender=True),
    "bvh": Format("BVH", ".bvh", 0.01),
    "vrma": Format("VRM Animation", ".vrma", named=False),
    "smplx": Format("SMPL-X", ".npz", named=False),
    "amass": Format("AMASS SMPL-X", ".npz", named=False),
    "smplh": Format("AMASS SMPL+H", ".npz", named=False),
    "mano": Format("MANO", ".npz", named=False),
    "hands": Format("Chironomy Motion", ".npz", named=False),
}
"""Up is y in all of them but AMASS's, where it is z; characters face +z, in AMASS's -y."""


@dataclass(frozen=True)
class Preset:
    """What a program expects.

    Attributes:
        label: the program.
        description: what the preset does for it.
        format: one of `FORMATS`.
        names: one of `NAMES`.
        root: what the one node above the hips is called; "" for the character's own name.
    """

    label: str
    description: str
    format: str
    names: str = "own"
    root: str = ""


PRESETS: dict[str, Preset] = {
    "unreal": Preset(
        "Unreal Engine",
        "FBX in centimetres with the mannequin's names under a bone called root, for its IK retargeter",
        "fbx",
        "mannequin",
        "root",
    ),
    "unity": Preset(
        "Unity",
        "FBX in centimetres with the names of a humanoid, which its avatar setup maps by itself",
        "fbx",
        "humanoid",
    ),
    "maya": Preset(
        "Maya and MotionBuilder",
        "FBX in centimetres with HumanIK's names under a node called Reference, for its characterisation",
        "fbx",
        "human_ik",
        "Reference",
    ),
    "godot": Preset(
        "Godot", "Binary glTF in metres with the names of its humanoid skeleton profile", "glb", "humanoid"
    ),
}
