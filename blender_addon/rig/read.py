# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluated rig becomes motion again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bpy.types import Key, Object, Scene
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose, hands_of_pose
from chironomy.body.rig import Rig
from chironomy.body.sitting import SEATED
from chironomy.motion import FACE_ACTIONS, FaceTrack, HandMotion, MotionError, hand_bones
from chironomy.motion import rotation as quaternion
from chironomy.motion.keys import Columns, is_generated
from chironomy.motion.seen_keys import is_plain, seen

from ..slices import Slices, drained
from . import actions
from .build import body_of
from .channels import RestPose, hand_joints, location_path, rotation_path
from .controls import CONFIDENCE
from .keyed_pose import reading_keyed_pose
from .seat import is_seated
from .seen import check_frames, check_pose, evaluated, shape_values
from .space import ELBOW_CONTROLS, HAND_CONTROLS, TURN, to_body

SOURCE_PROPERTY = "chironomy_source"
"""A custom property of the character: how its motion was made, as JSON."""


def read_pose(character: Object, rig: Rig, scene: Scene, start: int, stop: int) -> tuple[BodyPose, HandMotion]:
    """Do at once what `reading_pose` does in slices."""
    return drained(reading_pose(character, rig, scene, start, stop))


def reading_pose(character: Object, rig: Rig, scene: Scene, start: int, stop: int) -> Slices:
    """Read the character at the frames `start` to `stop - 1`, as Blender shows it.

    Blender is asked only where its keys do not tell all: it takes ten times as long.

    Returns:
        Every deform joint's world transform relative to the bind pose, and the hands.

    Raises:
        MotionError: the range holds no frames, or the armature is in edit mode or lacks a bone of the character.
    """
    check_frames(start, stop)
    missing = [name for name in (*rig.joint_names, *HAND_CONTROLS) if name not in character.data.bones]
    if missing:
        raise MotionError(f"{character.name} has no bone {missing[0]}; add a new character")
    check_pose(character)
    rest, source, fps = RestPose(character), read_source(character), scene_fps(scene)
    told = yield from reading_keyed_pose(character, rig, scene)
    keyed = None if told is None else (yield lambda _: told.at(rig, np.arange(start, stop), fps))
    frames = np.arange(start, stop) if keyed is None else start + np.flatnonzero(~keyed[2])
    matrices, confidence = np.empty((len(frames), rig.joint_count, 4, 4)), np.ones((len(frames), 2))
    if len(frames):
        with evaluated(scene, [character]) as evaluation:
            places: list[int] | None = None
            for row, frame in enumerate(frames.tolist()):
                bones = character.evaluated_get(evaluation.at(frame)).pose.bones
                places = places or bone_places(bones, rig.joint_names)
                matrices[row] = bone_matrices(bones, places)
                confidence[row] = [bones[name].get(CONFIDENCE, 1.0) for name in HAND_CONTROLS]
                for said in evaluation.rests(row / len(frames)):
                    yield said
                    places = None
    asked = fps, matrices, confidence, frames - start
    return (yield lambda _: _pose_of(rig, rest, asked, None if keyed is None else keyed[:2], source))


