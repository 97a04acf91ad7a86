# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh in a pose: face actions, then linear blend skinning, as Blender's armature modifier does it."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS

Vertices = NDArray[np.float32]

_BLOCK = 256
"""Vertices a matrix product. OpenBLAS starts threads for larger ones and lets them spin when they have nothing to do:
in the way of whoever skins several frames at a time."""


def skin(
    rig: Rig,
    joint_rotation: ArrayLike,
    joint_position: ArrayLike,
    face_values: ArrayLike | None = None,
    vertex_subset: NDArray[np.integer] | None = None,
) -> Vertices:
    """Return the vertices of posed meshes, in metres.

    Args:
        rig: the character.
        joint_rotation: (..., J, 4) world rotations from the bind pose, as in `BodyPose`.
        joint_position: (..., J, 3) the joints' heads.
        face_values: (..., 52) the face actions, 0 to 1; by default none.
        vertex_subset: (n,) indices of the only vertices wanted; by default all.

    Returns:
        (..., V, 3) float32, or (..., n, 3).

    Raises:
        BodyError: a shape is wrong.
    """
    rotation = np.asarray(joint_rotation, dtype=np.float64)
    position = np.asarray(joint_position, dtype=np.float64)
    if rotation.ndim < 2 or rotation.shape[-2:] != (rig.joint_count, 4):
        raise BodyError(f"joint_rotation has shape {rotation.shape}; it must end with ({rig.joint_count}, 4)")
    if position.shape != (*rotation.shape[:-1], 3):
        raise BodyError(f"joint_position has shape {position.shape}; it must be {(*rotation.shape[:-1], 3)}")
    frames = rotation.shape[:-2]
    matrix = quaternion.to_matrix(rotation)
    shift = position - np.einsum("...ab,...b->...a", matrix, rig.joint_position)
    blend = np.concatenate([matrix, shift[..., None]], axis=-1).reshape(-1, rig.joint_count, 12).astype(np.float32)

    weights, rest = _dense_weights(rig), rig.vertices
    if vertex_subset is not None:
        flat = weights.reshape(-1, rig.joint_count)[: len(rest)]
        weights, rest = _in_blocks(flat[vertex_subset]), rest[vertex_subset]
    values = None
    if face_values is not None:
        values = np.asarray(face_values, dtype=np.float32)
        if values.shape != (*frames, len(FACE_ACTIONS)):
            raise BodyError(f"face_values has shape {values.shape}; it must be {(*frames, len(FACE_ACTIONS))}")
        values = values.reshape(-1, len(FACE_ACTIONS))

    skinned = np.empty((len(blend), len(rest), 3), dtype=np.float32)
    for frame, joints in enumerate(blend):
        bind = rest if values is None else _with_face(rig, rest, values[frame], vertex_subset)
        mixed = np.matmul(weights, joints).reshape(-1, 3, 4)[: len(rest)]
        np.einsum("vab,vb->va", mixed[:, :, :3], bind, out=skinned[frame])
        skinned[frame] += mixed[:, :, 3]
    return skinned.reshape(*frames, len(rest), 3)


def vertex_normals(vertices: ArrayLike, faces: NDArray[np.integer]) -> Vertices:
    """Return (..., V, 3) unit normals of vertices (..., V, 3), averaged over their faces (F, 3) by area."""
    points = np.asarray(vertices, dtype=np.float32)
    flat = points.reshape(-1, *points.shape[-2:])
    used, first, order = _faces_around(np.ascontiguousarray(faces, dtype=np.int32).tobytes())
    corners = np.asarray(faces).T.reshape(-1)
    normals = np.zeros_like(flat)
    for frame, mesh in enumerate(flat):
        x, y, z = np.ascontiguousarray(mesh.T)[:, corners].reshape(3, 3, -1)
        (ux, uy, uz), (vx, vy, vz) = (np.stack([x[k] - x[0], y[k] - y[0], z[k] - z[0]]) for k in (1, 2))
        for axis, cross in enumerate((uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)):
            normals[frame, used, axis] = np.add.reduceat(cross[order], first)
    length = np.sqrt(np.einsum("tva,tva->tv", normals, normals))[..., None]
    return (normals / np.maximum(length, np.float32(1e-20))).reshape(points.shape)


@lru_cache(maxsize=4)
def _faces_around(faces: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertices that faces (F, 3) use, where each one's faces begin in a list, and that list of faces."""
    corners = np.frombuffer(faces, dtype=np.int32).reshape(-1, 3)
    order = np.argsort(corners.reshape(-1), kind="stable")
    used, first = np.unique(corners.reshape(-1)[order], return_index=True)
    return used.astype(np.int64), first, order // 3


@lru_cache(maxsize=4)
def _dense_weights(rig: Rig) -> Vertices:
    """Return the weights as dense blocks; a product with them is quicker than gathering four matrices each."""
    dense = np.zeros((rig.vertex_count, rig.joint_count), dtype=np.float32)
    np.add.at(dense, (np.arange(rig.vertex_count)[:, None], rig.weight_joint), rig.weight)
    return _in_blocks(dense)


def _in_blocks(weights: Vertices) -> Vertices:
    """Return (n, J) as (blocks, _BLOCK, J), with rows of zeros after the last."""
    blocks = -(-len(weights) // _BLOCK)
    padded = np.zeros((blocks * _BLOCK, weights.shape[1]), dtype=np.float32)
    padded[: len(weights)] = weights
    return padded.reshape(blocks, _BLOCK, weights.shape[1])


@lru_cache(maxsize=4)
def _dense_actions(rig: Rig) -> tuple[NDArray[np.int64], Vertices]:
    """Return the (n,) vertices that any face action moves, and (52, n * 3) their offsets."""
    used, place = np.unique(rig.action_vertex, return_inverse=True)
    action = np.repeat(np.arange(len(FACE_ACTIONS)), np.diff(rig.action_start))
    dense = np.zeros((len(FACE_ACTIONS), len(used), 3), dtype=np.float32)
    dense[action, place] = rig.action_offset
    return used, dense.reshape(len(FACE_ACTIONS), -1)


def _with_face(rig: Rig, rest: Vertices, values: Vertices, subset: NDArray[np.integer] | None) -> Vertices:
    """Return the bind vertices with the face actions of one frame."""
    used, offsets = _dense_actions(rig)
    moved = np.zeros(offsets.shape[1], dtype=np.float32)
    for action in np.flatnonzero(values):
        moved += values[action] * offsets[action]
    moved = moved.reshape(-1, 3)
    if subset is None:
        bind = rest.copy()
        bind[used] += moved
        return bind
    bind = rig.vertices.copy()
    bind[used] += moved
    return bind[subset]
