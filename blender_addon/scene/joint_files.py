# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender shows of a character, as files of joints alone, which a thread writes; and of any armature, as hands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose
from chironomy.body.rig import load_rig
from chironomy.exchange.hands import hands_of_skeleton
from chironomy.exchange.joints import of_skeletons, save_joints
from chironomy.exchange.skeleton import SkeletonMotion, in_t_pose
from chironomy.motion import FACE_ACTIONS, FaceTrack
from chironomy.motion import rotation as quaternion

from ..rig.build import is_character
from ..rig.channels import RestPose
from ..rig.read import reading_face, reading_pose
from ..rig.space import TURN, to_armature
from ..slices import Slices
from .staging import Performance, Span, metres_of, scale_of, watching

Array = NDArray[np.float64]


def writing_joints(scene: Scene, item: Object, path: Path, kind: str, names: str, span: Span) -> Slices:
    """Read frames of a character; return what writes the file, in a thread.

    At another rate than the scene's, joints are read where the file's frames lie; face and hands go straight between
    the scene's frames.

    Args:
        scene: whose frames they are.
        item: the character.
        path: of the file.
        kind: one of `exchange.presets.FORMATS` that Blender does not write.
        names: what joints are called: one of `exchange.presets.NAMES`.
        span: the frames.

    Raises:
        MotionError: the armature is in edit mode or lacks a bone of the character.
    """
    if not of_skeletons(kind):
        _, hands = yield from reading_pose(item, load_rig(), scene, span.start, span.stop)
        return lambda _: save_joints(kind, path, hands=_at_rate(hands, span))
    seen = yield from watching(scene, item, [], span)
    skeleton = _skeleton(scene, item, seen, span.rate)
    if kind != "vrma":
        return lambda _: save_joints(kind, path, skeleton(), names=names)
    face = yield from reading_face(item, scene, span.start, span.stop)
    return lambda _: save_joints(kind, path, skeleton(), face=_at_rate(face, span))


def reading_armature(scene: Scene, item: Object, span: Span) -> Slices:
    """Return the hands of any armature whose bones are named as other programs name them, on the character's arms.

    Args:
        scene: whose frames they are.
        item: the armature, however it came to move.
        span: the frames.

    Raises:
        MotionError: it is in edit mode or scaled to nothing.
        ExchangeError: it has no two hands; the sentence says what is missed.
    """
    seen = yield from watching(scene, item, [], span)
    skeleton = _skeleton(scene, item, seen, span.rate)
    return (yield lambda _: hands_of_skeleton(load_rig(), skeleton(), {"armature": item.name}))


def performance_of(item: Object, meshes: list[Object], pose: BodyPose, face: FaceTrack | None) -> Performance:
    """Return what copies of a character and its meshes play to do something that is on no rig.

    Args:
        item: the character, as it was added.
        meshes: that hang on it.
        pose: what the body does.
        face: what the face does; None leaves it as it is.
    """
    rig, rest = load_rig(), RestPose(item)
    turn = quaternion.multiply(quaternion.multiply(TURN, pose.joint_rotation), quaternion.inverse(TURN))
    axes = np.array([rest.axes[name] for name in rig.joint_names])
    matrices = np.tile(np.eye(4), (pose.frame_count, rig.joint_count, 1, 1))
    matrices[..., :3, :3] = quaternion.to_matrix(quaternion.multiply(turn, axes))
    matrices[..., :3, 3] = to_armature(rig, pose.joint_position)
    place = {each: np.tile(np.array(each.matrix_world), (pose.frame_count, 1, 1)) for each in (item, *meshes)}
    shapes = {}
    for mesh in meshes:
        if mesh.data.shape_keys is not None:
            blocks = mesh.data.shape_keys.key_blocks
            shapes[mesh] = np.tile([block.value for block in blocks], (pose.frame_count, 1))
            for column, block in enumerate(blocks):
                if face is not None and block.name in FACE_ACTIONS:
                    shapes[mesh][:, column] = face.action(block.name)
    return Performance(list(rig.joint_names), matrices, place, shapes)


def _at_rate(track: Any, span: Span) -> Any:
    return track if span.rate == span.scene_rate else track.resampled(span.rate, span.count)


def _skeleton(scene: Scene, item: Object, seen: Performance, fps: float) -> Callable[[], SkeletonMotion]:
    """Read the bones at rest; return what makes the skeleton's motion of arrays alone."""
    metres, ours = metres_of(scene), is_character(item)
    grown = metres * scale_of(item, seen)
    bones = [item.data.bones[name] for name in seen.bones]
    rest = np.array([bone.matrix_local for bone in bones], dtype=np.float64)
    tail = np.array([bone.tail_local for bone in bones], dtype=np.float64)
    parents = tuple(seen.bones.index(bone.parent.name) if bone.parent is not None else -1 for bone in bones)

    def made() -> SkeletonMotion:
        world = seen.place[item][:, None] @ seen.pose
        skeleton = skeleton_of_matrices(fps, tuple(seen.bones), parents, rest, tail, world, grown, metres)
        # Another's rest pose is its own, and what it is called says nothing of it.
        return in_t_pose(load_rig(), skeleton) if ours else skeleton

    return made


def skeleton_of_matrices(
    fps: float,
    names: tuple[str, ...],
    parents: tuple[int, ...],
    rest: Array,
    tail: Array,
    world: Array,
    grown: float,
    metres: float = 1.0,
) -> SkeletonMotion:
    """Return a skeleton's motion of what Blender has of its bones.

    Args:
        fps: frames a second.
        names: (J,) of the bones, parents before children.
        parents: (J,) indices, -1 for a root.
        rest: (J, 4, 4) the bones at rest, in the space of the armature.
        tail: (J, 3) where they end.
        world: (T, J, 4, 4) where they are in the scene.
        grown: metres that a unit of the armature is in the scene.
        metres: that a unit of the scene is.
    """
    turn = quaternion.multiply(_turn(world), quaternion.inverse(_turn(rest)))
    return SkeletonMotion(
        fps,
        names,
        parents,
        rest[:, :3, 3] * grown,
        tail * grown,
        quaternion.make_continuous(turn),
        world[..., :3, 3] * metres,
    ).turned(quaternion.inverse(TURN))


def _turn(matrices: Array) -> Array:
    """Return the rotations (..., 4) of matrices (..., 4, 4); joints only turn and move."""
    axes = matrices[..., :3, :3]
    return quaternion.from_matrix(axes / np.linalg.norm(axes, axis=-2, keepdims=True))
