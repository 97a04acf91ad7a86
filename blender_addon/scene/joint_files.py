# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender shows of a character, as files of joints alone; a thread writes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.rig import load_rig
from chironomy.exchange.bvh import save_bvh
from chironomy.exchange.mano_file import save_mano
from chironomy.exchange.skeleton import SkeletonMotion, in_t_pose
from chironomy.exchange.vrma import save_vrma
from chironomy.motion import HandMotion, save_hands, save_smplx
from chironomy.motion import rotation as quaternion

from ..rig.build import is_character
from ..rig.read import reading_face, reading_pose
from ..rig.space import TURN
from ..slices import Slices
from .staging import Form, Performance, Span, metres_of, scale_of, watching

Array = NDArray[np.float64]


def writing_joints(scene: Scene, item: Object, path: Path, kind: str, form: Form, span: Span) -> Slices:
    """Read frames of a character; return what writes the file, in a thread.

    At another rate than the scene's, joints are read where the file's frames lie; face and hands go straight between
    the scene's frames.

    Args:
        scene: whose frames they are.
        item: the character.
        path: of the file.
        kind: one of `exchange.presets.FORMATS` that Blender does not write.
        form: what joints are called.
        span: the frames.

    Raises:
        MotionError: the armature is in edit mode or lacks a bone of the character.
    """
    if kind in ("bvh", "vrma"):
        seen = yield from watching(scene, item, [], span)
        skeleton = _skeleton(scene, item, seen, span.rate)
        names = {name: form.named(name) for name in seen.bones}
        if kind == "bvh":
            return lambda _: save_bvh(skeleton().renamed(names), path)
        face = yield from reading_face(item, scene, span.start, span.stop)
        return lambda _: save_vrma(skeleton(), path, _at_rate(face, span))
    _, hands = yield from reading_pose(item, load_rig(), scene, span.start, span.stop)
    return lambda _: _save_hands(_at_rate(hands, span), path, kind)


def _at_rate(track: Any, span: Span) -> Any:
    return track if span.rate == span.scene_rate else track.resampled(span.rate, span.count)


def _save_hands(hands: HandMotion, path: Path, kind: str) -> None:
    if kind == "mano":
        save_mano(hands, path)
    elif kind == "hands":
        save_hands(hands, path)
    else:
        save_smplx(hands, path, layout={"smplx": "beat2"}.get(kind, kind))


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
        turn = quaternion.multiply(_turn(world), quaternion.inverse(_turn(rest)))
        skeleton = SkeletonMotion(
            fps,
            tuple(seen.bones),
            parents,
            rest[:, :3, 3] * grown,
            tail * grown,
            quaternion.make_continuous(turn),
            world[..., :3, 3] * metres,
        ).turned(quaternion.inverse(TURN))
        return in_t_pose(load_rig(), skeleton) if ours else skeleton

    return made


def _turn(matrices: Array) -> Array:
    """Return the rotations (..., 4) of matrices (..., 4, 4); joints only turn and move."""
    axes = matrices[..., :3, :3]
    return quaternion.from_matrix(axes / np.linalg.norm(axes, axis=-2, keepdims=True))
