# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the character there is: all of it, or the hands alone, for close-ups.

The joints are the whole character's in every figure, so that every motion, pose and file of one is good for the other.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rig import SIDES, Rig

FIGURES = ("whole", "hands")
"""What can be shown of the character; the first is the default."""

CUT = 0.5
"""Where the hands alone end: this far from the elbow to the wrist."""


def figure_named(name: object) -> str:
    """Return the name of a figure as it is.

    Raises:
        BodyError: there is no such figure.
    """
    if name not in FIGURES:
        raise BodyError(f"figure is {name!r}, but must be one of {', '.join(FIGURES)}")
    return str(name)


def figure(rig: Rig, name: str) -> Rig:
    """Return the character with the mesh of a figure; its joints are the same.

    Raises:
        BodyError: there is no such figure.
    """
    return hands_only(rig) if figure_named(name) == "hands" else rig


@lru_cache(maxsize=4)
def hands_only(rig: Rig) -> Rig:
    """Return the character with no mesh but its hands and forearms from the middle on, shut where they were cut.

    It has no face, so no face action moves it, and stands on the same `floor`. Of the same argument the same object is
    returned.
    """
    along, kept = np.zeros_like(rig.vertices), _forearms(rig)
    edges = _rims(rig, kept)
    for side, (elbow, line) in enumerate(_lines(rig)):
        rim = np.unique(edges[side])
        # The rim of whole triangles is jagged: each of its vertices goes along the forearm to where it is cut.
        beyond = (rig.vertices[rim] - elbow) @ line / (line @ line) - CUT
        along[rim] = -beyond[:, None] * line
    points = rig.vertices + along

    inside = kept[rig.faces].all(axis=1)
    used = np.flatnonzero(kept)
    number = np.full(rig.vertex_count, -1)
    number[used] = np.arange(len(used))
    vertices, faces, regions = [points[used]], [number[rig.faces[inside]]], [rig.regions[inside]]
    joints, weights = [rig.weight_joint[used]], [rig.weight[used]]
    count = len(used)
    for each in edges:
        # The lid has vertices of its own, so that its edge is sharp: the rim once more, and a middle.
        rim, place = np.unique(each, return_inverse=True)
        start, end = place.reshape(each.shape).T + count
        middle = np.full(len(each), count + len(rim))
        faces.append(np.stack([end, start, middle], axis=1))
        regions.append(np.full(len(each), rig.regions[_face_of(rig, each[0])], dtype=np.uint8))
        joint, weight = _mean_weights(rig, rim)
        vertices += [points[rim], points[rim].mean(axis=0, keepdims=True)]
        joints += [rig.weight_joint[rim], joint[None]]
        weights += [rig.weight[rim], weight[None]]
        count += len(rim) + 1
    hands = replace(
        rig,
        vertices=_fixed(np.concatenate(vertices), np.float32),
        faces=_fixed(np.concatenate(faces), np.int32),
        regions=_fixed(np.concatenate(regions), np.uint8),
        weight_joint=_fixed(np.concatenate(joints), np.int64),
        weight=_fixed(np.concatenate(weights), np.float32),
        action_start=_fixed(np.zeros_like(rig.action_start), np.int64),
        action_vertex=_fixed([], np.int64),
        action_offset=_fixed(np.empty((0, 3)), np.float32),
        fingertip_vertex=_fixed(number[rig.fingertip_vertex], np.int64),
    )
    # A cached property, which would find the floor below the lowest hand.
    vars(hands)["floor"] = rig.floor
    return hands


def _lines(rig: Rig) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return of each arm (3,) the elbow and (3,) the way from there to the wrist, metres."""
    found = []
    for side in SIDES:
        elbow, wrist = (rig.joint_position[rig.index(f"{joint}.{side}")] for joint in ("forearm", "wrist"))
        found.append((elbow, wrist - elbow))
    return found


def _forearms(rig: Rig) -> NDArray[np.bool_]:
    """Return (V,) which vertices belong to a hand or lie beyond the cut of its forearm."""
    kept = np.zeros(rig.vertex_count, dtype=bool)
    for hand, (elbow, line) in enumerate(_lines(rig)):
        own = np.concatenate([rig.arm_joints(hand)[2:4], rig.hand_joints(hand)])
        share = (rig.weight * np.isin(rig.weight_joint, own)).sum(axis=1)
        kept |= (share > 0.5) & ((rig.vertices - elbow) @ line / (line @ line) >= CUT)
    return kept


def _rims(rig: Rig, kept: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return of each hand the (n, 2) edges at which the kept part of the mesh was cut off, as its faces run."""
    inside = kept[rig.faces].all(axis=1)
    own, other = _edges(rig.faces[inside]), _edges(rig.faces[~inside])
    # An edge of a face that stays, which runs the other way in one that goes.
    key = rig.vertex_count
    opened = own[np.isin(own[:, 0] * key + own[:, 1], other[:, 1] * key + other[:, 0])]
    left = rig.vertices[opened[:, 0], 0] > 0.0
    return [opened[left], opened[~left]]


def _edges(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (3 F, 2) the edges of triangles, as they run."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)


def _face_of(rig: Rig, edge: NDArray[np.int64]) -> int:
    """Return a face that has both vertices of an edge."""
    return int(np.flatnonzero(np.isin(rig.faces, edge).sum(axis=1) == 2)[0])


def _mean_weights(rig: Rig, vertices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (4,) joints and (4,) weights that move the middle of some vertices."""
    dense = np.zeros(rig.joint_count)
    np.add.at(dense, rig.weight_joint[vertices].reshape(-1), rig.weight[vertices].reshape(-1))
    strongest = np.argsort(-dense, kind="stable")[: rig.weight.shape[1]]
    return strongest, dense[strongest] / dense[strongest].sum()


def _fixed(array: Any, dtype: Any) -> NDArray[Any]:
    array = np.array(array, dtype=dtype)
    array.setflags(write=False)
    return array
