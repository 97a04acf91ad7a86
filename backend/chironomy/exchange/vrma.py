# SPDX-License-Identifier: GPL-3.0-or-later
"""VRM animation, `.vrma`: the extension VRMC_vrm_animation 1.0 of glTF, of the VRM Consortium.

A humanoid in a T-pose whose bones turn and whose hips move; any VRM model plays it. Every frame is written and programs
go linearly between them: three-vrm-animation plays cubic splines wrongly. Nodes have the axes of the world, and those
that VRM has no name for, such as the forearm's twist, are left out: nothing hangs on them.
"""

from pathlib import Path
from typing import Any

import numpy as np

from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.glb import Buffer, save_glb
from chironomy.exchange.humanoid import humanoid
from chironomy.exchange.names import HUMANOID, human_bone
from chironomy.exchange.skeleton import SkeletonMotion
from chironomy.motion.face import FACE_ACTIONS, FaceTrack

EXTENSION = "VRMC_vrm_animation"

# Without these no VRM model is whole.
_LIMBS = ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
_NEEDED = ("hips", "spine", "head", *(side + limb for side in ("left", "right") for limb in _LIMBS))
_STILL = 1e-4


def save_vrma(motion: SkeletonMotion, path: str | Path, face: FaceTrack | None = None) -> None:
    """Write the motion of the character, with its own names of joints.

    Args:
        motion: resting in a T-pose.
        path: of the file.
        face: at the same frames; its actions that move are custom expressions of their own names, as models made for
            ARKit's names play them.

    Raises:
        ExchangeError: the skeleton lacks a bone that VRM needs, or the face has other frames.
        ChironomyError: `path` cannot be written.
    """
    if Path(path).suffix.lower() != ".vrma":
        raise ExchangeError(f"{path} does not end in .vrma; give the file that ending")
    if face is not None and face.frame_count != motion.frame_count:
        raise ExchangeError(f"the face has {face.frame_count} frames and the body {motion.frame_count}; make it anew")
    motion = humanoid(motion).renamed({name: human_bone(name) for name in HUMANOID.values()})
    if missing := [name for name in _NEEDED if name not in motion.names]:
        raise ExchangeError(f"the skeleton has no {missing[0]}, which a VRM animation needs; use the character's own")
    buffer = Buffer()
    times = buffer.add(np.arange(motion.frame_count) / motion.fps, bounds=True)
    # The root, then the joints.
    nodes: list[dict[str, Any]] = [{"name": "root", "children": []}]
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def play(node: int, what: str, values: Any) -> None:
        samplers.append({"input": times, "output": buffer.add(values), "interpolation": "LINEAR"})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": what}})

    turns, offsets = motion.local_rotation[..., [1, 2, 3, 0]], motion.rest_offset
    for joint, name in enumerate(motion.names):
        nodes.append({"name": name, "translation": offsets[joint].tolist()})
        nodes[motion.parents[joint] + 1].setdefault("children", []).append(joint + 1)
        play(joint + 1, "rotation", turns[:, joint])
        if name == "hips":
            play(joint + 1, "translation", motion.position[:, joint])
    told: dict[str, Any] = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": {name: {"node": node} for node, name in enumerate(motion.names, 1)}},
    }
    if face is not None:
        custom: dict[str, Any] = {}
        for action, values in zip(FACE_ACTIONS, face.values.T, strict=True):
            if np.ptp(values) < _STILL:
                continue
            custom[action] = {"node": len(nodes)}
            nodes[0]["children"].append(len(nodes))
            nodes.append({"name": action})
            play(len(nodes) - 1, "translation", np.stack([values, 0.0 * values, 0.0 * values], axis=1))
        told["expressions"] = {"custom": custom}
    document = {
        "asset": {"version": "2.0", "generator": "Chironomy"},
        "extensionsUsed": [EXTENSION],
        "extensions": {EXTENSION: told},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "animations": [{"name": "speech", "samplers": samplers, "channels": channels}],
    }
    save_glb(document, buffer, path)