_Asked = tuple[float, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def _pose_of(
    rig: Rig,
    rest: RestPose,
    asked: _Asked,
    keyed: tuple[BodyPose, NDArray[np.float64]] | None,
    source: dict[str, Any],
) -> tuple[BodyPose, HandMotion]:
    """Return the body and the hands.

    Args:
        rig: the character's.
        rest: of its bones.
        asked: frames a second, bones' matrices that Blender shows, (N, joints, 4, 4) in armature space, (N, 2)
            confidences, and (N,) which of all frames these are.
        keyed: the body at all frames and (T, 2) confidences where keys told them; None where Blender was asked for all.
        source: how the motion was made.
    """
    fps, matrices, confidence, frames = asked
    pose = body_pose(rig, rest, fps, matrices)
    if keyed is not None:
        told, confidence = keyed
        rotation, position = told.joint_rotation.copy(), told.joint_position.copy()
        rotation[frames], position[frames] = pose.joint_rotation, pose.joint_position
        pose = BodyPose(fps=fps, joint_rotation=quaternion.make_continuous(rotation), joint_position=position)
    hands = hands_of_pose(rig, pose)
    return pose, hands.replaced(confidence=np.clip(confidence, 0.0, 1.0), source=source)


def body_pose(rig: Rig, rest: RestPose, fps: float, matrices: NDArray[np.float64]) -> BodyPose:
    """Return the body of bones' matrices, (T, joints, 4, 4) in armature space."""
    axes = matrices[..., :3, :3]
    # Bones are never scaled by this rig; an animator's scale is taken off, as joints only turn and move.
    axes = axes / np.linalg.norm(axes, axis=-2, keepdims=True)
    back = quaternion.inverse(np.array([rest.axes[name] for name in rig.joint_names]))
    turn = quaternion.multiply(quaternion.from_matrix(axes), back)
    world = quaternion.multiply(quaternion.multiply(quaternion.inverse(TURN), turn), TURN)
    return BodyPose(
        fps=fps,
        joint_rotation=quaternion.make_continuous(world),
        joint_position=to_body(rig, matrices[..., :3, 3]),
    )


def bone_places(bones: Any, names: Sequence[str]) -> list[int]:
    """Return which of all bones some are, by their names."""
    places = {name: place for place, name in enumerate(bones.keys())}
    return [places[name] for name in names]


def bone_matrices(bones: Any, places: Sequence[int]) -> NDArray[np.float64]:
    """Return (N, 4, 4) where some of evaluated bones, by `bone_places`, are in armature space."""
    numbers = np.empty((len(bones), 4, 4), dtype=np.float32)
    bones.foreach_get("matrix", numbers.reshape(-1))
    # Blender gives them column by column.
    return numbers[list(places)].swapaxes(-1, -2).astype(np.float64)


@dataclass(frozen=True)
class Controls:
    """What the controls of both hands are set to, frame by frame, before the arms reach for them.

    Attributes:
        wrist_position: (N, 2, 3) metres in the frame of the body.
        rotation: (N, 2, 16, 4) as in `HandMotion`.
        confidence: (N, 2).
        elbow: (N, 2, 3) locations of the elbows' controls.
    """

    wrist_position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    confidence: NDArray[np.float64]
    elbow: NDArray[np.float64]


def read_controls(character: Object, rig: Rig, scene: Scene, frames: Sequence[int]) -> Controls:
    """Do at once what `reading_controls` does in slices."""
    return drained(reading_controls(character, rig, scene, frames))


def reading_controls(character: Object, rig: Rig, scene: Scene, frames: Sequence[int]) -> Slices:
    """Return what the hands' controls and fingers are set to at some frames, as `Controls`."""
    rest, count = RestPose(character), len(frames)
    place, turns = np.zeros((count, 2, 3)), np.zeros((count, 2, 16, 4))
    confidence, elbow = np.ones((count, 2)), np.zeros((count, 2, 3))
    with evaluated(scene, [character]) as evaluation:
        for row, frame in enumerate(frames):
            bones = character.evaluated_get(evaluation.at(frame)).pose.bones
            for hand in range(2):
                control = bones[HAND_CONTROLS[hand]]
                place[row, hand] = control.location
                confidence[row, hand] = control.get(CONFIDENCE, 1.0)
                elbow[row, hand] = bones[ELBOW_CONTROLS[hand]].location
                for joint, name in enumerate(hand_joints(hand)):
                    turns[row, hand, joint] = bones[name].matrix_basis.to_quaternion()
            yield from evaluation.rests(row / count)
    for hand in range(2):
        place[:, hand] = to_body(rig, place[:, hand] + rest.heads[HAND_CONTROLS[hand]])
        for joint in range(16):
            turn = rest.joint_turn(rig, hand, joint)
            turns[:, hand, joint] = turn.undone(turns[:, hand, joint])
    return Controls(place, quaternion.make_continuous(turns), np.clip(confidence, 0.0, 1.0), elbow)


def read_face(character: Object, scene: Scene, start: int, stop: int) -> FaceTrack:
    """Do at once what `reading_face` does in slices."""
    return drained(reading_face(character, scene, start, stop))


def reading_face(character: Object, scene: Scene, start: int, stop: int) -> Slices:
    """Return the face actions of the character's mesh at the frames `start` to `stop - 1`, as Blender shows them.

    Raises:
        MotionError: the range holds no frames.
    """
    check_frames(start, stop)
    values = np.zeros((stop - start, len(FACE_ACTIONS)))
    body = body_of(character)
    if body is not None:
        shapes = body.data.shape_keys
        names = shapes.key_blocks.keys()
        columns = [(FACE_ACTIONS.index(name), names.index(name)) for name in names if name in FACE_ACTIONS]
        chosen, keys = (list(side) for side in zip(*columns, strict=True)) if columns else ([], [])
        paths = {block.path_from_id("value") for block in shapes.key_blocks}
        curves = yield from actions.reading_curves(shapes, paths)
        if body.show_only_shape_key or not _keys_tell_all(shapes, curves, scene):
            with evaluated(scene, [shapes]) as evaluation:
                for row, frame in enumerate(range(start, stop)):
                    values[row, chosen] = shape_values(body, evaluation.at(frame))[keys]
                    yield from evaluation.rests(row / len(values))
        else:
            asked = [
                (FACE_ACTIONS.index(block.name), curves.get((block.path_from_id("value"), 0)), block.value)
                for block in shapes.key_blocks
                if block.name in FACE_ACTIONS and not block.mute
            ]
            values = yield lambda _: _face_of_keys(asked, start, stop)
    return FaceTrack(fps=scene_fps(scene), values=np.clip(values, 0.0, 1.0))


def _keys_tell_all(shapes: Key, curves: actions.Curves, scene: Scene) -> bool:
    """Whether shape keys show what the keys of their action say: Blender need not evaluate them frame by frame."""
    data = shapes.animation_data
    if data is None:
        return True
    return (
        not len(data.drivers)
        and not len(data.nla_tracks)
        and data.action_influence == 1.0
        and data.action_blend_type == "REPLACE"
        and scene.render.frame_map_old == scene.render.frame_map_new
        and all(block.slider_min <= 0.0 and block.slider_max >= 1.0 for block in shapes.key_blocks)
        and all(
            len(columns["co"])
            and is_plain(columns)
            and actions.beside_keys(f_curve := actions.found(shapes, place)) == actions.PLAIN
            and not actions.is_set_aside(f_curve)
            for place, columns in curves.items()
        )
    )


def _face_of_keys(asked: Sequence[tuple[int, Columns | None, float]], start: int, stop: int) -> NDArray[np.float64]:
    """Return the face actions of keys at frames, (T, actions).

    Args:
        asked: of each action that is to be seen its place, its keys, and its value where it has none.
        start: the first frame.
        stop: the one after the last.
    """
    values = np.zeros((stop - start, len(FACE_ACTIONS)))
    for place, columns, still in asked:
        values[:, place] = still if columns is None else seen(columns, np.arange(start, stop))
    return values


def read_source(character: Object) -> dict[str, Any]:
    """Return how the character's motion was made; empty where nothing tells."""
    try:
        source = json.loads(character.get(SOURCE_PROPERTY, "{}"))
    except (ValueError, TypeError, RecursionError):  # a person may write what they like there
        return {}
    if not isinstance(source, dict):
        return {}
    # That is of the take that was made last; another one may be shown.
    source.pop(SEATED, None)
    return source | {SEATED: True} if is_seated(character) else source


def scene_fps(scene: Scene) -> float:
    """Return a scene's frames a second."""
    return scene.render.fps / scene.render.fps_base


def last_key(character: Object) -> float:
    """Return the scene frame of a character's last key; minus infinity where it has none."""
    ends = (curve.range()[1] for curve in actions.all_curves(character) if len(curve.keyframe_points))
    return max(ends, default=-np.inf)


def first_generated(character: Object) -> float | None:
    """Return the frame of the first generated key of the hands' controls; None where there is none."""
    found: list[float] = []
    for curve in actions.all_curves(character):
        if curve.data_path in {location_path(bone) for bone in HAND_CONTROLS}:
            columns = actions.key_columns(curve)
            found += columns["co"][is_generated(columns), 0].tolist()[:1]
    return min(found, default=None)


def hand_key_count(character: Object) -> int:
    """Return how many keys the channels of the hands' motion have."""
    paths = {location_path(bone) for bone in HAND_CONTROLS} | {rotation_path(bone) for bone in hand_bones()}
    return sum(len(curve.keyframe_points) for curve in actions.all_curves(character) if curve.data_path in paths)
