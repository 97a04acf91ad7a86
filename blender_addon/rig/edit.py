# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of keys as an animator makes them: what they move becomes the animator's own."""

from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import MotionError
from chironomy.motion.keys import offset_columns

from . import actions
from .channels import confidence_path, location_path
from .space import HAND_CONTROLS, turned

NEAR_SECONDS = 1.0
"""A key within this of the time asked for is taken instead of a new one."""

ACTIVE_CONFIDENCE = 0.5
"""A hand that is wanted more surely than this is active."""


@dataclass(frozen=True)
class HandEdit:
    """What `offset_hand` did.

    Attributes:
        bone: the hand control.
        frame: scene frame of the key that moved by the whole offset.
        keys: how many frames of the bone's location have a key now.
    """

    bone: str
    frame: int
    keys: int


def offset_hand(
    character: Object, hand: int, scene: Scene, offset: ArrayLike, radius: float, time: float | None = None
) -> HandEdit:
    """Move a hand control at one key, with a smooth fall-off over the keys around it.

    The keys inside the radius move by the offset times a raised cosine, and keys at the radius hold the rest of the
    curve exactly where it was. Every key from one end to the other becomes the animator's.

    Args:
        character: the armature object.
        hand: 0 left, 1 right.
        scene: gives the frame rate and the frame of time 0.
        offset: (3,) metres in the frame of the body.
        radius: seconds from the key to where nothing moves; 0 moves that key alone.
        time: seconds from the scene's first frame: the key nearest to it is taken or, where there is none within a
            second, a new one. None takes the key nearest to the middle of the time in which the hand is active.

    Raises:
        MotionError: the hand control has no keys, or the time is outside the scene's frames.
    """
    bone = HAND_CONTROLS[hand]
    curves = [curve for curve in actions.all_curves(character) if curve.data_path == location_path(bone)]
    frames = np.unique(np.concatenate([[], *(actions.key_columns(curve)["co"][:, 0] for curve in curves)]))
    if len(frames) == 0:
        raise MotionError(f"{bone} of {character.name} has no location keys; generate or import a motion first")
    fps = scene.render.fps / scene.render.fps_base
    frame = _chosen_frame(character, bone, scene, frames, time, fps)
    reach = round(radius * fps)
    amount = turned(np.asarray(offset, dtype=np.float64).reshape(3))
    for curve in curves:
        columns = offset_columns(actions.key_columns(curve), frame, reach, float(amount[curve.array_index]))
        actions.write_points(curve, columns)
    frames = np.unique(np.concatenate([actions.key_columns(curve)["co"][:, 0] for curve in curves]))
    return HandEdit(bone, frame, len(frames))


def _chosen_frame(
    character: Object, bone: str, scene: Scene, frames: NDArray[np.float64], time: float | None, fps: float
) -> int:
    if time is None:
        middle = _middle_of_activity(character, bone, scene)
        return round(float(frames[np.argmin(np.abs(frames - middle))]))
    wanted = scene.frame_start + time * fps
    if not scene.frame_start - 0.5 <= wanted <= scene.frame_end + 0.5:
        seconds = (scene.frame_end - scene.frame_start) / fps
        raise MotionError(f"the edit's time is {time:g} s; it must lie in the clip of {seconds:g} s")
    nearest = float(frames[np.argmin(np.abs(frames - wanted))])
    return round(nearest if abs(nearest - wanted) <= NEAR_SECONDS * fps else wanted)


def _middle_of_activity(character: Object, bone: str, scene: Scene) -> float:
    """Return the frame halfway through those in which the hand is active, or halfway through the scene."""
    frames = np.arange(scene.frame_start, scene.frame_end + 1)
    for curve in actions.all_curves(character):
        if curve.data_path == confidence_path(bone):
            active = frames[np.array([curve.evaluate(frame) for frame in frames]) > ACTIVE_CONFIDENCE]
            if len(active):
                return float(np.median(active))
    return float(np.median(frames))
