# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluated rig becomes motion again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from bpy.types import Object, Scene

from chironomy.body.pose import BodyPose, hands_of_pose
from chironomy.body.rig import Rig
from chironomy.motion import FACE_ACTIONS, FaceTrack, HandMotion, MotionError
from chironomy.motion import rotation as quaternion
from chironomy.motion.reduce import hand_bones

from . import actions
from .build import body_of
from .channels import RestPose, face_path, location_path, rotation_path
from .controls import CONFIDENCE
from .space import HAND_CONTROLS, TURN, to_body

SOURCE_PROPERTY = "chironomy_source"
"""A custom property of the character: how its motion was made, as JSON."""


def read_pose(character: Object, rig: Rig, scene: Scene, start: int, stop: int) -> tuple[BodyPose, HandMotion]:
    """Evaluate the character at the frames `start` to `stop - 1`, as Blender shows it.

    The armature is evaluated in a scene of its own, without the mesh and whatever else the user's scene holds.

    Returns:
        Every deform joint's world transform relative to the bind pose, and the hands.

    Raises:
        MotionError: the range holds no frames, or the armature lacks a bone of the character.
    """
    if stop <= start:
        raise MotionError(f"the frames {start} to {stop - 1} are none; set the scene's end frame after its start")
    missing = [name for name in (*rig.joint_names, *HAND_CONTROLS) if name not in character.data.bones]
    if missing:
        raise MotionError(f"{character.name} has no bone {missing[0]}; add a new character")
    count, joints = stop - start, rig.joint_count
    matrices = np.empty((count, joints, 4, 4))
    confidence = np.ones((count, 2))
    with _scene_of(character, scene) as (alone, evaluate):
        for frame in range(count):
            alone.frame_set(start + frame)
            bones = evaluate().pose.bones
            for joint, name in enumerate(rig.joint_names):
                matrices[frame, joint] = bones[name].matrix
            confidence[frame] = [bones[name].get(CONFIDENCE, 1.0) for name in HAND_CONTROLS]
    axes = matrices[..., :3, :3]
    # Bones are never scaled by this rig; an animator's scale is taken off, as joints only turn and move.
    axes = axes / np.linalg.norm(axes, axis=-2, keepdims=True)
    rest = RestPose(character)
    back = quaternion.inverse(np.array([rest.axes[name] for name in rig.joint_names]))
    turn = quaternion.multiply(quaternion.from_matrix(axes), back)
    world = quaternion.multiply(quaternion.multiply(quaternion.inverse(TURN), turn), TURN)
    pose = BodyPose(
        fps=scene_fps(scene),
        joint_rotation=quaternion.make_continuous(world),
        joint_position=to_body(rig, matrices[..., :3, 3]),
    )
    hands = hands_of_pose(rig, pose)
    source = read_source(character)
    return pose, hands.replaced(confidence=np.clip(confidence, 0.0, 1.0), source=source)


def read_face(character: Object, scene: Scene, start: int, stop: int) -> FaceTrack:
    """Return the face actions of the character's mesh at the frames `start` to `stop - 1`."""
    values = np.zeros((stop - start, len(FACE_ACTIONS)))
    body = body_of(character)
    if body is not None:
        shapes = body.data.shape_keys
        curves = {curve.data_path: curve for curve in actions.all_curves(shapes)}
        for column, name in enumerate(FACE_ACTIONS):
            curve = curves.get(face_path(name))
            block = shapes.key_blocks.get(name)
            if curve is not None and len(curve.keyframe_points):
                values[:, column] = [curve.evaluate(frame) for frame in range(start, stop)]
            elif block is not None:
                values[:, column] = block.value
    return FaceTrack(fps=scene_fps(scene), values=np.clip(values, 0.0, 1.0))


def read_source(character: Object) -> dict[str, Any]:
    """Return how the character's motion was made; empty where nothing tells."""
    try:
        source = json.loads(character.get(SOURCE_PROPERTY, "{}"))
    except (ValueError, TypeError, RecursionError):  # a person may write what they like there
        return {}
    return source if isinstance(source, dict) else {}


def scene_fps(scene: Scene) -> float:
    """Return a scene's frames a second."""
    return scene.render.fps / scene.render.fps_base


def hand_key_count(character: Object) -> int:
    """Return how many keys the channels of the hands' motion have."""
    paths = {location_path(bone) for bone in HAND_CONTROLS} | {rotation_path(bone) for bone in hand_bones()}
    return sum(len(curve.keyframe_points) for curve in actions.all_curves(character) if curve.data_path in paths)


@contextmanager
def _scene_of(character: Object, scene: Scene) -> Iterator[tuple[Scene, Any]]:
    """Yield a temporary scene that holds the character's armature alone, and a function that returns it evaluated."""
    alone = bpy.data.scenes.new("Chironomy Reading")
    try:
        alone.collection.objects.link(character)
        alone.render.fps, alone.render.fps_base = scene.render.fps, scene.render.fps_base
        layer = alone.view_layers[0]
        layer.update()
        yield alone, lambda: character.evaluated_get(layer.depsgraph)
    finally:
        bpy.data.scenes.remove(alone)
