# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of keys as an animator makes them: what they move becomes the animator's own."""

from dataclasses import dataclass, replace

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import ArrayLike, NDArray

from chironomy.body.rig import load_rig
from chironomy.motion import MotionError
from chironomy.motion.falloff import Falloff
from chironomy.motion.hand_poses import HandPoses, followed

from . import actions, read
from .channels import confidence_path
from .hand_curves import Edit, HandCurves

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
    curve exactly where it was. Every pose from one end to the other becomes the animator's.

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
    curves = HandCurves(character, load_rig(), hand)
    fps = read.scene_fps(scene)
    frame = _chosen_frame(character, curves.name, scene, curves.placed, time, fps)
    reach = round(radius * fps)
    before = curves.poses([frame])
    after = replace(before, wrist_position=before.wrist_position + np.asarray(offset, dtype=np.float64).reshape(1, 3))
    curves.write(following(curves, before, after, frame, reach))
    return HandEdit(curves.name, frame, len(HandCurves(character, load_rig(), hand).placed))


def following(curves: HandCurves, before: HandPoses, after: HandPoses, frame: float, reach: float) -> Edit:
    """Return the keys with which a hand's poses follow one of them, with a smooth fall-off to either side.

    Args:
        curves: of the hand.
        before: the one pose of `frame`, as the curves say.
        after: as it is to be.
        frame: of the scene.
        reach: frames to either side beyond which nothing moves; 0 moves that pose alone. The first and the last pose of
            all go on moved where they are nearer.
    """
    falloff = around(curves, frame, reach)
    return curves.changed(lambda at, old: followed(old, before, after, falloff(at)), falloff)


def around(curves: HandCurves, frame: float, reach: float) -> Falloff:
    """Return weights about a frame that have died away `reach` frames to either side, or at a key of the hand there."""
    first, last = curves.snapped(frame - reach, frame + reach)
    return Falloff(first, frame, frame, last)


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
