# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator keyed beyond the arms' reach, put to where they see the hand.

A control that is farther away than the arm reaches says only in which direction the hand is: as soon as another take
moves the torso otherwise, the hand is elsewhere. What is keyed is what is seen.
"""

from collections.abc import Mapping

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import keys

from ..slices import Slices
from . import actions
from .channels import location_path
from .drafts import CharacterDraft
from .keyed_pose import reading_keyed_pose
from .owned import Span
from .seen import evaluated
from .space import HAND_CONTROLS

BEYOND = 1e-3
"""Metres from a control to its hand from which on it counts as beyond reach."""

_Moves = dict[str, dict[float, NDArray[np.float64]]]


def bringing_within_reach(
    character: Object | CharacterDraft, rig: Rig, scene: Scene, named: Mapping[str, Span]
) -> Slices:
    """Move the animator's keys of the hands' controls, where these are beyond the arms' reach, to where the hands are.

    Args:
        character: whose keys are moved; what it shows now tells where the hands are.
        rig: that it was built from.
        scene: whose frames the keys are at.
        named: what is the animator's, by name of the hand's control; each of their frames has a key.
    """
    theirs = {name: span.frames for name, span in named.items() if name in HAND_CONTROLS and not span.whole}
    frames = np.unique(np.concatenate([np.zeros(0), *theirs.values()]))
    told = (yield from reading_keyed_pose(character.original, rig, scene)) if len(frames) else None
    if told is not None:
        # Blender is asked only where it is so.
        reached = yield lambda _: told.at(rig, frames, 1.0)[2]
        frames = frames[~reached]
    moves = yield from _reading_moves(character.original, scene, frames)
    for name, chosen in theirs.items():
        found = {frame: move for frame, move in moves[name].items() if frame in chosen}
        for index in range(3) if found else ():
            f_curve = actions.curve(character, location_path(name), index, name)
            columns = actions.key_columns(f_curve)
            for frame, move in found.items():
                at = np.abs(columns["co"][:, 0] - frame) <= keys.SAME_FRAME
                for part in actions.COORDINATES:
                    columns[part][at, 1] += move[index]
            actions.write_points(f_curve, columns)


def _reading_moves(character: Object, scene: Scene, frames: NDArray[np.float64]) -> Slices:
    """Return by control and frame how far its hand is from it, (3,) metres of the armature's, where it is."""
    moves: _Moves = {name: {} for name in HAND_CONTROLS}
    if not len(frames):
        return moves
    rest = {name: np.array(character.data.bones[name].head_local) for name in HAND_CONTROLS}
    with evaluated(scene, [character]) as evaluation:
        for row, frame in enumerate(frames.tolist()):
            bones = character.evaluated_get(evaluation.at(frame)).pose.bones
            for name in HAND_CONTROLS:
                control, place = bones[name], np.array(bones[name].head)
                move = np.array(bones[f"wrist.{name[-1]}"].head) - place
                # Where something else moves the control, its channels do not say where it is.
                own = np.abs(rest[name] + np.array(control.location) - place).max() < BEYOND
                if own and np.linalg.norm(move) > BEYOND:
                    moves[name][frame] = move
            yield from evaluation.rests(row / len(frames))
    return moves
